// Responses of the collector: every endpoint, every kind of body, and everything that is not an event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SERVER_KEY, WRITE_KEY, basic, call, identify, someone, startCollector, track } from '../support/collector.mjs';

// Compressed before the first request: it blocks for seconds, in which the collector closes idle connections.
const BOMB = gzipSync(Buffer.alloc(200 * 1024 * 1024));

let collector;
before(async () => (collector = await startCollector()));
after(() => collector.stop());

const results = (answer) =>
  Object.fromEntries(Object.entries(answer.body.results).map(([id, { result }]) => [id, result]));

test('each call has an address, and a short one', async () => {
  const who = someone();
  const members = { track: { event: 'Product Viewed' }, group: { groupId: 'g1', traits: { name: 'Initech' } } };
  for (const type of ['identify', 'track', 'page', 'screen', 'group', 'alias']) {
    for (const path of [`/v1/${type}`, `/v1/${type[0]}`]) {
      const { type: _, ...body } = call(type, { ...who, previousId: who.anonymousId, ...members[type] });
      const answer = await collector.post(path, JSON.stringify(body), { authorization: basic(WRITE_KEY) });
      assert.deepEqual(
        [answer.status, answer.body],
        [200, { success: true, results: { [body.messageId]: { result: 'ok' } } }],
        path,
      );
    }
  }
  const { events, traits } = await collector.profile(`anonymous_id:${who.anonymousId}`);
  assert.equal(events.length, 12);
  assert.deepEqual(Object.keys(traits), ['account'], 'what a group call says is not said of the person');
});

test('a batch answers for each event', async () => {
  const who = someone();
  const good = track(who, 'Product Viewed');
  const odd = [
    { type: 'track', messageId: 'no-name', ...who },
    { type: 'nonsense', messageId: 'no-type', ...who },
    'text',
    null,
    5,
  ];
  const answer = await collector.batch([good, ...odd, good]);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.success, true);
  assert.equal(answer.body.results[good.messageId].result, 'ok');
  assert.match(answer.body.results['no-name'].details, /`event` is not as expected/);
  assert.match(answer.body.results['no-type'].details, /unknown type `nonsense`/);
  const drops = Object.values(answer.body.results).filter(({ result }) => result === 'drop');
  assert.equal(drops.length, 5);
});

test('what is dropped can be read with its reason, once however often it is sent', async () => {
  const bad = { type: 'track', messageId: `bad-${process.pid}`, userId: 'u', event: 7 };
  await collector.batch([bad]);
  await collector.batch([bad]);
  const { status, body } = await collector.get('/v1/failed-events?limit=500');
  assert.equal(status, 200);
  const found = body.events.filter((event) => event.message_id === bad.messageId);
  assert.equal(found.length, 1);
  assert.equal(found[0].source, 'web');
  assert.match(found[0].reason, /`event`/);
  assert.equal(found[0].version, 2, 'the schema version of the row');
  assert.deepEqual(JSON.parse(found[0].payload), bad);
});

test('the write key may be a user name, a parameter, or a member of the body', async () => {
  const body = (more) => JSON.stringify({ ...track(someone(), 'A'), ...more });
  const ways = [
    ['/v1/track', body(), { authorization: basic(WRITE_KEY) }],
    [`/v1/track?writeKey=${WRITE_KEY}`, body(), { 'content-type': 'text/plain' }],
    ['/v1/track', body({ writeKey: WRITE_KEY }), {}],
  ];
  for (const way of ways) assert.equal((await collector.post(...way)).status, 200);
  for (const headers of [
    {},
    { authorization: basic('wrong') },
    { authorization: 'Basic !' },
    { authorization: 'Basic' },
  ]) {
    const { status, body: error } = await collector.post('/v1/track', body(), headers);
    assert.deepEqual([status, error.error.code], [401, 'unknown_key']);
  }
});

test('profiles, tokens and failed events need the secret key, the edge needs its own', async () => {
  for (const key of ['', 'wrong', WRITE_KEY, SERVER_KEY, 'test-edge']) {
    assert.equal((await collector.get('/v1/profiles/user_id:u', key)).status, 401);
    assert.equal((await collector.get('/v1/failed-events', key)).status, 401);
    assert.equal((await collector.token('user_id:u', key)).status, 401);
  }
  for (const key of ['', 'wrong', WRITE_KEY, 'test-secret']) {
    assert.equal((await collector.edge({ subject: 's', events: [] }, key)).status, 401);
  }
});

