// Measures the engines in workerd, each in its own worker. A request decides many times; the time of a
// request without decisions is subtracted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { median, root } from '../results.mjs';
import { engines } from './engines.mjs';
import { record, SIZES, sourceOf } from './sources.mjs';
import { worldOf } from './world.mjs';

const ROUNDS = 5;
/** The minimum duration of a request, in milliseconds: much longer than its overhead. */
const TURN = 100;
/** The time that an engine runs before it is measured, in milliseconds. */
const WARM_UP = 1_000;
const PATIENCE = 2_000;
const MODES = ['objects', 'text'];

const { outputFiles } = await build({
  entryPoints: [join(root, 'benches/peers/worker.mjs')],
  bundle: true,
  write: false,
  format: 'esm',
  conditions: ['worker', 'browser'],
  external: ['*.wasm', 'node:*'],
  logLevel: 'error',
});
const wasm = Object.entries(engines).filter(([, engine]) => engine.wasm);
const modules = [
  { type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text },
  ...wasm.map(([key, engine]) => ({
    type: 'CompiledWasm',
    path: `${key}.wasm`,
    contents: readFileSync(join(root, engine.wasm)),
  })),
];

async function ask(runtime, path, body) {
  const answer = await runtime.dispatchFetch(`http://bench/${path}`, { method: 'POST', body });
  const { error, ...rest } = await answer.json();
  if (error) throw new Error(error);
  return rest;
}

/** Returns the milliseconds for a request with a number of decisions. */
async function turn(runtime, mode, times) {
  const start = performance.now();
  await ask(runtime, `run?mode=${mode}&times=${times}`);
  return performance.now() - start;
}

/** Warms up, and returns the number of decisions that make a request long enough. */
async function timesOf(runtime, mode, subjects) {
  let times = subjects;
  while ((await turn(runtime, mode, times)) < TURN) times *= 2;
  for (const end = performance.now() + WARM_UP; performance.now() < end; ) await turn(runtime, mode, times);
  while ((await turn(runtime, mode, times)) < TURN) times *= 2;
  return times;
}

for (const size of SIZES) {
  const world = worldOf(size);
  const runs = [];
  for (const key of Object.keys(engines)) {
    const runtime = new Miniflare({ modules, compatibilityDate: '2025-01-01', cf: false });
    try {
      const { note } = await ask(
        runtime,
        `open?engine=${key}&campaigns=${size.campaigns}&slots=${size.slots}`,
        sourceOf(key, size),
      );
      runs.push({ key, note, runtime });
    } catch (error) {
      for (const mode of MODES) record({ bench: `workerd/${mode}`, engine: key, ...size, note: error.message });
      await runtime.dispose();
    }
  }
  for (const mode of MODES) {
    for (const one of runs)
      Object.assign(one, { times: await timesOf(one.runtime, mode, world.subjects.length), turns: [], spent: 0 });
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of runs) {
        if (one.turns.length > 0 && one.spent > PATIENCE) continue;
        const whole = await turn(one.runtime, mode, one.times);
        const empty = await turn(one.runtime, mode, 0);
        one.turns.push(((whole - empty) * 1e6) / one.times);
        one.spent += whole;
      }
    }
    for (const { key, note, turns } of runs) {
      record({ bench: `workerd/${mode}`, engine: key, ...size, nanos: median(turns), least: Math.min(...turns), note });
    }
  }
  await Promise.all(runs.map(({ runtime }) => runtime.dispose()));
}
