// tools/guard.js in workerd: a trap rejects every waiting call, and the next call has a new instance.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Miniflare } from 'miniflare';

// Stands in for wasm-bindgen's output: `start` counts instances, `boom` is a wasm function that traps.
const bindings = `
  import module from './trap.wasm';
  const state = { criticalError: false, instanceId: 0 };
  let boom;
  export function __worker_init_state() { return state; }
  export function __wbg_reset_state() { boom = new WebAssembly.Instance(module).exports.boom; state.instanceId += 1; }
  __wbg_reset_state();

  // Futures are polled in microtasks.
  const later = (call) => new Promise(() => setTimeout(() => queueMicrotask(call), 50));
  export function fetch(request) {
    switch (new URL(request.url).pathname) {
      case '/trap': return boom();
      case '/trap-later': return later(boom);
      case '/panic-later': return later(() => { state.criticalError = true; boom(); });
      case '/report-later': return later(() => reportError(new WebAssembly.RuntimeError('panicked')));
      case '/range': throw new RangeError('Invalid array length');
      case '/range-later': return later(() => reportError(new RangeError('invalid status')));
      case '/overflow': { const down = () => down() + 1; return down(); }
      case '/slow': return new Promise((resolve) => setTimeout(resolve, 60_000, 'slow'));
      case '/reject': return Promise.reject(new Error('no'));
      default: return 'instance ' + state.instanceId;
    }
  }
  export class Counter {
    instance = state.instanceId;
    calls = 0;
    fetch() { return 'call ' + (this.calls += 1) + ' in instance ' + this.instance; }
  }`;

const worker = `
  import { DurableObject } from 'cloudflare:workers';
  import { guard } from './guard.js';
  import * as wasm from './bindings.js';
  const { run, durable } = guard(wasm);
  const Inner = durable(DurableObject, 'Counter');
  export class Counter extends Inner {
    async fetch(request) { return new Response(await super.fetch(request)); }
  }
  export default {
    async fetch(request, env) {
      if (new URL(request.url).pathname === '/object') return env.COUNTER.getByName('one').fetch(request);
      try {
        return new Response(await run(() => wasm.fetch(request)));
      } catch (error) {
        return new Response(error.message, { status: 500 });
      }
    },
  };`;

// (module (func (export "boom") unreachable))
const trap = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 98, 111, 111, 109, 0, 0, 10, 5, 1, 3, 0, 0,
  11,
]);

let runtime;

before(async () => {
  const guard = await readFile(new URL('../../tools/guard.js', import.meta.url), 'utf8');
  runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: worker },
      { type: 'ESModule', path: 'guard.js', contents: guard },
      { type: 'ESModule', path: 'bindings.js', contents: bindings },
      { type: 'CompiledWasm', path: 'trap.wasm', contents: trap },
    ],
    compatibilityDate: '2026-07-30',
    durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
    handleRuntimeStdio: () => {},
    cf: false,
  });
  await runtime.ready;
});

after(() => runtime.dispose());

async function get(path) {
  const response = await runtime.dispatchFetch(`http://worker${path}`);
  return `${response.status} ${await response.text()}`;
}

const trapped = '500 the wasm instance trapped';

test('a trap rejects its call and the next one has a fresh instance', async () => {
  const before = await get('/');
  assert.match(await get('/trap'), /^500 /);
  const after = await get('/');
  assert.notEqual(after, before);
  assert.equal(await get('/'), after);
});

for (const path of ['/trap-later', '/panic-later', '/report-later']) {
  test(`${path} answers whoever waits, however many, before the slow answer`, async () => {
    const before = await get('/');
    const answers = await Promise.all([get(path), get('/slow'), get('/slow')]);
    assert.deepEqual(answers, [trapped, trapped, trapped]);
    assert.notEqual(await get('/'), before);
  });
}

test('an ordinary rejection leaves the instance alone', async () => {
  const before = await get('/');
  assert.equal(await get('/reject'), '500 no');
  assert.equal(await get('/'), before);
});

test('a wrong argument of the platform is no trap, and a stack overflow is', async () => {
  const before = await get('/');
  assert.equal(await get('/range'), '500 Invalid array length');
  get('/range-later').catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await get('/'), before);
  assert.match(await get('/overflow'), /^500 /);
  assert.notEqual(await get('/'), before);
});

test('an object keeps its state between calls and is built anew after a trap', async () => {
  const first = await get('/object');
  assert.match(first, /^200 call 1 in instance/);
  assert.match(await get('/object'), /^200 call 2 in instance/);
  await get('/trap');
  const fresh = await get('/object');
  assert.match(fresh, /^200 call 1 in instance/);
  assert.notEqual(fresh, first);
});
