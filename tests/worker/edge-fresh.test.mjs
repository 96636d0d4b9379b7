// Fresh facts: the edge asks the collector while the page is fetched, and waits no longer than it may.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  claimsOf,
  credential,
  deviceMac,
  eventually,
  ID,
  mintToken,
  newAlias,
  page,
  SESSION,
  startEdge,
  TOKEN,
  Visitor,
} from '../support/edge.mjs';

const rules = {
  version: 1,
  attributes: { firstName: { type: 'string', edge: true, client: true } },
  slots: { hero: { pages: ['/'], public: true }, capped: { pages: ['/capped'] }, empty: { pages: ['/empty'] } },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: "<h1>Hello {{ firstName | default: 'you' }}</h1>" }] },
  },
  campaigns: {
    hero: { class: 'service', slots: { hero: 'hero' } },
    capped: { class: 'service', caps: [{ max: 9, per: 'total' }], slots: { capped: 'hero' } },
    counted: {
      class: 'service',
      when: { $event: { name: 'Page Viewed', where: { path: '/counted' }, count: { $gte: 99 } } },
      slots: { empty: 'hero' },
    },
  },
  features: { greeting: { defaultValue: 'you', rules: [{ condition: { firstName: 'Ann' }, force: 'Ann' }] } },
  policies: { consent: { default: 'granted', store: 'personalization', measure: 'analytics' } },
};
const html = page('<div data-tl-slot="hero">fallback</div><div data-tl-slot="capped">fallback</div>');

/** Resolves when the test lets the origin, or the collector, answer. */
let originMay = Promise.resolve();
async function origin(request, response) {
  await originMay;
  if (request.url === '/callback') return response.writeHead(302, { location: '/', 'set-cookie': 'shop=1' }).end();
  const head = { 'content-type': 'text/html; charset=utf-8', etag: '"v1"', 'cache-control': 'public, max-age=60' };
  if (request.headers['if-none-match'] === head.etag) return response.writeHead(304, head).end();
  response.writeHead(200, head).end(html);
}

let edge, patient;
before(async () => {
  edge = await startEdge({ rules, origin, vars: { FRESH: '0', FRESH_WAIT: '1000' } });
  const { keys, published } = edge;
  patient = await startEdge({ keys, published, origin, vars: { FRESH: '3600', FRESH_WAIT: '1000' } });
});
after(() => Promise.all([edge.stop(), patient.stop()]));
afterEach(() => {
  originMay = Promise.resolve();
  for (const one of [edge, patient]) {
    one.collector.refresh = () => Response.json({});
    one.refreshes.length = 0;
  }
});

const hello = ({ text }) => /Hello (\w+)/.exec(text)?.[1];
const ann = { traits: { firstName: ['Ann', 1, 1] } };
const gate = () => Promise.withResolvers();

/** Returns a visitor whose browser has a device id, and perhaps a token. */
function known({ at = edge, token, alias = newAlias() } = {}) {
  const visitor = new Visitor(at);
  visitor.cookies.set(ID, credential(edge.keys, alias));
  if (token) visitor.cookies.set(TOKEN, token);
  return visitor;
}
/** Makes the collector answer with a token for whoever is asked about. */
function answers(at, { facts = ann, ...claims } = {}) {
  at.collector.refresh = ({ device, proof }) => {
    const token = mintToken(edge.keys, { sub: proof?.sub ?? device.id, ver: 8, facts, ...claims });
    return Response.json({ ver: 8, token });
  };
}