test('the secret key is taken from headers alone', async () => {
  const who = someone();
  await collector.batch([track(who, 'Product Viewed')]);
  const path = `/v1/profiles/anonymous_id:${who.anonymousId}`;
  for (const query of ['?writeKey=test-secret', '?secretKey=test-secret']) {
    assert.equal((await fetch(collector.url + path + query)).status, 401);
  }
  const status = async (authorization) => (await fetch(collector.url + path, { headers: { authorization } })).status;
  assert.deepEqual([await status('Bearer test-secret'), await status(basic('test-secret'))], [200, 401]);
  const edge = await fetch(`${collector.url}/v1/edge?writeKey=test-edge`, { method: 'POST', body: '{"events":[]}' });
  assert.equal(edge.status, 401);
});

test('pages of other origins read the answers to events, and nothing else', async () => {
  const headers = { authorization: 'Bearer test-secret', origin: 'https://elsewhere.example' };
  const allowed = async (path, init) =>
    (await fetch(collector.url + path, { headers, ...init })).headers.get('access-control-allow-origin');
  const body = JSON.stringify(track(someone(), 'Product Viewed'));
  assert.equal(await allowed('/v1/track', { method: 'POST', body }), '*');
  assert.equal(await allowed(`/v1/track?writeKey=${WRITE_KEY}`, { method: 'POST', body, headers: {} }), '*');
  assert.equal(await allowed('/.well-known/jwks.json'), '*', 'the keys are public');
  for (const path of ['/v1/profiles/user_id:u', '/v1/failed-events', '/v1/health', '/v1/nothing']) {
    assert.equal(await allowed(path), null, path);
  }
  assert.equal(await allowed('/v1/tokens', { method: 'POST', body: '{"id":"user_id:u"}' }), null);
  for (const path of ['/v1/tokens', '/v1/profiles/user_id:u', '/v1/edge']) {
    const preflight = await fetch(collector.url + path, { method: 'OPTIONS' });
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [405, null], path);
  }
});

test('unknown addresses and methods', async () => {
  assert.equal((await collector.get('/')).status, 404);
  assert.equal((await collector.get('/v1/nothing')).status, 404);
  const wrong = await collector.get('/v1/track');
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST, OPTIONS']);
  assert.equal((await collector.get('/v1/profiles/user_id:nobody')).status, 404);
  assert.equal((await collector.token('user_id:nobody')).status, 404);
  const preflight = await fetch(`${collector.url}/v1/batch`, { method: 'OPTIONS' });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*']);
});

test('health names the plan; the key set has no private part', async () => {
  const health = await collector.get('/v1/health');
  assert.equal(health.body.status, 'ok');
  assert.match(health.body.plan, /^[0-9a-f]{16}$/);
  const { keys } = (await collector.get('/.well-known/jwks.json')).body;
  assert.equal(keys.length, 1);
  assert.equal(keys[0].d, undefined);
});

test('gzip is unpacked whatever the headers say', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined]) {
    const event = track(someone(), 'Product Viewed');
    const headers = {
      authorization: basic(WRITE_KEY),
      'content-encoding': 'gzip',
      ...(type && { 'content-type': type }),
    };
    const answer = await collector.post('/v1/batch', gzipSync(JSON.stringify({ batch: [event] })), headers);
    assert.deepEqual([answer.status, results(answer)], [200, { [event.messageId]: 'ok' }], type);
  }
});

test('bodies that cannot be read are refused, and only they', async () => {
  const headers = { authorization: basic(WRITE_KEY) };
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const unreadable = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"batch":5}',
    '{"batch":[',
    Buffer.from([0xff, 0xfe]),
    Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]),
  ];
  for (const body of unreadable) {
    const answer = await collector.post('/v1/batch', body, headers);
    assert.deepEqual([answer.status, answer.body.error?.code], [400, 'unreadable'], String(body).slice(0, 20));
  }
  for (const body of [`{"batch":[${deep}]}`, `{"batch":[{"messageId":"deep","properties":${deep}}]}`]) {
    const answer = await collector.post('/v1/batch', body, headers);
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.values(results(answer)), ['drop']);
  }
});

test('a bomb is not unpacked to its end', async () => {
  const headers = { authorization: basic(WRITE_KEY), 'content-encoding': 'gzip' };
  assert.equal((await collector.post('/v1/batch', BOMB, headers)).status, 413);
  const large = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
  assert.equal((await collector.post('/v1/batch', large, { authorization: basic(WRITE_KEY) })).status, 413);
  assert.equal((await collector.get('/v1/health')).status, 200);
});

