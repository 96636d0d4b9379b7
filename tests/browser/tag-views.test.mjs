// What counts as a view of a page, and that each counts once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '../support/edge.mjs';
import { BODY, bench, counted, filledByEdge, html, tab } from '../support/tag.mjs';

const { open } = bench();
const withoutNavigation = () => delete globalThis.navigation;
const both = [
  ['', undefined],
  [' without the Navigation API', withoutNavigation],
];

describe('addresses', () => {
  for (const [how, init] of both) {
    test(`a new entry of the history is a page, and so is a way back to one${how}`, async () => {
      const { page, views, shows, settled } = await open('/', { init });
      await shows('page.hero', 'Hello');
      await page.evaluate(() => history.pushState(null, '', '/pricing/'));
      await shows('page.hero', 'Prices');
      await page.evaluate(() => history.pushState(null, '', '/pricing/?page=2'));
      await eventually(() => assert.equal(views().length, 3));
      await page.evaluate(() => history.go(-2));
      await shows('page.hero', 'Hello');
      await settled();
      assert.deepEqual(views(), ['/', '/pricing/', '/pricing/', '/']);
    });

    test(`an address that is replaced is a page if its path changes${how}`, async () => {
      const { page, views, seen, shows, settled } = await open('/?utm_campaign=spring&filter=red', { init });
      await shows('page.hero', 'Hello');
      for (const address of ['/', '/?filter=blue', '/?filter=green#top', '/?x=1']) {
        await page.evaluate((address) => history.replaceState(null, '', address), address);
      }
      await settled();
      assert.deepEqual(views(), ['/']);
      assert.deepEqual(seen(), ['page.hero hello', 'page.bar promo']);
      await page.evaluate(() => history.replaceState(null, '', '/pricing/'));
      await shows('page.hero', 'Prices');
      await settled();
      assert.deepEqual(views(), ['/', '/pricing/']);
    });

    test(`parameters of campaigns, clicks and fragments make no page${how}`, async () => {
      const { page, views, settled } = await open('/', { init });
      for (const address of ['/?utm_source=mail', '/?gclid=abc&utm_medium=x', '/#part', '/?fbclid=1#part']) {
        await page.evaluate((address) => history.pushState(null, '', address), address);
      }
      await settled();
      assert.deepEqual(views(), ['/']);
    });
  }

  test('thirty changes of a filter are one view, one exposure and one decision about the page', async () => {
    const { page, views, seen, shows, settled, heard } = await open();
    await shows('page.hero', 'Hello');
    await settled();
    const before = (await heard('tldata')).length;
    await page.evaluate(() => {
      for (let count = 0; count < 30; count++) history.replaceState(null, '', `/?price=${count}`);
    });
    await settled();
    assert.deepEqual([views(), seen().length], [['/'], 2]);
    assert.equal((await heard('tldata')).length, before);
  });
});

describe('routes in the fragment', () => {
  const pages = (attributes) => ({ pages: () => html(BODY, attributes) });

  for (const [how, init] of both) {
    test(`are pages with data-hash-routes${how}`, async () => {
      const { page, views, shows, settled, named } = await open('/app/?utm_source=mail#/', {
        ...pages('data-hash-routes'),
        init,
      });
      await shows('page.hero', 'Hello');
      await page.evaluate(() => (location.hash = '#/pricing/?size=2'));
      await shows('page.hero', 'Prices');
      await page.evaluate(() => (location.hash = '#!/support/'));
      await shows('page.hero', 'Hello');
      await page.evaluate(() => (location.hash = '#part'));
      await settled();
      assert.deepEqual(views(), ['/', '/pricing/', '/support/', '/app/']);
      assert.match(named('page')[0].context.page.search, /utm_source=mail/);
    });
  }

  test('are nothing without', async () => {
    const { page, views, settled } = await open('/#/', pages(''));
    await page.evaluate(() => (location.hash = '#/pricing/'));
    await settled();
    assert.deepEqual(views(), ['/']);
  });
});

