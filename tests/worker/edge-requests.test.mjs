// What passes between visitor and origin: a limit or an address of the edge takes nothing that is the site's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { credential, mintPreview, mintToken, newAlias, page, startEdge, ID, TOKEN, Visitor } from '../support/edge.mjs';

const rules = {
  version: 1,
  attributes: { firstName: { type: 'string', edge: true } },
  slots: { hero: { pages: ['/'] }, ad: { pages: ['/ad'] } },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: "<h1>Hello {{ firstName | default: 'you' }}</h1>" }] },
    ad: { renditions: [{ channel: 'web', html: '<i>{{ utmCampaign }} {{ gclid }}</i>' }] },
  },
  campaigns: {
    hero: { class: 'service', slots: { hero: 'hero' } },
    ad: { class: 'service', when: { gclid: { $exists: true } }, slots: { ad: 'ad' } },
  },
  policies: { consent: { default: 'granted', service: [] } },
};
const html = page('<div data-tl-slot="hero">fallback</div><div data-tl-slot="ad">fallback</div>');

function origin(request, response) {
  if (request.url === '/echo') return response.end(JSON.stringify(request.headers));
  if (request.url.startsWith('/.well-known/') || request.url.startsWith('/ofrep/'))
    return response.writeHead(200, { 'content-type': 'application/json' }).end('{"of":"the site"}');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
}

let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

const hello = ({ text }) => /Hello (\w+)/.exec(text)?.[1];
const ann = () => mintToken(edge.keys, { facts: { traits: { firstName: ['Ann', 1, 1] } } });
/** Returns the headers of a request as the origin gets them. */
const echo = async (headers, options) => (await new Visitor(edge).fetch('/echo', { headers, ...options })).json();

describe('cookies', () => {
  /** Returns cookies of a site with this length. */
  const many = (bytes) => {
    const pairs = Array.from({ length: Math.ceil(bytes / 1000) }, (_, n) => `c${n}=${'x'.repeat(994)}`);
    return pairs.join('; ').slice(0, bytes);
  };

  for (const bytes of [100, 16_300, 16_500, 30_000, 55_000]) {
    for (const method of ['GET', 'POST']) {
      test(`${bytes} bytes of the site reach its ${method}, and none of ours`, async () => {
        const cookies = many(bytes);
        const cookie = `PHPSESSID=first; ${ID}=x; ${cookies}; ${TOKEN}=y; tl_consent=z; last=1`;
        assert.equal((await echo({ cookie }, { method })).cookie, `PHPSESSID=first; ${cookies}; last=1`);
      });
    }
  }

  test('ours are found before, between and behind many others', async () => {
    const own = `${TOKEN}=${ann()}`;
    for (const cookie of [
      `${own}; ${many(40_000)}`,
      `${many(20_000)}; ${own}; ${many(20_000)}`,
      `${many(40_000)}; ${own}`,
    ])
      assert.equal(hello(await new Visitor(edge).fetch('/', { headers: { cookie } })), 'Ann');
  });

  test('of ours are read a few of one name, and the right one is among them', async () => {
    const wrong = Array.from({ length: 7 }, () => `${TOKEN}=wrong`);
    const shown = (pairs) => new Visitor(edge).fetch('/', { headers: { cookie: pairs.join('; ') } });
    assert.equal(hello(await shown([...wrong, `${TOKEN}=${ann()}`])), 'Ann');
    assert.equal(hello(await shown([...wrong, ...wrong, `${TOKEN}=${ann()}`])), 'you');
  });

  test('whose names only look like ours are the site’s', async () => {
    const cookie = 'tlid=1; atl_id=2; __Host-session=3; TL_ID=4; flag';
    assert.equal((await echo({ cookie })).cookie, cookie);
  });
});

describe('Authorization', () => {
  const encode = (header) => Buffer.from(JSON.stringify(header)).toString('base64url');
  const site = {
    'basic credentials': 'Basic c3RhZ2luZzpwYXNz',
    'an opaque token': 'Bearer 5f2b9c',
    'a token of the site': `Bearer ${encode({ alg: 'RS256', typ: 'JWT' })}.e30.c2ln`,
    'a token whose type only looks like ours': `Bearer ${encode({ typ: 'at+jwt' })}.e30.c2ln`,
    'a token that is no JSON': 'Bearer eyJhbGciOi.e30.c2ln',
    'another scheme': 'DPoP eyJ0eXAiOiJ0bCtqd3QifQ.e30.c2ln',
  };
  for (const [name, authorization] of Object.entries(site)) {
    test(`${name} passes`, async () => assert.equal((await echo({ authorization })).authorization, authorization));
  }

  test('of ours does not', async () => {
    for (const token of [mintToken(edge.keys), mintPreview(edge.keys), `${encode({ typ: 'tl-handover+jwt' })}.e30.x`])
      for (const scheme of ['Bearer', 'bearer'])
        assert.equal((await echo({ authorization: `${scheme} ${token}` })).authorization, undefined);
  });
});

