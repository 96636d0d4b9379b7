// Questions about features, for GrowthBook's SDK and the core: a payload and contexts, equal for equal seeds.

import { randomness } from '../support/random.mjs';

// biome-ignore format: a table, a line for each kind.
const TEXTS = [
  '', ' ', 'a', 'A', 'abc', 'ABC', 'aBc', 'é', 'É', 'straße', 'STRASSE', 'ß', 'İ', 'ı', 'Σ', 'ς', 'σ', 'ΟΔΟΣ', '日本',
  '😀', '😀a', 'a😀b', '𝒳',
  '0', '1', '01', '-1', '1.0', '1e3', '10', '9', ' 5 ', '0x10', '0b11', 'Infinity', 'NaN', 'null', 'true', 'false',
  'undefined', '[object Object]', '1,2', ',',
  '1.2.3', 'v1.2.3', '1.2.3-rc.1', '1.2.3-beta', '1.10.0', '1.2.3+build', '2.0', '10.0.0', '1.2', 'v2', '1.2.3-rc.10',
  '2026-01-01', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59.999Z', '2026-01-01T01:00:00+01:00',
  'user-1', 'user-2', 'US', 'DE', 'pro', 'free', 'a.b', 'a/b', 'foo@bar.com', 'line\nbreak', 'tab\t', '\u2028',
  '\ufeff', '\u00a0', 'K', 'ſ', 'x'.repeat(40),
];
const NUMBERS = [
  0, 1, -1, 2, 3, 5, 10, 0.5, 0.1, 1e21, 1e-7, -0.5, 42, 100, 1234567890123, 9007199254740991, 1.5, 1e300,
];
const NAMES = [
  'id',
  'company',
  'country',
  'plan',
  'age',
  'tags',
  'nested',
  'version',
  'premium',
  'anonymousId',
  'name',
];
const PATHS = [
  ...NAMES,
  'nested.a',
  'nested.b.c',
  'nested.list',
  'nested.list.0',
  'tags.length',
  'tags.0',
  'missing',
  'missing.x',
  'name.length',
  'nested.a.b.c',
];
// biome-ignore format: a table, a line for each kind.
const PATTERNS = [
  '^a', 'b$', '^a.c$', '[a-c]+', '^\\d+$', '\\w', '\\W', '^\\s*$', '.', '^.$', '^..$', '^.{3}$', 'é', '^[^a]$',
  '(a|b)c', 'a{1,2}', '^$', '', '\\bUS\\b', '\\B', '日', '😀',
  '^😀$', '[😀]', '^[^😀]$', '^[^😀][^😀]$', '\\ud83d', 'a/b', '[/]', '\\/', 'user-[12]', '^(?:US|DE)$', 'foo@.*\\.com',
  '[\\s\\S]', '^[\\w.]+$', 's', 'k', 'ß', 'Σ', 'i', '^v?\\d+\\.\\d+', '(', '[', 'a**', '\\u00e9', '^\\S+$',
  'null', 'true', 'object', '^1,2$', '[^]', '$^', 'a|', '^[A-Z]+$', '\\d{2,}', '[\\d-x]', '\\.', 'x{30}', '^x*$',
];
// biome-ignore format: a table, a line for each kind.
const PIECES = [
  'a', 'b', 'A', 'é', 'É', '😀', '.', '[^a]', '[a-f]', '[😀é]', '[^😀]', '\\w', '\\W', '\\d', '\\s', '\\S', '\\b', '\\B',
  '^', '$', '(?:a|b)', '(é|😀)?', 'a*', '.{2}', '\\ud83d', '\\ude00', '[\\u0000-\\uffff]',
  '[\\ud800-\\udfff]', '|', 'ß', 'k', 's', 'σ', '\\u00e9', '[^]', '_', '[\\W_]', '+', '?', '{1,2}',
];
const LETTERS = ['a', 'b', 'A', 'é', 'É', '😀', '𝒳', '\n', '1', '_', ' ', 'K', 'ſ', 'ß', 'ς', 'Σ', '\u2028', 'f', '/'];
// biome-ignore format: a table, a line for each kind.
const URLS = [
  '', 'http://example.com', 'https://example.com/', 'https://www.example.com/path', 'https://www.example.com/path/',
  'https://example.com/path?a=1&b=2',
  'https://example.com/path?exp-0=1', 'https://example.com/?exp-1=0', 'https://example.com/path?exp-0=1#exp-1=1',
  'https://example.com/path#hash', 'https://example.com:8080/path',
  'https://EXAMPLE.com/Path/To/Page', 'https://example.com/a%20b', 'https://example.com/a b',
  'https://example.com/../x/./y', '/relative/path?q=x', 'relative', '?exp-0=2', 'https://example.com/path?q=a+b&q=c',
  'https://example.com/path?exp-0=abc', 'https://example.com/path?exp-0=-1', 'https://example.com/path?exp-0=99',
  'https://example.com/?f-0=1', 'https://example.com/?f-1=0x1', 'https://example.com/é?x=é',
  'https://example.com/path?a=%31',
  'https://example.com?a=1?exp-0=1', 'https://example.com/products/42/reviews', 'http://localhost:3000/path',
];
// biome-ignore format: a table, a line for each kind.
const URL_PATTERNS = [
  ['simple', '/'], ['simple', '/path'], ['simple', '/path/'], ['simple', '/path/*'],
  ['simple', 'https://example.com/*'], ['simple', '*.example.com/path'], ['simple', 'example.com/path'],
  ['simple', '/path?a=1'], ['simple', '/path?a=*'], ['simple', '/path#hash'], ['simple', '/PATH'],
  ['simple', '/products/*/reviews'], ['simple', '*'], ['simple', '/a b'], ['simple', 'https://example.com:8080/*'],
  ['simple', '/p.th'],
  ['simple', 'http://*'], ['simple', ''], ['simple', '/é'], ['simple', '?q=a%20b'],
  ['regex', '^/path'], ['regex', 'path$'], ['regex', '^https://example\\.com/.*'], ['regex', 'example.com/(path|x)'],
  ['regex', '\\?a=1'], ['regex', '['], ['regex', ''], ['regex', '/products/\\d+'], ['regex', '^/$'],
];

