// The tag in Chromium, with the real edge on workerd behind it.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, visit } from '../support/chromium.mjs';
import { eventually, mintToken, serve, startEdge } from '../support/edge.mjs';

const web = (html, rest = {}) => ({ renditions: [{ channel: 'web', html }], ...rest });
const happened = (name) => ({ $event: { name, within: '48h' } });
const rules = {
  version: 1,
  attributes: { tier: { type: 'string', edge: true, client: true } },
  slots: {
    'page.hero': { pages: ['/**'], public: true },
    'page.bar': { pages: ['/**'], public: true },
    'page.data': { pages: ['/**'], public: true, type: 'json' },
    'page.secret': { pages: ['/**'] },
    'page.ad': { pages: ['/ad'], public: true },
    'page.marked': { pages: ['/unmarked'], public: true, selector: '#marked' },
  },
  channels: { web: {} },
  messages: {
    hello: web('<h1>Hello</h1>'),
    intro: web('<h1>Intro</h1>', { once: true }),
    pricing: web('<h1>Prices</h1>'),
    hot: web('<h1>Hot</h1>'),
    promo: web('<p>Promo</p>'),
    gold: web('<p>Gold</p>'),
    ad: web('<i>{{ utmCampaign }} {{ gclid }} on a {{ deviceType }} with {{ browser }}</i>'),
    secret: web('<b>Secret</b>'),
    data: { renditions: [{ channel: 'web', json: { text: '</script>' } }] },
  },
  campaigns: {
    hello: {
      class: 'service',
      priority: 10,
      when: { path: { $in: ['/', '/static', '/strict'] } },
      slots: { 'page.hero': 'hello' },
    },
    intro: { class: 'service', priority: 20, when: { path: '/intro' }, slots: { 'page.hero': 'intro' } },
    pricing: { class: 'service', priority: 20, when: { path: '/pricing' }, slots: { 'page.hero': 'pricing' } },
    hot: {
      class: 'service',
      priority: 50,
      when: happened('Guide Downloaded'),
      slots: { 'page.hero': 'hot', 'page.secret': 'secret' },
    },
    promo: {
      class: 'promo',
      when: { $nor: [happened('Ticket Opened')] },
      slots: { 'page.bar': 'promo', 'page.marked': 'promo' },
    },
    gold: { class: 'service', priority: 60, when: { tier: 'gold' }, slots: { 'page.bar': 'gold' } },
    ad: { class: 'service', when: { gclid: { $exists: true } }, slots: { 'page.ad': 'ad' } },
    data: { class: 'service', when: { path: '/static' }, slots: { 'page.data': 'data' } },
  },
  policies: {
    consent: {
      default: 'pending',
      store: 'personalization',
      measure: 'analytics',
      promo: ['personalization'],
      service: [],
      gpc: ['analytics'],
    },
  },
};
const GRANTED = 'personalization=granted&analytics=granted';

const slots = `
  <section data-tl-slot="page.hero"><h1>Fallback</h1></section>
  <div data-tl-slot="page.bar"><i>Nothing</i></div>
  <div data-tl-slot="page.secret">Public knowledge</div>
  <div id="marked">Unmarked</div>
  <script type="application/json" data-tl-slot="page.data">null</script>`;
const html = (body = slots, attributes = '') => `<!doctype html><html><head><meta charset="utf-8"><title>Test</title>
  <script async src="/_tl/tag.js" data-write-key="shop" ${attributes}></script></head><body>${body}<p>Below</p></body></html>`;

const site = {
  '/strict': {
    'content-security-policy':
      "default-src 'self'; script-src 'self'; require-trusted-types-for 'script'; trusted-types throughline",
  },
};

let browser, edge;
const visitors = [];

before(async () => {
  browser = await launch();
  edge = await startEdge({
    rules,
    origin: (request, response) => {
      const path = new URL(request.url, 'http://origin').pathname;
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'max-age=60',
        ...site[path],
      });
      response.end(path === '/plain' ? html('') : html());
    },
  });
  edge.collector.answer = ({ events }) => {
    received.push(...events);
    return Response.json({ results: {} });
  };
});

