// Browser clients of other vendors send to the collector from another origin, on a page whose tracer adds headers.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { launch } from '../support/chromium.mjs';
import { SERVER_KEY, WRITE_KEY, startCollector } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

const CLIENTS = `
import { AnalyticsBrowser } from '@segment/analytics-next';
import posthog from 'posthog-js/dist/module.no-external';
import * as snowplow from '@snowplow/browser-tracker';
Object.assign(globalThis, { AnalyticsBrowser, posthog, snowplow });`;
/** Does what OpenTelemetry and Datadog do to every request of a page. */
const TRACER = `
const { fetch } = globalThis;
globalThis.fetch = (resource, init = {}) => {
  const request = new Request(resource, init);
  for (const name of ['traceparent', 'baggage', 'sentry-trace', 'x-datadog-trace-id']) request.headers.set(name, '1');
  return fetch(request);
};`;

let collector, browser, site, url;
before(async () => {
  const root = new URL('../..', import.meta.url).pathname;
  const bundled = await build({
    stdin: { contents: CLIENTS, resolveDir: root },
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  });
  const script = `${TRACER}\n${bundled.outputFiles[0].text}`;
  site = createServer((request, response) => {
    const isScript = request.url === '/clients.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(isScript ? script : '<!doctype html><title>Lamps</title><script src="/clients.js"></script>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${site.address().port}/lamps`;
  [collector, browser] = await Promise.all([startCollector(), launch()]);
});
after(async () => {
  site.closeAllConnections();
  site.close();
  await browser.close();
  await collector.stop();
});

/** Opens the page and runs `client` in it; returns what that returns, and the requests that failed. */
async function open(client, key = WRITE_KEY) {
  const page = await (await browser.newContext()).newPage();
  const failed = [];
  page.on('requestfailed', (request) => failed.push(`${request.url()} ${request.failure()?.errorText}`));
  await page.goto(url);
  const result = await page.evaluate(client, { host: collector.url, key });
  return { page, result, failed };
}

const eventsOf = async (id) => (await collector.profile(id))?.events ?? [];
const names = (events) => events.map(({ event, type }) => event || type).sort();

test("Segment's: settings, then events one by one", async () => {
  const { result, failed } = await open(async ({ host, key }) => {
    const analytics = AnalyticsBrowser.load({ writeKey: key, cdnURL: host });
    await analytics.page();
    await analytics.track('Order Completed', { revenue: 5 });
    return (await analytics.user()).anonymousId();
  });
  await eventually(async () => {
    assert.deepEqual(names(await eventsOf(`anonymous_id:${result}`)), ['Order Completed', 'Page Viewed']);
  });
  assert.deepEqual(failed, []);
});

test("PostHog's: a device, and then a person", async () => {
  const { result, failed } = await open(
    ({ host, key }) =>
      new Promise((resolve) => {
        posthog.init(key, {
          api_host: host,
          advanced_disable_flags: true,
          autocapture: false,
          disable_session_recording: true,
          opt_out_useragent_filter: true,
          request_batching: false,
          loaded: () => {
            const device = posthog.get_distinct_id();
            posthog.capture('Looked', { lamp: 'arc' });
            posthog.identify(`user-${device}`, { firstName: 'Ann' });
            posthog.capture('Order Completed', { revenue: 5 });
            resolve(device);
          },
        });
      }),
    SERVER_KEY,
  );
  await eventually(async () => {
    const found = names(await eventsOf(`user_id:user-${result}`));
    assert.ok(
      ['Looked', 'Order Completed', 'Page Viewed', 'identify'].every((name) => found.includes(name)),
      found.join(),
    );
  });
  const { traits, identities } = await collector.profile(`user_id:user-${result}`);
  assert.equal(traits.firstName, 'Ann');
  assert.deepEqual(identities, { anonymous_id: [result], user_id: [`user-${result}`] });
  assert.deepEqual(failed, []);
});

test("Snowplow's: page views and events, with credentials", async () => {
  const { page, result, failed } = await open(({ host, key }) => {
    const tracker = snowplow.newTracker('sp', host, { appId: key });
    snowplow.trackPageView();
    const schema = 'iglu:com.acme/add_to_cart/jsonschema/1-0-0';
    snowplow.trackSelfDescribingEvent({ event: { schema, data: { sku: 'x' } } });
    return tracker.getDomainUserId();
  });
  await eventually(async () => {
    const events = await eventsOf(`anonymous_id:${result}`);
    assert.deepEqual(names(events), ['Page Viewed', 'add_to_cart']);
    const { properties } = events.find(({ event }) => event === 'Page Viewed');
    assert.deepEqual([properties.url, properties.path, properties.title], [page.url(), '/lamps', 'Lamps']);
  });
  assert.deepEqual(failed, []);
});
