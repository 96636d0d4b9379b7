// Who decides: the core in this page where it can run, the edge otherwise and for slots that a browser may not decide.
import { toEvent } from '../event.js';
import { base, planKey } from './settings.js';
import { fail } from './tell.js';

/** More than these the edge does not take. */
const MAX_EVENTS = 200;

let core;
let visitor;

/** The core with the plan for browsers; `undefined` where it cannot run: no WebAssembly, or a strict policy. */
export function loadCore() {
  core ??= start().catch(fail);
  return core;
}

/** Goes on without the core, after it has failed. */
export function dropCore() {
  core = Promise.resolve();
}

/** What the edge knows of the visitor; `undefined` while it cannot be asked. */
export function loadVisitor() {
  visitor ??= ask('token').catch((error) => {
    visitor = undefined;
    fail(error);
  });
  return visitor;
}

/** Asks anew next time: it may be somebody else, or know more. */
export function forgetVisitor() {
  visitor = undefined;
}

/** Makes the edge forget who uses this browser. */
export function signOut() {
  return fetch(`${base}token`, { method: 'DELETE', credentials: 'include' }).catch(fail);
}

/** The edge's decision. `view` names the decisions that this page view shows: they do not count against themselves. */
export function askEdge(request, calls, view) {
  const events = calls.slice(-MAX_EVENTS).map(toEvent);
  return ask('decide', { method: 'POST', body: JSON.stringify({ request, events, view }) });
}

async function start() {
  if (!globalThis.WebAssembly) throw new Error('this browser does not support WebAssembly');
  const { load } = await import(`${base}core.js`);
  return load({ plan: `${base}plan`, wasm: `${base}core.wasm`, keys: planKey });
}

async function ask(endpoint, options) {
  const answer = await fetch(base + endpoint, { credentials: 'include', ...options });
  if (!answer.ok) throw new Error(`${endpoint} returned ${answer.status}`);
  return answer.json();
}
