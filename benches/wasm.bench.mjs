// Measures a decision in Node's WebAssembly, from JSON to JSON, and the memory of many of them. The peers are
// in benches/peers/.
import { readFileSync } from 'node:fs';
import { Core, initSync } from '../pkg/wasm/core.js';
import { median, row } from './results.mjs';
import { compiled } from './compiled.mjs';
import { facts, rulesOf } from './rules.mjs';

const DECISIONS = 1_000_000;
const PLAN_CHANGES = 100;

const wasm = new URL('../pkg/wasm/core_bg.wasm', import.meta.url);
const { memory } = initSync({ module: readFileSync(wasm) });

/** Returns the median time of a run in microseconds. */
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

const plans = [100, 90].map((count) => compiled(rulesOf(count)));
const text = JSON.stringify(facts);

let core = new Core(plans[0]);
const bare = time(() => core.decide(text));
row('decide in wasm (Node), 100 campaigns, JSON in and out', `${bare.toFixed(1)} us`, '2.0 us', bare <= 2);
row(
  '- with JSON.stringify and JSON.parse around it',
  `${time(() => JSON.parse(core.decide(JSON.stringify(facts)))).toFixed(1)} us`,
);

// One change of plans happens before the count begins: the old plan is in use until the new one is ready.
function change(index) {
  const next = new Core(plans[index % plans.length]);
  core.free();
  core = next;
}
change(1);
change(0);
const before = memory.buffer.byteLength;
for (let index = 0; index < DECISIONS; index += 1) {
  if (index % (DECISIONS / PLAN_CHANGES) === 0) change(index / (DECISIONS / PLAN_CHANGES));
  core.decide(text);
}
const grown = memory.buffer.byteLength - before;
row(
  'wasm memory after 1,000,000 decisions and 100 plan changes',
  `+${grown} B of ${before / 1024} KB`,
  '+0 B',
  grown === 0,
);
