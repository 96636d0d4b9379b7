// Guards the calls into a worker's wasm instance, and replaces the instance after a trap.
//
// A Rust panic traps and destroys the instance. Calls that wait for it would never settle, because their futures are gone.
// The guard therefore rejects all waiting calls at once, and the next call starts a new instance.

/** Returns the guards of one wasm-bindgen module: `run` for functions, `durable` for Durable Object classes. */
export function guard(wasm) {
  const waiting = new Set();
  const instance = wasm.__worker_init_state?.() ?? {};
  let lost = false;

  /** Marks the instance as lost, and rejects all waiting calls. */
  function lose(cause) {
    lost = true;
    for (const reject of waiting) reject(new Error('the wasm instance trapped', { cause }));
    waiting.clear();
  }

  // The panic hook of the `worker` crate sets this flag before it traps.
  Object.defineProperty(instance, 'criticalError', { get: () => lost, set: (value) => value && lose('panic') });
  // All other traps: panics of the edge, out of memory, stack overflow.
  addEventListener('error', ({ error }) => isTrap(error) && lose(error));

  /** Starts a new instance if the last one has trapped. */
  function revive() {
    if (!lost) return;
    lost = false;
    wasm.__wbg_reset_state();
  }

  /** Returns a promise that settles as `call()` does, or rejects when the instance traps meanwhile. */
  function run(call) {
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      const settle = (callback) => (value) => {
        waiting.delete(reject);
        callback(value);
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

  /** Returns a class that wraps a Durable Object class of the module. Objects are rebuilt after their wasm instance is lost. */
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

/** Returns whether an error is a trap of wasm or a stack overflow. Other `RangeError`s leave the instance as it was. */
function isTrap(error) {
  const isOverflow = error instanceof RangeError && /call stack/i.test(error.message);
  return error instanceof WebAssembly.RuntimeError || isOverflow;
}
