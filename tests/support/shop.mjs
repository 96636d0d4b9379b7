// The demo shop as `make start` serves it: rules/ published, both workers on workerd, a sink for webhooks.
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peopleOf, sendHistories, shopVariables } from '../../tools/demo.mjs';
import { cliPath, newKeys, throughline } from './edge.mjs';
import { startKillableRuntime } from './killable.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The speed of journeys: ten minutes take three seconds. */
export const SPEED = 200;
export const SECRET = 'sk_test';
export const SERVER_KEY = 'server';
export const HASH_SECRET = 'shop-secret';

/**
 * Starts the shop with the rules of these files and directories; `change` is merged into the options of its
 * runtime.
 *
 * The result has `url`, `collectorUrl`, `people` (the demo's customers), `webhooks` (the deliveries), `kill()` and
 * `start()`, which continues with the same ports and data, and `stop()`.
 */
export async function startShop({ rules = [join(root, 'rules')], ...change } = {}) {
  const [published, persist, keys] = [temporary(), temporary(), newKeys()];
  throughline('publish', ...rules, '--speed', String(SPEED), '--keys', keys, '--local', published);
  const people = peopleOf(join(root, 'www', 'personas.json'));
  const writeKey = SERVER_KEY;
  const webhooks = [];
  const sink = await startSink(webhooks);
  const shared = {
    TOKEN_KEYS: jwks(keys, 'token.private'),
    PLAN_KEYS: jwks(keys, 'plan.public'),
    COLLECTOR_KEY: 'ck_test',
    REFRESH: '1',
  };
  const options = {
    published,
    persist,
    shop: shopVariables({ people, writeKey, collectorUrl: '', keys, cli: cliPath() }),
    edge: { ...shared, PREVIEW_KEYS: jwks(keys, 'preview.public'), FRESH_WAIT: '500' },
    collector: {
      ...shared,
      WRITE_KEYS: JSON.stringify({ [SERVER_KEY]: { source: 'shop-server', trusted: true } }),
      SECRET_KEY: SECRET,
      USER_HASH_SECRET: HASH_SECRET,
      WEBHOOKS: JSON.stringify({ default: sink.url }),
      WEBHOOK_SECRET: 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0',
    },
  };
  let runtime = await startKillableRuntime({ ...options, ...change });
  const [url, collectorUrl] = [runtime.edgeUrl, runtime.collectorUrl];
  if (!change.collectorDown) await sendHistories({ people, collectorUrl, writeKey });
  const ports = { port: Number(new URL(url).port), collectorPort: Number(new URL(collectorUrl).port) };
  return {
    url,
    collectorUrl,
    keys,
    people,
    webhooks,
    kill: () => runtime.kill(),
    async start() {
      runtime = await startKillableRuntime({ ...options, ...ports });
    },
    async stop() {
      await runtime.kill();
      sink.close();
    },
  };
}

/** Returns the collector's profile of `namespace:id`. */
export async function profileOf(shop, id) {
  const response = await fetch(`${shop.collectorUrl}/v1/profiles/${id}?limit=200`, {
    headers: { authorization: `Bearer ${SECRET}` },
  });
  return response.ok ? response.json() : undefined;
}

async function startSink(webhooks) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    webhooks.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const jwks = (keys, name) => readFileSync(join(keys, `${name}.jwks.json`), 'utf8');
const temporary = () => mkdtempSync(join(tmpdir(), 'throughline-shop-'));
