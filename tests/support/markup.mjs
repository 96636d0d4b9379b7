// Pages of nasty markup from a seed, and what parse5, which follows the HTML standard, says of a filled page.
import assert from 'node:assert/strict';
import { parse } from 'parse5';

/** Returns a generator of numbers below `limit`: the same ones for the same seed (mulberry32). */
export function dice(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const PLAIN = 'div section p p span b i a em li ul ol dl dt dd h1 h2 button form nobr font pre main shop-banner'.split(
  ' ',
);
const TABLE = 'table tbody thead tfoot tr td th caption colgroup'.split(' ');
const OTHER =
  'ruby rb rt rp rtc details summary address center object marquee applet label dialog datalist figure'.split(' ');
const VOID = 'br img input hr wbr col link meta embed'.split(' ');
const SELECT = 'select option optgroup'.split(' ');
const RAW = 'script style title textarea iframe noembed noframes noscript xmp'.split(' ');
const FOREIGN =
  'svg svg math mi mn annotation-xml foreignObject desc g circle title p div br mglyph malignmark b'.split(' ');
const ODD = 'html head body template template frameset plaintext frame'.split(' ');
const TEXTS = [
  'text',
  ' ',
  '\n',
  'a < b',
  '<3',
  '&amp;',
  '</>',
  '<!-- c -->',
  '<!---->',
  '<!-->',
  '<!--->x-->',
  '<!-- <p data-tl-slot=s> --!>',
  '<!x>',
  '<?php >',
  '</ x>',
  '<![CDATA[ <p> ]]>',
  '<!doctype html>',
  '\u00e4',
  '<',
  '</',
  '-->',
];

/** Returns a page; its slots are named `s`, and each has a number in `n`. */
export function page(seed) {
  const roll = dice(seed);
  const pick = (list) => list[roll(list.length)];
  const sources = [PLAIN, PLAIN, PLAIN, TABLE, TABLE, OTHER, SELECT, FOREIGN, VOID, RAW, ODD];
  // Most pages use few of them, so that more than one thing goes wrong rarely.
  const used = [PLAIN, ...Array.from({ length: 1 + roll(3) }, () => pick(sources))];
  const isTidy = roll(3) > 0;
  let slots = 0;
  const attributes = () => {
    const quote = pick(['"', "'", '"']);
    const other = pick([
      '',
      '',
      '',
      ' class=x',
      ' title="a>b"',
      " alt='<p>'",
      ' hidden',
      ' / ',
      ' x=y/',
      ' type=hidden',
    ]);
    if (roll(4)) return other;
    slots += 1;
    return `${other} data-tl-slot=${pick([`${quote}s${quote}`, 's'])} n="${slots}"`;
  };
  let out = roll(4) ? '<!doctype html>' : '';
  if (roll(3) === 0) out += '<html><head><title>t</title></head><body>';
  const open = [];
  for (let left = 4 + roll(30); left > 0; left -= 1) {
    const what = roll(10);
    if (what < 5) {
      const list = pick(used);
      const name = roll(12) ? pick(list) : pick(list).toUpperCase();
      out += `<${name}${attributes()}${roll(25) ? '' : '/'}>`;
      if (list === RAW) out += `${pick(['raw', '<p>', '<!-- <script> </script> -->', '</x>', ''])}</${name}>`;
      else if (list !== VOID) open.push(name);
    } else if (what < 8) {
      const name = isTidy || roll(3) ? open.pop() : pick(pick(used));
      // Tidy pages leave out what HTML lets them leave out, and seldom anything else.
      const isLeftOut = isTidy && (/^(p|li|dt|dd|td|th|tr|option|optgroup|rt|rp)$/i.test(name) ? roll(2) : !roll(30));
      if (name && !isLeftOut) out += `</${name}>`;
    } else out += pick(isTidy ? TEXTS.slice(0, 8) : TEXTS);
  }
  while (isTidy && open.length) {
    const name = open.pop();
    if (roll(5)) out += `</${name}>`;
  }
  return roll(4) ? out : `${out}</body></html>\n`;
}

const MARKS = / data-tl-state="applied" data-tl-decision="[^"]+" data-tl-at="\d+" data-tl-for="[\w-]+"(\/?>)/g;

/** Returns the filled page without what was inserted, and where each filled slot ends in it. */
export function withoutFills(filled, content) {
  const starts = [...filled.matchAll(MARKS)];
  let out = '';
  let at = 0;
  const ends = [];
  for (const start of starts) {
    out += filled.slice(at, start.index) + start[1];
    at = start.index + start[0].length;
    assert.ok(filled.startsWith(content, at), 'the content is in the slot');
    at += content.length;
    const [, wrap] = /^<(tl-fallback hidden|template data-tl-fallback)>/.exec(filled.slice(at)) ?? [];
    if (!wrap) {
      ends.push(undefined);
      continue;
    }
    const close = `</${wrap.split(' ')[0]}>`;
    at += wrap.length + 2;
    // A slot in a filled slot is not filled, so the fallback has no mark of ours; a template of its own it may have.
    const next = starts.find(({ index }) => index > at)?.index ?? filled.length;
    const end = closing(filled, at, next, wrap);
    out += filled.slice(at, end);
    ends.push(out.length);
    at = end + close.length;
  }
  return { html: out + filled.slice(at), ends };
}

