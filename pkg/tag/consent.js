// The visitor's consent on this device: in the cookie that the edge reads as well, and in memory where it cannot be written.
import { now } from './clock.js';
import { get, set } from './document.js';
import { attempt } from './storage.js';

const COOKIE = 'tl_consent';
/** The member of the cookie that says when it was written, in milliseconds. */
const AT = 'at';
/** The life of the cookie, in seconds. */
const HALF_A_YEAR = 182 * 24 * 60 * 60;

/** The choices that are not in the cookie (yet). They count until it is written. */
let unwritten;

/** Returns the choices made so far, such as `{ personalization: 'granted' }`. */
export function choices() {
  const { [AT]: at, ...states } = { ...written(), ...unwritten };
  return states;
}

/** Returns when the choices were made, in milliseconds; `undefined` if a consent tool did not say. */
export function choicesAt() {
  return Number(unwritten?.[AT] ?? written()[AT]) || undefined;
}

/** Remembers choices for this page. They count at once, whether or not `write` succeeds. */
export function remember(changes) {
  unwritten = { ...choices(), ...changes, [AT]: String(now()) };
}

/** Writes the choices to the cookie. */
export function write() {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  const value = new URLSearchParams(unwritten);
  set('cookie', `${COOKIE}=${value}; Path=/; Max-Age=${HALF_A_YEAR}; SameSite=Lax${secure}`);
  if (written()[AT] === unwritten[AT]) unwritten = undefined;
}

/** Returns whether the edge cannot see the choices, because their cookie could not be written. */
export function isUnwritten() {
  return unwritten !== undefined;
}

/** Returns whether the browser sends the Global Privacy Control signal. */
export function hasGpc() {
  return navigator.globalPrivacyControl === true;
}

function written() {
  const cookies = attempt(() => get('cookie')) ?? '';
  const pair = cookies.split('; ').find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';
  return Object.fromEntries(new URLSearchParams(pair.slice(COOKIE.length + 1)));
}
