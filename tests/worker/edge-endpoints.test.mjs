// The endpoints under the prefix: their responses, and the requests that they refuse.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  eventually,
  mintPreview,
  mintToken,
  newId,
  page,
  SESSION,
  startEdge,
  TOKEN,
  Visitor,
} from '../support/edge.mjs';

const rules = {
  version: 1,
  attributes: {
    firstName: { type: 'string', edge: true, client: true },
    secret: { type: 'string', edge: true },
  },
  slots: {
    hero: { pages: ['/'], public: true },
    hidden: { pages: ['/'] },
    once: { pages: ['/once'] },
    guided: { pages: ['/guided'] },
  },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: "<h1>Hello {{ firstName | default: 'you' }}</h1>" }] },
    hidden: { renditions: [{ channel: 'web', html: "{{ secret | default: 'none' }}" }] },
    once: { once: true, renditions: [{ channel: 'web', html: 'once' }] },
  },
  campaigns: {
    hero: { class: 'promo', slots: { hero: 'hero' } },
    hidden: { class: 'promo', slots: { hidden: 'hidden' } },
    once: { class: 'promo', slots: { once: 'once' } },
    guided: {
      class: 'promo',
      when: { $event: { name: 'Guide Downloaded', within: '1h' } },
      slots: { guided: 'hidden' },
    },
  },
  policies: {
    consent: {
      default: 'granted',
      store: 'personalization',
      measure: 'analytics',
      promo: ['personalization'],
      gpc: ['analytics'],
    },
  },
};
const assets = mkdtempSync(join(tmpdir(), 'throughline-assets-'));
mkdirSync(join(assets, '_tl'));
writeFileSync(join(assets, 'index.html'), page('<div data-tl-slot="hero">fallback</div>'));
writeFileSync(join(assets, '_tl', 'tag.js'), 'tag();');
writeFileSync(join(assets, '_tl', 'core.wasm'), Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]));

let edge, url;
before(async () => {
  edge = await startEdge({
    rules,
    assets,
    vars: { ALLOWED_ORIGINS: 'https://app.example, https://*.bad, https://b.example', GPC_SINCE: '2026-01-31' },
  });
  url = edge.url;
});
after(() => edge.stop());

const visitor = (options) => new Visitor(edge, options);
const decide = (body, options) => visitor().post('/_tl/decide', body, options);
const event = (change = {}) => ({
  type: 'track',
  event: 'Product Added',
  messageId: newId(),
  anonymousId: 'a',
  properties: { sku: 1 },
  ...change,
});

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json().error.code, code);
  assert.ok(answer.json().error.message.length > 5);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['cache-control'], 'no-store');
}

describe('every endpoint', () => {
  const methods = {
    decide: 'POST, OPTIONS',
    events: 'POST, OPTIONS',
    token: 'GET, POST, DELETE, HEAD, OPTIONS',
    plan: 'GET, HEAD, OPTIONS',
    explain: 'GET, HEAD, OPTIONS',
    health: 'GET, HEAD, OPTIONS',
    'tag.js': 'GET, HEAD, OPTIONS',
  };
  for (const [name, allow] of Object.entries(methods)) {
    test(`${name} names its methods`, async () => {
      const answer = await visitor().fetch(`/_tl/${name}`, { method: 'PUT' });
      refused(answer, 405, 'method_not_allowed');
      assert.equal(answer.headers.allow, allow);
      assert.equal((await visitor().fetch(`/_tl/${name}`, { method: 'OPTIONS' })).status, 204);
    });
  }

  test('HEAD is GET without the body', async () => {
    const [head, get] = [await visitor().fetch('/_tl/plan', { method: 'HEAD' }), await visitor().fetch('/_tl/plan')];
    assert.equal(head.bytes.length, 0);
    assert.equal(head.status, 200);
    assert.equal(head.headers.etag, get.headers.etag);
  });

  test('what is not there is a JSON 404', async () => {
    for (const path of ['/_tl/', '/_tl/nothing', '/_tl/a/b', '/_tl/..%2findex.html'])
      refused(await visitor().fetch(path), 404, 'unknown_endpoint');
  });

  test('the prefix can be another one', async () => {
    const other = await startEdge({ rules, assets, vars: { PREFIX: '/x/y/' } });
    try {
      assert.equal((await new Visitor(other).fetch('/x/y/health')).json().status, 'ok');
      assert.equal((await new Visitor(other).fetch('/x/y/tag.js')).text, 'tag();');
    } finally {
      await other.stop();
    }
  });
});

