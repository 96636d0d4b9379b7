// The npm package in Node: the behaviour of index.js, its types in index.d.ts, and the packed files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { load, toEvent } from '../../pkg/index.js';
import { throughline as cli } from '../support/edge.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const pkg = join(root, 'pkg');
const NOW = 1_790_000_000_000;

const rules = {
  policies: { consent: { default: 'granted', measure: 'analytics' } },
  slots: { 'home.hero': { pages: ['/'], public: true }, 'promo.bar': { selector: '#bar', public: true }, hidden: {} },
  channels: { web: {} },
  attributes: { tier: { type: 'string', edge: true, client: true }, till: { type: 'string', edge: true } },
  messages: {
    hello: { renditions: [{ channel: 'web', html: '<h1>Hello</h1>' }] },
    hot: { once: true, renditions: [{ channel: 'web', html: '<h1>Hot</h1>' }] },
    gold: { renditions: [{ channel: 'web', html: '<h1>Gold</h1>' }] },
  },
  campaigns: {
    hello: { class: 'service', slots: { 'home.hero': 'hello' } },
    hot: {
      class: 'service',
      priority: 9,
      when: { $event: { name: 'Page Viewed', where: { path: '/guide' } } },
      slots: { 'home.hero': 'hot' },
    },
    gold: {
      class: 'service',
      priority: 99,
      when: { $or: [{ tier: 'gold' }, { till: 'gold' }] },
      slots: { 'home.hero': 'gold' },
    },
  },
};

const features = {
  savedGroups: { testers: ['ann'] },
  features: {
    steps: {
      public: true,
      defaultValue: 3,
      rules: [
        { id: 'testers', condition: { id: { $inGroup: 'testers' } }, force: 1 },
        { key: 'exp', hashVersion: 2, variations: [3, 2], meta: [{ key: 'three' }, { key: 'two' }] },
      ],
    },
    secret: { defaultValue: 'hidden' },
  },
  autoExperiments: {
    landing: {
      public: true,
      variations: [{}, { urlRedirect: 'https://x.example/b' }],
      weights: [0, 1],
      urlPatterns: [{ type: 'simple', pattern: '/a' }],
      persistQueryString: true,
    },
  },
};

let directory, bare, sealed, keys;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-pkg-'));
  const path = (name) => join(directory, name);
  writeFileSync(path('rules.json'), JSON.stringify({ version: 1, ...rules, ...features }));
  cli('keys', 'new', '--out', path('keys'));
  cli('compile', path('rules.json'), '--out', path('bare'));
  cli('compile', path('rules.json'), '--out', path('sealed'), '--keys', path('keys'));
  bare = readFileSync(path('bare/public.plan'));
  sealed = readFileSync(path('sealed/public.plan'));
  keys = JSON.parse(readFileSync(path('keys/plan.public.jwks.json'), 'utf8'));
});

after(() => rmSync(directory, { recursive: true }));

const open = (options) => load({ plan: bare, now: () => NOW, ...options });
const home = { attributes: { path: '/' } };
const viewed = (path, id = `v-${path}`) => ({
  type: 'page',
  messageId: id,
  timestamp: NOW - 1000,
  properties: { path },
});

