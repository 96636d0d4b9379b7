// A database of version 1 under this version: nothing is lost, and what nobody has proven becomes a claim.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { identify, newAlias, startCollector, track } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';
import { writeVersion1 } from '../support/version-1.mjs';

const AT = Date.now() - 60_000;
const entry = (id, { trusted, ...members }, record) => ({
  version: 1,
  record: JSON.stringify({
    source: 'web',
    hash: id,
    received: AT,
    ...record,
    event: { id, type: 'track', at: AT, trusted, ...members },
  }),
});
const seen = (id) => ({ source: 'web', id, hash: id, at: AT });

test('profiles, links, merges and ids of events of version 1', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-upgrade-'));
  const alias = newAlias();
  await writeVersion1(persist, {
    profiles: {
      'p-ann': {
        meta: {
          profile: { subject: 'p-ann', traits: { firstName: ['Ann', AT, 1] } },
          version: 3,
          secured: true,
        },
        identity: [
          { namespace: 'user_id', value: 'ann' },
          { namespace: 'anonymous_id', value: 'proven-device' },
          { namespace: 'anonymous_id', value: 'claimed-device' },
          { namespace: 'anonymous_id', value: alias },
        ],
        seen: [seen('one'), seen('two')],
        journal: [
          entry('one', { type: 'identify', traits: { firstName: 'Ann' }, trusted: true }, { user_id: 'ann' }),
          entry('two', { event: 'Product Added', trusted: false }, { anonymous_id: 'proven-device' }),
        ],
        merge: [
          { loser: 'p-done', user: 'ann', attempts: 1, due: null },
          { loser: 'p-device', user: 'ann', attempts: 1, due: AT },
        ],
      },
      'p-done': { meta: { moved_to: 'p-ann' } },
      'p-device': {
        meta: { profile: { subject: 'p-device' }, version: 1 },
        identity: [{ namespace: 'anonymous_id', value: 'other-device' }],
        seen: [seen('three')],
        journal: [entry('three', { event: 'Product Viewed', trusted: false }, { anonymous_id: 'other-device' })],
      },
    },
    links: {
      'user_id:ann': { profile: 'p-ann', user: null, trusted: 0 },
      'anonymous_id:proven-device': { profile: 'p-ann', user: 'ann', trusted: 1 },
      'anonymous_id:claimed-device': { profile: 'p-ann', user: 'ann', trusted: 0 },
      'anonymous_id:other-device': { profile: 'p-device', user: null, trusted: 0 },
    },
  });
  const collector = await startCollector({ persist });
  try {
    const profile = await collector.profile('user_id:ann');
    assert.equal(profile.subject, 'p-ann');
    assert.equal(profile.traits.firstName, 'Ann');
    assert.deepEqual(profile.identities.device, [alias], 'aliases have a type of their own');
    // The merge that was under way, with its alarm.
    await collector.trusted(identify({ userId: 'ann', anonymousId: 'other-device' }));
    await eventually(async () => {
      const { merged, events } = await collector.profile('user_id:ann');
      assert.ok(merged.every(({ state }) => state === 'merged'));
      assert.deepEqual(
        events
          .map(({ id }) => id)
          .filter((id) => id.length < 6)
          .sort(),
        ['one', 'three', 'two'],
      );
    });
    assert.equal((await collector.profile('subject:p-done')).subject, 'p-ann');
    const old = await collector.unmerge('user_id:ann', 'p-done');
    assert.deepEqual([old.status, old.body.error.code], [409, 'not_undone']);
    await collector.untrusted(
      track({ anonymousId: 'claimed-device' }, 'Of The Claimed Device'),
      track({ anonymousId: 'proven-device' }, 'Of The Proven Device'),
    );
    const { events } = await collector.profile('user_id:ann');
    const by = (name) => events.find(({ event }) => event === name).claimedBy;
    assert.equal(by('Of The Claimed Device'), 'anonymous_id:claimed-device');
    assert.equal(by('Of The Proven Device'), 'anonymous_id:proven-device');
    const { body } = await collector.token('user_id:ann');
    assert.equal(body.subject, 'p-ann');
  } finally {
    await collector.stop();
    rmSync(persist, { recursive: true, force: true });
  }
});