describe('decide', () => {
  test('answers a decision, and gives a new visitor an id', async () => {
    const someone = visitor();
    const answer = await someone.post('/_tl/decide', { request: { attributes: { path: '/' } } });
    assert.equal(answer.status, 200);
    const decision = answer.json();
    assert.equal(decision.slots.hero.html, '<h1>Hello you</h1>');
    assert.equal(decision.subject, someone.device);
    assert.equal(decision.exposures.length, 2);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['content-type'], 'application/json');
  });

  test('is the same as the page', async () => {
    const token = mintToken(edge.keys, { facts: { traits: { firstName: ['Ann', 1, 1] } } });
    const { json } = await decide(
      { request: { attributes: { path: '/' } } },
      { headers: { authorization: `Bearer ${token}` } },
    );
    const { text } = await visitor().fetch('/', { headers: { authorization: `Bearer ${token}` } });
    assert.ok(text.includes(json().slots.hero.html) && text.includes('Hello Ann'));
  });

  test('only the slots that are asked for', async () => {
    assert.deepEqual(Object.keys((await decide({ request: { slots: ['hidden', 'unknown'] } })).json().slots), [
      'hidden',
    ]);
  });

  test('pending events count, but set only what anybody may set', async () => {
    const identify = {
      id: 'e1',
      type: 'identify',
      at: Date.now(),
      traits: { firstName: 'Bob', secret: 'x' },
      trusted: true,
    };
    const { slots } = (await decide({ request: { attributes: { path: '/' } }, events: [identify] })).json();
    assert.equal(slots.hero.html, '<h1>Hello Bob</h1>');
    assert.equal(slots.hidden.html, 'none');
  });

  test('what a fast clock reports has happened by now', async () => {
    const guide = { id: 'e1', type: 'track', event: 'Guide Downloaded', at: Date.now() + 3_600_000 };
    const { slots } = (await decide({ request: { attributes: { path: '/guided' } }, events: [guide] })).json();
    assert.deepEqual(Object.keys(slots), ['guided']);
  });

  test('a value can never become markup', async () => {
    const identify = {
      id: 'e1',
      type: 'identify',
      at: Date.now(),
      traits: { firstName: '<img src=x onerror=alert(1)>' },
    };
    assert.equal(
      (await decide({ request: { attributes: { path: '/' } }, events: [identify] })).json().slots.hero.html,
      '<h1>Hello &lt;img src=x onerror=alert(1)&gt;</h1>',
    );
  });

  test('another profile and another time only for colleagues', async () => {
    const body = {
      request: { attributes: { path: '/' } },
      now: 1700000000000,
      profile: { subject: 'other', traits: { secret: ['s', 1, 1] } },
    };
    refused(await decide(body), 403, 'segment_count');
    refused(
      await decide(body, { headers: { authorization: `Bearer ${mintPreview(edge.keys, { scope: 'preview' })}` } }),
      403,
      'missing_scope',
    );
    const answer = await decide(body, { headers: { authorization: `Bearer ${mintPreview(edge.keys)}` } });
    assert.deepEqual(
      [answer.json().now, answer.json().subject, answer.json().slots.hidden.html],
      [1700000000000, 'other', 's'],
    );
    assert.deepEqual(answer.setCookies, []);
  });

  test('bots and Sec-GPC are seen even if the body says otherwise', async () => {
    const bot = await decide(
      { request: { attributes: { path: '/' }, bot: false } },
      { headers: { 'user-agent': 'Googlebot/2.1' } },
    );
    assert.deepEqual(bot.json().slots, {});
    assert.deepEqual(bot.setCookies, []);
    const gpc = await decide({ request: { attributes: { path: '/' }, gpc: false } }, { headers: { 'sec-gpc': '1' } });
    assert.equal(gpc.json().measure, false);
  });

  const hostile = {
    'no JSON': '{',
    'a list': '[]',
    'a number': '1',
    nothing: '',
    'far too deep': '['.repeat(5000),
    bytes: Buffer.from([0xff, 0xfe, 0x00]),
    'damaged gzip': Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]),
    'a wrong time': { now: 'soon' },
  };
  for (const [name, body] of Object.entries(hostile)) {
    test(`${name} is a JSON error`, async () => refused(await decide(body), 400, 'invalid_json'));
  }

  const PATH = '"request":{"attributes":{"path":"/","title":';
  const partly = {
    'another shape': [{ request: 5 }, ['`request`: expected an object'], []],
    'bad attributes': [{ request: { attributes: [] } }, ['`request.attributes`: expected an object'], []],
    'bad events': [{ request: { attributes: { path: '/' } }, events: [{ id: 1 }] }, ['`events.0.id`: expected a text']],
    'a bad opt-out': [
      { request: { attributes: { path: '/' }, consent: { analytics: 'maybe' } } },
      ['`request.consent.analytics`: expected one of: granted, denied, pending'],
    ],
    'half an emoji': [`{${PATH}"cut \\ud83d"}}}`, undefined],
    'a raw line break': [`{${PATH}"a\nb"}}}`, undefined],
    'no number': [`{${PATH}NaN}}}`, undefined],
    'far too deep an attribute': [`{${PATH}${'['.repeat(5000)}1${']'.repeat(5000)}}}}`, undefined],
    'a byte order mark': [`\ufeff{${PATH}"a"}}}`, undefined],
    'Latin-1': [Buffer.from(`{${PATH}"Zo\xeb"}}}`, 'latin1'), undefined],
  };
  for (const [name, [body, warnings, slots = ['hero', 'hidden']]] of Object.entries(partly)) {
    test(`${name} costs no decision`, async () => {
      const answer = await decide(body);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json().warnings, warnings);
      if (slots.length) assert.ok(answer.json().slots.hero, JSON.stringify(answer.json().slots));
    });
  }

  test('gzip is unpacked', async () => {
    const body = gzipSync(JSON.stringify({ request: { attributes: { path: '/' } } }));
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      assert.ok((await decide(body, { headers })).json().slots.hero);
    }
    refused(await decide(gzipSync(Buffer.alloc(70_000, ' '))), 413, 'too_large');
  });

  test('a body that is too long is refused, announced or not', async () => {
    const long = JSON.stringify({ request: { attributes: { path: 'x'.repeat(70_000) } } });
    refused(await decide(long), 413, 'too_large');
    refused(await decide(long, { headers: { 'transfer-encoding': 'chunked' } }), 413, 'too_large');
  });

  test('other types and encodings are refused', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', undefined]) {
      refused(await decide('{}', { headers: { 'content-type': type } }), 415, 'unsupported_media_type');
    }
    refused(await decide('{}', { headers: { 'content-encoding': 'br' } }), 415, 'unsupported_encoding');
  });
});