describe('a page view', () => {
  test('shows what a server has said since', async () => {
    answers(edge, { age: 3 });
    const someone = known();
    assert.equal(hello(await someone.fetch('/')), 'Ann');
    const [{ authorization, body }] = edge.refreshes;
    const { id, signed, next, ...more } = body.device;
    assert.equal(authorization, 'Bearer ck');
    assert.deepEqual([id, signed, more], [someone.device, true, {}]);
    assert.match(next, /^v[0-9a-f]{32}$/);
    assert.notEqual(next, id);
    assert.deepEqual(Object.keys(body).sort(), ['device', 'edge']);
    const { sub, ver, iat } = someone.token;
    assert.deepEqual([sub, ver], [id, 8]);
    assert.ok(Math.abs(iat - (Date.now() / 1000 - 3)) < 60, 'the facts keep their age');
  });

  test('asks with the proof of its token, and keeps what only the browser knows', async () => {
    const exposures = { 'campaign:hero': [[2, 2]] };
    answers(edge);
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-1', facts: { exposures }, age: 60 }) });
    assert.equal(hello(await someone.fetch('/')), 'Ann');
    const [{ body }] = edge.refreshes;
    assert.deepEqual([body.proof.sub, body.proof.ver], ['p-1', 7]);
    assert.ok(body.proof.exp > Date.now() / 1000);
    assert.deepEqual([someone.token.sub, someone.token.ver], ['p-1', 8]);
  });

  test('asks while the origin is asked', async () => {
    const [originAnswers, collectorAnswers] = [gate(), gate()];
    originMay = originAnswers.promise;
    edge.collector.refresh = async ({ device }) => {
      await collectorAnswers.promise;
      return Response.json({ ver: 8, token: mintToken(edge.keys, { sub: device.id, ver: 8, facts: ann }) });
    };
    edge.seen.length = 0;
    const view = known().fetch('/');
    // Each of the two has been asked before the other has answered.
    await eventually(() => assert.deepEqual([edge.seen.length, edge.refreshes.length], [1, 1]));
    collectorAnswers.resolve();
    originAnswers.resolve();
    assert.equal(hello(await view), 'Ann');
  });

  test('is served with what is known when the collector is slow, and the next one shows the answer', async () => {
    const slow = gate();
    const someone = known({ at: patient });
    patient.collector.refresh = async ({ device }) => {
      await slow.promise;
      return Response.json({ ver: 8, token: mintToken(edge.keys, { sub: device.id, ver: 8, facts: ann }) });
    };
    assert.equal(hello(await someone.fetch('/')), 'you');
    slow.resolve();
    await eventually(async () => assert.equal(hello(await someone.fetch('/')), 'Ann'));
    assert.equal(patient.refreshes.length, 1, 'it is not asked again');
    assert.equal(someone.token.ver, 8);
  });

  test('takes the new id that the collector wants, with its session', async () => {
    const someone = known();
    const old = someone.device;
    edge.collector.refresh = ({ device }) =>
      Response.json({ ver: 8, device: device.next, token: mintToken(edge.keys, { sub: 'p-2', ver: 8, facts: ann }) });
    assert.equal(hello(await someone.fetch('/')), 'Ann');
    const { next } = edge.refreshes[0].body.device;
    assert.equal(someone.cookies.get(ID), credential(edge.keys, next));
    const [start, mac] = someone.cookies.get(SESSION).split('.');
    assert.equal(mac, deviceMac(edge.keys, 'session', next, start));
    assert.notEqual(someone.device, old);
  });

  test('takes no id that is none', async () => {
    const someone = known();
    const old = someone.device;
    edge.collector.refresh = () => Response.json({ ver: 8, device: 'undefined' });
    await someone.fetch('/');
    assert.equal(someone.device, old);
  });

  test('ignores an answer that is older than its token, or no answer at all', async () => {
    const token = mintToken(edge.keys, { sub: 'p-3', ver: 9, facts: ann, age: 60 });
    for (const answer of [
      () => Response.json({ ver: 8, token: mintToken(edge.keys, { sub: 'p-3', ver: 8 }) }),
      () => Response.json({ ver: 10, token: 'x.y.z' }),
      () => Response.json([]),
      () => new Response('<h1>Welcome to nginx!</h1>'),
    ]) {
      edge.collector.refresh = answer;
      const someone = known({ token });
      assert.equal(hello(await someone.fetch('/')), 'Ann');
      assert.deepEqual([claimsOf(token).sub, someone.token.ver], ['p-3', 9]);
    }
  });

  test('of a person who comes back after the end of the token knows them again', async () => {
    const token = mintToken(edge.keys, { sub: 'p-4', age: 7200, ttl: 3600 });
    const someone = known({ token });
    edge.collector.refresh = () =>
      Response.json({ ver: 9, token: mintToken(edge.keys, { sub: 'p-4', ver: 9, facts: ann }) });
    assert.equal(hello(await someone.fetch('/')), 'Ann');
    assert.equal(edge.refreshes[0].body.proof, undefined, 'an expired token proves nothing');
    assert.deepEqual([someone.token.sub, someone.token.ver], ['p-4', 9]);
  });

  test('of a person whom the collector does not know any more begins anew', async () => {
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-5', age: 7200, ttl: 3600 }) });
    await someone.fetch('/counted');
    assert.deepEqual([someone.token.sub, someone.token.ver], [someone.device, 0]);
  });

  test('of a person who was erased is nobody, although the token is in force', async () => {
    const someone = known({ token: mintToken(edge.keys, { sub: 'p-gone', facts: ann }) });
    const before = someone.device;
    edge.collector.refresh = () => Response.json({ known: false });
    assert.equal(hello(await someone.fetch('/')), 'you');
    assert.notEqual(someone.device, before);
    assert.deepEqual([someone.token.sub, someone.token.ver], [someone.device, 0]);
  });

  test('of a device that turns out to be somebody brings what it was shown, and no claims', async () => {
    const alias = newAlias();
    const facts = { traits: { firstName: ['Eve', 5, 5] }, exposures: { 'campaign:capped': [[Date.now(), 1]] } };
    const someone = known({ alias, token: mintToken(edge.keys, { sub: alias, ver: 0, facts }) });
    answers(edge, { sub: 'p-6' });
    assert.equal(hello(await someone.fetch('/capped')), 'Ann');
    const { sub, tl } = someone.token;
    assert.deepEqual([sub, tl.traits.firstName[0], tl.exposures['campaign:capped'].length], ['p-6', 'Ann', 2]);
  });
});

