// What decisions are made from: the core with the plan of the edge, and the visitor as the edge knows them.
import * as clock from './clock.js';
import * as device from './device.js';
import { fail } from './emit.js';
import { takeToken } from './hand-over.js';
import { coreAddress, loadParts } from './parts.js';
import { currentPlan, isOff, notice } from './plan.js';
import { base, planKey } from './settings.js';

/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15 * 1000;
/** The age of an answer after which another view asks again, in milliseconds. */
const STALE_MS = 30 * 1000;

let core;
let visitor;
let askedAt = 0;
/** The version of the profile that the next answer should have at least. */
let wantedVersion;

/**
 * Returns the core with the public plan that the edge uses, or `undefined` where it cannot run: without WebAssembly, or
 * under a strict policy.
 */
export async function loadCore() {
  core ??= start().catch(fail);
  const mine = core;
  const loaded = await mine;
  if (!loaded || isCurrent(loaded)) return loaded;
  // It was loaded before the first answer, or has been replaced since.
  if (core === mine) core = start().catch(fail);
  const next = await core;
  // A machine of the edge may not have the plan yet; until then the edge decides.
  return next && isCurrent(next) ? next : undefined;
}

function isCurrent({ planId }) {
  return (currentPlan() ?? planId) === planId;
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
    if (!isOff()) fail(error);
    if (epoch !== device.currentEpoch()) return;
    visitor = undefined;
    device.learn();
  });
  return visitor;
}

/** Returns the visitor without a request, as far as one was sent. */
export function loadedVisitor() {
  return visitor;
}

/** Makes the next `loadVisitor` send a request if the last one is some time ago: plan and visitor may have changed. */
export function renewVisitor() {
  if (visitor && Date.now() - askedAt > STALE_MS) forgetVisitor();
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

async function askVisitor(epoch) {
  askedAt = Date.now();
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
  const known = currentPlan();
  // Without an id the browser's copy may be of a plan that was replaced.
  const [{ load }, plan] = await Promise.all([
    loadParts(),
    known ? fetch(`${base}plan?v=${encodeURIComponent(known)}`) : fetch(`${base}plan`, { cache: 'no-cache' }),
  ]);
  notice(plan);
  return load({ plan, wasm: coreAddress(), keys: planKey, now: clock.now });
}

/** Sends a request to an endpoint, and returns the JSON of its answer. */
export async function request(endpoint, { headers, ...options } = {}) {
  const asked = Date.now();
  const response = await fetch(base + endpoint, {
    credentials: 'include',
    signal: AbortSignal.timeout?.(TIMEOUT_MS),
    ...options,
    headers: { ...device.headers(), ...headers },
  });
  const answered = Date.now();
  notice(response);
  if (!response.ok) throw new Error(`${endpoint} returned ${response.status}`);
  const answer = await response.json();
  clock.learn(answer.now, asked, answered);
  return answer;
}
