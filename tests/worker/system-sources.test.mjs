// A1, A2, A17: twelve sources write and read one profile, and what customers ask of an omnichannel company.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call } from '../support/collector.mjs';
import { claimsOf, eventually, newId, page } from '../support/edge.mjs';
import { AGREES, ASKING, eventsOf, newPerson, SOURCES, startSystem } from '../support/system.mjs';
import { IDENTITY_RULES } from '../support/system-rules.mjs';

const names = Object.keys(SOURCES);

// A slot for each source, filled once the source has written.
const slot = (source) => `by.${source}`;
const RULES = {
  ...IDENTITY_RULES,
  identity: {
    identifiers: {
      ...IDENTITY_RULES.identity.identifiers,
      phone: { priority: 3, limit: 3, unique: true, trusted: true, normalise: 'phone' },
      push_token: { priority: 4, limit: 5, unique: true, trusted: true },
      social_id: { priority: 4, limit: 2, unique: true, trusted: true },
    },
  },
  slots: {
    ...IDENTITY_RULES.slots,
    ...Object.fromEntries(names.map((source) => [slot(source), { pages: ['/sources'] }])),
  },
  messages: {
    ...IDENTITY_RULES.messages,
    written: { renditions: [{ channel: 'web', html: '<b>written</b>' }] },
  },
  campaigns: {
    ...IDENTITY_RULES.campaigns,
    ...Object.fromEntries(
      names.map((source) => [
        `by-${source}`,
        {
          class: 'service',
          when: { $event: { name: 'Contacted', where: { source } } },
          slots: { [slot(source)]: 'written' },
        },
      ]),
    ),
  },
};

const sections = (slots) => slots.map((name) => `<section data-tl-slot="${name}">usual</section>`).join('');
const shop = (request, response) => {
  const slots = request.url === '/sources' ? names.map(slot) : Object.keys(IDENTITY_RULES.slots);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(sections(slots)));
};

let system;
before(async () => (system = await startSystem({ ...ASKING, rules: RULES, origin: shop })));
after(() => system?.stop());

const user = (id, type) => ({ id, type, collection: 'users', encoding: 'none' });

/** Returns a new person whom the CRM knows by the identifiers of all sources. */
async function customer() {
  const userId = newPerson();
  const ids = { crm_id: newId(), loyalty_id: newId(), push_token: newId(), social_id: newId() };
  const number = String(Math.floor(Math.random() * 1e7)).padStart(7, '0');
  const [email, phone] = [`${newId()}@example.com`, `+43660${number}`];
  const externalIds = Object.entries(ids).map(([type, id]) => user(id, type));
  const traits = { firstName: 'Ann', loyalty: { tier: 'gold' }, email, phone };
  await system.server('crm').identify({ userId }, traits, { context: { externalIds } });
  await system.server('crm').consent({ userId }, AGREES);
  const browser = system.browser();
  await system.login(browser, userId);
  await browser.view();
  const app = system.app(await system.token(`user_id:${userId}`));
  return { ...ids, userId, email, phone, browser, app };
}

/** Returns how each source writes: with the identifiers that it knows, and no other. */
function writers(who) {
  const by = (type) => ({ context: { externalIds: [user(who[type], type)] } });
  const contacted = (source, more) =>
    system.server(source).send({ ...call('track', { event: 'Contacted', properties: { source } }), ...more });
  return {
    web: () => who.browser.track('Contacted', { source: 'web' }),
    app: () => who.app.track('Contacted', { source: 'app' }),
    email: () => contacted('email', by('email')),
    sms: () => contacted('sms', by('phone')),
    whatsapp: () => contacted('whatsapp', by('phone')),
    push: () => contacted('push', by('push_token')),
    pos: () => contacted('pos', by('loyalty_id')),
    'call-centre': () => contacted('call-centre', by('phone')),
    support: () => contacted('support', by('email')),
    crm: () => contacted('crm', by('crm_id')),
    social: () => contacted('social', by('social_id')),
    loyalty: () => contacted('loyalty', { userId: who.userId, ...by('loyalty_id') }),
  };
}

/** Returns how each source reads: a list of the sources whose writing it sees. */
function readers(who) {
  const filled = (slots) => names.filter((source) => slots[slot(source)]);
  const decided = async (app) => {
    const { slots } = (await app.post('/_tl/decide', { request: { attributes: { path: '/sources' } } })).json();
    return filled(slots);
  };
  const profile = async (id) => {
    const { events } = await system.profile(id);
    return events.filter(({ event }) => event === 'Contacted').map(({ properties }) => properties.source);
  };
  const asApp = async (id) => decided(system.app(await system.token(id)));
  return {
    web: async () => filled((await who.browser.view('/sources')).slots),
    app: () => decided(who.app),
    email: () => asApp(`email:${who.email}`),
    sms: () => asApp(`phone:${who.phone}`),
    whatsapp: () => profile(`phone:${who.phone.replace(/(\d{3})(\d+)/, '$1 $2')}`),
    push: () => asApp(`push_token:${who.push_token}`),
    pos: () => profile(`loyalty_id:${who.loyalty_id}`),
    'call-centre': () => profile(`phone:${who.phone}`),
    support: () => profile(`email:${who.email.toUpperCase()}`),
    crm: () => profile(`crm_id:${who.crm_id}`),
    social: () => profile(`social_id:${who.social_id}`),
    loyalty: () => profile(`user_id:${who.userId}`),
  };
}

