// Who speaks: what the edge tells the collector, the origin and the browser of devices and persons.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  credential,
  deviceMac,
  eventually,
  ID,
  mintPreview,
  mintToken,
  newAlias,
  newId,
  newKeys,
  page,
  SESSION,
  startEdge,
  TOKEN,
  Visitor,
} from '../support/edge.mjs';

const rules = {
  version: 1,
  attributes: { firstName: { type: 'string', edge: true, client: true } },
  slots: { hero: { pages: ['/'], public: true } },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: "<h1>Hello {{ firstName | default: 'you' }}</h1>" }] },
  },
  campaigns: { hero: { class: 'service', slots: { hero: 'hero' } } },
  policies: { consent: { default: 'granted', store: 'personalization', measure: 'analytics' } },
};
const html = page('<div data-tl-slot="hero">fallback</div>');
const origin = (_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);

let edge;
before(async () => (edge = await startEdge({ rules, origin, vars: { FRESH: 'off' } })));
after(() => edge.stop());
afterEach(() => {
  edge.collector.answer = () => Response.json({ results: {} });
  edge.posts.length = 0;
});

const ann = { traits: { firstName: ['Ann', 1, 1] } };
const call = (change = {}) => ({ type: 'track', event: 'Product Added', messageId: newId(), ...change });
const ticket = (alias, keys = edge.keys) => `${alias}.${deviceMac(keys, 'owner', alias)}`;
function known({ token, alias = newAlias(), at = edge } = {}) {
  const visitor = new Visitor(at);
  visitor.cookies.set(ID, credential(edge.keys, alias));
  if (token) visitor.cookies.set(TOKEN, token);
  return visitor;
}
/** Sends events, and returns the answer's JSON and the message of the collector. */
async function send(visitor, batch, options) {
  edge.posts.length = 0;
  const { json } = await visitor.post('/_tl/events', { batch }, options);
  return { ...json(), messages: edge.posts.map(({ body }) => body) };
}

describe('a message', () => {
  test('names the device, whether its credential was shown, and the id that it could take', async () => {
    const someone = known();
    const { messages } = await send(someone, [call()]);
    const [{ device, proof }] = messages;
    assert.deepEqual([device.id, device.signed, proof], [someone.device, true, undefined]);
    assert.match(device.next, /^v[0-9a-f]{32}$/);
    const alias = newAlias();
    const unsigned = await send(new Visitor(edge), [call()], { headers: { 'x-tl-device': alias } });
    assert.deepEqual(unsigned.messages[0].device, { id: alias, signed: false });
  });

  test('has the proof of a token of the collector in force, and of no other', async () => {
    const proof = async (token) => (await send(known({ token }), [call()])).messages[0].proof;
    const exp = Math.floor(Date.now() / 1000) + 600;
    assert.deepEqual(await proof(mintToken(edge.keys, { sub: 'p-1', ver: 4, exp })), { sub: 'p-1', ver: 4, exp });
    assert.equal(await proof(mintToken(edge.keys, { sub: 'p-1', ttl: 60, age: 600 })), undefined);
    assert.equal(await proof(mintToken(edge.keys, { sub: 'p-1', ver: 0 })), undefined);
    assert.equal(await proof(mintToken(edge.keys, { sub: 'p-1', header: { kid: 'nobody' } })), undefined);
  });

  test("is the person's where an app shows a token and keeps no cookies", async () => {
    const headers = { authorization: `Bearer ${mintToken(edge.keys, { sub: 'p-app' })}` };
    const answer = await new Visitor(edge).post('/_tl/events', { batch: [call(), call()] }, { headers });
    assert.deepEqual(answer.setCookies, []);
    const [{ body }] = edge.posts;
    assert.deepEqual([body.device, body.proof.sub, body.events.length], [undefined, 'p-app', 2]);
  });

  test('of a page view says the same', async () => {
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-2' }) });
    await someone.fetch('/');
    const message = await eventually(() => {
      const found = edge.messages.find(({ device }) => device?.id === someone.device);
      assert.ok(found);
      return found;
    });
    assert.deepEqual([message.device, message.proof.sub], [{ id: someone.device, signed: true }, 'p-2']);
  });

  for (const [written, ids] of Object.entries({
    'a1b2-c3d4': ['a1b2-c3d4'],
    [encodeURIComponent('"a1b2 c3"')]: ['a1b2 c3'],
    '"a1b2"': ['a1b2'],
    [newAlias()]: undefined,
    undefined: undefined,
    ['x'.repeat(201)]: undefined,
  })) {
    test(`claims the id of Segment's SDK: ${written.slice(0, 20)}`, async () => {
      const someone = known();
      someone.cookies.set('ajs_anonymous_id', written);
      assert.deepEqual((await send(someone, [call()])).messages[0].anonymousIds, ids);
    });
  }
});