describe('events', () => {
  test('reach the collector with its key, and change the next page', async () => {
    const someone = visitor();
    edge.posts.length = 0;
    const identify = { type: 'identify', messageId: newId(), userId: 'u1', traits: { firstName: 'Eve', secret: 'x' } };
    const answer = await someone.post('/_tl/events', { batch: [identify] });
    assert.deepEqual(answer.json(), { success: true, results: { [identify.messageId]: { result: 'ok' } } });
    const [{ path, authorization, body }] = edge.posts;
    assert.deepEqual([path, authorization], ['/v1/edge', 'Bearer ck']);
    assert.equal(body.device.id, someone.device);
    assert.deepEqual([body.device.signed, body.proof], [true, undefined]);
    const [event] = body.events;
    assert.deepEqual(
      [event.id, event.type, event.userId, event.trusted],
      [identify.messageId, 'identify', 'u1', false],
    );
    const { text } = await someone.fetch('/');
    assert.ok(text.includes('Hello Eve'));
    assert.equal(someone.token.tl.traits.secret, undefined);
  });

  test("bring the collector's fresh token, with what this browser knew", async () => {
    const someone = visitor();
    await someone.post('/_tl/events', {
      batch: [{ type: 'identify', messageId: newId(), traits: { firstName: 'Old' } }],
    });
    edge.collector.answer = ({ device }) =>
      Response.json({
        results: {},
        token: mintToken(edge.keys, { sub: device.id, ver: 12, facts: { traits: { secret: ['vip', 1, 1] } } }),
      });
    try {
      await someone.post('/_tl/events', { batch: [event()] });
    } finally {
      edge.collector.answer = () => Response.json({ results: {} });
    }
    const claims = someone.token;
    assert.deepEqual(
      [claims.sub, claims.ver, claims.tl.traits.secret[0], claims.tl.traits.firstName[0]],
      [someone.device, 12, 'vip', 'Old'],
    );
  });

  test('a token for another person brings nothing of the one before', async () => {
    const someone = visitor();
    someone.cookies.set(
      TOKEN,
      mintToken(edge.keys, { sub: 'person-a', facts: { traits: { firstName: ['A', 1, 1] } } }),
    );
    edge.collector.answer = () => Response.json({ results: {}, token: mintToken(edge.keys, { sub: 'person-b' }) });
    try {
      await someone.post('/_tl/events', { batch: [event()] });
    } finally {
      edge.collector.answer = () => Response.json({ results: {} });
    }
    const claims = someone.token;
    assert.deepEqual([claims.sub, claims.tl.traits], ['person-b', undefined]);
  });

  test('a token of the collector that is not good is not kept', async () => {
    edge.collector.answer = () => Response.json({ token: 'x.y.z' });
    const someone = visitor();
    try {
      assert.equal((await someone.post('/_tl/events', { batch: [event()] })).status, 200);
    } finally {
      edge.collector.answer = () => Response.json({ results: {} });
    }
    assert.notEqual(someone.cookies.get(TOKEN), 'x.y.z');
  });

  for (const [name, answer] of Object.entries({
    'is down': () => new Response('no', { status: 503 }),
    hangs: () => new Promise(() => {}),
  })) {
    test(`wait in the outbox when the collector ${name}`, { timeout: 20_000 }, async () => {
      const someone = visitor();
      edge.collector.answer = answer;
      try {
        const sent = Array.from({ length: 3 }, () => event());
        assert.equal((await someone.post('/_tl/events', { batch: sent })).status, 200);
        await eventually(() => {
          const [message] = edge.messages.filter((message) => message.device?.id === someone.device);
          assert.deepEqual(
            message.events.map((event) => event.id),
            sent.map((event) => event.messageId),
          );
        });
      } finally {
        edge.collector.answer = () => Response.json({ results: {} });
      }
    });
  }

  test('that are many go in one message', async () => {
    const someone = visitor();
    edge.collector.answer = () => new Response('no', { status: 503 });
    try {
      const sent = Array.from({ length: 20 }, () => event({ properties: { text: 'x'.repeat(20_000) } }));
      assert.equal((await someone.post('/_tl/events', { batch: sent })).status, 200);
      await eventually(() => {
        const messages = edge.messages.filter((message) => message.device?.id === someone.device);
        assert.deepEqual(
          messages.map((message) => message.events.length),
          [20],
        );
      });
    } finally {
      edge.collector.answer = () => Response.json({ results: {} });
    }
  });

  test('come as text/plain from beacons', async () => {
    assert.equal(
      (
        await visitor().post('/_tl/events', JSON.stringify({ batch: [event()] }), {
          headers: { 'content-type': 'text/plain;charset=UTF-8' },
        })
      ).status,
      200,
    );
  });

  test('that are wrong do not hinder the others', async () => {
    edge.posts.length = 0;
    const good = event();
    const batch = [
      event({ type: 'nonsense', messageId: 'm1' }),
      { type: 'track', event: 'X' },
      5,
      null,
      event({ messageId: 'm5', properties: { text: 'x'.repeat(33_000) } }),
      event({ messageId: 'm6', timestamp: 'yesterday' }),
      good,
    ];
    const { status, json } = await visitor().post('/_tl/events', { batch });
    const { results } = json();
    assert.equal(status, 200);
    assert.deepEqual(
      Object.entries(results)
        .map(([id, { result }]) => [id, result])
        .sort(),
      [
        ['#1', 'drop'],
        ['#2', 'drop'],
        ['#3', 'drop'],
        [good.messageId, 'ok'],
        ['m1', 'drop'],
        ['m5', 'drop'],
        ['m6', 'warning'],
      ].sort(),
    );
    assert.match(results.m1.details, /nonsense/);
    assert.deepEqual(
      edge.posts[0].body.events.map((event) => event.id),
      ['m6', good.messageId],
    );
    assert.deepEqual(
      edge.posts[0].body.rejected.map(({ messageId }) => messageId),
      ['m1', '#1', '#2', '#3', 'm5'],
    );
  });

  test('that cannot be read cost themselves only', async () => {
    const nested = `${'['.repeat(200)}1${']'.repeat(200)}`;
    for (const [odd, result, value] of [
      ['"half \\ud83d end"', 'ok', 'half \ufffd end'],
      ['"a\tb"', 'ok', 'a\tb'],
      ['NaN', 'warning', undefined],
      ['1e999', 'warning', undefined],
      ['9007199254740993', 'ok', '9007199254740993'],
      [nested, 'drop'],
      ['nul', 'drop'],
      ['[1', 'drop'],
    ]) {
      const [before, bad, after] = [event(), event({ properties: { odd: 0 } }), event()];
      const raw = JSON.stringify(bad).replace('"odd":0', `"odd":${odd}`);
      edge.posts.length = 0;
      const answer = await visitor().post(
        '/_tl/events',
        `\ufeff{"batch":[${JSON.stringify(before)},${raw},${JSON.stringify(after)}]}`,
      );
      assert.equal(answer.status, 200, odd.slice(0, 20));
      const { results } = answer.json();
      const names = [before, bad, after].map(({ messageId }) => results[messageId]?.result);
      assert.deepEqual(names, ['ok', result, 'ok'], odd.slice(0, 20));
      const { events, rejected } = edge.posts[0].body;
      if (result === 'drop') {
        assert.deepEqual(
          [events.length, rejected],
          [2, [{ messageId: bad.messageId, reason: results[bad.messageId].details, payload: raw }]],
        );
      } else {
        assert.equal(events[1].properties.odd ?? undefined, value);
        assert.equal(rejected, undefined);
      }
    }
  });

  test('gzip and Latin-1 are read', async () => {
    const named = event({ properties: { name: 'Zo\xeb' } });
    for (const body of [
      gzipSync(JSON.stringify({ batch: [named] })),
      Buffer.from(JSON.stringify({ batch: [named] }), 'latin1'),
    ]) {
      const { results } = (await visitor().post('/_tl/events', body)).json();
      assert.deepEqual(results, { [named.messageId]: { result: 'ok' } });
    }
  });

  test('that are no events are not kept of visitors who refuse', async () => {
    const someone = visitor();
    someone.cookies.set('tl_consent', 'analytics=denied&personalization=granted');
    edge.posts.length = 0;
    const { results } = (await someone.post('/_tl/events', '{"batch":[{"messageId":"m","a":nul}]}')).json();
    assert.equal(results.m.result, 'drop');
    assert.deepEqual(edge.posts, []);
  });

  test('have times in any form, corrected by the clock of their batch, in the order in which they were sent', async () => {
    const at = (ago) => new Date(Date.now() - ago).toISOString().replace(/\..*/, '');
    const sent = async (batch, more = {}) => {
      edge.posts.length = 0;
      const { results } = (await visitor().post('/_tl/events', { batch, ...more })).json();
      return edge.posts[0].body.events.map((found) => ({ ...found, ...results[found.id] }));
    };
    const HOUR = 3_600_000;
    for (const timestamp of [
      `${at(HOUR)}Z`,
      at(HOUR),
      `${at(HOUR - 7_200_000)}+0200`,
      Math.floor((Date.now() - HOUR) / 1000),
    ]) {
      const [found] = await sent([event({ timestamp })]);
      assert.ok(Math.abs(Date.now() - HOUR - found.at) < 5_000, String(timestamp));
      assert.deepEqual([found.result, found.stated], ['ok', undefined]);
    }
    const [unreadable] = await sent([event({ timestamp: 'yesterday' })]);
    assert.ok(Math.abs(Date.now() - unreadable.at) < 5_000);
    assert.deepEqual([unreadable.result, unreadable.stated], ['warning', 'yesterday']);
    for (const off of [3 * HOUR, -3 * HOUR]) {
      const clock = (ago) => `${at(ago + off)}Z`;
      const [found] = await sent([event({ timestamp: clock(HOUR) })], { sentAt: clock(0) });
      assert.ok(Math.abs(Date.now() - HOUR - found.at) < 5_000, `${off}`);
    }
    const timestamp = `${at(HOUR)}Z`;
    const found = await sent([event({ timestamp }), event({ timestamp }), event({ timestamp })]);
    assert.deepEqual(
      found.map(({ at }) => at - Date.parse(timestamp)),
      [0, 1, 2],
    );
  });

  test('of visitors who refuse are not sent, but that they refuse is', async () => {
    const someone = visitor();
    someone.cookies.set('tl_consent', 'analytics=denied&personalization=granted');
    edge.posts.length = 0;
    const refusal = {
      type: 'track',
      event: 'Consent Preference Updated',
      messageId: newId(),
      properties: { analytics: false },
    };
    const other = event();
    const { results } = (await someone.post('/_tl/events', { batch: [refusal, other] })).json();
    assert.equal(results[other.messageId].result, 'ignored');
    assert.deepEqual(
      edge.posts[0].body.events.map((event) => event.id),
      [refusal.messageId],
    );
    assert.deepEqual(edge.posts[0].body.events[0].consent, { analytics: 'denied' });
  });

  test('too many or too much is refused', async () => {
    refused(
      await visitor().post('/_tl/events', { batch: Array.from({ length: 2501 }, () => 1) }),
      413,
      'too_many_events',
    );
    refused(
      await visitor().post('/_tl/events', { batch: [event({ properties: { text: 'x'.repeat(600_000) } })] }),
      413,
      'too_large',
    );
    refused(await visitor().post('/_tl/events', { events: [] }), 400, 'invalid_json');
  });
});

