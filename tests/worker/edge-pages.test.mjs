// Pages through the edge: filled and untouched content, and headers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually, page, startEdge, Visitor } from '../support/edge.mjs';

const web = (html, rest = {}) => ({ renditions: [{ channel: 'web', html, ...rest }] });
const service = (slot, message) => ({ class: 'service', slots: { [slot]: message } });
const rules = {
  version: 1,
  slots: {
    'home.hero': { pages: ['/page/**', '/'] },
    'home.second': { pages: ['/page/**'] },
    'by.selector': { pages: ['/selector'], selector: '#promo-bar, .promo[data-x="a,b"]' },
    'data.json': { pages: ['/json'], type: 'json' },
    'ad.hero': { pages: ['/ad'] },
  },
  channels: { web: {} },
  messages: {
    hero: web('<h1>Grüß Gott – 你好 😀</h1>'),
    second: web('<b>second</b>'),
    ad: web('<i>{{ utmCampaign }} {{ gclid }} on a {{ deviceType }} with {{ browser }}</i>'),
    json: { renditions: [{ channel: 'web', json: { text: '</script><!-- \u2028 ü', n: 1 } }] },
  },
  campaigns: {
    hero: service('home.hero', 'hero'),
    second: service('home.second', 'second'),
    selector: service('by.selector', 'second'),
    json: service('data.json', 'json'),
    ad: { ...service('ad.hero', 'ad'), when: { gclid: { $exists: true } } },
  },
  policies: { consent: { default: 'granted', store: 'personalization', measure: 'analytics', service: [] } },
};

const hero = '<section data-tl-slot="home.hero">fallback</section>';
const filled = (html) => html.includes('Gr&#252;&#223; Gott') || html.includes('Grüß Gott');
const headers = {
  'content-type': 'text/html; charset=utf-8',
  etag: '"v1"',
  'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT',
};

/** The responses of the origin, by path: `[status, headers, body]`. */
const site = {
  '/': [
    200,
    {
      ...headers,
      'cache-control': 'public, max-age=600',
      vary: 'Accept-Encoding',
      expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
      'set-cookie': ['a=1; Path=/', 'b=2; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT'],
    },
    page(hero),
  ],
  '/page/twice': [200, headers, page(hero + hero)],
  '/page/nested': [200, headers, page('<div data-tl-slot="home.hero">x<i data-tl-slot="home.second">inner</i></div>')],
  '/page/inert': [
    200,
    headers,
    page(
      `<!-- ${hero} --><template>${hero}</template><svg><g data-tl-slot="home.hero"><text>s</text></g></svg><noscript>${hero}</noscript><math><mi data-tl-slot="home.hero">m</mi></math>`,
    ),
  ],
  '/page/void': [
    200,
    headers,
    page(
      '<img data-tl-slot="home.hero"><script data-tl-slot="home.hero">1</script><textarea data-tl-slot="home.hero">t</textarea>',
    ),
  ],
  '/page/after-inert': [200, headers, page(`<template><p data-tl-slot="other">x</p></template>${hero}`)],
  '/page/xml': [200, { 'content-type': 'application/xhtml+xml' }, page(hero)],
  '/page/text': [200, { 'content-type': 'text/plain' }, page(hero)],
  '/page/json': [200, { 'content-type': 'application/json' }, JSON.stringify({ html: hero })],
  '/page/untyped': [200, {}, page(hero)],
  '/page/download': [200, { ...headers, 'content-disposition': 'attachment; filename=a.html' }, page(hero)],
  '/page/missing': [404, headers, page(hero)],
  '/page/broken': [500, headers, page(hero)],
  '/page/moved': [302, { ...headers, location: '/elsewhere' }, page(hero)],
  '/page/latin1': [200, { 'content-type': 'text/html; charset=iso-8859-1' }, Buffer.from(page(`ä${hero}`), 'latin1')],
  '/page/unlabelled': [200, { 'content-type': 'text/html' }, page(`ä${hero}`)],
  '/page/utf16': [200, { 'content-type': 'text/html; charset=utf-16le' }, Buffer.from(page(hero), 'utf16le')],
  '/page/iso2022': [200, { 'content-type': 'text/html; charset=ISO-2022-JP' }, page(hero)],
  '/page/nonsense': [200, { 'content-type': 'text/html; charset=klingon' }, page(hero)],
  '/page/gzip': [200, { ...headers, 'content-encoding': 'gzip' }, gzipSync(page(hero))],
  '/page/zstd': [200, { ...headers, 'content-encoding': 'zstd' }, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])],
  '/page/no-store': [200, { ...headers, 'cache-control': 'no-store' }, page(hero)],
  '/page/empty': [200, headers, ''],
  '/plain': [200, { ...headers, 'cache-control': 'public, max-age=600', 'set-cookie': ['c=3'] }, page(hero)],
  '/selector': [
    200,
    headers,
    page(
      '<div id="promo-bar">old</div><div class="promo" data-x="a,b">old</div><template><div id="promo-bar">t</div></template>',
    ),
  ],
  '/ad': [200, headers, page('<section data-tl-slot="ad.hero">fallback</section>')],
  '/json': [
    200,
    headers,
    page(
      '<script type="application/json" data-tl-slot="data.json">{}</script><div data-tl-slot="data.json">x</div><script data-tl-slot="data.json">y</script>',
    ),
  ],
};

