// Deployments: keys that rotate in any order, cold starts, and what people and facts come through them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, track } from '../support/collector.mjs';
import { claimsOf, jwks, newKeys } from '../support/edge.mjs';
import { ASKING, newPerson, startSystem } from '../support/system.mjs';

const HELLO = 'Good to see you, Ann';
const gold = { firstName: 'Ann', loyalty: { tier: 'gold' } };

describe('keys that rotate', () => {
  let system;
  let sets;
  before(async () => {
    system = await startSystem(ASKING);
    const key = (keys) => JSON.parse(jwks(keys, 'token.private')).keys[0];
    const [old, next] = [key(system.keys), key(newKeys())];
    const set = (...keys) => ({ TOKEN_KEYS: JSON.stringify({ keys }) });
    sets = { old: set(old), added: set(old, next), rotated: set(next, old), next: set(next) };
  });
  after(() => system?.stop());

  const deploy = (edge, collector) =>
    system.restart({ edge: { ...ASKING.edge, ...sets[edge] }, collector: sets[collector] });

  /** Returns a member's browser, signed in under the old keys, and one whose token has expired. */
  async function members() {
    await deploy('old', 'old');
    const members = [];
    for (const isLate of [false, true]) {
      const browser = system.browser();
      await system.login(browser, newPerson(), gold);
      assert.equal((await browser.view()).slots['home.hero'], HELLO);
      const token = browser.cookie('token');
      if (isLate) browser.setCookie('token', system.age(token, 7200, { ttl: 3600 }));
      members.push({ browser, subject: claimsOf(token).sub });
    }
    return members;
  }

  const orders = {
    'edge first': ['rotated', 'old'],
    'collector first': ['old', 'rotated'],
    'collector first, once the edge knows the new key': ['added', 'rotated'],
  };
  for (const [name, [edge, collector]] of Object.entries(orders)) {
    test(`lose nobody: ${name}`, async () => {
      const all = await members();
      await deploy(edge, collector);
      for (const { browser } of all) assert.equal((await browser.view()).status, 200);
      await deploy('rotated', 'rotated');
      for (const { browser, subject } of all) {
        assert.equal((await browser.view()).slots['home.hero'], HELLO);
        assert.equal(claimsOf(browser.cookie('token')).sub, subject);
        // A session that begins signs the device again.
        browser.setCookie('session', undefined);
        await browser.view();
      }
      await deploy('next', 'next');
      for (const { browser } of all)
        assert.equal((await browser.view()).slots['home.hero'], HELLO, 'without the old key');
    });
  }

  test('a token of a key that the edge does not know yet is left alone', async () => {
    const [{ browser }] = await members();
    await deploy('added', 'rotated');
    assert.equal((await browser.view()).slots['home.hero'], HELLO);
    const token = browser.cookie('token');
    await deploy('old', 'old');
    const { status, setCookies } = await browser.view();
    assert.equal(status, 200);
    const written = setCookies.find((line) => line.startsWith('__Host-tl_token='));
    if (written) assert.ok(claimsOf(/=([^;]+)/.exec(written)[1]).ver > 0, 'not the emptiness of the edge');
    await deploy('rotated', 'rotated');
    assert.equal((await browser.view()).slots['home.hero'], HELLO);
    assert.equal(claimsOf(browser.cookie('token')).sub, claimsOf(token).sub);
  });
});

describe('a cold start with the usual REFRESH', () => {
  let system;
  before(async () => (system = await startSystem(ASKING)));
  after(() => system?.stop());

  test('the first request is a batch about twenty people: each event counts, and each refusal', async () => {
    const people = Array.from({ length: 20 }, newPerson);
    await system.server('crm').send(...people.map((userId) => call('identify', { userId, traits: gold })));
    await system.restart();
    const context = { consent: { categoryPreferences: { 'channel.whatsapp': false } } };
    const calls = people.flatMap((userId) => [
      track({ userId }, 'Product Added'),
      { ...track({ userId }, 'Consent Preference Updated'), context },
    ]);
    const results = await system.server('pos').send(...calls);
    assert.ok(Object.values(results).every(({ result }) => result === 'ok'));
    for (const userId of people) {
      const { consent, counters } = await system.profile(`user_id:${userId}`);
      assert.equal(consent['channel.whatsapp'], 'denied');
      assert.ok(
        Object.values(counters).some((stamps) => stamps.length === 1),
        'the basket is counted',
      );
    }
  });

  test('twenty members at once, as the first requests: each page is personal', async () => {
    const browsers = [];
    for (let one = 0; one < 20; one++) {
      const browser = system.browser();
      await system.login(browser, newPerson(), gold);
      await browser.view();
      browsers.push(browser);
    }
    await system.restart();
    const views = await Promise.all(browsers.map((browser) => browser.view()));
    assert.deepEqual(
      views.map(({ slots }) => slots['home.hero']),
      browsers.map(() => HELLO),
    );
  });

  test('what servers report between two starts is there', async () => {
    const [browser, userId] = [system.browser(), newPerson()];
    await system.login(browser, userId, gold);
    await browser.view();
    await system.server('support').track({ userId }, 'Ticket Opened');
    await system.restart();
    assert.equal((await browser.view()).slots['home.hero'], 'We are on your ticket');
  });
});