describe('a page that the site names', () => {
  test('is the page now, for decisions and events alike, and counts once', async () => {
    const { page, push, views, shows, settled, named } = await open();
    await shows('page.hero', 'Hello');
    await push(['page', 'Prices', { path: '/pricing/' }]);
    await shows('page.hero', 'Prices');
    await push(['page', 'Prices', { path: '/pricing/' }], ['track', 'There']);
    await settled();
    assert.deepEqual(views(), ['/', '/pricing/']);
    assert.equal(named('There')[0].context.page.path, '/pricing/');
    assert.equal(named('page')[1].name, 'Prices');
    // The address says where one is, once it changes.
    await page.evaluate(() => history.pushState(null, '', '/else/'));
    await shows('page.hero', 'Hello');
    await settled();
    assert.deepEqual(views(), ['/', '/pricing/', '/else/']);
  });

  test('may be named by a router, with an address or without, right after it has changed the address', async () => {
    const { page, views, settled } = await open();
    await settled();
    await page.evaluate(() => {
      history.pushState(null, '', '/a/');
      throughline_queue.push(['page', 'A', { path: '/a/', url: `${location.origin}/a/` }]);
    });
    await page.evaluate(() => {
      history.pushState(null, '', '/b/');
      throughline_queue.push(['page']);
    });
    await settled();
    assert.deepEqual(views(), ['/', '/a/', '/b/']);
  });
});

describe('pages that nobody sees', () => {
  const hide = () => {
    globalThis.state = 'hidden';
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state, configurable: true });
  };
  const look = (page) =>
    page.evaluate(() => {
      globalThis.state = 'visible';
      document.dispatchEvent(new Event('visibilitychange'));
    });

  test('are filled in the background, and count once they are looked at', async () => {
    const { page, views, seen, shows, push, settled } = await open('/', { init: hide });
    await shows('page.hero', 'Hello');
    await page.evaluate(() => history.pushState(null, '', '/pricing/'));
    await shows('page.hero', 'Prices');
    await push(['track', 'Done']);
    await settled();
    assert.deepEqual([views(), seen()], [[], []]);
    await look(page);
    await eventually(() => assert.deepEqual(views(), ['/pricing/']));
    await settled();
    assert.deepEqual(seen().sort(), ['page.bar promo', 'page.hero prices']);
    await look(page);
    await settled();
    assert.deepEqual([views().length, seen().length], [1, 2]);
  });

  test('count nothing and ask nothing while the browser renders them in advance', async () => {
    const init = () => {
      globalThis.isPrerendering = true;
      Object.defineProperty(Document.prototype, 'prerendering', { get: () => isPrerendering, configurable: true });
    };
    const { page, fake, views, shows, push, settled } = await open('/', { init });
    await page.evaluate(() => (globalThis.throughline_queue ??= []).push(['track', 'Early']));
    await page.waitForTimeout(200);
    assert.deepEqual(fake.asked, []);
    await page.evaluate(() => {
      globalThis.isPrerendering = false;
      document.dispatchEvent(new Event('prerenderingchange'));
    });
    await shows('page.hero', 'Hello');
    await push(['track', 'Late']);
    await settled();
    assert.deepEqual(views(), ['/']);
  });

  test('of the back/forward cache are another view', async () => {
    const { page, views, seen, shows, settled } = await open();
    await shows('page.hero', 'Hello');
    await settled();
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await eventually(() => assert.equal(views().length, 2));
    await settled();
    assert.deepEqual(seen().sort(), ['page.bar promo', 'page.bar promo', 'page.hero hello', 'page.hero hello']);
  });
});