test('A1, A2: a write by each of twelve sources is seen by a read of each of the twelve', async () => {
  const who = await customer();
  const missing = [];
  const written = [];
  for (const [writer, write] of Object.entries(writers(who))) {
    await write();
    written.push(writer);
    for (const [reader, read] of Object.entries(readers(who))) {
      const found = await read();
      missing.push(...written.filter((source) => !found.includes(source)).map((source) => `${source} by ${reader}`));
    }
  }
  assert.deepEqual(missing, []);
  const { events, identities } = await system.profile(`user_id:${who.userId}`);
  const sources = events.filter(({ event }) => event === 'Contacted').map(({ source }) => source);
  assert.equal(new Set(sources).size, 11, 'page and app come through the edge, ten more by their own keys');
  assert.deepEqual(identities.user_id, [who.userId]);
});

describe('A17:', () => {
  test('consistency: every channel makes the same offer, and the trace says why', async () => {
    const who = await customer();
    const seen = { campaign: 'care', message: 'care', offer: 'care-month', class: 'promo', channel: 'email' };
    await system.server('email').track({ userId: who.userId }, 'Message Seen', seen);
    const path = { request: { attributes: { path: '/' } } };
    const decision = (await who.app.post('/_tl/decide', path)).json();
    assert.equal(decision.slots['promo.bar'].offer, 'care-month');
    const second = system.browser();
    await system.login(second, who.userId);
    assert.equal((await second.view()).slots['promo.bar'], 'A month of care');
    const trace = JSON.stringify(await second.explain('/'));
    assert.match(trace, /offer_conflict/, 'the other offer of the group is refused by name');
  });

  test('continuity: a conversation that began on the page goes on by SMS and at the till, and nothing repeats', async () => {
    const who = await customer();
    await who.browser.track('Product Added', { product_id: 'squall' });
    assert.equal((await who.browser.view()).slots['home.hero'], 'Good to see you, Ann');
    const reply = { context: { externalIds: [user(who.phone, 'phone')] } };
    await system
      .server('sms')
      .send({ ...call('track', { event: 'Ticket Opened', properties: { topic: 'size' } }), ...reply });
    for (const shown of [await who.browser.view(), await who.browser.view()]) {
      assert.deepEqual(shown.slots, { 'home.hero': 'We are on your ticket' });
    }
    const { slots } = (await who.app.post('/_tl/decide', { request: { attributes: { path: '/' } } })).json();
    assert.deepEqual([slots['home.hero'].campaign, slots['promo.bar'] ?? null], ['support', null]);
    assert.match(JSON.stringify(await who.browser.explain('/')), /suppressed/);
    const card = { context: { externalIds: [user(who.loyalty_id, 'loyalty_id')] } };
    await system
      .server('pos')
      .send(
        { ...call('track', { event: 'Ticket Resolved', properties: {} }), ...card },
        { ...call('track', { event: 'Order Completed', properties: { order_id: newId() } }), ...card },
      );
    assert.ok((await who.browser.view()).slots['promo.bar'], 'promotion is back');
    const profile = await system.profile(`phone:${who.phone}`);
    for (const event of ['Product Added', 'Ticket Opened', 'Order Completed'])
      assert.ok(eventsOf(profile).includes(event));
  });

  test('recognition: on every device that is proven, by no other, and with the data protected', async () => {
    const who = await customer();
    assert.equal((await who.browser.view()).slots['home.hero'], 'Good to see you, Ann');
    const [second, stranger] = [system.browser(), system.browser()];
    await system.login(second, who.userId);
    assert.equal((await second.view()).slots['home.hero'], 'Good to see you, Ann');
    await stranger.identify(who.userId, { email: who.email });
    assert.notEqual((await stranger.view()).slots['home.hero'], 'Good to see you, Ann');
    const token = JSON.stringify(claimsOf(second.cookie('token')));
    assert.ok(!token.includes(who.email) && !token.includes(who.phone), 'no address leaves in a token');
    assert.ok(!JSON.stringify(await second.told()).includes(who.email));
  });

  test('history: what was done before the sign-in, offline and long ago is in one order by time', async () => {
    const [browser, userId] = [system.browser(), newPerson()];
    await browser.track('Product Viewed', { product_id: 'squall' });
    await system.login(browser, userId, { firstName: 'Ann' });
    const ago = (days) => ({ timestamp: new Date(Date.now() - days * 86_400_000).toISOString() });
    await system.server('pos').track({ userId }, 'Order Completed', { order_id: newId() }, ago(40));
    await system.server('call-centre').track({ userId }, 'Call Ended', {}, ago(20));
    await system.server('loyalty').track({ userId }, 'Points Earned', {}, ago(39));
    await eventually(async () => {
      const { events } = await system.profile(`user_id:${userId}`);
      const inOrder = events.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
      const wanted = ['Order Completed', 'Points Earned', 'Call Ended', 'Product Viewed'];
      assert.deepEqual(
        inOrder.filter((event) => wanted.includes(event)),
        wanted,
      );
    });
    await browser.track('Product Added');
    assert.equal((await browser.view()).slots['home.hero'], 'Your cart waits');
    assert.match(JSON.stringify(await browser.explain('/')), /shopper|cart/);
  });
});
