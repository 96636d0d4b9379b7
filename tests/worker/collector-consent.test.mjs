// Consent holds for every sender: nothing is stored, kept or sent against it, whoever sends and in whichever order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  RULES,
  SERVER_KEY,
  call,
  edgeEvent,
  identify,
  newAlias,
  sleep,
  someone,
  startCollector,
  startSink,
  track,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';
import { randomness } from '../support/random.mjs';

const server = { key: SERVER_KEY };
const rulesWith = (consent) => {
  const rules = structuredClone(RULES);
  rules.policies.consent = { store: 'storage', measure: 'analytics', promo: [], ...consent };
  return rules;
};
const consent = (who, states, more = {}) =>
  call('track', { ...who, event: 'Consent Preference Updated', properties: states, ...more });
const GRANTED = { storage: true, analytics: true };

let sink;
let collector;
let erasing;
before(async () => {
  sink = await startSink();
  const vars = { WEBHOOKS: JSON.stringify({ default: sink.url }) };
  collector = await startCollector({ rules: rulesWith({ default: 'denied' }), vars });
  erasing = await startCollector({ rules: rulesWith({ default: 'granted', withdrawal: 'erase' }), vars });
});
after(async () => {
  await collector.stop();
  await erasing.stop();
  sink.close();
});

const one = async (event, options, to = collector) => (await to.batch([event], options)).body.results[event.messageId];
const ignored = (purpose) => ({ result: 'ignored', details: `no consent to \`${purpose}\`` });

test('without consent an event is ignored and leaves nothing, from pages and from servers', async () => {
  for (const options of [{}, server]) {
    const who = someone();
    assert.deepEqual(await one(identify(who, { firstName: 'Ann' }), options), ignored('storage'));
    assert.deepEqual(await one(track(who, 'Product Added', { sku: 'secret' }), options), ignored('storage'));
    const lines = JSON.stringify((await collector.profile(`user_id:${who.userId}`)) ?? null);
    assert.ok(!/Ann|secret|Product Added/.test(lines), lines);
  }
});

test('where nobody has stated anything, servers and the edge answer for what they send, and a page does not', async () => {
  const pending = await startCollector({ rules: rulesWith({ default: 'pending' }) });
  try {
    const [who, device] = [someone(), { id: newAlias(), signed: true }];
    assert.deepEqual(await one(track({ userId: who.userId }, 'Product Viewed'), server, pending), { result: 'ok' });
    const event = edgeEvent('Product Viewed');
    assert.deepEqual((await pending.edge({ device, events: [event] })).body.results[event.id], { result: 'ok' });
    const { anonymousId } = who;
    assert.deepEqual(await one(track({ anonymousId }, 'Product Viewed'), {}, pending), ignored('storage'));
    assert.deepEqual(await one(consent({ anonymousId }, GRANTED), {}, pending), { result: 'ok' });
    assert.deepEqual(await one(track({ anonymousId }, 'Product Viewed'), {}, pending), { result: 'ok' });
    assert.deepEqual(await one(consent({ userId: who.userId }, { analytics: false }), server, pending), {
      result: 'ok',
    });
    assert.deepEqual(await one(track({ userId: who.userId }, 'Cart Viewed'), server, pending), ignored('analytics'));
  } finally {
    await pending.stop();
  }
});

test('the answer is 200, so that no SDK sends it again', async () => {
  const { status, body } = await collector.batch([track(someone(), 'Product Viewed')]);
  assert.deepEqual([status, body.success], [200, true]);
});

test('both purposes are needed, and the reason names the one that is missing', async () => {
  const who = someone();
  assert.deepEqual(await one(consent(who, { storage: true }), server), { result: 'ok' });
  assert.deepEqual(await one(track(who, 'Product Viewed'), server), ignored('analytics'));
  assert.deepEqual(await one(consent(who, { analytics: true }), server), { result: 'ok' });
  assert.deepEqual(await one(track(who, 'Product Viewed'), server), { result: 'ok' });
});

