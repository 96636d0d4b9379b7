// The edge worker as workerd sees it. Everything is decided in Rust; here is only what must work when Rust does not.
import { WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
import * as wasm from './build/bindgen/index.js';

const { run } = guard(wasm);

export default class extends WorkerEntrypoint {
  async fetch(request) {
    try {
      return await run(() => wasm.fetch(request, this.env, this.ctx));
    } catch (error) {
      console.error(error);
      return untouched(request, this.env);
    }
  }
}

/** The page as the origin has it. A request whose body is gone cannot be repeated. */
function untouched(request, env) {
  if (request.bodyUsed || new URL(request.url).pathname.startsWith(env.PREFIX ?? '/_tl/')) {
    return Response.json({ error: 'internal error' }, { status: 500 });
  }
  if (!env.ORIGIN) return env.ASSETS.fetch(request);
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(new URL(pathname + search, env.ORIGIN), request), { redirect: 'manual' });
}
