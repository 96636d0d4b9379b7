// The visitor's consent on this device, in the cookie that the edge reads as well.

const COOKIE = 'tl_consent';
/** The life of the cookie, in seconds. */
const HALF_A_YEAR = 182 * 24 * 60 * 60;

/** Returns the choices made so far, such as `{ personalization: 'granted' }`. */
export function choices() {
  const pair = document.cookie.split('; ').find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';
  return Object.fromEntries(new URLSearchParams(pair.slice(COOKIE.length + 1)));
}

/** Adds choices to the cookie. */
export function choose(changes) {
  const value = new URLSearchParams({ ...choices(), ...changes });
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${COOKIE}=${value}; Path=/; Max-Age=${HALF_A_YEAR}; SameSite=Lax${secure}`;
}

/** Returns whether the browser sends the Global Privacy Control signal. */
export function hasGpc() {
  return navigator.globalPrivacyControl === true;
}
