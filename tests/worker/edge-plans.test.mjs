// The plan in use is the last valid one, whatever the store contains.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventually, newKeys, page, publish, startEdge, Visitor } from '../support/edge.mjs';

const rules = (text) => ({
  version: 1,
  slots: { hero: { pages: ['/'], public: true } },
  channels: { web: {} },
  messages: { hero: { renditions: [{ channel: 'web', html: text }] } },
  campaigns: { hero: { class: 'service', slots: { hero: 'hero' } } },
  policies: { consent: { default: 'granted', service: [] } },
});
const body = page('<div data-tl-slot="hero">fallback</div>');
const origin = (_request, response) => response.writeHead(200, { 'content-type': 'text/html', etag: '"1"' }).end(body);
const shown = async (edge) => /data-tl-slot="hero"[^>]*>(\w+)</.exec((await new Visitor(edge).fetch('/')).text)[1];
const health = async (edge) => (await new Visitor(edge).fetch('/_tl/health')).json();
const current = (published) => JSON.parse(published.get('plan:current')).edge;

describe('a store that turns bad', () => {
  let edge, first, second;
  const keys = newKeys();
  before(async () => {
    first = publish(rules('first'), keys);
    second = publish(rules('second'), keys);
    edge = await startEdge({ keys, published: first, origin });
  });
  after(() => edge.stop());
  beforeEach(async () => {
    await edge.kv.delete('switch');
    for (const [key, value] of first) await edge.kv.put(key, value);
    await eventually(async () => assert.equal(await shown(edge), 'first'));
    await eventually(async () => assert.equal((await health(edge)).status, 'ok'));
  });

  /** Points to the second plan, whose bytes are `bytes`. */
  async function offer(bytes) {
    await edge.kv.put(`plan:${current(second)}`, bytes);
    await edge.kv.put('plan:current', second.get('plan:current'));
  }

  test('a good plan takes over', async () => {
    await offer(second.get(`plan:${current(second)}`));
    await eventually(async () => assert.equal(await shown(edge), 'second'));
    assert.equal((await health(edge)).plan.id, current(second));
  });

  const sealed = () => second.get(`plan:${current(second)}`);
  const flip = (bytes, at) => {
    const flipped = Buffer.from(bytes);
    flipped[at < 0 ? flipped.length + at : at] ^= 1;
    return flipped;
  };
  const payload = (bytes) => bytes.subarray(9 + bytes[8] + 32 + 64);
  const bad = {
    'an unsigned plan': () => payload(sealed()),
    'a plan of another key': () => publish(rules('second'), newKeys()).get(`plan:${current(second)}`),
    'a plan with a changed byte': () => flip(sealed(), -5),
    'a plan with a changed signature': () => flip(sealed(), 9 + sealed()[8] + 32 + 3),
    'a plan with a changed key id': () => flip(sealed(), 12),
    'half a plan': () => sealed().subarray(0, sealed().length / 2),
    'an envelope without a plan': () => sealed().subarray(0, 9 + sealed()[8] + 96),
    nothing: () => Buffer.alloc(0),
    noise: () => Buffer.from(Array.from({ length: 4000 }, (_, n) => (n * 31) & 255)),
    'another plan than announced': () => first.get(`plan:${current(first)}`),
  };
  for (const [name, make] of Object.entries(bad)) {
    test(`${name} does not: the last good one stays, and health says why`, async () => {
      await offer(make());
      await eventually(async () => assert.notDeepEqual((await health(edge)).problems, []));
      assert.equal(await shown(edge), 'first');
      const { status, plan, problems } = await health(edge);
      assert.equal(status, 'degraded');
      assert.equal(plan.id, current(first));
      assert.match(problems.join(), new RegExp(`plan:${current(second)}`));
    });
  }

  for (const [name, value] of Object.entries({
    'no JSON': '{',
    'a list': '[]',
    nowhere: JSON.stringify({ edge: 'none', public: 'none' }),
  })) {
    test(`a pointer that is ${name}: the last good plan stays`, async () => {
      await edge.kv.put('plan:current', value);
      await eventually(async () => assert.notDeepEqual((await health(edge)).problems, []));
      assert.equal(await shown(edge), 'first');
    });
  }

  test('an empty store: the last good plan stays', async () => {
    for (const { name } of (await edge.kv.list()).keys) await edge.kv.delete(name);
    await eventually(async () => assert.notDeepEqual((await health(edge)).problems, []));
    assert.equal(await shown(edge), 'first');
  });

  test('the kill switch turns pages, decisions and the public plan off, and on again', async () => {
    await edge.kv.put('switch', 'off');
    await eventually(async () => assert.equal(await shown(edge), 'fallback'));
    const visitor = new Visitor(edge);
    const { text, headers, setCookies } = await visitor.fetch('/');
    assert.equal(text, body);
    assert.equal(headers.etag, '"1"');
    assert.deepEqual(setCookies, []);
    for (const answer of [
      await visitor.post('/_tl/decide', {}),
      await visitor.fetch('/_tl/plan'),
      await visitor.fetch('/_tl/token'),
    ]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.json().error.code, 'switched_off');
    }
    assert.deepEqual([(await health(edge)).status, (await health(edge)).switch], ['off', 'off']);
    await edge.kv.put('switch', 'on');
    await eventually(async () => assert.equal(await shown(edge), 'first'));
  });
});

