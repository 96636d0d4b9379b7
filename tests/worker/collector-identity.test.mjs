// Devices and people: who may say who is who, and what becomes of the words of those who may not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CLAIMS_KEY,
  RULES,
  call,
  identify,
  newAlias,
  someone,
  startCollector,
  track,
  userHash,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

let collector;
before(async () => (collector = await startCollector()));
after(() => collector.stop());

const names = (profile) => profile.events.map((event) => event.event ?? event.type).sort();
const claimedBy = (profile, name) => profile.events.find(({ event }) => event === name).claimedBy;
const device = (who) => ({ anonymousId: who.anonymousId });
const person = (who) => ({ userId: who.userId });
const ofUser = (who) => collector.profile(`user_id:${who.userId}`);
const ofDevice = (who) => collector.profile(`anonymous_id:${who.anonymousId}`);

test('trusted: a device and a later identify on it become one profile', async () => {
  const who = someone();
  await collector.untrusted(track(device(who), 'Product Added'));
  const before = await ofDevice(who);
  await collector.trusted(identify(who, { firstName: 'Ann' }));
  await collector.trusted(track(device(who), 'Product Viewed'), track(person(who), 'Guide Downloaded'));
  const profile = await ofUser(who);
  assert.equal(profile.subject, before.subject);
  assert.deepEqual(names(profile), ['Guide Downloaded', 'Product Added', 'Product Viewed', 'identify']);
  assert.deepEqual(profile.identities, { anonymous_id: [who.anonymousId], user_id: [who.userId] });
  assert.equal((await ofDevice(who)).subject, profile.subject);
});

test('trusted: a second device joins a person who is known, with all that happened on it', async () => {
  const [first, second] = [someone(), someone()];
  const same = { anonymousId: second.anonymousId, userId: first.userId };
  await collector.trusted(track(device(first), 'Product Added'), identify(first, { firstName: 'Ann' }));
  await collector.untrusted(track(device(second), 'Product Added'), track(device(second), 'Product Viewed'));
  await collector.untrusted(identify(device(second), { firstName: 'Nobody', city: 'Graz' }));
  const other = await ofDevice(second);
  await collector.trusted(identify(same));
  const profile = await ofUser(first);
  assert.equal(profile.events.length, 6);
  assert.deepEqual(profile.identities.anonymous_id, [first.anonymousId, second.anonymousId].sort());
  assert.equal(Object.values(profile.counters)[0].length, 2, 'counters add up');
  assert.deepEqual(
    profile.merged.map(({ profile: loser, done }) => [loser, done]),
    [[other.subject, true]],
  );
  assert.equal(profile.traits.firstName, 'Ann', 'a device is not believed against a server');
  assert.equal(claimedBy(profile, 'Product Viewed'), `anonymous_id:${second.anonymousId}`);
  for (const id of [`anonymous_id:${second.anonymousId}`, `subject:${other.subject}`]) {
    assert.equal((await collector.profile(id)).subject, profile.subject);
  }
  const late = track(device(second), 'Late');
  await collector.untrusted(late);
  assert.equal((await collector.untrusted(late))[0].result, 'duplicate');
  assert.ok(names(await ofUser(first)).includes('Late'));
});

test('a user id that nobody has proven stays with the device, and joins once it is proven', async () => {
  const who = someone();
  const [result] = await collector.untrusted(identify(who, { firstName: 'Ann' }));
  assert.equal(result.result, 'ok');
  await collector.untrusted(track(device(who), 'Product Added'));
  assert.equal(await ofUser(who), undefined);
  assert.deepEqual(names(await ofDevice(who)), ['Product Added', 'identify']);
  await collector.trusted(track(who, 'Signed In'));
  const profile = await ofUser(who);
  assert.deepEqual(names(profile), ['Product Added', 'Signed In', 'identify']);
  assert.equal((await ofDevice(who)).subject, profile.subject);
});

