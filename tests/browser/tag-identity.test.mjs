// Whose events the tag sends, and what it asks after a sign-out: the tag in Chromium, with faked visitors.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, visit } from '../support/chromium.mjs';
import { eventually, startEdge } from '../support/edge.mjs';
import { fakeVisitors } from '../support/fake-visitors.mjs';

const web = (html) => ({ renditions: [{ channel: 'web', html }] });
const rules = {
  version: 1,
  attributes: { tier: { type: 'string', edge: true, client: true } },
  slots: { 'page.hero': { pages: ['/**'], public: true }, 'page.bar': { pages: ['/**'], public: true } },
  channels: { web: {} },
  messages: { hello: web('<h1>Hello</h1>'), gold: web('<p>Gold</p>') },
  campaigns: {
    hello: { class: 'service', slots: { 'page.hero': 'hello' } },
    gold: { class: 'service', when: { tier: 'gold' }, slots: { 'page.bar': 'gold' } },
  },
  policies: { consent: { default: 'granted', store: 'personalization', measure: 'analytics' } },
};
const body = `<!doctype html><html><head><meta charset="utf-8"><title>Test</title></head><body>
  <section data-tl-slot="page.hero"><h1>Fallback</h1></section><div data-tl-slot="page.bar"><i>Nothing</i></div>
  <script src="/_tl/tag.js" data-write-key="shop"></script></body></html>`;
const GOLD = { profile: { subject: '', traits: { tier: ['gold', 1, 1] } } };

let browser, edge;
const contexts = [];

