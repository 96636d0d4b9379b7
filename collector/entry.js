// The collector worker as workerd sees it: the Rust functions and Durable Objects, guarded.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
import * as wasm from './build/bindgen/index.js';

const { run, durable } = guard(wasm);

export const Profile = durable(DurableObject, 'Profile');
export const Identity = durable(DurableObject, 'Identity');

export default class extends WorkerEntrypoint {
  async fetch(request) {
    try {
      return await run(() => wasm.fetch(request, this.env, this.ctx));
    } catch (error) {
      console.error(error);
      return Response.json({ error: 'internal error' }, { status: 500 });
    }
  }

  queue(batch) {
    return run(() => wasm.queue(batch, this.env, this.ctx));
  }
}
