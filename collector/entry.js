// The entry point of the collector worker: the Rust functions and Durable Objects, guarded.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { guard } from '../tools/guard.js';
// Named imports, so that everything else stays out of the bundle.
import {
  __wbg_reset_state,
  __worker_init_state,
  fetch as answer,
  Identity as IdentityOfWasm,
  Profile as ProfileOfWasm,
} from './build/bindgen/index.js';

const wasm = { __wbg_reset_state, __worker_init_state, Identity: IdentityOfWasm, Profile: ProfileOfWasm };
const { run, durable } = guard(wasm);

/** The longest message of a page, which has nothing to say, in bytes or UTF-16 code units. */
const MAX_MESSAGE = 1024;

/** The Profile objects. What pages send on the live channel is answered here, without starting a wasm instance for it. */
export class Profile extends durable(DurableObject, 'Profile') {
  webSocketMessage(socket, message) {
    if ((message.length ?? message.byteLength) > MAX_MESSAGE) socket.close(1009, 'too long');
  }

  /** Answers a page that leaves, which waits for that. */
  webSocketClose(socket) {
    socket.close(1000);
  }
}
export const Identity = durable(DurableObject, 'Identity');

export default class extends WorkerEntrypoint {
  async fetch(request) {
    try {
      return await run(() => answer(request, this.env, this.ctx));
    } catch (error) {
      console.error(error);
      return Response.json({ error: 'internal error' }, { status: 500 });
    }
  }
}
