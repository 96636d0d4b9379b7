// The slots of the page: finding, filling and emptying them. What was in a slot before is kept, to be put back.
import { fail } from './tell.js';

const STATE = 'data-tl-state';
const DECISION = 'data-tl-decision';
const policy = createPolicy();
const trusted = (html) => policy?.createHTML(html) ?? html;

/** Where the page came from; with `tl_off` it comes as it was written. */
const source = new URL(location.href);
source.searchParams.set('tl_off', '1');
let written;

/** For elements that we have filled: what they showed before, and what they show now. */
const filled = new WeakMap();

/** The slots on the page: name to elements. `selectors` are those of the plan, for pages that cannot name their slots. */
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

/** Whether nobody has decided about the element. */
export function isOpen(element) {
  return !element.hasAttribute(STATE);
}

/** Whether the element shows what was decided. */
export function isFilled(element) {
  return element.getAttribute(STATE) === 'applied';
}

/** Shows the fill; answers whether that changed what is seen. */
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

/** Shows again what was there before anything was decided. */
export async function empty(name, element) {
  if (isFilled(element)) {
    const fallback = filled.get(element)?.fallback ?? (await fallbackOf(name));
    if (!fallback) return;
    element.replaceChildren(...fallback);
    filled.delete(element);
    element.removeAttribute(DECISION);
  }
  element.setAttribute(STATE, 'default');
}

/** What the page was written with, for slots that the edge had filled before we came. */
async function fallbackOf(name) {
  written ??= fetch(source, { headers: { accept: 'text/html' } }).then((answer) => (answer.ok ? answer.text() : ''));
  const page = new DOMParser().parseFromString(trusted(await written), 'text/html');
  const slot = page.querySelector(`[data-tl-slot="${CSS.escape(name)}"]`);
  return slot && [...slot.childNodes];
}

function plain(fill) {
  return 'json' in fill ? JSON.stringify(fill.json) : fill.text;
}

/** The fill as a browser writes it once it has read it. */
function serialised(fill) {
  const template = document.createElement('template');
  if ('html' in fill) template.innerHTML = trusted(fill.html);
  else template.content.append(plain(fill));
  return template.innerHTML;
}

/** Content comes from signed plans, with all facts in it escaped. A page that forbids the policy keeps its fallbacks. */
function createPolicy() {
  try {
    return globalThis.trustedTypes?.createPolicy('throughline', { createHTML: (html) => html });
  } catch (error) {
    fail(error);
    return undefined;
  }
}
