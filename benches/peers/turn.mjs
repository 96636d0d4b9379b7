// One engine's turn in Node.

/** The forms in which a subject is passed. */
export const MODES = ['objects', 'text'];
/** The minimum duration of a turn, in milliseconds. */
const TURN = 15;
/** The time that an engine runs before it is measured, in milliseconds, so that V8 can optimise it. */
const WARM_UP = 1_000;

/** Returns the nanoseconds per decision. */
export function turn(run, times) {
  const start = performance.now();
  run(times);
  return ((performance.now() - start) * 1e6) / times;
}

/**
 * Warms up, and returns the number of decisions that make a turn long enough, a multiple of the number of
 * subjects.
 */
export function timesOf(run, subjects) {
  for (const end = performance.now() + WARM_UP; performance.now() < end; ) run(subjects);
  let times = subjects;
  while (turn(run, times) * times < TURN * 1e6) times *= 2;
  return times;
}