/** Returns a payload and contexts. */
export function generate(seed) {
  const random = randomness(seed);
  const chance = (share) => random() < share;
  const below = (count) => Math.floor(random() * count);
  const pick = (list) => list[below(list.length)];
  const list = (most, make) => Array.from({ length: below(most + 1) }, make);
  const share = () => pick([0, 0.1, 0.25, 0.5, 0.9, 1, random(), Math.round(random() * 100) / 100]);

  const single = () => (chance(0.5) ? pick(TEXTS) : chance(0.6) ? pick(NUMBERS) : pick([true, false, null]));
  const value = (depth = 2) => {
    if (depth === 0 || chance(0.7)) return single();
    return chance(0.5)
      ? list(3, () => value(depth - 1))
      : Object.fromEntries(list(3, () => [pick(['a', 'b', 'c', '1', '0', 'list', 'é']), value(depth - 1)]));
  };
  const word = () => list(5, () => pick(LETTERS)).join('');
  const pattern = () => (chance(0.5) ? pick(PATTERNS) : list(5, () => pick(PIECES)).join(''));
  const attributes = () => {
    const out = {};
    for (const name of NAMES) if (chance(0.7)) out[name] = value();
    if (chance(0.5))
      out.id = pick([
        'user-1',
        'user-2',
        'é',
        '日本',
        '😀',
        'straße',
        42,
        1,
        0,
        '',
        1.5,
        1e21,
        true,
        ['a', 'b'],
        { a: 1 },
        `u${below(1000)}`,
      ]);
    if (chance(0.5)) out.nested = { a: value(1), b: { c: single() }, list: list(3, single) };
    if (chance(0.5)) out.tags = list(4, chance(0.5) ? () => pick(TEXTS) : single);
    if (chance(0.5)) out.name = word();
    if (chance(0.4)) out.version = pick(['1.2.3', '1.2.3-rc.1', '1.10.0', 'v2.0.0', 3, '1.2', '1.2.3+b']);
    return out;
  };
  const group = () => `group-${below(4)}`;
  const operator = (depth) =>
    pick([
      () => ({ [pick(['$eq', '$ne', '$lt', '$lte', '$gt', '$gte'])]: chance(0.9) ? single() : value(1) }),
      () => ({ [pick(['$in', '$nin', '$ini', '$nini'])]: chance(0.95) ? list(4, () => value(1)) : single() }),
      () => ({ [pick(['$inGroup', '$notInGroup'])]: chance(0.95) ? group() : single() }),
      () => ({ [pick(['$regex', '$regexi'])]: pattern() }),
      () => ({ [pick(['$regex', '$regexi'])]: pattern() }),
      () => ({ [pick(['$ini', '$nini'])]: list(3, word) }),
      () => ({ $exists: chance(0.8) ? chance(0.5) : single() }),
      () => ({ $type: pick(['string', 'number', 'boolean', 'array', 'object', 'null', 'undefined', 'x']) }),
      () => ({ $size: chance(0.7) ? below(4) : operator(0) }),
      () => ({ [pick(['$all', '$alli'])]: list(3, () => (chance(0.7) || depth === 0 ? single() : test(depth - 1))) }),
      () => ({ $elemMatch: depth > 0 && chance(0.4) ? condition(depth - 1) : operator(0) }),
      () => ({ $not: depth > 0 ? test(depth - 1) : single() }),
      () => ({
        [pick(['$veq', '$vne', '$vlt', '$vlte', '$vgt', '$vgte'])]: pick([
          '1.2.3',
          '1.2.3-rc.1',
          '1.10.0',
          '2',
          2,
          '1.2',
          'v1.2.3+b',
        ]),
      }),
      () => ({ $gt: single(), $lt: single() }),
      () => ({ $unknown: single() }),
    ])();
  const test = (depth) => (chance(0.6) ? operator(depth) : chance(0.9) ? value(1) : { ...operator(0), x: single() });
  const condition = (depth = 2) => {
    const out = {};
    for (const _ of Array(1 + below(2))) {
      if (depth > 0 && chance(0.25)) {
        const key = pick(['$and', '$or', '$nor', '$not', '$savedGroup']);
        if (key === '$savedGroup')
          out[key] = chance(0.95) ? { id: group(), ...(chance(0.3) && { attributeKey: pick(PATHS) }) } : single();
        else out[key] = key === '$not' ? condition(depth - 1) : list(3, () => condition(depth - 1));
      } else if (chance(0.1)) out.name = { [pick(['$regex', '$regexi'])]: pattern() };
      else out[pick(PATHS)] = test(depth);
    }
    return chance(0.03) ? {} : out;
  };
  const maybe = (odds, key, make) => (chance(odds) ? { [key]: make() } : {});
  const unit = () => pick(['id', 'id', 'company', 'anonymousId', 'name', 'user.id', '']);
  const range = () => {
    const [a, b] = [share(), share()].sort((x, y) => x - y);
    return chance(0.95) ? [a, b] : [b, a];
  };
  const filter = () => ({
    ...maybe(0.5, 'attribute', unit),
    seed: pick(['s1', 's2', 'é', '']),
    ...maybe(0.5, 'hashVersion', () => pick([1, 2, 3, 0])),
    ranges: list(2, range),
  });
  const weights = (count) => {
    if (chance(0.15)) return list(4, share);
    const raw = Array.from({ length: count }, () => random());
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((weight) => weight / sum);
  };
  const prerequisite = (self) => ({
    id: chance(0.9) ? `f-${below(5)}` : pick(['missing', self]),
    condition: pick([
      { value: true },
      { value: { $exists: true } },
      { value: { $gt: 1 } },
      {},
      { value: single() },
      { 'value.a': single() },
      { value: operator(0) },
    ]),
    ...maybe(0.3, 'gate', () => chance(0.8)),
  });
  const split = (variations) => ({
    ...maybe(0.5, 'coverage', share),
    ...maybe(0.5, 'weights', () => weights(variations.length)),
    ...maybe(0.4, 'hashAttribute', unit),
    ...maybe(0.4, 'fallbackAttribute', unit),
    ...maybe(0.6, 'hashVersion', () => pick([1, 2, 2, 2, 3, 0])),
    ...maybe(0.15, 'disableStickyBucketing', () => chance(0.7)),
    ...maybe(0.3, 'bucketVersion', () => below(3)),
    ...maybe(0.2, 'minBucketVersion', () => below(3)),
    ...maybe(0.2, 'namespace', () => [pick(['ns', 'é', '']), share(), share()]),
    ...maybe(variations.length ? 0.6 : 0, 'meta', () =>
      variations.map((_, at) => ({
        ...maybe(0.9, 'key', () => pick([`${at}`, `v${at}`, 'x'])),
        ...maybe(0.3, 'name', () => pick(['Name', 'é', ''])),
        ...maybe(0.1, 'passthrough', () => chance(0.8)),
      })),
    ),
    ...maybe(0.15, 'ranges', () => list(4, range)),
    ...maybe(0.2, 'name', () => pick(['An experiment', ''])),
    ...maybe(0.2, 'phase', () => `${below(3)}`),
    ...maybe(0.4, 'seed', () => pick(['seed', 'é', ''])),
    ...maybe(0.15, 'filters', () => list(2, filter)),
    ...maybe(0.4, 'condition', () => condition()),
  });
  const variations = () => Array.from({ length: pick([0, 1, 2, 2, 2, 3, 4]) }, () => value());
  const rule = (key) => {
    const base = {
      ...maybe(0.5, 'id', () => pick(['r1', 'é', ''])),
      ...maybe(0.15, 'parentConditions', () => list(2, () => prerequisite(key))),
    };
    if (chance(0.4)) {
      return {
        ...base,
        force: value(),
        ...maybe(0.7, 'condition', () => condition()),
        ...maybe(0.3, 'coverage', share),
        ...maybe(0.2, 'range', range),
        ...maybe(0.3, 'seed', () => pick(['seed', ''])),
        ...maybe(0.3, 'hashAttribute', unit),
        ...maybe(0.3, 'fallbackAttribute', unit),
        ...maybe(0.3, 'hashVersion', () => pick([1, 2, 3])),
        ...maybe(0.1, 'filters', () => list(2, filter)),
        ...maybe(0.05, 'tracks', () => [
          {
            experiment: { key: 'remote', variations: [0, 1] },
            result: { hashAttribute: 'id', hashValue: '1', variationId: 1, key: '1' },
          },
        ]),
      };
    }
    if (chance(0.03)) return base;
    const values = variations();
    const bandit = chance(0.2);
    return {
      ...base,
      [bandit ? 'contextualVariations' : 'variations']: values,
      ...maybe(0.5, 'key', () => `exp-${below(4)}`),
      ...split(values),
      ...(bandit && { contextualBanditRef: `bandit-${below(3)}` }),
    };
  };
  const experiment = (at) => {
    const values = chance(0.2) ? [{}, { urlRedirect: 'https://example.com/new?a=9' }] : variations();
    return {
      key: `exp-${at}`,
      variations: values,
      ...split(values),
      ...maybe(0.1, 'active', () => chance(0.5)),
      ...maybe(0.15, 'status', () => pick(['draft', 'running', 'stopped'])),
      ...maybe(0.1, 'force', () => below(4)),
      ...maybe(0.5, 'urlPatterns', () =>
        list(3, () => {
          const [type, pattern] = pick(URL_PATTERNS);
          return { type, pattern, include: chance(0.75) };
        }),
      ),
      ...maybe(0.1, 'parentConditions', () => list(2, () => prerequisite('f-0'))),
    };
  };
  const savedGroup = () => {
    if (chance(0.5)) return list(5, single);
    if (chance(0.6)) return { type: 'list', ...maybe(0.9, 'attributeKey', () => pick(PATHS)), values: list(5, single) };
    return chance(0.9)
      ? { type: 'condition', condition: condition(1) }
      : pick([null, { type: 'x' }, { type: 'list' }, 5]);
  };
  const bandit = () => ({
    ...maybe(0.8, 'banditVersion', () => below(9)),
    contexts: list(3, () => ({
      leafId: below(5) - 1,
      condition: chance(0.3) ? {} : condition(1),
      weights: weights(2),
    })),
  });
  const docs = () => {
    const out = {};
    for (const _ of Array(below(4))) {
      const attributeName = pick(['id', 'company', 'anonymousId']);
      const attributeValue = pick(['user-1', 'user-2', 'é', '42', '😀', '', 'a']);
      const assignments = Object.fromEntries(
        list(3, () => [
          `${pick(['exp-0', 'exp-1', 'exp-2', 'f-0', 'f-1'])}__${below(3)}`,
          pick(['0', '1', 'v0', 'v1', 'x']),
        ]),
      );
      out[`${attributeName}||${attributeValue}`] = { attributeName, attributeValue, assignments };
    }
    return out;
  };
  const count = 1 + below(5);
  return {
    payload: {
      features: Object.fromEntries(
        Array.from({ length: count }, (_, at) => [
          `f-${at}`,
          { ...maybe(0.9, 'defaultValue', value), ...maybe(0.95, 'rules', () => list(4, () => rule(`f-${at}`))) },
        ]),
      ),
      experiments: Array.from({ length: below(3) }, (_, at) => experiment(at)),
      savedGroups: Object.fromEntries(Array.from({ length: 3 }, (_, at) => [`group-${at}`, savedGroup()])),
      contextualBandits: Object.fromEntries(Array.from({ length: 2 }, (_, at) => [`bandit-${at}`, bandit()])),
    },
    contexts: Array.from({ length: 4 }, () => ({
      attributes: attributes(),
      url: pick(URLS),
      ...maybe(0.05, 'enabled', () => chance(0.3)),
      ...maybe(0.1, 'qaMode', () => chance(0.7)),
      ...maybe(0.15, 'forcedVariations', () => ({ [`exp-${below(3)}`]: below(4) - 1 })),
      ...maybe(0.1, 'forcedFeatures', () => ({ [`f-${below(5)}`]: value() })),
      ...maybe(0.4, 'stickyBuckets', docs),
    })),
  };
}
