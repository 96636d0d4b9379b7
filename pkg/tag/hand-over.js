// The hand-over token of an address, as in `https://shop.example/#tl=<token>`. This module is evaluated before all others,
// so that nothing else of the tag reads or records the address with the token.
import { attempt } from './storage.js';

const NAME = 'tl=';

let token = attempt(take);

/** Returns the token once; `undefined` afterwards, and on all other pages. */
export function takeToken() {
  const taken = token;
  token = undefined;
  return taken;
}

/** Returns whether the token waits to be used. */
export function hasToken() {
  return token !== undefined;
}

function take() {
  const [address, fragment = ''] = location.href.split('#');
  const pairs = fragment.split('&');
  const found = pairs.find((pair) => pair.startsWith(NAME));
  if (!found) return undefined;
  const others = pairs.filter((pair) => !pair.startsWith(NAME)).join('&');
  history.replaceState(history.state, '', others ? `${address}#${others}` : address);
  return found.slice(NAME.length);
}