describe('token', () => {
  test('says who it is and what a browser may know', async () => {
    const someone = visitor();
    someone.cookies.set(
      TOKEN,
      mintToken(edge.keys, { facts: { traits: { firstName: ['Ann', 1, 1], secret: ['s', 1, 1] } } }),
    );
    someone.cookies.set('tl_consent', 'personalization=granted');
    const { json, headers } = await someone.fetch('/_tl/token');
    const { subject, profile, session, consent, expires, token, measure } = json();
    assert.deepEqual(
      [subject, profile.traits, consent, token],
      ['p1', { firstName: ['Ann', 1, 1] }, { personalization: 'granted' }, undefined],
    );
    assert.equal(session, Number(someone.cookies.get(SESSION).split('.')[0]));
    assert.ok(expires > Date.now() && measure === true);
    assert.equal(headers['cache-control'], 'no-store');
  });

  test('gives a new visitor an id', async () => {
    const someone = visitor();
    assert.equal((await someone.fetch('/_tl/token')).json().subject, someone.device);
  });

  test('comes back to an app that has presented one', async () => {
    const token = mintToken(edge.keys);
    assert.equal(
      (await visitor().fetch('/_tl/token', { headers: { authorization: `Bearer ${token}` } })).json().token,
      token,
    );
  });

  test('is handed over to a web view', async () => {
    const someone = visitor();
    const { status } = await someone.fetch('/_tl/token', {
      method: 'POST',
      headers: { authorization: `Bearer ${mintToken(edge.keys, { sub: 'app-user' })}` },
    });
    assert.equal(status, 200);
    assert.equal(someone.token.sub, 'app-user');
    assert.equal((await someone.fetch('/_tl/token')).json().subject, 'app-user');
  });

  test('is handed back: the browser is nobody again, for the same site only', async () => {
    const someone = visitor();
    await someone.fetch('/_tl/token', {
      method: 'POST',
      headers: { authorization: `Bearer ${mintToken(edge.keys, { sub: 'app-user' })}` },
    });
    const elsewhere = await someone.fetch('/_tl/token', {
      method: 'DELETE',
      headers: { origin: 'https://evil.example' },
    });
    assert.equal(elsewhere.status, 403);
    assert.equal((await someone.fetch('/_tl/token', { method: 'DELETE' })).status, 200);
    assert.equal(someone.cookies.get(TOKEN) ?? '', '');
    assert.notEqual((await someone.fetch('/_tl/token')).json().subject, 'app-user');
  });

  test('is not handed over if it is missing or bad', async () => {
    refused(await visitor().fetch('/_tl/token', { method: 'POST' }), 401, 'missing_token');
    refused(
      await visitor().fetch('/_tl/token', {
        method: 'POST',
        headers: { authorization: `Bearer ${mintToken(edge.keys, { age: 7200 })}` },
      }),
      401,
      'expired',
    );
    refused(
      await visitor().fetch('/_tl/token', { method: 'POST', headers: { authorization: 'Bearer a.b.c' } }),
      401,
      'invalid_base64',
    );
  });
});

