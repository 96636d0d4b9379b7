// What the visitor allows on this device: the cookie that the edge reads, too.

const COOKIE = 'tl_consent';
const HALF_A_YEAR = 182 * 24 * 60 * 60;

/** The choices made so far: `{ personalization: 'granted' }`. */
export function choices() {
  const pair = document.cookie.split('; ').find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';
  return Object.fromEntries(new URLSearchParams(pair.slice(COOKIE.length + 1)));
}

/** Adds choices to those made so far. */
export function choose(changes) {
  const value = new URLSearchParams({ ...choices(), ...changes });
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${COOKIE}=${value}; Path=/; Max-Age=${HALF_A_YEAR}; SameSite=Lax${secure}`;
}

/** Whether the browser forbids sale and sharing. */
export function hasGpc() {
  return navigator.globalPrivacyControl === true;
}