describe('without any plan', () => {
  const cases = {
    'nothing is published': { published: new Map() },
    'the plan is signed with another key': { published: publish(rules('x'), newKeys()) },
    'there are no plan keys': { rules: rules('x'), vars: { PLAN_KEYS: undefined } },
    'the plan keys are broken': { rules: rules('x'), vars: { PLAN_KEYS: '{"keys":' } },
  };
  for (const [name, options] of Object.entries(cases)) {
    test(`${name}: pages pass untouched and health says why`, async () => {
      const edge = await startEdge({ origin, ...options });
      try {
        const visitor = new Visitor(edge);
        const { text, setCookies, headers } = await visitor.fetch('/');
        assert.equal(text, body);
        assert.equal(headers.etag, '"1"');
        assert.deepEqual(setCookies, []);
        const health = await visitor.fetch('/_tl/health');
        assert.equal(health.status, 503);
        assert.equal(health.json().status, 'down');
        assert.ok(health.json().problems.length > 0);
        const decide = await visitor.post('/_tl/decide', {});
        assert.deepEqual([decide.status, decide.json().error.code], [503, 'no_plan']);
      } finally {
        await edge.stop();
      }
    });
  }
});

test('a cold isolate asks origin and store at the same time', async () => {
  const edge = await startEdge({ rules: rules('cold'), origin });
  try {
    assert.equal(await shown(edge), 'cold');
  } finally {
    await edge.stop();
  }
});

test('without token keys pages are filled, and nothing is signed', async () => {
  const edge = await startEdge({ rules: rules('x'), origin, vars: { TOKEN_KEYS: undefined } });
  try {
    const { text, setCookies } = await new Visitor(edge).fetch('/');
    assert.ok(text.includes('>x<'));
    assert.ok(!setCookies.some((line) => line.includes('tl_token=')));
    assert.match((await health(edge)).problems.join(), /TOKEN_KEYS/);
  } finally {
    await edge.stop();
  }
});

