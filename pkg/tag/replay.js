// Pages that are shown again: from the cache of a service worker, of a CDN or of the browser. What they say of their visitor
// and of their view was true once.
import * as clock from './clock.js';
import * as device from './device.js';
import { edgeDecision, navigationEntry } from './settings.js';
import { marked } from './slots.js';
import { attempt } from './storage.js';

/** The difference of two clocks of the edge, and what whole seconds hide, in milliseconds. */
const SLACK_MS = 2000;

/** The time at which the page was asked for, by the device's clock. `timeOrigin` is wrong after the device has slept. */
const asked = attempt(() => Date.now() - performance.now()) ?? 0;

/** Returns whether a page that the edge has filled or counted is not the answer to this request, or another visitor's. */
export function isReplayed({ mark, now }) {
  const elements = marked();
  if (!elements.length && !edgeDecision) return false;
  // A browser without cookies is another visitor to the edge with each page.
  const isNameless = 'x-tl-device' in device.headers();
  const isOld = (at) => at * 1000 < asked + clock.skew() - clock.skewError() - SLACK_MS;
  for (const { dataset } of elements) {
    if (mark && dataset.tlFor !== mark && !isNameless) return true;
    if (now && isOld(Number(dataset.tlAt))) return true;
  }
  return isFromCache();
}

function isFromCache() {
  const { deliveryType, transferSize, decodedBodySize } = navigationEntry ?? {};
  return deliveryType === 'cache' || (transferSize === 0 && decodedBodySize > 0);
}
