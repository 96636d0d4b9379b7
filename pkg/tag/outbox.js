// Events on their way: kept until they are acknowledged, and sent again, with the same ids, until then.
import { choices, hasGpc } from './consent.js';
import { base, writeKey } from './settings.js';
import { fail } from './tell.js';

const URL = `${base}events`;
const KEY = 'tl_event:';
const ALLOWED = 'tl_allowed';
const MAX_COUNT = 500;
const MAX_BYTES = 256 * 1024;
/** Browsers let 64 KB of `keepalive` requests outlive their page. */
const MAX_BATCH = 56 * 1024;
const MAX_EVENT = 32 * 1024;
/** How long an answer may take. */
const PATIENCE = 15 * 1000;
const LONGEST_PAUSE = 5 * 60 * 1000;

/** Whether the visitor allows storing and measuring: known at once where it was allowed before and nothing has changed. */
let isAllowed = attempt(() => localStorage.getItem(ALLOWED)) === asked() || undefined;
/** What cannot or must not be stored. */
const memory = new Map();
const inFlight = new Set();
const handedOver = new Set();
let failures = 0;
let timer;
let sending;

/** Takes a call of the Segment specification. What says something about consent is sent in any case. */
export function add(call) {
  const text = JSON.stringify(call);
  if (size(text) > MAX_EVENT) return fail(`the event \`${call.event ?? call.type}\` is longer than ${MAX_EVENT} bytes`);
  const isConsent = call.event === 'Consent Preference Updated';
  if (isAllowed === false && !isConsent) return;
  // Keys in the order of time, and different in every tab.
  const key = `${KEY}${Date.now().toString(36)}:${isConsent ? '!' : ''}${call.messageId}`;
  if (!(isAllowed && store(key, text))) memory.set(key, text);
  bound();
  schedule(20);
}

/** Whether it is known what the visitor allows. */
export function isDecided() {
  return isAllowed !== undefined;
}

/** Forgets what the visitor allows: they have just said something else. */
export function ask() {
  allow(undefined, asked());
}

/**
 * Says whether the visitor allows storing and measuring; what was kept meanwhile is stored or forgotten. An answer to an
 * earlier question than `asked` has now does not count.
 */
export function allow(allowed, question) {
  if (allowed === isAllowed || question !== asked()) return;
  isAllowed = allowed;
  for (const [key, text] of entries()) {
    if (allowed && memory.has(key) && store(key, text)) memory.delete(key);
    if (allowed === false) remove(key);
    if (allowed === false && isConsent(key)) memory.set(key, text);
  }
  if (allowed) store(ALLOWED, asked());
  else attempt(() => localStorage.removeItem(ALLOWED));
  schedule(0);
}

/** The calls that nobody has acknowledged yet. */
export function pending() {
  return entries().map(([, text]) => JSON.parse(text));
}

/** Sends what there is; resolves when all of it is acknowledged or something went wrong. */
export function flush() {
  clearTimeout(timer);
  // One tab at a time: all of them see the same store.
  const locked = (work) => navigator.locks?.request('tl_events', work) ?? work();
  sending ??= Promise.resolve(locked(sendAll))
    .catch(fail)
    .finally(() => (sending = undefined));
  return sending;
}

/** Hands what is not under way to the browser, because the page may be gone at once; it stays here until acknowledged. */
export function beacon() {
  const batch = take((key) => !inFlight.has(key) && !handedOver.has(key));
  if (!batch.length || !navigator.sendBeacon?.(URL, body(batch))) return;
  for (const [key] of batch) handedOver.add(key);
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

/** Sends a batch and removes what is acknowledged; answers whether anything was. */
async function send(batch) {
  for (const [key] of batch) inFlight.add(key);
  try {
    const answer = await fetch(URL, {
      method: 'POST',
      body: body(batch),
      keepalive: true,
      credentials: 'include',
      signal: AbortSignal.timeout?.(PATIENCE),
    });
    // A login page of a wireless network answers 200, too, but does not name our events.
    const { results } = answer.ok ? await answer.json() : {};
    const known = batch.filter(([, text]) => (results?.[JSON.parse(text).messageId]?.result ?? 'retry') !== 'retry');
    for (const [key] of known) remove(key);
    return known.length > 0;
  } catch {
    return false;
  } finally {
    for (const [key] of batch) inFlight.delete(key);
  }
}

/** As many entries as fit into one request, oldest first. */
function take(fits = () => true) {
  let bytes = 0;
  const may = (key) => (isAllowed || isConsent(key)) && fits(key);
  return entries().filter(([key, text]) => may(key) && (bytes += size(text)) < MAX_BATCH);
}

function body(batch) {
  const events = batch.map(([, text]) => text).join();
  return `{"batch":[${events}],"sentAt":"${new Date().toISOString()}","writeKey":${JSON.stringify(writeKey ?? '')}}`;
}

/** Sends soon, unless the server needs a rest. */
function schedule(pause) {
  if (failures) return;
  clearTimeout(timer);
  timer = setTimeout(flush, pause);
}

function retry() {
  const pause = Math.min(LONGEST_PAUSE, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
  timer = setTimeout(flush, pause);
}

function bound() {
  const all = entries();
  let bytes = all.reduce((sum, [, text]) => sum + size(text), 0);
  while (all.length > MAX_COUNT || bytes > MAX_BYTES) {
    const [key, text] = all.shift();
    bytes -= size(text);
    remove(key);
  }
}

/** Keys and texts of all entries, oldest first. */
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

/** Storage may be full, or forbidden altogether. */
function attempt(use) {
  try {
    return use();
  } catch {
    return undefined;
  }
}

/** What the permission depends on in this browser. */
export function asked() {
  return JSON.stringify([choices(), hasGpc()]);
}

function isConsent(key) {
  return key.includes(':!');
}

function size(text) {
  return new Blob([text]).size;
}
