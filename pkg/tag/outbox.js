// The outbox: events are stored until the edge acknowledges them, and sent again with the same ids until then.
//
// A batch that is refused for its content is sent again in halves, until the event at fault is alone.
import { choices, hasGpc } from './consent.js';
import * as device from './device.js';
import { fail } from './emit.js';
import { ageOf, entries, inMemory, isConsent, move, ownerOf, put, remove, replace, size } from './entries.js';
import { locked } from './lock.js';
import * as posting from './post.js';
import { read, remove as removeStored, store } from './storage.js';

const ALLOWED = 'tl_allowed';
/** The most events in the outbox; the oldest are dropped. */
const MAX_COUNT = 500;
const MAX_BYTES = 256 * 1024;
/** Below the 64 KB of `keepalive` requests that browsers allow to outlive their page. */
const MAX_BATCH = 56 * 1024;
const MAX_EVENT = 32 * 1024;
/** The longest pause between two attempts, in milliseconds, and the number of failures that leads to it. */
const MAX_PAUSE_MS = 5 * 60 * 1000;
const MAX_FAILURES = 9;
/** The age at which an event that was never acknowledged is dropped, in milliseconds. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** The most events that are put aside before a pause. */
const MAX_ASIDE = 5;

/**
 * Whether the visitor allows storage and measurement; `undefined` until it is known.
 *
 * It is known at once if it was allowed before and consent has not changed since.
 */
let isAllowed = read(ALLOWED) === permissionKey() || undefined;
if (isAllowed) device.keep(true);
const inFlight = new Set();
const beaconed = new Set();
let failures = 0;
/** The time before which the edge wants to hear nothing, and the refusal that was said last. */
let notBefore = 0;
let refused;
let timer;
let sending;
let otherDevice = () => {};

/**
 * Adds a call of the Segment specification, as the device's that the page knows. Consent events are sent without permission.
 *
 * `skew` is how much the time of the call was corrected for the device's clock; `undefined` leaves its time as it is.
 */
export function add(call, skew) {
  const text = JSON.stringify({ ...call, owner: device.owner(), skew });
  if (size(text) > MAX_EVENT) return fail(`the event \`${call.event ?? call.type}\` is longer than ${MAX_EVENT} bytes`);
  const isConsent = call.event === 'Consent Preference Updated';
  if (isAllowed === false && !isConsent) return;
  put(call, text, { isConsent, mayStore: isAllowed });
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
    if (allowed === undefined) continue;
    if (allowed || isConsent(key)) move(key, text, allowed);
    else remove(key);
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
  const { left } = sent.length ? await send(sent) : { left: [] };
  const lost = unowned.length - sent.length + left.length;
  if (lost) fail(`${lost} events are dropped: nobody knows whose they are`);
}

/** Does so with the events of this page alone, because another tab has dealt with the stored ones. */
export function disownMemory() {
  return disown({ all: inMemory() });
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
  const calls = entries().map(([, text]) => posting.callOf(text));
  return calls.filter(({ owner }) => !owner || owner === device.owner());
}

/** Sends all events. Resolves when they are acknowledged or an attempt has failed. */
export function flush() {
  clearTimeout(timer);
  // One tab at a time, because all tabs share the store.
  sending ??= locked('tl_events', sendAll)
    .catch(fail)
    .finally(() => (sending = undefined));
  return sending;
}

/** Sends waiting events as a beacon, because the page may be closed. They stay in the outbox until acknowledged. */
export function beacon() {
  if (Date.now() < notBefore) return;
  const batch = take(
    (key, text) => !inFlight.has(key) && !beaconed.has(key) && (ownerOf(text) || !device.isSignedOut()),
  );
  if (!batch.length || !posting.beacon(batch)) return;
  for (const [key] of batch) beaconed.add(key);
}

async function sendAll() {
  if (Date.now() < notBefore) return retry();
  dropOld();
  const aside = [];
  // Without a ticket an event is of whom the cookie says: that must be who did it, and be settled.
  const isSettled = (_key, text) => ownerOf(text) || (device.isAsked() && !device.isSignedOut());
  for (let batch = take(isSettled); batch.length; batch = take(isSettled)) {
    if (!(await deliver(batch, aside))) return retry();
    failures = 0;
  }
}

/** Sends a batch, in halves while its content is refused. Returns whether to go on. `aside` gets the events at fault. */
async function deliver(batch, aside) {
  const { left, isContent, refusal } = await send(batch);
  if (!isContent) return left.length < batch.length;
  if (batch.length > 1) {
    const half = batch.length >> 1;
    return (await deliver(batch.slice(0, half), aside)) && deliver(batch.slice(half), aside);
  }
  const [[key]] = batch;
  remove(key);
  posting.failEvent(batch[0], refusal);
  return aside.push(key) < MAX_ASIDE;
}

/** Sends a batch, removes the acknowledged events, and returns the outcome of `post`. */
async function send(batch) {
  for (const [key] of batch) inFlight.add(key);
  const outcome = await posting.post(batch);
  const { left, pause = 0, refusal, isContent, isOtherDevice } = outcome;
  for (const [key] of batch) inFlight.delete(key);
  for (const entry of batch) if (!left.includes(entry)) remove(entry[0]);
  if (isOtherDevice) otherDevice();
  notBefore = Date.now() + pause;
  if (isContent) return outcome;
  if (refusal) {
    if (refusal !== refused) fail(new Error(`the events are refused: ${refusal}`));
    failures = MAX_FAILURES;
  }
  refused = refusal;
  return outcome;
}

/** Drops events that are so old that nobody waits for them. */
function dropOld() {
  const old = entries().filter(([key]) => ageOf(key) > MAX_AGE_MS);
  for (const [key] of old) remove(key);
  if (old.length) fail(new Error(`${old.length} events are dropped: they could not be sent for seven days`));
}

/** Returns as many entries as fit into one request, oldest first. */
function take(fits = () => true) {
  let bytes = 0;
  const maySend = (key, text) => (isAllowed || isConsent(key)) && fits(key, text);
  return entries().filter(([key, text]) => maySend(key, text) && (bytes += size(text)) < MAX_BATCH);
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
  clearTimeout(timer);
  timer = setTimeout(flush, Math.max(pause, notBefore - Date.now()));
}

/** Drops the oldest events beyond the limits. */
function bound() {
  const all = entries();
  let bytes = all.reduce((sum, [, text]) => sum + size(text), 0);
  const { length } = all;
  while (all.length > MAX_COUNT || bytes > MAX_BYTES) {
    const [key, text] = all.shift();
    bytes -= size(text);
    remove(key);
  }
  if (all.length < length) fail(new Error(`${length - all.length} events are dropped: too many wait to be sent`));
}

/** Returns a string that changes whenever the visitor's consent in this browser does. */
export function permissionKey() {
  return JSON.stringify([choices(), hasGpc()]);
}
