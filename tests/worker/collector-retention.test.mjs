// Retention: what is older than the rules allow is gone from profile, archive and failed events, and nothing else is.
// Data are made older while the collector is stopped, so no test depends on a clock.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { age } from '../support/age.mjs';
import {
  RULES,
  SERVER_KEY,
  call,
  identify,
  sleep,
  someone,
  startCollector,
  startSink,
  track,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

const PATIENCE = 20_000;
const server = { key: SERVER_KEY };

/** The rules with retention, and with a cap that counts for all time. */
const rulesWith = (retention) => {
  const rules = structuredClone(RULES);
  rules.policies.retention = retention;
  rules.policies.caps = [{ class: 'promo', max: 1, per: 'total' }];
  return rules;
};

let sink;
before(async () => (sink = await startSink()));
after(() => sink.close());

/** Runs `first`, makes the profiles that it names older by `days`, and runs `second` with the result of `first`. */
async function later(retention, days, first, second) {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-retention-'));
  const options = { rules: rulesWith(retention), persist, vars: { WEBHOOKS: JSON.stringify({ default: sink.url }) } };
  let collector = await startCollector(options);
  try {
    const made = await first(collector);
    await collector.stop();
    await age(persist, made.subjects, days);
    collector = await startCollector(options);
    await second(collector, made);
  } finally {
    await collector.stop();
    rmSync(persist, { recursive: true, force: true });
  }
}

const refusal = (who) =>
  call('track', { ...who, event: 'Consent Preference Updated', properties: { 'channel.whatsapp': false } });

async function person(collector) {
  const who = someone();
  const calls = [
    identify(who, { firstName: 'Ann' }),
    track(who, 'Product Added'),
    refusal(who),
    track(who, 'Message Seen', { campaign: 'intro', class: 'promo', message: 'hero' }),
  ];
  await collector.batch(calls, server);
  const { subject } = await collector.profile(`user_id:${who.userId}`);
  await eventually(async () => {
    assert.ok((await collector.archived(subject)).length > 0);
    const { deliveries } = await collector.profile(`user_id:${who.userId}`);
    assert.equal(deliveries[0]?.state, 'sent');
  }, PATIENCE);
  await sleep(500);
  return { who, subject, calls, subjects: [subject] };
}

test('old events leave journal, archive and counters; traits, consent, caps and newer events stay', async () => {
  await later({ events: '30d' }, 40, person, async (collector, { who, subject, calls }) => {
    const fresh = track(who, 'Product Added');
    await collector.batch([fresh], server);
    await eventually(async () => {
      const { events } = await collector.profile(`user_id:${who.userId}`);
      assert.deepEqual(
        events.map(({ id }) => id),
        [fresh.messageId],
      );
    }, PATIENCE);
    await eventually(async () => {
      const lines = (await collector.export(`user_id:${who.userId}`)).filter(({ type }) => type === 'archiveFile');
      assert.deepEqual(lines.map(({ name }) => name).sort(), (await collector.archived(subject)).sort());
      const texts = await Promise.all(
        lines.map(async ({ name }) => (await collector.runtime.archive.get(name)).text()),
      );
      assert.ok(!texts.join('').includes(calls[1].messageId));
      assert.ok(texts.join('').includes(fresh.messageId));
    }, PATIENCE);
    const { traits, consent, exposures, counters, deliveries } = await collector.profile(`user_id:${who.userId}`);
    assert.deepEqual([traits.firstName, consent['channel.whatsapp']], ['Ann', 'denied']);
    assert.ok(exposures['class:promo'].length > 0, 'the cap still knows');
    assert.deepEqual(
      Object.values(counters).map((stamps) => stamps.length),
      [1],
    );
    assert.ok(deliveries.length > 0, 'deliveries have a time of their own');
    // Their ids are forgotten as well. What is sent again is as old as it was, so it changes nothing for long.
    const again = await collector.batch([calls[0]], server);
    assert.equal(again.body.results[calls[0].messageId].result, 'ok');
  });
});

test('a profile without old events keeps all of them', async () => {
  await later({ events: '30d', deliveries: '30d', anonymous: '30d' }, 20, person, async (collector, { who, calls }) => {
    await collector.batch([track(who, 'Product Viewed')], server);
    await sleep(1_000);
    const { events, deliveries } = await collector.profile(`user_id:${who.userId}`);
    for (const { messageId } of calls) assert.ok(events.some(({ id }) => id === messageId));
    assert.equal(deliveries.length, 1);
    assert.equal((await collector.batch([calls[0]], server)).body.results[calls[0].messageId].result, 'duplicate');
  });
});

test('deliveries are kept for a time of their own', async () => {
  await later({ deliveries: '30d' }, 40, person, async (collector, { who, calls }) => {
    await eventually(async () => {
      const { deliveries, events } = await collector.profile(`user_id:${who.userId}`);
      assert.deepEqual(deliveries, []);
      assert.ok(events.length > calls.length, 'the events stay, the sent message among them');
    }, PATIENCE);
    await sleep(500);
    assert.deepEqual((await collector.profile(`user_id:${who.userId}`)).deliveries, [], 'nothing is sent again');
  });
});

test('a device of nobody is erased as a whole after a time without activity; an active one and a person are not', async () => {
  const first = async (collector) => {
    const [idle, active, known] = [someone(), someone(), someone()];
    await collector.batch([idle, active].map(({ anonymousId }) => track({ anonymousId }, 'Product Viewed')));
    await collector.batch([track(known, 'Product Viewed')], server);
    const { subject } = await collector.profile(`anonymous_id:${idle.anonymousId}`);
    await eventually(async () => assert.ok((await collector.archived(subject)).length > 0), PATIENCE);
    const names = [`anonymous_id:${active.anonymousId}`, `user_id:${known.userId}`];
    const others = await Promise.all(names.map(async (name) => (await collector.profile(name)).subject));
    return { idle, active, known, subject, subjects: [subject, ...others] };
  };
  await later({ anonymous: '30d' }, 40, first, async (collector, { idle, active, known, subject }) => {
    await collector.batch([track({ anonymousId: active.anonymousId }, 'Product Viewed')]);
    // Asking wakes the object; nothing else does before its alarm.
    await eventually(async () => {
      assert.equal(await collector.profile(`anonymous_id:${idle.anonymousId}`), undefined);
      assert.deepEqual(await collector.archived(subject), []);
    }, PATIENCE);
    await sleep(500);
    assert.equal((await collector.profile(`anonymous_id:${active.anonymousId}`)).events.length, 2);
    assert.equal((await collector.profile(`user_id:${known.userId}`)).events.length, 1);
    const again = track({ anonymousId: idle.anonymousId }, 'Product Viewed');
    assert.equal((await collector.batch([again])).body.results[again.messageId].result, 'ok', 'it may come again');
  });
});

test('failed events are kept as long as events', async () => {
  const bad = (id) => ({ type: 'track', messageId: id, userId: 'u', event: 7 });
  const collector = await startCollector({ rules: rulesWith({ events: '30d' }) });
  try {
    await collector.batch([bad('old'), bad('fresh')]);
    await collector.runtime.failed.exec(
      `UPDATE failed_event SET at = at - ${40 * 86_400_000} WHERE message_id = 'old'`,
    );
    await collector.batch([bad('next')]);
    const { events } = (await collector.get('/v1/failed-events')).body;
    assert.deepEqual(
      events.map(({ message_id }) => message_id),
      ['next', 'fresh'],
    );
    const { results } = await collector.runtime.failed.prepare('SELECT name FROM failed_event_identifier').all();
    assert.equal(results.length, 2);
  } finally {
    await collector.stop();
  }
});
