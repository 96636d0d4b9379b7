// The address of the site: what the origin, the rules and the checks of senders take it for, behind proxies as well.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, ID, page, serve, startEdge, Visitor } from '../support/edge.mjs';

const rules = {
  version: 1,
  slots: { hero: { pages: ['/'], public: true } },
  channels: { web: {} },
  messages: { hero: { renditions: [{ channel: 'web', html: '<i>{{ url }} on {{ host }}</i>' }] } },
  campaigns: { hero: { class: 'service', slots: { hero: 'hero' } } },
  policies: { consent: { default: 'granted', service: [] } },
};
const html = page('<div data-tl-slot="hero">fallback</div>');

/** The headers of the origin's responses, by path; `ORIGIN` stands for its address, and `HOST` for its host and port. */
const answers = {
  '/absolute': { location: 'ORIGIN/new?a=1#b' },
  '/scheme': { location: '//HOST/new' },
  '/root': { location: 'ORIGIN' },
  '/port': { location: 'http://HOST1/new' },
  '/relative': { location: '/new' },
  '/foreign': { location: 'https://pay.example/?back=ORIGIN/done' },
  '/lookalike': { location: 'ORIGIN.evil.example/new' },
  '/upgrade': { location: 'https://HOST/upgrade' },
  '/upgrade-elsewhere': { location: 'https://HOST/login' },
  '/again': { location: 'ORIGIN/again' },
  '/headers': {
    'content-location': 'ORIGIN/headers.de',
    refresh: '5; url=ORIGIN/next',
    link: '<ORIGIN/a.css>; rel=preload; as=style, </b.css>; rel=preload, <https://cdn.example/?u=ORIGIN/c>; rel=x',
  },
  '/refresh': { refresh: '0;URL="ORIGIN/next"' },
  '/cookies': {
    'set-cookie': [
      'a=1; Path=/; Domain=HOSTNAME; Secure',
      'b=2; domain=.HOSTNAME',
      'c=3; Domain=other.example',
      'd=Domain=HOSTNAME',
    ],
  },
};

let edge, source;
function origin(request, response) {
  const { pathname } = new URL(request.url, 'http://origin');
  const host = request.headers.host;
  const named = (text) =>
    text.replaceAll('ORIGIN', `http://${host}`).replaceAll('HOSTNAME', host.split(':')[0]).replaceAll('HOST', host);
  const found = Object.entries(answers[pathname] ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(named) : named(value),
  ]);
  const status = found.some(([name]) => name === 'location') ? 302 : 200;
  source = `http://${host}`;
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...Object.fromEntries(found) }).end(html);
}
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

/** Runs with another edge for the same rules. */
async function withEdge(vars, run) {
  const other = await startEdge({ rules, origin, keys: edge.keys, published: edge.published, vars });
  try {
    await run(other);
  } finally {
    await other.stop();
  }
}

