// The page: its facts for decisions, and navigation without a load.
import { isCampaign } from './address.js';
import { get } from './document.js';
import { hashRoutes } from './settings.js';

/** The page that the site has named by `page` with a path, until the address names another one. */
let named;

/** Returns the address of the page, without fragment and the edge's parameters. */
export function address() {
  return named ?? located();
}

/** Returns a text that is another one for another page. Parameters of campaigns make no other page. */
export function pageKey(found = address()) {
  const { origin, pathname, search } = found;
  const pairs = search.slice(1).split('&');
  return `${origin}${pathname}?${pairs.filter((pair) => !isCampaign(pair.split('=')[0])).join('&')}`;
}

/** Sets the page to what the site says: by `url` or `path`. */
export function namePage(place) {
  named = withoutOurs(new URL(place, located()).href.split('#')[0]);
}

/** Returns the request attributes, with the same names and values as at the edge. */
export function attributes() {
  const { href, pathname, host, search } = address();
  const found = {
    url: href,
    path: pathname,
    host,
    referrer: get('referrer'),
    pageTitle: get('title'),
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    channel: 'web',
  };
  const known = Object.entries(found).filter(([, value]) => value);
  return { ...Object.fromEntries(known), query: search, isBot: false };
}

/** Returns the user agent and its client hints. */
export function agent() {
  const { userAgent, userAgentData: { mobile, platform } = {} } = navigator;
  return { userAgent, mobile, platform };
}

/** Returns the page in the form of a Segment call's context. */
export function context() {
  const { href, pathname, search } = address();
  const page = { path: pathname, url: href, search, title: get('title'), referrer: get('referrer') };
  return { page, locale: navigator.language, userAgent: navigator.userAgent };
}

/**
 * Calls back when another page is shown without a load; with `true` when it comes from the back/forward cache.
 *
 * A new entry of the history, and a way back to one, show another page if the address is another one. An address that is
 * only replaced does so if its path changes: link cleaners and filters replace the rest of it.
 */
export function watch(shown) {
  let last = located();
  const moved = (isReplaced) => {
    const [before, now] = [last, located()];
    last = now;
    const isOther = isReplaced ? now.pathname !== before.pathname : pageKey(now) !== pageKey(before);
    if (!isOther) return;
    named = undefined;
    shown(false);
  };
  if (globalThis.navigation) {
    navigation.addEventListener(
      'currententrychange',
      ({ navigationType }) => navigationType && moved(navigationType === 'replace'),
    );
  } else {
    for (const method of ['pushState', 'replaceState']) {
      const original = history[method];
      history[method] = function (...args) {
        original.apply(this, args);
        moved(method === 'replaceState');
      };
    }
    for (const type of ['popstate', 'hashchange']) addEventListener(type, () => moved(false));
  }
  addEventListener('pageshow', ({ persisted }) => persisted && shown(true));
}

/** Returns the page of the browser's address. */
function located() {
  const [url, ...fragment] = location.href.split('#');
  const [, route] = (hashRoutes && /^!?(\/.*)/.exec(fragment.join('#'))) || [];
  if (!route) return withoutOurs(url);
  const { href, search } = new URL(route, url);
  // Campaigns are in front of the fragment.
  const pairs = [new URL(url).search.slice(1), search.slice(1)].filter(Boolean).join('&');
  return withoutOurs(`${href.split(/[?#]/)[0]}?${pairs}`);
}

function withoutOurs(address) {
  const [place, query = ''] = address.split('?');
  const others = query.split('&').filter((pair) => pair && !pair.startsWith('tl_'));
  return new URL(others.length ? `${place}?${others.join('&')}` : place);
}
