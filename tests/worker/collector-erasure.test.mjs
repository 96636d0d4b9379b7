// Erasure and export: everything about a person, in every place, and nothing about anybody else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  SERVER_KEY,
  WRITE_KEY,
  call,
  identify,
  sleep,
  someone,
  startCollector,
  startSink,
  track,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

let collector;
let sink;
before(async () => {
  sink = await startSink();
  collector = await startCollector({ vars: { WEBHOOKS: JSON.stringify({ default: sink.url }) } });
});
after(async () => {
  await collector.stop();
  sink.close();
});

const server = { key: SERVER_KEY };
const results = ({ body }) => Object.values(body.results);
const ignored = [{ result: 'ignored', details: 'erased' }];
const failedAbout = async (text, from = collector) =>
  (await from.get('/v1/failed-events?limit=500')).body.events.filter((event) => event.payload.includes(text));

/**
 * Makes a person with two devices, of which one had a profile of its own, with events of every kind. `beforeMerge` runs
 * while the device still has it.
 */
async function person(into, account, beforeMerge = () => {}) {
  const who = someone();
  const second = someone().anonymousId;
  await into.batch([track({ anonymousId: second }, 'Product Viewed')]);
  const device = (await into.profile(`anonymous_id:${second}`)).subject;
  await beforeMerge(device);
  await into.batch([identify(who, { email: 'ann@example.com' }), track(who, 'Product Viewed')], server);
  await into.batch(
    [identify({ anonymousId: second, userId: who.userId }), call('group', { ...who, groupId: account })],
    server,
  );
  await into.batch([{ type: 'track', messageId: `bad-${who.userId}`, userId: who.userId, event: 7 }]);
  const { subject } = await into.profile(`user_id:${who.userId}`);
  assert.notEqual(device, subject);
  return { who, second, device, subject };
}

test('an erased person is nowhere, and what arrives later is ignored', async () => {
  const account = `acme-${process.pid}`;
  const isArchived = async (profile) => assert.ok((await collector.archived(profile)).length > 0);
  const { who, second, device, subject } = await person(collector, account, (device) =>
    eventually(() => isArchived(device), 10_000),
  );
  const other = someone();
  await collector.batch(
    [identify(other, { email: 'bob@example.com' }), call('group', { ...other, groupId: account })],
    server,
  );
  const ofAccount = async () => (await collector.profile(`account_id:${account}`))?.events.length;
  await eventually(async () => {
    assert.equal(await ofAccount(), 2);
    await isArchived(subject);
    assert.equal((await failedAbout(who.userId)).length, 1);
    const { merged } = await collector.profile(`user_id:${who.userId}`);
    assert.deepEqual(
      merged.map(({ profile, done }) => [profile, done]),
      [[device, true]],
    );
  }, 10_000);

  const { status, body } = await collector.erase(`user_id:${who.userId}`);
  assert.equal(status, 200);
  const { removed } = body;
  assert.deepEqual([body.subject, body.suppress], [subject, true]);
  assert.equal(removed.events, 5);
  assert.equal(removed.identifiers, 3, 'two devices and a person');
  assert.equal(removed.merged, 1);
  assert.ok(removed.archiveFiles >= 2, JSON.stringify(removed));
  assert.deepEqual([removed.accountEvents, removed.failedEvents], [1, 1]);

  const names = [`user_id:${who.userId}`, `anonymous_id:${who.anonymousId}`, `anonymous_id:${second}`, subject, device];
  for (const name of names) {
    assert.equal(await collector.profile(name), undefined, name);
    assert.equal((await collector.token(name)).status, 404, name);
    assert.equal((await collector.get(`/v1/profiles/${encodeURIComponent(name)}/export`)).status, 404, name);
    const again = await collector.erase(name);
    assert.equal(again.status, 200, name);
    if (name !== device) assert.deepEqual(again.body, body, name);
  }
  assert.deepEqual(await failedAbout(who.userId), []);
  assert.equal(await ofAccount(), 1, 'the other member stays');
  assert.equal((await collector.profile(`user_id:${other.userId}`)).traits.email, 'bob@example.com');

  for (const late of [
    { userId: who.userId },
    { anonymousId: second },
    who,
    { ...who, anonymousId: someone().anonymousId },
  ]) {
    assert.deepEqual(results(await collector.batch([track(late, 'Product Viewed')])), ignored, JSON.stringify(late));
    assert.deepEqual(results(await collector.batch([identify(late, { email: 'ann@example.com' })], server)), ignored);
  }
  const rejected = { type: 'track', messageId: `late-${who.userId}`, userId: who.userId, event: 7 };
  assert.equal((await collector.batch([rejected])).body.results[rejected.messageId].result, 'drop');
  assert.deepEqual(await failedAbout(who.userId), []);
  await sleep(600);
  for (const profile of [subject, device]) assert.deepEqual(await collector.archived(profile), []);
  for (const name of names) assert.equal(await collector.profile(name), undefined, name);
});