describe('the query', () => {
  const long = 'x'.repeat(6000);

  test('is seen by the rules to its end', async () => {
    const { text } = await new Visitor(edge).fetch(`/ad?filter=${long}&utm_campaign=spring&gclid=g1`);
    assert.match(text, /<i>spring g1<\/i>/);
    assert.equal(edge.seen.at(-1).url, `/ad?filter=${long}&utm_campaign=spring&gclid=g1`);
  });

  test('that is longer than any platform accepts does no harm', async () => {
    const { status, text } = await new Visitor(edge).fetch(`/ad?gclid=g2&filter=${long.repeat(6)}`);
    assert.deepEqual([status, /<i>(.*?)<\/i>/.exec(text)?.[1].trim()], [200, 'g2']);
  });
});

describe('addresses of standards', () => {
  const paths = ['/.well-known/jwks.json', '/ofrep/v1/evaluate/flags'];
  const answers = async (vars) => {
    const other = await startEdge({ rules, origin, keys: edge.keys, published: edge.published, vars });
    try {
      const [jwks, flags] = [
        await new Visitor(other).fetch(paths[0]),
        await new Visitor(other).post(paths[1], { context: { targetingKey: 'u' } }),
      ];
      const { problems } = (await new Visitor(other).fetch('/_tl/health')).json();
      return { jwks: jwks.json(), flags: flags.json(), problems };
    } finally {
      await other.stop();
    }
  };

  test('the keys there are the site’s, and ours are under the prefix', async () => {
    assert.deepEqual((await new Visitor(edge).fetch(paths[0])).json(), { of: 'the site' });
    const { json, headers } = await new Visitor(edge).fetch('/_tl/jwks.json');
    assert.deepEqual([json().keys.length, headers['content-type']], [1, 'application/jwk-set+json']);
  });

  test('settings change whose they are', async () => {
    const { jwks, flags, problems } = await answers({ JWKS: 'on', OFREP: 'off' });
    assert.deepEqual([jwks.keys.length, flags, problems], [1, { of: 'the site' }, []]);
  });

  test('a setting that is neither on nor off is reported', async () => {
    const { jwks, flags, problems } = await answers({ JWKS: 'yes', OFREP: 'no' });
    assert.deepEqual([jwks, flags.flags], [{ of: 'the site' }, []]);
    assert.deepEqual(problems, [
      '`JWKS` is invalid, expected `on` or `off`; `off` is used; its value is in the log',
      '`OFREP` is invalid, expected `on` or `off`; `on` is used; its value is in the log',
    ]);
  });
});

describe('Via', () => {
  test('has one entry of ours, which a client cannot feign', async () => {
    const { via } = await echo({ via: '1.1 proxy.example' });
    const [proxy, ours] = via.split(', ');
    assert.equal(proxy, '1.1 proxy.example');
    assert.match(ours, /^1\.1 throughline-[\w-]{16}$/);
    const { host } = new URL(edge.url);
    for (const feigned of [`1.1 throughline-${host}`, '1.1 throughline', `1.1 throughline-${'A'.repeat(16)}`])
      assert.equal((await echo({ via: feigned })).via, `${feigned}, ${ours}`);
  });
});

test('the device that a client names does not reach the origin', async () => {
  assert.equal((await echo({ 'x-tl-device': newAlias() }))['x-tl-device'], undefined);
  const alias = newAlias();
  const cookie = `${ID}=${credential(edge.keys, alias)}`;
  assert.equal((await echo({ cookie }))['x-tl-device'], alias);
});

test('health shows no values of settings, and the log does', async () => {
  const vars = {
    PREFIX: 'secret-a',
    PUBLIC_ORIGIN: 'secret-b',
    ALLOWED_ORIGINS: 'secret-c',
    COOKIE_DOMAIN: 'secret-d!',
    GPC_SINCE: 'secret-e',
    REFRESH: 'secret-f',
    FRESH_WAIT: 'secret-g',
    LIVE: 'secret-h',
    ORIGIN: 'secret-i',
  };
  const other = await startEdge({ rules, keys: edge.keys, published: edge.published, vars });
  try {
    const { text, json } = await new Visitor(other).fetch('/_tl/health');
    assert.ok(!text.includes('secret-'), text);
    for (const name of Object.keys(vars)) {
      assert.ok(
        json().problems.some((problem) => problem.startsWith(`\`${name}\` is invalid, expected `)),
        name,
      );
      assert.ok(other.logs.join('').includes(`\`${name}\` is \`${vars[name]}\``), name);
    }
  } finally {
    await other.stop();
  }
});

describe('Accept-Encoding', () => {
  const asked = async (path, accepted) => {
    await new Visitor(edge).fetch(path, { headers: { 'accept-encoding': accepted } });
    return edge.seen.at(-1).headers['accept-encoding'];
  };

  test('of a page that is filled names only what the edge can read', async () => {
    assert.equal(await asked('/', 'gzip, deflate, br, zstd'), 'gzip, br');
    assert.equal(await asked('/', 'GZIP;q=1.0, br;q=0'), 'gzip');
    assert.equal(await asked('/', 'zstd'), 'identity');
  });

  test('of everything else passes', async () => {
    assert.equal(await asked('/plain.css', 'gzip, deflate, br, zstd'), 'gzip, deflate, br, zstd');
  });
});
