// The collector worker on workerd for tests, with its own keys and rules.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { jwks, newKeys, publish } from './edge.mjs';

const here = fileURLToPath(import.meta.url);
const root = join(dirname(here), '../..');

export const WRITE_KEY = 'test-web';
export const SERVER_KEY = 'test-server';
/** A key of a page whose rules show what nobody has proven. */
export const CLAIMS_KEY = 'test-claims';
const USER_HASH_SECRET = 'secret-of-the-shop';
export const SECRET_KEY = 'test-secret';
export const COLLECTOR_KEY = 'test-edge';
// The collector closes an idle connection at any moment, also at that in which it is used again.
const CLOSE = { connection: 'close' };
const WEBHOOK_KEY = Buffer.from('a secret of thirty-two bytes, ok!');

/** Rules of a shop with one journey, which waits a second and a half after the last change of the cart. */
export const RULES = {
  version: 1,
  attributes: {
    firstName: { type: 'string', edge: true, client: true },
    'loyalty.tier': { type: 'string', edge: true },
    email: { type: 'string', pii: true },
    whatsapp_ok: { type: 'boolean' },
  },
  segments: {
    writable: { when: { email: { $exists: true } } },
    shopper: { when: { $event: { name: 'Product Added', count: { $gte: 2 } } } },
  },
  slots: { 'home.hero': { public: true } },
  channels: {
    web: {},
    whatsapp: { consent: 'channel.whatsapp', reach: 'whatsapp_ok' },
    push: { consent: 'channel.push' },
  },
  messages: {
    hero: { renditions: [{ channel: 'web', html: '<h1>Hello</h1>' }] },
    'cart-reminder': {
      renditions: [
        { channel: 'whatsapp', text: "Hi {{ firstName | default: 'there' }}, your cart waits" },
        { channel: 'push', text: 'Your cart waits' },
      ],
    },
  },
  campaigns: {
    intro: { class: 'promo', when: { $segment: ['writable', 'shopper'] }, slots: { 'home.hero': 'hero' } },
  },
  policies: { consent: { default: 'granted', promo: [] } },
  journeys: {
    'abandoned-cart': {
      class: 'service',
      enter: { event: 'Product Added' },
      reenter: 'always',
      exit: [{ event: 'Order Completed' }],
      goal: { event: 'Order Completed', within: '7d' },
      steps: [
        { id: 'settle', wait: '2s', after: 'Product Added' },
        { id: 'nudge', send: 'cart-reminder', channels: ['whatsapp', 'push'], ttl: '1h' },
      ],
    },
  },
};

// Not in the separate process, which gets them.
const KEYS = process.argv[1] === here ? undefined : newKeys();

/** Returns the entries of KV for these rules: a list of keys and values, in base64. */
const published = (rules) =>
  [...publish(rules, KEYS)].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]);

/** Returns the secrets of a collector with these keys, and its variables that tests need shorter than usual. */
export const settings = (keys) => ({
  TOKEN_KEYS: jwks(keys, 'token.private'),
  PLAN_KEYS: jwks(keys, 'plan.public'),
  SECRET_KEY,
  COLLECTOR_KEY,
  WEBHOOK_SECRET: `whsec_${WEBHOOK_KEY.toString('base64')}`,
  USER_HASH_SECRET: `before-rotation ${USER_HASH_SECRET}`,
  WEBHOOK_RETRY: '0.2',
  ARCHIVE_AFTER: '0.2',
});

/**
 * Starts the collector; `killable` starts it in separate processes, with all data in the directory `persist`.
 *
 * `rules: null` starts it without a plan. The result has methods for every endpoint.
 */
export async function startCollector({ rules = RULES, vars = {}, persist, killable = false } = {}) {
  const bindings = {
    ...settings(KEYS),
    WRITE_KEYS: JSON.stringify({
      [WRITE_KEY]: { source: 'web', trusted: false },
      [SERVER_KEY]: { source: 'server', trusted: true },
      [CLAIMS_KEY]: { source: 'web', trusted: false, identity: 'claimed' },
    }),
    // The default of production. A test that publishes again says `REFRESH: '0'`.
    REFRESH: '30',
    ...vars,
  };
  const options = { bindings, persist, plans: rules ? published(rules) : [] };
  return new Collector(killable ? await startProcess(options) : await startRuntime(options));
}

