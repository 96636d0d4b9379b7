// Devices and people: which become one profile, and which must not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SERVER_KEY, call, identify, someone, startCollector, track } from '../support/collector.mjs';
import { claimsOf, eventually } from '../support/edge.mjs';

let collector;
before(async () => (collector = await startCollector()));
after(() => collector.stop());

const names = (profile) => profile.events.map((event) => event.event ?? event.type).sort();
const device = (who) => ({ anonymousId: who.anonymousId });
const person = (who) => ({ userId: who.userId });

test('a device and a later identify on it become one profile', async () => {
  const who = someone();
  await collector.batch([track(device(who), 'Product Added')]);
  const before = await collector.profile(`anonymous_id:${who.anonymousId}`);
  await collector.batch([identify(who, { firstName: 'Ann' })]);
  await collector.batch([track(device(who), 'Product Viewed'), track(person(who), 'Guide Downloaded')]);
  const profile = await collector.profile(`user_id:${who.userId}`);
  assert.equal(profile.subject, before.subject);
  assert.deepEqual(names(profile), ['Guide Downloaded', 'Product Added', 'Product Viewed', 'identify']);
  assert.deepEqual(profile.identities, { anonymous_id: [who.anonymousId], user_id: [who.userId] });
  assert.equal((await collector.profile(`anonymous_id:${who.anonymousId}`)).subject, profile.subject);
});

test('a second device joins a person who is known, with all that happened on it', async () => {
  const [first, second] = [someone(), someone()];
  const same = { anonymousId: second.anonymousId, userId: first.userId };
  await collector.batch([track(device(first), 'Product Added'), identify(first, { firstName: 'Ann' })]);
  await collector.batch([track(device(second), 'Product Added'), track(device(second), 'Product Viewed')]);
  const other = await collector.profile(`anonymous_id:${second.anonymousId}`);
  await collector.batch([identify(same)]);
  const profile = await collector.profile(`user_id:${first.userId}`);
  assert.deepEqual(names(profile), ['Product Added', 'Product Added', 'Product Viewed', 'identify', 'identify']);
  assert.deepEqual(profile.identities.anonymous_id, [first.anonymousId, second.anonymousId].sort());
  assert.equal(Object.values(profile.counters)[0].length, 2, 'what was counted is counted together');
  assert.deepEqual(profile.merged, [{ profile: other.subject, done: true }]);
  for (const id of [`anonymous_id:${second.anonymousId}`, `subject:${other.subject}`]) {
    assert.equal((await collector.profile(id)).subject, profile.subject);
  }
  const late = track(device(second), 'Late');
  await collector.batch([late]);
  assert.equal((await collector.batch([late])).body.results[late.messageId].result, 'duplicate');
  assert.ok(names(await collector.profile(`user_id:${first.userId}`)).includes('Late'));
});

test('an event that both profiles have counts once', async () => {
  const [first, second] = [someone(), someone()];
  const event = track(device(second), 'Product Added');
  await collector.batch([identify(first), { ...event, anonymousId: undefined, userId: first.userId }]);
  await collector.batch([event]);
  await collector.batch([identify({ anonymousId: second.anonymousId, userId: first.userId })]);
  const { events } = await collector.profile(`user_id:${first.userId}`);
  assert.equal(events.filter(({ event }) => event === 'Product Added').length, 2, 'they differ in whom they are about');
  assert.equal(new Set(events.map(({ id }) => id)).size, 4);
});

test('a shared device does not make two people one', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = { anonymousId: ann.anonymousId };
  await collector.batch([
    track(tablet, 'Before'),
    identify({ ...tablet, ...person(ann) }, { firstName: 'Ann' }),
    track(tablet, 'Of Ann'),
  ]);
  await collector.batch([identify({ ...tablet, ...person(ben) }, { firstName: 'Ben' })]);
  await collector.batch([track(tablet, 'Of Ben')]);
  await collector.batch([identify({ ...tablet, ...person(ann) })]);
  await collector.batch([track(tablet, 'Of Ann again')]);
  const [a, b] = [await collector.profile(`user_id:${ann.userId}`), await collector.profile(`user_id:${ben.userId}`)];
  assert.notEqual(a.subject, b.subject);
  assert.deepEqual(names(a), ['Before', 'Of Ann', 'Of Ann again', 'identify', 'identify']);
  assert.deepEqual(names(b), ['Of Ben', 'identify']);
  assert.deepEqual([a.traits.firstName, b.traits.firstName], ['Ann', 'Ben']);
});

