// The outbox: events are stored until the edge acknowledges them, and sent again with the same ids until then.
import { choices, hasGpc } from './consent.js';
import * as device from './device.js';
import { base, writeKey } from './settings.js';
import { fail } from './emit.js';
import { attempt, read, remove as removeStored, store } from './storage.js';

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
let isAllowed = read(ALLOWED) === permissionKey() || undefined;
if (isAllowed) device.keep(true);
/** Events that cannot or must not be stored. */
const memory = new Map();
const inFlight = new Set();
const beaconed = new Set();
let failures = 0;
let timer;
let sending;
let otherDevice = () => {};

/** Adds a call of the Segment specification, as the device's that the page knows. Consent events are sent without permission. */
export function add(call) {
  const text = JSON.stringify({ ...call, owner: device.owner() });
  if (size(text) > MAX_EVENT) return fail(`the event \`${call.event ?? call.type}\` is longer than ${MAX_EVENT} bytes`);
  const isConsent = call.event === 'Consent Preference Updated';
  if (isAllowed === false && !isConsent) return;
  // Keys sort by time, and differ between tabs because of the message id.
  const key = `${KEY}${Date.now().toString(36)}:${isConsent ? '!' : ''}${call.messageId}`;
  if (!(isAllowed && store(key, text))) memory.set(key, text);
  bound();
  schedule(20);
}

/** Calls back when the edge has given the browser another device with the answer to events, as it does at a sign-in. */
export function onOtherDevice(listener) {
  otherDevice = listener;
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
  else removeStored(ALLOWED);
  device.keep(allowed);
  schedule(0);
}

/** Gives the events of this epoch its ticket, which the edge has answered. */
export function own() {
  const owner = device.owner();
  for (const [key, text] of owner ? entries() : []) {
    if (!ownerOf(text)) replace(key, JSON.stringify({ ...JSON.parse(text), owner }));
  }
  schedule(0);
}

/** Returns whether there are events that wait for a ticket. */
export function hasUnowned() {
  return entries().some(([, text]) => !ownerOf(text));
}

/**
 * Removes the events of an epoch that ends without a ticket, because it cannot be known later whose they are.
 *
 * While their cookie is `here` they are sent once more. A report counts those that are lost.
 */
export async function disown({ here = false, all = entries() }) {
  const unowned = all.filter(([, text]) => !ownerOf(text));
  for (const [key] of unowned) remove(key);
  const sent = here ? unowned.filter(([key]) => isAllowed || isConsent(key)) : [];
  const left = sent.length ? await send(sent) : [];
  const lost = unowned.length - sent.length + left.length;
  if (lost) fail(`${lost} events are dropped: nobody knows whose they are`);
}

/** Does so with the events of this page alone, because another tab has dealt with the stored ones. */
export function disownMemory() {
  return disown({ all: [...memory] });
}

/** Removes traits and proofs of identity from the events of earlier epochs. */
export function strip() {
  for (const [key, text] of entries()) {
    const { traits, userHash, ...call } = JSON.parse(text);
    if (call.owner && (traits || userHash)) replace(key, JSON.stringify(call));
  }
}

/** Returns the calls of this epoch that are not acknowledged yet. */
export function pending() {
  const calls = entries().map(([, text]) => JSON.parse(text));
  return calls.filter(({ owner }) => !owner || owner === device.owner());
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
  const batch = take(
    (key, text) => !inFlight.has(key) && !beaconed.has(key) && (ownerOf(text) || !device.isSignedOut()),
  );
  if (!batch.length || !navigator.sendBeacon?.(URL, body(batch))) return;
  for (const [key] of batch) beaconed.add(key);
}

async function sendAll() {
  // Without a ticket an event is of whom the cookie says: that must be who did it, and be settled.
  const isSettled = (_key, text) => ownerOf(text) || (device.isAsked() && !device.isSignedOut());
  for (let batch = take(isSettled); batch.length; batch = take(isSettled)) {
    const left = await send(batch);
    if (left.length < batch.length) {
      failures = 0;
    } else {
      retry();
      return;
    }
  }
}

/** Sends a batch, removes the acknowledged events, and returns the others. */
async function send(batch) {
  for (const [key] of batch) inFlight.add(key);
  try {
    const response = await fetch(URL, {
      method: 'POST',
      body: body(batch),
      keepalive: true,
      credentials: 'include',
      headers: device.headers(),
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    // The captive portal of a wireless network answers 200 as well, but does not list the events.
    const { results, device: named } = response.ok ? await response.json() : {};
    if (device.announce(named)) otherDevice();
    const isKnown = ([, text]) => (results?.[JSON.parse(text).messageId]?.result ?? 'retry') !== 'retry';
    for (const [key] of batch.filter(isKnown)) remove(key);
    return batch.filter((entry) => !isKnown(entry));
  } catch {
    return batch;
  } finally {
    for (const [key] of batch) inFlight.delete(key);
  }
}

/** Returns as many entries as fit into one request, oldest first. */
function take(fits = () => true) {
  let bytes = 0;
  const maySend = (key, text) => (isAllowed || isConsent(key)) && fits(key, text);
  return entries().filter(([key, text]) => maySend(key, text) && (bytes += size(text)) < MAX_BATCH);
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

function remove(key) {
  memory.delete(key);
  removeStored(key);
}

function replace(key, text) {
  if (memory.has(key)) memory.set(key, text);
  else store(key, text);
}

function ownerOf(text) {
  return JSON.parse(text).owner;
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
