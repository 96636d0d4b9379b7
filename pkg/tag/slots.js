// The slots of the page: finding, filling and emptying them. The fallback of a filled slot is kept, to be restored.
import { fail } from './emit.js';

const STATE = 'data-tl-state';
const DECISION = 'data-tl-decision';
const policy = createPolicy();
const trusted = (html) => policy?.createHTML(html) ?? html;

/** The address of this page without personalisation. */
const source = new URL(location.href);
source.searchParams.set('tl_off', '1');
let written;

/** For elements that the tag has filled: their fallback, and a key of their content. */
const filled = new WeakMap();

/** Returns a Map from the slots on the page to their elements. `selectors` are the plan's, for pages without slot attributes. */
export function slots(selectors = {}) {
  const found = new Map();
  const add = (name, element) => found.set(name, (found.get(name) ?? new Set()).add(element));
  for (const element of document.querySelectorAll('[data-tl-slot]')) add(element.dataset.tlSlot, element);
  for (const [name, { selector }] of Object.entries(selectors)) {
    if (!selector) continue;
    try {
      for (const element of document.querySelectorAll(selector)) add(name, element);
    } catch (error) {
      fail(error);
    }
  }
  return found;
}

/** Returns whether the element is undecided. */
export function isOpen(element) {
  return !element.hasAttribute(STATE);
}

/** Returns whether the element is filled. */
export function isFilled(element) {
  return element.getAttribute(STATE) === 'applied';
}

/** Fills the element, and returns whether its content has changed. */
export function fill(element, fill, decisionId) {
  const key = JSON.stringify([fill.html, fill.text, fill.json]);
  const before = filled.get(element);
  const isSame = before ? before.key === key : isFilled(element) && element.innerHTML === serialised(fill);
  if (!isSame) {
    const fallback = before?.fallback ?? (isFilled(element) ? undefined : [...element.childNodes]);
    if ('html' in fill) element.innerHTML = trusted(fill.html);
    else element.replaceChildren(plain(fill));
    filled.set(element, { key, fallback });
    element.setAttribute(DECISION, decisionId);
  }
  element.setAttribute(STATE, 'applied');
  return !isSame;
}

/** Restores the fallback of the element. */
export async function empty(name, element) {
  if (isFilled(element)) {
    const before = filled.get(element);
    const fallback = before?.fallback ?? (await fallbackOf(name));
    // Meanwhile another decision may have filled it.
    if (!fallback || filled.get(element) !== before) return;
    element.replaceChildren(...fallback);
    filled.delete(element);
    element.removeAttribute(DECISION);
  }
  element.setAttribute(STATE, 'default');
}

/** Removes all content that was for a visitor at once. Fallbacks that are not on this page follow once they are loaded. */
export function clear() {
  for (const element of document.querySelectorAll(`[${STATE}=applied]`)) {
    if (!filled.get(element)?.fallback) {
      element.replaceChildren();
      filled.set(element, { key: '' });
    }
    empty(element.dataset.tlSlot, element).catch(fail);
  }
}

/** Returns the fallback of a slot that the edge has filled, from the page without personalisation. */
async function fallbackOf(name) {
  written ??= fetch(source, { headers: { accept: 'text/html' } }).then((response) =>
    response.ok ? response.text() : '',
  );
  written.catch(() => (written = undefined));
  const page = new DOMParser().parseFromString(trusted(await written), 'text/html');
  const slot = name && page.querySelector(`[data-tl-slot="${CSS.escape(name)}"]`);
  return slot && [...slot.childNodes];
}

function plain(fill) {
  return 'json' in fill ? JSON.stringify(fill.json) : fill.text;
}

/** Returns the fill as `innerHTML` serialises it. */
function serialised(fill) {
  const template = document.createElement('template');
  if ('html' in fill) template.innerHTML = trusted(fill.html);
  else template.content.append(plain(fill));
  return template.innerHTML;
}

/** Returns a Trusted Types policy. Content comes from signed plans with all facts escaped. A page that forbids the policy keeps its fallbacks. */
function createPolicy() {
  try {
    return globalThis.trustedTypes?.createPolicy('throughline', { createHTML: (html) => html });
  } catch (error) {
    fail(error);
    return undefined;
  }
}
