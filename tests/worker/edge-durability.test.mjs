// Power cuts at the edge while the collector is unreachable: acknowledged events arrive afterwards, once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, newId, Visitor } from '../support/edge.mjs';
import { profileOf, startShop } from '../support/shop.mjs';

const visitorOf = (shop) => {
  const visitor = new Visitor(shop);
  visitor.cookies.set('tl_consent', 'personalization=granted&analytics=granted');
  return visitor;
};
const event = () => ({
  type: 'track',
  event: 'Product Viewed',
  messageId: newId(),
  properties: { product_id: 'squall' },
});

test('collector down, kill -9 of the edge, kill -9 while it hands over: nothing lost, nothing twice', {
  timeout: 120_000,
}, async () => {
  const shop = await startShop({ collectorDown: true });
  try {
    // One visitor reads a page, the others send events during the power cut.
    const reader = visitorOf(shop);
    assert.match((await reader.fetch('/')).text, /data-tl-state="applied"/);
    const visitors = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const visitor = visitorOf(shop);
        await visitor.fetch('/_tl/token');
        return { visitor, id: visitor.device, acknowledged: [], unsure: [] };
      }),
    );
    const send = async ({ visitor, acknowledged, unsure }) => {
      for (;;) {
        const sent = event();
        const answer = await visitor.post('/_tl/events', { batch: [sent] }).catch(() => undefined);
        (answer?.status === 200 ? acknowledged : unsure).push(sent.messageId);
        if (answer?.status !== 200) return;
      }
    };
    const senders = visitors.map(send);
    await eventually(() => visitors.forEach(({ acknowledged }) => assert.ok(acknowledged.length > 10)), 30_000);
    await shop.kill();
    await Promise.all(senders);

    await shop.start();
    const profile = (id) => profileOf(shop, `anonymous_id:${id}`);
    await eventually(async () => assert.ok(await profile(visitors[0].id)), 60_000);
    await shop.kill();
    await shop.start();

    for (const { id, acknowledged, unsure } of visitors) {
      const ids = await eventually(async () => {
        const ids = (await profile(id)).events.map((event) => event.id);
        for (const wanted of acknowledged) assert.ok(ids.includes(wanted), `${wanted} is lost`);
        return ids;
      }, 60_000);
      assert.deepEqual(
        ids.filter((id) => !acknowledged.includes(id) && !unsure.includes(id)),
        [],
      );
      assert.equal(new Set(ids).size, ids.length);
    }
    await eventually(async () => {
      const { events } = await profile(reader.device);
      assert.equal(events.filter((event) => event.event === 'Page Viewed').length, 1);
      assert.ok(events.some((event) => event.event === 'Message Seen'));
    }, 60_000);
  } finally {
    await shop.stop();
  }
});