before(async () => {
  browser = await launch();
  edge = await startEdge({ rules, origin: (_request, response) => response.end() });
});
after(async () => {
  await browser?.close();
  await edge?.stop();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

/** Opens a page that has not come through the edge, such as one from a cache. `prepare` gets the fake first. */
async function open(path = '/', { prepare, init } = {}) {
  const { context, page } = await visit(browser, edge.url, { init });
  contexts.push(context);
  await context.route(
    ({ pathname }) => !pathname.startsWith('/_tl/'),
    (route) => route.fulfill({ contentType: 'text/html', body }),
  );
  const fake = await fakeVisitors(context);
  prepare?.(fake);
  await page.goto(path);
  return { context, fake, ...tab(page) };
}

/** Returns the verbs of a page. */
function tab(page) {
  const heard = (wanted) =>
    page.evaluate((wanted) => heard.filter(([type]) => type === wanted).map(([, detail]) => detail), wanted);
  const text = async (name) => (await page.locator(`[data-tl-slot="${name}"]`).innerText()).trim();
  return {
    page,
    heard,
    push: (...items) => page.evaluate((items) => throughline_queue.push(...items), items),
    shows: (name, wanted) => eventually(async () => assert.equal(await text(name), wanted)),
    text,
    stored: (start = 'tl_event:') =>
      page.evaluate((start) => Object.keys(localStorage).filter((key) => key.startsWith(start)), start),
    errors: async () => (await heard('tlerror')).map(({ message }) => message),
  };
}

const ownersOf = (fake) => {
  const named = fake.events.filter(({ event }) => event && event !== 'Message Seen');
  return Object.fromEntries(named.map(({ event, owner }) => [event, owner]));
};
const device = (number) => `v${String(number).padStart(32, '0')}`;

describe('events', () => {
  test('carry the ticket of their device, also those from before the first answer', async () => {
    let release;
    const { fake, push, stored } = await open('/', { prepare: (fake) => (release = fake.hold('token')) });
    await push(['track', 'Early']);
    assert.deepEqual(fake.events, []);
    release();
    await eventually(() => assert.deepEqual(ownersOf(fake), { Early: `${device(1)}.mac` }));
    await push(['track', 'Late']);
    await eventually(() => assert.equal(ownersOf(fake).Late, `${device(1)}.mac`));
    await eventually(async () => assert.deepEqual(await stored(), []));
  });

  test('leave without a ticket if the edge does not answer who is here: the cookie says it', async () => {
    const prepare = (fake) =>
      (fake.refuse = (name) => (name === 'GET token' && fake.asked.length > 3 ? 503 : undefined));
    const { fake, page, push } = await open('/', { prepare });
    await eventually(async () => assert.ok(await page.evaluate(() => localStorage.tl_allowed)));
    fake.asked.push('', '', '');
    await page.reload();
    await push(['track', 'Alone']);
    await eventually(() => assert.ok('Alone' in ownersOf(fake)));
    assert.equal(ownersOf(fake).Alone, undefined);
  });

  test('stay with their visitor when they are sent after somebody else has signed in', async () => {
    const { fake, page, push, stored } = await open();
    await push(['track', 'Before']);
    await eventually(() => assert.ok('Before' in ownersOf(fake)));
    await fake.setOffline(true);
    await push(['identify', 'user-a', { email: 'a@example.com' }], ['track', 'Order Completed', { order_id: 'A-1' }]);
    await eventually(async () => assert.ok((await stored()).length >= 2));
    await push(['reset'], ['track', 'Looked']);
    const texts = () => page.evaluate(() => Object.values(localStorage).join());
    await eventually(async () => assert.doesNotMatch(await texts(), /a@example/));
    assert.match(await texts(), /user-a/);
    await fake.setOffline(false);
    await eventually(() =>
      assert.deepEqual(ownersOf(fake), {
        Before: `${device(1)}.mac`,
        'Order Completed': `${device(1)}.mac`,
        Looked: `${device(2)}.mac`,
      }),
    );
    const { traits, userId } = fake.events.find(({ type }) => type === 'identify');
    assert.equal(userId, 'user-a');
    assert.equal(traits, undefined, 'nothing personal waits in a browser that was signed out');
  });

  test('that sign somebody in change the page, and the ticket', async () => {
    const { fake, push, shows } = await open();
    await push(['track', 'Before']);
    await eventually(() => assert.ok('Before' in ownersOf(fake)));
    await shows('page.bar', 'Nothing');
    fake.facts = GOLD;
    fake.rotate();
    await push(['identify', 'user-1', {}, { userHash: 'ab12' }]);
    await shows('page.bar', 'Gold');
    await push(['track', 'After']);
    await eventually(() => assert.equal(ownersOf(fake).After, `${device(2)}.mac`));
  });

  test('hold no secrets of addresses, neither in the browser nor on the way', async () => {
    const path = '/reset?email=ann%40example.com&reset_token=s3cr3t&utm_source=news&ref=mail#s3cr3t';
    const init = () => (globalThis.throughline_config = { keepParameters: ['ref'] });
    const { fake, page, push, stored } = await open(path, { init });
    const seen = { url: `https://ann:s3cr3t@shop.example${path}`, query: 'red shoes' };
    await push(['track', 'Products Searched', seen]);
    await eventually(() => assert.ok('Products Searched' in ownersOf(fake)));
    const { context, properties } = fake.events.find(({ type }) => type === 'page');
    assert.deepEqual(
      [context.page.url, context.page.search],
      [`${edge.url}/reset?utm_source=news&ref=mail`, '?utm_source=news&ref=mail'],
    );
    const searched = fake.events.find(({ event }) => event === 'Products Searched');
    assert.deepEqual(searched.properties, {
      url: 'https://shop.example/reset?utm_source=news&ref=mail',
      query: 'red shoes',
    });
    assert.deepEqual(properties, {});
    await fake.setOffline(true);
    await push(['track', 'Later']);
    await eventually(async () => assert.ok((await stored()).length > 0));
    const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
    assert.doesNotMatch(JSON.stringify(fake.events) + kept, /s3cr3t|ann(@|%40)/);
  });

  test('of an epoch that never learnt its ticket are dropped, and counted once', async () => {
    const { fake, page, push, errors } = await open('/', { prepare: (fake) => (fake.isDown = true) });
    await page.waitForTimeout(100);
    await push(['track', 'One'], ['track', 'Two'], ['reset']);
    await eventually(async () =>
      assert.deepEqual(
        (await errors()).filter((message) => /dropped/.test(message)),
        ['3 events are dropped: nobody knows whose they are'],
      ),
    );
    fake.isDown = false;
    await push(['track', 'Three']);
    await eventually(() => assert.ok('Three' in ownersOf(fake)));
    assert.deepEqual(Object.keys(ownersOf(fake)), ['Three']);
  });
});

describe('signing out', () => {
  const signedIn = async () => {
    const visitor = await open('/', { prepare: (fake) => (fake.facts = GOLD) });
    await visitor.shows('page.bar', 'Gold');
    await visitor.push(['track', 'Seen']);
    await eventually(() => assert.ok('Seen' in ownersOf(visitor.fake)));
    return visitor;
  };
  /** Returns the questions after the sign-out, without events. */
  const asked = (fake, from) => fake.asked.slice(from).filter((name) => name !== 'POST events');

  test('takes personal content off the page at once, without network, and asks nothing else first', async () => {
    const { fake, page, push, shows, text } = await signedIn();
    const from = fake.asked.length;
    await fake.setOffline(true);
    await push(['reset'], ['decide']);
    await shows('page.bar', 'Nothing');
    await shows('page.hero', 'Fallback');
    await page.waitForTimeout(200);
    assert.equal(await text('page.hero'), 'Fallback', 'nothing is decided while it is unknown who is here');
    fake.facts = {};
    await fake.setOffline(false);
    await shows('page.hero', 'Hello');
    await shows('page.bar', 'Nothing');
    assert.deepEqual(asked(fake, from).slice(0, 2), ['DELETE token', 'GET token']);
  });

  test('is repeated while it is refused, and on the next page before anything else', async () => {
    const { fake, page, push, shows } = await signedIn();
    fake.refuse = (name) => (name === 'DELETE token' ? 503 : undefined);
    let from = fake.asked.length;
    await push(['reset']);
    await shows('page.bar', 'Nothing');
    await eventually(() => assert.ok(asked(fake, from).length >= 2));
    assert.ok(asked(fake, from).every((name) => name === 'DELETE token'));
    from = fake.asked.length;
    await page.reload();
    await eventually(() => assert.ok(asked(fake, from).length >= 2));
    assert.ok(asked(fake, from).every((name) => name === 'DELETE token'));
    await shows('page.hero', 'Fallback');
    [fake.refuse, fake.facts] = [undefined, {}];
    await shows('page.hero', 'Hello');
    assert.equal(fake.device(), device(2));
  });

  test('is not confirmed by somebody else who answers 200', async () => {
    const { context, fake, push, shows } = await signedIn();
    const captive = (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({ contentType: 'text/html', body: '<h1>Log in</h1>' })
        : route.fallback();
    await context.route('**/_tl/token', captive);
    const from = fake.asked.length;
    await push(['reset']);
    await shows('page.hero', 'Fallback');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(asked(fake, from), []);
    await context.unroute('**/_tl/token', captive);
    await shows('page.hero', 'Hello');
  });

  test('reaches the other tabs', async () => {
    const { context, fake, push } = await signedIn();
    const other = tab(await context.newPage());
    await other.page.goto('/');
    await other.shows('page.bar', 'Gold');
    fake.refuse = (name) => (name === 'DELETE token' ? 503 : undefined);
    await push(['reset']);
    await other.shows('page.bar', 'Nothing');
    await other.shows('page.hero', 'Fallback');
    [fake.refuse, fake.facts] = [undefined, {}];
    await other.shows('page.hero', 'Hello');
    await other.push(['track', 'There']);
    await eventually(() => assert.equal(ownersOf(fake).There, `${device(2)}.mac`));
  });

  test('works where nothing can be stored', async () => {
    const init = () => {
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('denied', 'SecurityError');
          },
        });
      }
    };
    const { fake, page, push, shows } = await open('/', { init, prepare: (fake) => (fake.facts = GOLD) });
    await shows('page.bar', 'Gold');
    fake.isDown = true;
    const from = fake.asked.length;
    await push(['reset']);
    await shows('page.bar', 'Nothing');
    await page.waitForTimeout(300);
    assert.ok(asked(fake, from).length >= 1);
    assert.ok(asked(fake, from).every((name) => name === 'DELETE token'));
    [fake.isDown, fake.facts] = [false, {}];
    await shows('page.hero', 'Hello');
    await shows('page.bar', 'Nothing');
  });
});