describe('the identifiers of a call', () => {
  const forwarded = async (change) => {
    const { messages, results } = await send(known(), [call({ messageId: 'm', ...change })]);
    return { ...messages[0].events[0], result: results.m };
  };

  test('are ids as numbers, too', async () => {
    const event = await forwarded({ type: 'identify', userId: 1042, groupId: 77, previousId: 'a' });
    assert.deepEqual([event.userId, event.groupId, event.previousId], ['1042', '77', 'a']);
    assert.deepEqual(event.result, { result: 'ok' });
  });

  for (const userId of [1.5, 1e300, 'null', 'N/A', '{{user.id}}', true, {}, 'x'.repeat(201)]) {
    test(`name nobody with ${JSON.stringify(userId).slice(0, 20)}, which is said`, async () => {
      const event = await forwarded({ type: 'identify', userId, traits: { firstName: 'A' } });
      assert.equal(event.userId, undefined);
      assert.equal(event.result.result, 'warning');
      assert.match(event.result.details, /^`userId` is left out/);
    });
  }

  test('have the proof that the call carries', async () => {
    const userHash = 'ab'.repeat(32);
    assert.equal((await forwarded({ userId: 'u', userHash })).userHash, userHash);
    assert.equal((await forwarded({ userId: 'u', context: { userHash } })).userHash, userHash);
    for (const wrong of ['AB'.repeat(32), 'ab', 7]) {
      assert.equal((await forwarded({ userId: 'u', userHash: wrong })).userHash, undefined);
    }
  });

  test('are those of other systems, too', async () => {
    const externalIds = [
      { id: 7, type: 'crm_id', collection: 'users', encoding: 'none' },
      { id: 'l-1', type: 'loyalty_id' },
      { id: 'n/a', type: 'crm_id' },
      { id: 'acc', type: 'crm_id', collection: 'accounts' },
      { id: 'b', type: 'crm_id', encoding: 'base64' },
      { id: 'no type' },
      null,
    ];
    assert.deepEqual((await forwarded({ context: { externalIds } })).externalIds, [
      { id: '7', type: 'crm_id' },
      { id: 'l-1', type: 'loyalty_id' },
    ]);
    const many = Array.from({ length: 50 }, (_, n) => ({ id: `${n + 1}`, type: 'crm_id' }));
    assert.equal((await forwarded({ context: { externalIds: many } })).externalIds.length, 20);
    assert.equal((await forwarded({ context: { externalIds: 'x' } })).externalIds, undefined);
  });

  test('and what the collector says of the event reach the sender', async () => {
    edge.collector.answer = ({ events }) =>
      Response.json({
        results: { [events[0].id]: { result: 'ignored', message: 'no consent' }, other: { result: 'x' } },
      });
    const { results } = await send(known(), [call({ messageId: 'm' })]);
    assert.deepEqual(results, { m: { result: 'ignored', message: 'no consent' } });
  });
});