after(async () => {
  await browser?.close();
  await edge?.stop();
});

afterEach(async () => {
  await Promise.all(visitors.splice(0).map(({ context }) => context.close()));
  // Events that a page sends while it is closed belong to the test that opened it.
  while (received.splice(0).length) await new Promise((resolve) => setTimeout(resolve, 200));
});

/** The events that the collector has received. */
const received = [];
const names = () => received.map((event) => event.event ?? event.name);

async function open(path, options) {
  const visitor = await visit(browser, edge.url, { consent: GRANTED, ...options });
  visitors.push(visitor);
  if (options?.prepare) await options.prepare(visitor);
  await visitor.page.goto(path);
  const text = (name) => visitor.page.locator(`[data-tl-slot="${name}"]`).innerText();
  const push = (...items) => visitor.page.evaluate((items) => globalThis.throughline_queue.push(...items), items);
  const shows = (name, wanted) => eventually(async () => assert.equal((await text(name)).trim(), wanted));
  return {
    ...visitor,
    text,
    push,
    shows,
    ready: () =>
      eventually(async () =>
        assert.ok(!Array.isArray(await visitor.page.evaluate(() => globalThis.throughline_queue ?? []))),
      ),
  };
}

/** Returns a page that does not come through the edge, such as one from a cache. */
const cached = (path, body = html()) => ({
  prepare: ({ context }) => context.route(`**${path}`, (route) => route.fulfill({ contentType: 'text/html', body })),
});

describe('filling', () => {
  test('fills what the edge has not filled, and says so', async () => {
    const { page, shows, heard } = await open('/static', cached('/static'));
    await shows('page.hero', 'Hello');
    await shows('page.bar', 'Promo');
    await shows('page.data', '{"text":"</script>"}');
    const hero = page.locator('[data-tl-slot="page.hero"]');
    assert.equal(await hero.getAttribute('data-tl-state'), 'applied');
    const [{ decision, source }] = await heard('tldata');
    assert.equal(source, 'core');
    assert.equal(await hero.getAttribute('data-tl-decision'), decision.decisionId);
    await eventually(() =>
      assert.deepEqual(names().sort(), ['Message Seen', 'Message Seen', 'Message Seen', 'Page Viewed']),
    );
    assert.deepEqual(await heard('tlerror'), []);
  });

  test('leaves alone what the edge has filled: nothing shifts, nothing is counted twice', async () => {
    const { page, text, heard, ready } = await open('/');
    assert.equal((await text('page.hero')).trim(), 'Hello');
    await ready();
    await page.waitForTimeout(500);
    assert.equal((await text('page.hero')).trim(), 'Hello');
    assert.deepEqual(await page.evaluate(() => shifts), []);
    assert.deepEqual(
      (await heard('tlevent')).filter(
        ({ event, type, properties }) => type === 'page' || properties.slot === 'page.hero' || event === undefined,
      ),
      [],
    );
  });

  test('does nothing with tl_off', async () => {
    const { page, text, heard } = await open('/?tl_off=1');
    await page.waitForTimeout(300);
    assert.equal((await text('page.hero')).trim(), 'Fallback');
    assert.deepEqual(await heard('tlrefresh'), []);
  });

  test('campaign, click, device and browser are facts here, too', async () => {
    const body = html('<b data-tl-slot="page.ad"></b>');
    const { shows, heard } = await open('/ad?utm_campaign=fr%C3%BChling&gclid=x1', cached('/ad?*', body));
    await shows('page.ad', 'frühling x1 on a desktop with chrome');
    assert.equal((await heard('tldata'))[0].source, 'core');
  });

  test('fills what a selector of the plan finds', async () => {
    const { page } = await open('/unmarked', cached('/unmarked'));
    await eventually(async () => assert.equal(await page.locator('#marked').innerText(), 'Promo'));
  });

  test('a broken slot does not break the others', async () => {
    const broken = `<div data-tl-slot="page.hero" id="broken">Fallback</div><script>
      document.getElementById('broken').prepend = () => { throw new Error('broken'); };
    </script><div data-tl-slot="page.bar"></div>`;
    const { shows, text, heard, page } = await open('/static', cached('/static', html(broken)));
    await shows('page.bar', 'Promo');
    assert.equal(await text('page.hero'), 'Fallback');
    assert.equal(await page.locator('#broken').getAttribute('data-tl-state'), 'error');
    assert.equal((await heard('tlerror'))[0].message, 'broken');
  });
});

