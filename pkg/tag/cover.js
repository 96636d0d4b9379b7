// Hiding the content of a filled slot. It may belong to a framework, which expects to find its nodes where it has put them:
// none is moved or removed here. Ways that also hide what is added later are preferred.
import { attempt } from './storage.js';

/** The attribute of elements whose content the style sheet hides. */
const COVERED = 'data-tl-covered';
/** The attribute of our nodes where they cannot stand in `tl-fill`. */
export const OWN = 'data-tl-own';
const RULE = `[${COVERED}]>:not(tl-fill):not([${OWN}]){display:none!important}`;
/** The elements that may have a shadow root. Custom elements may, too, but would fail to attach their own one. */
const HOSTS = /^(article|aside|blockquote|body|div|footer|h[1-6]|header|main|nav|p|section|span)$/;

const sheet = attempt(() => {
  const made = new CSSStyleSheet();
  made.replaceSync(RULE);
  return document.adoptedStyleSheets && made;
});
/** The elements with a shadow root of ours. */
const hosts = new WeakSet();
/** The texts that are emptied, with their text. */
const texts = new WeakMap();
/** The elements that are hidden one by one, with the value and the priority of their `display`. */
const hidden = new WeakMap();

/** Hides all nodes of an element but those of ours. It may be called again after the content has changed. */
export function cover(element, ours) {
  const others = [...element.childNodes].filter((node) => !ours.includes(node));
  const words = others.filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if ((words.length || !sheet) && isHost(element)) return;
  for (const word of words) blank(word);
  if (words.length) changes?.observe(element, { characterData: true, subtree: true });
  if (sheet) {
    const root = element.getRootNode();
    const sheets = root.adoptedStyleSheets ?? [sheet];
    if (!sheets.includes(sheet)) root.adoptedStyleSheets = [...sheets, sheet];
    element.setAttribute(COVERED, '');
  } else {
    for (const other of others) hide(other);
  }
}

/** Shows what `cover` has hidden. */
export function uncover(element) {
  element.removeAttribute(COVERED);
  for (const node of element.childNodes) {
    if (texts.has(node)) {
      if (!node.data) node.data = texts.get(node);
      texts.delete(node);
    }
    if (hidden.has(node)) {
      node.style.setProperty('display', ...hidden.get(node));
      hidden.delete(node);
    }
  }
}

/** Returns whether the element shows its children by a shadow root of ours: `tl-fill`, or without one all others. */
function isHost(element) {
  if (hosts.has(element)) return true;
  const root = HOSTS.test(element.localName) && attempt(() => element.attachShadow({ mode: 'open' }));
  if (!root) return false;
  const fill = document.createElement('slot');
  fill.name = 'tl-fill';
  fill.append(document.createElement('slot'));
  root.append(fill);
  hosts.add(element);
  return true;
}

/** Empties a text. A framework that changes it later changes what is shown afterwards. */
function blank(text) {
  texts.set(text, text.data);
  text.data = '';
}

const changes = attempt(
  () =>
    new MutationObserver((records) => {
      for (const { target } of records) if (texts.has(target) && target.data) blank(target);
    }),
);

function hide(node) {
  if (!node.style || hidden.has(node)) return;
  hidden.set(node, [node.style.getPropertyValue('display'), node.style.getPropertyPriority('display')]);
  node.style.setProperty('display', 'none', 'important');
}