test('an event may bring the consent that it needs, and one that refuses keeps only the refusal', async () => {
  const who = someone();
  const context = (states) => ({ context: { consent: { categoryPreferences: states } } });
  const brings = call('identify', { ...who, traits: { firstName: 'Ann' }, ...context(GRANTED) });
  assert.deepEqual(await one(brings, server), { result: 'ok' });
  const refuses = call('track', {
    ...who,
    event: 'Product Added',
    properties: { sku: 'secret' },
    ...context({ analytics: false }),
  });
  assert.deepEqual(await one(refuses, server), ignored('analytics'));
  const { traits, counters, events, consent: states } = await collector.profile(`user_id:${who.userId}`);
  assert.deepEqual([traits.firstName, states.analytics, counters], ['Ann', 'denied', {}]);
  const kept = events.find(({ id }) => id === refuses.messageId);
  assert.deepEqual([kept.event, kept.properties, kept.consent], [undefined, undefined, { analytics: 'denied' }]);
  assert.deepEqual(await one(refuses, server), { result: 'ignored', details: 'no consent to `analytics`' });
  assert.equal((await collector.profile(`user_id:${who.userId}`)).events.length, 2);
});

test('an event that refuses is not kept even if a later grant is known', async () => {
  const who = someone();
  await one(consent(who, GRANTED), server);
  const old = call('track', {
    ...who,
    event: 'Product Added',
    timestamp: new Date(Date.now() - 60_000).toISOString(),
    context: { consent: { categoryPreferences: { storage: false } } },
  });
  assert.deepEqual(await one(old, server), ignored('storage'));
  assert.deepEqual((await collector.profile(`user_id:${who.userId}`)).counters, {});
});

test('consent to purposes that the rules do not name is not kept', async () => {
  const who = someone();
  await one(consent(who, { ...GRANTED, vendor_1: true, vendor_2: false }), server);
  const { consent: states } = await collector.profile(`user_id:${who.userId}`);
  assert.deepEqual(Object.keys(states).sort(), ['analytics', 'storage']);
});

test('events that the edge had in its outbox are ignored after a refusal', async () => {
  const device = { id: newAlias(), signed: true };
  const result = async (name, states) => {
    const event = edgeEvent(name, states && { consent: states });
    return (await collector.edge({ device, events: [event] })).body.results[event.id]?.result;
  };
  assert.equal(await result('Product Viewed'), 'ok', 'the edge has asked the browser');
  assert.equal(await result('Product Viewed', { storage: 'granted', analytics: 'granted' }), 'ok');
  assert.equal(await result('Cart Viewed'), 'ok');
  assert.equal(await result('Consent Preference Updated', { analytics: 'denied' }), 'ok');
  assert.equal(await result('Product Added'), 'ignored');
  assert.equal(
    await result('Consent Preference Updated 2', { storage: 'denied' }),
    'ignored',
    'another event with consent',
  );
});

