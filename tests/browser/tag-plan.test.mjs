// A new plan, a stopped campaign and the kill switch reach pages that are open.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, publish } from '../support/edge.mjs';
import { BODY, bench, counted, filledByEdge, html, rules } from '../support/tag.mjs';

const { open, edge } = bench();
const { hello: _, ...campaigns } = rules.campaigns;
const stopped = { ...rules, campaigns };

/** Publishes rules at the edge, and returns the id of their public plan. */
async function use(rules) {
  for (const [key, value] of publish(rules, edge().keys)) await edge().kv.put(key, value);
  return eventually(async () => {
    const { headers } = await fetch(`${edge().url}/_tl/plan?${Math.random()}`);
    const id = headers.get('etag').replaceAll('"', '');
    assert.notEqual(id, use.last);
    use.last = id;
    return id;
  });
}
/** Moves the page's clock, so that the last answer is some time ago. */
const later = (page, ms = 120_000) =>
  page.evaluate((ms) => {
    const { now } = Date;
    Date.now = () => now() + ms;
  }, ms);

describe('another plan', () => {
  test('that an answer names is used on the open page: a stopped campaign goes, and never comes back', async () => {
    const [first, second] = [await use(rules), await use(stopped)];
    await use(rules).catch(() => {});
    const { page, fake, push, shows, errors } = await open('/', { prepare: (fake) => (fake.plan = first) });
    await shows('page.hero', 'Hello');
    fake.plan = second;
    await use(stopped).catch(() => {});
    await push(['track', 'Something']);
    await shows('page.hero', 'Usual');
    // A machine of the edge that does not know the new plan yet.
    fake.plan = first;
    await push(['track', 'Something']);
    await page.waitForTimeout(300);
    await page.evaluate(() => history.pushState(null, '', '/again/'));
    await page.waitForTimeout(300);
    await shows('page.hero', 'Usual');
    await shows('page.bar', 'Promo');
    assert.deepEqual(await errors(), []);
  });

  test('than the one in the cache of the browser is asked for by its id', async () => {
    use.last = undefined;
    const current = await use(rules);
    const asked = [];
    const prepare = async (fake, context) => {
      fake.plan = current;
      context.on(
        'request',
        (request) => request.url().includes('/_tl/plan') && asked.push(new URL(request.url()).search),
      );
    };
    const pages = () => ({ body: html(BODY), headers: counted('d-1', 'an-old-plan') });
    const { shows } = await open('/', { pages, prepare });
    await shows('page.hero', 'Hello');
    assert.equal(asked.at(-1), `?v=${current}`);
  });

  test('is asked for by a view when the last answer is some time ago', async () => {
    const { page, fake, shows, settled } = await open();
    await shows('page.hero', 'Hello');
    await settled();
    const count = () => fake.asked.filter((name) => name === 'GET token').length;
    const before = count();
    await page.evaluate(() => history.pushState(null, '', '/soon/'));
    await settled();
    assert.equal(count(), before);
    await later(page);
    await page.evaluate(() => history.pushState(null, '', '/later/'));
    await eventually(() => assert.equal(count(), before + 1));
  });
});

describe('the kill switch', () => {
  test('empties what the tag has filled, and nothing is filled until it is off', async () => {
    use.last = undefined;
    const current = await use(rules);
    const { page, fake, push, shows, heard } = await open('/', { prepare: (fake) => (fake.plan = current) });
    await shows('page.hero', 'Hello');
    fake.plan = 'off';
    await push(['track', 'Something']);
    await shows('page.hero', 'Usual');
    await shows('page.bar', 'Nothing');
    await page.evaluate(() => history.pushState(null, '', '/pricing/'));
    await push(['track', 'Guide Downloaded']);
    await page.waitForTimeout(300);
    await shows('page.hero', 'Usual');
    const decisions = (await heard('tldata')).length;
    fake.plan = current;
    await later(page);
    await page.evaluate(() => history.pushState(null, '', '/else/'));
    await shows('page.hero', 'Hot');
    assert.ok((await heard('tldata')).length > decisions);
  });

  test('reaches a page without events on its next view, by the token that is refused', async () => {
    const prepare = (fake) => (fake.facts = { mark: 'mark' });
    const pages = () => ({ body: html(filledByEdge({}) + BODY), headers: counted() });
    const { page, fake, shows, errors } = await open('/', { pages, prepare });
    await shows('page.bar', 'Promo');
    fake.plan = 'off';
    fake.refuse = (name) => (name === 'GET token' ? 503 : undefined);
    await later(page);
    await page.evaluate(() => history.pushState(null, '', '/next/'));
    await shows('page.bar', 'Nothing');
    await shows('page.hero', 'Usual');
    assert.deepEqual(await errors(), []);
  });
});

test('bots get the page as it is, and are not counted', async () => {
  const { page, fake, shows, heard } = await open('/', { prepare: (fake) => (fake.facts = { isBot: true }) });
  await eventually(() => assert.ok(fake.asked.includes('GET token')));
  await page.evaluate(() => history.pushState(null, '', '/pricing/'));
  await page.evaluate(() => throughline_queue.push(['track', 'Guide Downloaded']));
  await page.waitForTimeout(400);
  await shows('page.hero', 'Usual');
  await shows('page.bar', 'Nothing');
  assert.deepEqual([fake.events, await heard('tldata')], [[], []]);
});