describe('the owner of an event', () => {
  test('is told to the page with its alias, and never with the credential', async () => {
    const someone = known();
    const { text, json } = await someone.fetch('/_tl/token');
    assert.deepEqual([json().device, json().owner, json().known], [someone.device, ticket(someone.device), false]);
    assert.ok(!text.includes(someone.cookies.get(ID)));
  });

  test('stays the owner when the browser has another id', async () => {
    const [before, someone] = [newAlias(), known({ token: mintToken(edge.keys, { sub: 'p-9' }) })];
    const [theirs, own, plain] = [
      call({ owner: ticket(before) }),
      call({ owner: ticket(someone.device) }),
      call({ event: 'Other' }),
    ];
    const { messages, results } = await send(someone, [theirs, own, plain]);
    assert.deepEqual(
      messages.map(({ device, proof, events }) => [
        device.id,
        device.signed,
        device.next === undefined,
        proof?.sub,
        events.length,
      ]),
      [
        [before, true, true, undefined, 1],
        [someone.device, true, false, 'p-9', 2],
      ],
    );
    assert.deepEqual(Object.values(results), Array(3).fill({ result: 'ok' }));
  });

  test('gets no token, and its facts do not become those of the browser', async () => {
    edge.collector.answer = ({ device }) =>
      Response.json({ results: {}, device: newAlias(), token: mintToken(edge.keys, { sub: device.id, facts: ann }) });
    const someone = known();
    const alias = someone.device;
    const identify = call({ type: 'identify', traits: { firstName: 'Eve' }, owner: ticket(newAlias()) });
    await send(someone, [identify]);
    assert.equal(someone.device, alias);
    assert.match((await someone.fetch('/')).text, /Hello you/);
  });

  for (const [name, owner] of Object.entries({
    'another MAC': () => `${newAlias()}.${deviceMac(edge.keys, 'owner', newAlias())}`,
    'the credential': () => credential(edge.keys),
    'other keys': () => ticket(newAlias(), newKeys()),
    'no MAC': () => newAlias(),
    'another type': () => 7,
  })) {
    test(`with ${name} is nobody, and the event is ignored`, async () => {
      const { messages, results } = await send(known(), [call({ messageId: 'm', owner: owner() })]);
      assert.deepEqual(results.m, { result: 'ignored', details: '`owner` is not a ticket of this site' });
      assert.deepEqual(messages, []);
    });
  }

  test('are not too many', async () => {
    const batch = Array.from({ length: 10 }, () => call({ owner: ticket(newAlias()) }));
    const { messages, results } = await send(known(), batch);
    assert.equal(messages.length, 8);
    assert.equal(Object.values(results).filter(({ result }) => result === 'ignored').length, 2);
  });
});

test('a browser takes the id that the collector answers, and the page is told', async () => {
  edge.collector.answer = ({ device }) =>
    Response.json({ results: {}, device: device.next, token: mintToken(edge.keys, { sub: 'p-in', facts: ann }) });
  const someone = known();
  const { device, owner, messages } = await send(someone, [call({ type: 'identify', userId: 'u' })]);
  const { next } = messages[0].device;
  assert.deepEqual([someone.device, device, owner], [next, next, ticket(next)]);
  assert.equal(someone.token.sub, 'p-in');
  assert.match((await someone.fetch('/')).text, /Hello Ann/);
});

