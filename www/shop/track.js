// The shop's line to the tag.

/** Hands a call to the tag: `track`, `identify`, `page` or `consent`. Until the tag has loaded, calls wait in the queue. */
export function call(...words) {
  (globalThis.throughline_queue ??= []).push(words);
}

/** Reports an event, in the words of Segment's e-commerce specification. */
export function track(event, properties) {
  call('track', event, properties);
}
