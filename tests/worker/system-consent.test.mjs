// Consent and rights with edge and collector together: the latest word holds, whoever said it and wherever.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, track } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';
import { AGREES, ASKING, eventsOf, GRANTED, newPerson, SOURCES, startSystem } from '../support/system.mjs';

let system;
before(async () => (system = await startSystem(ASKING)));
after(() => system?.stop());

const hasPromotion = ({ slots }) => slots['promo.bar'] !== undefined || slots['home.intro'] !== undefined;

/** Returns a browser with a consent cookie of that age, and the user id of the person that is signed in on it. */
async function member({ age = 3_600_000 } = {}) {
  const browser = system.browser({ consent: `${GRANTED}&at=${Date.now() - age}` });
  const userId = newPerson();
  await system.login(browser, userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
  return { browser, userId };
}

describe('a refusal that a server reports', () => {
  test('comes before an older cookie on the next page view, and stays', async () => {
    const { browser, userId } = await member();
    assert.ok(hasPromotion(await browser.view()));
    await system.server('call-centre').consent({ userId }, { advertising: false });
    for (let view = 0; view < 3; view++) assert.ok(!hasPromotion(await browser.view()), `view ${view}`);
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann', 'what needs no consent stays');
  });

  test('of storage ends personal pages, also on the views after the next', async () => {
    const { browser, userId } = await member();
    assert.ok(hasPromotion(await browser.view()));
    await system.server('call-centre').consent({ userId }, { personalization: false, advertising: false });
    for (let view = 0; view < 3; view++) {
      const { slots } = await browser.view();
      assert.deepEqual([slots['promo.bar'], slots['home.intro']], [undefined, undefined], `view ${view}`);
      assert.doesNotMatch(slots['home.hero'] ?? '', /Good to see you/, `view ${view}`);
    }
  });

  test('gives way to a later choice of the person on the page', async () => {
    const { browser, userId } = await member();
    await browser.view();
    await system.server('call-centre').consent({ userId }, { advertising: false });
    assert.ok(!hasPromotion(await browser.view()));
    browser.cookies.set('tl_consent', `${GRANTED}&at=${Date.now()}`);
    assert.ok(hasPromotion(await browser.view()));
  });

  test('reaches the app by the next decision', async () => {
    const { userId } = await member();
    await system.server('crm').consent({ userId }, AGREES);
    const app = system.app(await system.token(`user_id:${userId}`));
    const decide = async () => (await app.post('/_tl/decide', { request: { attributes: { path: '/' } } })).json().slots;
    assert.ok((await decide())['promo.bar']);
    await system.server('call-centre').consent({ userId }, { advertising: false });
    assert.equal((await decide())['promo.bar'] ?? null, null);
  });
});

describe('a refusal of storage', () => {
  test('holds for every sender: nothing but consent is stored', async () => {
    const userId = newPerson();
    await system.server('crm').identify({ userId }, { firstName: 'Ann' });
    await system.server('crm').consent({ userId }, { personalization: false, analytics: false });
    const { traits } = await system.profile(`user_id:${userId}`);
    for (const source of Object.keys(SOURCES)) {
      const results = await system
        .server(source)
        .send(track({ userId }, `From ${source}`), call('identify', { userId, traits: { firstName: 'Eve' } }));
      const kinds = Object.values(results).map(({ result }) => result);
      if (SOURCES[source]) assert.deepEqual(kinds, ['ignored', 'ignored'], source);
    }
    const profile = await system.profile(`user_id:${userId}`);
    assert.ok(!eventsOf(profile).some((event) => event.startsWith('From')), eventsOf(profile).join());
    assert.deepEqual(profile.traits, traits);
    await system.server('crm').consent({ userId }, { personalization: true, analytics: true });
    await system.server('pos').send(track({ userId }, 'After'));
    assert.ok(eventsOf(await system.profile(`user_id:${userId}`)).includes('After'));
  });

  test('of an event’s own context holds for that event', async () => {
    const userId = newPerson();
    await system.server('crm').identify({ userId });
    const context = { consent: { categoryPreferences: { personalization: false } } };
    const results = await system.server('pos').send({ ...track({ userId }, 'Refused'), context });
    assert.deepEqual(
      Object.values(results).map(({ result }) => result),
      ['ignored'],
    );
    assert.ok(!eventsOf(await system.profile(`user_id:${userId}`)).includes('Refused'));
  });

  test('at one time with a grant: refused, in either order', async () => {
    const timestamp = new Date().toISOString();
    const say = (userId, value) => ({
      ...call('track', { userId, event: 'Consent Preference Updated', properties: {}, timestamp }),
      context: { consent: { categoryPreferences: { advertising: value } } },
    });
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      for (let round = 0; round < 6; round++) {
        const userId = newPerson();
        await system.server('crm').send(...order.map((value) => say(userId, value)));
        assert.equal((await system.profile(`user_id:${userId}`)).consent.advertising, 'denied', `${order}`);
      }
    }
  });
});

describe('rights', () => {
  const forget = (id) =>
    fetch(`${system.collector.url}/v1/profiles/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${system.secret}` },
    });

  test('an erased person’s browser is nobody’s at its next view, and late events change nothing', async () => {
    const { browser, userId } = await member();
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
    const [device, app] = [browser.cookie('id'), system.app(await system.token(`user_id:${userId}`))];
    assert.equal((await forget(`user_id:${userId}`)).status, 200);
    await eventually(async () => assert.equal(await system.profile(`user_id:${userId}`), undefined));
    assert.doesNotMatch((await browser.view()).slots['home.hero'] ?? '', /Good to see you/);
    assert.notEqual(browser.cookie('id'), device);
    const { slots } = (await app.post('/_tl/decide', { request: { attributes: { path: '/' } } })).json();
    assert.notEqual(slots['home.hero']?.campaign, 'loyal');
    const late = await system.server('pos').send(track({ userId }, 'Order Completed'));
    assert.deepEqual(
      Object.values(late).map(({ result }) => result),
      ['ignored'],
    );
    await browser.track('Looked');
    assert.ok(!eventsOf(await system.profile(`user_id:${userId}`)).length);
    assert.equal((await forget(`user_id:${userId}`)).status, 200, 'again');
  });

  test('an erasure without a tombstone ends the facts of the browser as well', async () => {
    const { browser, userId } = await member();
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
    assert.equal((await forget(`user_id:${userId}?suppress=false`)).status, 200);
    assert.doesNotMatch((await browser.view()).slots['home.hero'] ?? '', /Good to see you/);
  });

  test('an export has every event, and says so in one line each', async () => {
    const { browser, userId } = await member();
    await browser.track('Looked');
    const headers = { authorization: `Bearer ${system.secret}` };
    const answer = await fetch(`${system.collector.url}/v1/profiles/user_id:${userId}/export`, { headers });
    assert.equal(answer.status, 200);
    const lines = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.ok(lines.some((line) => JSON.stringify(line).includes('"Looked"')));
  });
});