describe('following what happens', () => {
  test('an event changes a public slot here, and another one by asking the edge', async () => {
    const { push, shows, ready } = await open('/');
    await ready();
    await shows('page.hero', 'Hello');
    await push(['track', 'Guide Downloaded', { guide: 'repair' }]);
    await shows('page.hero', 'Hot');
    await shows('page.secret', 'Secret');
    await eventually(() => assert.ok(names().includes('Guide Downloaded')));
    await eventually(() =>
      assert.deepEqual(
        received
          .filter(({ event }) => event === 'Message Seen')
          .map(({ properties }) => properties.slot)
          .sort(),
        ['page.hero', 'page.secret'],
      ),
    );
  });

  test('a later decision without content puts back what was there, with its listeners', async () => {
    const { page, push, shows } = await open(
      '/static',
      cached('/static', html('<div data-tl-slot="page.bar"><button onclick="clicked = true">Old</button></div>')),
    );
    await shows('page.bar', 'Promo');
    await push(['track', 'Ticket Opened']);
    await shows('page.bar', 'Old');
    await page.click('button');
    assert.equal(await page.evaluate(() => clicked), true);
    assert.equal(await page.locator('[data-tl-slot="page.bar"]').getAttribute('data-tl-state'), 'default');
  });

  test('so it does where the edge had filled the slot', async () => {
    const { push, shows, ready } = await open('/');
    await shows('page.bar', 'Promo');
    await ready();
    await push(['track', 'Ticket Opened']);
    await shows('page.bar', 'Nothing');
  });

  test('an event does not take a message off the page because this page has shown it', async () => {
    const { page, push, text, ready, heard } = await open('/intro');
    assert.equal((await text('page.hero')).trim(), 'Intro');
    await ready();
    await push(['track', 'Something Else']);
    await eventually(async () => assert.ok((await heard('tldata')).length > 0));
    assert.equal((await text('page.hero')).trim(), 'Intro');
    // The next view counts it.
    await page.evaluate(() => history.pushState(null, '', '/intro?again'));
    await eventually(async () => assert.notEqual((await text('page.hero')).trim(), 'Intro'));
  });

  test('a trait that visitors may set counts at once, one that they may not does not', async () => {
    const { push, shows, ready } = await open('/');
    await ready();
    await push(['identify', 'user-1', { tier: 'gold' }]);
    await shows('page.bar', 'Gold');
    await eventually(() => assert.ok(received.some(({ type, userId }) => type === 'identify' && userId === 'user-1')));
  });

  test('what is no event hinders none', async () => {
    const { push, shows, heard, page, ready } = await open('/static', cached('/static'));
    await ready();
    await push(['track', 'Not An Object', 'guide'], ['track', '']);
    await page.evaluate(() =>
      throughline_queue.push(
        ['track', 'Half An Emoji', { text: '😀'.slice(0, 1), nothing: () => {} }],
        ['track', 'Large', { n: 1n }],
      ),
    );
    await push(['track', 'Guide Downloaded']);
    await shows('page.hero', 'Hot');
    await eventually(async () => assert.equal((await heard('tldata')).at(-1).source, 'edge'));
    assert.ok(
      (await heard('tldata')).some(
        ({ source, decision }) => source === 'core' && decision.slots['page.hero'].message === 'hot',
      ),
    );
    await eventually(() => assert.ok(names().includes('Half An Emoji')));
    assert.deepEqual(received.find(({ event }) => event === 'Half An Emoji').properties, { text: '\ufffd' });
    const messages = (await heard('tlerror')).map(({ message }) => message);
    assert.match(messages.join('\n'), /`properties` of `Not An Object`: expected an object/);
    await eventually(() => assert.deepEqual(received.find(({ event }) => event === 'Large')?.properties, { n: '1' }));
  });

  test('commands that waited for the tag are run, unknown ones are named', async () => {
    const init = () => {
      globalThis.throughline_queue = [['track', 'Early'], ['trakc', 'Typo'], (tl) => tl.track('Function')];
    };
    const { heard } = await open('/plain', { init });
    await eventually(() =>
      assert.deepEqual(
        names()
          .filter((name) => name !== 'Page Viewed')
          .sort(),
        ['Early', 'Function'],
      ),
    );
    assert.match((await heard('tlerror'))[0].message, /unknown command `trakc`, expected one of: track, /);
  });
});

