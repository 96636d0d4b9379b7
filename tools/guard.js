// Calls into a worker's wasm instance, and goes on after it has trapped.
//
// A Rust panic traps: the instance is lost, and what waits for it would wait for ever, because the future that should have
// answered is gone. So every waiting call is rejected at once, and the next call starts a fresh instance.

/** Guards the exports of one wasm-bindgen module: `run` for functions, `durable` for Durable Object classes. */
export function guard(wasm) {
  const waiting = new Set();
  const instance = wasm.__worker_init_state?.() ?? {};
  let lost = false;

  function lose(cause) {
    lost = true;
    for (const reject of waiting) reject(new Error('the wasm instance trapped', { cause }));
    waiting.clear();
  }

  // The panic hook of the worker crate sets this flag, before the trap.
  Object.defineProperty(instance, 'criticalError', { get: () => lost, set: (value) => value && lose('panic') });
  // Other traps: the edge's panics, out of memory, out of stack.
  addEventListener('error', ({ error }) => isTrap(error) && lose(error));

  function revive() {
    if (!lost) return;
    lost = false;
    wasm.__wbg_reset_state();
  }

  /** Resolves as `call()` does, or rejects when the instance traps meanwhile. */
  function run(call) {
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      const settle = (settled) => (value) => {
        waiting.delete(reject);
        settled(value);
      };
      try {
        revive();
        Promise.resolve(call()).then(settle(resolve), settle(reject));
      } catch (error) {
        if (isTrap(error)) lose(error);
        settle(reject)(error);
      }
    });
  }

  /** Wraps a Durable Object class of the module; an object that outlives its wasm instance is built anew. */
  function durable(Base, name) {
    return class extends Base {
      #inner;
      #bornIn;

      #call(method, args) {
        return run(() => {
          if (this.#bornIn !== instance.instanceId) {
            this.#inner = new wasm[name](this.ctx, this.env);
            this.#bornIn = instance.instanceId;
          }
          return this.#inner[method](...args);
        });
      }

      fetch(...args) {
        return this.#call('fetch', args);
      }

      alarm(...args) {
        return this.#call('alarm', args);
      }
    };
  }

  return { run, durable };
}

function isTrap(error) {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}
