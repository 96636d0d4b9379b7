// The settings of the tag: attributes of its script element, or `throughline_config`.
import { attempt } from './storage.js';

const script = document.currentScript ?? document.querySelector('script[src*="tag.js"]');
const given = { ...script?.dataset, ...globalThis.throughline_config };

/** The base URL of the endpoints. Without an API host it is that of the tag. */
export const base = given.apiHost
  ? new URL('/_tl/', given.apiHost).href
  : new URL('.', script?.src ?? location.href).href;

/** The name of the sender of events. */
export const writeKey = given.writeKey;

/** The public key that plans must be signed with, in base64url. Without it the connection is trusted. */
export const planKey = given.planKey;

/** Parameters of addresses that are recorded besides those of campaigns: names, in which `*` stands for any characters. */
export const keepParameters = String(given.keepParameters ?? '')
  .split(/[\s,]+/)
  .filter(Boolean);

/** Whether page views are recorded automatically. */
export const autoPage = String(given.autoPage) !== 'false';

/** Whether the page hears of changes while it is open. */
export const isLive = given.live !== undefined && String(given.live) !== 'false';

/** Whether the address switches the tag off. */
export const isOff = new URLSearchParams(location.search).get('tl_off') === '1';

/** The id of the edge's decision about this page, if there is one. The edge has then recorded the page view as well. */
export const edgeDecision = attempt(
  () => performance.getEntriesByType('navigation')[0]?.serverTiming?.find(({ name }) => name === 'tl')?.description,
);