describe('features', () => {
  const asked = { profile: { subject: 'ann' } };

  test('are evaluated for the subject, and only public ones are there', async () => {
    const throughline = await open();
    const found = throughline.evaluate('steps', asked);
    assert.deepEqual(
      [found.value, found.on, found.source, found.ruleId, found.reason, found.variant, found.flagMetadata],
      [1, true, 'force', 'testers', 'TARGETING_MATCH', 'testers', { source: 'force', ruleId: 'testers' }],
    );
    assert.deepEqual(throughline.evaluateAll(asked), { steps: found });
    const { value, reason, errorCode } = throughline.evaluate('secret', asked);
    assert.deepEqual([value, reason, errorCode], [null, 'ERROR', 'FLAG_NOT_FOUND']);
  });

  test('keep assignments in documents that the host holds', async () => {
    const throughline = await open();
    const profile = { subject: 'user-1' };
    const first = throughline.evaluate('steps', { profile, stickyBuckets: {} });
    const key = first.experimentResult.key;
    assert.deepEqual(first.stickyBuckets, {
      'id||user-1': { attributeName: 'id', attributeValue: 'user-1', assignments: { exp__0: key } },
    });
    assert.deepEqual(first.tracks, [{ experiment: first.experiment, result: first.experimentResult }]);
    const other = key === 'two' ? 'three' : 'two';
    const stickyBuckets = {
      'id||user-1': { attributeName: 'id', attributeValue: 'user-1', assignments: { exp__0: other } },
    };
    const kept = throughline.evaluate('steps', { profile, stickyBuckets });
    assert.deepEqual(
      [kept.variant, kept.experimentResult.stickyBucketUsed, kept.stickyBuckets],
      [other, true, undefined],
    );
    assert.equal(throughline.evaluate('steps', { profile, forcedFeatures: { steps: 9 } }).value, 9);
    assert.throws(
      () => throughline.evaluate('steps', { qaMode: 1 }),
      /cannot read the options: `qaMode`: expected true or false/,
    );
  });

  test('and experiments of pages lead to another page', async () => {
    const throughline = await open();
    const runs = throughline.experiments({ ...asked, request: { attributes: { url: 'https://x.example/a?q=1' } } });
    assert.deepEqual(
      runs.map(({ id, redirect }) => [id, redirect]),
      [['landing', 'https://x.example/b?q=1']],
    );
    assert.equal(throughline.experiments({ ...asked, url: 'https://x.example/c' })[0].result.inExperiment, false);
  });
});

describe('load', () => {
  test('takes bytes, an address of a file, and an address on a server', async () => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/plan' ? 200 : 404).end(bare),
    );
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    const plans = [
      bare,
      bare.buffer.slice(bare.byteOffset, bare.byteOffset + bare.length),
      pathToFileURL(join(directory, 'bare/public.plan')),
      `${url}/plan`,
    ];
    const ids = await Promise.all(plans.map(async (plan) => (await open({ plan })).planId));
    assert.match(ids[0], /^[0-9a-f]{16}$/);
    assert.deepEqual(new Set(ids), new Set([ids[0]]));
    await assert.rejects(open({ plan: `${url}/other` }), /\/other returned 404/);
    server.close();
  });

  test('checks who signed the plan when told whom to believe', async () => {
    const { planId } = await open();
    assert.equal((await open({ plan: sealed })).planId, planId);
    assert.equal((await open({ plan: sealed, keys })).planId, planId);
    assert.equal((await open({ plan: sealed, keys: keys.keys[0].x })).planId, planId);

    const changed = Buffer.from(sealed);
    changed[changed.length - 1] ^= 1;
    await assert.rejects(open({ plan: changed, keys }), /does not match its checksum/);
    const forged = Buffer.from(sealed);
    forged[forged.length - bare.length - 1] ^= 1;
    await assert.rejects(open({ plan: forged, keys }), /signature is wrong/);
    await assert.rejects(open({ plan: bare, keys }), /not a sealed plan/);
    await assert.rejects(open({ plan: sealed.subarray(0, 60), keys }), /cut off/);
    const [key] = keys.keys;
    await assert.rejects(open({ plan: sealed, keys: { keys: [{ ...key, kid: 'other' }] } }), /may not sign plans here/);
    await assert.rejects(open({ plan: sealed, keys: { keys: [{ ...key, tl: 'token' }] } }), /may not sign plans here/);
  });

  test('says what is wrong with other bytes', async () => {
    await assert.rejects(open({ plan: new Uint8Array([1, 2, 3]) }), /not a plan: expected it to begin with `TLPLAN`/);
    for (const length of [9, 20, 200, bare.length - 1])
      await assert.rejects(open({ plan: bare.subarray(0, length) }), Error);
    await assert.rejects(open({ plan: 42 }), /must be a URL, a Response, or bytes/);
  });

  test('says what is wrong with facts, and goes on working', async () => {
    const tl = await open();
    assert.throws(() => tl.decide({ now: 'soon' }), /cannot read the facts: `now`: expected whole milliseconds/);
    assert.equal(tl.decide({ request: home }).slots['home.hero'].message, 'hello');
  });
});

