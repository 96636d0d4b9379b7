// Bad weather inside the workers: bindings that fail, are slow, or do their work and say that they failed, and a clock
// that jumps. `runtime.mjs` puts this module in front of each worker.

/** The pauses of a slow call, in milliseconds. */
const SLOW_MS = [20, 400, 3000];
/** The jumps of the clock, in milliseconds. */
const JUMPS_MS = [0, 0, 0, 0, -120_000, 90_000, 1_000];
/** The time between two jumps, in milliseconds. */
const JUMP_EVERY_MS = 7_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Returns a generator of numbers from 0 to 1 (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}

/** Makes the clock of this isolate jump. */
export function skewClock(seed) {
  const now = Date.now.bind(Date);
  const jump = (window) => JUMPS_MS[Math.floor(generator(seed + window)() * JUMPS_MS.length)];
  Date.now = () => now() + jump(Math.floor(now() / JUMP_EVERY_MS));
}

/**
 * Returns the bindings of a worker with faults.
 *
 * `faults` has the rate of faults for the name of each binding, from 0 to 1. A fault is an error before the call, an error
 * after it, a second call, or a pause.
 */
export function faulty(env, { seed, faults }) {
  const chance = generator(seed);
  const called =
    (target, method) =>
    async (...args) => {
      const repeated = args.map((arg) => (arg instanceof Request ? arg.clone() : arg));
      const kind = Math.floor(chance() * 4);
      if (kind === 0) throw new Error('weather: not reached');
      if (kind === 1) await pause(SLOW_MS[Math.floor(chance() * SLOW_MS.length)]);
      const answer = await target[method](...args);
      if (kind === 2) await target[method](...repeated);
      if (kind === 3) throw new Error('weather: the answer is lost');
      return answer;
    };
  const binding = (target, rate) =>
    new Proxy(target, {
      get(_, name) {
        const value = target[name];
        if (typeof value !== 'function' || name === 'constructor') return value;
        return chance() < rate ? called(target, name) : value.bind(target);
      },
    });
  const wrapped = Object.entries(faults).filter(([name]) => env[name]);
  return { ...env, ...Object.fromEntries(wrapped.map(([name, rate]) => [name, binding(env[name], rate)])) };
}