describe('pages without a load', () => {
  test('another address is another page: a page view, a decision, and the slot back as it was', async () => {
    const { page, shows } = await open('/static', cached('/static'));
    await shows('page.hero', 'Hello');
    await page.evaluate(() => history.pushState(null, '', '/pricing'));
    await shows('page.hero', 'Prices');
    await page.evaluate(() => history.pushState(null, '', '/nothing'));
    await shows('page.hero', 'Fallback');
    await page.goBack();
    await shows('page.hero', 'Prices');
    const paths = () => received.filter(({ type }) => type === 'page').map(({ properties }) => properties.path);
    await eventually(() => assert.deepEqual(paths(), ['/static', '/pricing', '/nothing', '/pricing']));
  });

  test('so it is without the Navigation API', async () => {
    const { page, shows } = await open('/static', { ...cached('/static'), init: () => delete globalThis.navigation });
    await shows('page.hero', 'Hello');
    await page.evaluate(() => history.pushState(null, '', '/pricing'));
    await shows('page.hero', 'Prices');
    await page.goBack();
    await shows('page.hero', 'Hello');
  });

  test('a router that calls `page` itself does not count twice', async () => {
    const { page, shows } = await open('/static', cached('/static'));
    await shows('page.hero', 'Hello');
    await page.evaluate(() => {
      history.pushState(null, '', '/pricing');
      throughline_queue.push(['page']);
    });
    await shows('page.hero', 'Prices');
    await page.waitForTimeout(300);
    assert.equal(received.filter(({ type }) => type === 'page').length, 2);
  });

  test('a slot that comes later is filled', async () => {
    const { page, shows, ready } = await open('/plain');
    await ready();
    await page.evaluate(() => {
      history.pushState(null, '', '/pricing');
      setTimeout(
        () => document.body.insertAdjacentHTML('beforeend', '<div data-tl-slot="page.hero">Fallback</div>'),
        200,
      );
    });
    await shows('page.hero', 'Prices');
  });
});

