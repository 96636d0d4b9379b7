// The slots of the page: finding and emptying them. fill.js fills them.
//
// A filled slot has our nodes in front of the others, which are hidden, and neither moved nor removed. The edge fills
// before the page is parsed: its content stands in the slot itself, and the origin's in `<tl-fallback hidden>`, in
// `<template data-tl-fallback>` where the parser allows no other element, or behind a script in another script.
import { fail } from './emit.js';
import { loadParts } from './parts.js';

const SLOT = 'data-tl-slot';
const STATE = 'data-tl-state';
const DECISION = 'data-tl-decision';
const FALLBACK = 'tl-fallback,[data-tl-fallback]';
const OURS = 'tl-fill,[data-tl-own]';

/** The document, and the shadow roots in which the page has slots. */
const roots = new Set([document]);
/** The filled elements: our nodes, a key of the content, whether the edge has filled them, and whether that is accepted. */
const filled = new WeakMap();
/** The functions of fill.js. */
let filler;

/** Loads what fills slots. */
export async function loadFiller() {
  filler ??= (await loadParts()).newFiller(filled, empty);
}

/** Adds a shadow root in which slots are found. */
export function addRoot(root) {
  if (!(root instanceof ShadowRoot)) throw new TypeError('`slots`: expected an open shadow root');
  roots.add(root);
}

/** Returns a Map from the slots on the page to their elements. `selectors` are the plan's, for pages without slot attributes. */
export function slots(selectors = {}) {
  const found = new Map();
  const add = (name, element) => {
    // Within a filled slot nothing is seen of what it hides.
    if (element.parentElement?.closest(`[${STATE}=applied]`)) return;
    if (isFilled(element) && !filled.has(element)) adopt(element);
    found.set(name, (found.get(name) ?? new Set()).add(element));
  };
  for (const element of all(`[${SLOT}]`)) add(element.dataset.tlSlot, element);
  for (const [name, { selector }] of Object.entries(selectors)) {
    if (!selector) continue;
    try {
      for (const element of all(selector)) add(name, element);
    } catch (error) {
      fail(error);
    }
  }
  return found;
}

/** Returns whether nothing is decided about the element, or nothing but what came with it. */
export function isOpen(element) {
  return !element.hasAttribute(STATE) || (isFilled(element) && !filled.get(element)?.isAccepted);
}

/** Returns whether there are undecided slots on the page. */
export function areOpen() {
  return [...slots().values()].some((elements) => [...elements].some(isOpen));
}

/** Returns whether an element is an undecided slot, or contains one. */
export function hasOpen(element) {
  return [element, ...element.querySelectorAll(`[${SLOT}]`)].some((one) => one.dataset?.tlSlot && isOpen(one));
}

/** Returns whether the element is filled. */
export function isFilled(element) {
  return element.getAttribute(STATE) === 'applied';
}

/** Accepts what the edge has filled an element with, and returns the key of the content. */
export function accept(element) {
  const state = filled.get(element);
  state.isAccepted = true;
  return state.key;
}

/** Returns the elements that the edge has filled, with its marks. */
export function marked() {
  return all('[data-tl-for]');
}

/** Returns the ids of the decisions that have filled the page. */
export function decisions() {
  return all(`[${DECISION}]`).map((element) => element.getAttribute(DECISION));
}

/** Fills the element, and returns the key of its content. */
export function fill(element, content, decisionId) {
  if (filler.fill(element, content)) element.setAttribute(DECISION, decisionId);
  element.setAttribute(STATE, 'applied');
  return accept(element);
}

/** Shows the element's own content. Returns whether there are undecided slots in it. */
export function empty(element, state = 'default') {
  const before = filled.get(element);
  element.setAttribute(STATE, state);
  if (!before) return false;
  filled.delete(element);
  for (const node of before.nodes) if (node.parentNode === element) node.remove();
  filler?.uncover(element);
  reveal(element);
  element.removeAttribute(DECISION);
  return Boolean(element.querySelector(`[${SLOT}]:not([${STATE}])`));
}

/** Empties all elements that were filled for a visitor; with `ours` those alone that the tag has filled. */
export function clear(ours = false) {
  for (const elements of slots().values()) {
    for (const element of [...elements].filter(isFilled)) if (!ours || !filled.get(element).isEdge) empty(element);
  }
}

/** Keeps filled elements filled, and calls back with elements that are added. Returns how to watch another root as well. */
export function watch(added) {
  const observer = new MutationObserver((records) => {
    for (const target of new Set(records.map(({ target }) => target))) if (isKept(target)) filler.keep(target);
    added(records.flatMap(({ addedNodes }) => [...addedNodes]).filter(({ nodeType }) => nodeType === 1));
  });
  const observe = (root) => observer.observe(root, { childList: true, subtree: true });
  for (const root of roots) observe(root);
  return observe;
}

function isKept(element) {
  const state = filled.get(element);
  return state && !state.isEdge && isFilled(element);
}

/** Takes note of an element that was filled by the edge, or by the tag before a script copied it. */
function adopt(element) {
  const children = [...element.childNodes];
  const copies = children.filter((node) => node.matches?.(OURS));
  const nodes = copies.length ? copies : children.filter((node) => !node.matches?.(FALLBACK));
  filled.set(element, { key: keyOf(nodes), nodes, isEdge: !copies.length });
  filler?.keep(element);
}

/** Returns the key of a content: its HTML. */
function keyOf(nodes) {
  const copy = document.createElement('template');
  copy.content.append(...nodes.map((node) => node.cloneNode(true)));
  for (const own of copy.content.querySelectorAll('tl-fill')) own.replaceWith(...own.childNodes);
  for (const own of copy.content.children) own.removeAttribute('data-tl-own');
  return copy.innerHTML;
}

/** Shows the origin's content where the edge has put it. */
function reveal(element) {
  const next = element.nextElementSibling;
  if (element.localName === 'script') {
    if (next?.hasAttribute('data-tl-fallback')) element.append(next.textContent);
    return;
  }
  for (const kept of [...element.children].filter((child) => child.matches(FALLBACK))) {
    if (kept.content) kept.replaceWith(kept.content);
    kept.hidden = false;
    kept.style.display = 'contents';
  }
}

/** Returns the elements of the page that a selector finds, in shadow roots too. */
function all(selector) {
  return [...roots].flatMap((root) => [...root.querySelectorAll(selector)]);
}