async function startRuntime({ bindings, persist, plans }) {
  const { workerOptions, main } = workerOptionsOf(join(root, 'collector', 'wrangler.toml'));
  const { modulesRules, bindings: set, ...options } = workerOptions;
  const collector = {
    ...options,
    name: 'throughline-collector',
    modules: [
      { type: 'ESModule', path: 'index.js', contents: readFileSync(main, 'utf8') },
      { type: 'CompiledWasm', path: 'index_bg.wasm', contents: readFileSync(join(dirname(main), 'index_bg.wasm')) },
    ],
    bindings: { ...set, ...bindings },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  const logs = [];
  const runtime = new Miniflare({
    workers: [collector],
    defaultPersistRoot: persist,
    log: new Log(LogLevel.ERROR),
    cf: false,
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.setEncoding('utf8').on('data', (text) => logs.push(text));
    },
  });
  await runtime.ready;
  const kv = await runtime.getKVNamespace('PLANS', 'throughline-collector');
  for (const [key, value] of plans) await kv.put(key, Buffer.from(value, 'base64'));
  return {
    url: (await runtime.unsafeGetDirectURL('throughline-collector')).origin,
    archive: await runtime.getR2Bucket('ARCHIVE', 'throughline-collector'),
    failed: await runtime.getD1Database('MEASURES', 'throughline-collector'),
    kv,
    logs,
    stop: () => runtime.dispose(),
  };
}

