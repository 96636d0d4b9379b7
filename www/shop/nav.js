// Quick navigation: between the shop's reading pages only `main` is replaced. Everything else is an ordinary
// link.
import { call } from './track.js';

const IN_PLACE = /^\/(category\/|pricing\/|product\/[^/]+\/)?$/;
const scrolled = new Map();
let shown = location.pathname;
let running;

/** Follows links in place; `enter` is called with each new `main`. */
export function navigateInPlace(enter) {
  if (!IN_PLACE.test(location.pathname)) return;
  history.scrollRestoration = 'manual';
  document.addEventListener('click', (event) => {
    const url = destination(event);
    if (!url) return;
    event.preventDefault();
    go(url, enter, true);
  });
  addEventListener('popstate', () => {
    const url = new URL(location.href);
    if (url.pathname === shown) return;
    if (IN_PLACE.test(url.pathname)) go(url, enter, false);
    else location.reload();
  });
}

/** Returns the target of a click, if it is a plain click on a link to a page that can be shown in place. */
function destination(event) {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = event.target.closest?.('a[href]');
  if (event.defaultPrevented || !isPlain || !link || link.target || link.hasAttribute('download')) return undefined;
  const url = new URL(link.href);
  const isHere = url.pathname === location.pathname;
  return url.origin === location.origin && IN_PLACE.test(url.pathname) && !isHere ? url : undefined;
}

async function go(url, enter, isNew) {
  running?.abort();
  const { signal } = (running = new AbortController());
  const page = await load(url, signal).catch(() => undefined);
  if (signal.aborted) return;
  const main = page?.querySelector('main');
  if (!main) {
    location.assign(url);
    return;
  }
  scrolled.set(shown, scrollY);
  shown = url.pathname;
  show(page, main, url);
  // The URL changes after the content, so that listeners for a new URL find the new slots.
  if (isNew) history.pushState(null, '', url);
  scrollTo({ top: isNew ? 0 : (scrolled.get(url.pathname) ?? 0), behavior: 'instant' });
  if (url.hash) document.querySelector(url.hash)?.scrollIntoView();
  call('page');
  enter(main);
}

/** Loads the original page; the tag fills its slots here. */
async function load(url, signal) {
  const plain = new URL(url);
  plain.searchParams.set('tl_off', '1');
  const answer = await fetch(plain, { signal, headers: { accept: 'text/html' } });
  if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

function show(page, main, url) {
  main.dataset.entering = '';
  document.querySelector('main').replaceWith(main);
  document.title = page.title;
  for (const link of document.querySelectorAll('.site-nav a')) {
    if (link.pathname === url.pathname) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  main.focus({ preventScroll: true });
  announce(page.title);
}

/** Announces the new page's title to screen readers, which notice a load but not a replacement. */
function announce(title) {
  let region = document.querySelector('[data-announcer]');
  if (!region) {
    region = document.createElement('p');
    region.className = 'visually-hidden';
    region.dataset.announcer = '';
    region.setAttribute('role', 'status');
    document.body.append(region);
  }
  region.textContent = title;
}
