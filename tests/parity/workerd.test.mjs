// Law: the core in workerd decides byte for byte as it does natively.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { compare, core, decideWith, writeCorpus } from './corpus.mjs';

// Binary in, binary out would hide nothing: texts travel as JSON strings, which keep every byte.
const WORKER = `
  import module from './core_bg.wasm';
  import { Core, initSync } from './core.js';
  initSync({ module });
  const decideWith = ${decideWith};
  export default {
    async fetch(request) {
      const { plan, facts } = await request.json();
      return Response.json(decideWith(Core, Uint8Array.from(atob(plan), (c) => c.charCodeAt(0)), facts));
    },
  };`;

let corpus, runtime;

before(async () => {
  corpus = writeCorpus();
  runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: WORKER },
      { type: 'ESModule', path: 'core.js', contents: readFileSync(core.script, 'utf8') },
      { type: 'CompiledWasm', path: 'core_bg.wasm', contents: readFileSync(core.wasm) },
    ],
    compatibilityDate: '2025-01-01',
    cf: false,
  });
  await runtime.ready;
});

after(async () => {
  await runtime?.dispose();
  corpus.dispose();
});

test('workerd decides as the native core', async () => {
  await compare('workerd', corpus, async (plan, facts) => {
    const body = JSON.stringify({ plan: plan.toString('base64'), facts });
    const answer = await runtime.dispatchFetch('http://core/', { method: 'POST', body });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  });
});
