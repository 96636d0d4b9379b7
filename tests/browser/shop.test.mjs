// The demo shop in Chromium, with the real edge and the real collector: the promises of the rules, seen by a
// visitor.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, visit } from '../support/chromium.mjs';
import { eventually, ID, TOKEN } from '../support/edge.mjs';
import { HASH_SECRET, profileOf, SECRET, startShop } from '../support/shop.mjs';

const GRANTED = 'personalization=granted&analytics=granted';

let browser, shop;
const visitors = [];

before(async () => {
  browser = await launch();
  shop = await startShop();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});
afterEach(async () => {
  for (const context of visitors.splice(0)) await context.close();
});

/**
 * Returns a visitor with `see(slot)`, the state and text of a slot, and `subject()`, the id that the shop
 * gave them.
 */
async function someone(consent) {
  const { context, page, heard } = await visit(browser, shop.url, { consent });
  visitors.push(context);
  const see = (slot) =>
    page.evaluate((slot) => {
      const element = document.querySelector(slot === 'promo.bar' ? '#promo-bar' : `[data-tl-slot="${slot}"]`);
      return { state: element.dataset.tlState ?? 'default', text: element.innerText.replace(/\s+/g, ' ').trim() };
    }, slot);
  const sees = (slot, text) => eventually(async () => assert.match((await see(slot)).text, text));
  const cookie = async (name) => (await context.cookies()).find((found) => found.name === name)?.value;
  /** The public alias of the browser's credential. */
  const subject = async () => (await cookie(ID))?.split('.')[0];
  return { context, page, heard, see, sees, cookie, subject };
}

const track = (page, name, properties = {}) =>
  page.evaluate(([name, properties]) => throughline_queue.push(['track', name, properties]), [name, properties]);
/** Grants everything, as /privacy/ does, and submits a phone number, as the basket's form does. */
const withPhone = (page) =>
  page.evaluate(() => {
    const all = { personalization: 'granted', analytics: 'granted', 'channel.whatsapp': 'granted' };
    throughline_queue.push(['consent', all], ['identify', undefined, { whatsappReady: true }]);
  });
const names = (profile) => profile.events.map((event) => event.event ?? event.name ?? event.type);

describe('before anybody has chosen', () => {
  test('the page is as the shop made it, nothing is stored, nothing is counted', async () => {
    const { page, see, context } = await someone();
    const response = await page.goto('/');
    assert.match(response.headers()['cache-control'], /public/);
    await page.waitForTimeout(500);
    assert.deepEqual(await see('home.hero'), { state: 'default', text: (await see('home.hero')).text });
    assert.match((await see('home.hero')).text, /Buy it once/);
    assert.deepEqual(
      (await context.cookies()).map(({ name }) => name),
      [],
    );
  });

  test('saying yes changes the page at once, and the edge fills the next one', async () => {
    const { page, see, sees, subject } = await someone();
    await page.goto('/');
    await page.click('[data-all=granted]');
    await sees('home.intro', /New here/);
    await eventually(async () => assert.ok(await subject()));
    const html = await (await page.request.get('/')).text();
    assert.match(
      html,
      /data-tl-slot="home.hero" data-tl-state="applied"|data-tl-state="applied"[^>]*data-tl-slot="home.hero"/,
    );
    await page.goto('/');
    assert.equal((await see('home.hero')).state, 'applied');
  });
});