describe('a hand-over', () => {
  const handOver = (visitor, token) =>
    visitor.fetch('/_tl/token', { method: 'POST', headers: { authorization: `Bearer ${token}` } });

  test('gives the browser a new id, and links it for good', async () => {
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-before', facts: ann }) });
    const before = someone.device;
    const { json } = await handOver(someone, mintToken(edge.keys, { sub: 'p-app', ver: 3 }));
    assert.notEqual(someone.device, before);
    assert.deepEqual([json().subject, json().device, json().known], ['p-app', someone.device, true]);
    assert.deepEqual([someone.token.sub, someone.token.tl.traits], ['p-app', undefined]);
    const [{ path, body }] = edge.posts;
    assert.deepEqual(
      [path, body.device, body.proof.sub, body.events],
      ['/v1/edge', { id: someone.device, signed: true }, 'p-app', []],
    );
    await send(someone, [call()]);
    assert.equal(someone.token.sub, 'p-app');
  });

  test('waits in the outbox while the collector is down', async () => {
    edge.collector.answer = () => new Response('down', { status: 503 });
    const someone = new Visitor(edge);
    assert.equal((await handOver(someone, mintToken(edge.keys, { sub: 'p-late' }))).status, 200);
    await eventually(() =>
      assert.ok(edge.messages.some(({ proof, events }) => proof?.sub === 'p-late' && !events.length)),
    );
  });

  test("of the edge's own token, or of none, is refused", async () => {
    const own = mintToken(edge.keys, { sub: newAlias(), ver: 0 });
    for (const token of [own, mintPreview(edge.keys), 'x.y.z']) {
      const someone = new Visitor(edge);
      assert.equal((await handOver(someone, token)).status, 401);
      assert.deepEqual([someone.cookies.size, edge.posts.length], [0, 0]);
    }
  });

  describe('by a token that is good once', () => {
    const once = () => mintToken(edge.keys, { header: { typ: 'tl-handover+jwt' } });

    test('is redeemed by the collector, and the token stays hidden from scripts', async () => {
      edge.collector.redeem = () => Response.json({ ver: 2, token: mintToken(edge.keys, { sub: 'p-link', ver: 2 }) });
      const [someone, token] = [new Visitor(edge), once()];
      const { json } = await handOver(someone, token);
      assert.deepEqual([json().subject, json().token], ['p-link', undefined]);
      assert.equal(someone.token.sub, 'p-link');
      const [{ path, authorization, body }] = edge.posts;
      assert.deepEqual([path, authorization, body.handOver], ['/v1/edge/redeem', 'Bearer ck', token]);
      assert.deepEqual(body.device, { id: someone.device, signed: true });
    });

    for (const [name, redeem, status] of [
      ['used up', () => Response.json({}, { status: 401 }), 401],
      ['answered with nothing', () => Response.json({}), 401],
      ['not answered', () => new Response('down', { status: 503 }), 503],
    ]) {
      test(`and is ${name} makes nobody somebody`, async () => {
        edge.collector.redeem = redeem;
        const someone = new Visitor(edge);
        assert.equal((await handOver(someone, once())).status, status);
        assert.equal(someone.cookies.size, 0);
      });
    }
  });
});

describe('signing out', () => {
  const signOut = (visitor) => visitor.fetch('/_tl/token', { method: 'DELETE' });

  test('deletes the cookies, and tells the collector that the device leads to nobody', async () => {
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-out' }) });
    await someone.fetch('/');
    const before = someone.device;
    assert.equal((await signOut(someone)).status, 200);
    assert.deepEqual([...someone.cookies.keys()], []);
    const [{ body }] = edge.posts;
    assert.deepEqual([body.device.id, body.signOut, body.proof.sub, body.events], [before, true, 'p-out', []]);
    await someone.fetch('/');
    assert.notEqual(someone.device, before);
  });

  test('works while the collector is down, and tells it later', async () => {
    edge.collector.answer = () => new Response('down', { status: 503 });
    const someone = known();
    const before = someone.device;
    await signOut(someone);
    assert.equal(someone.cookies.size, 0);
    await eventually(() => assert.ok(edge.messages.some(({ device, signOut }) => signOut && device.id === before)));
  });

  test('of a browser that is nobody tells nothing', async () => {
    await signOut(new Visitor(edge));
    assert.deepEqual(edge.posts, []);
  });
});

