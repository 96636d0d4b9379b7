// The parts of the tag that a page does not need before something is decided in it: core.js, with the core's JavaScript.
import { base } from './settings.js';

/** The files of this version. tools/tag.mjs defines their names with digests, so that no cache combines two versions. */
const PARTS = typeof PARTS_FILE === 'undefined' ? 'core.js' : PARTS_FILE;
const WASM = typeof WASM_FILE === 'undefined' ? 'core.wasm' : WASM_FILE;

let parts;

/** Returns the address of the core. */
export function coreAddress() {
  return base + WASM;
}

/** Closes the live channel, if there is one. */
export let hangUp = () => {};

/** Opens the live channel. `tag` are the functions that it needs. */
export async function listen(tag) {
  hangUp = (await loadParts()).newListener(tag);
}

/** Loads them. After a failure the next call tries again. */
export function loadParts() {
  parts ??= import(base + PARTS);
  parts.catch(() => (parts = undefined));
  return parts;
}
