// The parts of the tag that a page does not need before something is decided in it: core.js, beside the core.
import { base } from './settings.js';

let parts;

/** Closes the live channel, if there is one. */
export let hangUp = () => {};

/** Opens the live channel. `tag` are the functions that it needs. */
export async function listen(tag) {
  hangUp = (await loadParts()).newListener(tag);
}

/** Loads them. After a failure the next call tries again. */
export function loadParts() {
  parts ??= import(`${base}core.js`);
  parts.catch(() => (parts = undefined));
  return parts;
}