/** Returns the place of the tag that ends the fallback. */
function closing(filled, at, next, wrap) {
  if (wrap.startsWith('tl')) return filled.indexOf('</tl-fallback>', at);
  // The page's own templates come in pairs, as far as the tests fill slots around them.
  let depth = 1;
  for (const { index, 0: tag } of filled.slice(0, next).matchAll(/<\/?template\b/gi)) {
    if (index < at) continue;
    depth += tag[1] === '/' ? -1 : 1;
    if (!depth) return index;
  }
  return filled.indexOf('</template>', at);
}

const attribute = (node, name) => node.attrs?.find((found) => found.name === name)?.value;
const childrenOf = (node) => [...(node.childNodes ?? []), ...(node.content ? [node.content] : [])];
const textOf = (node) => (node.nodeName === '#text' ? node.value : childrenOf(node).map(textOf).join(''));

function walk(node, visit) {
  visit(node);
  childrenOf(node).forEach((child) => walk(child, visit));
}

/** Returns the tree as text, without what is in these slots. */
function outline(node, numbers) {
  const number = attribute(node, 'n');
  if (node.nodeName === '#text') return JSON.stringify(node.value);
  if (node.nodeName === '#comment') return `<!--${node.data}-->`;
  const own = (node.attrs ?? []).filter(({ name }) => !/^data-tl-(state|decision|at|for)$/.test(name));
  const inner = numbers.has(number)
    ? '…'
    : merged(childrenOf(node))
        .map((child) => outline(child, numbers))
        .join('');
  return `<${node.nodeName}${own.map(({ name, value }) => ` ${name}=${value}`).join('')}>${inner}</>`;
}

/** Returns the nodes without empty texts. */
const merged = (nodes) => nodes.filter((node) => node.nodeName !== '#text' || node.value);

/** Checks that a filled page is the page with filled slots, and nothing else. Returns the number of slots that are filled. */
export function checkFilled(html, filled, content) {
  const { html: rest, ends } = withoutFills(filled, content);
  assert.equal(rest, html, 'without the insertions it is the page');
  // Content before a `frameset` keeps browsers from dropping the page for it.
  if (filled === html || /<frameset/i.test(html)) return 0;
  const before = parse(html, { sourceCodeLocationInfo: true });
  const after = parse(filled);
  const slots = new Map();
  walk(after, (node) => {
    if (attribute(node, 'data-tl-state') === 'applied') slots.set(attribute(node, 'n'), node);
  });
  const numbers = new Set(slots.keys());
  assert.equal(numbers.size, ends.length, 'each filled slot is an element');
  assert.equal(outline(after, numbers), outline(before, numbers), 'the page around the slots is the same');
  const plain = textOf(parse(content));
  const firsts = new Map();
  walk(before, (node) => {
    const number = attribute(node, 'n');
    if (numbers.has(number) && !firsts.has(number)) firsts.set(number, node);
  });
  // In the order of the page, which is not that of the tree if the parser has moved elements.
  const inOrder = [...slots].sort(([a], [b]) => a - b);
  inOrder.forEach(([number, node], index) => {
    const original = firsts.get(number);
    let fallback;
    walk(node, (inner) => {
      if (inner.nodeName === 'tl-fallback' || attribute(inner, 'data-tl-fallback') !== undefined) fallback ??= inner;
    });
    const end = ends[index];
    if (end === undefined) return assert.ok(textOf(node).startsWith(plain), 'the content comes first');
    const { endTag, endOffset } = original.sourceCodeLocation;
    const expected = endTag?.startOffset ?? endOffset;
    // What is open at the end of the body ends with it, for us before the tags that follow.
    const isEndOfPage = expected === html.length && /^(\s|<\/body>|<\/html>|<!--.*?-->)*$/s.test(html.slice(end));
    if (!isEndOfPage) assert.equal(end, expected, 'the slot ends where the standard says');
    // The parser drops a first line feed in `pre`, and after the end of the body space belongs to what is open.
    const trimmed = (text) => text.replace(/^\n+/, '').trimEnd();
    const inside = trimmed(textOf(original));
    const shown = textOf(node).trimEnd();
    assert.equal(trimmed(textOf(fallback)), inside, 'the fallback is what the slot contained');
    assert.equal(plain + trimmed(shown.slice(plain.length)), (plain + inside).trimEnd(), 'nothing else is in the slot');
  });
  return slots.size;
}
