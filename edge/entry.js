// The edge worker as workerd sees it. Everything is decided in Rust; here is only what must work when Rust does not.
import { WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
// By name: what is not named here is not in the bundle.
import { Edge, __wbg_reset_state } from './build/bindgen/index.js';

export { Outbox } from './outbox.js';

/** What lives as long as its wasm instance. */
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

/** The page as the origin has it, by the rules of src/origin.rs. A request whose body is gone cannot be repeated. */
function untouched(request, env) {
  const { pathname, search } = new URL(request.url);
  if (request.bodyUsed || pathname.startsWith(env.PREFIX || '/_tl/')) {
    return Response.json({ error: { code: 'internal', message: 'internal error' } }, { status: 500 });
  }
  if (env.ORIGIN) {
    // Joined as text: as a relative reference, a path such as `//elsewhere.example/` would lead there.
    return fetch(new Request(env.ORIGIN.replace(/\/+$/, '') + pathname + search, withoutOurs(request)));
  }
  return env.ASSETS ? env.ASSETS.fetch(request) : fetch(withoutOurs(request));
}

function withoutOurs(request) {
  const headers = new Headers(request.headers);
  const cookies = (headers.get('cookie') ?? '').split(/;\s*/).filter((pair) => pair && !pair.startsWith('tl_'));
  headers.delete('cookie');
  headers.delete('x-tl-token');
  if (cookies.length) headers.set('cookie', cookies.join('; '));
  return new Request(request, { headers });
}