describe('identifiers', () => {
  test('that are whole numbers are ids by their digits; rounded ones are refused', async () => {
    const { fake, page, errors } = await open();
    await page.evaluate(() =>
      throughline_queue.push(
        ['identify', 1042, { plan: 'pro' }],
        ['identify', 12345678901234567890n],
        ['identify', Number('1234567890123456789')],
        ['group', 77],
        ['alias', 1042, 7],
        ['identify', null, { firstName: 'Ann' }],
      ),
    );
    await eventually(() => assert.ok(fake.events.some(({ traits }) => traits?.firstName === 'Ann')));
    const found = fake.events.map(({ type, userId, groupId, previousId }) => [type, userId, groupId, previousId]);
    const ids = found.filter(([type]) => ['identify', 'group', 'alias'].includes(type));
    assert.deepEqual(ids, [
      ['identify', '1042', undefined, undefined],
      ['identify', '12345678901234567890', undefined, undefined],
      ['group', undefined, '77', undefined],
      ['alias', '1042', undefined, '7'],
      ['identify', undefined, undefined, undefined],
    ]);
    assert.match((await errors()).join('\n'), /the id `1234567890123456800`: expected a string or a whole number/);
  });

  test('carry their proof', async () => {
    const { fake, push } = await open();
    await push(['identify', 'user-1', {}, { userHash: 'ab12' }]);
    await eventually(() => assert.ok(fake.events.some(({ type }) => type === 'identify')));
    assert.equal(fake.events.find(({ type }) => type === 'identify').userHash, 'ab12');
  });
});