describe('the first reload after a publication', () => {
  const keys = newKeys();
  const [first, second] = [publish(rules('first'), keys), publish(rules('second'), keys)];
  const elsewhere = publish({ ...rules('third'), slots: { hero: { pages: ['/elsewhere'], public: true } } }, keys);
  const stored = (published) => (key) => published.get(key);
  const off = (published) => (key) => (key === 'switch' ? 'off' : published.get(key));
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let originMay = Promise.resolve();
  const patient = async (request, response) => {
    await originMay;
    if (request.headers['if-none-match']) return response.writeHead(304, { etag: '"1"' }).end();
    return origin(request, response);
  };
  let edge, store, reads;
  before(async () => {
    edge = await startEdge({
      keys,
      published: first,
      origin: patient,
      vars: { REFRESH: '1', FRESH_WAIT: '1000' },
      store: (key) => reads.push(key) && store(key),
    });
  });
  after(() => edge.stop());
  beforeEach(async () => {
    originMay = Promise.resolve();
    reads = [];
    store = stored(first);
    await eventually(async () => assert.equal(await shown(edge), 'first'));
  });
  /** Lets the plan of the isolate become older than `REFRESH`. */
  const age = () => wait(1100);

  test('shows the new content', async () => {
    store = stored(second);
    await age();
    assert.equal(await shown(edge), 'second');
  });

  test('shows the new content on a page that only the new plan fills, although the browser has a copy', async () => {
    store = stored(elsewhere);
    await age();
    assert.equal(await shown(edge), 'fallback');
    const reload = () => new Visitor(edge, { headers: { 'if-none-match': '"1"' } }).fetch('/');
    assert.equal((await reload()).status, 304);
    store = stored(second);
    await age();
    const { status, text } = await reload();
    assert.equal(status, 200);
    assert.match(text, />second</);
  });

  test('is stopped by the kill switch, and shows content again without it', async () => {
    store = off(first);
    await age();
    assert.equal(await shown(edge), 'fallback');
    store = stored(first);
    await age();
    assert.equal(await shown(edge), 'first');
  });

  test('tells open pages, too', async () => {
    const ids = [first, second].map((published) => JSON.parse(published.get('plan:current')).public);
    const visitor = new Visitor(edge);
    const told = async () => {
      const answers = [
        await visitor.fetch('/_tl/token'),
        await visitor.post('/_tl/decide', {}),
        await visitor.post('/_tl/events', { batch: [] }),
        await visitor.post('/ofrep/v1/evaluate/flags', { context: { targetingKey: 'u' } }),
        await visitor.fetch('/_tl/plan'),
        await visitor.fetch('/_tl/plan', { headers: { 'if-none-match': '*' } }),
      ];
      return answers.map(({ headers }) => headers['x-tl-plan']);
    };
    assert.deepEqual(await told(), Array(6).fill(ids[0]));
    store = stored(second);
    await age();
    assert.deepEqual(await told(), Array(6).fill(ids[1]));
    store = off(second);
    await age();
    assert.deepEqual(await told(), Array(6).fill('off'));
    assert.equal((await visitor.fetch('/_tl/health')).headers['x-tl-plan'], undefined);
  });

  test('asks the store while it asks the origin', async () => {
    const gate = Promise.withResolvers();
    originMay = gate.promise;
    store = stored(second);
    await age();
    reads.length = 0;
    const page = shown(edge);
    await eventually(() => assert.ok(reads.includes('plan:current')));
    gate.resolve();
    assert.equal(await page, 'second');
  });

  test('does not wait for a store that hangs', async () => {
    const gate = Promise.withResolvers();
    store = async (key) => {
      await gate.promise;
      return second.get(key);
    };
    await age();
    const begin = performance.now();
    assert.equal(await shown(edge), 'first');
    const took = performance.now() - begin;
    assert.ok(took < 3000, `the page took ${took} ms`);
    assert.equal(await shown(edge), 'first', 'nobody asks a second time meanwhile');
    gate.resolve();
    await eventually(async () => assert.equal(await shown(edge), 'second'));
  });

  test('asks once in REFRESH, however many pages are opened', async () => {
    await age();
    reads.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => shown(edge)));
    assert.equal(reads.filter((key) => key === 'plan:current').length, 1);
  });
});

describe('a cold isolate whose store hangs', () => {
  test('sends the origin’s page, which no cache may keep', async () => {
    const gate = Promise.withResolvers();
    const published = publish(rules('late'), newKeys());
    const cacheable = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'public, max-age=60' }).end(body);
    const edge = await startEdge({ published, origin: cacheable, store: () => gate.promise });
    try {
      const { text, headers } = await new Visitor(edge).fetch('/');
      assert.deepEqual([text, headers['cache-control']], [body, 'private, no-cache']);
    } finally {
      gate.resolve();
      await edge.stop();
    }
  });
});

test('a public plan that cannot be opened is told by health, and the last good one stays', async () => {
  const keys = newKeys();
  const [first, second] = [publish(rules('first'), keys), publish(rules('second'), keys)];
  const [old, id] = [first, second].map((published) => JSON.parse(published.get('plan:current')).public);
  const edge = await startEdge({ keys, published: first, origin });
  try {
    assert.equal((await new Visitor(edge).fetch('/_tl/plan')).headers['x-tl-plan'], old);
    for (const [key, value] of second) await edge.kv.put(key, key.startsWith('public:') ? 'broken' : value);
    const { status, problems } = await health(edge);
    assert.equal(status, 'degraded');
    assert.match(problems.join(), new RegExp(`public:${id}`));
    const { headers, bytes } = await new Visitor(edge).fetch(`/_tl/plan?v=${id}`);
    assert.deepEqual(bytes, first.get(`public:${old}`));
    assert.deepEqual([headers['x-tl-plan'], headers['cache-control']], [old, 'public, no-cache']);
  } finally {
    await edge.stop();
  }
});
