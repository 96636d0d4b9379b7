// Whose an event is: apps and hand-overs, several people in one browser, ids of any form, people who become one.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { basic, call, track } from '../support/collector.mjs';
import { eventually, newId } from '../support/edge.mjs';
import { AGREES, ASKING, eventsOf, newPerson, startSystem } from '../support/system.mjs';
import { IDENTITY_RULES } from '../support/system-rules.mjs';

let system;
const USER_HASH_SECRET = 'a-secret-of-the-shop-for-proofs-of-user-ids';
before(async () => {
  system = await startSystem({ ...ASKING, rules: IDENTITY_RULES, collector: { USER_HASH_SECRET } });
});
after(() => system?.stop());

const HELLO = 'Good to see you, Ann';
const gold = { firstName: 'Ann', loyalty: { tier: 'gold' } };
const subjectOf = async (id) => (await system.profile(id))?.subject;

/** Returns the id of a person whom the shop's server knows, and who agrees. */
async function customer(traits = gold) {
  const userId = newPerson();
  await system.server('crm').identify({ userId }, traits);
  await system.server('crm').consent({ userId }, AGREES);
  return userId;
}

const has = async (userId, ...names) => {
  const found = eventsOf(await system.profile(`user_id:${userId}`));
  for (const name of names) assert.equal(found.filter((event) => event === name).length, 1, name);
};

describe('an app', () => {
  test("hands its token to a web view for good: page, events and the person's profile", async () => {
    const userId = await customer();
    const view = system.browser();
    assert.equal((await view.handOver(await system.token(`user_id:${userId}`))).status, 200);
    assert.equal((await view.view()).slots['home.hero'], HELLO);
    for (const event of ['First', 'Second']) {
      await view.track(event);
      assert.equal((await view.view()).slots['home.hero'], HELLO, `after ${event}`);
    }
    await has(userId, 'First', 'Second');
    view.setCookie('token', undefined);
    assert.equal((await view.view()).slots['home.hero'], HELLO, 'the device is linked');
    await eventually(async () => {
      const views = eventsOf(await system.profile(`user_id:${userId}`)).filter((event) => event === 'Page Viewed');
      assert.ok(views.length >= 4, `${views.length} page views`);
    });
  });

  test('hands over by a link, once', async () => {
    const userId = await customer();
    const headers = { authorization: `Bearer ${system.secret}` };
    const body = JSON.stringify({ id: `user_id:${userId}`, use: 'hand-over' });
    const { token } = (await system.collector.post('/v1/tokens', body, headers)).body;
    const [first, second] = [system.browser(), system.browser()];
    assert.equal((await first.handOver(token)).status, 200);
    assert.equal((await first.view()).slots['home.hero'], HELLO);
    assert.notEqual((await second.handOver(token)).status, 200);
    assert.notEqual((await second.view()).slots['home.hero'], HELLO);
  });

  test('that only shows its token: three of three events are the person’s', async () => {
    const userId = await customer();
    const app = system.app(await system.token(`user_id:${userId}`));
    for (const event of ['One', 'Two', 'Three']) assert.equal((await app.track(event)).status, 200);
    await has(userId, 'One', 'Two', 'Three');
    assert.deepEqual((await system.profile(`user_id:${userId}`)).identities.device ?? [], [], 'and no junk device');
  });
});

describe('several people in one browser', () => {
  test('a batch with the events of two: each gets their own', async () => {
    const [ann, ben] = [await customer(), await customer({ firstName: 'Ben' })];
    const browser = system.browser();
    await system.login(browser, ann);
    await browser.view();
    const { owner } = await browser.told();
    await browser.fetch('/_tl/token', { method: 'DELETE' });
    assert.equal((await browser.view()).slots['home.hero'], 'Sale', 'signed out');
    await system.login(browser, ben);
    await browser.view();
    await browser.send(
      { ...call('track', { event: 'Of Ann', properties: {} }), owner },
      call('track', { event: 'Of Ben', properties: {} }),
    );
    await eventually(async () => {
      await has(ann, 'Of Ann');
      await has(ben, 'Of Ben');
    });
    assert.ok(!eventsOf(await system.profile(`user_id:${ben}`)).includes('Of Ann'));
    assert.ok(!eventsOf(await system.profile(`user_id:${ann}`)).includes('Of Ben'));
    assert.equal((await browser.view()).slots['home.hero'], 'Sale', 'the ticket gives nothing back');
  });

  test('signed out means signed out: the device is new, and the old one leads to nobody', async () => {
    const ann = await customer();
    const browser = system.browser();
    await system.login(browser, ann);
    assert.equal((await browser.view()).slots['home.hero'], HELLO);
    const [id, token] = [browser.cookie('id'), browser.cookie('token')];
    await browser.fetch('/_tl/token', { method: 'DELETE' });
    await browser.view();
    assert.notEqual(browser.cookie('id'), id);
    const copy = system.browser({ cookies: { id, token: system.age(token, 7200, { ttl: 3600 }) } });
    await eventually(async () => assert.notEqual((await copy.view()).slots['home.hero'], HELLO));
  });
});