function origin(request, response) {
  const { pathname } = new URL(request.url, 'http://origin');
  const [status, head, body] = site[pathname] ?? [200, headers, page(hero)];
  if (request.headers['if-none-match'] === head.etag && head.etag)
    return response.writeHead(304, { etag: head.etag }).end();
  if (request.headers.range)
    return response.writeHead(206, { ...head, 'content-range': 'bytes 0-9/99' }).end(Buffer.from(body).subarray(0, 10));
  response.writeHead(status, head).end(request.method === 'HEAD' ? undefined : body);
}

let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

const get = (path, options) => new Visitor(edge).fetch(path, options);

/** Returns the events of a first visit to a page, as `name slot`; there is one message. */
async function recorded(path) {
  const visitor = new Visitor(edge);
  const { text } = await visitor.fetch(path);
  const messages = await eventually(() => {
    const own = edge.messages.filter((message) => message.device?.id === visitor.device);
    assert.equal(own.length, 1);
    return own;
  });
  return { text, events: messages[0].events.map((event) => `${event.event} ${event.properties.slot ?? ''}`.trim()) };
}

describe('filling slots', () => {
  test('a slot in the markup is filled and says so', async () => {
    const { status, text, headers } = await get('/');
    assert.equal(status, 200);
    const decision = /tl;desc="(d-[0-9a-f]+)"/.exec(headers['server-timing'])[1];
    const [, at, mark, content] =
      /data-tl-slot="home.hero" data-tl-state="applied" data-tl-decision="d-[0-9a-f]+" data-tl-at="(\d+)" data-tl-for="([\w-]+)">(.*)<\/section>/.exec(
        text,
      );
    assert.ok(text.includes(`data-tl-decision="${decision}"`), text);
    assert.equal(content, '<h1>Grüß Gott – 你好 😀</h1><tl-fallback hidden>fallback</tl-fallback>');
    assert.ok(Math.abs(Date.now() / 1000 - at) < 60, 'the time of the decision in seconds');
    assert.match(mark, /^[\w-]{12}$/);
  });

  test('the mark of a visitor is a hash of the subject', async () => {
    const visitor = new Visitor(edge);
    const marks = [];
    for (let view = 0; view < 2; view += 1)
      marks.push(/data-tl-for="([\w-]+)"/.exec((await visitor.fetch('/')).text)[1]);
    const hash = createHash('sha256').update(`tl-for\0${visitor.device}`).digest('base64url').slice(0, 12);
    assert.deepEqual(marks, [hash, hash]);
  });

  test('everything around a slot keeps its bytes', async () => {
    const { text } = await get('/');
    assert.equal(text.replace(/<section.*<\/section>/, hero), site['/'][2]);
  });

  test('elements of one name get the same content, and one exposure', async () => {
    const { text, events } = await recorded('/page/twice');
    assert.equal(text.split('<h1>').length, 3);
    assert.deepEqual(events, ['Message Seen home.hero', 'Page Viewed']);
  });

  test('a slot inside a filled slot is a part of its fallback, and is not counted', async () => {
    const { text, events } = await recorded('/page/nested');
    assert.ok(filled(text) && !text.includes('<b>second</b>'), text);
    assert.ok(text.includes('<tl-fallback hidden>x<i data-tl-slot="home.second">inner</i></tl-fallback></div>'), text);
    assert.deepEqual(events, ['Message Seen home.hero', 'Page Viewed']);
  });

  test('comments, templates, drawings, formulas and noscript stay as they are', async () => {
    const { text, events } = await recorded('/page/inert');
    assert.equal(text, site['/page/inert'][2]);
    assert.deepEqual(events, ['Page Viewed']);
  });

  test('a slot after a template is filled', async () => {
    assert.ok(filled((await get('/page/after-inert')).text));
  });

  test('elements that cannot hold markup stay as they are', async () => {
    assert.equal((await get('/page/void')).text, site['/page/void'][2]);
  });

  test('selectors of the rules fill pages without slots', async () => {
    const { text } = await get('/selector');
    assert.equal(text.split('<b>second</b>').length, 3);
    assert.ok(text.includes('<template><div id="promo-bar">t</div></template>'));
  });

  test('JSON goes into data scripts only, and cannot end them', async () => {
    const { text } = await get('/json');
    const [, json] = /<script type="application\/json"[^>]*>(.*?)<\/script>/.exec(text);
    assert.ok(!/[<>&\u2028]/.test(json), json);
    assert.deepEqual(JSON.parse(json), { text: '</script><!-- \u2028 ü', n: 1 });
    assert.ok(text.includes('>x</div>') && text.includes('>y</script>'));
    assert.ok(
      text.includes('</script><script type="application/json" data-tl-fallback="data.json">{}</script><div'),
      text,
    );
  });
});

