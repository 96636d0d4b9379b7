// Templates and facts for liquidjs and the core, equal for equal seeds. They use all tags and filters of
// `docs/templates.md` that liquidjs has, without the documented differences. Some constructs are left out,
// because liquidjs differs from Shopify there: `else` of a loop with an `offset`, ranges to non-integers,
// slices of nil as lists, and `nil` before `==`.
import { randomness } from '../support/random.mjs';

const TEXTS = [
  '',
  'a',
  'gold',
  'Zoë <3',
  'two words',
  ' spaces ',
  'a,b,,c',
  'straße',
  'l-l-l',
  '12',
  '1.5',
  '日本',
  'I like long texts of many words',
  'it\'s "so" & so',
];
// Halves and quarters: JavaScript calculates with them as exactly as the core does with decimals.
const NUMBERS = [0, 1, -1, 2, 3, 7, 10, 2.5, -0.5, 1234.5, 0.25, 100, 1.125];
const TITLES = ['Tent', 'cup', 'Boots', 'ällt', 'axe'];

/** The types of the attributes. */
export const attributes = {
  text: 'string',
  tier: 'string',
  nobody: 'string',
  count: 'number',
  price: 'number',
  vip: 'boolean',
  tags: 'list',
  items: 'list',
  none: 'list',
  cart: 'object',
  at: 'date',
};

/** The values that a template can read, by the kind of filter for which they make sense. */
const VALUES = {
  any: [
    'text',
    'tier',
    'nobody',
    'count',
    'price',
    'vip',
    '"é & <b>"',
    "'gold'",
    '7',
    '2.5',
    'true',
    'nil',
    'tags.size',
    'tags.first',
    'tags[1]',
    'items[0].title',
    'cart.total',
    'cart.items.last.title',
    'cart["items"][1].price',
  ],
  text: ['text', 'tier', '"a b c"', "'l'", 'items[0].title', 'tags.first', 'cart.note'],
  number: ['count', 'price', '7', '2.5', 'cart.total', 'tags.size', 'items[1].price'],
  strings: ['tags', 'none'],
  things: ['items', 'cart.items'],
};

/** Filters by what they take and what they give. */
// biome-ignore format: a table, a line for each kind.
const FILTERS = {
  text: {
    text: [
      'upcase', 'downcase', 'capitalize', 'strip', 'lstrip', 'rstrip', "append: '<i>'", 'prepend: tier',
      "replace: 'l', '0'", "replace_first: 'l', 'L'", "remove: 'o'", "remove_first: 'a'",
      'truncate: 4', "truncate: 5, '…'", "truncate: 8, ''", "append: ' of many words' | truncatewords: 2",
      "append: ' and more' | truncatewords: 1, '-'", 'slice: 0', 'slice: 1, 2', 'slice: -2, 2', "default: 'there'",
      'url_encode',
    ],
    strings: ["split: ','", "split: ' '", "split: 'l'"],
    number: ['size'],
  },
  number: {
    number: [
      'plus: 3', 'minus: 2.5', 'times: 2', 'divided_by: 0.5', 'modulo: 3', 'round', 'round: 1', 'floor', 'ceil', 'abs',
      'at_least: 5', 'at_most: 8', 'default: 0', 'plus: count', 'times: price',
    ],
    text: ["append: ''", 'json'],
  },
  strings: {
    strings: [
      'reverse', 'sort', 'sort_natural', 'uniq', 'compact', 'concat: tags', 'concat: none', 'compact | slice: 0',
      'compact | slice: 1, 2', 'compact | slice: -2, 2',
    ],
    text: ['join', "join: ', '", "join: '-'", 'first', 'last', 'json', 'slice: 0, 2 | join'],
    number: ['size'],
  },
  things: {
    things: [
      'reverse', "sort: 'title'", "sort_natural: 'title'", "where: 'title', 'Tent'", "where: 'fine'", 'concat: items',
      'concat: cart.items', "sort: 'price'", 'compact | slice: 0, 2', 'compact | slice: -1',
    ],
    strings: ["map: 'title'"],
    number: ["sum: 'price'", 'size'],
  },
};

