// Signing out. It counts at once, on this page and in other tabs, and the edge is asked until it has confirmed it.
//
//   reset ──> marked (`device.isSignedOut`) ──DELETE token──> confirmed ──> the page decides again
//                 └── no answer, or a refusal: again on `online`, on the next page, and after a pause
import { deleteToken } from './decider.js';
import * as device from './device.js';
import { fail } from './emit.js';
import { locked } from './lock.js';
import * as outbox from './outbox.js';
import { hangUp } from './parts.js';
import { forget, refresh } from './view.js';

/** The time that events have to leave as the visitor's, in milliseconds: afterwards their device is nobody's. */
const FLUSH_MS = 2000;
const MAX_PAUSE_MS = 60 * 1000;

let running;
let failures = 0;
let timer;

/** Signs the visitor out. Resolves when the edge has confirmed it or an attempt has failed. */
export function signOut() {
  const here = !device.isSignedOut();
  device.beginEpoch(true);
  hangUp();
  forget();
  return settle(outbox.disown({ here }));
}

/** Begins another epoch for the visitor of a hand-over. A sign-out that waits for the edge has done so. */
export function makeRoom() {
  if (device.isSignedOut()) return;
  device.beginEpoch(false);
  outbox.disown({ here: true }).catch(fail);
}

/** Follows another tab that has signed out, or whose sign-out has been confirmed. */
export function follow() {
  const change = device.follow();
  if (!change) return;
  if (change === 'ended') {
    hangUp();
    forget();
    outbox.disownMemory().catch(fail);
  }
  if (device.isSignedOut()) settle();
  else refresh('view');
}

/** Asks the edge to confirm a sign-out that waits for it. `sending` are events that are on their way. */
export function settle(sending) {
  clearTimeout(timer);
  running ??= locked('tl_sign_out', () => confirm(sending)).finally(() => (running = undefined));
  return running;
}

async function confirm(sending) {
  // Another tab may have been faster.
  follow();
  if (!device.isSignedOut()) return;
  try {
    await Promise.race([
      Promise.all([sending, outbox.flush()]),
      new Promise((resolve) => setTimeout(resolve, FLUSH_MS)),
    ]);
    outbox.strip();
    await deleteToken();
    device.confirmSignOut();
    failures = 0;
    refresh('view');
  } catch (error) {
    fail(error);
    timer = setTimeout(settle, Math.min(MAX_PAUSE_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2));
  }
}
