// The shop's connection to the tag.

/**
 * Passes a call to the tag: `track`, `identify`, `page` or `consent`. Until the tag has loaded, calls wait in
 * the queue.
 */
export function call(...words) {
  (globalThis.throughline_queue ??= []).push(words);
}

/** Reports an event of Segment's e-commerce specification. */
export function track(event, properties) {
  call('track', event, properties);
}
