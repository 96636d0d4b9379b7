// Accounts: calls about them, the facts of their members, and who can read them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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
import { claimsOf, eventually } from '../support/edge.mjs';

const ACCOUNT_RULES = {
  ...RULES,
  attributes: {
    ...RULES.attributes,
    'account.id': { type: 'string' },
    'account.plan': { type: 'string', edge: true },
    'account.owner': { type: 'string', edge: true },
  },
  messages: {
    ...RULES.messages,
    hero: { renditions: [{ channel: 'web', html: '<h1>Hello {{ account.plan }} {{ account.owner }}</h1>' }] },
  },
  campaigns: { intro: { ...RULES.campaigns.intro, caps: [{ max: 3, per: '7d', unit: 'account.id' }] } },
  journeys: {
    seats: {
      class: 'service',
      unit: 'account.id',
      enter: { event: 'Limit Reached' },
      exit: [{ event: 'Upgraded' }],
      steps: [
        { id: 'settle', wait: '2s', after: 'Limit Reached' },
        { id: 'ask', send: 'cart-reminder', channels: ['push'], ttl: '1h' },
      ],
    },
  },
};
const EXPOSURE = 'campaign:intro';

let collector;
let sink;
before(async () => {
  sink = await startSink();
  collector = await startCollector({ rules: ACCOUNT_RULES, vars: { WEBHOOKS: JSON.stringify({ default: sink.url }) } });
});
after(() => {
  sink.close();
  return collector.stop();
});

let count = 0;
/** Returns the id of an account that no other test uses. */
const company = () => `company-${process.pid}-${count++}`;
const group = (who, groupId, traits) => call('group', { ...who, groupId, traits });
const seen = (who, properties = {}) =>
  track(who, 'Message Seen', { campaign: 'intro', message: 'hero', class: 'promo', channel: 'web', ...properties });
const trusted = (...calls) => collector.batch(calls, { key: SERVER_KEY });
const account = (id) => collector.profile(`account_id:${id}`);
const person = (who) => collector.profile(`user_id:${who.userId}`);
const sentTo = (who) => sink.requests.filter(({ body }) => body.data.user_id.includes(who.userId));
/** Returns the part of a person's token about their account. */
const carried = async (who) => {
  const { body } = await collector.token(`user_id:${who.userId}`);
  return Object.values(claimsOf(body.token).tl.accounts ?? {});
};

test('all members have what anybody said of the account, the last word first', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id, { plan: 'free', seats: 5 }));
  await trusted(group(bob, id, { plan: 'team' }));
  await eventually(async () => {
    assert.deepEqual((await account(id)).traits, { account: { id, plan: 'team', seats: 5 } });
    for (const who of [ann, bob]) {
      assert.deepEqual((await person(who)).traits.account, { id, plan: 'team', seats: 5 });
      const [{ traits }] = await carried(who);
      assert.deepEqual(Object.keys(traits), ['plan'], 'only what the plan needs leaves the collector');
      assert.equal(traits.plan[0], 'team');
    }
  });
  const { identities, events } = await account(id);
  assert.deepEqual(identities, { anonymous_id: [], user_id: [], account_id: [id] });
  assert.equal(events.length, 2);
});

test('a call without traits, and one that comes late, take nothing away', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  const late = { ...group(ann, id, { plan: 'free' }), timestamp: new Date(Date.now() - 60_000).toISOString() };
  await trusted(group(bob, id, { plan: 'team' }));
  await trusted(group(bob, id));
  await trusted(late);
  await eventually(async () => assert.equal((await account(id)).events.length, 3));
  assert.equal((await account(id)).traits.account.plan, 'team');
  assert.equal((await person(ann)).traits.account.plan, 'team');
});

test('a stranger joins no account, and says nothing of it', async () => {
  const [ann, stranger, id] = [someone(), someone(), company()];
  await trusted(group(ann, id, { plan: 'team' }));
  await collector.batch([group(stranger, id, { plan: 'free' }), group(ann, id, { plan: 'free' }), seen(stranger)]);
  await eventually(async () => assert.equal((await account(id)).events.length, 2));
  assert.equal((await account(id)).traits.account.plan, 'team');
  assert.equal(await person(stranger), undefined);
  assert.equal((await account(id)).exposures[EXPOSURE], undefined);
});

