// Page views: only pages that a person opens are counted at the edge. Pages that scripts fetch are filled, and counted by the
// tag when they are shown.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  BROWSER,
  credential,
  eventually,
  ID,
  mintToken,
  newAlias,
  newId,
  PAGE,
  page,
  SESSION,
  startEdge,
  TOKEN,
  Visitor,
} from '../support/edge.mjs';

const rules = {
  version: 1,
  slots: { hero: { pages: ['/'] }, third: { pages: ['/third'] } },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: '<b>hero</b>' }] },
    third: { renditions: [{ channel: 'web', html: '<b>third</b>' }] },
  },
  campaigns: {
    hero: { class: 'promo', caps: [{ max: 2, per: 'total' }], slots: { hero: 'hero' } },
    third: {
      class: 'service',
      when: { $event: { name: 'Page Viewed', where: { path: '/third' }, count: { $gte: 3 } } },
      slots: { third: 'third' },
    },
  },
  policies: { consent: { default: 'granted', service: [] } },
};
const html = page('<div data-tl-slot="hero">fallback</div><div data-tl-slot="third">fallback</div>');
const origin = (_request, response) =>
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, max-age=60', etag: '"1"' })
    .end(html);

let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

const opened = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: PAGE };
const unmarked = { accept: undefined };

/** Returns a visitor whose browser is known by a credential, with other headers. */
function known(headers = {}) {
  const visitor = new Visitor(edge, { headers });
  visitor.cookies.set(ID, credential(edge.keys, newAlias()));
  return visitor;
}
const isFilled = ({ text }) => text.includes('<b>');
const messagesOf = ({ device }) => edge.messages.filter((message) => message.device?.id === device);