describe('a page that is decided about anew', () => {
  test('does not count what it shows itself', async () => {
    const someone = visitor();
    const request = { attributes: { path: '/once' } };
    const shown = (await someone.post('/_tl/decide', { request })).json();
    assert.equal(shown.slots.once?.html, 'once');
    await someone.post('/_tl/events', {
      batch: shown.exposures.map(({ id, event, properties }) => ({ type: 'track', messageId: id, event, properties })),
    });
    assert.equal((await someone.post('/_tl/decide', { request })).json().slots.once, undefined);
    assert.equal(
      (await someone.post('/_tl/decide', { request, view: [shown.decisionId] })).json().slots.once?.html,
      'once',
    );
    refused(await someone.post('/_tl/decide', { request, view: 'all' }), 400, 'invalid_view');
  });
});

describe('plan and files', () => {
  test('the public plan is sealed, and known by its id', async () => {
    const { bytes, headers } = await visitor().fetch('/_tl/plan');
    const { public: id } = JSON.parse(edge.published.get('plan:current'));
    assert.deepEqual(bytes, edge.published.get(`public:${id}`));
    assert.equal(headers.etag, `"${id}"`);
    assert.equal(headers['cache-control'], 'public, no-cache');
    const named = await visitor().fetch(`/_tl/plan?v=${id}`);
    assert.equal(named.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal((await visitor().fetch('/_tl/plan?v=other')).headers['cache-control'], 'public, no-cache');
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal((await visitor().fetch('/_tl/plan', { headers: { 'if-none-match': `W/"x", "${id}"` } })).status, 304);
    assert.ok(!bytes.includes('secret'), 'nothing that is not public');
  });

  test('the tag and the core are served with their types, for long with their digest', async () => {
    const [short, long] = ['public, max-age=300, stale-while-revalidate=86400', 'public, max-age=31536000, immutable'];
    const tag = await visitor().fetch('/_tl/tag.js');
    assert.equal(tag.text, 'tag();');
    assert.match(tag.headers['content-type'], /javascript/);
    assert.equal(tag.headers['cache-control'], short);
    assert.equal(tag.headers['access-control-allow-origin'], '*');
    const digest = createHash('sha256').update('tag();').digest('hex');
    const core = await visitor().fetch('/_tl/core.wasm?v=1');
    assert.equal(core.headers['content-type'], 'application/wasm');
    for (const [version, expected] of Object.entries({
      1: short,
      '': short,
      [digest.slice(0, 7)]: short,
      [`${digest.slice(0, 11)}x`]: short,
      [`${digest}0`]: short,
      [digest.slice(0, 8)]: long,
      [digest]: long,
      [digest.toUpperCase()]: long,
      [tag.headers.etag.replaceAll('"', '')]: long,
    })) {
      const { headers, text } = await visitor().fetch(`/_tl/tag.js?v=${version}`);
      assert.deepEqual([headers['cache-control'], text], [expected, 'tag();'], version);
    }
    const again = { headers: { 'if-none-match': tag.headers.etag } };
    const kept = await visitor().fetch(`/_tl/tag.js?v=${digest}`, again);
    assert.deepEqual([kept.status, kept.headers['cache-control']], [304, long]);
    assert.equal((await visitor().fetch('/_tl/tag.js', again)).status, 304);
  });

  test('the keys are public, and only their public halves', async () => {
    const { json, headers } = await visitor().fetch('/_tl/jwks.json');
    const [key, ...more] = json().keys;
    assert.deepEqual([key.kty, key.crv, key.d, more.length], ['OKP', 'Ed25519', undefined, 0]);
    assert.equal(headers['content-type'], 'application/jwk-set+json');
  });

  test('Global Privacy Control: what the rules do, since the day that the operator says', async () => {
    const { json, headers } = await visitor().fetch('/.well-known/gpc.json');
    assert.deepEqual(json(), { gpc: true, lastUpdate: '2026-01-31' });
    assert.deepEqual([headers['content-type'], headers['access-control-allow-origin']], ['application/json', '*']);
    const deaf = { ...rules, policies: { consent: { ...rules.policies.consent, gpc: [] } } };
    const other = await startEdge({ rules: deaf, assets, vars: { GPC_SINCE: '2026-01-31' } });
    try {
      assert.deepEqual((await new Visitor(other).fetch('/.well-known/gpc.json')).json(), {
        gpc: false,
        lastUpdate: '2026-01-31',
      });
    } finally {
      await other.stop();
    }
  });

  for (const since of [undefined, 'yesterday']) {
    test(`Global Privacy Control: since ${since} is no statement, and the site's own goes out`, async () => {
      const origin = (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"gpc":"site"}');
      const other = await startEdge({ rules, origin, vars: { GPC_SINCE: since } });
      try {
        assert.deepEqual((await new Visitor(other).fetch('/.well-known/gpc.json')).json(), { gpc: 'site' });
        assert.equal((await new Visitor(other).fetch('/_tl/gpc')).status, 404);
        const { problems } = (await new Visitor(other).fetch('/_tl/health')).json();
        assert.equal(
          problems.some((problem) => problem.includes('GPC_SINCE')),
          since !== undefined,
        );
      } finally {
        await other.stop();
      }
    });
  }

  test('assets are the origin where there is no other', async () => {
    assert.ok((await visitor().fetch('/')).text.includes('Hello you'));
  });
});

describe('explain', () => {
  const explain = (token, path = '/') =>
    visitor().fetch(`/_tl/explain?path=${encodeURIComponent(path)}`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });

  test('needs a preview token with the scope', async () => {
    refused(await explain(), 401, 'missing_token');
    refused(await explain('x'), 401, 'segment_count');
    refused(await explain(mintToken(edge.keys)), 401, 'wrong_typ');
    refused(await explain(mintPreview(edge.keys, { age: 7200 })), 401, 'expired');
    refused(await explain(mintPreview(edge.keys, { scope: 'preview' })), 403, 'missing_scope');
  });

  test('tells the decision and its trace', async () => {
    const { json } = await explain(mintPreview(edge.keys));
    const { decision, trace } = json();
    assert.equal(decision.slots.hero.campaign, 'hero');
    assert.ok(JSON.stringify(trace).includes('"hero"'));
  });

  test('answers why a campaign does not show', async () => {
    const ask = async (query, path = '/') => {
      const { json } = await visitor().fetch(`/_tl/explain?path=${path}&${query}`, {
        headers: { authorization: `Bearer ${mintPreview(edge.keys)}` },
      });
      return json().whyNot;
    };
    assert.deepEqual(await ask('why_not=hero&slot=hero'), {
      campaign: 'hero',
      slots: { hero: { outcome: 'won', priority: 0 } },
    });
    assert.deepEqual(await ask('why_not=once'), { campaign: 'once', slots: { once: { outcome: 'not_asked' } } });
    assert.deepEqual(await ask('why_not=nobody'), { campaign: 'nobody', outcome: 'unknown_campaign' });
    assert.equal(await ask('slot=hero'), undefined);
    const withheld = visitor();
    withheld.cookies.set('tl_consent', 'personalization=denied');
    const { json } = await withheld.fetch('/_tl/explain?why_not=hero&slot=hero', {
      headers: { authorization: `Bearer ${mintPreview(edge.keys)}` },
    });
    assert.deepEqual(json().whyNot.slots.hero, {
      outcome: 'consent_missing',
      priority: 0,
      detail: { purpose: 'personalization' },
    });
  });

  test('takes the token as cookie or parameter, too', async () => {
    const someone = visitor();
    const token = mintPreview(edge.keys);
    assert.equal((await someone.fetch(`/_tl/explain?tl_preview=${token}`)).status, 200);
    someone.cookies.set('tl_preview', token);
    assert.equal((await someone.fetch('/_tl/explain')).status, 200);
    refused(await someone.fetch('/_tl/explain?path=relative'), 400, 'invalid_path');
  });
});