describe('facts', () => {
  test('that cannot be read are missing', async () => {
    const tl = await open();
    for (const odd of [
      { title: 'cut \ud83d' },
      { title: JSON.parse(`${'['.repeat(300)}1${']'.repeat(300)}`) },
      { title: Number.NaN },
    ]) {
      const request = { attributes: { ...home.attributes, ...odd }, consent: { analytics: 'maybe' } };
      assert.equal(tl.decide({ request }).slots['home.hero'].message, 'hello');
    }
  });

  test('have times in every form that the collector reads', async () => {
    const iso = new Date(NOW - 60_000).toISOString().slice(0, 19);
    for (const timestamp of [
      `${iso}Z`,
      iso,
      `${iso.replace('T', ' ')} UTC`,
      (NOW - 60_000) / 1000,
      'soon',
      undefined,
    ]) {
      const tl = await open();
      const call = { type: 'page', messageId: 'm', timestamp, properties: { path: '/guide' } };
      assert.equal(tl.decide({ request: home, events: [call] }).slots['home.hero'].message, 'hot', String(timestamp));
    }
  });
});

describe('a view', () => {
  test('is decided with the plan, and again when something happens', async () => {
    const tl = await open();
    const heard = [];
    const stop = tl.subscribe((decision, events) => heard.push([decision.slots['home.hero']?.message, events.length]));
    assert.equal(tl.decide({ profile: { subject: 'p1' }, request: home }).slots['home.hero'].html, '<h1>Hello</h1>');
    assert.equal(tl.observe(viewed('/guide')).slots['home.hero'].message, 'hot');
    stop();
    tl.observe(viewed('/other'));
    assert.deepEqual(heard, [
      ['hello', 0],
      ['hot', 1],
    ]);
    assert.equal(tl.profile.subject, 'p1');
    assert.deepEqual(tl.slots, { 'home.hero': {}, 'promo.bar': { selector: '#bar' } });
  });

  test('is explained by the same evaluation, without any consequence', async () => {
    const tl = await open();
    const decision = tl.decide({ profile: { subject: 'p1' }, request: home });
    const { decision: explained, trace } = tl.explain();
    assert.deepEqual(explained, decision);
    assert.match(JSON.stringify(trace), /condition_false/);
    assert.equal(tl.explain({ events: [viewed('/guide')] }).decision.slots['home.hero'].message, 'hot');
    assert.equal(tl.observe().slots['home.hero'].message, 'hello');
  });

  test('answers why a campaign does not show', async () => {
    const tl = await open();
    tl.decide({ profile: { subject: 'p1', traits: { tier: ['iron', 1, 1] } }, request: home });
    const because = { path: 'of[0].of[0]', op: 'is', operand: 'gold', attribute: 'tier', found: 'iron', holds: false };
    assert.deepEqual(tl.explain({ whyNot: 'gold', slot: 'home.hero' }).whyNot.slots['home.hero'], {
      outcome: 'condition_false',
      priority: 99,
      because,
    });
    const { whyNot } = tl.explain({ whyNot: 'hello', events: [viewed('/guide')] });
    assert.deepEqual(whyNot, {
      campaign: 'hello',
      slots: { 'home.hero': { outcome: 'outranked', priority: 0, detail: { by: 'priority', campaign: 'hot' } } },
    });
    assert.equal(tl.explain({ whyNot: 'nobody' }).whyNot.outcome, 'unknown_campaign');
    assert.equal('whyNot' in tl.explain(), false);
  });

  test('keeps what it shows, although it is shown once; the next view has something else', async () => {
    const tl = await open();
    const shown = tl.decide({ request: home, events: [viewed('/guide')] });
    assert.equal(shown.slots['home.hero'].message, 'hot');
    tl.observe(...shown.exposures);
    assert.equal(tl.observe(viewed('/other')).slots['home.hero'].message, 'hot');
    assert.equal(tl.decide().slots['home.hero'].message, 'hello');
  });

  test('begins anew for somebody else', async () => {
    const tl = await open();
    const shown = tl.decide({ profile: { subject: 'p1' }, request: home, events: [viewed('/guide')] });
    tl.observe(...shown.exposures);
    const { profile } = tl.decide({ profile: { subject: 'p2' }, events: [viewed('/guide')] }) && tl;
    assert.equal(tl.decision.slots['home.hero'].message, 'hot');
    assert.equal(profile.exposures, undefined);
  });

  test('believes a page only what a page may say', async () => {
    const tl = await open();
    const says = (traits, messageId) =>
      tl.observe({ type: 'identify', messageId, timestamp: NOW, traits }).slots['home.hero'].message;
    tl.decide({ request: home });
    assert.equal(says({ till: 'gold' }, 'i1'), 'hello');
    assert.equal(says({ tier: 'gold' }, 'i2'), 'gold');
  });

  test('merges what somebody else knows', async () => {
    const [one, other] = [await open(), await open()];
    for (const tl of [one, other]) tl.decide({ profile: { subject: 'p1' }, request: home });
    other.observe(viewed('/guide'));
    one.merge(other.profile);
    assert.deepEqual(one.profile, other.profile);
    assert.equal(one.observe().slots['home.hero'].message, 'hot');
  });
});

