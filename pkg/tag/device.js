// The device as this page knows it: whose events it records, and whether a sign-out waits for the edge.
//
// An epoch lasts from one sign-out to the next. Its first answer of the edge names the device, and the ticket by which events
// are the device's, whoever uses the browser when they are sent.
import { attempt, read, remove, store } from './storage.js';

/** The key of the epoch: a random id, with `SIGNED_OUT` behind it until the edge has confirmed the sign-out. */
const EPOCH = 'tl_epoch';
const SIGNED_OUT = '!';
/** The key of the device, in the storage of this tab. */
const DEVICE = 'tl_device';
const ALIAS = /^v[0-9a-f]{32}$/;

let epoch = read(EPOCH) ?? '';
/** Whether other tabs can see the epoch. */
let isShared = true;
/** The device and its ticket, by the first answer in this epoch; `isShown` if the browser keeps no cookies. */
let known = attempt(restored);
/** Whether an answer on this page has named the device, and whether there was an answer or a failure at all. */
let isNamed = false;
let isAnswered = false;
/** Whether the device is named to the edge, to find out if cookies are kept. */
let isTried = false;
/** The device that the answer to events has named, after a sign-in. */
let announced;
let isKept = false;

/** Returns a text that changes with each sign-out, and again when the edge has confirmed it. */
export function currentEpoch() {
  return epoch;
}

/** Returns whether a sign-out waits for the edge: nothing may be asked, and nothing personal shown. */
export function isSignedOut() {
  return epoch.endsWith(SIGNED_OUT);
}

/** Returns the ticket that events of this epoch carry; `undefined` before the first answer. */
export function owner() {
  // Between two pages of a tab somebody may have signed in, which only a device without cookies cannot have noticed.
  return isNamed || known?.isShown ? known?.owner : undefined;
}

/** Returns whether the edge has answered or failed, so that events without a ticket need not wait for one. */
export function isAsked() {
  return isAnswered;
}

/** Returns the headers that name the device to the edge, where the browser keeps no cookies. */
export function headers() {
  return known && (known.isShown || isTried) ? { 'x-tl-device': known.device } : {};
}

/** Begins another epoch. All tabs follow. */
export function beginEpoch(signedOut) {
  epoch = Math.random().toString(36).slice(2) + (signedOut ? SIGNED_OUT : '');
  isShared = store(EPOCH, epoch) ?? false;
  forget();
}

/** Ends the wait for the edge: it has confirmed the sign-out. */
export function confirmSignOut() {
  epoch = confirmed(epoch);
  // Other tabs follow the change, or the absence.
  keep(isKept ?? false);
}

/** Follows another tab. Returns `ended` if it has begun another epoch, `confirmed` if its sign-out has been confirmed. */
export function follow() {
  const stored = isShared ? read(EPOCH) : undefined;
  // A confirmed epoch is kept only where consent allows it, so that its absence does not begin another one.
  const now = stored === null ? confirmed(epoch) : (stored ?? epoch);
  if (now === epoch) return undefined;
  const isOther = confirmed(now) !== confirmed(epoch);
  epoch = now;
  if (isOther) forget();
  return isOther ? 'ended' : 'confirmed';
}

/** Returns whether the answer is from another device than before, though the edge was not shown that one: cookies may be missing. */
export function isContradicted(device) {
  const isOther = ALIAS.test(device) && ![known?.device, announced].includes(device);
  return Boolean(known && !known.isShown && !isTried && isOther);
}

/** Notes the device that the answer to events names. Returns whether it is another one, so that the visitor must be asked for. */
export function announce(device) {
  if (!isContradicted(device)) return false;
  announced = device;
  return true;
}

/** Names the device to the edge from now on. A cookie takes precedence there. */
export function show() {
  isTried = true;
}

/** Takes the device and its ticket from the edge's answer; without an answer, events no longer wait for one. */
export function learn({ device, owner } = {}) {
  isAnswered = true;
  if (!ALIAS.test(device)) return;
  isNamed = true;
  if (device === known?.device) known.isShown ||= isTried;
  else known = { device, owner };
  isTried = false;
  announced = undefined;
  keep(isKept);
}

/** Makes events without a ticket wait for the next answer. */
export function awaitAnswer() {
  isAnswered = false;
}

/**
 * Keeps epoch and device in the browser if the visitor allows storage, and removes them if not; `undefined` changes nothing.
 *
 * A sign-out that waits for the edge is always kept.
 */
export function keep(allowed) {
  isKept = allowed;
  if (allowed && epoch) store(EPOCH, epoch);
  if (allowed && known) store(DEVICE, JSON.stringify({ ...known, epoch }), 'sessionStorage');
  if (allowed === false) remove(DEVICE, 'sessionStorage');
  if (allowed === false && !isSignedOut()) remove(EPOCH);
}

function confirmed(epoch) {
  return epoch.replace(SIGNED_OUT, '');
}

function forget() {
  known = undefined;
  isNamed = isAnswered = isTried = false;
  remove(DEVICE, 'sessionStorage');
}

function restored() {
  const { epoch: itsEpoch, ...device } = JSON.parse(read(DEVICE, 'sessionStorage') || '{}');
  return device.device && itsEpoch === epoch ? device : undefined;
}
