// edge/entry.js after a trap: the origin's page goes out by the rules that hold for every request to it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { serve, Visitor } from '../support/edge.mjs';

// Stands in for wasm-bindgen's output.
const bindings = `
  export class Edge { fetch() { throw new WebAssembly.RuntimeError('unreachable'); } }
  export function __wbg_reset_state() {}`;

const source = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const seen = [];
let server, runtime, edge;

/** Starts a worker whose wasm instance traps on every request. */
async function startBroken(vars) {
  const files = ['edge/entry.js', 'edge/origin.js', 'edge/outbox.js', 'tools/guard.js'];
  const modules = files.map(async (path) => ({ type: 'ESModule', path, contents: await source(path) }));
  const stub = { type: 'ESModule', path: 'edge/build/bindgen/index.js', contents: bindings };
  const worker = new Miniflare({
    modules: [...(await Promise.all(modules)), stub],
    modulesRoot: '.',
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { ORIGIN: server.url, TOKEN_KEYS: '{"keys":[]}', ...vars },
    cf: false,
  });
  const url = (await worker.ready).origin;
  return { worker, url };
}

before(async () => {
  server = await serve((request, response) => {
    seen.push(request);
    if (request.url === '/moved') return response.writeHead(302, { location: `${server.url}/new` }).end();
    if (request.url !== '/loop') return response.end('the page');
    new Visitor(edge)
      .fetch('/loop', { headers: request.headers })
      .then(({ status }) => response.writeHead(status).end());
  });
  edge = await startBroken();
  runtime = edge.worker;
});
after(async () => {
  await runtime.dispose();
  server.close();
});

describe('after a trap', () => {
  test('the page is the origin’s, without what is ours', async () => {
    const cookies = Array.from({ length: 20 }, (_, n) => `c${n}=${'x'.repeat(994)}`).join('; ');
    const ours = `Bearer ${Buffer.from('{"typ":"tl+jwt"}').toString('base64url')}.e30.c2ln`;
    const { status, text } = await new Visitor(edge).fetch('/a//b?x=1&tl_preview=secret&y=%20', {
      headers: {
        cookie: `__Host-tl_id=1; ${cookies}; tl_consent=2`,
        authorization: ours,
        'x-tl-token': 'secret',
        'x-tl-device': 'v0',
        'x-forwarded-host': 'evil.example',
      },
    });
    assert.deepEqual([status, text], [200, 'the page']);
    const { url, headers } = seen.at(-1);
    assert.equal(url, '/a//b?x=1&y=%20');
    assert.equal(headers.cookie, cookies);
    for (const name of ['authorization', 'x-tl-token', 'x-tl-device']) assert.equal(headers[name], undefined, name);
    assert.equal(headers['x-forwarded-host'], new URL(edge.url).host);
    assert.equal(headers['x-forwarded-proto'], 'http');
  });

  test('what is the site’s passes', async () => {
    const headers = { authorization: 'Bearer of.the.site', 'if-none-match': '"1"', 'x-forwarded-proto': 'https' };
    await new Visitor(edge).fetch('/', { headers });
    for (const [name, value] of Object.entries(headers)) assert.equal(seen.at(-1).headers[name], value, name);
  });

  test('a path that looks like another site stays with the origin', async () => {
    await new Visitor(edge).fetch('//elsewhere.example/x');
    assert.equal(seen.at(-1).url, '//elsewhere.example/x');
  });

  test('redirects stay on the site', async () => {
    assert.equal((await new Visitor(edge).fetch('/moved')).headers.location, `${edge.url}/new`);
  });

  test('a loop ends', async () => {
    assert.equal((await new Visitor(edge).fetch('/loop')).status, 508);
  });

  test('endpoints fail, and requests whose body is untouched pass', async () => {
    const endpoint = await new Visitor(edge).post('/_tl/events', {});
    assert.deepEqual([endpoint.status, endpoint.json().error.code], [500, 'internal']);
    assert.equal((await new Visitor(edge).post('/form', 'a=1')).text, 'the page');
  });

  test('the site’s address is that of the settings', async () => {
    const other = await startBroken({ PUBLIC_ORIGIN: 'https://shop.example' });
    try {
      assert.equal((await new Visitor(other).fetch('/moved')).headers.location, 'https://shop.example/new');
      assert.equal(seen.at(-1).headers['x-forwarded-host'], 'shop.example');
      assert.equal(seen.at(-1).headers['x-forwarded-proto'], 'https');
    } finally {
      await other.worker.dispose();
    }
  });
});
