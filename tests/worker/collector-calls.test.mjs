// One bad call never costs another, times in every form, clocks, ties, and ids that are numbers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  COLLECTOR_KEY,
  SERVER_KEY,
  WRITE_KEY,
  basic,
  call,
  edgeEvent,
  newAlias,
  someone,
  startCollector,
  track,
} from '../support/collector.mjs';

let collector;
before(async () => (collector = await startCollector()));
after(() => collector.stop());

/** Sends the text of calls as one batch; returns the status and the result of each message id. */
async function send(calls, { key = SERVER_KEY, ...members } = {}) {
  const rest = Object.entries(members).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const texts = calls.map((call) => (typeof call === 'string' ? call : JSON.stringify(call)));
  return post(`{"batch":[${texts.join(',')}]${rest.join('')}}`, key);
}

async function post(body, key = SERVER_KEY) {
  const { status, body: answer } = await collector.post('/v1/batch', body, { authorization: basic(key) });
  return { status, results: answer.results ?? answer };
}

const failed = async () => (await collector.get('/v1/failed-events?limit=500')).body.events;
const eventsOf = async ({ userId }) => (await collector.profile(`user_id:${userId}`)).events;

describe('a call that cannot be read costs itself only', () => {
  const member = (name, raw) => (who) =>
    JSON.stringify(track(who, 'Odd', { odd: 0 })).replace('"odd":0', `"${name}":${raw}`);
  const nested = `${'['.repeat(200)}1${']'.repeat(200)}`;
  const cases = {
    'half an emoji': [member('odd', '"half \\ud83d end"'), 'ok', 'half \ufffd end'],
    'the other half': [member('odd', '"\\ude00"'), 'ok', '\ufffd'],
    'a raw tab and a line break': [member('odd', '"a\tb\nc"'), 'ok', 'a\tb\nc'],
    NaN: [member('odd', 'NaN'), 'warning', null],
    '-Infinity': [member('odd', '-Infinity'), 'warning', null],
    'a number without bound': [member('odd', '1e999'), 'warning', null],
    'a long whole number': [member('odd', '9007199254740993'), 'ok', '9007199254740993'],
    'deep nesting': [member('odd', nested), 'drop'],
    'far deeper nesting': [member('odd', '['.repeat(5000) + ']'.repeat(5000)), 'drop'],
    'no value': [member('odd', ''), 'drop'],
    'a word': [member('odd', 'undefined'), 'drop'],
    'a bracket that stands wrong': [member('odd', '[1'), 'drop'],
    'a comma too many': [member('odd', '[1,]'), 'drop'],
  };
  for (const [name, [odd, result, value]] of Object.entries(cases)) {
    test(name, async () => {
      const who = someone();
      const text = odd(who);
      const [before, after] = [track(who, 'Before'), track(who, 'After')];
      const id = /"messageId":"([^"]+)"/.exec(text)[1];
      const { status, results } = await send([before, text, after]);
      assert.equal(status, 200);
      assert.deepEqual(
        [before.messageId, id, after.messageId].map((id) => results[id]?.result),
        ['ok', result, 'ok'],
        JSON.stringify(results),
      );
      const found = await eventsOf(who);
      if (result === 'drop') {
        const kept = (await failed()).find(({ message_id }) => message_id === id);
        assert.equal(kept.payload, text);
        assert.equal(found.length, 2);
      } else {
        assert.deepEqual(found.find(({ event }) => event === 'Odd').properties.odd, value);
      }
    });
  }

  test('a byte order mark, Latin-1, and a single call with both', async () => {
    const who = someone();
    const text = JSON.stringify(track(who, 'Café', { name: 'Zoë' }));
    for (const [path, body] of [
      ['/v1/batch', `\ufeff{"batch":[${JSON.stringify(track(who, 'Marked'))}]}`],
      ['/v1/track', Buffer.concat([Buffer.from('\ufeff'), Buffer.from(text, 'latin1')])],
    ]) {
      const { status, body: answer } = await collector.post(path, body, { authorization: basic(SERVER_KEY) });
      assert.deepEqual([status, Object.values(answer.results).map(({ result }) => result)], [200, ['ok']], path);
    }
    assert.deepEqual((await eventsOf(who)).map(({ event }) => event).sort(), ['Caf\ufffd', 'Marked']);
  });

  test('of the edge, too: it is among the failed events, with the reason and its own id', async () => {
    const device = { id: newAlias(), signed: true };
    const good = edgeEvent('Good');
    const rejected = [{ messageId: `edge-${good.id}`, reason: 'nested deeper', payload: '{"a":[[[' }];
    const { status, body } = await collector.edge({ device, events: [good], rejected });
    assert.equal(status, 200);
    assert.deepEqual(
      [body.results[good.id].result, body.results[`edge-${good.id}`]],
      ['ok', { result: 'drop', details: 'nested deeper' }],
    );
    const batch = await collector.edgeBatch([
      { device, events: [], rejected: [{ ...rejected[0], messageId: 'later' }] },
    ]);
    assert.deepEqual(batch.body, { kept: [0] });
    const kept = (await failed()).filter(({ source }) => source === 'edge');
    assert.ok(kept.some(({ message_id, payload }) => message_id === 'later' && payload === '{"a":[[['));
  });
});