describe('landing pages', () => {
  const tablet =
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36';
  const of = async (headers) =>
    /<i>(.*?)<\/i>/.exec((await get('/ad?utm_campaign=fr%C3%BChling&gclid=x1', { headers })).text)[1];

  test('campaign, click and class of device are facts', async () => {
    assert.equal(await of({ 'user-agent': tablet }), 'frühling x1 on a tablet with chrome');
  });

  test('client hints count more than the user agent', async () => {
    const hints = { 'sec-ch-ua-mobile': '?1', 'sec-ch-ua-platform': '"Android"' };
    assert.equal(await of({ 'user-agent': tablet, ...hints }), 'frühling x1 on a mobile with chrome');
    const factors = { 'sec-ch-ua-form-factors': '"XR", "Desktop"' };
    assert.equal(await of({ 'user-agent': tablet, ...hints, ...factors }), 'frühling x1 on a desktop with chrome');
  });

  test('without a click the page stays as it is', async () => {
    assert.ok((await get('/ad?utm_campaign=spring')).text.includes('fallback'));
  });
});

describe('encodings', () => {
  test('content comes out right in a page that is not UTF-8', async () => {
    const { bytes } = await get('/page/latin1');
    const text = bytes.toString('latin1');
    assert.ok(text.startsWith('<!doctype html><html><head><title>t</title></head><body>ä<section'), text);
    assert.ok(text.includes('<h1>Gr&#252;&#223; Gott &#8211; &#20320;&#22909; &#128512;</h1>'), text);
  });

  test('content is ASCII where only the page itself knows its encoding', async () => {
    assert.ok((await get('/page/unlabelled')).text.includes('<h1>Gr&#252;&#223;'));
  });

  for (const name of ['utf16', 'iso2022', 'nonsense', 'zstd']) {
    test(`${name} passes untouched`, async () => {
      assert.deepEqual((await get(`/page/${name}`)).bytes, Buffer.from(site[`/page/${name}`][2]));
    });
  }

  test('a compressed page is filled and readable', async () => {
    const { text, headers } = await get('/page/gzip', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(headers['content-encoding'], undefined);
    assert.ok(filled(text) && text.endsWith('</html>'));
  });
});

describe('untouched bytes', () => {
  for (const name of ['xml', 'text', 'json', 'untyped', 'download', 'missing', 'broken', 'moved']) {
    test(`${name}: the origin's bytes, status and headers, and no cookie`, async () => {
      const [status, head, body] = site[`/page/${name}`];
      const answer = await get(`/page/${name}`);
      assert.equal(answer.status, status);
      assert.equal(answer.text, body);
      assert.deepEqual(answer.setCookies, []);
      assert.equal(answer.headers.etag, head.etag);
      assert.equal(answer.headers.location, head.location);
      assert.equal(answer.headers['server-timing'], undefined);
    });
  }

  const unchanged = {
    HEAD: { method: 'HEAD' },
    'a range': { headers: { range: 'bytes=0-9' } },
    'a POST': { method: 'POST', body: 'a=1' },
    'a bot': { headers: { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' } },
    'no user agent': { headers: { 'user-agent': undefined } },
    'a prefetch': { headers: { 'sec-purpose': 'prefetch' } },
    'a prerender': { headers: { 'sec-purpose': 'prefetch;prerender' } },
    'an old prefetch': { headers: { purpose: 'prefetch' } },
    'an image': { headers: { 'sec-fetch-dest': 'image' } },
    'a script that fetches': { headers: { 'sec-fetch-dest': 'empty', accept: '*/*' } },
  };
  for (const [name, options] of Object.entries(unchanged)) {
    test(`${name}: as the origin has it`, async () => {
      const { text, setCookies, headers } = await get('/page/x', options);
      const expected = options.method === 'HEAD' ? '' : options.headers?.range ? page(hero).slice(0, 10) : page(hero);
      assert.equal(text, expected);
      assert.deepEqual(setCookies, []);
      assert.equal(headers.etag, '"v1"');
    });
  }

  test('tl_off turns it off for one request, and the origin does not see it', async () => {
    const { text, setCookies } = await get('/?a=1&tl_off=1&b=2');
    assert.equal(text, site['/'][2]);
    assert.deepEqual(
      setCookies.map((line) => line.split('=')[0]),
      ['a', 'b'],
    );
    assert.equal(edge.seen.at(-1).url, '/?a=1&b=2');
  });

  test('a 304 of a page without slots passes', async () => {
    const { status } = await get('/plain', { headers: { 'if-none-match': '"v1"' } });
    assert.equal(status, 304);
  });

  test('a validator cannot bring back a page whose slots are filled', async () => {
    const { status, text } = await get('/', {
      headers: { 'if-none-match': '"v1"', 'if-modified-since': new Date().toUTCString() },
    });
    assert.equal(status, 200);
    assert.ok(filled(text));
  });

  test('an empty page stays empty', async () => {
    assert.equal((await get('/page/empty')).text, '');
  });
});

describe('headers', () => {
  test('a personal page is for one visitor and has no validators', async () => {
    const { headers } = await get('/');
    assert.equal(headers['cache-control'], 'private, no-cache');
    assert.equal(headers.vary, 'Accept-Encoding, Cookie');
    for (const name of ['etag', 'last-modified', 'expires', 'content-length', 'accept-ranges', 'age'])
      assert.equal(headers[name], undefined, name);
  });

  test('no-store of the origin stays', async () => {
    assert.equal((await get('/page/no-store')).headers['cache-control'], 'private, no-store');
  });

  test('all cookies of the origin survive', async () => {
    const { setCookies } = await get('/');
    assert.deepEqual(setCookies.slice(0, 2), site['/'][1]['set-cookie']);
    assert.ok(setCookies.length > 2);
  });

  test('a page without a slot of the rules stays cacheable', async () => {
    const { headers, setCookies, text } = await get('/plain');
    assert.equal(text, page(hero));
    assert.equal(headers['cache-control'], 'public, max-age=600');
    assert.equal(headers.etag, '"v1"');
    assert.equal(headers.vary, undefined);
    assert.deepEqual(setCookies, ['c=3']);
  });

  test('the origin sees neither our cookies nor our headers, and the rest of the query as it was', async () => {
    const visitor = new Visitor(edge);
    await visitor.fetch('/');
    visitor.cookies.set('cart', 'x=y');
    await visitor.fetch('/page/x?q=a%20b+c&utm_source=%F0&tl_preview=bad', { headers: { 'x-tl-token': 'secret' } });
    const { url, headers } = edge.seen.at(-1);
    assert.equal(url, '/page/x?q=a%20b+c&utm_source=%F0');
    assert.equal(headers.cookie, 'a=1; b=2; cart=x=y');
    assert.equal(headers['x-tl-token'], undefined);
    assert.equal(headers['x-forwarded-host'], new URL(edge.url).host);
  });
});

test('a path that looks like another site stays with the origin', async () => {
  await get('//elsewhere.example/page/x');
  assert.equal(edge.seen.at(-1).url, '//elsewhere.example/page/x');
});

test('bodies go to the origin as they are', async () => {
  let got = '';
  const echo = await startEdge({
    rules,
    published: new Map(),
    origin: async (request, response) => {
      for await (const chunk of request) got += chunk;
      response.end('done');
    },
  });
  try {
    const { text } = await new Visitor(echo).fetch('/form', {
      method: 'POST',
      body: 'a=1&b=2',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(text, 'done');
    assert.equal(got, 'a=1&b=2');
  } finally {
    await echo.stop();
  }
});

test('an origin that points back here is not asked for ever', async () => {
  const loop = await startEdge({
    rules,
    published: new Map(),
    origin: (request, response) => relay(request, response),
  });
  // The origin sends every request to the edge again.
  async function relay(request, response) {
    const { status, text } = await new Visitor(loop).fetch(request.url, { headers: request.headers });
    response.writeHead(status).end(text);
  }
  try {
    const { status, text } = await new Visitor(loop).fetch('/');
    assert.equal(status, 508);
    assert.match(text, /loop/);
  } finally {
    await loop.stop();
  }
});

test('an origin that cannot be reached is a bad gateway', async () => {
  const lonely = await startEdge({ rules, published: new Map(), vars: { ORIGIN: 'http://127.0.0.1:1' } });
  try {
    assert.equal((await new Visitor(lonely).fetch('/')).status, 502);
  } finally {
    await lonely.stop();
  }
});
