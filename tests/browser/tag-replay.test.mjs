// Pages that are shown again: by a service worker, a CDN, or the browser's cache.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serve, eventually } from '../support/edge.mjs';
import { visit } from '../support/chromium.mjs';
import { fakeVisitors } from '../support/fake-visitors.mjs';
import { bench, counted, filledByEdge, html, tab } from '../support/tag.mjs';

const { open, edge, browser } = bench();
const bar = '<div data-tl-slot="page.bar"><i>Nothing</i></div>';
const now = () => Math.floor(Date.now() / 1000);
const facts = () => ({ mark: 'mark', now: Date.now() });

/** Opens a page that the edge has filled with `change`, for a visitor whom it knows by `mark`. */
const filled = (change, { headers = counted(), prepare } = {}) =>
  open('/', {
    pages: () => ({ body: html(filledByEdge({ html: '<h1>Replayed</h1>', ...change })), headers }),
    prepare: (fake) => {
      fake.facts = facts;
      prepare?.(fake);
    },
  });

describe('a page that the edge has filled', () => {
  test('is left as it is while it is fresh and of this visitor: nothing is decided, nothing counted', async () => {
    const { shows, settled, views, seen, heard } = await filled({});
    await settled();
    await shows('page.hero', 'Replayed');
    assert.deepEqual([views(), seen(), await heard('tldata')], [[], [], []]);
  });

  for (const [why, change] of [
    ['of another visitor', { mark: 'other' }],
    ['older than the request for it', { at: now() - 600 }],
  ]) {
    test(`is decided again and counted if it is ${why}`, async () => {
      const { shows, settled, views, seen } = await filled(change);
      await shows('page.hero', 'Hello');
      await settled();
      assert.deepEqual([views(), seen()], [['/'], ['page.hero hello']]);
    });
  }

  test('is fresh by the clock of the edge, whatever the device says', async () => {
    const slow = 3 * 3600 * 1000;
    const prepare = (fake) => (fake.facts = () => ({ mark: 'mark', now: Date.now() + slow }));
    const { shows, settled, views } = await filled({ at: now() + slow / 1000 }, { prepare });
    await settled();
    await shows('page.hero', 'Replayed');
    assert.deepEqual(views(), []);
  });

  test('that the edge has not counted is counted by the ids that the edge would use', async () => {
    const { settled, named } = await filled({ html: '<h1>Hello</h1>', decision: 'd-fetched' }, { headers: {} });
    await eventually(() => assert.equal(named('Message Seen').length, 1));
    await settled();
    assert.deepEqual(
      [...named('page'), ...named('Message Seen')].map(({ messageId }) => messageId),
      ['d-fetched:page', 'd-fetched:page.hero'],
    );
  });
});

test('a service worker that replays pages does not bring back what was decided for somebody else or at another time', async () => {
  const worker = `
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    addEventListener('fetch', (event) => {
      if (event.request.mode !== 'navigate') return;
      event.respondWith(caches.open('pages').then(async (cache) => {
        const kept = await cache.match(event.request.url);
        if (kept && !event.request.url.includes('fresh')) return kept;
        const answer = await fetch(event.request);
        await cache.put(event.request.url, answer.clone());
        return answer;
      }));
    });`;
  const site = await serve((request, response) => {
    const path = request.url.split('?')[0];
    if (path === '/sw.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(worker);
    response.writeHead(200, { 'content-type': 'text/html', ...counted(`d-${Math.random()}`) });
    response.end(
      html(filledByEdge({ html: '<h1>Replayed</h1>' }) + bar).replace('"/_tl/tag.js"', `"${edge().url}/_tl/tag.js"`),
    );
  });
  const { context, page } = await visit(browser(), site.url.replace('127.0.0.1', 'localhost'));
  try {
    const fake = await fakeVisitors(context);
    fake.facts = facts;
    const visitor = tab(page, fake);
    await page.goto('/');
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/sw.js');
      await navigator.serviceWorker.ready;
    });
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    // Through the worker, from the network: a page like any other.
    await page.goto('/?fresh');
    await visitor.settled();
    assert.deepEqual(visitor.views(), []);
    await page.goto('/');
    await visitor.settled();
    await page.waitForTimeout(3000);
    await page.goto('/');
    await visitor.shows('page.hero', 'Hello');
    await visitor.settled();
    assert.deepEqual(visitor.views(), ['/']);
  } finally {
    await context.close();
    site.close();
  }
});