test('a device that is proven to be somebody else leaves what it claimed behind', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = device(ann);
  await collector.untrusted(identify({ ...tablet, ...person(ann) }, { firstName: 'Ann' }), track(tablet, 'Of Ann'));
  const claimed = await ofDevice(ann);
  await collector.trusted(track({ ...tablet, ...person(ben) }, 'Signed In'));
  await collector.untrusted(track(tablet, 'Of Ben'));
  assert.deepEqual(names(await ofUser(ben)), ['Of Ben', 'Signed In']);
  assert.equal((await ofDevice(ann)).subject, (await ofUser(ben)).subject);
  assert.deepEqual(names(await collector.profile(`subject:${claimed.subject}`)), ['Of Ann', 'identify']);
  assert.equal(await ofUser(ann), undefined);
});

test('another claim on a device begins another profile, and each joins its own person', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = device(ann);
  await collector.untrusted(track(tablet, 'Before'), identify({ ...tablet, ...person(ann) }), track(tablet, 'Of Ann'));
  await collector.untrusted(identify({ ...tablet, ...person(ben) }), track(tablet, 'Of Ben'));
  await collector.untrusted(identify({ ...tablet, ...person(ann) }), track(tablet, 'Of Ann again'));
  await collector.trusted(track({ ...tablet, ...person(ben) }, 'Signed In'));
  await collector.trusted(track({ ...tablet, ...person(ann) }, 'Signed In'));
  assert.deepEqual(names(await ofUser(ann)), ['Before', 'Of Ann', 'Of Ann again', 'Signed In', 'identify', 'identify']);
  assert.deepEqual(names(await ofUser(ben)), ['Of Ben', 'Signed In', 'identify']);
});

test('the calls of a batch are resolved in their order: two people sign in on one device', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = device(ann);
  const story = (send) =>
    send(
      identify({ ...tablet, ...person(ann) }),
      track(tablet, 'Of Ann'),
      identify({ ...tablet, ...person(ben) }),
      track(tablet, 'Of Ben'),
    );
  await story((...calls) => collector.trusted(...calls));
  assert.deepEqual(names(await ofUser(ann)), ['Of Ann', 'identify']);
  assert.deepEqual(names(await ofUser(ben)), ['Of Ben', 'identify']);
  const [eve, joe] = [someone(), someone()];
  const phone = device(eve);
  await collector.untrusted(
    identify({ ...phone, ...person(eve) }),
    track(phone, 'Of Eve'),
    identify({ ...phone, ...person(joe) }),
    track(phone, 'Of Joe'),
  );
  for (const [who, name] of [
    [eve, 'Of Eve'],
    [joe, 'Of Joe'],
  ]) {
    await collector.trusted(identify({ ...phone, ...person(who) }));
    assert.deepEqual(names(await ofUser(who)), [name, 'identify', 'identify']);
  }
});

test('trusted: a shared device does not make two people one', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = device(ann);
  await collector.trusted(identify({ ...tablet, ...person(ann) }, { firstName: 'Ann' }));
  await collector.trusted(identify({ ...tablet, ...person(ben) }, { firstName: 'Ben' }));
  await collector.untrusted(track(tablet, 'Of Ben'));
  await collector.trusted(identify({ ...tablet, ...person(ann) }));
  await collector.untrusted(track(tablet, 'Of Ann again'));
  const [a, b] = [await ofUser(ann), await ofUser(ben)];
  assert.notEqual(a.subject, b.subject);
  assert.deepEqual(names(a), ['Of Ann again', 'identify', 'identify']);
  assert.deepEqual(names(b), ['Of Ben', 'identify']);
  assert.deepEqual([a.traits.firstName, b.traits.firstName], ['Ann', 'Ben']);
});

test('two people who log in on one new device at the same moment stay two', async () => {
  for (let round = 0; round < 5; round++) {
    const [ann, ben] = [someone(), someone()];
    const tablet = device(ann);
    await Promise.all([ann, ben].map((who) => collector.trusted(identify({ ...tablet, ...person(who) }))));
    const [a, b] = await Promise.all([ann, ben].map(ofUser));
    assert.notEqual(a.subject, b.subject);
    assert.deepEqual([a.identities.user_id, b.identities.user_id], [[ann.userId], [ben.userId]]);
  }
});