test('limits of size, number, depth and names drop the event, not the batch', async () => {
  const who = someone();
  const nested = (depth) => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const good = track(who, 'Good');
  const long = track(who, 'Long', { text: 'x'.repeat(33 * 1024) });
  const deep = track(who, 'Deep', nested(60));
  const named = track(who, 'x'.repeat(201));
  const longId = { ...track(who, 'A'), messageId: 'i'.repeat(101) };
  const answer = await collector.batch([long, deep, named, longId, good]);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.results[good.messageId].result, 'ok');
  for (const { messageId } of [long, deep, named]) assert.equal(answer.body.results[messageId].result, 'drop');
  assert.equal(answer.body.results['i'.repeat(100)].result, 'drop');
  const { events } = await collector.profile(`anonymous_id:${who.anonymousId}`);
  assert.deepEqual(
    events.map((event) => event.event),
    ['Good'],
  );
});

test('of more than 2,500 events the first are kept', async () => {
  const who = someone();
  const many = Array.from({ length: 2501 }, (_, i) => ({
    type: 'track',
    event: 'Many',
    anonymousId: who.anonymousId,
    messageId: `${who.userId}-${i}`,
  }));
  const answer = await collector.batch(many);
  assert.equal(answer.status, 200);
  const counts = Object.groupBy(Object.values(results(answer)), (result) => result);
  assert.deepEqual([counts.ok.length, counts.drop.length], [2500, 1]);
});

test('ids that name nobody are ignored', async () => {
  const event = { type: 'track', event: 'A', messageId: `nobody-${process.pid}`, anonymousId: null };
  for (const userId of [
    'null',
    'undefined',
    'anonymous',
    '0',
    '-1',
    '00000000-0000-0000-0000-000000000000',
    '',
    '  ',
    {},
    [1],
  ]) {
    const answer = await collector.batch([{ ...event, messageId: `nobody-${Math.random()}`, userId }]);
    assert.deepEqual(Object.values(results(answer)), ['drop'], JSON.stringify(userId));
  }
  const answer = await collector.batch([{ ...event, userId: 4242, anonymousId: 'null' }]);
  assert.equal(answer.body.results[event.messageId].result, 'warning');
  assert.equal((await collector.profile('user_id:4242')).events.length, 1, 'a number is an id');
});

test('names of prototypes are names like all others', async () => {
  const who = someone();
  const text = `{"batch":[{"type":"identify","messageId":"__proto__","userId":"${who.userId}","traits":{"__proto__":{"polluted":1},"constructor":2,"toString":3}}]}`;
  const answer = await collector.post('/v1/batch', text, { authorization: basic(SERVER_KEY) });
  assert.equal(answer.status, 200);
  const { traits } = await collector.profile(`user_id:${who.userId}`);
  assert.deepEqual(Object.keys(traits).sort(), ['__proto__', 'constructor', 'toString']);
  assert.equal({}.polluted, undefined);
  const strange = someone();
  for (const userId of ["'; DROP TABLE journal; --", 'a/b?c#d', '../x', 'Ünïcode ✓ 日本', 'x:y:z', '%00']) {
    const id = `${userId}${strange.userId}`;
    await collector.batch([track({ userId: id }, 'A')], { key: SERVER_KEY });
    assert.deepEqual((await collector.profile(`user_id:${id}`)).identities.user_id, [id]);
  }
});

test('only a trusted sender sets what is closed to clients', async () => {
  const who = someone();
  const traits = { firstName: 'Ann', loyalty: { tier: 'gold' }, whatsapp_ok: true, shoe: 39 };
  await collector.batch([identify(who, traits)]);
  assert.deepEqual((await collector.profile(`anonymous_id:${who.anonymousId}`)).traits, { firstName: 'Ann', shoe: 39 });
  await collector.batch([{ ...identify(who, traits), trusted: true }]);
  assert.equal(
    (await collector.profile(`anonymous_id:${who.anonymousId}`)).traits.loyalty,
    undefined,
    'the payload does not say whom we trust',
  );
  await collector.batch([identify(who, traits)], { key: SERVER_KEY });
  assert.deepEqual((await collector.profile(`anonymous_id:${who.anonymousId}`)).traits, traits);
});

test('a call without a message id is kept with a warning', async () => {
  const who = someone();
  const { messageId, ...event } = track(who, 'A');
  const answer = await collector.batch([event]);
  const [[id, { result, details }]] = Object.entries(answer.body.results);
  assert.equal(result, 'warning');
  assert.match(details, /`messageId` is missing/);
  assert.equal((await collector.profile(`anonymous_id:${who.anonymousId}`)).events[0].id, id);
});

