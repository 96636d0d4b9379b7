// Visitors: recognition, stored data, and the effect of consent.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  claimsOf,
  credential,
  deviceMac,
  eventually,
  ID,
  mintPreview,
  mintToken,
  newAlias,
  newKeys,
  page,
  SESSION,
  startEdge,
  TOKEN,
  Visitor,
} from '../support/edge.mjs';

const message = (html) => ({ renditions: [{ channel: 'web', html }] });
const rules = {
  version: 1,
  attributes: { firstName: { type: 'string', edge: true } },
  slots: {
    hero: { pages: ['/', '/hero'] },
    note: { pages: ['/note'] },
    split: { pages: ['/split'] },
    third: { pages: ['/third'] },
  },
  channels: { web: {} },
  messages: {
    capped: message("<h1>Hello {{ firstName | default: 'you' }}</h1>"),
    note: message('<p>note</p>'),
    third: message('<p>third</p>'),
    split: {
      renditions: [
        { channel: 'web', html: 'A', variation: 'a' },
        { channel: 'web', html: 'B', variation: 'b' },
      ],
    },
  },
  experiments: {
    ab: {
      hashVersion: 2,
      variations: [
        { id: 'a', weight: 0.5 },
        { id: 'b', weight: 0.5 },
      ],
    },
  },
  campaigns: {
    capped: { class: 'promo', caps: [{ max: 2, per: 'total' }], slots: { hero: 'capped' } },
    note: { class: 'service', slots: { note: 'note' } },
    third: {
      class: 'service',
      when: { $event: { name: 'Page Viewed', where: { path: '/counted' }, count: { $gte: 3 } } },
      slots: { third: 'third' },
    },
    split: { class: 'service', experiment: 'ab', slots: { split: 'split' } },
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
const body = page(
  ['hero', 'note', 'split', 'third'].map((slot) => `<div data-tl-slot="${slot}">fallback</div>`).join(''),
);
const origin = (_request, response) =>
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, max-age=60' })
    .end(body);

const granted = 'personalization=granted&analytics=granted';
let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

function visitor(consent = granted, cookies = {}) {
  const visitor = new Visitor(edge);
  if (consent) visitor.cookies.set('tl_consent', encodeURIComponent(consent));
  for (const [name, value] of Object.entries(cookies)) visitor.cookies.set(name, value);
  return visitor;
}
const names = (answer) => answer.setCookies.map((line) => line.split('=')[0]).sort();
const facts = { traits: { firstName: ['Ann', 1, 1] } };
const hello = (answer) => /Hello (\w+)/.exec(answer.text)?.[1];
const tokenOf = (visitor) => visitor.token;
const messagesOf = (visitor) => edge.messages.filter((message) => message.device?.id === visitor.device);

describe('the first visit', () => {
  test('makes one id, in a cookie that scripts cannot read', async () => {
    const someone = visitor();
    const { setCookies } = await someone.fetch('/');
    const [id] = setCookies.filter((line) => line.startsWith(`${ID}=`));
    assert.match(
      id,
      /^__Host-tl_id=v[0-9a-f]{32}\.[\w-]{22}; Path=\/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax$/,
    );
    const [session] = setCookies.filter((line) => line.startsWith(`${SESSION}=`));
    assert.match(
      session,
      /^__Host-tl_session=\d{13}\.[\w-]{22}; Path=\/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.ok(
      setCookies.some((line) =>
        /^__Host-tl_token=[\w.-]+; Path=\/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax$/.test(line),
      ),
    );
    const before = someone.device;
    const again = await someone.fetch('/');
    assert.ok(!names(again).includes(ID));
    assert.equal(someone.device, before);
  });

  test('two visitors are two people', async () => {
    const [one, two] = [visitor(), visitor()];
    await Promise.all([one.fetch('/'), two.fetch('/')]);
    assert.notEqual(one.device, two.device);
  });

  const alias = newAlias();
  for (const [name, make] of Object.entries({
    'the alias alone': () => alias,
    'no alias': (keys) => credential(keys, 'undefined'),
    'an alias of another form': (keys) => credential(keys, alias.toUpperCase().replace('V', 'v')),
    "the collector's id": (keys) => credential(keys, `p-${'0'.repeat(32)}`),
    "another device's MAC": (keys) => `${alias}.${deviceMac(keys, 'id', newAlias())}`,
    "an owner's ticket": (keys) => `${alias}.${deviceMac(keys, 'owner', alias)}`,
    'the MAC of other keys': () => credential(newKeys(), alias),
    'a longer MAC': (keys) => `${credential(keys, alias)}A`,
    'an empty MAC': () => `${alias}.`,
    markup: () => '<script>',
  })) {
    test(`${name} is no credential, and is replaced`, async () => {
      const someone = visitor(granted, { [ID]: make(edge.keys) });
      assert.ok(names(await someone.fetch('/')).includes(ID));
      assert.match(someone.device, /^v[0-9a-f]{32}$/);
      assert.notEqual(someone.device, alias);
    });
  }

  test('an id of former versions, which nobody has signed, is ignored and deleted', async () => {
    const someone = visitor(granted, { tl_id: alias, tl_session: '1', tl_token: mintToken(edge.keys, { facts }) });
    assert.equal(hello(await someone.fetch('/')), 'you');
    assert.notEqual(someone.device, alias);
    assert.deepEqual([...someone.cookies.keys()].sort(), [ID, SESSION, TOKEN, 'tl_consent']);
  });

  test('a page without cookies keeps the id that it shows, and nothing is signed for it', async () => {
    const shown = { headers: { 'x-tl-device': alias } };
    const { json, setCookies } = await visitor().fetch('/_tl/token', shown);
    assert.deepEqual([json().subject, json().device, json().owner], [alias, alias, undefined]);
    assert.deepEqual(setCookies, []);
    const signed = visitor(granted, { [ID]: credential(edge.keys) });
    assert.equal((await signed.fetch('/_tl/token', shown)).json().device, signed.device);
    for (const wrong of ['undefined', alias.toUpperCase(), `${alias}0`, `p-${'0'.repeat(32)}`]) {
      const { json } = await visitor().fetch('/_tl/token', { headers: { 'x-tl-device': wrong } });
      assert.notEqual(json().device, wrong);
    }
  });

  test('a session begins when the edge says so, for this device only', async () => {
    const someone = visitor();
    await someone.fetch('/');
    const own = someone.cookies.get(SESSION);
    const start = Date.now() - 60_000;
    const session = async (value) => {
      someone.cookies.set(SESSION, value);
      return (await someone.fetch('/_tl/token')).json().session;
    };
    assert.equal(await session(own), Number(own.split('.')[0]));
    assert.equal(await session(`${start}.${deviceMac(edge.keys, 'session', someone.device, start)}`), start);
    assert.notEqual(await session(`${start}.${deviceMac(edge.keys, 'session', newAlias(), start)}`), start);
    assert.notEqual(await session(`${start}.${own.split('.')[1]}`), start);
    assert.notEqual(await session(`${start}`), start);
  });
});

describe('the token', () => {
  test('a cap of two holds on the third view, without anybody being asked', async () => {
    const someone = visitor();
    const seen = [];
    for (let view = 0; view < 4; view++) seen.push(hello(await someone.fetch('/')) ?? null);
    assert.deepEqual(seen, ['you', 'you', null, null]);
    assert.equal(edge.posts.length, 0);
    assert.equal(tokenOf(someone).tl.exposures['campaign:capped'].length, 2);
  });

  test('a page that is not filled any more is cacheable again', async () => {
    const someone = visitor();
    for (let view = 0; view < 2; view++) await someone.fetch('/');
    const { headers, setCookies, text } = await someone.fetch('/');
    assert.equal(text, body);
    assert.equal(headers['cache-control'], 'public, max-age=60');
    assert.deepEqual(setCookies, []);
  });

  test('counts page views that the rules ask for, also where no slot is filled', async () => {
    const someone = visitor();
    for (let view = 0; view < 3; view++) {
      assert.ok(!(await someone.fetch('/third')).text.includes('<p>third</p>'));
      const { headers, text } = await someone.fetch('/counted');
      assert.equal(text, body);
      assert.equal(headers['cache-control'], 'private, no-cache');
      assert.match(headers['server-timing'], /tl;desc=/);
    }
    assert.ok((await someone.fetch('/third')).text.includes('<p>third</p>'));
    await eventually(() =>
      assert.equal(
        messagesOf(someone).filter((message) => message.events.some((event) => event.properties.path === '/counted'))
          .length,
        3,
      ),
    );
  });

  const carriers = {
    'the cookie': (token) => ({ cookies: { [TOKEN]: token } }),
    Authorization: (token) => ({ headers: { authorization: `Bearer ${token}` } }),
    'X-TL-Token': (token) => ({ headers: { 'x-tl-token': token } }),
  };
  for (const [name, carry] of Object.entries(carriers)) {
    test(`is taken from ${name}`, async () => {
      const { headers, cookies } = carry(mintToken(edge.keys, { facts }));
      const someone = visitor(granted, cookies);
      assert.equal(hello(await someone.fetch('/', { headers })), 'Ann');
      assert.equal(tokenOf(someone).sub, 'p1');
    });
  }

  test('signed again keeps subject, version, end and facts, and stays below 3,072 bytes', async () => {
    const token = mintToken(edge.keys, { facts, ttl: 1234, age: 34 });
    const someone = visitor(granted, { [TOKEN]: token });
    await someone.fetch('/');
    const [before, after] = [claimsOf(token), tokenOf(someone)];
    assert.notEqual(someone.cookies.get(TOKEN), token);
    for (const claim of ['sub', 'ver', 'iat', 'exp', 'iss', 'aud']) assert.equal(after[claim], before[claim], claim);
    assert.deepEqual(after.tl.traits, facts.traits);
    assert.ok(someone.cookies.get(TOKEN).length <= 3072);
  });

  test('is left alone where nothing has changed', async () => {
    const someone = visitor(granted, { [TOKEN]: mintToken(edge.keys, { facts }) });
    assert.ok(!names(await someone.fetch('/note')).includes(TOKEN));
  });

  test('of the edge is for the subject of the id', async () => {
    const someone = visitor();
    await someone.fetch('/');
    assert.equal(tokenOf(someone).sub, someone.device);
    assert.equal(tokenOf(someone).ver, 0);
  });

  test('that has expired names nobody, and nothing is signed over it', async () => {
    const token = mintToken(edge.keys, { facts, age: 7200, ttl: 3600 });
    const someone = visitor(granted, { [TOKEN]: token });
    assert.equal(hello(await someone.fetch('/')), 'you');
    assert.equal(someone.cookies.get(TOKEN), token);
    const { json } = await someone.fetch('/_tl/token');
    assert.deepEqual([json().subject, json().known], [someone.device, false]);
    const { json: shown } = await visitor().fetch('/_tl/token', { headers: { authorization: `Bearer ${token}` } });
    assert.notEqual(shown().subject, 'p1');
  });

  test('of the edge that has expired, or is of another device, gives way to a new one', async () => {
    const alias = newAlias();
    for (const change of [{ age: 7200, ttl: 3600 }, { sub: newAlias() }]) {
      const token = mintToken(edge.keys, { sub: alias, ver: 0, facts, ...change });
      const someone = visitor(granted, { [ID]: credential(edge.keys, alias), [TOKEN]: token });
      assert.equal(hello(await someone.fetch('/')), 'you');
      assert.deepEqual([tokenOf(someone).sub, tokenOf(someone).ver], [alias, 0]);
    }
  });

  test('of the edge proves nothing in a header', async () => {
    const token = mintToken(edge.keys, { sub: newAlias(), ver: 0, facts });
    assert.equal(hello(await visitor().fetch('/', { headers: { authorization: `Bearer ${token}` } })), 'you');
  });

  const unjudged = {
    'of an unknown key': { header: { kid: 'nobody' } },
    'for another audience': { aud: 'elsewhere' },
    'of another issuer': { iss: 'elsewhere' },
    'not valid yet': { age: -600 },
  };
  for (const [name, change] of Object.entries(unjudged)) {
    test(`that is ${name} is left for another edge to judge`, async () => {
      const token = mintToken(edge.keys, { facts, ...change });
      const someone = visitor(granted, { [TOKEN]: token });
      assert.equal(hello(await someone.fetch('/')), 'you');
      assert.equal(someone.cookies.get(TOKEN), token);
    });
  }

  test('is of a device whose keys have changed, and of the same person', async () => {
    const [old, next] = [edge.keys, newKeys()].map(
      (keys) => JSON.parse(readFileSync(join(keys, 'token.private.jwks.json'))).keys,
    );
    const rotated = await startEdge({
      keys: edge.keys,
      published: edge.published,
      origin,
      vars: { TOKEN_KEYS: JSON.stringify({ keys: [...next, ...old] }) },
    });
    try {
      const someone = new Visitor(rotated);
      const alias = newAlias();
      someone.cookies.set('tl_consent', encodeURIComponent(granted));
      someone.cookies.set(ID, credential(edge.keys, alias));
      someone.cookies.set(TOKEN, mintToken(edge.keys, { facts }));
      assert.equal(hello(await someone.fetch('/')), 'Ann');
      assert.equal(someone.device, alias);
      assert.notEqual(someone.cookies.get(ID), credential(edge.keys, alias), 'it is signed with the new key');
      await someone.fetch('/');
      assert.equal(someone.device, alias);
    } finally {
      await rotated.stop();
    }
  });

  const other = generateKeyPairSync('ed25519').privateKey;
  const bad = {
    'tampered with': (keys) => {
      const parts = mintToken(keys, { facts }).split('.');
      parts[1] = Buffer.from(JSON.stringify({ ...claimsOf(parts.join('.')), sub: 'p2' })).toString('base64url');
      return parts.join('.');
    },
    'signed with another key': (keys) => mintToken(keys, { facts, key: other }),
    unsigned: (keys) => mintToken(keys, { facts, header: { alg: 'none' } }).replace(/\.[^.]*$/, '.'),
    'of another type': (keys) => mintToken(keys, { facts, header: { typ: 'JWT' } }),
    'for previews': (keys) => mintPreview(keys),
    'no token': () => 'hello',
    'far too long': () => `${'a'.repeat(3500)}.b.c`,
  };
  for (const [name, make] of Object.entries(bad)) {
    test(`that is ${name} is as if it were not there, and is replaced`, async () => {
      const someone = visitor(granted, { [TOKEN]: make(edge.keys) });
      assert.equal(hello(await someone.fetch('/')), 'you');
      assert.equal(tokenOf(someone).sub, someone.device);
    });
  }

  test('that is bad goes where no new one is needed', async () => {
    const someone = visitor(granted, { [TOKEN]: 'bad', [ID]: credential(edge.keys) });
    await someone.fetch('/note');
    assert.notEqual(someone.cookies.get(TOKEN), 'bad');
  });

  test("in Authorization that is the origin's own passes on", async () => {
    await visitor().fetch('/', { headers: { authorization: 'Basic c3RhZ2luZzpwYXNz' } });
    assert.equal(edge.seen.at(-1).headers.authorization, 'Basic c3RhZ2luZzpwYXNz');
  });
});

describe('consent', () => {
  const fallback = (answer) => assert.ok(!answer.text.includes('Hello'));

  for (const [name, consent] of Object.entries({
    'not asked': null,
    pending: 'personalization=pending',
    nonsense: 'a&b==&%',
  })) {
    test(`${name}: no cookie, no event, and the fallback where rules need it`, async () => {
      const someone = visitor(consent);
      const answer = await someone.fetch('/');
      fallback(answer);
      assert.deepEqual(answer.setCookies, []);
      const note = await someone.fetch('/note');
      assert.ok(note.text.includes('<p>note</p>'), 'what needs no consent is there');
      assert.deepEqual(note.setCookies, []);
    });
  }

  test('without it, nobody is recognised, and experiments have nobody to assign', async () => {
    const someone = visitor(null, { [ID]: credential(edge.keys), [TOKEN]: mintToken(edge.keys) });
    const { text, setCookies } = await someone.fetch('/split');
    assert.ok(text.includes('>fallback<'), text);
    assert.deepEqual(setCookies, []);
  });

  test('denied: the cookies that are there go', async () => {
    const someone = visitor();
    await someone.fetch('/');
    someone.cookies.set('tl_consent', 'personalization=denied');
    assert.deepEqual(names(await someone.fetch('/note')), [ID, SESSION, TOKEN]);
    assert.deepEqual([...someone.cookies.keys()], ['tl_consent']);
  });

  test('storage without measurement: the cap holds, and nothing leaves', async () => {
    const someone = visitor('personalization=granted&analytics=denied');
    const seen = [];
    for (let view = 0; view < 3; view++) seen.push(hello(await someone.fetch('/')) ?? null);
    assert.deepEqual(seen, ['you', 'you', null]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(messagesOf(someone), []);
  });

  test('measurement and storage: the events leave', async () => {
    const someone = visitor();
    await someone.fetch('/');
    const [message] = await eventually(() => {
      assert.equal(messagesOf(someone).length, 1);
      return messagesOf(someone);
    });
    assert.deepEqual(
      message.events.map((event) => event.event),
      ['Message Seen', 'Page Viewed'],
    );
    assert.deepEqual(message.device, { id: someone.device, signed: true });
    assert.ok(message.events.every((event) => event.trusted === true && event.id.startsWith('d-')));
    assert.ok(message.events[1].id.endsWith(':page'));
    assert.equal(message.edge.plan, JSON.parse(edge.published.get('plan:current')).edge);
  });

  test('Sec-GPC denies what the rules name, against any cookie', async () => {
    const someone = visitor();
    assert.equal(hello(await someone.fetch('/', { headers: { 'sec-gpc': '1' } })), 'you');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(messagesOf(someone), []);
  });

  test('a cookie of a thousand purposes does no harm', async () => {
    const many = Array.from({ length: 200 }, (_, n) => `p${n}=granted`).join('&');
    assert.equal((await visitor(many).fetch('/note')).status, 200);
  });
});

describe('the cookie of consent', () => {
  const [day, life] = [24 * 60 * 60, 15724800];
  const at = Date.now() - 10 * day * 1000;
  const dated = `${granted}&at=${at}`.replaceAll('&', '%26');
  const renewed = (answer) => answer.setCookies.filter((line) => line.startsWith('tl_consent='));
  const withConsent = (value) => {
    const someone = new Visitor(edge);
    someone.cookies.set('tl_consent', value);
    return someone;
  };

  test('is renewed once in a session, because Safari forgets what a script has written', async () => {
    const someone = withConsent(dated);
    const first = await someone.fetch('/');
    const [, left] = /Max-Age=(\d+)/.exec(renewed(first));
    assert.deepEqual(renewed(first), [`tl_consent=${dated}; Path=/; Max-Age=${left}; SameSite=Lax`]);
    assert.ok(left <= life - 10 * day && left > life - 11 * day, 'it ends half a year after the choice');
    assert.deepEqual(renewed(await someone.fetch('/')), []);
    assert.equal(renewed(await withConsent(dated).fetch('/_tl/token')).length, 1);
  });

  test('is renewed with a refusal, which would be forgotten as well', async () => {
    const refused = `personalization=denied&analytics=denied&at=${at}`;
    const answer = await withConsent(refused).fetch('/_tl/token');
    assert.ok(renewed(answer)[0].startsWith(`tl_consent=${refused}; Path=/; Max-Age=`));
    assert.equal(answer.json().store, false);
  });

  test('is left alone where it does not say when it was written, it is old, or there are several', async () => {
    for (const other of [3000, at - life * 1000, Date.now() + day * 1000])
      assert.deepEqual(renewed(await withConsent(dated.replace(at, other)).fetch('/')), [], `${other}`);
    assert.deepEqual(renewed(await withConsent(granted).fetch('/')), []);
    assert.deepEqual(renewed(await withConsent(`${dated}; tl_consent=${dated}`).fetch('/')), []);
    assert.deepEqual(renewed(await withConsent(`${dated}%26x=${'y'.repeat(2100)}`).fetch('/')), []);
  });

  test('that was written last counts, whatever the order', async () => {
    const denied = `personalization=denied&at=${at + 1}`;
    for (const cookie of [`${dated}; tl_consent=${denied}`, `${denied}; tl_consent=${dated}`])
      assert.equal((await withConsent(cookie).fetch('/_tl/token')).json().store, false);
  });
});

describe('experiments', () => {
  test('one visitor keeps the variation, many visitors get both', async () => {
    const shown = (answer) => /data-tl-slot="split"[^>]*>(\w+)</.exec(answer.text)[1];
    const seen = new Set();
    for (let one = 0; one < 12; one++) {
      const someone = visitor();
      const [first, second] = [shown(await someone.fetch('/split')), shown(await someone.fetch('/split'))];
      assert.equal(first, second);
      seen.add(first);
    }
    assert.deepEqual([...seen].sort(), ['A', 'B']);
  });

  test('an experiment is recorded with the slot it has chosen for', async () => {
    const someone = visitor();
    await someone.fetch('/split');
    const [message] = await eventually(() => {
      assert.equal(messagesOf(someone).length, 1);
      return messagesOf(someone);
    });
    assert.deepEqual(
      message.events.map((event) => event.event),
      ['Message Seen', 'Experiment Viewed', 'Page Viewed'],
    );
  });
});

describe('previews', () => {
  test('a signed link begins one, nothing is counted or kept by anybody, and a link ends it', async () => {
    const someone = visitor();
    const begin = await someone.fetch(`/?a=%C3%BC&tl_preview=${mintPreview(edge.keys)}&b=2`);
    assert.deepEqual([begin.status, begin.headers.location, begin.text], [303, `${edge.url}/?a=%C3%BC&b=2`, '']);
    const [cookie] = begin.setCookies;
    assert.match(cookie, /^tl_preview=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    assert.equal(begin.setCookies.length, 1);
    assert.equal(begin.headers['cache-control'], 'private, no-store');
    assert.equal(begin.headers['x-robots-tag'], 'noindex');
    for (let view = 0; view < 3; view++) {
      const shown = await someone.fetch('/');
      assert.equal(hello(shown), 'you', 'the cap does not count');
      assert.equal(shown.headers['cache-control'], 'private, no-store');
    }
    const end = await someone.fetch('//elsewhere.example/?tl_preview=exit&tl_x=1');
    assert.equal(end.headers['cache-control'], 'private, no-store');
    assert.equal(end.headers.location, `${edge.url}//elsewhere.example/?tl_x=1`, 'it stays on the site');
    assert.ok(!someone.cookies.has('tl_preview'));
    assert.equal((await someone.fetch('/')).headers['cache-control'], 'private, no-cache');
  });

  test('a frame and a page that a script fetches are shown at once: they may not keep the cookie', async () => {
    const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' };
    const shown = await visitor().fetch(`/?tl_preview=${mintPreview(edge.keys)}`, { headers });
    assert.equal(hello(shown), 'you');
    assert.equal(shown.headers['cache-control'], 'private, no-store');
    assert.equal(edge.seen.at(-1).url, '/');
  });

  for (const [name, make] of Object.entries({
    expired: (keys) => mintPreview(keys, { age: 7200 }),
    'without the scope': (keys) => mintPreview(keys, { scope: 'explain' }),
    'of other keys': () => mintPreview(newKeys()),
    nonsense: () => 'x',
  })) {
    test(`a link that is ${name} does nothing`, async () => {
      const answer = await visitor().fetch(`/?tl_preview=${make(edge.keys)}`);
      assert.ok(!names(answer).includes('tl_preview'));
      assert.equal(answer.headers['cache-control'], 'private, no-cache');
    });
  }
});

test("concurrent visitors never get each other's page, cookies or events", async () => {
  const people = Array.from({ length: 60 }, (_, n) => {
    const name = `Name${n}x`;
    const token = mintToken(edge.keys, { sub: `subject-${n}`, facts: { traits: { firstName: [name, 1, 1] } } });
    return { name, sub: `subject-${n}`, visitor: visitor(granted, { [TOKEN]: token }) };
  });
  const answers = await Promise.all(people.map(({ visitor }) => visitor.fetch('/')));
  answers.forEach((answer, n) => assert.equal(hello(answer), people[n].name));
  people.forEach(({ visitor, sub }) => assert.equal(tokenOf(visitor).sub, sub));
  await eventually(() => {
    for (const { visitor, sub } of people) {
      const [message, ...more] = messagesOf(visitor);
      assert.deepEqual([message.proof.sub, message.proof.ver], [sub, 7]);
      assert.equal(more.length, 0);
      assert.equal(message.events.length, 2);
    }
  });
});

test('what does not fit the cookie is left out, and the token says that it is partial', async () => {
  const segments = Array.from({ length: 148 }, (_, n) => `segment-${n}`);
  const token = mintToken(edge.keys, { facts: { traits: { firstName: ['Ann', 1, 1] }, segments } });
  assert.ok(token.length > 2900 && token.length <= 3072, `${token.length}`);
  const someone = visitor(granted, { [TOKEN]: token });
  assert.equal(hello(await someone.fetch('/')), 'Ann');
  const { tl } = tokenOf(someone);
  assert.ok(someone.cookies.get(TOKEN).length <= 3072);
  assert.deepEqual(tl.partial, ['segments']);
  assert.ok(tl.segments.length < segments.length);
  assert.equal(tl.exposures['campaign:capped'].length, 1);
});