test('a device of an erased person may be used by somebody else, and a new device stays its own', async () => {
  const { who, second } = await person(collector, `shared-${process.pid}`);
  await collector.erase(`user_id:${who.userId}`);
  const other = someone();
  assert.deepEqual(
    results(await collector.batch([track({ anonymousId: second, userId: other.userId }, 'Product Viewed')], server)),
    [{ result: 'ok' }],
  );
  assert.equal((await collector.profile(`user_id:${other.userId}`)).events.length, 1);
  const device = someone().anonymousId;
  await collector.batch([identify({ anonymousId: device, userId: who.userId })], server);
  assert.deepEqual(results(await collector.batch([track({ anonymousId: device }, 'Product Viewed')])), [
    { result: 'ok' },
  ]);
});

test('without a tombstone the person may come again, as somebody new', async () => {
  const { who, second } = await person(collector, `again-${process.pid}`);
  const erased = await collector.erase(`user_id:${who.userId}`, '?suppress=false');
  assert.deepEqual([erased.status, erased.body.suppress], [200, false]);
  assert.equal((await collector.erase(`user_id:${who.userId}`)).status, 404, 'nothing is known, not even that');
  for (const id of [{ userId: who.userId }, { anonymousId: second }]) {
    assert.deepEqual(results(await collector.batch([track(id, 'Product Viewed')], server)), [{ result: 'ok' }]);
  }
  const profile = await collector.profile(`user_id:${who.userId}`);
  assert.deepEqual([profile.events.length, profile.traits, profile.version], [1, {}, 1]);
});

test('a suppression ends by an erasure without a tombstone', async () => {
  const { who, second, subject } = await person(collector, `ended-${process.pid}`);
  await collector.erase(`user_id:${who.userId}`);
  assert.equal((await collector.erase(`anonymous_id:${second}`, '?suppress=false')).status, 200);
  for (const id of [who, { anonymousId: second }]) {
    assert.deepEqual(results(await collector.batch([track(id, 'Product Viewed')], server)), [{ result: 'ok' }]);
  }
  assert.equal((await collector.profile(`user_id:${who.userId}`)).traits.email, undefined);
  const bad = { type: 'track', messageId: `again-${who.userId}`, userId: who.userId, event: 7 };
  await collector.batch([bad]);
  assert.equal((await failedAbout(who.userId)).length, 1);
  assert.equal((await collector.erase('user_id:nobody-at-all')).status, 404);
  assert.equal((await collector.erase(subject, '?suppress=perhaps')).status, 400);
  for (const key of ['', 'wrong', WRITE_KEY, SERVER_KEY])
    assert.equal((await collector.erase(subject, '', key)).status, 401);
});

test('a message that is under way while its person is erased leaves no trace, and no other one follows', async () => {
  const who = someone();
  sink.delay = 1_000;
  try {
    await collector.batch([track(who, 'Product Added')], server);
    const { subject } = await collector.profile(`user_id:${who.userId}`);
    const sent = () => sink.requests.filter(({ body }) => body.subject === subject);
    await eventually(() => assert.equal(sent().length, 1), 10_000);
    assert.equal((await collector.erase(`user_id:${who.userId}`)).status, 200);
    await sleep(2_000);
    assert.equal(sent().length, 1);
    assert.equal(await collector.profile(`user_id:${who.userId}`), undefined);
    assert.equal((await collector.erase(`user_id:${who.userId}`)).body.removed.deliveries, 1);
  } finally {
    sink.delay = 0;
  }
});