describe('old browsers', () => {
  test('without functions that Safari 14 lacks, the tag fills, records and refuses', async () => {
    const init = () => {
      const { prototype: text } = String;
      for (const [owner, name] of [
        [Object, 'hasOwn'],
        [AbortSignal, 'timeout'],
        [crypto, 'randomUUID'],
        [Crypto.prototype, 'randomUUID'],
        [text, 'toWellFormed'],
        [text, 'replaceAll'],
        [text, 'at'],
        [Array.prototype, 'at'],
        [Array.prototype, 'findLast'],
        [Array.prototype, 'toSorted'],
        [Navigator.prototype, 'locks'],
        [Navigator.prototype, 'userAgentData'],
        [globalThis, 'navigation'],
        [globalThis, 'structuredClone'],
        [globalThis, 'trustedTypes'],
        [globalThis, 'WeakRef'],
        [globalThis, 'FinalizationRegistry'],
        [performance.constructor.prototype, 'getEntriesByType'],
        [Document.prototype, 'adoptedStyleSheets'],
        [ShadowRoot.prototype, 'adoptedStyleSheets'],
        [CSSStyleSheet.prototype, 'replaceSync'],
        [Document.prototype, 'prerendering'],
        [Array.prototype, 'findLastIndex'],
        [Array.prototype, 'toReversed'],
        [Array.prototype, 'toSpliced'],
        [Array.prototype, 'with'],
        [Array, 'fromAsync'],
        [Object, 'groupBy'],
        [Map, 'groupBy'],
        [Promise, 'withResolvers'],
        [Promise, 'any'],
        [Set.prototype, 'union'],
        [URL, 'canParse'],
        [URL, 'parse'],
        [AbortSignal, 'any'],
        [text, 'isWellFormed'],
        [Element.prototype, 'checkVisibility'],
        [Element.prototype, 'setHTMLUnsafe'],
        [globalThis, 'scheduler'],
        [globalThis, 'cookieStore'],
        [globalThis, 'requestIdleCallback'],
      ])
        delete owner[name];
    };
    const visitor = await open('/static', { ...cached('/static'), init });
    await visitor.shows('page.hero', 'Hello');
    await visitor.push(['track', 'Guide Downloaded']);
    await visitor.shows('page.hero', 'Hot');
    await eventually(() => assert.ok(names().includes('Guide Downloaded')));
    await visitor.push(['consent', { personalization: 'denied', analytics: 'denied' }]);
    await visitor.shows('page.bar', 'Nothing');
    await eventually(() => assert.ok(received.some(({ consent }) => consent?.analytics === 'denied')));
    assert.deepEqual(await visitor.heard('tlerror'), []);
  });
});

describe('without WebAssembly', () => {
  const reachesTheEdge = async (visitor) => {
    await visitor.shows('page.hero', 'Hello');
    const [{ source }] = await visitor.heard('tldata');
    assert.equal(source, 'edge');
    await visitor.push(['track', 'Guide Downloaded']);
    await visitor.shows('page.hero', 'Hot');
    await visitor.shows('page.secret', 'Secret');
  };

  test('the edge decides', async () => {
    await reachesTheEdge(await open('/static', { ...cached('/static'), init: () => delete globalThis.WebAssembly }));
  });

  test('so it does where the policy of the page forbids it, and with Trusted Types', async () => {
    const prepare = ({ context }) =>
      context.route('**/strict', (route) =>
        route.fulfill({ contentType: 'text/html', headers: site['/strict'], body: html() }),
      );
    const visitor = await open('/strict', { prepare });
    await reachesTheEdge(visitor);
    await visitor.shows('page.bar', 'Promo');
  });
});