test('a withdrawal deletes the past where the rules say so, in every place, and keeps the refusal', async () => {
  const who = someone();
  const account = `withdrawn-${process.pid}`;
  await erasing.batch(
    [identify(who, { firstName: 'Ann' }), call('group', { ...who, groupId: account }), track(who, 'Product Added')],
    server,
  );
  await erasing.batch([{ type: 'track', messageId: `bad-${who.userId}`, userId: who.userId, event: 7 }]);
  const { subject } = await erasing.profile(`user_id:${who.userId}`);
  const ofAccount = async () => (await erasing.profile(`account_id:${account}`))?.events.length;
  await eventually(async () => {
    assert.ok((await erasing.archived(subject)).length > 0);
    assert.equal(await ofAccount(), 1);
  }, 10_000);
  assert.deepEqual(await one(consent(who, { storage: false }), server, erasing), { result: 'ok' });
  await eventually(async () => {
    const profile = await erasing.profile(`user_id:${who.userId}`);
    assert.deepEqual(
      [profile.traits, profile.counters, profile.journeys, profile.deliveries, profile.events],
      [{}, {}, {}, [], []],
    );
    assert.deepEqual(profile.consent, { storage: 'denied' });
    assert.deepEqual(await erasing.archived(subject), []);
    assert.equal(await ofAccount(), 0);
    const failed = (await erasing.get('/v1/failed-events?limit=500')).body.events;
    assert.ok(!failed.some(({ payload }) => payload.includes(who.userId)));
  }, 10_000);
  assert.deepEqual(await one(track(who, 'Product Added'), server, erasing), ignored('storage'));
  await sleep(3_000);
  assert.equal(sink.requests.filter(({ body }) => body.subject === subject).length, 0, 'the journey ended');
  assert.deepEqual(await one(consent(who, { storage: true }), server, erasing), { result: 'ok' });
  assert.deepEqual(await one(track(who, 'Product Viewed'), server, erasing), { result: 'ok' });
  await eventually(async () => assert.equal((await erasing.archived(subject)).length, 1), 10_000);
  const { events } = await erasing.profile(`user_id:${who.userId}`);
  assert.ok(events.some(({ event }) => event === 'Product Viewed'));
});

test('a refusal that a device claims stops storage, and deletes nothing that is proven', async () => {
  const [who, device] = [someone(), someone().anonymousId];
  await erasing.batch([identify(who, { firstName: 'Ann' }), track(who, 'Product Viewed')], server);
  await erasing.batch([consent({ anonymousId: device }, { storage: false })]);
  await erasing.batch([identify({ anonymousId: device, userId: who.userId })], server);
  await eventually(async () => {
    const { consent: states } = await erasing.profile(`user_id:${who.userId}`);
    assert.equal(states.storage, 'denied');
  }, 10_000);
  assert.deepEqual(await one(track(who, 'Cart Viewed'), server, erasing), ignored('storage'));
  const { traits, events } = await erasing.profile(`user_id:${who.userId}`);
  assert.equal(traits.firstName, 'Ann');
  assert.ok(events.some(({ event }) => event === 'Product Viewed'));
  await one(consent(who, { storage: true }), server, erasing);
  assert.deepEqual(await one(track(who, 'Cart Viewed'), server, erasing), { result: 'ok' });
});

/** A naive model of one subject: all that was stated, and what may be there. */
class Model {
  constructor(by) {
    this.by = by;
  }

  stated = [];
  kept = new Set();
  /** Whether a message could ever be sent. */
  reachable = false;

  state(purpose) {
    const words = this.stated.filter((word) => word.purpose === purpose);
    const latest = Math.max(...words.map(({ at }) => at));
    const last = words.filter(({ at }) => at === latest);
    if (last.length === 0) return undefined;
    return last.some(({ state }) => state === 'denied') ? 'denied' : 'granted';
  }

  /** Returns whether an event with this consent is kept. */
  receive(id, at, states) {
    for (const [purpose, state] of Object.entries(states)) this.stated.push({ purpose, state, at });
    const refuses = ['storage', 'analytics'].some((purpose) => states[purpose] === 'denied');
    // The edge has asked the browser; for all others the rules say that silence is a refusal.
    const allows = (state) => (this.by === 'edge' ? state !== 'denied' : state === 'granted');
    const allowed = !refuses && ['storage', 'analytics'].every((purpose) => allows(this.state(purpose)));
    if (allowed) this.kept.add(id);
    this.reachable ||= this.state('channel.push') === 'granted';
    return allowed;
  }
}