describe('the origin', () => {
  const seen = async (visitor, path, options) => {
    await visitor.fetch(path, options);
    return edge.seen.at(-1).headers;
  };

  test('learns the alias of a device whose credential was shown', async () => {
    const someone = known();
    const forged = { 'x-tl-device': newAlias() };
    for (const [path, options] of [
      ['/', {}],
      ['/plain', {}],
      ['/', { headers: forged }],
      ['/login', { method: 'POST', body: 'user=ann' }],
    ]) {
      assert.equal((await seen(someone, path, options))['x-tl-device'], someone.device);
    }
    assert.equal((await seen(new Visitor(edge), '/', { headers: forged }))['x-tl-device'], undefined);
    assert.equal((await seen(known(), '/a.png', { headers: { 'sec-fetch-dest': 'image' } }))['x-tl-device'], undefined);
  });

  test('learns nothing of a device that refuses to be recognised', async () => {
    const someone = known();
    someone.cookies.set('tl_consent', 'personalization=denied');
    assert.equal((await seen(someone, '/login', { method: 'POST' }))['x-tl-device'], undefined);
    assert.equal((await seen(someone, '/'))['x-tl-device'], undefined);
  });

  test('does not see our tokens and cookies, and all others', async () => {
    const token = mintToken(edge.keys, { sub: 'p-1' });
    const someone = known({ token });
    someone.cookies.set('cart', 'x'.repeat(17_000));
    for (const bearer of [token, mintPreview(edge.keys), mintToken(edge.keys, { age: 7200 })]) {
      const headers = await seen(someone, '/api', { headers: { authorization: `Bearer ${bearer}` } });
      assert.equal(headers.authorization, undefined);
      assert.equal(headers.cookie, `cart=${'x'.repeat(17_000)}`);
    }
    const theirs = mintToken(edge.keys, { header: { typ: 'JWT' } });
    assert.equal(
      (await seen(someone, '/api', { headers: { authorization: `Bearer ${theirs}` } })).authorization,
      `Bearer ${theirs}`,
    );
  });
});

describe('consent that only the profile refuses', () => {
  const denied = (at = 2000, more = {}) =>
    mintToken(edge.keys, { facts: { consent: { personalization: ['denied', at, 1], ...more } } });
  const consent = ({ setCookies }) => setCookies.filter((line) => line.startsWith('tl_consent='));

  test('sets no cookie on a page, deletes what is there, and is remembered on the device', async () => {
    const someone = known({ token: denied() });
    const answer = await someone.fetch('/');
    assert.match(answer.text, /Hello you/);
    assert.match(
      consent(answer)[0],
      /^tl_consent=personalization=denied&at=\d{13}; Path=\/; Max-Age=15724800; SameSite=Lax$/,
    );
    assert.deepEqual([...someone.cookies.keys()], ['tl_consent']);
    assert.deepEqual((await someone.fetch('/')).setCookies, []);
    assert.equal((await someone.fetch('/_tl/token')).json().store, false);
    const { results } = await send(someone, [call({ messageId: 'm' })]);
    assert.equal(results.m.result, 'ignored');
    assert.deepEqual([...someone.cookies.keys()], ['tl_consent']);
  });

  for (const path of ['/_tl/token', '/_tl/decide']) {
    test(`sets none in ${path} either`, async () => {
      const someone = known({ token: denied() });
      const answer = path.endsWith('token') ? await someone.fetch(path) : await someone.post(path, {});
      assert.equal(answer.status, 200);
      assert.deepEqual([...someone.cookies.keys()], ['tl_consent']);
    });
  }

  test('beats an older grant of the device, and no later one; the other choices stay', async () => {
    const older = known({ token: denied(2000, { analytics: ['denied', 2000, 1] }) });
    older.cookies.set('tl_consent', 'personalization=granted&ads=granted&at=1000');
    const answer = await older.fetch('/');
    assert.match(consent(answer)[0], /^tl_consent=ads=granted&at=1000&analytics=denied&personalization=denied; /);
    assert.deepEqual([...older.cookies.keys()], ['tl_consent']);
    const later = known({ token: denied(2000) });
    later.cookies.set('tl_consent', 'personalization=granted&at=3000');
    assert.deepEqual(consent(await later.fetch('/')), []);
    assert.ok(later.cookies.has(ID) && later.cookies.has(TOKEN));
  });
});

test('addresses are recorded without what is about a person', async () => {
  const someone = known();
  const headers = { referer: 'https://shop.example/reset?token=s3cr3t&gclid=x1#top' };
  await someone.fetch('/?email=ann%40example.com&utm_source=news', { headers });
  const { events } = await eventually(() => {
    const found = edge.messages.find(({ device }) => device?.id === someone.device);
    assert.ok(found);
    return found;
  });
  const { url, search, referrer } = events.at(-1).properties;
  assert.deepEqual(
    [url, search, referrer],
    [`${edge.url}/?utm_source=news`, '?utm_source=news', 'https://shop.example/reset?gclid=x1'],
  );
  const viewed = call({ properties: { url: 'https://shop.example/a?session=1&utm_medium=mail' } });
  const { messages } = await send(someone, [viewed]);
  assert.equal(messages[0].events[0].properties.url, 'https://shop.example/a?utm_medium=mail');
});

