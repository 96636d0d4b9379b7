// The time: devices are hours wrong, and the edge tells the tag by how much.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/edge.mjs';
import { bench } from '../support/tag.mjs';

const { open } = bench();
const HOURS = 3600 * 1000;
const near = (time) => Math.abs(time - Date.now()) < 20_000;

for (const [how, wrong] of [
  ['slow', -3 * HOURS],
  ['fast', 3 * HOURS],
]) {
  describe(`a clock that is three hours ${how}`, () => {
    const init = `(() => { const { now } = Date; const Real = Date; Date.now = () => now.call(Real) + ${wrong}; })()`;
    const prepare = (fake) => (fake.facts = () => ({ now: Date.now() }));

    test('is corrected in decisions, in calls, and in those from before the first answer', async () => {
      let release;
      const hold = (fake) => {
        prepare(fake);
        release = fake.hold('token');
      };
      const { page, push, fake, shows, settled, heard, named } = await open('/', {
        prepare: hold,
        init: { content: init },
      });
      await push(['track', 'Early']);
      await page.waitForTimeout(100);
      release();
      await shows('page.hero', 'Hello');
      await push(['track', 'Late']);
      await eventually(() => assert.equal(named('Late').length, 1));
      await settled();
      const [{ decision }] = await heard('tldata');
      assert.ok(near(decision.now ?? decision.at ?? Date.now()));
      for (const call of fake.events) assert.ok(near(Date.parse(call.timestamp)), `${call.event}: ${call.timestamp}`);
      const bodies = fake.requests.filter(({ name }) => name === 'POST events').map(({ body }) => JSON.parse(body));
      for (const { sentAt } of bodies) assert.ok(near(Date.parse(sentAt)), sentAt);
      const [seen] = named('Message Seen');
      assert.ok(near(Date.parse(seen.timestamp)));
    });

    test('is left alone where nobody tells the time: call and transmission have one clock', async () => {
      const { push, fake, settled, named } = await open('/', { init: { content: init } });
      await push(['track', 'Said']);
      await eventually(() => assert.equal(named('Said').length, 1));
      await settled();
      const { body } = fake.requests.findLast(({ name, body }) => name === 'POST events' && body.includes('Said'));
      const { sentAt, batch } = JSON.parse(body);
      const { timestamp } = batch.find(({ event }) => event === 'Said');
      assert.ok(Math.abs(Date.parse(sentAt) - Date.parse(timestamp)) < 20_000);
    });
  });
}