describe('times', () => {
  /** Returns the age of an event in milliseconds, its result, and the time that the record keeps as stated. */
  async function sent(timestamp, members = {}) {
    const who = someone();
    const event = { ...track(who, 'Timed'), ...members };
    if (timestamp === undefined) delete event.timestamp;
    else event.timestamp = timestamp;
    const { results } = await send([event]);
    const [line] = (await collector.export(`user_id:${who.userId}`)).filter(
      ({ record }) => record?.event.event === 'Timed',
    );
    const { at } = (await eventsOf(who))[0];
    return { at, ...results[event.messageId], stated: line.record.stated_time };
  }
  const HOUR_AGO = Math.floor((Date.now() - 3_600_000) / 1000) * 1000;
  const iso = new Date(HOUR_AGO).toISOString();
  const east = new Date(HOUR_AGO + 7_200_000).toISOString().slice(0, 19);
  const midnight = Date.parse(iso.slice(0, 10));
  const forms = {
    'RFC 3339': [iso, HOUR_AGO],
    '+0200': [`${east}+0200`, HOUR_AGO],
    '+02': [`${east}+02`, HOUR_AGO],
    'no zone': [iso.slice(0, 19), HOUR_AGO],
    UTC: [`${iso.slice(0, 19).replace('T', ' ')} UTC`, HOUR_AGO],
    'no seconds': [iso.slice(0, 16), Math.floor(HOUR_AGO / 60_000) * 60_000],
    'a date': [iso.slice(0, 10), midnight],
    'ISO basic': [`${iso.slice(0, 19).replaceAll(/[-:]/g, '')}Z`, HOUR_AGO],
    'HTTP date': [new Date(HOUR_AGO).toUTCString(), HOUR_AGO],
    'Date in JavaScript': [String(new Date(HOUR_AGO)), HOUR_AGO],
    'comma fraction': [iso.replace('.000', ',250'), HOUR_AGO + 250],
    seconds: [HOUR_AGO / 1000, HOUR_AGO],
    'seconds with fraction': [HOUR_AGO / 1000 + 0.25, HOUR_AGO + 250],
    milliseconds: [HOUR_AGO, HOUR_AGO],
    microseconds: [HOUR_AGO * 1000, HOUR_AGO],
    'seconds as text': [String(HOUR_AGO / 1000), HOUR_AGO],
    'milliseconds as text': [String(HOUR_AGO), HOUR_AGO],
    'microseconds as text': [`${HOUR_AGO}000`, HOUR_AGO],
    'nanoseconds as text': [`${HOUR_AGO}000000`, HOUR_AGO],
  };
  for (const [name, [timestamp, at]] of Object.entries(forms)) {
    test(name, async () => {
      const found = await sent(timestamp);
      assert.deepEqual([found.at, found.result, found.stated], [at, 'ok', undefined]);
    });
  }

  test('nanoseconds as a number keep their digits', async () => {
    const who = someone();
    const event = track(who, 'Nano');
    const text = JSON.stringify({ ...event, timestamp: 0 }).replace('"timestamp":0', `"timestamp":${HOUR_AGO}000000`);
    const { results } = await send([text]);
    assert.equal(results[event.messageId].result, 'ok');
    assert.equal((await eventsOf(who))[0].at, HOUR_AGO);
  });

  for (const odd of ['', 'now', 'yesterday', {}, -1, 0, 1.5, '1999-12-31', '2569-11-22T08:30:00Z', true]) {
    test(`${JSON.stringify(odd)} is the time of receipt, with a warning, and is kept`, async () => {
      const found = await sent(odd);
      assert.ok(Math.abs(found.at - Date.now()) < 5_000, String(found.at));
      assert.equal(found.result, 'warning');
      assert.match(found.details, /`timestamp` is `.*`, which cannot be right/);
      assert.equal(found.stated, typeof odd === 'string' ? odd : JSON.stringify(odd));
    });
  }

  test('clocks are corrected by `sentAt`, in both directions, of the call and of the batch', async () => {
    const at = (ms) => new Date(Date.now() + ms).toISOString();
    const HOUR = 3_600_000;
    for (const off of [-3 * HOUR, 3 * HOUR, -20_000 * 24 * HOUR]) {
      const found = await sent(at(off - HOUR), { sentAt: at(off) });
      assert.ok(Math.abs(found.at - (Date.now() - HOUR)) < 5_000, `${off}: ${new Date(found.at).toISOString()}`);
      assert.equal(found.result, 'ok');
      const who = someone();
      await send([{ ...track(who, 'A'), timestamp: at(off - HOUR) }], { sentAt: at(off) });
      const [event] = await eventsOf(who);
      assert.ok(Math.abs(event.at - (Date.now() - HOUR)) < 5_000, `${off}`);
    }
    const waited = await sent(at(-3 * HOUR), { sentAt: at(-20_000) });
    assert.ok(Math.abs(waited.at - (Date.now() - 3 * HOUR)) < 5_000, 'what waited for three hours stays where it was');
  });
});

