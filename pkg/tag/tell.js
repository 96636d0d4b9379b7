// What the page hears from us: events on `document`, and the console in debug mode.

let isDebug = false;

/** Says everything on the console, too. */
export function setDebug(on) {
  isDebug = on !== false;
}

/** Dispatches `tldata`, `tlevent`, `tlrefresh` or `tlerror`. */
export function tell(type, detail) {
  if (isDebug) console.log(type, detail);
  document.dispatchEvent(new CustomEvent(type, { detail }));
}

/** Dispatches `tlerror`: what does not work is said, and the page stays as it is. */
export function fail(error) {
  tell('tlerror', { message: String(error?.message ?? error) });
}