test('what looks personal does not leave, whoever said it of the account', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id, { plan: 'team', owner: 'ann@example.com' }), group(bob, id));
  await eventually(async () => assert.equal((await person(bob)).traits.account.owner, 'ann@example.com'));
  const { body } = await collector.token(`user_id:${bob.userId}`);
  const [{ traits }] = await carried(bob);
  assert.equal(traits.plan[0], 'team');
  assert.doesNotMatch(Buffer.from(body.token.split('.')[1], 'base64url').toString(), /ann@example/);
});

test('what a member sees counts for all, once, and tells nothing else of the member', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id), group(bob, id));
  await trusted(identify(ann, { firstName: 'Ann', email: 'ann@example.com' }));
  const [first, second] = [seen(ann), seen(bob)];
  await trusted(
    call('track', { ...ann, event: 'Consent Preference Updated', properties: { analytics: true } }),
    track(ann, 'Product Added'),
    first,
  );
  await trusted(second);
  await trusted(first, second);
  await eventually(async () => {
    for (const who of [ann, bob]) assert.equal((await carried(who))[0].exposures[EXPOSURE].length, 2);
  });
  const known = await account(id);
  assert.equal(known.exposures[EXPOSURE].length, 2);
  assert.deepEqual(Object.keys(known.traits), ['account']);
  assert.deepEqual([known.consent, known.journeys], [{}, {}]);
  assert.deepEqual(known.events.map(({ event, type }) => event ?? type).sort(), [
    'Message Seen',
    'Message Seen',
    'group',
    'group',
  ]);
});

test('what somebody saw before they were known to belong to the account counts too', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(seen({ anonymousId: ann.anonymousId }));
  await trusted(identify(ann));
  await trusted(group(ann, id), group(bob, id));
  await eventually(async () => assert.equal((await carried(bob))[0].exposures[EXPOSURE].length, 1));
});

test('who changes to another account takes nothing of the first along', async () => {
  const [ann, bob, eve, from, to] = [someone(), someone(), someone(), company(), company()];
  await trusted(group(ann, from, { plan: 'team' }), group(bob, from));
  await trusted(seen(bob));
  await trusted(group(eve, to, { plan: 'free' }));
  await trusted(group(ann, to));
  await trusted(seen(ann));
  await eventually(async () => {
    assert.equal((await person(ann)).traits.account.plan, 'free');
    assert.equal((await account(to)).exposures[EXPOSURE].length, 1);
    assert.equal((await account(from)).exposures[EXPOSURE].length, 1);
  });
});

test('an account is nobody: it has no token', async () => {
  const [ann, id] = [someone(), company()];
  await trusted(group(ann, id));
  await eventually(async () => assert.ok(await account(id)));
  assert.equal((await collector.token(`account_id:${id}`)).status, 404);
});

test('a plan that counts for accounts finds what members saw before it', async () => {
  const other = await startCollector({ rules: RULES, vars: { REFRESH: '0' } });
  try {
    const [ann, bob, id] = [someone(), someone(), company()];
    await other.batch([group(ann, id), group(bob, id), seen(ann)], { key: SERVER_KEY });
    await eventually(async () => assert.equal((await other.profile(`account_id:${id}`)).events.length, 2));
    await other.publish(ACCOUNT_RULES);
    await eventually(async () => {
      await other.profile(`user_id:${ann.userId}`);
      const known = await other.profile(`account_id:${id}`);
      assert.equal(known.exposures[EXPOSURE]?.length, 1);
    });
  } finally {
    await other.stop();
  }
});

test('a journey of an account sends one message, to the member who did last what it waits after', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id, { plan: 'team' }), group(bob, id));
  await trusted(track(ann, 'Limit Reached'));
  await sleep(800);
  const last = Date.now();
  await trusted(track(bob, 'Limit Reached'));
  await eventually(() => assert.equal(sentTo(bob).length, 1), 10_000);
  const [request] = sentTo(bob);
  assert.ok(request.at - last >= 2_000 - 50, `after ${request.at - last} ms`);
  assert.ok(request.genuine);
  const { data } = request.body;
  assert.deepEqual([data.journey, data.step, data.channel, data.traits.account.plan], ['seats', 'ask', 'push', 'team']);
  await eventually(async () => {
    const [{ send_id, state }] = (await person(bob)).deliveries;
    assert.deepEqual([send_id, state], [request.body.id, 'sent']);
    assert.equal((await account(id)).journeys.seats.status, 'completed');
  });
  await sleep(500);
  assert.equal(sentTo(ann).length, 0);
  assert.equal(sentTo(bob).length, 1);
  assert.equal((await person(ann)).journeys.seats, undefined);
});

