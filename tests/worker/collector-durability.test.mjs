// Power cuts: acknowledged events are there afterwards, once, and timers continue.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  RULES,
  SERVER_KEY,
  identify,
  sleep,
  someone,
  startCollector,
  startSink,
  track,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

const directory = () => mkdtempSync(join(tmpdir(), 'throughline-collector-'));

test('kill -9 after acknowledged events: nothing lost, nothing twice, and the timer fires', async () => {
  const [persist, sink, who] = [directory(), await startSink(), someone()];
  const start = () =>
    startCollector({ persist, killable: true, vars: { WEBHOOKS: JSON.stringify({ default: sink.url }) } });
  let collector = await start();
  try {
    const acknowledged = [];
    const unsure = [];
    await collector.batch([track(who, 'Product Added')]);
    // Events are on their way during the power cut.
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let i = 0; i < 200; i++) {
        const event = track({ anonymousId: `${who.anonymousId}-${sender}` }, `Event ${i}`);
        try {
          const { status, body } = await collector.batch([event]);
          (status === 200 && body.results[event.messageId].result === 'ok' ? acknowledged : unsure).push([
            sender,
            event,
          ]);
        } catch {
          unsure.push([sender, event]);
          return;
        }
      }
    });
    await eventually(() => assert.ok(acknowledged.length > 100), 20_000);
    await collector.kill();
    await Promise.all(senders);
    collector = await start();
    for (let sender = 0; sender < 8; sender++) {
      const mine = acknowledged.filter(([by]) => by === sender).map(([, event]) => event);
      const { events } = await collector.profile(`anonymous_id:${who.anonymousId}-${sender}`, '?limit=500');
      const ids = events.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      for (const { messageId } of mine) assert.ok(ids.includes(messageId), `${messageId} is lost`);
      assert.ok(ids.length <= mine.length + 1);
    }
    // A client without an acknowledgement sends again; an event that was stored is then a duplicate.
    for (const [, event] of acknowledged.slice(-5)) {
      assert.equal((await collector.batch([event])).body.results[event.messageId].result, 'duplicate');
    }
    for (const [, event] of unsure)
      assert.match((await collector.batch([event])).body.results[event.messageId].result, /ok|duplicate/);
    await eventually(() => assert.equal(sink.accepted().length, 1), 10_000);
    await sleep(500);
    assert.equal(sink.accepted().length, 1);
  } finally {
    await collector.kill();
    sink.close();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('a message that was due while there was no power is sent afterwards, once', async () => {
  const [persist, sink, who] = [directory(), await startSink(), someone()];
  const start = () =>
    startCollector({ persist, killable: true, vars: { WEBHOOKS: JSON.stringify({ default: sink.url }) } });
  let collector = await start();
  try {
    await collector.batch([track(who, 'Product Added')]);
    await collector.kill();
    await sleep(2_500);
    assert.equal(sink.requests.length, 0);
    collector = await start();
    await eventually(() => assert.equal(sink.accepted().length, 1), 10_000);
    await eventually(async () => {
      const { deliveries } = await collector.profile(`anonymous_id:${who.anonymousId}`);
      assert.deepEqual([deliveries[0].state, deliveries[0].send_id], ['sent', sink.requests[0].body.id]);
    });
    await sleep(500);
    assert.equal(sink.requests.length, 1);
  } finally {
    await collector.kill();
    sink.close();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('power cuts while profiles become one: in the end they are one, with every event once', async () => {
  const persist = directory();
  const start = () => startCollector({ persist, killable: true });
  let collector = await start();
  try {
    const person = someone();
    const devices = Array.from({ length: 2 }, () => someone().anonymousId);
    await collector.batch([identify(person)], { key: SERVER_KEY });
    for (const anonymousId of devices) {
      await collector.batch(Array.from({ length: 150 }, (_, i) => track({ anonymousId }, `Event ${i}`)));
    }
    for (const anonymousId of devices) {
      const joined = collector
        .batch([identify({ anonymousId, userId: person.userId })], { key: SERVER_KEY })
        .catch(() => {});
      await sleep(5 + 20 * devices.indexOf(anonymousId));
      await collector.kill();
      await joined;
      collector = await start();
    }
    for (const anonymousId of devices) {
      await collector.batch([identify({ anonymousId, userId: person.userId })], { key: SERVER_KEY });
    }
    await eventually(async () => {
      const ids = [];
      let page = await collector.profile(`user_id:${person.userId}`, '?limit=500');
      assert.ok(page.merged.length === 2 && page.merged.every(({ done }) => done));
      for (
        ;
        page.events.length > 0;
        page = await collector.profile(`user_id:${person.userId}`, `?limit=500&before=${page.next}`)
      ) {
        ids.push(...page.events.filter(({ event }) => event?.startsWith('Event')).map(({ id }) => id));
        if (page.next === null) break;
      }
      assert.equal(ids.length, 300);
      assert.equal(new Set(ids).size, 300);
    }, 20_000);
  } finally {
    await collector.kill();
    rmSync(persist, { recursive: true, force: true });
  }
});

/** Returns the names of all events of a profile. */
async function eventsOf(collector, id) {
  const found = [];
  let page = await collector.profile(id, '?limit=500');
  for (; page; page = page.next === null ? undefined : await collector.profile(id, `?limit=500&before=${page.next}`)) {
    found.push(...page.events.map(({ event }) => event).filter((event) => event?.startsWith('Event')));
  }
  return found.sort();
}

const IDENTITY = { identifiers: { email: { priority: 3, limit: 5, normalise: 'email' }, crm_id: { priority: 4 } } };

test('power cuts while two people become one and two again: nothing is lost, nothing is in both', async () => {
  const persist = directory();
  const start = () => startCollector({ persist, killable: true, rules: { ...RULES, identity: IDENTITY } });
  let collector = await start();
  const restart = async () => {
    await collector.kill();
    collector = await start();
  };
  const { userId } = someone();
  const [crm, email] = [`crm-${userId}`, `${userId}@example.org`];
  const named = (type, id, name) => ({ ...track({}, name), context: { externalIds: [{ type, id }] } });
  const numbered = (prefix) => Array.from({ length: 150 }, (_, i) => `Event ${prefix} ${i}`).sort();
  const send = (calls) => collector.batch(calls, { key: SERVER_KEY });
  const both = { ...identify({ userId }, { email }), context: { externalIds: [{ type: 'crm_id', id: crm }] } };
  try {
    await send(numbered('of shop').map((name) => track({ userId }, name)));
    await send(numbered('of crm').map((name) => named('crm_id', crm, name)));
    const loser = (await collector.profile(`crm_id:${crm}`)).subject;
    for (const wait of [5, 25]) {
      const joined = send([both]).catch(() => {});
      await sleep(wait);
      await restart();
      await joined;
    }
    await eventually(async () => {
      await send([both]);
      const { subject, merged } = await collector.profile(`crm_id:${crm}`);
      assert.equal(subject, (await collector.profile(`user_id:${userId}`)).subject);
      assert.deepEqual(
        merged.map(({ profile, state }) => [profile, state]),
        [[loser, 'merged']],
      );
    }, 20_000);
    assert.deepEqual(
      await eventsOf(collector, `user_id:${userId}`),
      [...numbered('of crm'), ...numbered('of shop')].sort(),
    );
    await send([named('crm_id', crm, 'Event after the merge of crm')]);

    for (const wait of [5, 25, 60]) {
      const undone = collector.unmerge(`user_id:${userId}`, loser).catch(() => {});
      await sleep(wait);
      await restart();
      await undone;
    }
    await eventually(async () => {
      await collector.unmerge(`user_id:${userId}`, loser);
      const profile = await collector.profile(`user_id:${userId}`);
      assert.deepEqual(
        profile.merged.map(({ state }) => state),
        ['undone'],
      );
      assert.equal((await collector.profile(`crm_id:${crm}`)).subject, loser);
    }, 20_000);
    assert.deepEqual(await eventsOf(collector, `user_id:${userId}`), numbered('of shop'));
    const back = await eventsOf(collector, `crm_id:${crm}`);
    assert.deepEqual(back, [...numbered('of crm'), 'Event after the merge of crm'].sort());
  } finally {
    await collector.kill();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('without a plan events are kept, and counted when there is one', async () => {
  const who = someone();
  const collector = await startCollector({ rules: null });
  try {
    const answer = await collector.batch([track(who, 'Product Added'), track(who, 'Product Added')]);
    assert.equal(answer.status, 200);
    assert.deepEqual((await collector.profile(`anonymous_id:${who.anonymousId}`)).counters, {});
    assert.equal((await collector.token(`anonymous_id:${who.anonymousId}`)).status, 503);
    await collector.publish(RULES);
    await eventually(async () => {
      const { counters, journeys } = await collector.profile(`anonymous_id:${who.anonymousId}`);
      assert.equal(Object.values(counters)[0]?.length, 2);
      assert.equal(journeys['abandoned-cart'].status, 'active');
    });
  } finally {
    await collector.stop();
  }
});