describe('events', () => {
  const count = (name) => received.filter(({ event }) => event === name).length;
  const ids = (name) => new Set(received.filter(({ event }) => event === name).map(({ id }) => id)).size;

  test('wait while the collector cannot be reached, and arrive once', async () => {
    const { context, page, push, ready } = await open('/plain');
    await ready();
    let isDown = true;
    let refused = 0;
    await context.route('**/_tl/events', (route) => {
      if (!isDown) return route.continue();
      refused++;
      return route.fulfill({ status: 503, body: '{}' });
    });
    await push(['track', 'One']);
    await push(['track', 'Two']);
    await eventually(() => assert.ok(refused > 0));
    isDown = false;
    await eventually(() => assert.deepEqual([count('One'), count('Two')], [1, 1]), 10000);
    const kept = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('tl_event:')));
    await eventually(async () => assert.deepEqual(await kept(), []));
  });

  test('outlive the page while offline, and arrive once', async () => {
    const { context, page, push, ready } = await open('/plain');
    await ready();
    await push(['track', 'Before']);
    await eventually(() => assert.equal(count('Before'), 1));
    await context.setOffline(true);
    await push(['track', 'Offline']);
    await page.waitForTimeout(200);
    await page.close();
    assert.equal(count('Offline'), 0);
    await context.setOffline(false);
    const again = await context.newPage();
    await again.goto('/plain');
    await eventually(() => assert.equal(count('Offline'), 1));
    await again.waitForTimeout(300);
    assert.equal(count('Offline'), 1);
  });

  test('are not taken as arrived because somebody answers 200', async () => {
    const { context, push, ready } = await open('/plain');
    await ready();
    let isCaptive = true;
    await context.route('**/_tl/events', (route) =>
      isCaptive ? route.fulfill({ contentType: 'text/html', body: '<h1>Log in</h1>' }) : route.continue(),
    );
    await push(['track', 'Captive']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    isCaptive = false;
    await eventually(() => assert.equal(count('Captive'), 1), 10000);
  });

  test('leave with the page', async () => {
    const { page, ready } = await open('/plain');
    // The page may be gone before it can answer the test; then it never does.
    const leave = async (name) => {
      const left = page.waitForURL('**/_tl/health');
      page
        .evaluate((name) => {
          throughline_queue.push(['track', name]);
          location.href = '/_tl/health';
        }, name)
        .catch(() => {});
      await left;
    };
    // Before the first answer of the edge it is unknown whether anything may be sent.
    await eventually(async () => assert.ok(await page.evaluate(() => localStorage.tl_allowed)));
    await leave('Clicked Away');
    await eventually(() => assert.equal(ids('Clicked Away'), 1));
    // On the next page it is known from the beginning.
    await page.goto('/plain');
    await ready();
    await leave('Clicked Again');
    await eventually(() => assert.equal(ids('Clicked Again'), 1));
  });
});

