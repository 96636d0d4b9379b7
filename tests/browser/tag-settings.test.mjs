// Where the tag sends things, and that it begins wherever a page may be.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '../support/edge.mjs';
import { BODY, bench, html } from '../support/tag.mjs';

const { open } = bench();
const without = (script) => html(BODY).replace(/<script src[\s\S]*?<\/script>/, script);
/** A script of somebody else, whose address looks like the tag's. */
const OTHER = '<script src="http://other.example/metrika/tag.js"></script>';

/** Opens a page, and collects the requests to other places than the edge. */
async function watched(body, { init, prepare } = {}) {
  const foreign = [];
  const visitor = await open('/', {
    init,
    pages: () => body,
    prepare: async (fake, context) => {
      await context.route('http://other.example/**', (route) => {
        foreign.push(route.request().url());
        return route.fulfill({ contentType: 'text/javascript', body: '' });
      });
      await prepare?.(fake, context);
    },
  });
  return { ...visitor, foreign: () => foreign.filter((url) => !url.endsWith('/metrika/tag.js')) };
}

describe('the endpoints', () => {
  test('are beside the tag where it is built as a module', async () => {
    const { shows, foreign } = await watched(without(`${OTHER}<script type="module" src="/_tl/tag.mjs"></script>`));
    await shows('page.hero', 'Hello');
    assert.deepEqual(foreign(), []);
  });

  const loads = {
    'as a module': '<script type="module" src="/_tl/tag.js"></script>',
    'by import()': '<script>import("/_tl/tag.js")</script>',
    'in an inline module': '<script type="module">import "/_tl/tag.js"</script>',
  };
  for (const [how, script] of Object.entries(loads)) {
    test(`are not guessed where the classic file is loaded ${how}: nothing is sent, and that is said`, async () => {
      const { page, fake, shows, foreign, errors } = await watched(without(OTHER + script));
      await eventually(async () => assert.match((await errors()).join(), /set `throughline_config.apiHost`/));
      await page.waitForTimeout(200);
      await shows('page.hero', 'Usual');
      assert.deepEqual([fake.asked, foreign()], [[], []]);
    });

    test(`are where the configuration says, loaded ${how}`, async () => {
      const config = '<script>globalThis.throughline_config = { apiHost: location.origin, writeKey: "key" };</script>';
      const { fake, shows, foreign, settled } = await watched(without(OTHER + config + script));
      await shows('page.hero', 'Hello');
      await settled();
      assert.deepEqual(foreign(), []);
      assert.match(fake.requests.find(({ name }) => name === 'POST events').body, /"writeKey":"key"/);
    });
  }

  test('have the path of the API host, if it has one', async () => {
    const asked = [];
    const prepare = (_fake, context) =>
      context.route('**/shop/tl/**', (route) => {
        asked.push(new URL(route.request().url()).pathname);
        return route.fulfill({ status: 404, body: '{}' });
      });
    const body = html(BODY, 'data-api-host="/shop/tl"');
    await watched(body, { prepare });
    await eventually(() => assert.ok(asked.includes('/shop/tl/token')));
  });

  for (const host of [
    'http://other.example',
    'http://other.example/_tl/',
    'ftp://other.example',
    'javascript:alert(1)',
    'http://',
  ]) {
    test(`are not at ${host}`, async () => {
      const { fake, foreign, errors } = await watched(html(BODY, `data-api-host="${host}"`));
      await eventually(async () => assert.match((await errors()).join(), /apiHost/));
      assert.deepEqual([fake.asked, foreign()], [[], []]);
    });
  }
});

describe('a page begins, and its refusals hold,', () => {
  const deny = (owner, name) =>
    `Object.defineProperty(${owner}, '${name}', { configurable: true, get() { throw new DOMException('denied', 'SecurityError'); }, set() { throw new DOMException('denied', 'SecurityError'); } });`;
  const lacks = {
    'without storage': deny('globalThis', 'localStorage') + deny('globalThis', 'sessionStorage'),
    'without cookies': deny('Document.prototype', 'cookie'),
    'without performance': 'delete globalThis.performance;',
    'with a performance that throws':
      "performance.getEntriesByType = performance.now = () => { throw new Error('no'); };",
    'without locks': 'delete Navigator.prototype.locks;',
    'with locks that are refused':
      "LockManager.prototype.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));",
    'with locks that throw':
      "LockManager.prototype.request = () => { throw new DOMException('denied', 'SecurityError'); };",
    'without observers': 'delete globalThis.MutationObserver;',
    'without history': 'history.pushState = undefined; delete globalThis.navigation;',
    'with Trusted Types that allow nothing': "trustedTypes.createPolicy = () => { throw new TypeError('denied'); };",
  };
  for (const [how, content] of Object.entries(lacks)) {
    test(how, async () => {
      const uncaught = [];
      const prepare = (_fake, context) => context.on('weberror', (error) => uncaught.push(String(error.error())));
      const { push, named, shows, heard, fake } = await open('/', { init: { content }, prepare });
      await push(['track', 'Before']);
      await eventually(() => assert.equal(named('Before').length, 1));
      if (!how.includes('Trusted')) await shows('page.hero', 'Hello');
      await push(['consent', { personalization: 'denied', analytics: 'denied' }], ['track', 'After']);
      await eventually(() => assert.equal(named('Consent Preference Updated').length, 1));
      await push(['track', 'Later']);
      await eventually(async () => assert.ok((await heard('tlevent')).some(({ event }) => event === 'Later')));
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.deepEqual([named('After'), named('Later')], [[], []]);
      assert.deepEqual(uncaught, []);
      assert.ok(fake.asked.length);
    });
  }

  test('in a sandboxed frame, whose origin is nobody', async () => {
    // In line, because Chromium forbids such a frame to ask this machine.
    const tag = readFileSync(new URL('../../build/shop/_tl/tag.js', import.meta.url), 'utf8');
    const script = `<script data-api-host="https://shop.example">${tag}</script>`;
    const framed = without('').replace('</body>', () => `${script}</body>`);
    const srcdoc = framed.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    const uncaught = [];
    const prepare = (_fake, context) => context.on('weberror', (error) => uncaught.push(String(error.error())));
    const pages = () => `<iframe sandbox="allow-scripts" srcdoc="${srcdoc}"></iframe>`;
    const { page } = await open('/', { pages, prepare });
    const frame = page.frames().at(-1);
    await frame.waitForFunction(() => globalThis.throughline_queue);
    await frame.evaluate(() => throughline_queue.push(['track', 'Framed']));
    const events = await frame.evaluate(() => heard.map(([, { event }]) => event));
    assert.ok(events.includes('Framed'));
    assert.deepEqual(uncaught, []);
  });
});