describe('nobody is asked', () => {
  const silent = async (at, visitor, path, options) => {
    const answer = await visitor.fetch(path, options);
    assert.deepEqual(at.refreshes, []);
    return answer;
  };

  test('about a new visitor, or a page that shows its device', async () => {
    await silent(edge, new Visitor(edge), '/');
    await silent(edge, new Visitor(edge), '/_tl/token', { headers: { 'x-tl-device': newAlias() } });
  });

  test('on a page that the rules neither fill nor count, which stays cacheable and keeps its validators', async () => {
    const answer = await silent(edge, known({ token: mintToken(edge.keys, { age: 60 }) }), '/plain');
    assert.deepEqual([answer.headers.etag, answer.headers['cache-control']], ['"v1"', 'public, max-age=60']);
    assert.deepEqual(answer.setCookies, []);
    const headers = { 'if-none-match': '"v1"' };
    assert.equal((await silent(edge, known(), '/plain', { headers })).status, 304);
  });

  test('while the token is fresh; near its end and without one it is', async () => {
    await silent(patient, known({ at: patient, token: mintToken(edge.keys, { age: 30 }) }), '/');
    for (const token of [undefined, mintToken(edge.keys, { ttl: 100, age: 95 })]) {
      await known({ at: patient, token }).fetch('/');
    }
    assert.equal(patient.refreshes.length, 2);
  });

  test('again about a visitor of whom nothing is known', async () => {
    const someone = known({ at: patient });
    for (let view = 0; view < 3; view++) await someone.fetch('/');
    assert.equal(patient.refreshes.length, 1);
  });

  test('on a page that is counted it is', async () => {
    await known().fetch('/counted');
    assert.equal(edge.refreshes.length, 1);
  });

  test('by an edge that is told not to', async () => {
    const { keys, published } = edge;
    const off = await startEdge({ keys, published, origin, vars: { FRESH: 'off' } });
    try {
      await silent(off, known({ at: off }), '/');
      assert.deepEqual((await new Visitor(off).fetch('/_tl/health')).json().problems, []);
    } finally {
      await off.stop();
    }
  });
});

test('a page without a filled slot whose facts were old keeps its cacheability if nothing new is known', async () => {
  const { headers, setCookies, text } = await known().fetch('/empty');
  assert.equal(text, html);
  assert.equal(headers['cache-control'], 'public, max-age=60');
  assert.deepEqual(setCookies, []);
});

test('a collector that is down is left alone, and pages stay as they are', async () => {
  const { keys, published } = edge;
  const own = await startEdge({ keys, published, origin, vars: { FRESH: '0', FRESH_WAIT: '1000' } });
  own.collector.refresh = () => new Response('down', { status: 503 });
  try {
    for (let view = 0; view < 8; view++) {
      const token = mintToken(keys, { sub: `p-${view}`, facts: ann, age: 60 });
      assert.equal(hello(await known({ at: own, token }).fetch('/')), 'Ann');
    }
    assert.equal(own.refreshes.length, 3);
  } finally {
    await own.stop();
  }
});

