// Whether somebody looks at the page. What is counted waits until then: in a tab in the background, and in a page that the
// browser has rendered in advance.
import { get } from './document.js';

/** The counts that wait, by name: a later one of the same name replaces it. */
const waiting = new Map();

/** Runs `count` as soon as the page is visible. */
export function whenSeen(name, count) {
  if (isSeen()) count();
  else waiting.set(name, count);
}

/** Forgets what waits under names that begin with `start`. */
export function forget(start) {
  for (const name of waiting.keys()) if (name.startsWith(start)) waiting.delete(name);
}

/** Runs what waits whenever the page becomes visible. */
export function watchSight() {
  document.addEventListener('visibilitychange', () => {
    if (!isSeen()) return;
    const all = [...waiting.values()];
    waiting.clear();
    for (const count of all) count();
  });
}

function isSeen() {
  return get('visibilityState') !== 'hidden';
}