describe('health', () => {
  test('says what is in use, and no secrets', async () => {
    const { status, text, json } = await visitor().fetch('/_tl/health');
    const { plan, problems } = json();
    assert.equal(status, 200);
    assert.equal(plan.id, JSON.parse(edge.published.get('plan:current')).edge);
    assert.ok(Math.abs(plan.loaded - Date.now()) < 600_000);
    assert.deepEqual(problems, [
      '`ALLOWED_ORIGINS` is invalid, expected origins such as `https://app.shop.example`; the others are ignored; its value is in the log',
    ]);
    assert.ok(edge.logs.join('').includes('`ALLOWED_ORIGINS` is `https://*.bad`'));
    assert.ok(!text.includes('"d"') && !text.includes('ck'));
  });
});

describe('pages of other origins', () => {
  const sent = (origin, more = {}) => decide({}, { headers: { origin, ...more } });

  test('that are allowed may ask with cookies', async () => {
    for (const origin of ['https://app.example', 'https://b.example', url]) {
      const { status, headers } = await sent(origin);
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /Origin/);
    }
  });

  test('that are not may not', async () => {
    for (const origin of [
      'https://evil.example',
      'https://app.example.evil',
      'https://x.bad',
      'null',
      'http://app.example',
    ]) {
      const answer = await sent(origin);
      refused(answer, 403, 'foreign_origin');
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
      assert.deepEqual(answer.setCookies, []);
    }
    refused(await decide({}, { headers: { 'sec-fetch-site': 'cross-site' } }), 403, 'foreign_origin');
    const token = await visitor().fetch('/_tl/token', { headers: { origin: 'https://evil.example' } });
    assert.equal(token.headers['access-control-allow-origin'], undefined);
  });

  test('preflights tell them', async () => {
    const preflight = (origin) =>
      visitor().fetch('/_tl/events', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const { headers } = await preflight('https://app.example');
    assert.equal(headers['access-control-allow-origin'], 'https://app.example');
    assert.match(headers['access-control-allow-methods'], /POST/);
    assert.match(headers['access-control-allow-headers'], /content-type/);
    assert.match(headers['access-control-allow-headers'], /x-tl-device/);
    assert.match(headers['access-control-expose-headers'], /x-tl-plan/);
    assert.equal((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined);
  });
});
