// Every event counts once: in a batch, across batches, in any order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RULES, SERVER_KEY, identify, someone, startCollector, track } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

let collector;
before(async () => (collector = await startCollector({ vars: { REFRESH: '0' } })));
after(() => collector.stop());

const names = (profile) => profile.events.map((event) => event.event).sort();

test('an event that comes again is a duplicate, whatever the SDK changes meanwhile', async () => {
  const who = someone();
  const event = track(who, 'Product Added', { price: 1 });
  const again = { ...event, sentAt: new Date().toISOString(), _metadata: { nodeVersion: 'x' } };
  const inOne = await collector.batch([event, event]);
  assert.equal(inOne.body.results[event.messageId].result, 'ok');
  assert.equal((await collector.batch([again])).body.results[event.messageId].result, 'duplicate');
  assert.deepEqual(names(await collector.profile(`anonymous_id:${who.anonymousId}`)), ['Product Added']);
});

test('another event with the same id is kept under an id of its own', async () => {
  const who = someone();
  const first = track(who, 'Product Added', { price: 1 });
  const second = { ...first, properties: { price: 2 } };
  await collector.batch([first]);
  const { result, details } = (await collector.batch([second])).body.results[first.messageId];
  assert.equal(result, 'warning');
  assert.match(details, /the id was used for another event; stored as/);
  assert.equal((await collector.batch([second])).body.results[first.messageId].result, 'duplicate');
  assert.equal((await collector.batch([first])).body.results[first.messageId].result, 'duplicate');
  assert.equal((await collector.profile(`anonymous_id:${who.anonymousId}`)).events.length, 2);
});

test('two sources may use the same id', async () => {
  const who = someone();
  const event = track(who, 'Product Added');
  await collector.batch([event]);
  assert.equal((await collector.batch([event], { key: SERVER_KEY })).body.results[event.messageId].result, 'ok');
  assert.equal((await collector.profile(`anonymous_id:${who.anonymousId}`)).events.length, 2);
});

test('senders that send the same at the same time', async () => {
  const who = someone();
  const calls = Array.from({ length: 20 }, (_, i) => track(who, `Event ${i}`));
  const answers = await Promise.all(Array.from({ length: 8 }, () => collector.batch(calls)));
  const outcomes = answers.flatMap((answer) => Object.values(answer.body.results).map(({ result }) => result));
  assert.equal(outcomes.filter((result) => result === 'ok').length, 20);
  assert.equal(outcomes.filter((result) => result === 'duplicate').length, 140);
  assert.equal((await collector.profile(`anonymous_id:${who.anonymousId}`)).events.length, 20);
});

test('any order, with duplicates, makes the same profile', async () => {
  const now = Date.now();
  const at = (milliseconds) => new Date(now - 7_200_000 + milliseconds).toISOString();
  const story = (userId) => [
    { ...identify({ userId }, { firstName: 'Ann', city: 'Graz' }), timestamp: at(0), messageId: 'a' },
    { ...track({ userId }, 'Product Added', { id: 1 }), timestamp: at(1), messageId: 'b' },
    { ...identify({ userId }, { firstName: 'Anna' }), timestamp: at(2), messageId: 'c' },
    { ...track({ userId }, 'Product Added', { id: 2 }), timestamp: at(3), messageId: 'd' },
    { ...track({ userId }, 'Order Completed'), timestamp: at(5), messageId: 'e' },
    { ...identify({ userId }, { city: 'Wien' }), timestamp: at(4), messageId: 'f' },
  ];
  const shuffled = (list, seed) =>
    list
      .map((item, i) => [Math.sin(seed * 97 + i * 31), item])
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  const known = [];
  for (let seed = 0; seed < 12; seed++) {
    const { userId } = someone();
    const order = seed === 0 ? story(userId) : shuffled([...story(userId), ...story(userId).slice(seed % 6)], seed);
    for (let i = 0; i < order.length; i += 1 + (seed % 3)) await collector.batch(order.slice(i, i + 1 + (seed % 3)));
    const { traits, counters, journeys, segments } = await collector.profile(`user_id:${userId}`);
    known.push({ traits, counters, journeys, segments });
  }
  for (const profile of known) assert.deepEqual(profile, known[0]);
  assert.deepEqual(known[0].traits, { city: 'Wien', firstName: 'Anna' });
});

test('a profile with more events than it keeps forgets none of what it has counted', async () => {
  const { userId } = someone();
  const calls = Array.from({ length: 11_000 }, (_, i) => ({
    type: 'track',
    event: i < 2 ? 'Product Added' : 'Noise',
    userId,
    messageId: `${userId}-${i}`,
  }));
  for (let i = 0; i < calls.length; i += 500)
    assert.equal((await collector.batch(calls.slice(i, i + 500))).status, 200);
  // Only events in the archive are folded.
  const page = () => collector.profile(`user_id:${userId}`, '?before=400&limit=1');
  await eventually(async () => {
    await collector.batch([track({ userId }, 'Noise')]);
    assert.deepEqual((await page()).events, []);
  }, 20_000);
  assert.equal((await collector.batch(calls.slice(0, 5))).body.results[calls[0].messageId].result, 'duplicate');
  const { counters } = await page();
  assert.equal(Object.values(counters)[0].length, 2);
  const rules = structuredClone(RULES);
  rules.messages.hero.renditions[0].html = '<h1>Other rules</h1>';
  await collector.publish(rules);
  await eventually(async () => {
    const profile = await page();
    assert.equal(Object.values(profile.counters)[0].length, 2);
    assert.notEqual(profile.plan, undefined);
  });
});
