// Real SDKs: recorded requests, and Segment's own library with a collector that fails.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Analytics } from '@segment/analytics-node';
import { WRITE_KEY, someone, startCollector } from '../support/collector.mjs';
import { conformance } from '../support/conformance.mjs';

let collector;
before(async () => {
  const keys = {
    [WRITE_KEY]: { source: 'web', trusted: false },
    TEST_WRITE_KEY: { source: 'recorded', trusted: true },
  };
  collector = await startCollector({ vars: { WRITE_KEYS: JSON.stringify(keys) } });
});
after(() => collector.stop());

for (const client of ['segment', 'rudder']) {
  test(`what ${client}'s SDK for Node sends is understood`, async (t) => {
    const file = conformance(t, `recorded-clients/${client}-node.json`);
    if (!file) return;
    // Recordings of two clients name the same people. They are sent now, so that no clock is corrected.
    const sentAt = `"sentAt":"${new Date().toISOString()}"`;
    const rename = (text) =>
      text.replaceAll(/"(user-1|anon-1|anon-2)"/g, `"$1-${client}"`).replaceAll(/"sentAt":"[^"]+"/g, sentAt);
    const requests = JSON.parse(readFileSync(file, 'utf8'));
    const ids = requests.flatMap(({ body }) => body.batch.map(({ messageId }) => messageId));
    for (const expected of ['ok', 'duplicate']) {
      for (const { path, headers, body } of requests) {
        const text = rename(JSON.stringify(body));
        const sent = headers['Content-Encoding'] === 'gzip' ? gzipSync(text) : text;
        const { 'Content-Length': _, 'content-length': __, ...rest } = headers;
        const answer = await collector.post(path, sent, rest);
        assert.equal(answer.status, 200);
        assert.ok(
          Object.values(answer.body.results).every(({ result }) => result === expected),
          JSON.stringify(answer.body),
        );
      }
    }
    const user = await collector.profile(`user_id:user-1-${client}`);
    const other = await collector.profile(`anonymous_id:anon-2-${client}`);
    const found = [...user.events, ...(other?.events ?? [])].map(({ id }) => id);
    assert.deepEqual(found.sort(), ids.sort());
    assert.equal(user.traits.email, 'a@example.com');
    assert.ok(user.events.some(({ event, properties }) => event === 'Product Viewed' && properties.price === 18.99));
    assert.deepEqual(user.identities, { anonymous_id: [`anon-1-${client}`], user_id: [`user-1-${client}`] });
    // The events of one batch have one time, and are moved apart in their order.
    const moved = new Map(user.events.map(({ id, at }) => [id, at - Date.parse('2024-05-01T12:00:00.000Z')]));
    for (const { body } of requests) {
      const times = body.batch.map(({ messageId }) => moved.get(messageId)).filter((by) => by !== undefined);
      assert.ok(
        times.every((by, index) => by >= index && by < ids.length && !(by <= times[index - 1])),
        times.join(),
      );
    }
  });
}

/**
 * Starts a failing proxy to the collector: it fails before the collector has the request, or after it has
 * answered.
 */
async function startProxy(failures) {
  const seen = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const failure = failures.shift();
    seen.push(failure ?? 'ok');
    if (failure === 'before') return response.writeHead(500).end();
    const { connection, host, 'content-length': _, 'transfer-encoding': __, ...headers } = request.headers;
    const answer = await fetch(collector.url + request.url, { method: 'POST', body: Buffer.concat(chunks), headers });
    const body = await answer.text();
    if (failure === 'after') return response.writeHead(500).end();
    if (failure === 'lost') return response.destroy();
    response.writeHead(answer.status).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("Segment's SDK for Node: every event once, though the collector fails before and after it keeps them", async () => {
  const who = someone();
  const proxy = await startProxy(['before', 'after', 'lost']);
  const analytics = new Analytics({
    writeKey: WRITE_KEY,
    host: proxy.url,
    flushAt: 10,
    flushInterval: 100,
    maxRetries: 10,
  });
  const errors = [];
  analytics.on('error', (error) => errors.push(error));
  try {
    analytics.identify({ userId: who.userId, traits: { firstName: 'Ann' } });
    for (let i = 0; i < 18; i++)
      analytics.track({ userId: who.userId, event: 'Product Added', properties: { i, name: 'Ünïcode ✓' } });
    analytics.page({ userId: who.userId, name: 'Docs' });
    await analytics.closeAndFlush();
  } finally {
    proxy.close();
  }
  assert.deepEqual(errors, []);
  assert.ok(proxy.seen.length >= 5, proxy.seen.join());
  const { events, traits } = await collector.profile(`user_id:${who.userId}`);
  const added = events.filter(({ event }) => event === 'Product Added').map(({ properties }) => properties.i);
  assert.deepEqual(
    added.sort((a, b) => a - b),
    Array.from({ length: 18 }, (_, i) => i),
  );
  assert.equal(events.length, 20);
  assert.equal(traits.firstName, 'Ann');
});