describe('consent', () => {
  const stored = (page) => page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]);
  const cookies = async ({ context }) => (await context.cookies()).map(({ name }) => name);

  test('while it is pending nothing is kept and nothing is sent', async () => {
    const visitor = await open('/static', { ...cached('/static'), consent: undefined });
    await visitor.shows('page.hero', 'Hello');
    await visitor.push(['track', 'Guide Downloaded']);
    await visitor.shows('page.hero', 'Hot');
    assert.equal((await visitor.text('page.bar')).trim(), 'Nothing');
    await visitor.page.waitForTimeout(300);
    assert.deepEqual(received, []);
    assert.deepEqual(await stored(visitor.page), []);
    assert.deepEqual(await cookies(visitor), []);
  });

  test('once it is given the page follows, and from then on events count', async () => {
    const visitor = await open('/static', { ...cached('/static'), consent: undefined });
    await visitor.shows('page.hero', 'Hello');
    await visitor.push(['consent', { personalization: 'granted', analytics: 'granted' }]);
    await visitor.shows('page.bar', 'Promo');
    await visitor.push(['track', 'After']);
    await eventually(() => assert.ok(names().includes('After')));
    const [first] = received;
    assert.equal(first.event, 'Consent Preference Updated');
    assert.deepEqual(first.consent, { analytics: 'granted', personalization: 'granted' });
    assert.ok((await cookies(visitor)).includes('tl_consent'));
  });

  test('once it is withdrawn what was kept is gone', async () => {
    const visitor = await open('/static', cached('/static'));
    await visitor.shows('page.bar', 'Promo');
    await visitor.context.route('**/_tl/events', (route) => route.abort());
    await visitor.push(['track', 'Kept']);
    await eventually(async () => assert.ok((await stored(visitor.page)).some((key) => key.startsWith('tl_event:'))));
    await visitor.push(['consent', { personalization: 'denied', analytics: 'denied' }]);
    await visitor.shows('page.bar', 'Nothing');
    await eventually(async () => assert.deepEqual(await stored(visitor.page), []));
  });

  test('that is refused reaches the collector as the word of the device', async () => {
    const visitor = await open('/static', cached('/static'));
    await visitor.push(['track', 'Before The Refusal']);
    await eventually(() => assert.ok(names().includes('Before The Refusal')));
    const from = edge.posts.length;
    await visitor.push(['consent', { personalization: 'denied', analytics: 'denied' }]);
    const refusal = await eventually(() => {
      const isRefusal = ({ consent }) => consent?.analytics === 'denied';
      const found = edge.posts.slice(from).find(({ body }) => body.events?.some(isRefusal));
      assert.ok(found);
      return found.body;
    });
    const isBefore = ({ event }) => event === 'Before The Refusal';
    const before = edge.posts.find(({ body }) => body.events?.some(isBefore)).body;
    assert.equal(refusal.device.id, before.device.id);
    assert.equal(refusal.device.signed, true);
  });

  for (const [what, init] of [
    [
      'cannot be written',
      () => Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {}, configurable: true }),
    ],
    [
      'throws, as in a sandboxed frame',
      () => {
        const refuse = () => {
          throw new DOMException('denied', 'SecurityError');
        };
        Object.defineProperty(Document.prototype, 'cookie', { get: refuse, set: refuse, configurable: true });
      },
    ],
  ]) {
    test(`a refusal holds for the page where the cookie ${what}`, async () => {
      const visitor = await open('/static', { ...cached('/static'), init });
      await visitor.shows('page.bar', 'Promo');
      await visitor.push(['track', 'Before']);
      await eventually(() => assert.ok(names().includes('Before')));
      await visitor.push(['consent', { personalization: 'denied', analytics: 'denied' }], ['track', 'After']);
      await visitor.shows('page.bar', 'Nothing');
      await eventually(() => assert.ok(received.some(({ consent }) => consent?.analytics === 'denied')));
      await visitor.push(['track', 'Later']);
      await visitor.page.waitForTimeout(400);
      assert.deepEqual(
        names().filter((name) => ['After', 'Later'].includes(name)),
        [],
      );
      assert.deepEqual(await stored(visitor.page), []);
    });
  }

  test('says when it was given', async () => {
    const before = Date.now();
    const visitor = await open('/plain', { consent: undefined });
    await visitor.ready();
    await visitor.push(['consent', { personalization: 'granted' }]);
    const cookie = await eventually(async () => {
      const found = (await visitor.context.cookies()).find(({ name }) => name === 'tl_consent');
      assert.ok(found);
      return new URLSearchParams(found.value);
    });
    assert.ok(Number(cookie.get('at')) >= before && Number(cookie.get('at')) <= Date.now());
    await eventually(() => assert.ok(names().includes('Consent Preference Updated')));
    cookie.delete('at');
    assert.equal(cookie.toString(), 'personalization=granted');
  });

  test('Global Privacy Control denies what the rules say', async () => {
    const init = () => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });
    const visitor = await open('/static', { ...cached('/static'), init });
    await visitor.shows('page.bar', 'Promo');
    const [{ decision }] = await visitor.heard('tldata');
    assert.equal(decision.measure, false);
    await visitor.push(['track', 'Guide Downloaded']);
    await visitor.shows('page.hero', 'Hot');
    await visitor.page.waitForTimeout(300);
    assert.deepEqual(received, [], 'exposures count on this device, and nothing leaves it');
  });
});