describe('an origin that names itself', () => {
  const at = async (path, options) => {
    const { headers } = await new Visitor(edge).fetch(path, options);
    return headers;
  };

  test('in a redirect: people stay on the site', async () => {
    assert.equal((await at('/absolute')).location, `${edge.url}/new?a=1#b`);
    assert.equal((await at('/scheme')).location, `${edge.url}/new`);
    assert.equal((await at('/root')).location, edge.url);
    assert.equal((await at('/upgrade-elsewhere')).location, `${edge.url}/login`);
    const form = { method: 'POST', body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    assert.equal((await at('/again', form)).location, `${edge.url}/again`);
  });

  test('other redirects stay as they are', async () => {
    assert.equal((await at('/relative')).location, '/new');
    assert.equal((await at('/foreign')).location, `https://pay.example/?back=${source}/done`);
    assert.equal((await at('/lookalike')).location, `${source}.evil.example/new`);
    assert.equal((await at('/port')).location, `${source}1/new`);
  });

  test('one to TLS on the same page does not become a loop', async () => {
    assert.equal((await at('/upgrade')).location, `${source.replace('http:', 'https:')}/upgrade`);
  });

  test('in other headers', async () => {
    const headers = await at('/headers');
    assert.equal(headers['content-location'], `${edge.url}/headers.de`);
    assert.equal(headers.refresh, `5; url=${edge.url}/next`);
    assert.equal(
      headers.link,
      `<${edge.url}/a.css>; rel=preload; as=style, </b.css>; rel=preload, <https://cdn.example/?u=${source}/c>; rel=x`,
    );
    assert.equal((await at('/refresh')).refresh, `0;URL="${edge.url}/next"`);
  });

  test('in the domain of a cookie: the cookie is the site’s', async () => {
    assert.deepEqual((await at('/cookies', { headers: { host: 'shop.example' } }))['set-cookie'], [
      'a=1; Path=/; Secure',
      'b=2',
      'c=3; Domain=other.example',
      'd=Domain=127.0.0.1',
    ]);
  });

  test('a page that is filled keeps the names changed', async () => {
    answers['/'] = { link: '<ORIGIN/a.css>; rel=preload' };
    const { headers, text } = await new Visitor(edge).fetch('/');
    delete answers['/'];
    assert.match(text, /<i>/);
    assert.equal(headers.link, `<${edge.url}/a.css>; rel=preload`);
  });

  test('with a path in front: the path is not part of the site’s', async () => {
    const server = await serve((request, response) => {
      const base = `http://${request.headers.host}`;
      response.writeHead(302, { location: `${base}/shop/new`, 'content-location': `${base}/shopping` }).end();
    });
    try {
      await withEdge({ ORIGIN: `${server.url}/shop/` }, async (other) => {
        const { headers } = await new Visitor(other).fetch('/old');
        assert.equal(headers.location, `${other.url}/new`);
        assert.equal(headers['content-location'], `${server.url}/shopping`);
      });
    } finally {
      server.close();
    }
  });
});

describe('TLS that ends in front of the worker', () => {
  const proxied = { host: 'shop.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' };
  const behind = (at = edge) => new Visitor(at, { headers: proxied });
  const own = { origin: 'https://shop.example' };

  test('the origin is told of it, so it does not redirect for ever', async () => {
    await behind().fetch('/plain');
    const { headers } = edge.seen.at(-1);
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers['x-forwarded-host'], 'shop.example');
    assert.match(headers['x-forwarded-for'], /192\.0\.2\.7/);
  });

  test('rules see the address of the visitor', async () => {
    assert.match((await behind().fetch('/?a=1')).text, /<i>https:\/\/shop\.example\/\?a=1 on shop\.example<\/i>/);
  });

  test('events, decisions, features and signing out are of the same site', async () => {
    for (const path of ['/_tl/decide', '/_tl/events', '/ofrep/v1/evaluate/flags']) {
      const { status } = await behind().post(path, { batch: [], context: { targetingKey: 'u' } }, { headers: own });
      assert.equal(status, 200, path);
    }
    const out = await behind().fetch('/_tl/token', { method: 'DELETE', headers: own });
    assert.equal(out.status, 200);
    assert.equal(out.headers['access-control-allow-origin'], own.origin);
  });

  test('a proxy that says nothing of it: the browser’s word counts, and only that', async () => {
    const sender = (site) => ({
      headers: { ...own, host: 'shop.example', ...(site && { 'sec-fetch-site': site }) },
    });
    const decide = async (site) => (await new Visitor(edge).post('/_tl/decide', {}, sender(site))).status;
    assert.deepEqual(
      [await decide('same-origin'), await decide('same-site'), await decide('cross-site'), await decide()],
      [200, 403, 403, 403],
    );
  });

  test('health counts the senders that were refused', async () => {
    await withEdge({}, async (other) => {
      const count = async () => (await new Visitor(other).fetch('/_tl/health')).json().refusedSenders;
      assert.equal(await count(), 0);
      for (let n = 0; n < 3; n++)
        await new Visitor(other).post('/_tl/events', {}, { headers: { origin: 'https://evil.example' } });
      assert.equal(await count(), 3);
    });
  });

  test('nobody takes TLS away from a request that has it', async () => {
    const plain = new Visitor(edge, { headers: { 'x-forwarded-proto': 'http' } });
    await plain.fetch('/plain');
    assert.equal(edge.seen.at(-1).headers['x-forwarded-proto'], 'http');
    const list = new Visitor(edge, { headers: { 'x-forwarded-proto': 'http, https' } });
    await list.fetch('/plain');
    assert.equal(edge.seen.at(-1).headers['x-forwarded-proto'], 'http', 'the first entry is the visitor’s');
  });

  test('the host that a client names for the origin is not passed on', async () => {
    await new Visitor(edge, { headers: { 'x-forwarded-host': 'evil.example' } }).fetch('/plain');
    assert.equal(edge.seen.at(-1).headers['x-forwarded-host'], new URL(edge.url).host);
  });
});

