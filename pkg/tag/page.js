// The page: what a decision may know of it, and when another one takes its place.

const UTM = { utmSource: 'utm_source', utmMedium: 'utm_medium', utmCampaign: 'utm_campaign', utmTerm: 'utm_term', utmContent: 'utm_content' };

/** The address without fragment and without our own parameters: what tells pages apart. */
export function address() {
  const [url] = location.href.split('#');
  const [place, query = ''] = url.split('?');
  const others = query.split('&').filter((pair) => pair && !pair.startsWith('tl_'));
  return new URL(others.length ? `${place}?${others.join('&')}` : place);
}

/** Request attributes with the names and values that the edge gives them. */
export function attributes() {
  const { href, pathname, host, search, searchParams } = address();
  const utm = Object.entries(UTM).map(([name, parameter]) => [name, searchParams.get(parameter)]);
  const found = {
    ...Object.fromEntries(utm),
    url: href,
    path: pathname,
    host,
    referrer: document.referrer,
    pageTitle: document.title,
    deviceType: /Mobi|Android|iPhone|iPad|iPod/.test(navigator.userAgent) ? 'mobile' : 'desktop',
    browser: browser(navigator.userAgent),
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    channel: 'web',
  };
  const known = Object.entries(found).filter(([, value]) => value);
  return { ...Object.fromEntries(known), query: search, isBot: false };
}

/** The page as Segment's calls describe it. */
export function context() {
  const { href, pathname, search } = address();
  const page = { path: pathname, url: href, search, title: document.title, referrer: document.referrer };
  return { page, locale: navigator.language, userAgent: navigator.userAgent };
}

/** Calls back when another page is shown without being loaded. */
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

// Browsers claim to be others, so the order matters.
function browser(agent) {
  if (/Edg(A|iOS|e)?\//.test(agent)) return 'edge';
  if (/(Firefox|FxiOS)\//.test(agent)) return 'firefox';
  if (/(Chrome|CriOS|Chromium)\//.test(agent)) return 'chrome';
  return agent.includes('Safari/') ? 'safari' : 'unknown';
}
