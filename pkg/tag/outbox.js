// The outbox: events are stored until the edge acknowledges them, and sent again with the same ids until then.
import { choices, hasGpc } from './consent.js';
import { base, writeKey } from './settings.js';
import { fail } from './emit.js';

const URL = `${base}events`;
const KEY = 'tl_event:';
const ALLOWED = 'tl_allowed';
/** The most events in the outbox; the oldest are dropped. */
const MAX_COUNT = 500;
const MAX_BYTES = 256 * 1024;
/** Below the 64 KB of `keepalive` requests that browsers allow to outlive their page. */
const MAX_BATCH = 56 * 1024;
const MAX_EVENT = 32 * 1024;
/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15 * 1000;
/** The longest pause between two attempts, in milliseconds. */
const MAX_PAUSE_MS = 5 * 60 * 1000;

/**
 * Whether the visitor allows storage and measurement; `undefined` until it is known.
 *
 * It is known at once if it was allowed before and consent has not changed since.
 */
let isAllowed = attempt(() => localStorage.getItem(ALLOWED)) === permissionKey() || undefined;
/** Events that cannot or must not be stored. */
const memory = new Map();
const inFlight = new Set();
const beaconed = new Set();
let failures = 0;
let timer;
let sending;

/** Adds a call of the Segment specification. Consent events are sent without permission. */
export function add(call) {
  const text = JSON.stringify(call);
  if (size(text) > MAX_EVENT) return fail(`the event \`${call.event ?? call.type}\` is longer than ${MAX_EVENT} bytes`);
  const isConsent = call.event === 'Consent Preference Updated';
  if (isAllowed === false && !isConsent) return;
  // Keys sort by time, and differ between tabs because of the message id.
  const key = `${KEY}${Date.now().toString(36)}:${isConsent ? '!' : ''}${call.messageId}`;
  if (!(isAllowed && store(key, text))) memory.set(key, text);
  bound();
  schedule(20);
}

/** Returns whether it is known if the visitor allows storage and measurement. */
export function isPermissionKnown() {
  return isAllowed !== undefined;
}

/** Discards the permission, because the visitor has changed their consent. */
export function resetPermission() {
  setAllowed(undefined, permissionKey());
}

/**
 * Sets whether the visitor allows storage and measurement, and stores or drops the events collected meanwhile.
 *
 * `key` is the `permissionKey` at the time of the request. An answer for an earlier state of consent is ignored.
 */
export function setAllowed(allowed, key) {
  if (allowed === isAllowed || key !== permissionKey()) return;
  isAllowed = allowed;
  for (const [key, text] of entries()) {
    if (allowed && memory.has(key) && store(key, text)) memory.delete(key);
    if (allowed === false) remove(key);
    if (allowed === false && isConsent(key)) memory.set(key, text);
  }
  if (allowed) store(ALLOWED, permissionKey());
  else attempt(() => localStorage.removeItem(ALLOWED));
  schedule(0);
}

/** Returns the calls that are not acknowledged yet. */
export function pending() {
  return entries().map(([, text]) => JSON.parse(text));
}

/** Sends all events. Resolves when they are acknowledged or an attempt has failed. */
export function flush() {
  clearTimeout(timer);
  // One tab at a time, because all tabs share the store.
  const locked = (work) => navigator.locks?.request('tl_events', work) ?? work();
  sending ??= Promise.resolve(locked(sendAll))
    .catch(fail)
    .finally(() => (sending = undefined));
  return sending;
}

/** Sends waiting events as a beacon, because the page may be closed. They stay in the outbox until acknowledged. */
export function beacon() {
  const batch = take((key) => !inFlight.has(key) && !beaconed.has(key));
  if (!batch.length || !navigator.sendBeacon?.(URL, body(batch))) return;
  for (const [key] of batch) beaconed.add(key);
}

async function sendAll() {
  for (let batch = take(); batch.length; batch = take()) {
    const acknowledged = await send(batch);
    if (acknowledged) {
      failures = 0;
    } else {
      retry();
      return;
    }
  }
}

/** Sends a batch, removes the acknowledged events, and returns whether there were any. */
async function send(batch) {
  for (const [key] of batch) inFlight.add(key);
  try {
    const response = await fetch(URL, {
      method: 'POST',
      body: body(batch),
      keepalive: true,
      credentials: 'include',
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    // The captive portal of a wireless network answers 200 as well, but does not list the events.
    const { results } = response.ok ? await response.json() : {};
    const known = batch.filter(([, text]) => (results?.[JSON.parse(text).messageId]?.result ?? 'retry') !== 'retry');
    for (const [key] of known) remove(key);
    return known.length > 0;
  } catch {
    return false;
  } finally {
    for (const [key] of batch) inFlight.delete(key);
  }
}

/** Returns as many entries as fit into one request, oldest first. */
function take(fits = () => true) {
  let bytes = 0;
  const maySend = (key) => (isAllowed || isConsent(key)) && fits(key);
  return entries().filter(([key, text]) => maySend(key) && (bytes += size(text)) < MAX_BATCH);
}

function body(batch) {
  const events = batch.map(([, text]) => text).join();
  return `{"batch":[${events}],"sentAt":"${new Date().toISOString()}","writeKey":${JSON.stringify(writeKey ?? '')}}`;
}

/** Schedules an attempt, unless a retry is scheduled already. */
function schedule(pause) {
  if (failures) return;
  clearTimeout(timer);
  timer = setTimeout(flush, pause);
}

/** Schedules a retry, with exponential back-off and jitter. */
function retry() {
  const pause = Math.min(MAX_PAUSE_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
  timer = setTimeout(flush, pause);
}

/** Drops the oldest events beyond the limits. */
function bound() {
  const all = entries();
  let bytes = all.reduce((sum, [, text]) => sum + size(text), 0);
  while (all.length > MAX_COUNT || bytes > MAX_BYTES) {
    const [key, text] = all.shift();
    bytes -= size(text);
    remove(key);
  }
}

/** Returns the keys and the JSON of all entries, oldest first. */
function entries() {
  const stored = attempt(() => Object.entries(localStorage).filter(([key]) => key.startsWith(KEY))) ?? [];
  return [...memory, ...stored].sort(([a], [b]) => (a < b ? -1 : 1));
}

function store(key, text) {
  return attempt(() => {
    localStorage.setItem(key, text);
    return true;
  });
}

function remove(key) {
  memory.delete(key);
  attempt(() => localStorage.removeItem(key));
}

/** Returns the result, or `undefined` if storage is full or not permitted. */
function attempt(use) {
  try {
    return use();
  } catch {
    return undefined;
  }
}

/** Returns a string that changes whenever the visitor's consent in this browser does. */
export function permissionKey() {
  return JSON.stringify([choices(), hasGpc()]);
}

function isConsent(key) {
  return key.includes(':!');
}

function size(text) {
  return new Blob([text]).size;
}