describe('browsers without cookies', () => {
  const withoutCookies = { prepare: (fake) => (fake.keepsCookies = false) };

  test('are one device from page to page', async () => {
    const { fake, page, push } = await open('/', withoutCookies);
    await push(['track', 'One']);
    await eventually(() => assert.ok('One' in ownersOf(fake)));
    await push(['track', 'One And A Half']);
    await eventually(() => assert.ok('One And A Half' in ownersOf(fake)));
    await page.reload();
    await push(['track', 'Two']);
    await eventually(() => assert.ok('Two' in ownersOf(fake)));
    await page.reload();
    await push(['track', 'Three']);
    await eventually(() => assert.ok('Three' in ownersOf(fake)));
    assert.deepEqual(new Set(Object.values(ownersOf(fake))), new Set([`${device(1)}.mac`]));
    const shown = fake.requests.filter(({ name }) => name === 'GET token').map(({ headers }) => headers['x-tl-device']);
    // One answer names another device, and answers that are on their way may do so as well.
    const first = shown.findIndex(Boolean);
    assert.ok(first > 0 && first < 5, String(first));
    assert.deepEqual(new Set(shown.slice(first)), new Set([device(1)]));
  });

  test('name no device where cookies are kept, although it changes', async () => {
    const { fake, page, push } = await open();
    await push(['track', 'One']);
    await eventually(() => assert.ok('One' in ownersOf(fake)));
    // Signing in changes the device.
    fake.rotate();
    await page.reload();
    await push(['track', 'Two']);
    await eventually(() => assert.equal(ownersOf(fake).Two, `${device(2)}.mac`));
    await page.reload();
    await push(['track', 'Three']);
    await eventually(() => assert.equal(ownersOf(fake).Three, `${device(2)}.mac`));
    assert.equal(fake.requests.at(-1).headers['x-tl-device'], undefined);
  });
});

describe('a hand-over', () => {
  const posts = (fake) => fake.requests.filter(({ name }) => name === 'POST token');

  test('is taken from the address before anything is recorded, and asked for first', async () => {
    const { fake, page, shows } = await open('/#tl=aaa.bbb.ccc', { prepare: (fake) => (fake.facts = GOLD) });
    await shows('page.bar', 'Gold');
    assert.equal(await page.evaluate(() => location.href), `${edge.url}/`);
    assert.equal(posts(fake)[0].headers.authorization, 'Bearer aaa.bbb.ccc');
    assert.equal(posts(fake).length, 1);
    assert.equal(fake.asked.includes('GET token'), false);
    await eventually(() => assert.ok(fake.events.length > 0));
    assert.doesNotMatch(JSON.stringify(fake.events), /aaa\.bbb/);
  });

  test('leaves the rest of the fragment', async () => {
    const { page, fake } = await open('/#reviews&tl=aaa.bbb.ccc');
    await eventually(() => assert.equal(posts(fake).length, 1));
    assert.equal(await page.evaluate(() => location.hash), '#reviews');
  });

  test('that is refused is said, and the page goes on', async () => {
    const prepare = (fake) => (fake.refuse = (name) => (name === 'POST token' ? 401 : undefined));
    const { shows, errors, fake } = await open('/#tl=used', { prepare });
    await shows('page.hero', 'Hello');
    assert.match((await errors()).join('\n'), /token returned 401/);
    assert.deepEqual(fake.asked.slice(0, 2), ['POST token', 'GET token']);
  });
});
