// The facts that servers report reach the page: the edge and the collector together, with the usual REFRESH.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/edge.mjs';
import { ASKING, newPerson, startSystem } from '../support/system.mjs';

let system;
before(async () => (system = await startSystem(ASKING)));
after(() => system?.stop());

/** Returns a browser that is signed in as a new person, whose loyalty card is known. */
async function member(traits = { firstName: 'Ann', loyalty: { tier: 'gold' } }) {
  const [browser, userId] = [system.browser(), newPerson()];
  await system.login(browser, userId, traits);
  return { browser, userId };
}

const isService = (slots) =>
  assert.deepEqual(slots, { 'home.hero': 'We are on your ticket' }, 'service content, and no promotion in any slot');

describe('the next page view shows', () => {
  test('the ticket that the desk has opened, and no promotion: five of five', async () => {
    for (let round = 0; round < 5; round++) {
      const { browser, userId } = await member();
      assert.equal((await browser.view()).slots['promo.bar'], 'A tenth off');
      await system.server('support').track({ userId }, 'Ticket Opened', { topic: 'returns' });
      isService((await browser.view()).slots);
      await system.server('support').track({ userId }, 'Ticket Resolved', { topic: 'returns' });
      assert.equal((await browser.view()).slots['promo.bar'], 'A tenth off');
    }
  });

  test('that a sign-in by a server has happened', async () => {
    const browser = system.browser();
    assert.equal((await browser.view()).slots['home.hero'], 'Sale');
    await system.login(browser, newPerson(), { firstName: 'Ann', loyalty: { tier: 'gold' } });
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
  });

  test('neither the introduction nor another offer of a group, once an e-mail was seen', async () => {
    const { browser, userId } = await member();
    const seen = (campaign, message, more) =>
      system
        .server('email')
        .track({ userId }, 'Message Seen', { campaign, message, class: 'promo', channel: 'email', ...more });
    await seen('introduction', 'intro');
    await seen('care', 'care', { offer: 'care-month' });
    const { slots } = await browser.view();
    assert.equal(slots['home.intro'], undefined);
    assert.equal(slots['promo.bar'], 'A month of care');
    assert.equal((await browser.view()).slots['promo.bar'], 'A month of care');
  });

  test('the facts after an hour, when the token has expired', async () => {
    const { browser } = await member();
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
    const expired = system.age(browser.cookie('token'), 2 * 3600, { ttl: 3600 });
    browser.setCookie('token', expired);
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
    // A browser that has lost the token's cookie has the device's.
    browser.setCookie('token', undefined);
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
  });

  test('the facts on a second device that a server has proven', async () => {
    const { userId } = await member();
    const second = system.browser();
    assert.equal((await second.view()).slots['home.hero'], 'Sale');
    await system.login(second, userId);
    assert.equal((await second.view()).slots['home.hero'], 'Good to see you, Ann');
  });
});

test('the origin is told the device, and can prove whose it is', async () => {
  const [browser, userId] = [system.browser(), newPerson()];
  const device = await browser.device();
  await browser.fetch('/', { headers: { 'x-tl-device': `v${'0'.repeat(32)}` } });
  const { headers } = system.seen.at(-1);
  assert.equal(headers['x-tl-device'], device);
  await system.server('pos').identify({ anonymousId: headers['x-tl-device'], userId }, { loyalty: { tier: 'gold' } });
  assert.match((await browser.view()).slots['home.hero'], /^Good to see you/);
});

test('decide, and an app that shows its token, get the facts as a page does', async () => {
  const { userId } = await member();
  const app = system.app(await system.token(`user_id:${userId}`));
  await system.server('support').track({ userId }, 'Ticket Opened');
  const { slots } = (await app.post('/_tl/decide', { request: { attributes: { path: '/' } } })).json();
  assert.equal(slots['home.hero'].campaign, 'support');
  assert.equal(slots['promo.bar'] ?? null, null);
});

test('nothing is asked for a device that is new', async () => {
  await system.requests();
  await system.browser().view();
  assert.equal((await system.requests())['/v1/edge/refresh'], undefined);
});

test('a collector that is down costs no page: it is served with what is known, and then again with the facts', async () => {
  const { browser, userId } = await member();
  assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
  await system.gate({ status: 503 });
  try {
    await system.server('support').track({ userId }, 'Ticket Opened');
    const { status, slots } = await browser.view();
    assert.deepEqual([status, slots['home.hero']], [200, 'Good to see you, Ann']);
  } finally {
    await system.gate();
  }
  // The edge asks again some seconds after a failure.
  await eventually(async () => isService((await browser.view()).slots), 60_000);
});

describe('with the usual FRESH and FRESH_WAIT', () => {
  let usual;
  before(async () => (usual = await startSystem()));
  after(() => usual?.stop());

  test('a token that is older than FRESH is renewed, and no other', async () => {
    const [browser, userId] = [usual.browser(), newPerson()];
    await usual.login(browser, userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
    await eventually(async () => assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann'));
    await usual.requests();
    await browser.view();
    assert.equal((await usual.requests())['/v1/edge/refresh'], undefined, 'a token that is young');
    await usual.server('support').track({ userId }, 'Ticket Opened');
    // An answer that comes after FRESH_WAIT is used by the next view.
    await eventually(async () => {
      browser.setCookie('token', usual.age(browser.cookie('token'), 11));
      isService((await browser.view()).slots);
    });
  });
});
