// Clients of other vendors as they are published: Segment's for servers and browsers, PostHog's, Snowplow's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Analytics } from '@segment/analytics-node';
import { buildPageView, buildSelfDescribingEvent, buildStructEvent, newTracker } from '@snowplow/node-tracker';
import { PostHog } from 'posthog-node';
import { eventually } from '../support/edge.mjs';
import { SERVER_KEY, WRITE_KEY, basic, someone, startCollector, track } from '../support/collector.mjs';

let collector;
before(async () => (collector = await startCollector()));
after(() => collector.stop());

const eventsOf = async (id) => (await collector.profile(id))?.events ?? [];
const names = (events) => events.map(({ event, type }) => event || type).sort();

describe("Segment's", () => {
  test('SDK for Node with the address of older SDKs', async () => {
    const { userId } = someone();
    const analytics = new Analytics({ writeKey: SERVER_KEY, host: collector.url, path: '/v1/import', flushAt: 1 });
    const errors = [];
    analytics.on('error', (error) => errors.push(error));
    analytics.track({ userId, event: 'Order Completed' });
    await analytics.closeAndFlush();
    assert.deepEqual(errors, []);
    assert.deepEqual(names(await eventsOf(`user_id:${userId}`)), ['Order Completed']);
  });

  test('addresses with a slash at the end', async () => {
    for (const path of ['/v1/import/', '/v1/batch/', '/v1/b/', '/v1/track/', '/v1/t/']) {
      const event = track(someone(), 'A');
      const body = /[bi]/.test(path.slice(4, 5)) ? { batch: [event] } : event;
      const answer = await collector.post(path, JSON.stringify(body), { authorization: basic(WRITE_KEY) });
      assert.deepEqual([answer.status, answer.body.results?.[event.messageId]?.result], [200, 'ok'], path);
    }
  });

  test('settings, which SDKs for browsers and phones ask for', async () => {
    const answer = await fetch(`${collector.url}/v1/projects/${WRITE_KEY}/settings`);
    const { integrations } = await answer.json();
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, '*']);
    assert.deepEqual(Object.keys(integrations), ['Segment.io']);
    const { apiKey, apiHost, protocol } = integrations['Segment.io'];
    assert.deepEqual([apiKey, `${protocol}://${apiHost}`], [WRITE_KEY, `${collector.url}/v1`]);
    assert.equal((await fetch(`${collector.url}/v1/projects/unknown/settings`)).status, 401);
    const metrics = await collector.post('/v1/m', '{"series":[]}');
    assert.deepEqual([metrics.status, metrics.body], [200, { success: true }]);
  });

  test('pixel', async () => {
    const who = someone();
    const data = { ...track(who, 'Email Opened'), writeKey: SERVER_KEY };
    const encoded = Buffer.from(JSON.stringify(data)).toString('base64');
    const image = await fetch(`${collector.url}/v1/pixel/track?data=${encodeURIComponent(encoded)}`);
    assert.deepEqual([image.status, image.headers.get('content-type')], [200, 'image/gif']);
    assert.equal(
      Buffer.from(await image.arrayBuffer())
        .toString('latin1')
        .slice(0, 6),
      'GIF89a',
    );
    assert.deepEqual(names(await eventsOf(`user_id:${who.userId}`)), ['Email Opened']);
    assert.equal((await fetch(`${collector.url}/v1/pixel/track?data=x`)).status, 400);
  });
});

describe("PostHog's", () => {
  test('client for Node: events, people, groups and aliases', async () => {
    const { userId, anonymousId } = someone();
    const posthog = new PostHog(SERVER_KEY, { host: collector.url, flushAt: 20 });
    const errors = [];
    posthog.on('error', (error) => errors.push(error));
    posthog.identify({ distinctId: userId, properties: { firstName: 'Ann' } });
    posthog.capture({
      distinctId: userId,
      event: 'Order Completed',
      properties: { revenue: 5, $set: { shoe: 39 } },
      timestamp: new Date(Date.now() - 60_000),
    });
    posthog.groupIdentify({
      groupType: 'company',
      groupKey: `acme-${userId}`,
      properties: { n: 'Acme' },
      distinctId: userId,
    });
    posthog.alias({ distinctId: userId, alias: anonymousId });
    await posthog.shutdown();
    assert.deepEqual(errors, []);
    const { events, traits, identities } = await collector.profile(`user_id:${userId}`);
    assert.deepEqual(names(events), ['Order Completed', 'alias', 'group', 'identify']);
    const order = events.find(({ event }) => event === 'Order Completed');
    assert.equal(order.properties.revenue, 5);
    assert.ok(Math.abs(Date.now() - 60_000 - order.at) < 10_000);
    assert.deepEqual(
      [traits.firstName, traits.shoe, traits.account.n ?? traits.account.traits?.n],
      ['Ann', 39, 'Acme'],
    );
    assert.deepEqual(identities, { anonymous_id: [anonymousId], user_id: [userId] });
  });

  test('addresses, in every form of body', async () => {
    const event = (distinct_id, more = {}) => ({
      event: 'Clicked',
      uuid: `${distinct_id}-uuid`,
      properties: { distinct_id, $device_id: distinct_id, $is_identified: false, token: WRITE_KEY },
      ...more,
    });
    const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const ways = {
      'a list': ['/e/', (id) => JSON.stringify([event(id)])],
      'one event': ['/capture/', (id) => JSON.stringify({ api_key: WRITE_KEY, distinct_id: id, ...event(id) })],
      gzip: ['/i/v0/e/?compression=gzip-js', (id) => gzipSync(JSON.stringify(event(id)))],
      'base64 in a form': ['/e/?compression=base64', (id) => `data=${encodeURIComponent(base64(event(id)))}`, form],
      'JSON in a form': ['/e/', (id) => `data=${encodeURIComponent(JSON.stringify([event(id)]))}`, form],
      batch: ['/batch', (id) => JSON.stringify({ api_key: WRITE_KEY, batch: [event(id)] })],
    };
    for (const [name, [path, body, headers]] of Object.entries(ways)) {
      const { anonymousId } = someone();
      const answer = await collector.post(path, body(anonymousId), headers);
      assert.deepEqual(
        [answer.status, answer.body.results],
        [200, { [`${anonymousId}-uuid`]: { result: 'ok' } }],
        name,
      );
      assert.deepEqual(names(await eventsOf(`anonymous_id:${anonymousId}`)), ['Clicked'], name);
    }
    const { anonymousId } = someone();
    const get = await fetch(`${collector.url}/e/?data=${encodeURIComponent(base64(event(anonymousId)))}`);
    assert.equal(get.status, 200);
    assert.equal((await eventsOf(`anonymous_id:${anonymousId}`)).length, 1);
    for (const body of [
      '{}',
      '[]',
      '[{"event":"x","properties":{"token":"wrong"}}]',
      '{"api_key":"wrong","batch":[]}',
    ]) {
      assert.equal((await collector.post('/e/', body)).status, 401, body);
    }
  });

  test('public key proves no user id', async () => {
    const { userId } = someone();
    const posthog = new PostHog(WRITE_KEY, { host: collector.url, flushAt: 1 });
    posthog.capture({ distinctId: userId, event: 'Order Completed' });
    await posthog.shutdown();
    const found = await collector.profile(`user_id:${userId}`);
    assert.deepEqual(found?.identities?.user_id ?? [], []);
  });
});

