// A server that sends events with Segment's own SDK: only the host is another one.
//
//   node examples/segment/send.mjs       (COLLECTOR=http://localhost:8788, WRITE_KEY from .dev/secrets.json)
import { readFileSync } from 'node:fs';
import { Analytics } from '@segment/analytics-node';

const host = process.env.COLLECTOR ?? 'http://localhost:8788';
const secrets = new URL('../../.dev/secrets.json', import.meta.url);
const writeKey = process.env.WRITE_KEY ?? JSON.parse(readFileSync(secrets, 'utf8')).serverKey;

const analytics = new Analytics({ writeKey, host });
analytics.on('error', ({ reason }) => {
  console.error(`not sent: ${reason}`);
  process.exitCode = 1;
});

const userId = process.argv[2] ?? 'user-42';
analytics.identify({ userId, traits: { firstName: 'Ann' } });
analytics.track({ userId, event: 'Order Completed', properties: { order_id: 'o-1', total: 149, currency: 'EUR' } });
await analytics.closeAndFlush();
console.log(`sent two calls of ${userId} to ${host}`);
