// What the page says about the tag: attributes of its script element, or `throughline_config`.

const script = document.currentScript ?? document.querySelector('script[src*="tag.js"]');
const given = { ...script?.dataset, ...globalThis.throughline_config };

/** The endpoints' address. Without an API host they are where the tag came from. */
export const base = given.apiHost
  ? new URL('/_tl/', given.apiHost).href
  : new URL('.', script?.src ?? location.href).href;

/** Names the sender of events. */
export const writeKey = given.writeKey;

/** The public key that plans must be signed with, in base64url; without it the connection is trusted. */
export const planKey = given.planKey;

/** Whether page views are recorded without being told. */
export const autoPage = String(given.autoPage) !== 'false';

/** Whether the address asks us to do nothing. */
export const isOff = new URLSearchParams(location.search).get('tl_off') === '1';

/** The decision of the edge about this page, which then has recorded the page view, too. */
export const edgeDecision = performance
  .getEntriesByType('navigation')[0]
  ?.serverTiming?.find(({ name }) => name === 'tl')?.description;
