// One decision in Node's WebAssembly, JSON in and JSON out, against GrowthBook's JavaScript SDK in the same process.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GrowthBook } from '@growthbook/growthbook';
import { Core, initSync } from '../pkg/wasm/core.js';
import { throughline } from '../tests/support/edge.mjs';
import { attributes, facts, featuresOf, median, row, rulesOf } from './rules.mjs';

const wasm = new URL('../pkg/wasm/core_bg.wasm', import.meta.url);
const { memory } = initSync({ module: readFileSync(wasm) });

function coreOf(rules) {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  writeFileSync(join(directory, 'rules.json'), JSON.stringify(rules));
  throughline('compile', join(directory, 'rules.json'), '--out', directory);
  const core = new Core(readFileSync(join(directory, 'edge.plan')));
  rmSync(directory, { recursive: true });
  return core;
}

/** The median time of a run in microseconds. */
function time(run) {
  const end = performance.now() + 300;
  let runs = 0;
  for (; performance.now() < end; runs += 1) run();
  const batch = Math.max(1, Math.floor(runs / 15));
  const batches = Array.from({ length: 25 }, () => {
    const start = performance.now();
    for (let index = 0; index < batch; index += 1) run();
    return ((performance.now() - start) * 1000) / batch;
  });
  return median(batches);
}

const core = coreOf(rulesOf(100));
const growthbook = new GrowthBook();
await growthbook.init({ payload: { features: featuresOf(100) } });

const ours = () => JSON.parse(core.decide(JSON.stringify(facts))).slots.hero.html;
const theirs = () => {
  growthbook.setAttributes(JSON.parse(JSON.stringify(attributes)));
  return JSON.parse(JSON.stringify(growthbook.evalFeature('hero'))).value;
};
assert.equal(ours().replace('Ann', 'there'), theirs(), 'both choose the same');

const text = JSON.stringify(facts);
const bare = time(() => core.decide(text));
const whole = time(ours);
const other = time(theirs);
row('decide in wasm (Node), 100 campaigns, JSON in and out', `${bare.toFixed(1)} us`, '2.0 us', bare <= 2);
row('- with JSON.stringify and JSON.parse around it', `${whole.toFixed(1)} us`);
row('- GrowthBook JS, same rules, same values', `${other.toFixed(1)} us`);
row('- ratio to GrowthBook JS', `${(whole / other).toFixed(2)}x`);

const before = memory.buffer.byteLength;
for (let index = 0; index < 1_000_000; index += 1) core.decide(text);
const grown = memory.buffer.byteLength - before;
row('wasm memory after 1,000,000 more decisions', `+${grown} B of ${before / 1024} KB`, '+0 B', grown === 0);