test('power cuts during an erasure: in the end nothing is left, and late events are ignored', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-erasure-'));
  const start = () => startCollector({ persist, killable: true, vars: { ARCHIVE_AFTER: '0' } });
  let running = await start();
  try {
    const people = [];
    for (let cut = 0; cut < 6; cut++) people.push(await person(running, `cut-${cut}`));
    await sleep(500);
    for (const [cut, { who }] of people.entries()) {
      const erasing = running.erase(`user_id:${who.userId}`).catch(() => {});
      await sleep(2 + 6 * cut);
      await running.kill();
      await erasing;
      running = await start();
    }
    // The alarm of each object that has begun ends its erasure; the others were never asked to.
    for (const { who, second, subject, device } of people) {
      await eventually(async () => {
        const { status, body } = await running.erase(`user_id:${who.userId}`);
        assert.equal(status, 200);
        assert.equal(body.suppress, true);
        assert.equal(body.removed.events, 5);
      }, 20_000);
      for (const name of [`user_id:${who.userId}`, `anonymous_id:${second}`, subject, device]) {
        assert.equal(await running.profile(name), undefined);
      }
      for (const late of [who, { anonymousId: second }]) {
        assert.deepEqual(results(await running.batch([track(late, 'Product Viewed')])), ignored);
      }
      assert.deepEqual(await failedAbout(who.userId, running), []);
    }
    await running.kill();
    // The archive can be listed from this process only.
    running = await startCollector({ persist });
    for (const { subject, device } of people) {
      assert.deepEqual([await running.archived(subject), await running.archived(device)], [[], []]);
    }
  } finally {
    await running.stop();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('an export has everything that is stored about a person, page by page', async () => {
  const { who, second, device, subject } = await person(collector, `export-${process.pid}`);
  // Somewhat fewer than the journal holds.
  const many = 9_900;
  for (let sent = 0; sent < many; sent += 1_100) {
    await collector.batch(
      Array.from({ length: 1_100 }, (_, i) => track(who, `Event ${sent + i}`)),
      server,
    );
  }
  await collector.batch([track(who, 'Product Added')], server);
  await eventually(async () => {
    const { deliveries } = await collector.profile(`user_id:${who.userId}`);
    assert.equal(deliveries[0]?.state, 'sent');
    assert.ok((await collector.archived(subject)).length > 20);
  }, 30_000);
  const lines = await collector.export(`anonymous_id:${second}`);
  const of = (type) => lines.filter((line) => line.type === type);
  assert.equal(of('profile').length, 1);
  assert.equal(lines[0].profile.traits.email[0], 'ann@example.com');
  assert.deepEqual(
    of('identifier')
      .map(({ identifier }) => identifier)
      .sort(),
    [`anonymous_id:${second}`, `anonymous_id:${who.anonymousId}`, `user_id:${who.userId}`].sort(),
  );
  assert.deepEqual(
    of('merge').map(({ profile, done }) => [profile, done]),
    [[device, true]],
  );
  const events = of('event').map(({ record }) => record.event.event);
  for (let i = 0; i < many; i++) assert.ok(events.includes(`Event ${i}`), `Event ${i}`);
  assert.equal(new Set(of('event').map(({ seq }) => seq)).size, events.length);
  assert.equal(of('delivery').length, 1);
  await eventually(async () => {
    const named = (await collector.export(subject)).filter(({ type }) => type === 'archiveFile');
    const stored = [...(await collector.archived(device)), ...(await collector.archived(subject))];
    assert.deepEqual(named.map(({ name }) => name).sort(), stored.sort());
  }, 30_000);
  assert.equal((await collector.get(`/v1/profiles/${subject}/export`, WRITE_KEY)).status, 401);
  assert.equal((await collector.get('/v1/profiles/user_id:nobody-at-all/export')).status, 404);
});
