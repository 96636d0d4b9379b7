// What a stranger cannot do: read, change, silence or write to a person, with the page's write key or with ids and
// tokens that prove nothing. SECURITY.md lists these tests by name.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { call, sleep, track } from '../support/collector.mjs';
import { claimsOf, eventually, mintToken } from '../support/edge.mjs';
import { ASKING, eventsOf, newPerson, startSystem } from '../support/system.mjs';

let system;
before(async () => (system = await startSystem(ASKING)));
after(() => system?.stop());

const HELLO = 'Good to see you, Ann';
const PHONE = '+43 660 1234567';
const gold = { firstName: 'Ann', loyalty: { tier: 'gold' }, whatsappReady: true, phone: PHONE };

/** A person whose server has spoken, on one device: `{ browser, userId, device, subject, before }`. */
let victim;
beforeEach(async () => {
  const [browser, userId] = [system.browser(), newPerson()];
  await system.login(browser, userId, gold);
  await system.server('call-centre').consent({ userId }, { 'channel.whatsapp': false });
  assert.equal((await browser.view()).slots['home.hero'], HELLO);
  const profile = await system.profile(`user_id:${userId}`);
  victim = { browser, userId, device: await browser.device(), subject: profile.subject, before: known(profile) };
});

/** The parts of a profile that only its person and servers determine. */
const known = ({ traits, consent, subject }) => ({ traits, consent, subject });

/** Checks that the victim's facts, consent and page are as before, and that nobody was sent anything. */
async function isUnharmed() {
  const profile = await system.profile(`user_id:${victim.userId}`);
  assert.deepEqual(known(profile), victim.before);
  assert.equal((await victim.browser.view()).slots['home.hero'], HELLO);
}

/** Checks that a browser knows nothing of the victim: not on a page, not in a token, not in an answer. */
async function knowsNothing(browser) {
  const presented = browser.cookie('token');
  for (const round of ['first', 'second']) {
    const { slots } = await browser.view();
    assert.doesNotMatch(slots['home.hero'] ?? '', /Good to see you/, `${round} view`);
    const told = JSON.stringify(await browser.told());
    assert.doesNotMatch(told, /gold|"Ann"/, `${round} answer of GET token`);
    const token = browser.cookie('token');
    if (token && token !== presented) {
      assert.notEqual(claimsOf(token).sub, victim.subject);
      assert.doesNotMatch(JSON.stringify(claimsOf(token)), /gold|"Ann"/);
    }
    await browser.track('Looked Around');
  }
  assert.ok(!eventsOf(await system.profile(`user_id:${victim.userId}`)).includes('Looked Around'));
}

describe('a stranger who knows the id of a device', () => {
  const cookies = {
    'the cookie of earlier versions': (alias) => ({ tl_id: alias }),
    'the cookie without a signature': (alias) => ({ '__Host-tl_id': alias }),
    'the cookie with a signature of zeros': (alias) => ({ '__Host-tl_id': `${alias}.${'A'.repeat(22)}` }),
    'the cookie with the signature of another device': (alias, own) => ({
      '__Host-tl_id': `${alias}.${own.split('.')[1]}`,
    }),
  };
  for (const [name, make] of Object.entries(cookies)) {
    test(`reads and changes nothing by ${name}`, async () => {
      const own = system.browser();
      await own.device();
      const browser = system.browser();
      for (const [cookie, value] of Object.entries(make(victim.device, own.cookie('id')))) {
        browser.cookies.set(cookie, value);
      }
      await knowsNothing(browser);
      assert.notEqual(await browser.device(), victim.device);
      await isUnharmed();
    });
  }

  test('reads nothing, and changes nothing that counts, by the header for browsers without cookies', async () => {
    const headers = { 'x-tl-device': victim.device };
    const browser = system.browser({ headers, consent: null });
    browser.headers = { ...headers, cookie: 'tl_consent=personalization=granted&analytics=granted' };
    const consent = { consent: { categoryPreferences: { 'channel.whatsapp': true } } };
    await browser.send(call('track', { event: 'Consent Preference Updated', properties: {}, context: consent }));
    await browser.identify(victim.userId, { firstName: 'Eve' });
    const { slots } = await browser.view();
    assert.doesNotMatch(slots['home.hero'] ?? '', /Good to see you/);
    assert.equal(browser.cookie('token'), undefined, 'no token is signed for it');
    await isUnharmed();
  });
});

describe('a token that proves nothing', () => {
  const tokens = {
    'of the edge': () => mintToken(system.keys, { sub: victim.subject, ver: 0 }),
    'that has expired': () => mintToken(system.keys, { sub: victim.subject, age: 30 * 86_400, ttl: 3600 }),
    'of unknown keys': () => mintToken(system.keys, { sub: victim.subject, header: { kid: 'nobody' } }),
  };
  const carriers = {
    'the cookie': (token) => ({ cookies: { token } }),
    'X-TL-Token': (token) => ({ headers: { 'x-tl-token': token } }),
    Authorization: (token) => ({ headers: { authorization: `Bearer ${token}` } }),
  };
  for (const [name, make] of Object.entries(tokens)) {
    for (const [carrier, carry] of Object.entries(carriers)) {
      test(`${name} names nobody, in ${carrier}`, async () => {
        for (const id of ['undefined', '00000000', undefined]) {
          const browser = system.browser(carry(make()));
          if (id) for (const cookie of ['tl_id', '__Host-tl_id']) browser.cookies.set(cookie, id);
          await knowsNothing(browser);
        }
        await isUnharmed();
      });
    }
  }

  test('is not handed over', async () => {
    for (const make of Object.values(tokens)) {
      const browser = system.browser();
      await browser.handOver(make());
      await knowsNothing(browser);
    }
    await isUnharmed();
  });
});