test('many devices of one person that are linked at the same moment become one profile', async () => {
  for (let round = 0; round < 3; round++) {
    const { userId } = someone();
    const devices = Array.from({ length: 6 }, () => someone().anonymousId);
    await Promise.all(devices.map((anonymousId) => collector.untrusted(track({ anonymousId }, 'Product Added'))));
    await Promise.all(devices.map((anonymousId) => collector.trusted(identify({ anonymousId, userId }))));
    await collector.untrusted(...devices.map((anonymousId) => track({ anonymousId }, 'Product Viewed')));
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
  await collector.trusted(identify(first));
  const calls = Array.from({ length: 40 }, (_, i) => track(device(second), `Event ${i}`));
  const send = (part) => collector.untrusted(...calls.slice(part * 5, part * 5 + 5));
  await Promise.all(
    [0, 1, 2, 3]
      .map(send)
      .concat(
        collector.trusted(identify({ anonymousId: second.anonymousId, userId: first.userId })),
        [4, 5, 6, 7].map(send),
        [0, 1, 2, 3].map(send),
      ),
  );
  await eventually(async () => {
    const profile = await collector.profile(`user_id:${first.userId}`, '?limit=100');
    const found = profile.events.filter(({ event }) => event?.startsWith('Event'));
    assert.deepEqual(found.map(({ event }) => event).sort(), calls.map(({ event }) => event).sort());
    for (const event of found) assert.equal(event.claimedBy, `anonymous_id:${second.anonymousId}`);
  });
});

test('alias joins what a device did to a person', async () => {
  const who = someone();
  await collector.untrusted(track(device(who), 'Product Added'));
  await collector.trusted(call('alias', { previousId: who.anonymousId, userId: who.userId }));
  assert.deepEqual(names(await ofUser(who)), ['Product Added', 'alias']);
});

test('a stranger with the key of the page neither reads, changes, silences nor takes over a person', async () => {
  const [victim, stranger] = [someone(), someone()];
  const consent = (state) => ({ context: { consent: { categoryPreferences: { 'channel.whatsapp': state } } } });
  await collector.trusted({ ...identify(victim, { firstName: 'Ann' }), ...consent(false) });
  const [asVictim, onHerDevice, asMyself] = await collector.untrusted(
    { ...identify(person(victim), { firstName: 'PWND', whatsapp_ok: true }), ...consent(true) },
    { ...identify({ ...device(stranger), ...person(victim) }, { firstName: 'PWND' }), ...consent(true) },
    identify({ ...device(victim), ...person(stranger) }, { firstName: 'PWND' }),
    call('alias', { previousId: victim.anonymousId, userId: stranger.userId }),
  );
  assert.deepEqual([asVictim.result, onHerDevice.result, asMyself.result], ['warning', 'ok', 'ok']);
  assert.match(asVictim.details, /user id is not proven/);
  const profile = await ofUser(victim);
  assert.deepEqual(profile.traits, { firstName: 'Ann' });
  assert.deepEqual(profile.consent, { 'channel.whatsapp': 'denied' });
  assert.deepEqual(names(profile), ['identify']);
  assert.equal((await ofDevice(victim)).subject, profile.subject, 'her device is still hers');
  await collector.untrusted(track(device(victim), 'Still Hers'));
  assert.ok(names(await ofUser(victim)).includes('Still Hers'));
  assert.equal(await ofUser(stranger), undefined);
});

test('an id that is linked to a person speaks for the person only as a claim', async () => {
  const who = someone();
  await collector.trusted(identify(who, { firstName: 'Ann' }));
  await collector.untrusted(
    identify(device(who), { firstName: 'PWND', city: 'Graz' }),
    track(device(who), 'Product Added'),
    track(who, 'Product Viewed'),
  );
  const profile = await ofUser(who);
  assert.equal(profile.traits.firstName, 'Ann');
  for (const name of ['Product Added', 'Product Viewed']) {
    assert.equal(claimedBy(profile, name), `anonymous_id:${who.anonymousId}`);
  }
});

test('without a device an unproven user id has a profile that never joins', async () => {
  const who = someone();
  const [first] = await collector.untrusted(track(person(who), 'Claimed'));
  assert.equal(first.result, 'warning');
  assert.deepEqual(names(await ofUser(who)), ['Claimed'], 'found while there is no person');
  await collector.trusted(track(person(who), 'Proven'));
  await collector.untrusted(track(person(who), 'Claimed again'));
  assert.deepEqual(names(await ofUser(who)), ['Proven']);
});

test('a userHash proves, with any secret in force, and nothing else does', async () => {
  const ways = [
    (who) => ({ context: { userHash: userHash(who.userId) } }),
    (who) => ({ userHash: userHash(who.userId) }),
    (who) => ({ userHash: userHash(who.userId, 'before-rotation') }),
  ];
  for (const way of ways) {
    const who = someone();
    await collector.untrusted(track(device(who), 'Product Added'));
    const [{ result }] = await collector.untrusted({ ...identify(who), ...way(who) });
    assert.equal(result, 'ok');
    assert.deepEqual(names(await ofUser(who)), ['Product Added', 'identify']);
  }
  const [who, other] = [someone(), someone()];
  const right = userHash(who.userId);
  const wrong = [
    '',
    'x',
    right.slice(1),
    right.toUpperCase(),
    userHash(other.userId),
    userHash(who.userId, 'no secret'),
  ];
  for (const hash of wrong) {
    const [{ result, details }] = await collector.untrusted({ ...identify(who), context: { userHash: hash } });
    assert.equal(result, 'warning', hash);
    assert.match(details, /`userHash` is wrong/);
  }
  assert.equal(await ofUser(who), undefined);
});

test('a userHash moves a shared device on to the next person', async () => {
  const [ann, ben] = [someone(), someone()];
  const tablet = device(ann);
  const signIn = (who) => ({ ...identify({ ...tablet, ...person(who) }), userHash: userHash(who.userId) });
  await collector.untrusted(signIn(ann), track(tablet, 'Of Ann'), signIn(ben), track(tablet, 'Of Ben'));
  assert.deepEqual(names(await ofUser(ann)), ['Of Ann', 'identify']);
  assert.deepEqual(names(await ofUser(ben)), ['Of Ben', 'identify']);
});

test('only the edge and servers name a device by its alias', async () => {
  const [alias, who] = [newAlias(), someone()];
  const [alone, withUser] = await collector.untrusted(
    track({ anonymousId: alias }, 'Product Added'),
    track({ anonymousId: alias, userId: who.userId }, 'Product Added'),
  );
  assert.equal(alone.result, 'drop');
  assert.equal(withUser.result, 'warning');
  assert.match(withUser.details, /form of a device of the edge/);
  assert.equal(await collector.profile(`anonymous_id:${alias}`), undefined);
  await collector.trusted(identify({ anonymousId: alias, userId: who.userId }));
  const profile = await ofUser(who);
  assert.deepEqual(profile.identities, { anonymous_id: [], device: [alias], user_id: [who.userId] });
  for (const id of [`anonymous_id:${alias}`, `device:${alias}`]) {
    assert.equal((await collector.profile(id)).subject, profile.subject);
  }
});

test('claimed: what a page says of a person is shown there, and changes nothing', async () => {
  const [victim, stranger] = [someone(), someone()];
  await collector.trusted(identify(person(victim), { firstName: 'Ann' }));
  const before = await ofUser(victim);
  const claim = { ...identify({ ...device(stranger), ...person(victim) }, { firstName: 'Eve', city: 'Graz' }) };
  const { status } = await collector.batch(
    [claim, track({ ...device(stranger), ...person(victim) }, 'Product Added')],
    {
      key: CLAIMS_KEY,
    },
  );
  assert.equal(status, 200);
  const shown = await ofUser(victim);
  assert.deepEqual(names(shown), ['Product Added', 'identify', 'identify']);
  assert.equal(claimedBy(shown, 'Product Added'), `anonymous_id:${stranger.anonymousId}`);
  assert.deepEqual(shown.traits, { firstName: 'Ann', city: 'Graz' }, 'what a server set stays');
  assert.deepEqual(shown.counters, before.counters);
  assert.deepEqual(shown.journeys, before.journeys);
  await collector.trusted(identify({ ...device(stranger), ...person(victim) }));
  const joined = await ofUser(victim);
  assert.deepEqual(names(joined), ['Product Added', 'identify', 'identify', 'identify'], 'each event once');
  assert.equal(Object.values(joined.counters)[0].length, 1);
});

test('claimed: a person whom nobody has proven is found by what pages say', async () => {
  const who = someone();
  await collector.batch([identify(who, { city: 'Graz' })], { key: CLAIMS_KEY });
  const profile = await ofUser(who);
  assert.deepEqual(names(profile), ['identify']);
  assert.deepEqual(profile.traits, { city: 'Graz' });
  assert.notEqual(profile.subject, (await ofDevice(who)).subject);
});

test('numbers are ids by their digits, also beyond 2^53', async () => {
  const [low, high] = ['9007199254740992', '9007199254740993'];
  const raw = (id) =>
    `{"batch":[{"type":"identify","messageId":"n-${id}","userId":${id},"traits":{"firstName":"${id}"}},` +
    `{"type":"group","messageId":"g-${id}","userId":${id},"groupId":${id},"traits":{"name":"${id}"}}]}`;
  const headers = { authorization: `Basic ${Buffer.from('test-server:').toString('base64')}` };
  for (const id of [low, high, '1042']) {
    const { body } = await collector.post('/v1/batch', raw(id), headers);
    assert.deepEqual(
      Object.values(body.results).map(({ result }) => result),
      ['ok', 'ok'],
    );
  }
  for (const id of [low, high, '1042']) {
    const profile = await collector.profile(`user_id:${id}`);
    assert.equal(profile.traits.firstName, id);
    assert.equal(profile.events.find(({ type }) => type === 'group').properties.groupId, id);
  }
  const [odd] = await collector.trusted(track({ userId: 1.5, anonymousId: someone().anonymousId }, 'A'));
  assert.equal(odd.result, 'warning');
});

test('placeholders are nobody, at every door', async () => {
  const placeholders = [
    null,
    '',
    'null',
    ' N/A ',
    'not_authenticated',
    '{{user.id}}',
    ['$', '{userId}'].join(''),
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ];
  for (const id of placeholders) {
    for (const send of [(...calls) => collector.trusted(...calls), (...calls) => collector.untrusted(...calls)]) {
      const who = someone();
      const [asUser, asDevice, alone, grouped] = await send(
        track({ ...device(who), userId: id }, 'A'),
        track({ anonymousId: id, userId: who.userId }, 'B'),
        track({ userId: id, anonymousId: id }, 'C'),
        call('group', { ...device(who), groupId: id }),
      );
      assert.equal(alone.result, 'drop', String(id));
      if (id === null) continue;
      for (const result of [asUser, asDevice, grouped]) {
        assert.equal(result.result, 'warning', String(id));
        assert.match(result.details, /not a usable id|not proven/);
      }
      const group = (await ofDevice(who)).events.find(({ type }) => type === 'group');
      assert.equal(group.properties.groupId ?? null, null);
    }
    if (id) assert.equal(await collector.profile(`user_id:${id}`), undefined, String(id));
    if (id) assert.equal(await collector.profile(`account_id:${id}`), undefined, String(id));
  }
});

test('rules: `identity.mode: claimed` holds for keys that say nothing else, and a key may say `proven`', async () => {
  const keys = { open: { source: 'open' }, strict: { source: 'strict', identity: 'proven' } };
  const rules = { ...RULES, identity: { mode: 'claimed' } };
  const other = await startCollector({ rules, vars: { WRITE_KEYS: JSON.stringify(keys) } });
  try {
    const [open, strict] = [someone(), someone()];
    await other.batch([identify(open)], { key: 'open' });
    await other.batch([identify(strict)], { key: 'strict' });
    assert.deepEqual(names(await other.profile(`user_id:${open.userId}`)), ['identify']);
    assert.equal(await other.profile(`user_id:${strict.userId}`), undefined);
  } finally {
    await other.stop();
  }
});
