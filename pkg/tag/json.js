// Values of pages as JSON that every reader understands. One odd value never costs the rest of its event.
import { attempt } from './storage.js';

/** The most levels of nesting, and the most values. The core reads 127 levels, with those of the event. */
const MAX_DEPTH = 32;
const MAX_VALUES = 5000;

/**
 * Returns a copy of a value as JSON can transmit it.
 *
 * Halves of characters become U+FFFD; NaN and infinities become null; a BigInt becomes its digits. A value within itself,
 * below the 32nd level, or after the 5,000th is left out, and `cut` is called.
 */
export function asJson(value, cut = () => {}) {
  const path = new Set();
  let left = MAX_VALUES;

  const copy = (value) => {
    if (typeof value === 'string') return wellFormed(value);
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value !== 'object') return undefined;
    if (path.has(value) || path.size >= MAX_DEPTH || left <= 0) return cut();
    path.add(value);
    const found = typeof value.toJSON === 'function' ? copy(attempt(() => value.toJSON())) : members(value);
    path.delete(value);
    return found;
  };
  const members = (value) => {
    // An array may be longer than its content.
    if (Array.isArray(value)) return value.slice(0, count(value.length)).map((one) => copy(one) ?? null);
    const names = attempt(() => Object.keys(value)) ?? [];
    const pairs = names.slice(0, count(names.length)).map((name) => [name, copy(attempt(() => value[name]))]);
    return Object.fromEntries(
      pairs.filter(([, found]) => found !== undefined).map(([name, found]) => [wellFormed(name), found]),
    );
  };
  /** Returns how many of `length` values may still be copied. */
  const count = (length) => {
    const most = Math.min(length, left);
    left -= most;
    if (most < length) cut();
    return most;
  };
  return copy(value);
}

/** Returns a text without halves of characters, as in texts that were cut. Strict readers refuse them. */
function wellFormed(text) {
  return text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (found) => (found[1] ? found : '\ufffd'));
}
