// One engine's turn in Node.

/** How a subject is handed over. */
export const MODES = ['objects', 'text'];
/** A turn is at least so long, in milliseconds. */
const TURN = 15;
/** So long, in milliseconds, an engine runs before it counts: V8 compiles what is worth it in the meantime. */
const WARM_UP = 1_000;

/** Nanoseconds for each decision. */
export function turn(run, times) {
  const start = performance.now();
  run(times);
  return ((performance.now() - start) * 1e6) / times;
}

/** Warms up, and answers how many decisions make a turn long enough; each subject has the same share. */
export function timesOf(run, subjects) {
  for (const end = performance.now() + WARM_UP; performance.now() < end; ) run(subjects);
  let times = subjects;
  while (turn(run, times) * times < TURN * 1e6) times *= 2;
  return times;
}
