// Time. The device's clock may be hours wrong, so the tag learns from the edge by how much.
//
// Calls are stamped by the device's clock, and corrected when they leave: the edge may answer after a call was made.

/** The edge's clock minus the device's, in milliseconds, and the largest error of that. */
let offset = 0;
/** The offset, in milliseconds, up to which the device's clock counts as right: requests take as long. */
const TOLERANCE = 1000;
let error = Number.POSITIVE_INFINITY;
let last = 0;

/** Returns the time by the edge's clock, as far as it is known, in milliseconds since 1970. */
export function now() {
  return Date.now() + offset;
}

/** Returns the edge's clock minus the device's, in milliseconds; 0 while it is unknown. */
export function skew() {
  return offset;
}

/** Returns the largest error of `skew`, in milliseconds; infinite while it is unknown. */
export function skewError() {
  return error;
}

/** Returns the time by the device's clock, later than that of each call before. */
export function tick() {
  last = Math.max(Date.now(), last + 1);
  return last;
}

/** Learns from the edge's time in an answer that was `asked` for and `answered` at these times of the device. */
export function learn(theirs, asked, answered) {
  if (!Number.isFinite(theirs)) return;
  const found = Math.round(theirs - (asked + answered) / 2);
  error = (answered - asked) / 2;
  offset = Math.abs(found) > Math.max(error, TOLERANCE) ? found : 0;
}
