// The engines in one Node process. In each round every engine has a turn, so that whatever else the machine does falls on all alike.
import { median } from '../results.mjs';
import { refusal } from './alone.mjs';
import { engines, openChecked } from './engines.mjs';
import { moduleOf, record, SIZES, sourceOf } from './sources.mjs';
import { worldOf } from './world.mjs';

const ROUNDS = 15;
/** A turn is at least so long, in milliseconds. */
const TURN = 15;
/** So long, in milliseconds, an engine runs before it counts: V8 compiles what is worth it in the meantime. */
const WARM_UP = 1_000;
/** What an engine may take for all its turns, in milliseconds, unless one turn alone takes longer. */
const PATIENCE = 2_000;
const MODES = ['objects', 'text'];

/** Nanoseconds for each decision. */
function turn(run, times) {
  const start = performance.now();
  run(times);
  return ((performance.now() - start) * 1e6) / times;
}

/** Warms up, and answers how many decisions make a turn long enough; each subject has the same share. */
function timesOf(run, subjects) {
  for (const end = performance.now() + WARM_UP; performance.now() < end; ) run(subjects);
  let times = subjects;
  while (turn(run, times) * times < TURN * 1e6) times *= 2;
  return times;
}

for (const size of SIZES) {
  const world = worldOf(size);
  const opened = {};
  for (const [key, engine] of Object.entries(engines)) {
    const note = refusal(key, size);
    if (note === undefined) opened[key] = await openChecked(engine, sourceOf(key, size), world, moduleOf(key));
    else for (const mode of MODES) record({ bench: `node/${mode}`, engine: key, ...size, note });
  }
  for (const mode of MODES) {
    const runs = Object.entries(opened).map(([key, { note, run }]) => ({ key, note, run: run[mode], times: timesOf(run[mode], world.subjects.length), turns: [], spent: 0 }));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of runs) {
        if (one.turns.length > 0 && one.spent > PATIENCE) continue;
        const nanos = turn(one.run, one.times);
        one.turns.push(nanos);
        one.spent += (nanos * one.times) / 1e6;
      }
    }
    for (const { key, note, turns } of runs) {
      record({ bench: `node/${mode}`, engine: key, ...size, nanos: median(turns), least: Math.min(...turns), note });
    }
  }
  for (const { close } of Object.values(opened)) close();
}