describe('two tags', () => {
  const TWICE = '<script src="/_tl/tag.js?copy" data-write-key="shop"></script>';

  test('on a page are one: a page view, an exposure, an event, and a policy for Trusted Types', async () => {
    const policy =
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types throughline";
    const pages = () => ({ body: html(BODY, '', TWICE), headers: { 'content-security-policy': policy } });
    const { page, fake, push, views, seen, shows, settled, errors, named } = await open('/', { pages });
    await shows('page.hero', 'Hello');
    await page.evaluate(() => history.pushState(null, '', '/pricing/'));
    await shows('page.hero', 'Prices');
    await push(['track', 'Asked']);
    await settled();
    assert.deepEqual(views(), ['/', '/pricing/']);
    assert.equal(seen().length, 4);
    assert.equal(named('Asked').length, 1);
    assert.equal(fake.asked.filter((name) => name === 'GET token').length, 1);
    assert.deepEqual(await errors(), []);
  });

  test('are one where a script swaps the body with the tag in it', async () => {
    const { page, views, seen, shows, settled } = await open();
    await shows('page.hero', 'Hello');
    await settled();
    for (const path of ['/pricing/', '/other/']) {
      await page.evaluate(async (path) => {
        history.pushState(null, '', path);
        const made = new DOMParser().parseFromString(await (await fetch(path)).text(), 'text/html');
        document.body.replaceWith(document.adoptNode(made.body));
        for (const old of document.body.querySelectorAll('script')) {
          const script = document.createElement('script');
          for (const { name, value } of old.attributes) script.setAttribute(name, value);
          old.replaceWith(script);
        }
      }, path);
      await shows('page.hero', path === '/pricing/' ? 'Prices' : 'Hello');
      await settled();
    }
    assert.deepEqual(views(), ['/', '/pricing/', '/other/']);
    assert.equal(seen().length, 6);
  });

  test('that markup with the name of a setting or of a mark cannot switch off', async () => {
    const clobber =
      '<img name="currentScript" data-api-host="http://evil.example"><img name="cookie"><img name="title"><img name="referrer"><img name="readyState"><img name="visibilityState"><a id="throughline_queue"></a><a id="throughline_config"></a>';
    const { page, fake, shows, views, settled, errors } = await open('/', { pages: () => html(clobber + BODY) });
    const requests = [];
    page.on('request', (request) => requests.push(request.url()));
    await shows('page.hero', 'Hello');
    await settled();
    assert.deepEqual(views(), ['/']);
    assert.deepEqual(await errors(), []);
    assert.ok(fake.asked.includes('GET token'));
    assert.deepEqual(
      requests.filter((url) => url.includes('evil')),
      [],
    );
  });
});

describe('Turbo', () => {
  const turbo = readFileSync(
    new URL('../../node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js', import.meta.url),
    'utf8',
  );
  const at = () => Math.floor(Date.now() / 1000);
  /** A site whose pages the edge fills, also those that Turbo fetches; it counts the ones that a person navigates to. */
  const site = (path, request) => {
    if (path === '/turbo.js') return { body: turbo, contentType: 'text/javascript' };
    const isDocument = request.isNavigationRequest();
    const decision = `d-${path.replace(/\W/g, '')}-${Math.random().toString(36).slice(2)}`;
    const hero = filledByEdge({
      html: path === '/pricing/' ? '<h1>Prices</h1>' : '<h1>Hello</h1>',
      decision,
      at: at(),
    });
    const bar = filledByEdge({ name: 'page.bar', html: '<p>Promo</p>', usual: '<i>Nothing</i>', decision, at: at() });
    const links = '<nav><a href="/pricing/">Prices</a> <a href="/lamps/">Lamps</a> <a href="/">Home</a></nav>';
    const head = '<script src="/turbo.js"></script>';
    return { body: html(links + hero + bar, '', head), headers: isDocument ? counted(decision) : {} };
  };
  const prepare = (fake) => (fake.facts = { mark: 'mark' });

  test('shows pages that count once each, by edge or tag', async () => {
    const { page, views, seen, shows, settled, errors } = await open('/', { pages: site, prepare });
    for (const [link, hero] of [
      ['Prices', 'Prices'],
      ['Lamps', 'Hello'],
      ['Home', 'Hello'],
    ]) {
      await page.click(`text=${link} >> visible=true`, { force: true });
      await eventually(async () =>
        assert.equal(
          await page.evaluate(() => location.pathname),
          { Prices: '/pricing/', Lamps: '/lamps/', Home: '/' }[link],
        ),
      );
      await shows('page.hero', hero);
      await shows('page.bar', 'Promo');
      await settled();
    }
    // The edge has counted the first one.
    assert.deepEqual(views(), ['/pricing/', '/lamps/', '/']);
    const counts = Object.groupBy(seen(), (one) => one);
    assert.deepEqual(Object.fromEntries(Object.entries(counts).map(([name, all]) => [name, all.length])), {
      'page.hero prices': 1,
      'page.bar promo': 3,
      'page.hero hello': 2,
    });
    await page.goBack();
    await eventually(() => assert.equal(views().length, 4));
    await shows('page.hero', 'Hello');
    assert.deepEqual(await errors(), []);
  });
});

test('tabs of a browser are views of their own', async () => {
  const { context, fake, settled } = await open();
  await settled();
  const other = tab(await context.newPage(), fake);
  await other.page.goto('/pricing/');
  await other.shows('page.hero', 'Prices');
  await other.settled();
  assert.deepEqual(other.views(), ['/', '/pricing/']);
});