describe('PUBLIC_ORIGIN', () => {
  const internal = { host: 'edge.internal:8080' };

  test('is scheme and host of everything', async () => {
    await withEdge({ PUBLIC_ORIGIN: 'https://Shop.Example:443/' }, async (other) => {
      const someone = new Visitor(other, { headers: internal });
      const { text, setCookies } = await someone.fetch('/?a=1');
      assert.match(text, /<i>https:\/\/shop\.example\/\?a=1 on shop\.example<\/i>/);
      assert.ok(setCookies.some((line) => line.startsWith(`${ID}=`) && line.includes('; Secure')));
      const { headers } = other.seen.at(-1);
      assert.deepEqual([headers['x-forwarded-host'], headers['x-forwarded-proto']], ['shop.example', 'https']);
      assert.equal((await someone.fetch('/absolute')).headers.location, 'https://shop.example/new?a=1#b');
      const { message } = await eventually(() => {
        const [message] = other.messages;
        assert.ok(message);
        return { message };
      });
      const view = message.events.find(({ event }) => event === 'Page Viewed');
      assert.equal(view.properties.url, 'https://shop.example/');
      for (const [origin, status] of [
        ['https://shop.example', 200],
        ['http://edge.internal:8080', 403],
        ['http://shop.example', 403],
      ])
        assert.equal((await someone.post('/_tl/decide', {}, { headers: { origin } })).status, status, origin);
    });
  });

  test('beats what a client says', async () => {
    await withEdge({ PUBLIC_ORIGIN: 'https://shop.example' }, async (other) => {
      const forged = { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' };
      await new Visitor(other, { headers: forged }).fetch('/plain');
      const { headers } = other.seen.at(-1);
      assert.deepEqual([headers['x-forwarded-host'], headers['x-forwarded-proto']], ['shop.example', 'https']);
    });
  });

  test('without TLS: cookies that browsers keep there', async () => {
    await withEdge({ PUBLIC_ORIGIN: 'http://localhost:8787' }, async (other) => {
      const someone = new Visitor(other);
      const { setCookies } = await someone.fetch('/');
      assert.deepEqual(
        setCookies.map((line) => line.split('=')[0]),
        ['tl_id', 'tl_session'],
      );
      assert.ok(!setCookies.join().includes('Secure'));
      const id = someone.cookies.get('tl_id');
      const { json } = await someone.fetch('/_tl/token');
      assert.equal(json().device, id.split('.')[0]);
      assert.equal(someone.cookies.get('tl_id'), id);
      const { setCookies: gone } = await someone.fetch('/_tl/token', { method: 'DELETE' });
      assert.deepEqual([...someone.cookies.keys()], [], gone.join('\n'));
    });
  });

  for (const wrong of ['shop.example', 'https://', 'https://shop.example/path', 'ftp://shop.example', 'https://a@b']) {
    test(`\`${wrong}\` is reported and ignored`, async () => {
      await withEdge({ PUBLIC_ORIGIN: wrong }, async (other) => {
        assert.match((await new Visitor(other).fetch('/')).text, new RegExp(`<i>${other.url}/ on`));
        const { problems } = (await new Visitor(other).fetch('/_tl/health')).json();
        assert.match(problems.join(), /`PUBLIC_ORIGIN` is invalid/);
      });
    });
  }
});

describe('preflights', () => {
  const preflight = (path, origin, asked) =>
    new Visitor(edge).fetch(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    });
  const tracers = 'baggage,content-type,sentry-trace,traceparent,tracestate,x-datadog-trace-id';

  test('allow the headers that tracers add, where the origin is allowed', async () => {
    for (const path of ['/_tl/events', '/_tl/decide', '/_tl/token', '/ofrep/v1/evaluate/flags/x']) {
      const { headers, status } = await preflight(path, edge.url, tracers);
      assert.deepEqual([status, headers['access-control-allow-headers']], [204, tracers], path);
      assert.equal(headers['access-control-allow-origin'], edge.url);
      const foreign = await preflight(path, 'https://evil.example', tracers);
      assert.equal(foreign.headers['access-control-allow-origin'], undefined, path);
    }
    const plan = await preflight('/_tl/plan', 'https://anywhere.example', tracers);
    assert.equal(plan.headers['access-control-allow-origin'], '*');
    assert.equal(plan.headers['access-control-allow-headers'], tracers);
  });

  test('name the usual headers where nothing can be reflected', async () => {
    for (const asked of [undefined, 'a b;c', `x${'-x'.repeat(2000)}`]) {
      const { headers } = await preflight('/_tl/events', edge.url, asked);
      assert.match(headers['access-control-allow-headers'], /^authorization, content-type, /);
    }
  });
});