test('what a colleague does in time ends it', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id), group(bob, id));
  await trusted(track(ann, 'Limit Reached'));
  await eventually(async () => assert.equal((await account(id)).journeys.seats?.status, 'active'));
  await trusted(track(bob, 'Upgraded'));
  await eventually(async () => assert.equal((await account(id)).journeys.seats.status, 'exited'));
  await sleep(2_500);
  assert.equal(sentTo(ann).length + sentTo(bob).length, 0);
});

test('a member who has become part of another profile gets it there', async () => {
  const [ann, id] = [someone(), company()];
  const device = { anonymousId: ann.anonymousId };
  await trusted(group(device, id), track(device, 'Limit Reached'));
  await eventually(async () => assert.equal((await account(id)).journeys.seats?.status, 'active'));
  await trusted(identify({ userId: ann.userId }, { firstName: 'Ann' }));
  await trusted(identify(ann));
  await eventually(() => assert.equal(sentTo(ann).length, 1), 10_000);
});

test('a member who refuses the channel gets nothing, and nobody else in their place', async () => {
  const [ann, bob, id] = [someone(), someone(), company()];
  await trusted(group(ann, id), group(bob, id));
  await trusted(call('track', { ...ann, event: 'Consent Preference Updated', properties: { 'channel.push': false } }));
  await trusted(track(ann, 'Limit Reached'));
  await eventually(async () => {
    const [delivery] = (await person(ann)).deliveries;
    assert.deepEqual([delivery?.state, delivery?.reason], ['suppressed', 'unreachable']);
  }, 10_000);
  assert.equal((await account(id)).journeys.seats.status, 'completed');
  assert.equal(sentTo(ann).length + sentTo(bob).length, 0);
});

test('a message that was due while there was no power reaches the member afterwards, once', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-errands-'));
  const vars = { WEBHOOKS: JSON.stringify({ default: sink.url }) };
  const start = () => startCollector({ rules: ACCOUNT_RULES, persist, killable: true, vars });
  let killable = await start();
  try {
    const [ann, id] = [someone(), company()];
    await killable.batch([group(ann, id), track(ann, 'Limit Reached')], { key: SERVER_KEY });
    await killable.kill();
    await sleep(2_500);
    killable = await start();
    await eventually(() => assert.equal(sentTo(ann).filter(({ status }) => status === 200).length, 1), 20_000);
    await eventually(async () =>
      assert.equal((await killable.profile(`user_id:${ann.userId}`)).deliveries[0].state, 'sent'),
    );
    await sleep(500);
    assert.equal(sentTo(ann).length, 1);
  } finally {
    await killable.kill();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('kill -9 after acknowledged events: the account gets to know all of them, once', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-accounts-'));
  const start = () => startCollector({ rules: ACCOUNT_RULES, persist, killable: true });
  let killable = await start();
  try {
    const [id, members] = [company(), Array.from({ length: 6 }, someone)];
    for (const who of members) {
      const { status } = await killable.batch([group(who, id, { plan: 'team' }), seen(who), seen(who)], {
        key: SERVER_KEY,
      });
      assert.equal(status, 200);
    }
    await killable.kill();
    killable = await start();
    await eventually(async () => {
      const known = await killable.profile(`account_id:${id}`, '?limit=500');
      assert.equal(known?.events.length, 3 * members.length);
    }, 20_000);
    const known = await killable.profile(`account_id:${id}`);
    assert.equal(known.exposures[EXPOSURE].length, 3, 'no more than the cap needs');
    assert.equal(known.traits.account.plan, 'team');
  } finally {
    await killable.kill();
    rmSync(persist, { recursive: true, force: true });
  }
});
