// The live channel: an open page hears that its profile has changed, whoever has changed it, and hears nothing else.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { COLLECTOR_KEY } from '../support/collector.mjs';
import { listen as listenTo } from '../support/live.mjs';
import { newPerson, startSystem } from '../support/system.mjs';

// With this `FRESH` no token is asked for because of its age.
const edge = { LIVE: 'on', FRESH: '3600' };
let system;
const channels = [];
before(async () => {
  system = await startSystem();
});
after(() => system?.stop());
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});

/** Opens a channel that is closed after the test. */
async function listen(...given) {
  const channel = await listenTo(...given);
  channels.push(channel);
  return channel;
}

/** Returns the browser of a person whom the edge knows. */
async function member() {
  const [browser, userId] = [system.browser(), newPerson()];
  await system.login(browser, userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
  await browser.fetch('/_tl/token?ver=1');
  return { browser, userId };
}

/** Returns the answer to an attempt that the edge refuses: `status` and `code`. */
async function refusal(...given) {
  const error = await listen(...given).then(
    () => assert.fail('the channel was opened'),
    (error) => error,
  );
  return { status: error.status, code: error.text && JSON.parse(error.text).error.code };
}

const ticket = (userId) => system.server('support').track({ userId }, 'Ticket Opened');

test('it is off by default, and no page is told to try', async () => {
  const { browser } = await member();
  assert.deepEqual(await refusal(browser), { status: 404, code: 'live_off' });
  assert.ok(!('live' in (await browser.told())));
  await system.restart({ edge });
});

test('an open page hears of the event of a server, and its token is as new as that', async () => {
  const { browser, userId } = await member();
  assert.equal((await browser.told()).live, true);
  const channel = await listen(browser);
  const before = await channel.hears(0);
  await ticket(userId);
  const version = await channel.hears(before);
  // Facts travel with the token alone.
  for (const text of channel.texts) assert.match(text, /^\{"ver":\d+\}$/);
  assert.ok((await browser.told()).ver < version, 'without a version the token is young enough');
  const told = JSON.parse((await browser.fetch(`/_tl/token?ver=${version}`)).text);
  assert.ok(told.ver >= version, `${told.ver} of ${version}`);
  assert.equal((await browser.view()).slots['home.hero'], 'We are on your ticket');
});

test('each page of a person hears, and nobody else', async () => {
  const { browser, userId } = await member();
  const other = system.browser();
  await system.login(other, userId, {});
  await other.fetch('/_tl/token?ver=99');
  const stranger = (await member()).browser;
  const mine = [await listen(browser), await listen(browser), await listen(other)];
  const theirs = await listen(stranger);
  const versions = await Promise.all(mine.map((channel) => channel.hears(0)));
  await theirs.hears(0);
  await ticket(userId);
  await Promise.all(mine.map((channel, index) => channel.hears(versions[index])));
  assert.equal(theirs.texts.length, 1);
});

test('pages of other sites are refused, and requests that are no upgrade', async () => {
  const { browser } = await member();
  const foreign = { status: 403, code: 'foreign_origin' };
  assert.deepEqual(await refusal(browser, { origin: 'https://evil.example' }), foreign);
  assert.deepEqual(await refusal(browser, { origin: 'null' }), foreign);
  const crossSite = { origin: null, headers: { 'sec-fetch-site': 'cross-site' } };
  assert.deepEqual(await refusal(browser, crossSite), foreign);
  assert.equal((await browser.fetch('/_tl/live')).status, 426);
});

test('pages of allowed origins are accepted', async () => {
  await system.restart({ edge: { ...edge, ALLOWED_ORIGINS: 'https://app.shop.example' } });
  const { browser } = await member();
  assert.ok((await (await listen(browser, { origin: 'https://app.shop.example' })).hears(0)) > 0);
  const near = { origin: 'https://app.shop.example.evil.example' };
  assert.deepEqual(await refusal(browser, near), { status: 403, code: 'foreign_origin' });
});

test('an unsigned device, a new one, and a visitor without consent are refused', async () => {
  const { browser } = await member();
  const device = await browser.device();
  const refused = { status: 403, code: 'not_recognised' };
  const shown = system.browser({ headers: { 'x-tl-device': device } });
  assert.deepEqual(await refusal(shown), refused);
  const forged = system.browser({ cookies: { id: `${device}.AAAAAAAAAAAAAAAAAAAAAA` } });
  assert.deepEqual(await refusal(forged), refused);
  assert.deepEqual(await refusal(system.browser()), refused);
  browser.cookies.set('tl_consent', 'personalization=denied');
  assert.deepEqual(await refusal(browser), refused);
});

test('a device of which nothing is known is refused, and leaves nothing behind', async () => {
  const browser = system.browser();
  const device = await browser.device();
  assert.deepEqual(await refusal(browser), { status: 404, code: 'unknown_visitor' });
  assert.equal(await system.profile(`device:${device}`), undefined);
});

test('the collector asks for the key of the edge, and believes no long message', async () => {
  const ask = (headers) =>
    fetch(`${system.collector.url}/v1/edge/live`, { headers }).then(async (response) => [
      response.status,
      (await response.json()).error.code,
    ]);
  assert.deepEqual(await ask({}), [401, 'unknown_key']);
  assert.deepEqual(await ask({ authorization: `Bearer ${COLLECTOR_KEY}` }), [426, 'no_upgrade']);
});

test('the seventeenth page closes the first', async () => {
  const { browser, userId } = await member();
  const pages = [];
  for (let page = 0; page < 17; page++) {
    pages.push(await listen(browser));
    await pages.at(-1).hears(0);
  }
  assert.equal(await pages[0].closes(), 4004);
  const [, ...others] = pages;
  const before = Math.max(...others.at(-1).versions);
  await ticket(userId);
  await Promise.all(others.map((page) => page.hears(before)));
});

test('messages of pages are ignored, long ones close, and pings are answered', async () => {
  const { browser, userId } = await member();
  const [short, long] = [await listen(browser), await listen(browser)];
  const before = await short.hears(0);
  short.send('{"ver":99}');
  short.send('ping');
  long.send('x'.repeat(1025));
  assert.equal(await long.closes(), 1009);
  await ticket(userId);
  assert.ok((await short.hears(before)) < 99);
  assert.ok(short.texts.includes('pong'));
});

test('a page that leaves is answered', async () => {
  const { browser } = await member();
  assert.equal(await (await listen(browser)).leave(), 1000);
});

test('a page that has heard nothing for long still hears', async () => {
  const { browser, userId } = await member();
  const channel = await listen(browser);
  const before = await channel.hears(0);
  // Longer than the runtime keeps an idle object.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  channel.send('ping');
  await ticket(userId);
  await channel.hears(before);
  assert.ok(channel.texts.includes('pong'));
});

test('after a merge the page opens the channel of the person', async () => {
  const browser = system.browser();
  await browser.view();
  const userId = newPerson();
  await system.server('crm').identify({ userId }, { firstName: 'Bo' });
  await browser.track('Product Viewed');
  await browser.fetch('/_tl/token?ver=1');
  const channel = await listen(browser);
  await channel.hears(0);
  await system.login(browser, userId, {});
  assert.equal(await channel.closes(), 4001);
  const { ver } = JSON.parse((await browser.fetch('/_tl/token?ver=1000000')).text);
  const next = await listen(browser);
  assert.ok((await next.hears(0)) >= ver);
  const heard = Math.max(...next.versions);
  await ticket(userId);
  await next.hears(heard);
});

test('a device that is proven to be somebody else hears no more of the first', async () => {
  const { browser, userId } = await member();
  const channel = await listen(browser);
  await channel.hears(0);
  await system.server('crm').identify({ anonymousId: await browser.device(), userId: newPerson() }, {});
  assert.equal(await channel.closes(), 4001);
  const heard = channel.texts.length;
  await ticket(userId);
  assert.equal(channel.texts.length, heard);
});

test('who has planted the id of a device hears nothing once the device has got another one', async () => {
  const browser = system.browser();
  await browser.view();
  await browser.track('Product Viewed');
  const thief = system.browser({ cookies: { id: browser.cookie('id') } });
  const channel = await listen(thief);
  await channel.hears(0);
  const [userId, planted] = [newPerson(), browser.cookie('id')];
  await system.login(browser, userId, {});
  await browser.fetch('/_tl/token?ver=1000000');
  assert.notEqual(browser.cookie('id'), planted);
  await browser.fetch('/_tl/token?ver=1000000');
  assert.equal(await channel.closes(), 4003);
});

test('a merge that is undone closes the channels of both', async () => {
  const browser = system.browser();
  await browser.view();
  await browser.track('Product Viewed');
  const device = await browser.device();
  const userId = newPerson();
  await system.server('crm').identify({ userId }, {});
  await system.login(browser, userId, {});
  await browser.fetch('/_tl/token?ver=1000000');
  const channel = await listen(browser);
  await channel.hears(0);
  const { status } = await system.collector.unmerge(`user_id:${userId}`, device);
  assert.equal(status, 200);
  assert.equal(await channel.closes(), 4001);
});

test('an erasure and a sign-out close the channel', async () => {
  const erased = await member();
  const first = await listen(erased.browser);
  await first.hears(0);
  const { status } = await system.collector.erase(`user_id:${erased.userId}`);
  assert.equal(status, 200);
  assert.equal(await first.closes(), 4002);

  const gone = await member();
  const [second, other] = [await listen(gone.browser), system.browser()];
  await system.login(other, gone.userId, {});
  await other.fetch('/_tl/token?ver=99');
  const stays = await listen(other);
  await stays.hears(0);
  await gone.browser.fetch('/_tl/token', { method: 'DELETE' });
  assert.equal(await second.closes(), 4003);
  assert.equal(stays.code, undefined);
});

test('an app listens with the token that it shows', async () => {
  const userId = newPerson();
  await system.server('crm').identify({ userId }, { firstName: 'Cy' });
  const app = system.app(await system.token(`user_id:${userId}`));
  const channel = await listen(app, { origin: null });
  const before = await channel.hears(0);
  await ticket(userId);
  await channel.hears(before);
  const stranger = system.app('not.a.token');
  assert.deepEqual(await refusal(stranger, { origin: null }), { status: 403, code: 'not_recognised' });
});