describe('a browser', () => {
  test('proves whose it is by a hash of the user id, which the shop has made', async () => {
    const userId = await customer();
    const userHash = createHmac('sha256', USER_HASH_SECRET).update(userId).digest('hex');
    const [right, wrong] = [system.browser(), system.browser()];
    await right.identify(userId, {}, { context: { userHash } });
    assert.equal((await right.view()).slots['home.hero'], HELLO);
    await wrong.identify(await customer(), {}, { context: { userHash } });
    assert.notEqual((await wrong.view()).slots['home.hero'], HELLO);
  });

  test("shows what Segment's browser SDK has tracked beside the tag, and gives it no facts", async () => {
    const anonymousId = newId();
    const browser = system.browser();
    browser.cookies.set('ajs_anonymous_id', anonymousId);
    await browser.view();
    await browser.track('Looked');
    const context = { consent: { categoryPreferences: AGREES } };
    await system.server('web').send({ ...track({ anonymousId }, 'Product Added'), context });
    await eventually(async () => assert.equal((await browser.view()).slots['home.hero'], 'Your cart waits'));
    const userId = await customer();
    await system.login(browser, userId);
    assert.equal((await browser.view()).slots['home.hero'], HELLO);
    const copy = system.browser();
    copy.cookies.set('ajs_anonymous_id', anonymousId);
    await copy.view();
    await copy.track('Looked');
    assert.notEqual((await copy.view()).slots['home.hero'], HELLO);
  });
});

describe('ids', () => {
  test('that are numbers are ids: people and accounts', async () => {
    const number = 1e9 + Math.floor(Math.random() * 1e9);
    const browser = system.browser();
    const anonymousId = await browser.device();
    await system.server('crm').identify({ anonymousId, userId: number }, gold);
    assert.equal((await browser.view()).slots['home.hero'], HELLO);
    await system.server('pos').send(track({ userId: String(number) }, 'Order Completed'));
    await has(number, 'Order Completed');
    const group = await system
      .server('crm')
      .send(call('group', { userId: number, groupId: number + 1, traits: { plan: 'team' } }));
    assert.deepEqual(
      Object.values(group).map(({ result }) => result),
      ['ok'],
    );
    // The member's object tells the account's after it has acknowledged.
    await eventually(async () => assert.ok(await system.profile(`account_id:${number + 1}`)));
    assert.equal((await system.collector.token(`user_id:${number}`)).status, 200);
  });

  test('that are large numbers do not become one person', async () => {
    // As text, because JavaScript would round them.
    const send = async (device, digits) => {
      const text = `{"batch":[{"type":"identify","messageId":"${newId()}","anonymousId":"${device}","userId":${digits},"traits":{"n":"${digits}"}}]}`;
      const headers = { authorization: basic(system.server('crm').key), 'content-type': 'application/json' };
      assert.equal((await system.collector.post('/v1/batch', text, headers)).status, 200);
      return (await system.profile(`anonymous_id:${device}`))?.subject;
    };
    const subjects = [await send(newId(), '1234567890123456781'), await send(newId(), '1234567890123456782')];
    assert.notEqual(subjects[0] ?? 'none', subjects[1] ?? 'no one');
  });

  test('that stand for nobody stay apart, with a warning', async () => {
    const nobody = [
      'null',
      'N/A',
      'undefined',
      '{{user.id}}',
      'not_authenticated',
      '(not set)',
      '%%USER_ID%%',
      ' NULL ',
    ];
    for (const userId of nobody) {
      const [one, other] = [newId(), newId()];
      for (const anonymousId of [one, other]) {
        const results = await system.server('crm').identify({ anonymousId, userId }, { firstName: anonymousId });
        assert.deepEqual(
          Object.values(results).map(({ result }) => result),
          ['warning'],
          userId,
        );
      }
      assert.notEqual(await subjectOf(`anonymous_id:${one}`), await subjectOf(`anonymous_id:${other}`), userId);
      assert.equal(await subjectOf(`user_id:${userId}`), undefined, userId);
    }
    for (const groupId of ['null', '{{account.id}}']) {
      const results = await system.server('crm').send(call('group', { userId: newPerson(), groupId, traits: {} }));
      assert.deepEqual(
        Object.values(results).map(({ result }) => result),
        ['warning'],
        groupId,
      );
    }
  });
});

