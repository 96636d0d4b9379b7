// Filling slots: our nodes are added in front of the others, which cover.js hides.
import { cover, OWN, uncover } from './cover.js';

/** The elements whose children are laid out as children alone. */
const TABLES = /^(table|thead|tbody|tfoot|tr|colgroup|select)$/;
/** The elements that contain text and nothing else. */
const TEXTS = /^(script|style|title|textarea|option)$/;
/** The most times that our nodes are put back into an element from which a script removes them. */
const MAX_RETURNS = 20;

let policy;

/** Returns the functions that fill the elements of `filled`. `empty` gives an element up, with a state. */
export function newFiller(filled, empty) {
  return { fill: (element, content) => fill(filled, element, content), keep, uncover };

  /** Keeps an element filled after its children have changed. */
  function keep(element) {
    const state = filled.get(element);
    if (state.isEdge) return;
    if (state.nodes.some((node) => node.parentNode !== element)) {
      state.returns = (state.returns ?? 0) + 1;
      if (state.returns > MAX_RETURNS) return empty(element, 'error');
      element.prepend(...state.nodes);
    }
    cover(element, state.nodes);
  }
}

/** Fills an element, and returns whether its content has changed. */
function fill(filled, element, content) {
  const before = filled.get(element);
  const made = parse(content);
  const key = made.innerHTML;
  if (before?.key === key) return false;
  const nodes = ownNodes(element, made.content);
  element.prepend(...nodes);
  for (const node of before?.nodes ?? []) if (node.parentNode === element) node.remove();
  filled.set(element, { key, nodes });
  cover(element, nodes);
  return true;
}

/** Returns the nodes that fill an element. */
function ownNodes(element, content) {
  if (TEXTS.test(element.localName)) return [document.createTextNode(content.textContent)];
  if (TABLES.test(element.localName)) {
    for (const child of content.children) child.setAttribute(OWN, '');
    return [...content.childNodes];
  }
  const own = document.createElement('tl-fill');
  own.slot = 'tl-fill';
  own.style.display = 'contents';
  own.append(content);
  return [own];
}

/** Returns a `template` with a content. Content comes from signed plans with all facts escaped. */
function parse(content) {
  const made = document.createElement('template');
  if ('html' in content) {
    policy ??= globalThis.trustedTypes?.createPolicy('throughline', { createHTML: (html) => html }) ?? {};
    made.innerHTML = policy.createHTML?.(content.html) ?? content.html;
  } else made.content.append('json' in content ? JSON.stringify(content.json) : content.text);
  return made;
}
