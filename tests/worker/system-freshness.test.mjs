// The order of a page's steps: the collector is asked while the origin is fetched, and no page waits for it for long.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, page } from '../support/edge.mjs';
import { newPerson, startSystem } from '../support/system.mjs';
import { SLOTS } from '../support/system-rules.mjs';

const REFRESH = '/v1/edge/refresh';
const html = page(SLOTS.map((slot) => `<section data-tl-slot="${slot}">usual</section>`).join(''));

let system;
/** Set by a test: what the origin waits for before it answers. */
let waitsFor = async () => {};
before(async () => {
  const origin = async (_, response) => {
    await waitsFor();
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  };
  system = await startSystem({ edge: { FRESH: '0' }, origin });
});
after(() => system?.stop());

/** Returns the browser of a member whom the edge knows. */
async function member() {
  const [browser, userId] = [system.browser(), newPerson()];
  await system.login(browser, userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
  await eventually(async () => assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann'));
  return { browser, userId };
}

test('the collector is asked before the origin has answered, and its answer is on this page', async () => {
  const { browser, userId } = await member();
  await system.server('support').track({ userId }, 'Ticket Opened');
  await system.requests();
  waitsFor = () =>
    eventually(async () => assert.ok((await system.requests({ reset: false }))[`answered ${REFRESH}`] > 0), 20_000);
  try {
    assert.equal((await browser.view()).slots['home.hero'], 'We are on your ticket');
  } finally {
    waitsFor = async () => {};
  }
});

test('a page leaves before a slow collector has answered, and a later page has the answer', async () => {
  const { browser, userId } = await member();
  await system.server('support').track({ userId }, 'Ticket Opened');
  await system.requests();
  await system.gate({ delay: 2000 });
  try {
    assert.equal((await browser.view()).slots['home.hero'], 'Good to see you, Ann');
    const counts = await system.requests({ reset: false });
    assert.deepEqual([counts[REFRESH], counts[`answered ${REFRESH}`]], [1, undefined]);
    await eventually(
      async () => assert.equal((await browser.view()).slots['home.hero'], 'We are on your ticket'),
      20_000,
    );
  } finally {
    await system.gate();
  }
});

test('a collector that fails is not asked by each page', async () => {
  const { browser } = await member();
  await system.gate({ status: 503 });
  await system.requests();
  try {
    for (let view = 0; view < 20; view++) assert.equal((await browser.view()).status, 200);
    const asked = (await system.requests())[REFRESH];
    assert.ok(asked >= 1 && asked < 20, `asked ${asked} times`);
  } finally {
    await system.gate();
  }
});

test('decides once: one page view has one decision, with a refresh and without', async () => {
  const { browser, userId } = await member();
  for (let view = 0; view < 3; view++) {
    const { headers } = await browser.view();
    assert.equal(headers['server-timing'].match(/tl;desc=/g).length, 1);
  }
  await eventually(async () => {
    const { events } = await system.profile(`user_id:${userId}`);
    const seen = events.filter(({ event }) => event === 'Message Seen').map(({ id }) => id);
    assert.ok(seen.length > 0);
    assert.equal(new Set(seen).size, seen.length);
  });
});
