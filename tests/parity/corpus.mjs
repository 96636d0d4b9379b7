// The corpus that all hosts decide; the native core, which is authoritative, writes it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The path of the browser core, as `tools/wasm.sh browser` builds it. */
export const core = { script: join(root, 'pkg/wasm/core.js'), wasm: join(root, 'pkg/wasm/core_bg.wasm') };

/** The number of cases in a batch: enough to be quick, few enough for a request. */
const BATCH = 200;

/** Writes the corpus natively, or takes the one in THROUGHLINE_CORPUS; `dispose` removes what was written. */
export function writeCorpus() {
  const written = process.env.THROUGHLINE_CORPUS;
  if (written) return corpusIn(written, () => {});
  const directory = mkdtempSync(join(tmpdir(), 'throughline-corpus-'));
  const { status } = spawnSync('cargo', ['run', '--quiet', '--locked', '--example', 'corpus', '--', directory], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  assert.equal(status, 0, 'the corpus could not be written');
  return corpusIn(directory, () => rmSync(directory, { recursive: true }));
}

function corpusIn(directory, dispose) {
  return {
    plan: (number) => readFileSync(join(directory, 'plans', `${number}.plan`)),
    batches: () => batches(join(directory, 'cases.ndjson')),
    dispose,
  };
}

/** Yields the lines of the file. `readline` also ends lines at U+2028, which JSON strings may contain. */
async function* cases(file) {
  let rest = '';
  for await (const text of createReadStream(file, 'utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    yield* lines.map((line) => JSON.parse(line));
  }
}

/** Yields batches of cases with one plan. */
async function* batches(file) {
  let batch = [];
  for await (const one of cases(file)) {
    if (batch.length === BATCH || (batch.length > 0 && batch[0].plan !== one.plan)) {
      yield batch;
      batch = [];
    }
    batch.push(one);
  }
  if (batch.length > 0) yield batch;
}

/**
 * Compares a host with the native core, byte for byte.
 *
 * `decideAll(plan, cases)` gets `{ facts, isWhole, options }` for each case, and returns `{ decision,
 * explanation, profile, features, experiments }`: null if the host refuses, explanation and profile only if
 * `isWhole`, and features only with options.
 */
export async function compare(host, corpus, decideAll) {
  let compared = 0;
  let explained = 0;
  let refused = 0;
  let evaluated = 0;
  for await (const batch of corpus.batches()) {
    const asked = batch.map(({ facts, explanation, options }) => ({ facts, isWhole: explanation !== null, options }));
    const found = await decideAll(corpus.plan(batch[0].plan), asked);
    assert.equal(found.length, batch.length);
    for (const [
      index,
      { name, facts, decision, explanation, profile, options, features, experiments },
    ] of batch.entries()) {
      const where = `${host}: ${name}\nfacts ${facts.slice(0, 4000)}`;
      assert.equal(found[index].decision, decision, where);
      assert.equal(found[index].explanation, explanation, where);
      assert.equal(found[index].profile, profile, where);
      assert.equal(found[index].features, features, where);
      assert.equal(found[index].experiments, experiments, where);
      compared += 1;
      if (options !== null) evaluated += 1;
      if (explanation !== null) explained += 1;
      if (decision === null) refused += 1;
    }
  }
  console.log(
    `${host}: ${compared} decisions are byte for byte the native ones (${refused} refusals), as are ${explained} explanations and profiles, and ${evaluated} evaluations of features`,
  );
  assert.ok(compared > 0 && explained > 0 && evaluated > 0, 'nothing was compared');
  return compared;
}

/** Decides cases for `compare`; this function runs beside the core on every host. */
export function decideWith(Core, plan, cases) {
  /** Returns null if the core refuses; a trap is not a refusal. */
  const attempt = (run) => {
    try {
      return run();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return null;
    }
  };
  const core = attempt(() => new Core(plan));
  if (core === null)
    return cases.map(() => ({ decision: null, explanation: null, profile: null, features: null, experiments: null }));
  const reduced = ({ profile = {}, events = [] }) =>
    events.reduce(
      (known, event) => core.reduce(known, JSON.stringify(event)),
      core.merge(JSON.stringify(profile), '{}'),
    );
  try {
    return cases.map(({ facts, isWhole, options }) => ({
      decision: attempt(() => core.decide(facts)),
      explanation: isWhole ? attempt(() => core.explain(facts)) : null,
      profile: isWhole ? attempt(() => reduced(JSON.parse(facts))) : null,
      features: options === null ? null : attempt(() => core.evaluate(facts, options)),
      experiments: options === null ? null : attempt(() => core.experiments(facts, options, '')),
    }));
  } finally {
    core.free();
  }
}