describe('COOKIE_DOMAIN', () => {
  let shared;
  before(async () => {
    const { keys, published } = edge;
    shared = await startEdge({ keys, published, origin, vars: { COOKIE_DOMAIN: 'shop.example', FRESH: 'off' } });
  });
  after(() => shared.stop());
  const on = (host) => new Visitor(shared, { headers: { host } });

  test('shares the cookies of its hosts, without the prefix', async () => {
    const { setCookies } = await on('www.shop.example').fetch('/');
    assert.ok(
      setCookies.some((line) => /^tl_id=v[0-9a-f]{32}\.[\w-]{22}; Path=\/; Domain=shop\.example; Max-Age=/.test(line)),
    );
    const elsewhere = await on('shop.example.evil').fetch('/');
    assert.ok(elsewhere.setCookies.some((line) => /^__Host-tl_id=/.test(line) && !/Domain/.test(line)));
  });

  test('takes the first genuine id of several, and deletes the others', async () => {
    const alias = newAlias();
    const cookie = `tl_id=${newAlias()}; tl_id=${credential(edge.keys, alias)}; tl_session=1; tl_session=2`;
    const { json, setCookies } = await on('shop.example').fetch('/_tl/token', { headers: { cookie } });
    assert.equal(json().device, alias);
    assert.ok(setCookies.some((line) => /^tl_id=; Path=\/; Max-Age=0/.test(line)));
  });

  test('keeps the ids of one host, and moves them', async () => {
    const someone = on('shop.example');
    const alias = newAlias();
    someone.cookies.set(ID, credential(edge.keys, alias));
    await someone.fetch('/');
    assert.equal(someone.cookies.get('tl_id').split('.')[0], alias);
    assert.deepEqual([someone.cookies.has(ID), someone.cookies.has(SESSION)], [false, false]);
  });

  test('deletes both', async () => {
    const someone = on('shop.example');
    await someone.fetch('/');
    await someone.fetch('/_tl/token', { method: 'DELETE' });
    assert.deepEqual([...someone.cookies.keys()], []);
  });

  for (const domain of ['example', 'https://shop.example', '.', '*.shop.example']) {
    test(`is no domain with ${domain}, which is reported`, async () => {
      const { keys, published } = edge;
      const wrong = await startEdge({ keys, published, origin, vars: { COOKIE_DOMAIN: domain } });
      try {
        const { problems } = (await new Visitor(wrong).fetch('/_tl/health')).json();
        assert.deepEqual(problems, [
          '`COOKIE_DOMAIN` is invalid, expected a domain such as `shop.example`; it is ignored; its value is in the log',
        ]);
      } finally {
        await wrong.stop();
      }
    });
  }
});

test('without a private key no browser is recognised, which is reported, and pages are filled', async () => {
  const { keys, published } = edge;
  const jwks = JSON.parse(readFileSync(join(keys, 'token.private.jwks.json')));
  for (const key of jwks.keys) delete key.d;
  const without = await startEdge({ keys, published, origin, vars: { TOKEN_KEYS: JSON.stringify(jwks) } });
  try {
    const someone = new Visitor(without);
    assert.match((await someone.fetch('/')).text, /Hello you/);
    assert.equal(someone.cookies.size, 0);
    const { device, owner } = (await someone.fetch('/_tl/token')).json();
    assert.match(device, /^v[0-9a-f]{32}$/);
    assert.equal(owner, undefined);
    const { problems } = (await someone.fetch('/_tl/health')).json();
    assert.deepEqual(problems, ['`TOKEN_KEYS` has no private key: no browser is recognised, and no caps apply']);
    const headers = { authorization: `Bearer ${mintToken(keys)}` };
    assert.equal((await someone.fetch('/_tl/token', { method: 'POST', headers })).status, 503);
  } finally {
    await without.stop();
  }
});
