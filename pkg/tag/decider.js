// The source of decisions: the core in this page where it can run, else the edge, which also decides slots that are not public.
import { toEvent } from '../event.js';
import * as device from './device.js';
import { takeToken } from './hand-over.js';
import { base, planKey } from './settings.js';
import { fail } from './emit.js';

/** The most pending events that the edge accepts. */
const MAX_EVENTS = 200;
/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15 * 1000;

let core;
let visitor;
/** The version of the profile that the next answer should have at least. */
let wantedVersion;

/** Returns the core with the public plan, or `undefined` where it cannot run: without WebAssembly, or under a strict policy. */
export function loadCore() {
  core ??= start().catch(fail);
  return core;
}

/** Disables the core after it has failed. */
export function dropCore() {
  core = Promise.resolve();
}

/** Returns the visitor as the edge knows them, or `undefined` if the request fails or they have signed out. */
export function loadVisitor() {
  if (device.isSignedOut()) return Promise.resolve();
  const epoch = device.currentEpoch();
  visitor ??= askVisitor(epoch).catch((error) => {
    fail(error);
    if (epoch !== device.currentEpoch()) return;
    visitor = undefined;
    device.learn();
  });
  return visitor;
}

/** Makes the next `loadVisitor` send a request: the visitor may have changed, or their profile, which may have this version. */
export function forgetVisitor(version) {
  visitor = undefined;
  wantedVersion = version;
  if (!device.owner()) device.awaitAnswer();
}

/** Forgets the core with the profile that it holds. */
export function forgetCore() {
  core = undefined;
}

/** Asks the edge to delete the visitor's cookies. */
export function deleteToken() {
  return request('token', { method: 'DELETE', keepalive: true });
}

/** Returns the edge's decision. `view` lists the decisions that this page view shows: caps do not count their exposures. */
export async function decideAtEdge(facts, calls, view) {
  const events = calls.slice(-MAX_EVENTS).map(toEvent);
  const ask = () => request('decide', { method: 'POST', body: JSON.stringify({ request: facts, events, view }) });
  const decision = await ask();
  const { subject } = (await visitor) ?? {};
  // Only a subject that is a device says something about cookies.
  if (subject === decision.subject || !device.isContradicted(decision.subject)) return decision;
  device.show();
  return ask();
}

async function askVisitor(epoch) {
  const query = wantedVersion ? `?ver=${wantedVersion}` : '';
  wantedVersion = undefined;
  let found = (await handOver()) ?? (await request(`token${query}`));
  if (device.isContradicted(found.device)) {
    device.show();
    found = await request('token');
  }
  if (epoch !== device.currentEpoch()) return undefined;
  device.learn(found);
  return found;
}

/** Returns the visitor that a hand-over token of the address names, for good: the edge makes this device theirs. */
async function handOver() {
  const token = takeToken();
  if (!token) return undefined;
  return request('token', { method: 'POST', headers: { authorization: `Bearer ${token}` } }).catch(fail);
}

async function start() {
  if (!globalThis.WebAssembly) throw new Error('this browser does not support WebAssembly');
  const { load } = await import(`${base}core.js`);
  return load({ plan: `${base}plan`, wasm: `${base}core.wasm`, keys: planKey });
}

async function request(endpoint, { headers, ...options } = {}) {
  const response = await fetch(base + endpoint, {
    credentials: 'include',
    signal: AbortSignal.timeout?.(TIMEOUT_MS),
    ...options,
    headers: { ...device.headers(), ...headers },
  });
  if (!response.ok) throw new Error(`${endpoint} returned ${response.status}`);
  return response.json();
}
