// Serves the demo: the shop through the edge, the collector, and a sink for webhooks. Publishes rules/ and
// builds the shop again when their files change.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peopleOf, sendHistories, shopVariables } from './demo.mjs';
import { startRuntime } from './runtime.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dev = join(root, '.dev');
const keys = join(dev, 'keys');
const published = join(dev, 'kv');
const rules = join(root, 'rules');
// Journeys of the demo take seconds where the rules say minutes.
const SPEED = 60;

const port = portFrom('PORT', 8787);
const collectorPort = portFrom('COLLECTOR_PORT', 8788);
await Promise.all([assertFree('PORT', port), assertFree('COLLECTOR_PORT', collectorPort)]);

if (!(await publish())) process.exit(1);

const secrets = developmentSecrets();
const sink = await startSink();
const shared = {
  TOKEN_KEYS: readFileSync(join(keys, 'token.private.jwks.json'), 'utf8'),
  PLAN_KEYS: readFileSync(join(keys, 'plan.public.jwks.json'), 'utf8'),
  COLLECTOR_KEY: secrets.collectorKey,
  REFRESH: '1',
};
const options = {
  port,
  collectorPort,
  persist: join(dev, 'data'),
  published,
  edge: {
    ...shared,
    PREVIEW_KEYS: readFileSync(join(keys, 'preview.public.jwks.json'), 'utf8'),
    // Workers of a demo share one machine with everything else: a page may wait for the collector for longer.
    FRESH_WAIT: '500',
  },
  collector: {
    ...shared,
    WRITE_KEYS: JSON.stringify({
      [secrets.writeKey]: { source: 'shop-web', trusted: false },
      [secrets.serverKey]: { source: 'shop-server', trusted: true },
    }),
    SECRET_KEY: secrets.secretKey,
    WEBHOOKS: JSON.stringify({ default: `http://127.0.0.1:${sink.address().port}/` }),
    WEBHOOK_SECRET: secrets.webhookSecret,
  },
};

const people = peopleOf(join(root, 'www', 'personas.json'));
const collectorUrl = `http://127.0.0.1:${collectorPort}`;
const writeKey = secrets.serverKey;
const cli = process.env.THROUGHLINE_CLI;
const runtime = await startRuntime({ ...options, shop: shopVariables({ people, writeKey, collectorUrl, keys, cli }) });
await sendHistories({ people, collectorUrl: runtime.collectorUrl, writeKey });

console.log(`
  shop        http://localhost:${port}
  collector   http://localhost:${collectorPort}

  Change a file in rules/ and reload the page. Journeys run ${SPEED} times as fast as in the rules; the messages
  that they send are printed here. Data, keys and secrets are in .dev/. Ctrl-C stops everything.

  Programs see the shop as it is without rules, and headless browsers are programs: for Playwright, set the user agent
  of a browser.
`);

const watchers = [
  watch(rules, { recursive: true }, debounce(republish, 100)),
  watch(join(root, 'www'), { recursive: true }, debounce(buildShop, 100)),
];

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

async function stop() {
  for (const watcher of watchers) watcher.close();
  sink.close();
  await runtime.stop();
  process.exit(0);
}

/** Publishes rules/ after a change, and says what happens if they have a mistake. */
async function republish() {
  if (await publish()) return;
  console.error('rules/ has mistakes, so nothing was published: the shop goes on with the last good plan.');
}

/** Compiles, signs and publishes rules/; returns whether that succeeded. The command prints its errors. */
function publish() {
  const command = spawn(
    process.env.THROUGHLINE_CLI,
    ['publish', rules, '--speed', String(SPEED), '--keys', keys, '--local', published],
    { stdio: 'inherit' },
  );
  return new Promise((resolve, reject) => command.once('error', reject).once('exit', (code) => resolve(code === 0)));
}

/** Copies www/shop/ and writes the pages of www/pages/ again; the runtime serves files as they are now. */
function buildShop() {
  spawn(process.execPath, [join(root, 'tools', 'shop.mjs')], { stdio: 'inherit' });
}

/** Returns the secrets of this checkout: created once, kept in .dev/secrets.json. */
function developmentSecrets() {
  const path = join(dev, 'secrets.json');
  if (!existsSync(path)) {
    const secret = (prefix) => prefix + randomBytes(24).toString('base64url');
    mkdirSync(dev, { recursive: true });
    const made = {
      collectorKey: secret('ck_'),
      writeKey: secret('wk_'),
      serverKey: secret('wk_'),
      secretKey: secret('sk_'),
      webhookSecret: `whsec_${randomBytes(24).toString('base64')}`,
    };
    writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Starts a replacement for the channel providers that prints the collector's messages. */
async function startSink() {
  const server = createHttpServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    console.log(`webhook ${request.headers['webhook-id'] ?? ''} ${body}`);
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portFrom(name, otherwise) {
  const value = process.env[name] || otherwise;
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) fail(`${name} is \`${value}\`, expected a port number`);
  return Number(value);
}

function assertFree(name, value) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => fail(`port ${value} is in use; stop the program that uses it, or set ${name}`));
    probe.listen(value, '127.0.0.1', () => probe.close(resolve));
  });
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

function debounce(call, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}