test('two people who log in on one new device at the same moment stay two', async () => {
  for (let round = 0; round < 5; round++) {
    const [ann, ben] = [someone(), someone()];
    const tablet = device(ann);
    await Promise.all([ann, ben].map((who) => collector.batch([identify({ ...tablet, ...person(who) })])));
    const [a, b] = await Promise.all([ann, ben].map((who) => collector.profile(`user_id:${who.userId}`)));
    assert.notEqual(a.subject, b.subject);
    assert.deepEqual([a.identities.user_id, b.identities.user_id], [[ann.userId], [ben.userId]]);
  }
});

test('many devices of one person that say so at the same moment become one profile', async () => {
  for (let round = 0; round < 3; round++) {
    const { userId } = someone();
    const devices = Array.from({ length: 6 }, () => someone().anonymousId);
    await Promise.all(devices.map((anonymousId) => collector.batch([track({ anonymousId }, 'Product Added')])));
    await Promise.all(devices.map((anonymousId) => collector.batch([identify({ anonymousId, userId })])));
    await collector.batch(devices.map((anonymousId) => track({ anonymousId }, 'Product Viewed')));
    await eventually(async () => {
      const profile = await collector.profile(`user_id:${userId}`);
      assert.equal(profile.events.length, 18);
      assert.deepEqual(profile.identities.anonymous_id, [...devices].sort());
      assert.ok(profile.merged.every(({ done }) => done));
    });
    const subjects = await Promise.all(
      devices.map(async (id) => (await collector.profile(`anonymous_id:${id}`)).subject),
    );
    assert.equal(new Set(subjects).size, 1);
  }
});

test('events that arrive while profiles become one are neither lost nor counted twice', async () => {
  const [first, second] = [someone(), someone()];
  await collector.batch([identify(first)]);
  const calls = Array.from({ length: 40 }, (_, i) => track(device(second), `Event ${i}`));
  const send = (part) => collector.batch(calls.slice(part * 5, part * 5 + 5));
  const answers = await Promise.all(
    [0, 1, 2, 3]
      .map(send)
      .concat(
        collector.batch([identify({ anonymousId: second.anonymousId, userId: first.userId })]),
        [4, 5, 6, 7].map(send),
        [0, 1, 2, 3].map(send),
      ),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  await eventually(async () => {
    const profile = await collector.profile(`user_id:${first.userId}`, '?limit=100');
    const found = profile.events.filter(({ event }) => event?.startsWith('Event')).map(({ event }) => event);
    assert.deepEqual(found.sort(), calls.map(({ event }) => event).sort());
  });
});

test('alias joins what a device did to a person', async () => {
  const who = someone();
  await collector.batch([track(device(who), 'Product Added')]);
  await collector.batch([call('alias', { previousId: who.anonymousId, userId: who.userId })]);
  assert.deepEqual(names(await collector.profile(`user_id:${who.userId}`)), ['Product Added', 'alias']);
});

test('the edge: its subject is the profile, and its events are trusted as it says', async () => {
  const { anonymousId: id } = someone();
  const event = (name, more) => ({
    id: `${id}-${name}`,
    type: 'track',
    event: name,
    at: Date.now(),
    trusted: false,
    ...more,
  });
  const message = { subject: id, anonymousId: id, events: [event('Product Added'), event('Product Viewed')] };
  const answer = await collector.edge(message);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.results, {
    [`${id}-Product Added`]: { result: 'ok' },
    [`${id}-Product Viewed`]: { result: 'ok' },
  });
  const claims = claimsOf(answer.body.token);
  assert.deepEqual([claims.sub, claims.ver], [id, answer.body.ver]);
  const again = await collector.edge({ ...message, events: message.events.map((e) => ({ ...e, at: e.at + 5 })) });
  assert.ok(Object.values(again.body.results).every(({ result }) => result === 'duplicate'));
  assert.equal(again.body.ver, answer.body.ver);
  const traits = { loyalty: { tier: 'gold' } };
  await collector.edge({ ...message, events: [event('a', { type: 'identify', event: undefined, traits })] });
  assert.deepEqual((await collector.profile(`subject:${id}`)).traits, {});
  await collector.edge({
    ...message,
    events: [event('b', { type: 'identify', event: undefined, traits, trusted: true })],
  });
  assert.deepEqual((await collector.profile(`subject:${id}`)).traits, traits);
});

