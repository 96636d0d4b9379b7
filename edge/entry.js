// The entry point of the edge worker. Decisions are made in Rust; this file contains what must work when Rust has trapped.
import { WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
// Named imports, so that the bundle contains nothing else.
import { Edge, __wbg_reset_state } from './build/bindgen/index.js';
import { fetchOrigin, siteOf } from './origin.js';

export { Outbox } from './outbox.js';

/** The worker of this wasm instance. */
let edge;
const { run } = guard({
  __wbg_reset_state() {
    edge = undefined;
    __wbg_reset_state();
  },
});

export default class extends WorkerEntrypoint {
  async fetch(request) {
    try {
      return await run(() => (edge ??= new Edge(this.env)).fetch(request, this.env, this.ctx));
    } catch (error) {
      console.error(error);
      return untouched(request, this.env);
    }
  }
}

/**
 * Responds with the origin's page.
 *
 * A request whose body has been read cannot be repeated, and endpoints have no origin: both fail.
 */
async function untouched(request, env) {
  const { pathname, search } = new URL(request.url);
  if (request.bodyUsed || pathname.startsWith(env.PREFIX || '/_tl/')) return failure(500, 'internal', 'internal error');
  const pairs = search.slice(1).split('&');
  const query = pairs.filter((pair) => !pair.startsWith('tl_')).join('&');
  const origin = /^https?:\/\/[^?# ]+$/.test(env.ORIGIN ?? '') ? env.ORIGIN.replace(/\/+$/, '') : undefined;
  const target = pathname + (query && `?${query}`);
  const response = await fetchOrigin(request, env, origin, siteOf(request, env), target);
  return response ?? failure(508, 'loop', 'request loop');
}

const failure = (status, code, message) => Response.json({ error: { code, message } }, { status });