describe('equal times', () => {
  const SECOND = '2026-11-22T08:30:00Z';

  test('the last of one batch wins, whatever the ids', async () => {
    for (let round = 0; round < 8; round++) {
      const who = someone();
      const identify = (tier) => ({ ...call('identify', { ...who, traits: { tier } }), timestamp: SECOND });
      const calls = ['a', 'b', 'c', 'd'].map(identify);
      await send(calls);
      await send(calls.slice(0, 2));
      const { traits, events } = await collector.profile(`user_id:${who.userId}`);
      assert.equal(traits.tier, 'd');
      assert.deepEqual(
        events.map(({ at }) => at - Date.parse(SECOND)),
        [3, 2, 1, 0],
      );
    }
  });
});

describe('ids that are numbers', () => {
  test('are their digits, of any length, and no two become one', async () => {
    const ids = ['1234567890123456781', '1234567890123456782'];
    for (const [index, id] of ids.entries()) {
      const event = track({ anonymousId: `tablet-${index}` }, 'A');
      const text = JSON.stringify(event).replace(/}$/, `,"userId":${id}}`);
      const { results } = await send([text]);
      assert.equal(results[event.messageId].result, 'ok');
    }
    const subjects = await Promise.all(ids.map(async (id) => (await collector.profile(`user_id:${id}`)).subject));
    assert.notEqual(subjects[0], subjects[1]);
  });

  test('as message ids count once', async () => {
    const who = someone();
    for (const [id, expected] of [
      ['42', ['ok', 'duplicate']],
      ['1234567890123456789', ['ok', 'duplicate']],
    ]) {
      const text = JSON.stringify({ ...track(who, 'A'), messageId: 0 }).replace('"messageId":0', `"messageId":${id}`);
      const found = [];
      for (let times = 0; times < 2; times++) found.push((await send([text])).results[id].result);
      assert.deepEqual(found, expected);
    }
    assert.equal((await eventsOf(who)).length, 2);
  });

  test('a token is asked for with a number', async () => {
    const id = String(9_007_199_254_740_993n + BigInt(process.pid));
    await send([JSON.stringify(track({}, 'A')).replace(/}$/, `,"userId":${id}}`)]);
    const answer = await collector.post('/v1/tokens', `{"id":${id}}`, { authorization: 'Bearer test-secret' });
    const { subject } = await collector.profile(`user_id:${id}`);
    assert.deepEqual([answer.status, answer.body.subject], [200, subject]);
  });

  test('order numbers in properties keep their digits', async () => {
    const who = someone();
    const event = track(who, 'Order Completed', { order_id: 0 });
    await send([JSON.stringify(event).replace('"order_id":0', '"order_id":9007199254740993')]);
    assert.equal((await eventsOf(who))[0].properties.order_id, '9007199254740993');
  });
});

test('a wrong key is refused before the body is read', async () => {
  const broken = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]);
  const wrong = await collector.post('/v1/batch', broken, { authorization: basic('wrong') });
  assert.deepEqual([wrong.status, wrong.body.error.code], [401, 'unknown_key']);
  const right = await collector.post('/v1/batch', broken, { authorization: basic(WRITE_KEY) });
  assert.deepEqual([right.status, right.body.error.code], [400, 'unreadable']);
  for (const authorization of [basic(COLLECTOR_KEY), basic('test-secret')]) {
    const answer = await fetch(`${collector.url}/v1/failed-events`, { headers: { authorization } });
    assert.equal(answer.status, 401, 'secret keys are bearer tokens');
    assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
  }
});
