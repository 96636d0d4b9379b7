// Worlds in the engines' forms, as bytes; versions; and where results go.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { throughline } from '../../tests/support/edge.mjs';
import { engines } from './engines.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** So many campaigns fit into one file. */
const IN_A_FILE = 5_000;

/** The sizes that are measured: growth by campaigns for one slot, and the same campaigns spread over more slots. */
export const SIZES = [
  ...[10, 100, 1_000, 10_000, 100_000].map((campaigns) => ({ campaigns, slots: 1 })),
  ...[10, 100].map((slots) => ({ campaigns: 1_000, slots })),
];

/** What `engine.open` takes. */
export function sourceOf(engine, world) {
  const source = engine.source(world);
  return engine.format === 'plan' ? compiled(source) : JSON.stringify(source);
}

function compiled(rules) {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  const files = [...parts(rules)].map((part, number) => {
    const file = join(directory, `${number}.json`);
    writeFileSync(file, JSON.stringify(part));
    return file;
  });
  throughline('compile', ...files, '--out', directory);
  const plan = readFileSync(join(directory, 'edge.plan'));
  rmSync(directory, { recursive: true });
  return plan;
}

/** The rules in several files, because one has at most 4 MB. */
function* parts({ campaigns, messages, ...rest }) {
  yield rest;
  const ids = Object.keys(campaigns);
  for (let start = 0; start < ids.length; start += IN_A_FILE) {
    const some = (map) => Object.fromEntries(ids.slice(start, start + IN_A_FILE).map((id) => [id, map[id]]));
    yield { campaigns: some(campaigns), messages: some(messages) };
  }
}

/** Each engine's version, as its own package.json says. */
export function versions() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const rows = Object.entries(engines).map(([key, { manifest }]) => [key, JSON.parse(readFileSync(join(root, manifest), 'utf8')).version]);
  return { ...Object.fromEntries(rows), throughline: `commit ${commit}` };
}

/** Adds a result to the file that the report is made of, and shows it. */
export function record(result) {
  if (process.env.THROUGHLINE_BENCH_OUT) appendFileSync(process.env.THROUGHLINE_BENCH_OUT, `${JSON.stringify(result)}\n`);
  const { bench, engine, campaigns, slots, nanos, note } = result;
  const took = nanos === undefined ? '-' : `${(nanos / 1000).toFixed(2)} us`;
  console.log(`${`${bench}: ${engines[engine].name}, ${campaigns} campaigns, ${slots} slots`.padEnd(72)} ${took.padStart(14)}  ${note ?? ''}`);
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
