// The entries of the outbox: events as JSON, by keys that sort by time.
import { tick } from './clock.js';
import { attempt, remove as removeStored, store } from './storage.js';

const KEY = 'tl_event:';
/** The mark of events that state consent, in front of their id. */
const CONSENT = /^tl_event:[\da-z]+!/;

/** Events that cannot or must not be stored. */
const memory = new Map();
/** The keys whose entries are known to be readable. */
const readable = new Set();

/** Adds the JSON of a call, in memory unless it may be stored and the browser does so. */
export function put({ messageId }, text, { isConsent, mayStore }) {
  // Keys differ between tabs because of the message id.
  const key = `${KEY}${tick().toString(36)}${isConsent ? '!' : ':'}${messageId}`;
  if (!(mayStore && store(key, text))) memory.set(key, text);
}

/** Returns the keys and the JSON of all entries, oldest first. Others may write to the storage: what is not an event goes. */
export function entries() {
  const stored = attempt(() => Object.entries(localStorage).filter(([key]) => key.startsWith(KEY))) ?? [];
  return [...memory, ...stored].filter(isReadable).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Returns the entries of this page that are not stored. */
export function inMemory() {
  return [...memory];
}

/** Stores what is in memory, or keeps in memory what is stored. */
export function move(key, text, mayStore) {
  if (!mayStore) {
    remove(key);
    memory.set(key, text);
  } else if (memory.has(key) && store(key, text)) memory.delete(key);
}

/** Removes an entry. */
export function remove(key) {
  memory.delete(key);
  removeStored(key);
}

/** Replaces the JSON of an entry. */
export function replace(key, text) {
  if (memory.has(key)) memory.set(key, text);
  else store(key, text);
}

/** Returns the ticket of the device whose event it is. */
export function ownerOf(text) {
  return JSON.parse(text).owner;
}

/** Returns whether the event states consent. It is sent without permission. */
export function isConsent(key) {
  return CONSENT.test(key);
}

/** Returns the time since the event was added, in milliseconds. */
export function ageOf(key) {
  return Date.now() - Number.parseInt(key.slice(KEY.length), 36);
}

/** Returns the length of a text in bytes. */
export function size(text) {
  return new Blob([text]).size;
}

function isReadable([key, text]) {
  if (readable.has(key)) return true;
  if (attempt(() => JSON.parse(text).messageId)) readable.add(key);
  else remove(key);
  return readable.has(key);
}
