// The entry point of the edge worker. Decisions are made in Rust; this file contains what must work when Rust has trapped.
import { WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
// Named imports, so that the bundle contains nothing else.
import { Edge, __wbg_reset_state } from './build/bindgen/index.js';

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
 * Responds with the origin's page, by the rules of src/page/origin.rs.
 *
 * A request whose body has been read cannot be repeated, and endpoints have no origin: both fail.
 */
function untouched(request, env) {
  const { pathname, search } = new URL(request.url);
  if (request.bodyUsed || pathname.startsWith(env.PREFIX || '/_tl/')) {
    return Response.json({ error: { code: 'internal', message: 'internal error' } }, { status: 500 });
  }
  if (env.ORIGIN) {
    // Joined as strings: as a relative reference, a path such as `//elsewhere.example/` would lead there.
    return fetch(new Request(env.ORIGIN.replace(/\/+$/, '') + pathname + search, withoutOurs(request)));
  }
  return env.ASSETS ? env.ASSETS.fetch(request) : fetch(withoutOurs(request));
}

/** Returns the request without the edge's cookies and tokens. */
function withoutOurs(request) {
  const headers = new Headers(request.headers);
  const cookies = (headers.get('cookie') ?? '').split(/;\s*/).filter((pair) => pair && !/^(__Host-)?tl_/.test(pair));
  headers.delete('cookie');
  headers.delete('x-tl-token');
  headers.delete('x-tl-device');
  const [, header] = /^bearer ([\w-]+)\./i.exec(headers.get('authorization') ?? '') ?? [];
  if (header && /"typ":"tl[\w-]*\+jwt"/.test(Buffer.from(header, 'base64url').toString()))
    headers.delete('authorization');
  if (cookies.length) headers.set('cookie', cookies.join('; '));
  return new Request(request, { headers });
}
