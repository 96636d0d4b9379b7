// What the tag sends, and how it bears refusals: one bad event never costs another, and nothing is sent for ever.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/edge.mjs';
import { bench, html } from '../support/tag.mjs';

const { open } = bench();
const plain = { pages: () => html('') };
const posts = (fake) => fake.asked.filter((name) => name === 'POST events').length;
const track = (page, ...names) =>
  page.evaluate((names) => throughline_queue.push(...names.map((name) => ['track', name])), names);
const ready = async ({ page, settled }) => {
  await page.waitForFunction(() => localStorage.tl_allowed);
  await settled();
};

describe('a batch that is refused', () => {
  for (const status of [400, 413]) {
    test(`with ${status} is halved until the event at fault is alone, which is put aside and named`, async () => {
      const visitor = await open('/', plain);
      const { page, fake, errors, settled } = visitor;
      await ready(visitor);
      fake.judgeAll = (batch) =>
        batch.some(({ event }) => event === 'Poison')
          ? { status, json: { error: { code: 'wrong', message: 'byte 7: expected less' } } }
          : undefined;
      await track(page, 'A', 'B', 'C', 'Poison', 'D', 'E', 'F');
      await settled();
      const sent = fake.events.map(({ event }) => event).filter((name) => name && name !== 'Message Seen');
      assert.deepEqual(sent, ['A', 'B', 'C', 'D', 'E', 'F']);
      const told = (await errors()).filter((message) => message.includes('Poison'));
      assert.equal(told.length, 1);
      assert.match(told[0], /`Poison` with the id `[\w-]+` is dropped: byte 7: expected less/);
    });
  }

  test('again and again, whatever is in it, is not sent in a storm', async () => {
    const visitor = await open('/', plain);
    const { page, fake } = visitor;
    await ready(visitor);
    fake.judgeAll = () => ({ status: 400 });
    const before = posts(fake);
    await track(page, ...Array.from({ length: 40 }, (_, index) => `Event ${index}`));
    await page.waitForTimeout(800);
    assert.ok(posts(fake) - before < 30, String(posts(fake) - before));
  });

  test('as a whole is said once, and tried again after minutes', async () => {
    const visitor = await open('/', plain);
    const { page, fake, errors } = visitor;
    await ready(visitor);
    fake.judgeAll = () => ({ status: 403, json: { error: { code: 'foreign_origin', message: 'a foreign origin' } } });
    const before = posts(fake);
    await track(page, 'One');
    await eventually(async () => assert.deepEqual(await errors(), ['the events are refused: a foreign origin']));
    await track(page, 'Two');
    await page.waitForTimeout(1500);
    assert.equal(posts(fake), before + 1);
    assert.equal((await errors()).length, 1);
  });

  test('for a time is sent after the pause that the edge names', async () => {
    const visitor = await open('/', plain);
    const { page, fake, settled, named } = visitor;
    await ready(visitor);
    fake.judgeAll = () => ({ status: 429, headers: { 'retry-after': '3' } });
    const before = posts(fake);
    await track(page, 'Patient');
    await eventually(() => assert.equal(posts(fake), before + 1));
    fake.judgeAll = () => undefined;
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForTimeout(2000);
    assert.equal(posts(fake), before + 1);
    await eventually(() => assert.equal(named('Patient').length, 1), 10_000);
    await settled();
  });
});

