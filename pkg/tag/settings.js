// The settings of the tag: attributes of its script element, or `throughline_config`.
import { get } from './document.js';
import { attempt } from './storage.js';

const current = attempt(() => get('currentScript'));
/** The tag's own element. No other one may say where the endpoints are: markup of visitors could. */
const script = current instanceof HTMLScriptElement ? current : undefined;
const given = { ...script?.dataset, ...globalThis.throughline_config };
const isSet = (value) => value !== undefined && String(value) !== 'false';

/** The base URL of the endpoints: of the API host, else of the tag. It is `undefined` if neither is known; then the tag does nothing. */
export const base = attempt(() => (given.apiHost ? baseOf(given.apiHost) : folderOf(script?.src || moduleUrl())));

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

/** Whether the fragment is the path of the page, as in `#/pricing/`. */
export const hashRoutes = isSet(given.hashRoutes);

/** Whether the page hears of changes while it is open. */
export const isLive = isSet(given.live);

/** Whether the address switches the tag off. */
export const isOff = new URLSearchParams(location.search).get('tl_off') === '1';

/** How the browser has got the page; `undefined` in browsers that do not say. */
export const navigationEntry = attempt(() => performance.getEntriesByType('navigation')[0]);

/** The id of the edge's decision about this page, if there is one. The edge has then recorded the page view as well. */
export const edgeDecision = timing('tl');

/** The plan of that decision. */
export const edgePlan = timing('tl-plan');

function timing(name) {
  return attempt(() => navigationEntry.serverTiming.find((one) => one.name === name).description) || undefined;
}

/** Returns the folder of an API host, which is `/_tl/` if it has no path. Without TLS it must be of the page's own site. */
function baseOf(host) {
  const url = new URL(host, location.href);
  const [one, other] = [`.${url.hostname}`, `.${location.hostname}`];
  const isOurs = location.hostname && (one.endsWith(other) || other.endsWith(one));
  if (url.protocol !== 'https:' && !isOurs) return undefined;
  const path = url.pathname === '/' ? '/_tl/' : url.pathname.replace(/\/?$/, '/');
  return /^https?:$/.test(url.protocol) ? url.origin + path : undefined;
}

function folderOf(address) {
  return address && new URL('.', address).href;
}

/** Returns the address of the tag where it was built as a module, by tools/tag.mjs. */
function moduleUrl() {
  return typeof TAG_MODULE === 'undefined' ? undefined : import.meta.url;
}
