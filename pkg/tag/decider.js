// The source of decisions: the core in this page where it can run, else the edge, which also decides slots that are not public.
import { toEvent } from '../event.js';
import { base, planKey } from './settings.js';
import { fail } from './emit.js';

/** The most pending events that the edge accepts. */
const MAX_EVENTS = 200;

let core;
let visitor;

/** Returns the core with the public plan, or `undefined` where it cannot run: without WebAssembly, or under a strict policy. */
export function loadCore() {
  core ??= start().catch(fail);
  return core;
}

/** Disables the core after it has failed. */
export function dropCore() {
  core = Promise.resolve();
}

/** Returns the visitor as the edge knows them, or `undefined` if the request fails. */
export function loadVisitor() {
  visitor ??= request('token').catch((error) => {
    visitor = undefined;
    fail(error);
  });
  return visitor;
}

/** Makes the next `loadVisitor` send a request: the visitor may have changed, or their profile. */
export function forgetVisitor() {
  visitor = undefined;
}

/** Signs the visitor out: the edge deletes their cookies. */
export function signOut() {
  return fetch(`${base}token`, { method: 'DELETE', credentials: 'include' }).catch(fail);
}

/** Returns the edge's decision. `view` lists the decisions that this page view shows: caps do not count their exposures. */
export function decideAtEdge(facts, calls, view) {
  const events = calls.slice(-MAX_EVENTS).map(toEvent);
  return request('decide', { method: 'POST', body: JSON.stringify({ request: facts, events, view }) });
}

async function start() {
  if (!globalThis.WebAssembly) throw new Error('this browser does not support WebAssembly');
  const { load } = await import(`${base}core.js`);
  return load({ plan: `${base}plan`, wasm: `${base}core.wasm`, keys: planKey });
}

async function request(endpoint, options) {
  const response = await fetch(base + endpoint, { credentials: 'include', ...options });
  if (!response.ok) throw new Error(`${endpoint} returned ${response.status}`);
  return response.json();
}
