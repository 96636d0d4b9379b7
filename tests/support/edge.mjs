// The edge worker on workerd for tests, with its own origin, keys and plans, and a stub of the collector.
import { execFileSync } from 'node:child_process';
import { createHmac, createPrivateKey, hkdfSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Creates a directory. */
export const temporary = () => mkdtempSync(join(tmpdir(), 'throughline-edge-'));

let cli;

/** Returns the path of the command; builds it first, once. */
export const cliPath = () => (cli ??= process.env.THROUGHLINE_CLI ?? buildCli());

/** Runs the command. */
export const throughline = (...args) => execFileSync(cliPath(), args, { encoding: 'utf8' });

function buildCli() {
  const lines = execFileSync(
    'cargo',
    ['build', '--quiet', '--package', 'throughline-cli', '--message-format', 'json'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  const executables = lines
    .split('\n')
    .filter((line) => line.includes('"executable":"'))
    .map((line) => JSON.parse(line).executable);
  return executables.find((path) => path.endsWith('/throughline'));
}

/** Creates a directory with new keys for tokens, plans and previews. */
export function newKeys() {
  const directory = temporary();
  throughline('keys', 'new', '--out', directory);
  return directory;
}

/** Returns the entries of KV for these rules, or for the files of this directory: a Map from key to bytes. */
export function publish(rules, keys) {
  const store = temporary();
  const source = typeof rules === 'string' ? rules : temporary();
  if (source !== rules) writeFileSync(join(source, 'rules.json'), JSON.stringify(rules));
  throughline('publish', source, '--keys', keys, '--local', store);
  const files = readdirSync(store).filter((name) => !name.startsWith('.'));
  return new Map(files.map((name) => [decodeURIComponent(name), readFileSync(join(store, name))]));
}

/** Returns a file of keys. */
export const jwks = (keys, name) => readFileSync(join(keys, `${name}.jwks.json`), 'utf8');

/**
 * Starts the edge.
 *
 * `store`, a function from key to bytes or text, takes the place of KV.
 * `origin` answers requests as a Node server does; without it the origin is `assets`, a directory. `vars` are
 * set beside the keys. The result has `url`, `kv`, `messages` (delivered by the outbox), `posts` (messages to the
 * collector with their `path`), `refreshes` (its questions for fresh facts), `seen` (requests to the origin),
 * `collector` (set `answer`, `refresh` or `redeem` to change its responses) and `stop()`.
 */
export async function startEdge({
  rules,
  keys = newKeys(),
  vars = {},
  origin,
  assets,
  store,
  published = publish(rules, keys),
}) {
  const messages = [];
  const posts = [];
  const refreshes = [];
  const seen = [];
  const logs = [];
  const collector = {
    answer: () => Response.json({ results: {} }),
    refresh: () => Response.json({}),
    redeem: () => Response.json({ error: {} }, { status: 401 }),
  };
  const record = (request, response) => {
    seen.push(request);
    return origin(request, response);
  };
  const server = origin && (await serve(record));

  const { workerOptions, main } = workerOptionsOf(join(root, 'wrangler.toml'));
  const { modulesRules, bindings, ...options } = workerOptions;
  const keyVars = {
    TOKEN_KEYS: jwks(keys, 'token.private'),
    PLAN_KEYS: jwks(keys, 'plan.public'),
    PREVIEW_KEYS: jwks(keys, 'preview.public'),
  };
  const set = {
    ...bindings,
    ...keyVars,
    COLLECTOR_KEY: 'ck',
    REFRESH: '0',
    ...(server && { ORIGIN: server.url }),
    ...vars,
  };
  const edge = {
    ...options,
    name: 'throughline-edge',
    modules: [
      { type: 'ESModule', path: 'index.js', contents: readFileSync(main, 'utf8') },
      { type: 'CompiledWasm', path: 'index_bg.wasm', contents: readFileSync(join(dirname(main), 'index_bg.wasm')) },
    ],
    bindings: Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)),
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  if (assets) edge.assets.directory = assets;
  if (store) {
    delete edge.kvNamespaces.PLANS;
    edge.serviceBindings = { ...edge.serviceBindings, PLANS: { name: 'store', entrypoint: 'Store' } };
  }
  const stub = {
    name: 'throughline-collector',
    modules: true,
    script: 'export default { fetch: (request, env) => env.TEST.fetch(request) }',
    serviceBindings: {
      TEST: async (request) => {
        const { pathname: path } = new URL(request.url);
        const body = await request.json();
        if (path === '/v1/edge/batch') {
          messages.push(...body);
          return Response.json({ kept: [...body.keys()] });
        }
        const authorization = request.headers.get('authorization');
        if (path === '/v1/edge/refresh') {
          refreshes.push({ authorization, body });
          return collector.refresh(body);
        }
        posts.push({ path, authorization, body });
        return path === '/v1/edge/redeem' ? collector.redeem(body) : collector.answer(body);
      },
    },
  };
  const runtime = new Miniflare({
    workers: [edge, stub, ...(store ? [storeWorker(store)] : [])],
    log: new Log(LogLevel.ERROR),
    cf: false,
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.setEncoding('utf8').on('data', (text) => logs.push(text));
    },
  });
  await runtime.ready;
  const kv = store ? undefined : await runtime.getKVNamespace('PLANS', 'throughline-edge');
  if (kv) for (const [key, value] of published) await kv.put(key, value);
  const url = (await runtime.unsafeGetDirectURL('throughline-edge')).origin;
  return {
    url,
    kv,
    keys,
    published,
    messages,
    posts,
    refreshes,
    seen,
    logs,
    collector,
    async stop() {
      await runtime.dispose();
      server?.close();
    },
  };
}

/** Returns a worker with the interface of KV, whose values a function of the test returns. */
function storeWorker(store) {
  return {
    name: 'store',
    modules: true,
    script: `
      import { WorkerEntrypoint } from 'cloudflare:workers';
      export class Store extends WorkerEntrypoint {
        async get(key, { type }) {
          const answer = await this.env.TEST.fetch('http://store/' + encodeURIComponent(key));
          if (answer.status === 404) return null;
          return type === 'text' ? answer.text() : answer.arrayBuffer();
        }
      }
      export default {};`,
    serviceBindings: {
      TEST: async (request) => {
        const found = await store(decodeURIComponent(new URL(request.url).pathname.slice(1)));
        return new Response(found, { status: found === undefined ? 404 : 200 });
      },
    },
  };
}

/** Starts a server of Node's: `{ url, close() }`. */
export async function serve(handler) {
  // Larger than by default, because the edge passes on long headers as well.
  const server = createServer({ maxHeaderSize: 64 << 10 }, handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The `Accept` header of a browser in which a person opens a page. */
export const PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

/** The names of the edge's cookies. */
export const ID = '__Host-tl_id';
export const TOKEN = '__Host-tl_token';
export const SESSION = '__Host-tl_session';

/**
 * A visitor with a cookie jar. `fetch(path, { headers, ...init })` returns `{ status, headers, setCookies,
 * bytes, text, json() }`.
 */
export class Visitor {
  cookies = new Map();

  constructor(edge, { headers = {} } = {}) {
    this.edge = edge;
    this.headers = headers;
  }

  /** The alias of this browser's credential. */
  get device() {
    return this.cookies.get(ID)?.split('.')[0];
  }

  /** The claims of this browser's token, unverified. */
  get token() {
    return claimsOf(this.cookies.get(TOKEN));
  }

  fetch(path, { method = 'GET', headers = {}, body } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const accept = method === 'GET' ? PAGE : '*/*';
    const all = { 'user-agent': BROWSER, accept, ...this.headers, ...(cookie && { cookie }), ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new Promise((resolve, reject) => {
      // Not `fetch`: it would decode bodies, follow redirects and hide `Set-Cookie`.
      const request = httpRequest(this.edge.url + path, { method, headers: sent, agent: false }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(this.#answer(response, Buffer.concat(chunks))));
      });
      request.on('error', reject);
      if (body !== undefined) request.write(body);
      request.end();
    });
  }

  post(path, value, { headers = {}, ...init } = {}) {
    const body = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      ...init,
    });
  }

  #answer(response, bytes) {
    const setCookies = response.headers['set-cookie'] ?? [];
    for (const line of setCookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = bytes.toString('utf8');
    return {
      status: response.statusCode,
      headers: response.headers,
      setCookies,
      bytes,
      text,
      json: () => JSON.parse(text),
    };
  }
}

/** Waits until `check` does not throw. */
export async function eventually(check, milliseconds = 5000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** Returns a new alias of a device. */
export const newAlias = () => `v${randomBytes(16).toString('hex')}`;

/** Returns the MAC of the edge for a usage and what it is about, by the keys of a directory. */
export function deviceMac(keys, ...text) {
  const [jwk] = JSON.parse(jwks(keys, 'token.private')).keys;
  const secret = Buffer.from(jwk.d ?? jwk.k, 'base64url');
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'throughline device id', 32));
  return createHmac('sha256', key).update(text.join(' ')).digest().toString('base64url', 0, 16);
}

/** Returns a browser's credential as the edge makes it. */
export const credential = (keys, alias = newAlias()) => `${alias}.${deviceMac(keys, 'id', alias)}`;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Mints a profile token as the collector would; `change` replaces claims, `header` members of the header. */
export function mintToken(
  keys,
  { sub = 'p1', facts = {}, ttl = 3600, ver = 7, age = 0, header = {}, key, ...change } = {},
) {
  const [jwk] = JSON.parse(jwks(keys, 'token.private')).keys;
  const now = Math.floor(Date.now() / 1000) - age;
  const claims = {
    iss: 'throughline',
    aud: 'throughline',
    sub,
    iat: now,
    exp: now + ttl,
    ver,
    tl: { subject: sub, ...facts },
    ...change,
  };
  const text = `${encode({ alg: 'EdDSA', kid: jwk.kid, typ: 'tl+jwt', ...header })}.${encode(claims)}`;
  const signature = sign(null, Buffer.from(text), key ?? createPrivateKey({ key: jwk, format: 'jwk' }));
  return `${text}.${signature.toString('base64url')}`;
}

/** Returns the claims of a token, unverified. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** Mints a preview token. */
export function mintPreview(keys, { scope = 'explain preview', ttl = 3600, age = 0 } = {}) {
  const [jwk] = JSON.parse(jwks(keys, 'preview.private')).keys;
  const now = Math.floor(Date.now() / 1000) - age;
  const text = `${encode({ alg: 'EdDSA', kid: jwk.kid, typ: 'tl-preview+jwt' })}.${encode({ iss: 'throughline', aud: 'throughline', iat: now, exp: now + ttl, scope })}`;
  return `${text}.${sign(null, Buffer.from(text), createPrivateKey({ key: jwk, format: 'jwk' })).toString('base64url')}`;
}

export const newId = () => randomBytes(8).toString('hex');

/** Returns an HTML page. */
export const page = (body, head = '') =>
  `<!doctype html><html><head><title>t</title>${head}</head><body>${body}</body></html>`;
