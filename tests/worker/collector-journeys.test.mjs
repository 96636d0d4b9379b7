// Journeys with real timers: messages that are sent, those that are not, and their delivery.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  RULES,
  SECRET_KEY,
  SERVER_KEY,
  call,
  identify,
  sleep,
  someone,
  startCollector,
  startSink,
  track,
} from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

let collector;
let sink;
before(async () => {
  sink = await startSink();
  collector = await startCollector({ vars: { REFRESH: '0', WEBHOOKS: JSON.stringify({ default: sink.url }) } });
});
after(() => {
  sink.close();
  return collector.stop();
});

const WAIT = 2_000;
const consent = (states) => call('track', { event: 'Consent Preference Updated', properties: states });
const profile = (who) => collector.profile(`anonymous_id:${who.anonymousId}`);
const of = (who) => sink.requests.filter(({ body }) => body.data.anonymous_id.includes(who.anonymousId));
const until = (time) => sleep(time - Date.now());

test('an abandoned cart is reminded of once, with a signed message', async () => {
  const who = someone();
  const start = Date.now();
  await collector.batch(
    [identify(who, { firstName: 'Ann', whatsapp_ok: true, phone: '+43 660 1234567' }), track(who, 'Product Added')],
    { key: SERVER_KEY },
  );
  await eventually(() => assert.equal(of(who).length, 1));
  const [request] = of(who);
  assert.ok(request.at - start >= WAIT - 50, `after ${request.at - start} ms`);
  assert.ok(request.genuine);
  assert.equal(request.headers['content-type'], 'application/cloudevents+json');
  assert.equal(request.headers['idempotency-key'], request.body.id);
  assert.equal(request.headers['webhook-id'], request.body.id);
  assert.ok(Math.abs(request.headers['webhook-timestamp'] - Date.now() / 1000) < 10);
  const { specversion, type, subject, data } = request.body;
  assert.deepEqual([specversion, type], ['1.0', 'throughline.message.requested']);
  assert.equal(subject, data.subject);
  assert.deepEqual(
    [data.channel, data.text, data.journey, data.step, data.class, data.message, data.traits.phone],
    ['whatsapp', 'Hi Ann, your cart waits', 'abandoned-cart', 'nudge', 'service', 'cart-reminder', '+43 660 1234567'],
  );
  await eventually(async () => {
    const { journeys, deliveries, events } = await profile(who);
    assert.equal(journeys['abandoned-cart'].status, 'completed');
    assert.deepEqual(
      deliveries.map(({ send_id, state, attempts }) => ({ send_id, state, attempts })),
      [{ send_id: request.body.id, state: 'sent', attempts: 1 }],
    );
    const sent = events.filter(({ event }) => event === 'Message Sent');
    assert.deepEqual(
      sent.map(({ properties }) => properties.send_id),
      [request.body.id],
    );
  });
  await sleep(WAIT);
  assert.equal(of(who).length, 1);
});

test('not after the purchase', async () => {
  const who = someone();
  await collector.batch([track(who, 'Product Added')]);
  await sleep(300);
  await collector.batch([track(who, 'Order Completed')]);
  await sleep(WAIT + 700);
  assert.equal(of(who).length, 0);
  assert.equal((await profile(who)).journeys['abandoned-cart'].status, 'converted');
});

test('every change of the cart starts the time anew', async () => {
  const who = someone();
  let last;
  for (let i = 0; i < 3; i++) {
    last = Date.now();
    await collector.batch([track(who, 'Product Added', { product: i })]);
    await sleep(900);
  }
  assert.equal(of(who).length, 0, 'more than the wait since the first change');
  await eventually(() => assert.equal(of(who).length, 1));
  assert.ok(of(who)[0].at - last >= WAIT - 50);
  await sleep(WAIT);
  assert.equal(of(who).length, 1, 'changes of one cart are one reason');
});

test('a purchase on another device, told by the shop, stops it too', async () => {
  const [phone, laptop] = [someone(), someone()];
  const person = { userId: phone.userId };
  await collector.batch([track({ anonymousId: phone.anonymousId }, 'Product Added')]);
  await collector.trusted(track({ ...person, anonymousId: laptop.anonymousId }, 'Order Completed'));
  await collector.trusted(identify({ ...person, anonymousId: phone.anonymousId }));
  await sleep(WAIT + 500);
  assert.equal(of(phone).length, 0);
});

test('the first channel that is allowed and can reach, else none', async () => {
  const [push, nobody] = [someone(), someone()];
  await collector.batch([
    track(push, 'Product Added'),
    { ...consent({ 'channel.whatsapp': false, 'channel.push': false }), ...nobody },
    track(nobody, 'Product Added'),
  ]);
  await eventually(() => assert.equal(of(push)[0]?.body.data.channel, 'push'));
  await eventually(async () => {
    const { journeys, deliveries } = await profile(nobody);
    assert.deepEqual([deliveries[0]?.state, deliveries[0]?.reason], ['suppressed', 'unreachable']);
    assert.equal(journeys['abandoned-cart'].status, 'suppressed');
  });
  assert.equal(of(nobody).length, 0);
});

