// Measures the engines in one Node process. Every engine has a turn in each round, so that other load on the
// machine affects all alike.
import { median } from '../results.mjs';
import { refusal } from './alone.mjs';
import { engines, openChecked } from './engines.mjs';
import { moduleOf, record, SIZES, sourceOf } from './sources.mjs';
import { MODES, timesOf, turn } from './turn.mjs';
import { worldOf } from './world.mjs';

const ROUNDS = 15;
/** The time limit of an engine for all its turns, in milliseconds, unless a single turn takes longer. */
const PATIENCE = 2_000;

for (const size of SIZES) {
  const world = worldOf(size);
  const opened = {};
  for (const [key, engine] of Object.entries(engines)) {
    const note = await refusal(key, size);
    if (note === undefined) opened[key] = await openChecked(engine, sourceOf(key, size), world, moduleOf(key));
    else for (const mode of MODES) record({ bench: `node/${mode}`, engine: key, ...size, note });
  }
  for (const mode of MODES) {
    const runs = Object.entries(opened).map(([key, { note, run }]) => ({
      key,
      note,
      run: run[mode],
      times: timesOf(run[mode], world.subjects.length),
      turns: [],
      spent: 0,
    }));
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