describe('what the rules promise', () => {
  test('an introduction is seen once (B7), a bar twice, and a page that is left stays as it is', async () => {
    const { page, see } = await someone(GRANTED);
    const seen = [];
    for (let view = 0; view < 3; view++) {
      await page.goto('/');
      seen.push([(await see('home.intro')).state, (await see('promo.bar')).state]);
    }
    assert.deepEqual(
      seen.map(([intro]) => intro === 'applied'),
      [true, false, false],
    );
    assert.deepEqual(
      seen.map(([, bar]) => bar === 'applied'),
      [true, true, false],
    );
  });

  test('what a page shows stays on it, whatever happens there', async () => {
    const { page, see, heard } = await someone(GRANTED);
    await page.goto('/');
    await page.goto('/product/squall/');
    assert.equal((await see('promo.bar')).state, 'applied', 'the second and last time');
    await track(page, 'Product Added', { product_id: 'squall', quantity: 1 });
    await eventually(async () => assert.ok((await heard('tldata')).length > 0));
    await page.waitForTimeout(300);
    assert.equal((await see('promo.bar')).state, 'applied');
    assert.equal((await heard('tldata')).at(-1).decision.reasons['promo.bar'], 'filled');
  });

  test('one offer for one person, in all slots (B5, B6)', async () => {
    const { page, sees, see } = await someone(GRANTED);
    await page.goto('/category/');
    await sees('category.banner', /tenth/i);
    await page.goto('/product/squall/');
    assert.match((await see('product.offer')).text, /tenth/i);
    await page.goto('/cart/?add=squall');
    await sees('cart.offer', /tenth/i);
  });

  test('the basket takes off what the page promises, and the order page knows whether there was an order', async () => {
    const { page, sees } = await someone(GRANTED);
    const sums = () => page.locator('.sums > div:visible').allInnerTexts();
    const lines = async () => (await sums()).map((line) => line.replace(/\s+/g, ' ').trim());
    await page.goto('/order/');
    assert.match(await page.locator('main').innerText(), /^No order yet\./);
    await page.goto('/cart/?add=ridge-runner');
    await sees('cart.offer', /tenth/i);
    const expected = ['Things €149', 'Taken off -€14.90', 'Postage €5', 'Total €139.10'];
    await eventually(async () => assert.deepEqual(await lines(), expected));
    await page.evaluate(() => {
      document.querySelector('[data-tl-slot="cart.offer"]').innerHTML = '<p class="offer" data-postage="0">Free</p>';
    });
    await eventually(async () => assert.deepEqual(await lines(), ['Things €149', 'Postage free', 'Total €149']));
    await page.reload();
    await eventually(async () => assert.deepEqual(await lines(), expected));
    const ordered = page.waitForURL('**/order/**');
    await page.click('[data-checkout] button');
    await ordered;
    await eventually(async () => assert.match(await page.locator('main').innerText(), /^Order placed\s+Thank you/i));
  });

  test("on a phone the panel's tab covers nothing", async () => {
    const { page } = await someone(GRANTED);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto('/category/');
    const box = await page.locator('#toggle').boundingBox();
    const foot = await page.locator('.site-foot').boundingBox();
    assert.ok(box.y >= foot.y + foot.height - 1, JSON.stringify([box, foot]));
    await page.click('#toggle');
    assert.ok(await page.locator('#drawer').isVisible());
  });

  test('what was looked at stands in a list, the last one first, and nothing that is sold out or was bought (B10)', async () => {
    const { page, see, sees } = await someone(GRANTED);
    await page.goto('/category/');
    assert.deepEqual(await see('category.viewed'), { state: 'default', text: '' });
    for (const product of ['tarn-mid', 'squall', 'ridge-runner', 'tarn-mid']) await page.goto(`/product/${product}/`);
    await page.click('nav a[href="/category/"]');
    await sees('category.viewed', /^Seen lately: Tarn Mid \(€219\.00\), Ridge Runner \(€149\.00\)$/);
    const links = await page.$$eval('[data-tl-slot="category.viewed"] a', (all) =>
      all.map((link) => link.getAttribute('href')),
    );
    assert.deepEqual(links, ['/product/tarn-mid/', '/product/ridge-runner/']);
    await track(page, 'Order Completed', { products: [{ product_id: 'tarn-mid' }] });
    await page.goto('/category/');
    await sees('category.viewed', /^Seen lately: Ridge Runner \(€149\.00\)$/);
  });

  test('prices three times and the guide: another hero, and a next action (B4)', async () => {
    const { page, see, heard } = await someone(GRANTED);
    await page.goto('/');
    const before = await see('home.hero');
    await page.goto('/pricing/');
    await page.goto('/pricing/');
    await page.goto('/guide/');
    await withPhone(page);
    await track(page, 'Guide Downloaded', { guide: 'repair-or-replace' });
    await eventually(async () => assert.ok((await heard('tlevent')).some(({ event }) => event === 'Guide Downloaded')));
    await page.waitForTimeout(300);
    await page.goto('/pricing/');
    await eventually(async () => assert.equal((await see('pricing.banner')).state, 'applied'));
    await page.goto('/');
    const after = await see('home.hero');
    assert.notEqual(after.text, before.text);
    assert.match(after.text, /fitter/i);
    const decision = await page.evaluate(async () => {
      const body = JSON.stringify({ request: { attributes: { path: location.pathname } } });
      return (
        await fetch('/_tl/decide', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      ).json();
    });
    assert.equal(decision.nextAction.campaign, 'pricing-intent');
  });

  test('an open ticket silences what sells (B12)', async () => {
    const { page, see, sees } = await someone(GRANTED);
    await page.goto('/');
    assert.equal((await see('promo.bar')).state, 'applied');
    await page.goto('/support/');
    await track(page, 'Ticket Opened', { ticket_id: 'T-1', topic: 'repair' });
    await page.waitForTimeout(300);
    await page.goto('/');
    await sees('home.hero', /ticket/i);
    assert.notEqual((await see('promo.bar')).state, 'applied');
    await page.goto('/product/squall/');
    assert.notEqual((await see('product.offer')).state, 'applied');
  });
});

describe('on one page', () => {
  test('navigation inside the page decides the new slots and counts the page once', async () => {
    const { page, see, subject } = await someone(GRANTED);
    await page.goto('/');
    await page.evaluate(() => (globalThis.same = true));
    await page.click('nav a[href="/category/"]');
    await page.waitForURL('**/category/');
    await eventually(async () => assert.equal((await see('category.banner')).state, 'applied'));
    assert.equal(await page.evaluate(() => globalThis.same), true, 'the page was not loaded anew');
    const id = await subject();
    const profile = await eventually(async () => {
      const found = await profileOf(shop, `anonymous_id:${id}`);
      assert.ok(found && viewsOf(found, '/category/').length > 0);
      return found;
    });
    assert.equal(viewsOf(profile, '/category/').length, 1);
    await page.goBack();
    await eventually(async () => assert.equal((await see('home.hero')).state, 'applied'));
  });

  test('it works without JavaScript', async () => {
    const context = await browser.newContext({ baseURL: shop.url, javaScriptEnabled: false });
    visitors.push(context);
    await context.addCookies([{ name: 'tl_consent', value: GRANTED, url: shop.url }]);
    const page = await context.newPage();
    await page.goto('/');
    assert.equal(await page.getAttribute('[data-tl-slot="home.hero"]', 'data-tl-state'), 'applied');
    await page.goto('/category/');
    assert.match(await page.innerText('[data-tl-slot="category.banner"]'), /tenth/i);
  });

  test('a tampered token is nobody: the page is served, and the token replaced', async () => {
    const { page, see, cookie, context } = await someone(GRANTED);
    await page.goto('/');
    const token = await cookie(TOKEN);
    const [header, , signature] = token.split('.');
    const claims = {
      sub: 'somebody-else',
      tl: { subject: 'somebody-else', traits: { loyalty: [{ tier: 'gold' }, 1, 1] } },
    };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    const url = shop.url.replace('http:', 'https:');
    await context.addCookies([{ name: TOKEN, value: forged, url, httpOnly: true, secure: true }]);
    const response = await page.goto('/');
    assert.equal(response.status(), 200);
    assert.doesNotMatch((await see('home.hero')).text, /gold/i);
    assert.notEqual(await cookie(TOKEN), forged);
  });
});

describe('signing in', () => {
  const userIdOf = (persona) => shop.people.find(({ id }) => id === persona).userId;
  const signIn = (page, persona) =>
    page.evaluate(async (persona) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ persona });
      return (await fetch('/account/sign-in', { method: 'POST', headers, body })).status;
    }, persona);
  /** Waits until a page that is loaded anew greets the person. */
  const greets = ({ page, see }, text) =>
    eventually(async () => {
      await page.goto('/');
      assert.match((await see('home.hero')).text, text);
    }, 10_000);

  test('the server proves who it is, and the person stays over clicks, reloads and events', async () => {
    const visitor = await someone(GRANTED);
    const { page, see } = visitor;
    await page.goto('/');
    assert.equal(await signIn(page, 'loyal'), 200);
    await greets(visitor, /Lena/);
    for (const path of ['/category/', '/pricing/', '/']) {
      await page.click(`nav a[href="/category/"]`);
      await page.waitForURL('**/category/');
      await track(page, 'Compared', { path });
      await page.goto(path);
      await page.reload();
    }
    assert.match((await see('home.hero')).text, /Lena/);
    await eventually(async () => {
      const profile = await profileOf(shop, `user_id:${userIdOf('loyal')}`);
      assert.equal(names(profile).filter((name) => name === 'Compared').length, 3);
    });
  });

  test('a hash in the page proves it as well, and the same page greets', async () => {
    const { page, sees } = await someone(GRANTED);
    await page.goto('/');
    const userId = userIdOf('loyal');
    const userHash = createHmac('sha256', HASH_SECRET).update(userId).digest('hex');
    await page.evaluate(
      ([id, userHash]) => throughline_queue.push(['identify', id, {}, { userHash }]),
      [userId, userHash],
    );
    await sees('home.hero', /Lena/);
  });

  test('events of one visitor stay theirs when the next one signs in before they are sent', async () => {
    const visitor = await someone(GRANTED);
    const { page, context, see } = visitor;
    await page.goto('/');
    await signIn(page, 'loyal');
    await greets(visitor, /Lena/);
    await track(page, 'Known Here');
    await eventually(async () =>
      assert.ok(names(await profileOf(shop, `user_id:${userIdOf('loyal')}`)).includes('Known Here')),
    );
    await context.setOffline(true);
    await track(page, 'Left Behind');
    await page.evaluate(() => throughline_queue.push(['reset']));
    await eventually(async () => assert.doesNotMatch((await see('home.hero')).text, /Lena/));
    await context.setOffline(false);
    await eventually(async () => assert.equal(await page.evaluate(() => /!$/.test(localStorage.tl_epoch)), false));
    await page.goto('/');
    assert.doesNotMatch((await see('home.hero')).text, /Lena/);
    await signIn(page, 'support');
    await greets(visitor, /ticket/i);
    await track(page, 'Came After');
    const eventsOf = async (persona) => names(await profileOf(shop, `user_id:${userIdOf(persona)}`));
    await eventually(async () => assert.ok((await eventsOf('support')).includes('Came After')));
    await eventually(async () => assert.ok((await eventsOf('loyal')).includes('Left Behind')));
    assert.ok(!(await eventsOf('support')).includes('Left Behind'));
    assert.ok(!(await eventsOf('loyal')).includes('Came After'));
  });

  test('a hand-over token in the address signs in once, and for good', async () => {
    const response = await fetch(`${shop.collectorUrl}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: `user_id:${userIdOf('loyal')}`, use: 'hand-over' }),
    });
    const { token } = await response.json();
    const { page, see, sees } = await someone(GRANTED);
    await page.goto(`/#tl=${token}`);
    await sees('home.hero', /Lena/);
    assert.equal(await page.evaluate(() => location.href), `${shop.url}/`);
    await page.goto('/category/');
    await track(page, 'Handed Over');
    await page.goto('/');
    assert.match((await see('home.hero')).text, /Lena/);
    await eventually(async () =>
      assert.ok(names(await profileOf(shop, `user_id:${userIdOf('loyal')}`)).includes('Handed Over')),
    );
    const thief = await someone(GRANTED);
    await thief.page.goto(`/#tl=${token}`);
    await eventually(async () => {
      const [error] = await thief.heard('tlerror');
      assert.match(error.message, /token returned 401/);
    });
    await thief.page.goto('/');
    assert.doesNotMatch((await thief.see('home.hero')).text, /Lena/);
  });

  test('an id that a page claims opens nothing', async () => {
    const visitor = await someone(GRANTED);
    await visitor.page.goto('/');
    const claim = (id) => throughline_queue.push(['identify', id]);
    await visitor.page.evaluate(claim, userIdOf('loyal'));
    await eventually(async () => assert.ok((await visitor.heard('tlevent')).some(({ type }) => type === 'identify')));
    await visitor.page.waitForTimeout(500);
    await visitor.page.goto('/');
    assert.doesNotMatch((await visitor.see('home.hero')).text, /Lena/);
  });

  test("the panel's personas last, and leave with the sign-out", async () => {
    const visitor = await someone();
    const { page, sees } = visitor;
    await page.goto('/');
    await page.click('#toggle');
    await page.click('[data-persona=loyal]');
    await page.waitForEvent('load');
    await greets(visitor, /Lena/);
    assert.doesNotMatch((await visitor.see('home.intro')).text, /New here/);
    await page.click('nav a[href="/category/"]');
    await page.waitForURL('**/category/');
    await page.reload();
    await greets(visitor, /Lena/);
    await page.click('[data-persona=support]');
    await page.waitForEvent('load');
    await greets(visitor, /ticket/i);
    await page.click('[data-persona=new]');
    await page.waitForEvent('load');
    await sees('home.hero', /Buy it once/);
  });
});

