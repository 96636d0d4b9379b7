// The page: its facts for decisions, and navigation without a load.

/** Returns the address without its fragment and the edge's parameters. It identifies the page. */
export function address() {
  const [url] = location.href.split('#');
  const [place, query = ''] = url.split('?');
  const others = query.split('&').filter((pair) => pair && !pair.startsWith('tl_'));
  return new URL(others.length ? `${place}?${others.join('&')}` : place);
}

/** Returns the request attributes, with the same names and values as at the edge. */
export function attributes() {
  const { href, pathname, host, search } = address();
  const found = {
    url: href,
    path: pathname,
    host,
    referrer: document.referrer,
    pageTitle: document.title,
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
  const page = { path: pathname, url: href, search, title: document.title, referrer: document.referrer };
  return { page, locale: navigator.language, userAgent: navigator.userAgent };
}

/** Calls back when another page is shown without a load; without an address when it comes from the back/forward cache. */
export function watch(shown) {
  let last = address().href;
  const check = () => {
    const { href } = address();
    if (href !== last) shown((last = href));
  };
  if (globalThis.navigation) {
    navigation.addEventListener('currententrychange', check);
  } else {
    for (const method of ['pushState', 'replaceState']) {
      const original = history[method];
      history[method] = function (...args) {
        original.apply(this, args);
        check();
      };
    }
    addEventListener('popstate', check);
  }
  addEventListener('pageshow', ({ persisted }) => persisted && shown());
}