test('the edge: a device that calls itself as a profile is called does not become that person', async () => {
  const who = someone();
  await collector.batch([identify(who, { firstName: 'Ann' })]);
  const { subject } = await collector.profile(`user_id:${who.userId}`);
  const event = { id: `${subject}-1`, type: 'track', event: 'Product Added', at: Date.now(), trusted: false };
  const { body } = await collector.edge({ subject, anonymousId: subject, events: [event] });
  assert.notEqual(claimsOf(body.token).sub, subject);
  assert.deepEqual(names(await collector.profile(`user_id:${who.userId}`)), ['identify']);
});

test('the outbox of the edge: a message is kept once however often it comes, and poison is put aside', async () => {
  const { anonymousId: id } = someone();
  const event = {
    id: `${id}-q`,
    type: 'page',
    event: 'Page Viewed',
    at: Date.now(),
    properties: { path: '/' },
    trusted: true,
  };
  const bad = { id: `${id}-bad`, type: 'unknown', at: 'yesterday' };
  const message = { subject: id, anonymousId: id, events: [event, bad], edge: { plan: 'p', at: 1 } };
  for (let i = 0; i < 3; i++) {
    const { status, body } = await collector.edgeBatch([{ events: 5 }, message, 'text', null, message, 7, []]);
    assert.deepEqual([status, body], [200, { kept: [0, 1, 2, 3, 4, 5, 6] }]);
  }
  assert.equal((await collector.profile(`subject:${id}`)).events.length, 1);
  const { events } = (await collector.get('/v1/failed-events?limit=500')).body;
  const edge = events.filter(({ source }) => source === 'edge');
  assert.equal(edge.filter(({ message_id }) => message_id === bad.id).length, 1);
  assert.equal(edge.filter(({ message_id }) => message_id === '').length, 5);
});

test('the outbox of the edge: what is no list, or comes from nobody, is refused', async () => {
  assert.equal((await collector.edgeBatch({ events: [] })).status, 400);
  assert.equal((await collector.edgeBatch([], 'wrong')).status, 401);
});

test('a login at the edge joins the person, and the token follows', async () => {
  const [known, visitor] = [someone(), someone()];
  const id = visitor.anonymousId;
  await collector.batch([identify(known, { firstName: 'Ann' })]);
  const login = { id: `${id}-login`, type: 'identify', at: Date.now(), userId: known.userId, trusted: false };
  const seen = { id: `${id}-seen`, type: 'track', event: 'Product Added', at: Date.now(), trusted: false };
  await collector.edge({ subject: id, anonymousId: id, events: [seen] });
  const { body } = await collector.edge({ subject: id, anonymousId: id, events: [login] });
  const profile = await collector.profile(`user_id:${known.userId}`);
  assert.equal(claimsOf(body.token).sub, profile.subject);
  const after = await collector.edge({ subject: id, anonymousId: id, events: [{ ...seen, id: `${id}-2` }] });
  assert.equal(claimsOf(after.body.token).sub, profile.subject);
});

test('whoever says to be somebody does not get to read what trusted senders said', async () => {
  const [victim, stranger] = [someone(), someone()];
  const id = stranger.anonymousId;
  await collector.batch([identify(person(victim), { loyalty: { tier: 'gold' }, firstName: 'Ann' })], {
    key: SERVER_KEY,
  });
  const claim = { id: `${id}-claim`, type: 'identify', at: Date.now(), userId: victim.userId, trusted: false };
  const refused = await collector.edge({ subject: id, anonymousId: id, events: [claim] });
  assert.equal(refused.body.results[claim.id].result, 'ok');
  assert.equal(refused.body.token, undefined);
  // A server that knows who is logged in may link the device.
  await collector.batch([identify({ anonymousId: id, userId: victim.userId })], { key: SERVER_KEY });
  const allowed = await collector.edge({ subject: id, anonymousId: id, events: [{ ...claim, id: `${id}-again` }] });
  assert.equal(claimsOf(allowed.body.token).sub, (await collector.profile(`user_id:${victim.userId}`)).subject);
});
