// The live channel in Chromium, with the real edge and the real collector: an open page follows what servers report.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, visit } from '../support/chromium.mjs';
import { eventually, page as html } from '../support/edge.mjs';
import { GRANTED, newPerson, startSystem } from '../support/system.mjs';
import { SLOTS } from '../support/system-rules.mjs';

/** Longer than the collector, on a machine that is busy, needs to answer. */
const PATIENT_MS = 30_000;
const GOLD = { firstName: 'Ann', loyalty: { tier: 'gold' } };
const slots = SLOTS.map((slot) => `<section data-tl-slot="${slot}">usual</section>`).join('');
const script = (attributes) => `<script async src="/_tl/tag.js" data-write-key="key-web" ${attributes}></script>`;

let browser, system;
const contexts = [];

before(async () => {
  browser = await launch();
  const origin = (request, response) => {
    const attributes = request.url.includes('quiet') ? '' : 'data-live';
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html(slots + script(attributes)));
  };
  // No token is asked for because of its age: only what a page hears makes it ask.
  system = await startSystem({ edge: { LIVE: 'on', FRESH: '3600' }, origin });
});
after(async () => {
  await browser?.close();
  await system?.stop();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

/** Opens a page of a new visitor, and counts its loads and its channels. */
async function visitor(path = '/') {
  const { context, page, heard } = await visit(browser, system.url, { consent: GRANTED });
  contexts.push(context);
  const seen = { loads: 0, channels: [] };
  page.on('load', () => seen.loads++);
  page.on('websocket', (channel) => seen.channels.push(channel));
  await page.goto(path);
  const device = await page.evaluate(async () => (await (await fetch('/_tl/token')).json()).device);
  const text = (slot) => page.locator(`[data-tl-slot="${slot}"]`).innerText();
  const shows = (slot, wanted) => eventually(async () => assert.equal(await text(slot), wanted), PATIENT_MS);
  return { context, page, heard, seen, device, text, shows };
}

/** Opens a page of a person whom the shop's server has signed in. */
async function member(path = '/') {
  const someone = await visitor(path);
  const userId = newPerson();
  await system.server('crm').identify({ anonymousId: someone.device, userId }, GOLD);
  await someone.page.evaluate(() => fetch('/_tl/token?ver=1'));
  await someone.page.goto(path);
  await someone.shows('home.hero', 'Good to see you, Ann');
  return { ...someone, userId };
}

const ticket = (userId) => system.server('support').track({ userId }, 'Ticket Opened');
const isOpen = ({ channels }) => channels.some((channel) => !channel.isClosed());
const listens = (seen) => eventually(() => assert.ok(isOpen(seen)), PATIENT_MS);

test('an open page changes its slot after the call of a server, without a load', async () => {
  const { page, heard, seen, shows, userId } = await member();
  await listens(seen);
  const { loads } = seen;
  await page.evaluate(() => heard.splice(0));
  await ticket(userId);
  await shows('home.hero', 'We are on your ticket');
  // Service comes before promotion, which goes from the page.
  await shows('promo.bar', 'usual');
  assert.equal(seen.loads, loads);
  const decisions = await heard('tldata');
  assert.ok(decisions.some(({ source }) => source === 'core'));
  const open = seen.channels.filter((channel) => !channel.isClosed());
  assert.equal(open.length, 1);
  assert.deepEqual(await heard('tlerror'), []);
});

test('a page that does not ask for it opens no channel', async () => {
  const { page, seen, userId, text } = await member('/?quiet=1');
  await ticket(userId);
  await page.evaluate(() => throughline_queue.push(['track', 'Looked']));
  await eventually(async () => {
    const { events } = await system.profile(`user_id:${userId}`);
    assert.ok(events.some(({ event }) => event === 'Looked'));
  }, PATIENT_MS);
  assert.deepEqual(seen.channels, []);
  assert.equal(await text('home.hero'), 'Good to see you, Ann');
});

test('after a sign-out nothing of the person comes, and the channel is another visitor’s or none', async () => {
  const { page, seen, shows, text, userId } = await member();
  await listens(seen);
  const before = [...seen.channels];
  await page.evaluate(() => throughline_queue.push(['reset']));
  await shows('home.hero', 'Sale');
  await eventually(() => assert.ok(before.every((channel) => channel.isClosed())), PATIENT_MS);
  const heard = await page.evaluate(() => {
    const texts = [];
    new MutationObserver(() => texts.push(document.body.textContent)).observe(document.body, {
      childList: true,
      subtree: true,
      characterData: true,
    });
    globalThis.texts = texts;
    return texts.length;
  });
  assert.equal(heard, 0);
  await ticket(userId);
  // The page decides again, so whatever it could know by now would be seen.
  await page.evaluate(() => throughline_queue.push(['track', 'Product Added'], ['decide']));
  await shows('home.hero', 'Your cart waits');
  assert.doesNotMatch((await page.evaluate(() => texts.join())) + (await text('home.hero')), /Ann|ticket/);
});

test('a page that lost its channel opens another one, and shows what it has missed', async () => {
  const { context, page, seen, shows, userId } = await member();
  await listens(seen);
  await context.setOffline(true);
  // Offline does not end a WebSocket of Chromium, a page that goes away does.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
  await eventually(() => assert.ok(!isOpen(seen)), PATIENT_MS);
  await ticket(userId);
  await context.setOffline(false);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await shows('home.hero', 'We are on your ticket');
  await listens(seen);
});

test('a page becomes that of the person whose profile its own is merged into, and hears of them', async () => {
  const userId = newPerson();
  await system.server('crm').identify({ userId }, GOLD);
  const { page, seen, shows, device } = await visitor();
  // Until then the collector knows nothing that the page could hear of.
  await page.evaluate(() => throughline_queue.push(['track', 'Looked']));
  await eventually(async () => assert.ok(await system.profile(`device:${device}`)), PATIENT_MS);
  await listens(seen);
  const { loads } = seen;
  await system.server('crm').identify({ anonymousId: device, userId });
  await shows('home.hero', 'Good to see you, Ann');
  await listens(seen);
  await ticket(userId);
  await shows('home.hero', 'We are on your ticket');
  assert.equal(seen.loads, loads);
});

test('the page of an erased person shows nothing of them any more', async () => {
  const { seen, shows, userId } = await member();
  await listens(seen);
  const { loads } = seen;
  assert.equal((await system.collector.erase(`user_id:${userId}`)).status, 200);
  await shows('home.hero', 'Sale');
  assert.equal(seen.loads, loads);
});

test('no page tries where the channel is switched off', async () => {
  await system.restart({ edge: { FRESH: '3600' } });
  const { page, seen, heard } = await visitor();
  await page.goto('/');
  await page.evaluate(() => throughline_queue.push(['track', 'Looked']));
  await eventually(async () => assert.ok((await heard('tlrefresh')).length > 0), PATIENT_MS);
  assert.deepEqual(seen.channels, []);
});