/** Returns templates for the facts of several people. */
export function generate(seed, { templates, people }) {
  const random = randomness(seed);
  const below = (count) => Math.floor(random() * count);
  const pick = (list) => list[below(list.length)];

  const thing = () => ({
    title: pick(TITLES),
    price: pick(NUMBERS),
    ...(below(2) ? { fine: pick([true, false]) } : {}),
  });
  const some = (make, most = 4) => Array.from({ length: below(most + 1) }, make);
  const facts = () => {
    const all = {
      text: pick(TEXTS),
      tier: pick(['gold', 'silver', 'l']),
      count: pick(NUMBERS),
      price: pick(NUMBERS),
      vip: pick([true, false]),
      none: [],
      tags: some(() => pick(TEXTS)),
      items: some(thing),
      cart: { total: pick(NUMBERS), note: pick(TEXTS), items: some(thing) },
      at: pick(['2025-10-09T08:53:20Z', '2024-02-29T23:59:59Z', '2026-01-01T00:00:00Z']),
    };
    return Object.fromEntries(Object.entries(all).filter(() => below(6)));
  };

  const filtered = (inLoop) => {
    let kind = pick(['text', 'number', 'strings', 'things']);
    let out =
      inLoop && kind === 'text' && below(2) ? (inLoop === 'things' ? 'item.title' : 'item') : pick(VALUES[kind]);
    for (let left = 1 + below(3); left > 0 || kind === 'strings' || kind === 'things'; left--) {
      const next = left > 0 ? pick(Object.keys(FILTERS[kind])) : kind === 'things' ? 'strings' : 'text';
      out += ` | ${pick(FILTERS[kind][next])}`;
      kind = next;
    }
    return out;
  };
  const value = (inLoop) =>
    inLoop && below(3)
      ? pick([
          ...(inLoop === 'things' ? ['item.title', 'item.price', 'item.fine'] : ['item', 'item.size']),
          'forloop.index',
          'forloop.index0',
          'forloop.rindex',
          'forloop.rindex0',
          'forloop.first',
          'forloop.last',
          'forloop.length',
        ])
      : pick(VALUES.any);
  const test = (inLoop) => {
    switch (below(4)) {
      case 0:
        return value(inLoop);
      case 1:
        return `${value(inLoop).replace(/^nil$/, 'nobody')} ${pick(['==', '!='])} ${pick(["'gold'", 'tier', '7', 'true', 'nil', 'count', 'blank'])}`;
      case 2:
        if (!below(4)) return `${pick(['""', '"é"', 'lists.all'])} ${pick(['==', '!='])} empty`;
        return `${pick(['text', 'tier', 'tags'])} contains ${pick(["'a'", "'gold'", 'tier'])}`;
      default:
        return `${pick(VALUES.number)} ${pick(['<', '<=', '>', '>='])} ${pick(['7', '2.5', 'count'])}`;
    }
  };
  const condition = (inLoop) =>
    Array.from({ length: 1 + below(3) }, () => test(inLoop)).reduceRight(
      (right, left) => `${left} ${pick(['and', 'or'])} ${right}`,
    );
  const SOURCES = {
    texts: ['tags', 'none', 'nobody', '(1..4)', '(2..tags.size)', 'mine'],
    things: ['items', 'cart.items', 'lists.all'],
  };
  const leave = (kind) =>
    pick([
      '',
      '',
      `{% if ${condition(kind)} %}{% break %}{% endif %}`,
      `{% if ${condition(kind)} %}{% continue %}{% endif %}`,
    ]);

  const piece = (depth, inLoop = false) => {
    const next = () => piece(depth - 1, inLoop);
    switch (below(depth > 0 ? 13 : 5)) {
      case 0:
        return pick([
          'fixed ',
          ' a {% raw %}{{ no }}{% endraw %} ',
          '{% comment %} {{ not }} {% endcomment %}',
          "it's ",
          'é\n',
        ]);
      case 1:
        return ` {{- ${filtered(inLoop)} -}} `;
      case 2:
        return `{{ ${value(inLoop)} }}`;
      case 3:
        return `{{ ${filtered(inLoop)} }}`;
      case 4:
        return `{{ at | date: "${pick(['%Y-%m-%d', '%H:%M:%S', '%A, %-d %B %Y', '%a %e %b %y %I:%M %p', '%j %u %w'])}" }}`;
      case 5:
        return `{% if ${condition(inLoop)} %}${next()}{% endif %}`;
      case 6:
        return `{%- if ${condition(inLoop)} -%} ${next()} {% elsif ${condition(inLoop)} %}${next()}{% else %}${next()}{%- endif -%} `;
      case 7:
        return `{% unless ${condition(inLoop)} %}${next()}{% else %}${next()}{% endunless %}`;
      case 8:
        return `{% case ${pick(['tier', 'count', 'nobody', 'vip'])} %}{% when 'gold', 7 %}${next()}{% when 'silver' or true %}${next()}{% else %}${next()}{% endcase %}`;
      case 9:
        return `{% assign mine = ${pick(['tags | reverse', "text | split: ','", "items | map: 'title'"])} %}${next()}`;
      case 10:
        return `{% capture kept %}[${piece(0, inLoop)}]{% endcapture %}{{ kept | append: '!' | upcase }}`;
      default: {
        const kind = pick(['texts', 'things']);
        const [options, otherwise] = pick([
          ['', '{% else %}none'],
          [' reversed', '{% else %}none'],
          [' limit:2', '{% else %}none'],
          [' offset:1 limit:3', ''],
          [' offset: 1', ''],
        ]);
        return `{% for item in ${pick(SOURCES[kind])}${options} %}${leave(kind)}{{ forloop.index }}${piece(depth - 1, kind)}${otherwise}{% endfor %}`;
      }
    }
  };

  return {
    templates: Array.from({ length: templates }, () => `>{% assign mine = tags | sort %}${piece(3)}${piece(2)}`),
    facts: Array.from({ length: people }, facts),
  };
}