describe('over time', () => {
  const sentTo = (id) => shop.webhooks.filter(({ body }) => JSON.stringify(body).includes(id));

  test('a basket that is left brings one message ten minutes later, one that is bought brings none (C3)', async () => {
    const [leaves, buys] = [await someone(GRANTED), await someone(GRANTED)];
    for (const { page } of [leaves, buys]) {
      await page.goto('/product/squall/');
      await withPhone(page);
      await track(page, 'Product Added', { product_id: 'squall', quantity: 1 });
    }
    await track(buys.page, 'Order Completed', { order_id: 'TF-1', total: 1 });
    const [left, bought] = [await leaves.subject(), await buys.subject()];
    await eventually(() => assert.equal(sentTo(left).length, 1), 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.equal(sentTo(left).length, 1);
    assert.deepEqual(sentTo(bought), []);
    const [{ headers, body }] = sentTo(left);
    assert.equal(body.data.channel, 'whatsapp');
    assert.equal(headers['idempotency-key'], body.id);
    assert.match(headers['webhook-signature'], /^v1,/);
  });

  test('nothing is lost while everything behind the page is down, and nothing counts twice', async () => {
    const { page, subject, heard } = await someone(GRANTED);
    await page.goto('/');
    await track(page, 'Before The Fall');
    await eventually(async () =>
      assert.ok(names(await profileOf(shop, `anonymous_id:${await subject()}`)).includes('Before The Fall')),
    );
    await shop.kill();
    for (let index = 0; index < 5; index++) await track(page, `While Down ${index}`);
    await eventually(async () =>
      assert.equal((await heard('tlevent')).filter(({ event }) => event?.startsWith('While Down')).length, 5),
    );
    await shop.start();
    const id = await subject();
    const wanted = ['Before The Fall', ...Array.from({ length: 5 }, (_, index) => `While Down ${index}`)];
    await eventually(async () => {
      const found = names(await profileOf(shop, `anonymous_id:${id}`)).filter((name) => wanted.includes(name));
      assert.deepEqual(found.sort(), [...wanted].sort());
    }, 60_000);
  });
});

function viewsOf(profile, path) {
  return profile.events.filter(
    (event) => (event.event ?? event.name) === 'Page Viewed' && event.properties?.path === path,
  );
}