describe("Snowplow's", () => {
  test('tracker for Node: page views, structured and self-describing events, by POST and GET', async () => {
    for (const eventMethod of ['post', 'get']) {
      const { userId, anonymousId } = someone();
      const failures = [];
      const tracker = newTracker(
        { namespace: 'n', appId: SERVER_KEY },
        {
          endpoint: collector.url,
          eventMethod,
          bufferSize: 1,
          onRequestFailure: (data) => failures.push(data),
        },
      );
      tracker.setUserId(userId);
      tracker.setDomainUserId(anonymousId);
      tracker.track(buildPageView({ pageUrl: 'https://shop.example/a?b=1', pageTitle: 'A' }));
      tracker.track(buildStructEvent({ category: 'shop', action: 'add', value: 3.5 }));
      const schema = 'iglu:com.acme/add_to_cart/jsonschema/1-0-0';
      tracker.track(buildSelfDescribingEvent({ event: { schema, data: { sku: 'x' } } }), [
        { schema: 'iglu:com.acme/plan/jsonschema/1-0-0', data: { name: 'pro' } },
      ]);
      await eventually(async () => assert.equal((await eventsOf(`user_id:${userId}`)).length, 3, eventMethod));
      assert.deepEqual(failures, []);
      const { events, identities } = await collector.profile(`user_id:${userId}`);
      const by = Object.fromEntries(events.map(({ event, properties }) => [event, properties]));
      assert.deepEqual(by['Page Viewed'], {
        url: 'https://shop.example/a?b=1',
        title: 'A',
        path: '/a',
        search: '?b=1',
      });
      assert.deepEqual(by.add, { category: 'shop', action: 'add', value: 3.5 });
      assert.deepEqual(by.add_to_cart, { sku: 'x', contexts: { plan: { name: 'pro' } } });
      assert.deepEqual(identities, { anonymous_id: [anonymousId], user_id: [userId] });
    }
  });

  test('keys are looked at', async () => {
    const data = [{ e: 'se', se_ac: 'x', aid: 'wrong', duid: 'd', eid: 'e' }];
    assert.equal((await collector.post('/com.snowplowanalytics.snowplow/tp2', JSON.stringify({ data }))).status, 401);
    assert.equal((await fetch(`${collector.url}/i?e=se&se_ac=x&aid=wrong&duid=d`)).status, 401);
    const image = await fetch(`${collector.url}/i?e=se&se_ac=x&aid=${WRITE_KEY}&duid=d-${process.pid}&eid=x`);
    assert.deepEqual([image.status, image.headers.get('content-type')], [200, 'image/gif']);
  });
});

describe('preflights', () => {
  const PATHS = ['/v1/t', '/v1/import', '/batch/', '/e/', '/com.snowplowanalytics.snowplow/tp2', '/v1/m'];
  const asked = 'authorization,baggage,content-type,sentry-trace,traceparent,tracestate,x-datadog-trace-id';

  test('allow the headers that are asked for', async () => {
    for (const path of PATHS) {
      const answer = await fetch(collector.url + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://shop.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': asked,
        },
      });
      assert.deepEqual([answer.status, answer.headers.get('access-control-allow-headers')], [204, asked], path);
      assert.match(answer.headers.get('access-control-allow-methods'), /POST/);
    }
  });

  test('of Snowplow allow credentials, because its trackers send with them', async () => {
    const headers = { origin: 'https://shop.example' };
    for (const [path, origin, credentials] of [
      ['/com.snowplowanalytics.snowplow/tp2', 'https://shop.example', 'true'],
      ['/v1/batch', '*', null],
    ]) {
      for (const method of ['OPTIONS', 'POST']) {
        const answer = await fetch(collector.url + path, { method, headers });
        const found = ['access-control-allow-origin', 'access-control-allow-credentials'].map((name) =>
          answer.headers.get(name),
        );
        assert.deepEqual(found, [origin, credentials], `${method} ${path}`);
      }
    }
  });
});