describe('devices', () => {
  /** Returns the devices whose events the collector has received, by the name of the event. */
  const devicesOf = (...wanted) => {
    const events = edge.posts.flatMap(({ body }) => (body.events ?? []).map(({ event }) => [event, body.device]));
    return Object.fromEntries(events.filter(([name]) => wanted.includes(name)));
  };

  test('keep their events when somebody signs out without network and somebody else is next', async () => {
    const { context, page, push, ready } = await open('/plain');
    await ready();
    await push(['track', 'Here']);
    await eventually(() => assert.ok('Here' in devicesOf('Here')));
    await context.setOffline(true);
    await push(['track', 'Order Completed', { order_id: 'A-1' }], ['reset'], ['track', 'Looked']);
    await page.waitForTimeout(300);
    await context.setOffline(false);
    const [first, order, next] = await eventually(() => {
      const found = devicesOf('Here', 'Order Completed', 'Looked');
      assert.equal(Object.keys(found).length, 3);
      return [found.Here, found['Order Completed'], found.Looked];
    }, 10_000);
    assert.equal(order.id, first.id);
    assert.equal(order.signed, true);
    assert.notEqual(next.id, first.id);
  });

  test('are one in a browser that keeps no cookies, over pages and beacons', async () => {
    const forgetful = async (route) => {
      const response = await route.fetch().catch(() => undefined);
      // A beacon of a page that is closed has nobody who waits for the answer.
      if (!response) return;
      const { 'set-cookie': _, ...headers } = response.headers();
      await route.fulfill({ response, headers }).catch(() => {});
    };
    const prepare = async ({ context }) => {
      await context.route('**/_tl/*', forgetful);
      await context.route('**/plain', (route) => route.fulfill({ contentType: 'text/html', body: html('') }));
    };
    const { page, push, ready } = await open('/plain', { prepare });
    await ready();
    await push(['track', 'First']);
    await eventually(() => assert.ok('First' in devicesOf('First')));
    await page.goto('/plain');
    await ready();
    await push(['track', 'Second']);
    await eventually(() => assert.ok('Second' in devicesOf('Second')));
    await push(['track', 'Last']);
    await page.goto('/plain');
    await eventually(() => assert.ok('Last' in devicesOf('Last')));
    const { First, Second, Last } = devicesOf('First', 'Second', 'Last');
    assert.match(First.id, /^v[0-9a-f]{32}$/);
    assert.deepEqual([Second.id, Last.id], [First.id, First.id]);
  });

  test('are one on another site, whose requests have no cookies', async () => {
    let tag;
    const other = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(html().replace('/_tl/tag.js', tag));
    });
    const origin = other.url.replace('127.0.0.1', 'localhost');
    const policies = { consent: { ...rules.policies.consent, default: 'granted' } };
    const far = await startEdge({
      rules: { ...rules, policies },
      vars: { ALLOWED_ORIGINS: origin },
      origin: (_request, response) => response.end(),
    });
    try {
      tag = `${far.url}/_tl/tag.js`;
      const visitor = await visit(browser, origin);
      visitors.push(visitor);
      const sent = [];
      for (const event of ['One', 'Two', 'Three']) {
        await visitor.page.goto(`/?${event}`);
        await visitor.page.waitForFunction(() => !Array.isArray(globalThis.throughline_queue ?? []));
        await visitor.page.evaluate((event) => throughline_queue.push(['track', event]), event);
        await eventually(() =>
          assert.ok(far.posts.some(({ body }) => body.events?.some((one) => one.event === event))),
        );
      }
      for (const { body } of far.posts) if (body.events) sent.push(body.device.id);
      assert.equal(new Set(sent).size, 1, sent.join());
      const subjects = (await visitor.heard('tldata')).map(({ decision }) => decision.subject);
      assert.deepEqual([...new Set(subjects)], [sent[0]]);
    } finally {
      await far.stop();
      other.close();
    }
  });

  test('become the person of a hand-over for good', async () => {
    const gold = { traits: { tier: ['gold', 1, 1] } };
    const { page, push, shows, ready } = await open('/plain');
    await ready();
    await push(['track', 'Stranger']);
    await eventually(() => assert.ok('Stranger' in devicesOf('Stranger')));
    await page.goto(`/#tl=${mintToken(edge.keys, { sub: 'p-ann', facts: gold })}`);
    await shows('page.bar', 'Gold');
    assert.equal(await page.evaluate(() => location.hash), '');
    await page.goto('/pricing');
    await shows('page.bar', 'Gold');
    await push(['track', 'Ann']);
    await eventually(() => assert.ok('Ann' in devicesOf('Ann')));
    assert.notEqual(devicesOf('Ann').Ann.id, devicesOf('Stranger').Stranger.id);
    const { proof } = edge.posts.find(({ body }) => body.events?.some(({ event }) => event === 'Ann')).body;
    assert.equal(proof.sub, 'p-ann');
  });
});