describe('an event', () => {
  test('that the edge drops is named, by its id or its place, and costs no other', async () => {
    const visitor = await open('/', plain);
    const { page, fake, settled, errors } = visitor;
    await ready(visitor);
    fake.judge = ({ event }) => (event === 'Odd' ? { result: 'drop', details: 'nested too deep' } : { result: 'ok' });
    await track(page, 'Good', 'Odd', 'Better');
    await settled();
    assert.deepEqual(fake.events.map(({ event }) => event).filter(Boolean), ['Good', 'Better']);
    assert.match((await errors()).join(), /`Odd` with the id `[\w-]+` is dropped: nested too deep/);
    assert.equal((await errors()).length, 1);
  });

  test('that could not be sent for a week is dropped, and that is said', async () => {
    const visitor = await open('/', plain);
    const { page, fake, settled, errors } = visitor;
    await ready(visitor);
    await page.evaluate(() => {
      const at = Date.now() - 8 * 24 * 3600 * 1000;
      const call = { type: 'track', event: 'Old', messageId: 'old', timestamp: new Date(at).toISOString(), owner: 'x' };
      localStorage.setItem(`tl_event:${at.toString(36)}:old`, JSON.stringify(call));
    });
    await track(page, 'New');
    await settled();
    assert.deepEqual(fake.events.map(({ event }) => event).filter(Boolean), ['New']);
    assert.deepEqual(await errors(), ['1 events are dropped: they could not be sent for seven days']);
  });

  test('waits with others although somebody has written into the storage', async () => {
    const init = () => {
      localStorage.setItem('tl_event:abc:broken', '{"half');
      localStorage.setItem('tl_event:abd:null', 'null');
    };
    const visitor = await open('/', { ...plain, init });
    const { page, settled, named } = visitor;
    await ready(visitor);
    await track(page, 'Whole');
    await settled();
    assert.equal(named('Whole').length, 1);
  });

  test('is not sent without permission because of its id', async () => {
    const { page, fake, named } = await open('/', { ...plain, prepare: (fake) => (fake.facts = { measure: false }) });
    await page.evaluate(() =>
      throughline_queue.push(
        ['track', 'Secret', {}, { messageId: 'x:!y' }],
        ['track', 'Other', {}, { messageId: '!z' }],
      ),
    );
    await eventually(() => assert.ok(fake.asked.includes('GET token')));
    await page.waitForTimeout(300);
    assert.deepEqual([named('Secret'), named('Other')], [[], []]);
  });

  test('of any value arrives, healed', async () => {
    const init = () => delete String.prototype.toWellFormed;
    const visitor = await open(`/?utm_campaign=x`, { ...plain, init });
    const { page, settled, named, errors } = visitor;
    await page.evaluate(() => {
      document.title = `Title ${'😀'.slice(0, 1)}`;
      const circle = { name: 'circle' };
      circle.self = circle;
      let deep = 'end';
      for (let level = 0; level < 200; level++) deep = { deep };
      throughline_queue.push(
        [
          'track',
          'Odd',
          {
            [`key ${'😀'.slice(1)}`]: 'half',
            half: `a${'😀'.slice(0, 1)}b`,
            whole: '😀',
            nan: Number.NaN,
            infinity: Number.POSITIVE_INFINITY,
            date: new Date(0),
            invalid: new Date(Number.NaN),
            big: 12345678901234567890n,
            none: undefined,
            list: [undefined, () => {}, 1],
            get broken() {
              throw new Error('no');
            },
            url: new URL('https://shop.example/a'),
            circle,
          },
        ],
        ['track', 'Deep', { deep, kept: 1 }],
        ['track', 'Wide', { list: Array.from({ length: 100_000 }, () => 1) }],
        ['identify', 'user-1', { name: '😀'.slice(0, 1) }],
        ['track', 'After'],
      );
    });
    await eventually(() => assert.equal(named('After').length, 1));
    await settled();
    const [{ properties, context }] = named('Odd');
    assert.deepEqual(properties, {
      'key \ufffd': 'half',
      half: 'a\ufffdb',
      whole: '😀',
      nan: null,
      infinity: null,
      date: '1970-01-01T00:00:00.000Z',
      invalid: null,
      big: '12345678901234567890',
      list: [null, null, 1],
      url: 'https://shop.example/a',
      circle: { name: 'circle' },
    });
    assert.equal(context.page.title, 'Title \ufffd');
    assert.equal(named('Deep')[0].properties.kept, 1);
    assert.ok(JSON.stringify(named('Deep')[0]).split('deep').length < 40);
    assert.equal(named('identify')[0].traits.name, '\ufffd');
    const { length } = named('Wide')[0].properties.list;
    assert.ok(length > 4900 && length < 5000, String(length));
    const messages = await errors();
    assert.deepEqual(
      messages.map((message) => message.replace(/:.*/, '')),
      ['Odd', 'Deep', 'Wide'].map((name) => `parts of \`${name}\` are left out`),
    );
  });

  test('may have an id of the site, by which it counts once, and a time of its own', async () => {
    const { page, settled, named, errors } = await open('/', plain);
    await page.evaluate(() =>
      throughline_queue.push(
        [
          'track',
          'Order Completed',
          { order_id: 'A-1' },
          { messageId: 'order-A-1', timestamp: '2026-11-01T10:00:00Z' },
        ],
        ['track', 'Numbered', {}, { messageId: 7, timestamp: 1_700_000_000_000 }],
        ['track', 'Nameless', {}, { messageId: { id: 7 } }],
        ['track', 'Plain', {}, null],
        ['track', 'Timeless', {}, { timestamp: 'soon' }],
      ),
    );
    await eventually(() => assert.equal(named('Timeless').length, 1));
    await settled();
    assert.ok(typeof named('Nameless')[0].messageId === 'string' && named('Plain')[0].messageId);
    const { messageId, timestamp } = named('Order Completed')[0];
    assert.deepEqual([messageId, timestamp], ['order-A-1', '2026-11-01T10:00:00.000Z']);
    assert.deepEqual(
      [named('Numbered')[0].messageId, named('Numbered')[0].timestamp],
      ['7', '2023-11-14T22:13:20.000Z'],
    );
    assert.ok(Math.abs(Date.parse(named('Timeless')[0].timestamp) - Date.now()) < 10_000);
    assert.match((await errors()).join(), /the timestamp `soon`/);
  });

  test('is later than the one before, and sent after it, within one millisecond too', async () => {
    const init = () => {
      const start = Date.now();
      Date.now = () => start;
    };
    const { page, settled, fake } = await open('/', { ...plain, init });
    const names = Array.from({ length: 30 }, (_, index) => `Event ${index}`);
    await track(page, ...names);
    await settled();
    const sent = fake.events.filter(({ event }) => names.includes(event));
    assert.deepEqual(
      sent.map(({ event }) => event),
      names,
    );
    const times = sent.map(({ timestamp }) => Date.parse(timestamp));
    assert.ok(times.every((time, index) => !index || time > times[index - 1]));
  });
});