async function startProcess(options) {
  const child = spawn(process.execPath, [here, JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => line);
  const line = await Promise.race([ready, exit.then(([code]) => code)]);
  if (typeof line !== 'string') throw new Error(`the collector ended with ${line} before it was ready`);
  const kill = async () => {
    // The whole process group, Node and workerd, as a power cut would.
    process.kill(-child.pid, 'SIGKILL');
    await exit;
  };
  return { ...JSON.parse(line), logs: [], kill, stop: kill };
}

/** The endpoints of a collector: `runtime` is `{ url, logs, stop }`. */
export class Collector {
  constructor(runtime) {
    this.runtime = runtime;
    this.url = runtime.url;
    this.logs = runtime.logs;
  }

  /** Publishes other rules. */
  publish(rules) {
    return this.restore(published(rules));
  }

  /** Returns the entries of KV: names and bytes in base64. */
  async plans() {
    const { keys } = await this.runtime.kv.list();
    const bytes = ({ name }) => this.runtime.kv.get(name, 'arrayBuffer');
    return Promise.all(keys.map(async (key) => [key.name, Buffer.from(await bytes(key)).toString('base64')]));
  }

  /** Removes all plans. */
  async unpublish() {
    for (const { name } of (await this.runtime.kv.list()).keys) await this.runtime.kv.delete(name);
  }

  /** Restores what `plans()` has returned. */
  async restore(plans) {
    for (const [key, value] of plans) await this.runtime.kv.put(key, Buffer.from(value, 'base64'));
  }

  /** Sends a request with a raw body; returns `{ status, headers, body }`. */
  async post(path, body, headers = {}) {
    const response = await fetch(this.url + path, { method: 'POST', body, headers: { ...CLOSE, ...headers } });
    return answer(response);
  }

  /** Sends calls of an SDK. */
  batch(calls, { key = WRITE_KEY, ...rest } = {}) {
    const body = JSON.stringify({ batch: calls, sentAt: new Date().toISOString(), ...rest });
    return this.post('/v1/batch', body, { authorization: basic(key), 'content-type': 'application/json' });
  }

  /** Sends a message of the edge. */
  edge(message, key = COLLECTOR_KEY) {
    return this.post('/v1/edge', JSON.stringify(message), { authorization: `Bearer ${key}` });
  }

  /** Sends messages of the edge's outbox. */
  edgeBatch(messages, key = COLLECTOR_KEY) {
    return this.post('/v1/edge/batch', JSON.stringify(messages), { authorization: `Bearer ${key}` });
  }

  /** Asks for a fresh token, as the edge does for a page view. */
  refresh(message, key = COLLECTOR_KEY) {
    return this.post('/v1/edge/refresh', JSON.stringify(message), { authorization: `Bearer ${key}` });
  }

  /** Redeems a hand-over token, as the edge does. */
  redeem(message, key = COLLECTOR_KEY) {
    return this.post('/v1/edge/redeem', JSON.stringify(message), { authorization: `Bearer ${key}` });
  }

  /** Undoes a merge into the profile of an id. */
  unmerge(id, profile, key = SECRET_KEY) {
    const path = `/v1/profiles/${encodeURIComponent(id)}/unmerge`;
    return this.post(path, JSON.stringify({ profile }), { authorization: `Bearer ${key}` });
  }

  /** Sends calls of one of the shop's servers, and returns their results in order. */
  async trusted(...calls) {
    return resultsOf(calls, await this.batch(calls, { key: SERVER_KEY }));
  }

  /** Sends calls of a page, and returns their results in order. */
  async untrusted(...calls) {
    return resultsOf(calls, await this.batch(calls));
  }

  token(id, key = SECRET_KEY) {
    return this.post('/v1/tokens', JSON.stringify({ id }), { authorization: `Bearer ${key}` });
  }

  async get(path, key = SECRET_KEY) {
    return answer(await fetch(this.url + path, { headers: { ...CLOSE, authorization: `Bearer ${key}` } }));
  }

  /** Returns the profile of an id, or `undefined`. */
  async profile(id, query = '') {
    const { status, body } = await this.get(`/v1/profiles/${encodeURIComponent(id)}${query}`);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Erases a profile; returns `{ status, headers, body }`. */
  async erase(id, query = '', key = SECRET_KEY) {
    const headers = { ...CLOSE, authorization: `Bearer ${key}` };
    return answer(
      await fetch(`${this.url}/v1/profiles/${encodeURIComponent(id)}${query}`, { method: 'DELETE', headers }),
    );
  }

  /** Returns the lines of a profile's export, parsed. */
  async export(id) {
    const { body } = await this.get(`/v1/profiles/${encodeURIComponent(id)}/export`);
    const lines = typeof body === 'string' ? body.trim().split('\n').map(JSON.parse) : [body];
    return lines;
  }

  /** Returns the names of the archive files of a profile. */
  async archived(subject) {
    const names = [];
    let cursor;
    do {
      const page = await this.runtime.archive.list({ cursor });
      names.push(...page.objects.map(({ key }) => key));
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor);
    return names.filter((name) => name.split('/')[2] === subject);
  }

  stop() {
    return this.runtime.stop();
  }

  kill() {
    return this.runtime.kill();
  }
}

async function answer(response) {
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {}
  return { status: response.status, headers: response.headers, body };
}

function resultsOf(calls, { status, body }) {
  if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
  return calls.map(({ messageId }) => body.results[messageId]);
}

/** Returns the hash by which the shop proves that a user is signed in. */
export const userHash = (userId, secret = USER_HASH_SECRET) =>
  createHmac('sha256', secret).update(String(userId)).digest('hex');

/** Returns a new alias of a device, as the edge makes them. */
export const newAlias = () => `v${randomBytes(16).toString('hex')}`;

/** Returns an event as the edge sends it. */
export const edgeEvent = (name, more = {}) => ({
  id: `e-${process.pid}-${count++}`,
  type: 'track',
  event: name,
  at: Date.now(),
  trusted: false,
  ...more,
});

export const basic = (key) => `Basic ${Buffer.from(`${key}:`).toString('base64')}`;

let count = 0;
/** Returns a call of an SDK, with its own message id. */
export const call = (type, members) => ({
  type,
  messageId: `m-${process.pid}-${count++}`,
  timestamp: new Date().toISOString(),
  ...members,
});
export const track = (who, event, properties = {}) => call('track', { ...who, event, properties });
export const identify = (who, traits = {}) => call('identify', { ...who, traits });
/** Returns ids that no other test uses. */
export const someone = () => ({
  anonymousId: `device-${process.pid}-${count++}`,
  userId: `user-${process.pid}-${count++}`,
});

/**
 * Starts a receiver of webhooks that checks signatures. `answers` are the statuses of the next requests, then
 * 200.
 */
export async function startSink() {
  const sink = {
    requests: [],
    answers: [],
    delay: 0,
    accepted: () => sink.requests.filter((request) => request.status === 200),
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const answer = sink.answers.shift() ?? 200;
    const { status, headers } = typeof answer === 'number' ? { status: answer } : answer;
    sink.requests.push({
      at: Date.now(),
      path: request.url,
      headers: request.headers,
      status,
      text,
      genuine: isGenuine(request.headers, text),
      body: JSON.parse(text),
    });
    setTimeout(() => response.writeHead(status, headers).end(), sink.delay);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  sink.url = `http://127.0.0.1:${server.address().port}/hook`;
  sink.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return sink;
}

function isGenuine(headers, body) {
  const mac = createHmac('sha256', WEBHOOK_KEY).update(
    `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`,
  );
  const [wanted, found] = [Buffer.from(`v1,${mac.digest('base64')}`), Buffer.from(headers['webhook-signature'] ?? '')];
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

if (process.argv[1] === here) {
  const { url } = await startRuntime(JSON.parse(process.argv[2]));
  console.log(JSON.stringify({ url }));
}
