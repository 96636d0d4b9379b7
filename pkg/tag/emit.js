// The tag's events on `document`, and its log in debug mode.

let isDebug = false;

/** Switches logging to the console on or off. */
export function setDebug(on) {
  isDebug = on !== false;
}

/** Dispatches `tldata`, `tlevent`, `tlrefresh` or `tlerror`. */
export function emit(type, detail) {
  if (isDebug) console.log(type, detail);
  document.dispatchEvent(new CustomEvent(type, { detail }));
}

/** Dispatches `tlerror`. The page stays as it is. */
export function fail(error) {
  emit('tlerror', { message: String(error?.message ?? error) });
}
