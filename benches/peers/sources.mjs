// Worlds in the engines' forms, as bytes; the versions of the engines; and the record of results.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throughline } from '../../tests/support/edge.mjs';
import { directory, note, root } from '../results.mjs';
import { engines } from './engines.mjs';
import { worldOf } from './world.mjs';

/** The maximum number of campaigns in a file. */
const IN_A_FILE = 5_000;

/** The maximum number of campaigns of a size. */
const MOST = Number(process.env.THROUGHLINE_BENCH_CAMPAIGNS ?? 100_000);

/**
 * The measured sizes: growth by campaigns for one slot, and the same campaigns distributed over more slots.
 */
export const SIZES = [
  ...[10, 100, 1_000, 10_000, 100_000].map((campaigns) => ({ campaigns, slots: 1 })),
  ...[10, 100].map((slots) => ({ campaigns: 1_000, slots })),
].filter(({ campaigns }) => campaigns <= MOST);

/**
 * Returns the argument of `engine.open`, cached for the run, because compiling 100,000 campaigns takes a
 * while.
 */
export function sourceOf(key, size) {
  const { format, source } = engines[key];
  const file = join(directory, `${key}-${size.campaigns}-${size.slots}.${format}`);
  if (!existsSync(file))
    writeFileSync(file, format === 'plan' ? compiled(source(worldOf(size))) : JSON.stringify(source(worldOf(size))));
  return readFileSync(file, format === 'plan' ? undefined : 'utf8');
}

/** Returns the engine's WebAssembly, if it has any. */
export function moduleOf(key) {
  const { wasm } = engines[key];
  return wasm && new WebAssembly.Module(readFileSync(join(root, wasm)));
}

function compiled(rules) {
  const work = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  const files = [...parts(rules)].map((part, number) => {
    const file = join(work, `${number}.json`);
    writeFileSync(file, JSON.stringify(part));
    return file;
  });
  throughline('compile', ...files, '--out', work);
  const plan = readFileSync(join(work, 'edge.plan'));
  rmSync(work, { recursive: true });
  return plan;
}

/** Yields the rules in several files, because one is limited to 4 MB. */
function* parts({ campaigns, messages, ...rest }) {
  yield rest;
  const ids = Object.keys(campaigns);
  for (let start = 0; start < ids.length; start += IN_A_FILE) {
    const some = (map) => Object.fromEntries(ids.slice(start, start + IN_A_FILE).map((id) => [id, map[id]]));
    yield { campaigns: some(campaigns), messages: some(messages) };
  }
}

/** Returns each engine's version from its package.json. */
export function versions() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const rows = Object.entries(engines).map(([key, { manifest }]) => [
    key,
    JSON.parse(readFileSync(join(root, manifest), 'utf8')).version,
  ]);
  return { ...Object.fromEntries(rows), throughline: `commit ${commit}` };
}

/** Records and prints a result. */
export function record(result) {
  note(result);
  const { bench, engine, campaigns, slots, nanos, note: words } = result;
  const took = nanos === undefined ? '-' : `${(nanos / 1000).toFixed(2)} us`;
  console.log(
    `${`${bench}: ${engines[engine].name}, ${campaigns} campaigns, ${slots} slots`.padEnd(72)} ${took.padStart(14)}  ${words ?? ''}`,
  );
}