describe('a sign-in by the site', () => {
  const requests = {
    'that was posted': (visitor) => visitor.fetch('/login', { method: 'POST', body: 'user=ann' }),
    'that redirects with a cookie': (visitor) => visitor.fetch('/callback'),
  };
  for (const [name, send] of Object.entries(requests)) {
    test(`${name} brings the person's token with its response`, async () => {
      const someone = known({ at: patient, token: mintToken(edge.keys, { sub: 'nobody', ver: 0 }) });
      patient.collector.refresh = ({ device }) =>
        Response.json({ ver: 8, device: device.next, token: mintToken(edge.keys, { sub: 'p-7', ver: 8, facts: ann }) });
      const before = someone.device;
      const { headers } = await send(someone);
      assert.match(headers['cache-control'], /^private/);
      assert.deepEqual([someone.token.sub, someone.device], ['p-7', patient.refreshes[0].body.device.next]);
      assert.notEqual(someone.device, before);
      assert.equal(hello(await someone.fetch('/')), 'Ann');
      assert.equal(patient.refreshes.length, 1);
    });
  }

  test('is not looked for where nobody can have signed in', async () => {
    const person = () => known({ at: patient, token: mintToken(edge.keys, { sub: 'p-8' }) });
    const post = { method: 'POST', body: 'a=1' };
    for (const [visitor, path, options] of [
      [person(), '/login', post],
      [new Visitor(patient), '/login', post],
      [known({ at: patient }), '/plain'],
      [known({ at: patient }), '/image', { ...post, headers: { 'sec-fetch-dest': 'image' } }],
    ]) {
      const { setCookies } = await visitor.fetch(path, options);
      assert.deepEqual(setCookies, []);
    }
    assert.deepEqual(patient.refreshes, []);
  });

  test('that is nobody changes nothing in the response', async () => {
    const { headers, setCookies, text } = await known().fetch('/login', { method: 'POST', body: 'user=ann' });
    assert.equal(edge.refreshes.length, 1);
    assert.deepEqual([setCookies, text, headers['cache-control']], [[], html, 'public, max-age=60']);
  });
});

test('a collector that is always late is always heard in the end', async () => {
  const gates = [];
  edge.collector.refresh = async ({ device }) => {
    const { promise, resolve } = gate();
    gates.push(resolve);
    await promise;
    const facts = { traits: { firstName: [`Ann${gates.length}`, gates.length, 1] } };
    return Response.json({ token: mintToken(edge.keys, { sub: device.id, ver: gates.length, facts }) });
  };
  const someone = known();
  assert.equal(hello(await someone.fetch('/')), 'you');
  gates[0]();
  // Each view asks again, and none of the answers is there in time.
  await eventually(async () => assert.equal(hello(await someone.fetch('/')), 'Ann1'));
  for (const open of gates) open();
});

describe('without a page', () => {
  test('GET token has fresh facts', async () => {
    answers(edge);
    const someone = known();
    const { json } = await someone.fetch('/_tl/token');
    assert.deepEqual([json().profile.traits.firstName[0], json().known, json().device], ['Ann', true, someone.device]);
    assert.equal(someone.token.ver, 8);
  });

  test('an app gets its new token, and no cookie', async () => {
    answers(edge);
    const headers = { authorization: `Bearer ${mintToken(edge.keys, { sub: 'p-app', age: 60 })}` };
    const { json, setCookies } = await new Visitor(edge).fetch('/_tl/token', { headers });
    assert.deepEqual([claimsOf(json().token).sub, claimsOf(json().token).ver], ['p-app', 8]);
    assert.deepEqual(setCookies, []);
    assert.equal(edge.refreshes[0].body.device, undefined);
  });

  test('POST decide decides with them', async () => {
    answers(edge);
    const { json } = await known().post('/_tl/decide', { request: { attributes: { path: '/' } } });
    assert.equal(json().slots.hero.html, '<h1>Hello Ann</h1>');
  });

  test('OpenFeature evaluates with them', async () => {
    answers(edge, { facts: { ...ann, consent: { personalization: ['granted', 1, 1] } } });
    const { json } = await known().post('/ofrep/v1/evaluate/flags/greeting', { context: {} });
    assert.equal(json().value, 'Ann', JSON.stringify(json()));
  });
});

test('settings that are wrong are reported', async () => {
  const { keys, published } = edge;
  const wrong = await startEdge({ keys, published, origin, vars: { FRESH: 'soon', FRESH_WAIT: '-1', LIVE: 'yes' } });
  try {
    const { problems } = (await new Visitor(wrong).fetch('/_tl/health')).json();
    assert.deepEqual(problems, [
      '`FRESH` is invalid, expected whole seconds from 0 to 3600; 10 is used; its value is in the log',
      '`FRESH_WAIT` is invalid, expected whole milliseconds from 0 to 10000; 50 is used; its value is in the log',
      '`LIVE` is invalid, expected `on` or `off`; `off` is used; its value is in the log',
    ]);
  } finally {
    await wrong.stop();
  }
});
