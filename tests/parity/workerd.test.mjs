// Law: the core in workerd decides byte for byte as it does natively.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { BROWSER, eventually, mintPreview, newKeys, publish, startEdge } from '../support/edge.mjs';
import { compare, core, decideWith, root, writeCorpus } from './corpus.mjs';

// Texts travel as JSON strings, which keep every byte.
const WORKER = `
  import module from './core_bg.wasm';
  import { Core, initSync } from './core.js';
  initSync({ module });
  const decideWith = ${decideWith};
  export default {
    async fetch(request) {
      const { plan, cases } = await request.json();
      return Response.json(decideWith(Core, Uint8Array.from(atob(plan), (c) => c.charCodeAt(0)), cases));
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
  await compare('workerd', corpus, async (plan, cases) => {
    const body = JSON.stringify({ plan: plan.toString('base64'), cases });
    const answer = await runtime.dispatchFetch('http://core/', { method: 'POST', body });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  });
});

// Behaviour cases with consent to storage (without it the edge has no visitor), in rules that do not read
// what the edge adds.
const BEHAVIOUR = [
  'event-history/views-at-0-24-47-hours-and-a-download-are-intent',
  'event-history/views-at-0-24-49-hours-are-not-intent',
  'suppression/open-support-case-suppresses-promotion',
  'offers/seen-offer-is-kept',
  'cross-channel/introduction-seen-by-e-mail-is-not-shown-on-the-page',
  'cross-channel/one-message-with-a-rendition-per-channel',
  'experiments/second-half-gets-the-second-variation',
];

/**
 * Returns each path of `wanted` at which `found` differs; `null` means absent, objects may have further
 * members.
 */
function differences(wanted, found, path = '') {
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted) !== Array.isArray(found)) {
    return (wanted ?? null) === (found ?? null)
      ? []
      : [`${path}: wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`];
  }
  if (Array.isArray(wanted) && wanted.length !== found.length)
    return [`${path}: wanted ${wanted.length} items, found ${found.length}`];
  return Object.entries(wanted).flatMap(([name, value]) => differences(value, found?.[name], `${path}/${name}`));
}

test('the edge decides behaviour cases as they say', async () => {
  const keys = newKeys();
  const edge = await startEdge({ keys, published: new Map(), assets: `${root}/tests/data` });
  const headers = {
    'content-type': 'application/json',
    'user-agent': BROWSER,
    authorization: `Bearer ${mintPreview(keys)}`,
  };
  try {
    for (const name of BEHAVIOUR) {
      const { rules, facts, want } = JSON.parse(readFileSync(`${root}/tests/data/${name}.json`, 'utf8'));
      for (const [key, value] of publish(rules, keys)) await edge.kv.put(key, value);
      const body = JSON.stringify({ ...facts, request: { attributes: { path: '/' }, ...facts.request } });
      // The edge answers with its current plan while it fetches the new one.
      await eventually(async () => {
        const response = await fetch(`${edge.url}/_tl/decide`, { method: 'POST', headers, body });
        assert.equal(response.status, 200, await response.clone().text());
        assert.deepEqual(differences(want, await response.json()), [], name);
      });
    }
  } finally {
    await edge.stop();
  }
});
