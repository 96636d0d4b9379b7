// The customer's account, which the shop's server keeps (www/server/).
import { call } from './track.js';

/** The longest wait for the tag after a sign-out, in milliseconds. */
const WAIT_MS = 3000;

/** Signs in as a customer of the demo. */
export async function signIn(persona) {
  const answer = await post('/account/sign-in', { persona });
  if (!answer.ok) throw new Error(`cannot sign in: ${answer.status}`);
}

/** Signs out of the shop and of the page. Resolves when the tag knows the next visitor, whose device a sign-in needs. */
export async function signOut() {
  await post('/account/sign-out', {});
  await new Promise((resolve) => {
    setTimeout(resolve, WAIT_MS);
    const isNext = () => document.addEventListener('tlrefresh', resolve, { once: true });
    call((tag) => tag.reset().then(isNext));
  });
}

/**
 * Adds to the customer's account, which the server opens with the first order or reminder: it can prove who orders.
 *
 * The page says the same about its visitor, because a shop without a server has no accounts.
 */
export function addToAccount(traits) {
  call('identify', undefined, traits);
  post('/account', traits).catch(() => {});
}

function post(path, body) {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    // An order leaves the page at once.
    keepalive: true,
  });
}