test('a call of the Segment specification becomes the event that the collector makes of it', () => {
  const call = {
    type: 'page',
    messageId: 'm1',
    timestamp: '2026-11-22T08:30:00.000Z',
    name: 'Pricing',
    properties: { path: '/own' },
    context: {
      page: { path: '/pricing', title: 'Prices' },
      consent: { categoryPreferences: { analytics: true, sale: false, odd: 'perhaps' } },
    },
  };
  const { receivedAt, ...event } = toEvent(call);
  assert.ok(Math.abs(receivedAt - Date.now()) < 5_000);
  assert.deepEqual(event, {
    id: 'm1',
    type: 'page',
    event: 'Page Viewed',
    timestamp: '2026-11-22T08:30:00.000Z',
    properties: { path: '/own', name: 'Pricing', title: 'Prices' },
    traits: {},
    consent: { analytics: 'granted', sale: 'denied' },
    trusted: false,
  });
  const group = toEvent({
    type: 'group',
    messageId: 'g',
    groupId: 'initech',
    timestamp: 1,
    traits: { plan: 'free' },
    context: { traits: { age: 7 } },
  });
  assert.deepEqual([group.properties, group.traits], [{ groupId: 'initech', traits: { plan: 'free' } }, {}]);
  assert.deepEqual(toEvent({ id: 'e1', type: 'track', event: 'A', at: 1 }), {
    id: 'e1',
    type: 'track',
    event: 'A',
    at: 1,
    trusted: false,
  });
});