/** Checks that requests are filled but not counted, although a page that the visitor opens afterwards is. */
async function assertUncounted(headers) {
  const someone = known();
  for (let view = 0; view < 3; view++) {
    const answer = await someone.fetch('/', { headers });
    assert.ok(isFilled(answer), 'the cap does not count');
    assert.ok(!answer.setCookies.some((line) => line.startsWith(TOKEN)), 'the token stays');
    assert.ok(!/tl;desc/.test(answer.headers['server-timing']), 'the tag may count it');
    assert.match(answer.headers['server-timing'], /^tl-plan;desc="/);
    assert.equal(answer.headers['cache-control'], 'private, no-cache');
  }
  await assertOneView(someone);
}

/** Opens a page, and checks that it is the only one that was counted. */
async function assertOneView(someone) {
  await someone.fetch('/', { headers: opened });
  const [message, ...more] = await eventually(() => {
    assert.ok(messagesOf(someone).length > 0);
    return messagesOf(someone);
  });
  assert.deepEqual([message.events.map(({ event }) => event).sort(), more], [['Message Seen', 'Page Viewed'], []]);
  assert.equal(someone.token.tl.exposures['campaign:hero'].length, 1);
}

describe('a page that a person opens', () => {
  const persons = {
    'in a browser of today': opened,
    'by a form': { ...opened, 'sec-fetch-site': 'same-origin', 'sec-fetch-user': '?1' },
    'with a script’s Accept': { ...opened, accept: '*/*' },
    'without TLS, or in an old browser': { accept: PAGE },
    'in Chromium 76': { accept: PAGE, 'sec-fetch-mode': 'navigate' },
    'in a browser that asks for HTML alone': { accept: 'Text/HTML' },
    'in Safari 16': { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' },
  };
  for (const [name, headers] of Object.entries(persons)) {
    test(`${name} is counted`, async () => {
      const someone = known(headers);
      const seen = [];
      for (let view = 0; view < 3; view++) seen.push(isFilled(await someone.fetch('/')));
      assert.deepEqual(seen, [true, true, false]);
      assert.equal(someone.token.tl.exposures['campaign:hero'].length, 2);
    });
  }

  test('is told to the tag with its plan', async () => {
    const { headers } = await known(opened).fetch('/');
    const { public: id } = JSON.parse(edge.published.get('plan:current'));
    assert.match(headers['server-timing'], new RegExp(`^tl;desc="d-[0-9a-f]+", tl-plan;desc="${id}"$`));
  });

  test('and counted by the rules alone is counted, too', async () => {
    const someone = known(opened);
    assert.deepEqual(
      [
        await someone.fetch('/third'),
        await someone.fetch('/third'),
        await someone.fetch('/third'),
        await someone.fetch('/third'),
      ].map(isFilled),
      [false, false, true, true],
    );
  });
});

describe('a page that nobody opens is filled and not counted', () => {
  const script = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
  const turbo = 'text/html, application/xhtml+xml';
  const others = {
    'by Turbo': { ...script, accept: turbo },
    'by Turbo in an old browser': { accept: turbo, 'x-turbo-request-id': '5b1e' },
    'a frame of Turbo in an old browser': { accept: turbo, 'turbo-frame': 'cart' },
    'by Turbolinks': { accept: turbo, 'turbolinks-referrer': 'https://shop.example/' },
    'by htmx in an old browser': { accept: 'text/html, */*', 'hx-request': 'true' },
    'by a script that fetches in advance': { ...script, accept: 'text/html' },
    'by jQuery': { accept: 'text/html, */*; q=0.01', 'x-requested-with': 'XMLHttpRequest' },
    'by an old XMLHttpRequest': { accept: '*/*' },
    'in a frame': { ...opened, 'sec-fetch-dest': 'iframe' },
    'in a frame of a frameset': { ...opened, 'sec-fetch-dest': 'frame' },
    'in a frame of Chromium 76': { accept: PAGE, 'sec-fetch-mode': 'nested-navigate' },
    'by a program like Node': { accept: '*/*', 'sec-fetch-mode': 'cors' },
    'by a program that says nothing': unmarked,
    'by a program that takes JSON first': { accept: 'application/json, text/html' },
  };
  for (const [name, headers] of Object.entries(others)) test(name, () => assertUncounted(headers));

  test('and makes no visitor of a client without cookies', async () => {
    const referer = `https://elsewhere.example/${newId()}`;
    for (const headers of [{ accept: '*/*' }, { ...script, accept: 'text/html' }]) {
      const answer = await new Visitor(edge, { headers: { ...headers, referer } }).fetch('/');
      assert.ok(isFilled(answer));
      assert.deepEqual(answer.setCookies, []);
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.ok(!JSON.stringify(edge.messages).includes(referer));
  });

  test('and keeps the session of a visitor who is known', async () => {
    const someone = known();
    const { setCookies } = await someone.fetch('/', { headers: { ...script, accept: 'text/html' } });
    assert.deepEqual(setCookies.map((line) => line.split('=')[0]).sort(), [ID, SESSION]);
  });

  test('and stays as it is where the rules only count it', async () => {
    const { text, headers, setCookies } = await known(script).fetch('/third', { headers: { accept: 'text/html' } });
    assert.deepEqual([text, headers['cache-control'], headers.etag], [html, 'public, max-age=60', '"1"']);
    assert.deepEqual(setCookies, []);
  });
});

describe('a page that may never be seen is left alone', () => {
  const advance = {
    'Chromium’s prefetch': { ...opened, 'sec-purpose': 'prefetch' },
    'Chromium’s prerender': { ...opened, 'sec-purpose': 'prefetch;prerender' },
    'a prefetch through a proxy': { ...opened, 'sec-purpose': 'prefetch;anonymous-client-ip' },
    'Turbo’s prefetch': { 'sec-fetch-dest': 'empty', accept: 'text/html', 'x-sec-purpose': 'prefetch' },
    'an old prefetch': { accept: PAGE, purpose: 'prefetch' },
    'a preview of Safari': { accept: PAGE, 'x-purpose': 'preview' },
    'Firefox’s prefetch': { accept: PAGE, 'x-moz': 'Prefetch' },
  };
  for (const [name, headers] of Object.entries(advance)) {
    test(name, async () => {
      const someone = known();
      const answer = await someone.fetch('/', { headers });
      assert.deepEqual([answer.text, answer.setCookies, answer.headers.etag], [html, [], '"1"']);
      assert.equal(answer.headers['cache-control'], 'public, max-age=60');
      await assertOneView(someone);
    });
  }
});

describe('the page of a person who is signed in', () => {
  test('is kept nowhere, that of a device is revalidated', async () => {
    const of = async (claims) => {
      const someone = known(opened);
      someone.cookies.set(TOKEN, mintToken(edge.keys, claims(someone.device)));
      return (await someone.fetch('/')).headers['cache-control'];
    };
    assert.equal(await of(() => ({ sub: 'p-1' })), 'private, no-store');
    assert.equal(await of((device) => ({ sub: device })), 'private, no-cache');
    assert.equal(await of(() => ({ sub: 'p-1', age: 7200, ttl: 3600 })), 'private, no-cache');
  });
});

describe('GET token', () => {
  /** The mark of a subject, as the documentation describes it. */
  const markOf = async (subject) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`tl-for\0${subject}`));
    return Buffer.from(digest).toString('base64url').slice(0, 12);
  };

  test('answers the mark of the visitor, the time of the edge, and whether it is a bot', async () => {
    const someone = known();
    const before = Date.now();
    const { json } = await someone.fetch('/_tl/token');
    const { mark, now, isBot, subject } = json();
    assert.equal(mark, await markOf(subject));
    assert.ok(now >= before && now <= Date.now(), `${now}`);
    assert.equal(isBot, false);
    const bot = { 'user-agent': `${BROWSER} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)` };
    assert.equal((await new Visitor(edge, { headers: bot }).fetch('/_tl/token')).json().isBot, true);
  });

  test('answers the mark of the person once there is one', async () => {
    const someone = known();
    someone.cookies.set(TOKEN, mintToken(edge.keys, { sub: 'p-ö' }));
    assert.equal((await someone.fetch('/_tl/token')).json().mark, await markOf('p-ö'));
  });
});