test('a receiver that fails gets the same message again, and accepts one', async () => {
  const who = someone();
  sink.answers.push(500, 503);
  await collector.batch([track(who, 'Product Added')]);
  await eventually(() => assert.equal(of(who).length, 3));
  await sleep(1_000);
  const requests = of(who);
  assert.deepEqual(
    requests.map(({ status }) => status),
    [500, 503, 200],
  );
  assert.equal(new Set(requests.map(({ text }) => text)).size, 1);
  assert.equal(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.ok(requests.every(({ genuine }) => genuine));
  const { deliveries } = await profile(who);
  assert.deepEqual([deliveries[0].state, deliveries[0].attempts], ['sent', 3]);
});

test('what happens between two attempts counts', async () => {
  const who = someone();
  sink.answers.push(500, 500, 500);
  await collector.batch([track(who, 'Product Added')]);
  await eventually(() => assert.ok(of(who).length >= 1));
  await collector.batch([track(who, 'Order Completed')]);
  await sleep(1_500);
  sink.answers.length = 0;
  assert.ok(of(who).every(({ status }) => status === 500));
  const { deliveries } = await profile(who);
  assert.deepEqual([deliveries[0].state, deliveries[0].reason], ['suppressed', 'journey_ended']);
});

test('a receiver that is down for long gets its messages in the end', async () => {
  const who = someone();
  sink.answers.push(...Array(7).fill(503));
  const other = await startCollector({
    vars: { WEBHOOKS: JSON.stringify({ default: sink.url }), WEBHOOK_RETRY: '0.01' },
  });
  try {
    await other.batch([track(who, 'Product Added')]);
    await eventually(async () => {
      const { deliveries } = await other.profile(`anonymous_id:${who.anonymousId}`);
      assert.deepEqual([deliveries[0]?.state, deliveries[0]?.attempts], ['sent', 8]);
    }, 20_000);
  } finally {
    sink.answers.length = 0;
    await other.stop();
  }
});

test('a receiver that asks for a pause gets nothing meanwhile, and the delivery says when it is tried next', async () => {
  const [first, second] = [someone(), someone()];
  const begin = Date.now();
  sink.answers.push({ status: 429, headers: { 'retry-after': '3' } });
  await collector.batch([track(first, 'Product Added')]);
  await eventually(() => assert.equal(of(first).length, 1));
  await collector.batch([track(second, 'Product Added')]);
  await eventually(async () => {
    const { deliveries } = await profile(first);
    assert.equal(deliveries[0].state, 'pending');
    assert.ok(deliveries[0].due >= begin + 3_000, String(deliveries[0].due - begin));
  });
  await eventually(async () => {
    const [waiting] = (await profile(second)).deliveries;
    assert.deepEqual([waiting?.state, waiting?.attempts], ['pending', 0]);
    assert.ok(waiting.due >= begin + 3_000);
  });
  await eventually(() => assert.deepEqual([of(first).length, of(second).length], [2, 1]), 10_000);
  assert.ok(of(first)[1].at - of(first)[0].at >= 2_900);
  assert.ok(of(second)[0].at - of(first)[0].at >= 2_900);
});

test('a message that is refused for good is put aside at once, and sent again when asked for', async () => {
  const who = someone();
  sink.answers.push(410);
  await collector.batch([track(who, 'Product Added')]);
  let sendId;
  await eventually(async () => {
    const [delivery] = (await profile(who)).deliveries;
    assert.deepEqual([delivery?.state, delivery?.attempts], ['failed', 1]);
    assert.equal(delivery.reason, 'the webhook returned 410');
    sendId = delivery.send_id;
    const { events } = (await collector.get('/v1/failed-events')).body;
    assert.ok(events.some(({ source, message_id }) => source === 'throughline/webhook' && message_id === sendId));
  });
  const retry = (id, name = `anonymous_id:${who.anonymousId}`) =>
    collector.post(`/v1/profiles/${encodeURIComponent(name)}/deliveries/${encodeURIComponent(id)}/retry`, '', {
      authorization: `Bearer ${SECRET_KEY}`,
    });
  assert.equal((await retry('other')).status, 404);
  assert.deepEqual((await retry(sendId)).body, { send_id: sendId, state: 'pending' });
  await eventually(() => assert.equal(of(who).length, 2));
  assert.equal(of(who)[1].headers['webhook-id'], of(who)[0].headers['webhook-id']);
  await eventually(async () => assert.equal((await profile(who)).deliveries[0].state, 'sent'));
  assert.equal((await retry(sendId)).status, 404);
});

test('a slow receiver does not hold up events', async () => {
  const who = someone();
  sink.delay = 1_500;
  try {
    await collector.batch([track(who, 'Product Added')]);
    await eventually(() => assert.equal(of(who).length, 1));
    const start = Date.now();
    await collector.batch([track(who, 'Product Viewed')]);
    assert.ok(Date.now() - start < 1_000);
  } finally {
    sink.delay = 0;
  }
});

test('another cart after the first is another reason', async () => {
  const who = someone();
  await collector.batch([track(who, 'Product Added')]);
  await eventually(async () => assert.equal((await profile(who)).journeys['abandoned-cart'].status, 'completed'));
  await collector.batch([track(who, 'Product Added')]);
  await eventually(() => assert.equal(of(who).length, 2));
  assert.equal(new Set(of(who).map(({ body }) => body.id)).size, 2);
});

test('new rules count what was before, and journeys stay where they are', async () => {
  const who = someone();
  const start = Date.now();
  await collector.batch([track(who, 'Product Added'), track(who, 'Guide Downloaded'), track(who, 'Guide Downloaded')]);
  const before = await profile(who);
  const rules = structuredClone(RULES);
  rules.segments.reader = { when: { $event: { name: 'Guide Downloaded', count: 2 } } };
  rules.segments.carried = { when: { $segment: 'reader', email: { $exists: false } } };
  rules.campaigns.intro.when = { $segment: ['writable', 'shopper', 'carried'] };
  await collector.publish(rules);
  await eventually(async () => {
    const now = await profile(who);
    assert.notEqual(now.plan, before.plan);
    assert.ok(now.segments.includes('carried'), JSON.stringify(now.segments));
    assert.deepEqual(now.journeys, before.journeys);
  });
  await eventually(() => assert.equal(of(who).length, 1));
  await until(start + 2 * WAIT);
  assert.equal(of(who).length, 1);
});