describe('the package', () => {
  let use;

  before(() => {
    use = mkdtempSync(join(directory, 'use-'));
    const modules = join(use, 'node_modules');
    mkdirSync(modules);
    symlinkSync(pkg, join(modules, 'throughline'));
    symlinkSync(join(root, 'node_modules/@openfeature'), join(modules, '@openfeature'));
    writeFileSync(join(use, 'package.json'), '{"type":"module"}');
  });

  const compile = (name, text, ...more) => {
    writeFileSync(join(use, name), text);
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--lib',
      'es2022,dom',
      '--types',
      '',
      ...more,
    ];
    return execFileSync(join(root, 'node_modules/.bin/tsc'), [...options, name], { cwd: use, encoding: 'utf8' });
  };
  const refuses = (name, text, why) =>
    assert.throws(
      () => compile(name, text),
      ({ stdout }) => why.test(stdout),
    );

  /**
   * Returns the JavaScript examples of each page that has some; each continues where the one before it ended.
   */
  const examples = () => {
    const docs = readdirSync(join(root, 'docs'))
      // The recipes of sign-in.md are a server's; tests/tools runs them.
      .filter((name) => name.endsWith('.md') && name !== 'sign-in.md')
      .map((name) => `docs/${name}`);
    const pages = ['README.md', 'pkg/README.md', ...docs].map((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      return [page, [...text.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```/gm)].map(([, example]) => example)];
    });
    return pages.filter(([, found]) => found.length > 0);
  };

  test('has types that fit every example of its documentation', () => {
    const pages = examples();
    assert.deepEqual(
      pages.map(([page, found]) => [page, found.length]),
      [
        ['pkg/README.md', 3],
        ['docs/edge.md', 1],
        ['docs/growthbook.md', 1],
      ],
    );
    // The Node types that OpenFeature's types need are not checked here.
    for (const [page, found] of pages) compile(`${page.replaceAll(/\W/g, '-')}.ts`, found.join('\n'), '--skipLibCheck');
  });

  test('has types that fit what it can do', () => {
    compile(
      'whole.ts',
      `
      import { load, toEvent, type Decision, type Event, type Profile, type Throughline } from 'throughline';
      const keys = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '', kid: 'k', tl: 'plan' }] };
      const tl: Throughline = await load({ plan: new Uint8Array(), wasm: new URL('file:///core.wasm'), keys, now: () => 1 });
      const profile: Profile = { subject: 'p', traits: { tier: ['gold', 1, 2] }, exposures: { all: [[1, 2]] } };
      const decision: Decision = tl.decide({ now: 1, profile, request: { attributes: { path: '/' }, gpc: false } });
      const event: Event = toEvent({ type: 'page', messageId: 'm', timestamp: 1 });
      tl.observe(event, ...decision.exposures).nextAction?.channel;
      tl.request = { locale: 'de-AT' };
      const stop: () => void = tl.subscribe((next, events) => console.log(next.reasons['a'] === 'capped', events.length));
      stop(); tl.merge(profile); console.log(tl.explain().trace, tl.explain({ whyNot: 'c', slot: 's' }).whyNot?.slots?.s.because?.found, tl.slots, tl.planId); tl.free();
      throughline_config = { writeKey: 'shop-web', autoPage: false };
      throughline_queue?.push(['identify', { tier: 'gold' }], ['page'], ['reset'], (tag) => tag.on('tlerror', ({ message }) => message.trim()));
    `,
    );
  });

  test('has types that refuse what is wrong', () => {
    refuses('plan.ts', `import { load } from 'throughline';\nawait load({ plan: 42 });`, /plan\.ts.*TS2322/);
    refuses('command.ts', `import 'throughline';\nthroughline_queue?.push(['trakc', 'Typo']);`, /command\.ts.*TS2345/);
    refuses('early.ts', `import 'throughline';\nthroughline_queue.push(['page']);`, /early\.ts.*TS18048/);
  });

  test('declares what it exports', async () => {
    const declared = readFileSync(join(pkg, 'index.d.ts'), 'utf8').matchAll(
      /^export (?:declare )?(?:class|function) (\w+)/gm,
    );
    assert.deepEqual(
      [...declared].map(([, name]) => name).sort(),
      Object.keys(await import('../../pkg/index.js')).sort(),
    );
  });

  test('packs what it needs and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: pkg,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    const modules = readdirSync(join(pkg, 'tag')).map((name) => `tag/${name}`);
    assert.deepEqual(
      files.map(({ path }) => path).sort(),
      [
        'LICENSE-APACHE',
        'LICENSE-MIT',
        'README.md',
        'event.js',
        'index.d.ts',
        'index.js',
        'package.json',
        'seal.js',
        'tag.js',
        ...modules,
        'wasm/core.js',
        'wasm/core_bg.wasm',
      ].sort(),
    );
  });
});
