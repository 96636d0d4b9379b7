// Runs the edge and the collector on workerd, with KV, Durable Objects, D1 and R2 kept in a directory.
//
// `make start` and the tests share this: they run what wrangler.toml and collector/wrangler.toml describe.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { syncPublished } from './published.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const EDGE = 'throughline-edge';
const COLLECTOR = 'throughline-collector';
const SHOP = 'throughline-shop';

/**
 * Starts both workers.
 *
 * - `host`, `port`, `collectorPort`: their addresses; port 0 takes a free one
 * - `persist`: directory of all stored data; without it, nothing outlives the runtime
 * - `published`: directory with one file for each KV key, synchronised with the `PLANS` namespace
 * - `edge`, `collector`: variables and secrets of each worker, as strings
 * - `assets`: directory to serve in place of the demo shop
 * - `shop`: variables of the demo shop's server (www/server/), which is then the edge's origin in front of the assets
 * - `log`: receives each line that a worker logs
 * - `collectorDown`: the collector answers 503, for tests
 * - `change`: returns the workers to start, from the options of the edge and the collector, for tests
 *
 * Returns `{ edgeUrl, collectorUrl, plans, measures, archive, urlOf, stop }`: `plans`, `measures` and `archive`
 * are the bindings, `urlOf` returns the address of a worker.
 */
export async function startRuntime({
  host = '127.0.0.1',
  port = 0,
  collectorPort = 0,
  persist,
  published,
  edge = {},
  collector = {},
  assets,
  shop,
  log = (line) => console.error(line),
  collectorDown = false,
  change = (edge, collector) => [edge, collector],
} = {}) {
  const edgeWorker = worker(EDGE, join(root, 'wrangler.toml'), edge, { host, port });
  if (assets) edgeWorker.assets.directory = assets;
  const collectorWorker = worker(COLLECTOR, join(root, 'collector', 'wrangler.toml'), collector, {
    host,
    port: collectorPort,
  });
  if (collectorDown) takeDown(collectorWorker);

  const servers = shop ? [shopWorker(edgeWorker, shop)] : [];
  const miniflare = new Miniflare({
    workers: [...change(edgeWorker, collectorWorker), ...servers],
    defaultPersistRoot: persist,
    log: new Log(LogLevel.WARN),
    cf: false,
    handleRuntimeStdio: (stdout, stderr) => {
      eachLine(stdout, log);
      eachLine(stderr, log);
    },
  });
  await miniflare.ready;

  const plans = await miniflare.getKVNamespace('PLANS', EDGE);
  const stopSync = published ? await syncPublished(published, plans) : () => {};
  const origin = async (name) => (await miniflare.unsafeGetDirectURL(name)).origin;

  return {
    edgeUrl: await origin(EDGE),
    collectorUrl: await origin(COLLECTOR),
    plans,
    measures: await miniflare.getD1Database('MEASURES', COLLECTOR),
    archive: await miniflare.getR2Bucket('ARCHIVE', COLLECTOR),
    urlOf: origin,
    async stop() {
      stopSync();
      await miniflare.dispose();
    },
  };
}

function worker(name, config, variables, { host, port }) {
  const { workerOptions, main } = workerOptionsOf(config);
  const { modulesRules, bindings, ...options } = workerOptions;
  return {
    ...options,
    name,
    modules: [
      { type: 'ESModule', path: 'index.js', contents: readFileSync(main, 'utf8') },
      { type: 'CompiledWasm', path: 'index_bg.wasm', contents: readFileSync(join(dirname(main), 'index_bg.wasm')) },
    ],
    bindings: { ...bindings, ...variables },
    unsafeDirectSockets: [{ host, port }],
  };
}

/** Returns the shop's server, which takes the assets over from the edge and answers in their place. */
function shopWorker(edgeWorker, variables) {
  const { assets, compatibilityDate, compatibilityFlags } = edgeWorker;
  delete edgeWorker.assets;
  edgeWorker.serviceBindings = { ...edgeWorker.serviceBindings, ASSETS: SHOP };
  const contents = readFileSync(join(root, 'www', 'server', 'index.mjs'), 'utf8');
  return {
    name: SHOP,
    compatibilityDate,
    compatibilityFlags,
    modules: [{ type: 'ESModule', path: 'index.mjs', contents }],
    assets,
    bindings: variables,
    serviceBindings: { COLLECTOR },
  };
}

// The worker's objects and their stored data stay; only its answers fail.
function takeDown(options) {
  const front = `
    export * from './index.js';
    export default { fetch: () => new Response('down', { status: 503 }) };`;
  options.modules.unshift({ type: 'ESModule', path: 'front.js', contents: front });
}

function eachLine(stream, take) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    lines.forEach((line) => take(line));
  });
}
