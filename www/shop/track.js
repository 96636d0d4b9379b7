// The shop's connection to the tag.

/**
 * Passes a call to the tag: `track`, `identify`, `page` or `consent`, or a function that gets the tag. Until the tag has
 * loaded, calls wait in the queue.
 */
export function call(...words) {
  (globalThis.throughline_queue ??= []).push(typeof words[0] === 'function' ? words[0] : words);
}

/** Reports an event of Segment's e-commerce specification. */
export function track(event, properties) {
  call('track', event, properties);
}