describe('a stranger with the write key of the page', () => {
  const key = () => system.server('web');

  test("sets neither traits nor consent of a person, and sends nothing to the person's phone", async () => {
    const { userId } = victim;
    const context = { consent: { categoryPreferences: { 'channel.whatsapp': true } } };
    const eve = { firstName: 'Eve', whatsappReady: true, phone: '+43 660 0000000', loyalty: { tier: 'none' } };
    await key().identify({ userId }, eve, { context });
    await key().consent({ userId }, { 'channel.whatsapp': true });
    await key().send(track({ userId }, 'Product Added'));
    await sleep(2500);
    for (const words of [victim.subject, userId, PHONE])
      assert.ok(!system.sink.requests.some(({ text }) => text.includes(words)));
    await isUnharmed();
  });

  test('sends nothing to a person who has granted the channel either', async () => {
    const { userId } = victim;
    await system.server('call-centre').consent({ userId }, { 'channel.whatsapp': true });
    await key().send(track({ userId }, 'Product Added'));
    await sleep(2500);
    assert.ok(!system.sink.requests.some(({ text }) => text.includes(victim.subject)));
    // The same event of a server is sent a message for.
    await system.server('pos').send(track({ userId }, 'Product Added'));
    await eventually(() => assert.ok(system.sink.requests.some(({ text }) => text.includes(victim.subject))), 20_000);
  });

  test('silences nobody: no cap is used up, no promotion suppressed, no journey ended', async () => {
    const { userId } = victim;
    await key().send(
      track({ userId }, 'Message Seen', { campaign: 'introduction', message: 'intro', class: 'promo', channel: 'web' }),
      track({ userId }, 'Message Seen', { campaign: 'care', message: 'care', offer: 'care-month', class: 'promo' }),
      track({ userId }, 'Ticket Opened'),
    );
    await isUnharmed();
    const fresh = system.browser();
    await system.login(fresh, userId);
    const { slots } = await fresh.view();
    assert.equal(slots['promo.bar'], 'A tenth off');
  });

  test('takes no device from its person', async () => {
    const { browser, device, userId } = victim;
    const attacker = newPerson();
    await key().identify({ anonymousId: device, userId: attacker }, { firstName: 'Eve' });
    await key().send(call('alias', { previousId: device, userId: attacker }));
    await browser.track('Secret Looked At');
    await isUnharmed();
    assert.ok(eventsOf(await system.profile(`user_id:${userId}`)).includes('Secret Looked At'));
    assert.ok(!eventsOf(await system.profile(`user_id:${attacker}`)).includes('Secret Looked At'));
  });

  test('joins no two people, by any identifier', async () => {
    const other = newPerson();
    await system.server('crm').identify({ userId: other }, { firstName: 'Ben' });
    await key().send(
      call('alias', { previousId: victim.userId, userId: other }),
      call('identify', { userId: other, traits: { email: 'ann@example.com', phone: '+43 660 1234567' } }),
      call('identify', { userId: victim.userId, traits: { email: 'ann@example.com', phone: '+43 660 1234567' } }),
    );
    assert.notEqual((await system.profile(`user_id:${other}`)).subject, victim.subject);
    await isUnharmed();
  });

  test('learns nothing from what the collector answers', async () => {
    const results = await key().identify({ userId: victim.userId });
    const nobody = await key().identify({ userId: newPerson() });
    const kinds = [results, nobody].map((answer) => Object.values(answer).map(({ result }) => result));
    assert.deepEqual(kinds[0], kinds[1], 'a person who exists, and one who does not');
    for (const path of [`/v1/profiles/user_id:${victim.userId}`, '/v1/failed-events']) {
      assert.equal((await system.collector.get(path, key().key)).status, 401);
    }
    assert.equal((await system.collector.token(`user_id:${victim.userId}`, key().key)).status, 401);
  });
});

describe('a stranger with a browser of their own', () => {
  test('who says to be somebody learns nothing, and changes nothing', async () => {
    const browser = system.browser();
    await browser.identify(victim.userId, { firstName: 'Eve' });
    await browser.identify(victim.userId, { firstName: 'Eve' }, { context: { userHash: 'a'.repeat(64) } });
    await knowsNothing(browser);
    await isUnharmed();
  });

  test('sends no event as the victim by a ticket that is forged', async () => {
    const browser = system.browser();
    const { owner } = await browser.told();
    for (const ticket of [victim.device, `${victim.device}.${owner.split('.')[1]}`, victim.browser.cookie('id')]) {
      const event = { ...call('track', { event: 'Forged', properties: {} }), owner: ticket };
      const { results } = (await browser.send(event)).json();
      assert.equal(results[event.messageId].result, 'ignored', ticket);
    }
    assert.ok(!eventsOf(await system.profile(`user_id:${victim.userId}`)).includes('Forged'));
  });

  test('loses the device that somebody else signs in on', async () => {
    const attacker = system.browser();
    await attacker.device();
    const planted = attacker.cookie('id');
    const person = system.browser({ cookies: { id: planted } });
    await system.login(person, newPerson(), gold);
    assert.equal((await person.view()).slots['home.hero'], HELLO);
    assert.notEqual(person.cookie('id'), planted, 'the person gets a new device at sign-in');
    // The attacker's copy leads nowhere a minute after the new device was first seen.
    await person.view();
    await sleep(62_000);
    await person.view();
    assert.doesNotMatch((await attacker.view()).slots['home.hero'] ?? '', /Good to see you/);
    assert.equal((await person.view()).slots['home.hero'], HELLO);
  });
});