describe('people', () => {
  const email = () => `${newId()}@example.com`;

  test('two user ids with one e-mail address, which servers have said, are one person', async () => {
    const [shop, till, address] = [newPerson(), newPerson(), email()];
    await system.server('crm').identify({ userId: shop }, { firstName: 'Ann', email: address });
    await system.server('pos').send(track({ userId: till }, 'Order Completed'));
    await system.server('pos').identify({ userId: till }, { email: address.toUpperCase() });
    await eventually(async () => {
      const [a, b] = [await system.profile(`user_id:${shop}`), await system.profile(`user_id:${till}`)];
      assert.equal(a.subject, b.subject);
      assert.ok(eventsOf(a).includes('Order Completed'));
      assert.equal((await system.profile(`email:${address}`)).subject, a.subject);
    });
  });

  test('who became one by mistake become two again, and what was learnt later stays where it belongs', async () => {
    const [ann, ben, address] = [newPerson(), newPerson(), email()];
    await system.server('crm').identify({ userId: ann }, { firstName: 'Ann', email: address });
    await system.server('crm').identify({ userId: ben }, { firstName: 'Ben' });
    const loser = await subjectOf(`user_id:${ben}`);
    await system.server('pos').identify({ userId: ben }, { email: address });
    await eventually(async () => assert.equal(await subjectOf(`user_id:${ben}`), await subjectOf(`user_id:${ann}`)));
    await system.server('pos').send(track({ userId: ben }, 'Order Completed'), track({ userId: ann }, 'Returned'));
    const headers = { authorization: `Bearer ${system.secret}` };
    const winner = await subjectOf(`user_id:${ann}`);
    const other = winner === loser ? (await system.profile(`user_id:${ann}`)).merged[0].profile : loser;
    const body = JSON.stringify({ profile: other });
    const { status } = await system.collector.post(`/v1/profiles/${winner}/unmerge`, body, headers);
    assert.equal(status, 200);
    await eventually(async () => {
      const [a, b] = [await system.profile(`user_id:${ann}`), await system.profile(`user_id:${ben}`)];
      assert.notEqual(a.subject, b.subject);
      assert.deepEqual([a.traits.firstName, b.traits.firstName], ['Ann', 'Ben']);
      assert.ok(eventsOf(b).includes('Order Completed') && !eventsOf(b).includes('Returned'));
      assert.ok(eventsOf(a).includes('Returned') && !eventsOf(a).includes('Order Completed'));
    });
  });

  test('found by any identifier', async () => {
    const [userId, crm, card, address] = [newPerson(), newId(), newId(), email()];
    const externalIds = [
      { id: crm, type: 'crm_id', collection: 'users', encoding: 'none' },
      { id: card, type: 'loyalty_id', collection: 'users', encoding: 'none' },
    ];
    await system.server('crm').identify({ userId }, { ...gold, email: address }, { context: { externalIds } });
    const subject = await subjectOf(`user_id:${userId}`);
    for (const id of [`crm_id:${crm}`, `loyalty_id:${card}`, `email:${address}`]) {
      assert.equal(await subjectOf(id), subject, id);
    }
    const till = { context: { externalIds: [externalIds[1]] } };
    await system.server('pos').send({ ...call('track', { event: 'Order Completed', properties: {} }), ...till });
    await has(userId, 'Order Completed');
  });
});