test('a clock that is ahead or behind is corrected', async () => {
  const who = someone();
  const at = (milliseconds) => new Date(Date.now() + milliseconds).toISOString();
  const ahead = { ...track(who, 'Ahead'), timestamp: at(3_600_000), sentAt: at(3_600_000) };
  const behind = { ...track(who, 'Behind'), timestamp: at(-3_600_000), sentAt: at(-3_600_000) };
  await collector.batch([ahead, behind]);
  const { events } = await collector.profile(`anonymous_id:${who.anonymousId}`);
  const ages = Object.fromEntries(events.map((event) => [event.event, Date.now() - event.at]));
  assert.ok(Math.abs(ages.Ahead) < 5_000, `${ages.Ahead}`);
  assert.ok(Math.abs(ages.Behind) < 5_000, `${ages.Behind}`);
});

test('a profile shows its events page by page', async () => {
  const who = someone();
  const calls = Array.from({ length: 5 }, (_, i) => track(who, `Event ${i}`));
  await collector.batch(calls);
  const first = await collector.profile(`anonymous_id:${who.anonymousId}`, '?limit=3');
  assert.deepEqual(
    first.events.map((event) => event.event),
    ['Event 4', 'Event 3', 'Event 2'],
  );
  const second = await collector.profile(`anonymous_id:${who.anonymousId}`, `?limit=3&before=${first.next}`);
  assert.deepEqual(
    second.events.map((event) => event.event),
    ['Event 1', 'Event 0'],
  );
  assert.equal(second.next, null);
});

test('the archive has every event once', async () => {
  const who = someone();
  const calls = Array.from({ length: 5 }, (_, i) => track(who, `Event ${i}`));
  await collector.batch(calls);
  const { subject } = await collector.profile(`anonymous_id:${who.anonymousId}`);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await collector.batch([calls[0], track(who, 'Event 5')]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const day = new Date().toISOString().slice(0, 10);
  const { objects } = await collector.runtime.archive.list({ prefix: `events/dt=${day}/${subject}/` });
  const files = await Promise.all(objects.map(async ({ key }) => (await collector.runtime.archive.get(key)).text()));
  const lines = files
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.record.event.event).sort(), [
    'Event 0',
    'Event 1',
    'Event 2',
    'Event 3',
    'Event 4',
    'Event 5',
  ]);
  assert.ok(lines.every((line) => line.profile === subject));
  assert.ok(
    lines.every((line) => line.v === 2),
    'each line has the schema version of its record',
  );
});

test('a token carries what the plan needs, and memberships that only the collector can decide', async () => {
  const who = someone();
  await collector.batch([identify(who, { email: 'ann@example.com', firstName: 'Ann' }), track(who, 'Product Added')], {
    key: SERVER_KEY,
  });
  const { status, body } = await collector.token(`anonymous_id:${who.anonymousId}`);
  assert.equal(status, 200);
  const claims = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url'));
  assert.equal(claims.sub, body.subject);
  assert.equal(claims.exp * 1000, body.expires);
  assert.deepEqual(claims.tl.segments, ['writable']);
  assert.equal(Object.values(claims.tl.counters).flat().length, 1);
  assert.ok(!JSON.stringify(claims).includes('ann@example.com'));
  await collector.batch([track(who, 'Product Added')]);
  const next = JSON.parse(
    Buffer.from((await collector.token(`anonymous_id:${who.anonymousId}`)).body.token.split('.')[1], 'base64url'),
  );
  assert.ok(next.ver > claims.ver);
});

test('failed events of before the schema version are kept, and of a later one refused', async () => {
  const other = await startCollector();
  const bad = { type: 'track', messageId: 'bad-after', userId: 'u', event: 7 };
  try {
    const { failed } = other.runtime;
    await failed.exec(
      'CREATE TABLE failed_event (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, ' +
        'source TEXT NOT NULL, message_id TEXT NOT NULL, reason TEXT NOT NULL, payload TEXT NOT NULL)',
    );
    await failed.exec(
      'INSERT INTO failed_event (name, at, source, message_id, reason, payload) ' +
        "VALUES ('n', 1, 'web', 'bad-before', 'r', '{}')",
    );
    await other.batch([bad]);
    const { events } = (await other.get('/v1/failed-events')).body;
    assert.deepEqual(
      events.map(({ message_id, version }) => [message_id, version]),
      [
        ['bad-after', 2],
        ['bad-before', 1],
      ],
    );
  } finally {
    await other.stop();
  }
  const later = await startCollector();
  try {
    const { failed } = later.runtime;
    await failed.exec('CREATE TABLE schema (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)');
    await failed.exec('INSERT INTO schema (id, version) VALUES (1, 99)');
    assert.equal((await later.batch([bad])).body.results[bad.messageId].result, 'retry');
    assert.match(later.logs.join(''), /schema version 99/);
  } finally {
    await later.stop();
  }
});
