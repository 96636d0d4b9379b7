// The plan that the edge uses, and its kill switch. Each answer of the edge names them, so that open pages follow.
import { edgePlan } from './settings.js';

const OFF = 'off';
/**
 * The time for which a plan that was replaced is not returned to, in milliseconds. A new plan, and the switch, reach the
 * machines of the edge one after the other.
 */
const SETTLING_MS = 30 * 1000;

let current = edgePlan === OFF ? undefined : edgePlan;
const replaced = new Map();
let changed = () => {};

/** Returns the id of the plan that the edge uses; `undefined` while it is unknown or off. */
export function currentPlan() {
  return isOff() ? undefined : current;
}

/** Returns whether personalisation is switched off. */
export function isOff() {
  return current === OFF;
}

/** Calls back when the edge uses another plan than before, or is switched off or on. */
export function onChange(listener) {
  changed = listener;
}

/** Takes note of the plan that an answer names. */
export function notice({ headers }) {
  const named = headers.get('x-tl-plan');
  if (!named || named === current || Date.now() - replaced.get(named) < SETTLING_MS) return;
  const before = current;
  current = named;
  if (before) replaced.set(before, Date.now());
  if (before || isOff()) changed();
}