test('law: nothing is stored or sent against consent, from whichever sender and in whichever order', async () => {
  const seed = process.env.THROUGHLINE_SEED ?? String(Date.now() % 1e9);
  const random = randomness(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const base = Date.now() - 600_000;
  const subjects = Array.from({ length: 12 }, (_, index) => {
    const who = someone();
    // A server speaks of a person, a page and the edge of a device.
    const by = ['server', 'page', 'edge'][index % 3];
    const ids = {
      server: { userId: who.userId },
      page: { anonymousId: who.anonymousId },
      edge: { device: newAlias() },
    };
    return { by, who: ids[by], model: new Model(by) };
  });
  const types = { userId: 'user_id', anonymousId: 'anonymous_id', device: 'device' };
  const name = ({ who }) => Object.entries(who).map(([member, id]) => `${types[member]}:${id}`)[0];
  let step = 0;
  const send = async ({ by, who, model }) => {
    // Few distinct times, so that words of one time and words that arrive late are frequent.
    const at = base + 1_000 * Math.floor(random() * 20);
    const states = {};
    for (const purpose of ['storage', 'analytics', 'channel.push', 'unknown']) {
      if (random() < 0.25) states[purpose] = pick(['granted', 'granted', 'denied']);
    }
    const id = `law-${process.pid}-${seed}-${step++}`;
    const event = pick(['Product Viewed', 'Product Added', 'Cart Viewed']);
    const expected = model.receive(id, at, states);
    let result;
    if (by === 'edge') {
      const message = {
        device: { id: who.device, signed: true },
        events: [{ id, type: 'track', event, at, properties: { id }, consent: states }],
      };
      result = (await collector.edge(message)).body.results[id];
    } else {
      const preferences = Object.fromEntries(Object.entries(states).map(([key, state]) => [key, state === 'granted']));
      const members = { ...who, event, messageId: id, timestamp: new Date(at).toISOString(), properties: { id } };
      const sent = call('track', { ...members, context: { consent: { categoryPreferences: preferences } } });
      result = (await collector.batch([sent], by === 'server' ? server : {})).body.results[id];
    }
    assert.equal(result.result, expected ? 'ok' : 'ignored', `seed ${seed}: ${id} of ${by}: ${JSON.stringify(result)}`);
  };
  for (let round = 0; round < 20; round++) await Promise.all(subjects.map(send));
  const kept = subjects.reduce((sum, { model }) => sum + model.kept.size, 0);
  assert.ok(kept > 10 && kept < step - 10, `seed ${seed}: ${kept} of ${step} are kept`);
  for (const subject of subjects) {
    const { model } = subject;
    const profile = await collector.profile(name(subject), '?limit=500');
    const found = (profile?.events ?? []).filter(({ event }) => event !== undefined && event !== 'Message Sent');
    assert.deepEqual(new Set(found.map(({ id }) => id)), model.kept, `seed ${seed}: ${name(subject)}`);
    for (const purpose of ['storage', 'analytics']) {
      if (profile?.consent[purpose]) assert.equal(profile.consent[purpose], model.state(purpose), `seed ${seed}`);
    }
    assert.equal(profile?.consent.unknown, undefined);
  }
  const known = (
    await Promise.all(subjects.map(async (subject) => (await collector.profile(name(subject)))?.subject))
  ).filter(Boolean);
  await sleep(1_000);
  for (const [index, subject] of subjects.entries()) {
    const id = (await collector.profile(name(subject)))?.subject;
    if (!id) continue;
    for (const file of await collector.archived(id)) {
      const lines = (await (await collector.runtime.archive.get(file)).text()).trim().split('\n').map(JSON.parse);
      for (const { record } of lines.filter(
        ({ record }) => record.event.event && record.event.event !== 'Message Sent',
      )) {
        assert.ok(
          subject.model.kept.has(record.event.id),
          `seed ${seed}: ${index} has ${record.event.id} in the archive`,
        );
      }
    }
    if (!subject.model.reachable) {
      const sent = sink.requests.filter(({ body }) => body.subject === id);
      assert.deepEqual(sent, [], `seed ${seed}: a message against consent`);
    }
  }
  assert.ok(known.length > 0);
});
