// OpenFeature's own clients evaluate features imported from GrowthBook at the edge, with the core's results.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { OpenFeature as WebOpenFeature } from '@openfeature/web-sdk';
import {
  credential,
  ID,
  newAlias,
  TOKEN,
  cliPath,
  eventually,
  mintToken,
  newKeys,
  page,
  publish,
  startEdge,
  throughline,
  Visitor,
} from '../support/edge.mjs';

const experiment = (members) => ({
  key: 'wording',
  hashAttribute: 'id',
  hashVersion: 2,
  meta: [{ key: 'control' }, { key: 'new' }],
  ...members,
});
const payload = {
  features: {
    boolean: { defaultValue: true },
    string: { defaultValue: 'a', rules: [{ id: 'german', condition: { language: 'de' }, force: 'Grüße 😀' }] },
    integer: { defaultValue: 3 },
    float: { defaultValue: 0.1 },
    object: { defaultValue: { nested: { list: [1, 'two', null] } } },
    list: { defaultValue: [1, 2] },
    nothing: { defaultValue: null },
    split: { defaultValue: 'none', rules: [experiment({ variations: ['old', 'new'] })] },
    staff: { defaultValue: false, rules: [{ condition: { email: { $regex: '@example\\.com$' } }, force: true }] },
    needy: {
      defaultValue: false,
      rules: [{ parentConditions: [{ id: 'boolean', condition: { value: false }, gate: true }], force: true }],
    },
    'a key/with ?%': { defaultValue: 'odd' },
    first: { defaultValue: 1, rules: [{ parentConditions: [{ id: 'second', condition: { value: 1 } }], force: 2 }] },
    second: { defaultValue: 1, rules: [{ parentConditions: [{ id: 'first', condition: { value: 1 } }], force: 2 }] },
  },
};
const FLAGS = '/ofrep/v1/evaluate/flags';

let edge, rules;
before(async () => {
  rules = mkdtempSync(join(tmpdir(), 'throughline-ofrep-'));
  const file = join(mkdtempSync(join(tmpdir(), 'throughline-ofrep-')), 'payload.json');
  writeFileSync(file, JSON.stringify(payload));
  throughline('import', 'growthbook', file, '--out', join(rules, 'growthbook.yaml'));
  const keys = newKeys();
  const origin = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page(''));
  edge = await startEdge({
    keys,
    published: publish(rules, keys),
    origin,
    vars: { ALLOWED_ORIGINS: 'https://app.example' },
  });
});
after(() => edge.stop());

/** Returns the core's native results of all features, by key. */
function native(subject, attributes) {
  const facts = JSON.stringify({ now: Date.now(), profile: { subject }, request: { attributes } });
  return JSON.parse(execFileSync(cliPath(), ['evaluate', rules], { input: facts, encoding: 'utf8' }));
}

const ask = (context, { key, ...options } = {}) =>
  new Visitor(edge).post(key === undefined ? FLAGS : `${FLAGS}/${encodeURIComponent(key)}`, { context }, options);

describe('the server provider', () => {
  let client;
  before(async () => {
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: edge.url }));
    client = OpenFeature.getClient();
  });
  after(() => OpenFeature.close());
  const user = { targetingKey: 'user-1' };

  test('takes values of every type, with reason, variant and metadata', async () => {
    const got = async (details) => {
      const { value, reason, variant, flagMetadata, errorCode } = await details;
      return { value, reason, variant, flagMetadata, errorCode };
    };
    const simple = (value, change) => ({
      value,
      reason: 'STATIC',
      variant: 'defaultValue',
      flagMetadata: { source: 'defaultValue' },
      errorCode: undefined,
      ...change,
    });
    assert.deepEqual(await got(client.getBooleanDetails('boolean', false, user)), simple(true));
    assert.deepEqual(await got(client.getNumberDetails('integer', 0, user)), simple(3));
    assert.deepEqual(await got(client.getNumberDetails('float', 0, user)), simple(0.1));
    assert.deepEqual(
      await got(client.getObjectDetails('object', {}, user)),
      simple({ nested: { list: [1, 'two', null] } }),
    );
    assert.deepEqual(await got(client.getObjectDetails('list', [], user)), simple([1, 2]));
    assert.deepEqual(await got(client.getStringDetails('string', '', user)), simple('a', { reason: 'UNKNOWN' }));
    const german = {
      reason: 'TARGETING_MATCH',
      variant: 'german',
      flagMetadata: { source: 'force', ruleId: 'german' },
    };
    assert.deepEqual(
      await got(client.getStringDetails('string', '', { ...user, language: 'de' })),
      simple('Grüße 😀', german),
    );
    assert.equal(await client.getStringValue(encodeURIComponent('a key/with ?%'), '', user), 'odd');
  });

  test('splits as the core does', async () => {
    const seen = new Set();
    for (let number = 0; number < 20; number++) {
      const targetingKey = `user-${number}`;
      const { value, reason, variant, flagMetadata } = await client.getStringDetails('split', '', { targetingKey });
      const wanted = native(targetingKey, { targetingKey }).split;
      assert.deepEqual(
        { value, reason, variant, flagMetadata },
        { value: wanted.value, reason: 'SPLIT', variant: wanted.variant, flagMetadata: wanted.flagMetadata },
      );
      assert.equal(flagMetadata.experiment, 'wording');
      seen.add(value);
    }
    assert.deepEqual([...seen].sort(), ['new', 'old']);
  });

  test('falls back to the default in the code, and says why', async () => {
    const codes = async (details) => (({ value, errorCode }) => [value, errorCode])(await details);
    assert.deepEqual(await codes(client.getStringDetails('unheard-of', 'mine', user)), ['mine', 'FLAG_NOT_FOUND']);
    assert.deepEqual(await codes(client.getStringDetails('boolean', 'mine', user)), ['mine', 'TYPE_MISMATCH']);
    assert.deepEqual(await codes(client.getNumberDetails('first', 7, user)), [7, 'GENERAL']);
    assert.deepEqual(await codes(client.getStringDetails('string', 'mine', {})), ['mine', 'TARGETING_KEY_MISSING']);
    assert.deepEqual(await codes(client.getStringDetails('string', 'mine', { targetingKey: 7.5 })), [
      'mine',
      'INVALID_CONTEXT',
    ]);
  });
});

test('the web provider takes all features at once, again when its context changes, and not when nothing has', async () => {
  const statuses = [];
  const fetchImplementation = async (request) => {
    const response = await fetch(request);
    statuses.push(response.status);
    return response;
  };
  const provider = new OFREPWebProvider({
    baseUrl: edge.url,
    pollInterval: 50,
    fetchImplementation,
    disableLocalCache: true,
  });
  try {
    await WebOpenFeature.setContext({ targetingKey: 'user-1', language: 'en' });
    await WebOpenFeature.setProviderAndWait(provider);
    const client = WebOpenFeature.getClient();
    assert.equal(client.getStringValue('string', ''), 'a');
    assert.deepEqual(client.getObjectValue('object', {}), payload.features.object.defaultValue);
    // A feature without a value returns the default of the code.
    const nothing = client.getStringDetails('nothing', 'mine');
    assert.deepEqual([nothing.value, nothing.errorCode], ['mine', undefined]);
    assert.equal(client.getNumberDetails('first', 7).errorCode, 'GENERAL');
    assert.equal(client.getNumberDetails('unheard-of', 7).errorCode, 'FLAG_NOT_FOUND');
    await eventually(() => assert.ok(statuses.slice(1).includes(304)));
    await WebOpenFeature.setContext({ targetingKey: 'user-1', language: 'de' });
    assert.equal(client.getStringValue('string', ''), 'Grüße 😀');
  } finally {
    await WebOpenFeature.close();
  }
});

test('all features are what the core says natively', async () => {
  for (const context of [
    { targetingKey: 'user-1' },
    { targetingKey: 'ü😀', language: 'de', email: 'a@example.com', n: [1, { x: null }] },
    { targetingKey: '7', id: 'ignored' },
  ]) {
    const { status, json, headers } = await ask(context);
    assert.deepEqual(
      [status, headers['content-type'], headers['cache-control']],
      [200, 'application/json', 'no-store'],
    );
    const wanted = Object.values(native(context.targetingKey, context)).map(
      ({ key, value, variant, reason, errorCode, flagMetadata }) => ({
        key,
        ...(value !== null && { value }),
        ...(errorCode
          ? { errorCode }
          : { reason: reason === 'DEFAULT' ? 'UNKNOWN' : reason, variant: variant || flagMetadata.source }),
        metadata: flagMetadata,
      }),
    );
    const { flags, metadata } = json();
    assert.deepEqual(
      flags.map(({ errorDetails, ...flag }) => flag),
      wanted,
    );
    assert.deepEqual(metadata, { version: JSON.parse(edge.published.get('plan:current')).edge });
    for (const flag of flags) assert.deepEqual((await ask(context, { key: flag.key })).json(), flag);
  }
});

test('a caller that has everything as it is gets nothing', async () => {
  const first = await ask({ targetingKey: 'user-1' });
  const { etag } = first.headers;
  assert.match(etag, /^"[0-9a-f]{16}"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await ask({ targetingKey: 'user-1' }, { headers: { 'if-none-match': known } });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag]);
  }
  const other = await ask({ targetingKey: 'user-1', language: 'de' }, { headers: { 'if-none-match': etag } });
  assert.equal(other.status, 200);
  assert.notEqual(other.headers.etag, etag);
});

describe('who it is about', () => {
  const subject = 'person-7';
  const splitOf = async (context, options, visitor = new Visitor(edge)) => {
    const { status, json } = await visitor.post(`${FLAGS}/split`, { context }, options);
    return status === 200 ? json().metadata.bucket : json().errorCode;
  };
  const bucketOf = (subject) => native(subject, {}).split.flagMetadata.bucket;

  test('a token names the subject, in a header or as the cookie', async () => {
    const token = mintToken(edge.keys, { sub: subject });
    for (const headers of [{ 'x-tl-token': token }, { authorization: `Bearer ${token}` }]) {
      assert.equal(await splitOf({}, { headers }), bucketOf(subject));
      assert.equal(await splitOf({ targetingKey: 'user-1' }, { headers }), bucketOf(subject));
    }
    const browser = new Visitor(edge);
    browser.cookies.set(TOKEN, token);
    browser.cookies.set('tl_consent', 'personalization=granted');
    assert.equal(await splitOf({}, {}, browser), bucketOf(subject));
  });

  test('without one the targeting key does, and then the id of the browser', async () => {
    const browser = new Visitor(edge);
    const alias = newAlias();
    browser.cookies.set(ID, credential(edge.keys, alias));
    browser.cookies.set('tl_consent', 'personalization=granted');
    assert.equal(await splitOf({ targetingKey: 'user-1' }, {}, browser), bucketOf('user-1'));
    assert.equal(await splitOf({ targetingKey: 1042 }, {}, browser), bucketOf('1042'));
    const long = await browser.post(`${FLAGS}/split`, '{"context":{"targetingKey":9007199254740993}}');
    assert.equal(long.json().metadata.bucket, bucketOf('9007199254740993'));
    assert.equal(await splitOf({ targetingKey: '{{user.id}}' }, {}, browser), bucketOf(alias));
    assert.equal(await splitOf({}, {}, browser), bucketOf(alias));
    browser.cookies.set('tl_consent', 'personalization=denied');
    assert.equal(await splitOf({}, {}, browser), 'TARGETING_KEY_MISSING');
    assert.equal(await splitOf({}), 'TARGETING_KEY_MISSING');
  });

  test('a token that is not good is refused', async () => {
    for (const token of ['x.y.z', mintToken(edge.keys, { sub: subject, ttl: 10, age: 3600 })]) {
      const answer = await ask({ targetingKey: 'user-1' }, { headers: { authorization: `Bearer ${token}` } });
      assert.deepEqual(
        [answer.status, answer.headers['www-authenticate'], answer.json().errorCode],
        [401, 'Bearer', 'GENERAL'],
      );
    }
  });

  test('nothing is kept in the browser', async () => {
    const browser = new Visitor(edge);
    browser.cookies.set('tl_consent', 'personalization=granted');
    assert.deepEqual((await browser.post(FLAGS, { context: { targetingKey: 'user-1' } })).setCookies, []);
  });
});

describe('what is refused', () => {
  const refused = (answer, status, errorCode, members = {}) => {
    const { errorDetails, ...rest } = answer.json();
    assert.deepEqual([answer.status, rest], [status, { errorCode, ...members }]);
    assert.ok(errorDetails.length > 5);
  };

  test('bodies that cannot be read', async () => {
    for (const body of ['', '{', '[]', '7', Buffer.from([0xff]), '{"context":nul}'])
      refused(await new Visitor(edge).post(FLAGS, body), 400, 'PARSE_ERROR');
    refused(await new Visitor(edge).post(`${FLAGS}/boolean`, '{'), 400, 'PARSE_ERROR', { key: 'boolean' });
  });

  test('contexts that are none', async () => {
    for (const body of [
      {},
      { context: null },
      { context: [] },
      { context: 'user-1' },
      { context: { targetingKey: ['x'] } },
      { context: { targetingKey: 1e300 } },
    ]) {
      refused(await new Visitor(edge).post(FLAGS, body), 400, 'INVALID_CONTEXT');
    }
    for (const context of [{}, { targetingKey: '' }, { targetingKey: null }, { targetingKey: 'N/A' }]) {
      refused(await ask(context, { key: 'boolean' }), 400, 'TARGETING_KEY_MISSING', { key: 'boolean' });
    }
  });

  test('features that are not there', async () => {
    const metadata = { source: 'unknownFeature' };
    for (const key of ['unheard-of', '', '__proto__', 'x'.repeat(3000)])
      refused(await ask({ targetingKey: 'u' }, { key }), 404, 'FLAG_NOT_FOUND', { key, metadata });
    // Not encoded as it should be, and still only a key.
    refused(
      await new Visitor(edge).post(`${FLAGS}/%E0%A4`, { context: { targetingKey: 'u' } }),
      404,
      'FLAG_NOT_FOUND',
      { key: '%E0%A4', metadata },
    );
  });

  test('too much, other types and other methods', async () => {
    refused(await ask({ targetingKey: 'u', text: 'x'.repeat(70_000) }), 413, 'GENERAL');
    refused(
      await new Visitor(edge).post(FLAGS, '{}', { headers: { 'content-type': 'application/xml' } }),
      415,
      'GENERAL',
    );
    const get = await new Visitor(edge).fetch(`${FLAGS}/boolean`);
    refused(get, 405, 'GENERAL', { key: 'boolean' });
    assert.equal(get.headers.allow, 'POST, OPTIONS');
    assert.equal((await new Visitor(edge).post('/ofrep/v1/configuration', {})).status, 405);
  });

  test('pages of other sites', async () => {
    const context = { targetingKey: 'u' };
    refused(await ask(context, { headers: { origin: 'https://evil.example' } }), 403, 'GENERAL');
    const allowed = await ask(context, { headers: { origin: 'https://app.example' } });
    assert.deepEqual([allowed.status, allowed.headers['access-control-allow-origin']], [200, 'https://app.example']);
    assert.match(allowed.headers['access-control-expose-headers'], /etag/);
    const preflight = await new Visitor(edge).fetch(FLAGS, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers['access-control-allow-headers'], /if-none-match/);
  });

  test('everything while personalisation is switched off', async () => {
    await edge.kv.put('switch', 'off');
    try {
      await eventually(async () => refused(await ask({ targetingKey: 'u' }), 500, 'GENERAL'));
    } finally {
      await edge.kv.delete('switch');
    }
    await eventually(async () => assert.equal((await ask({ targetingKey: 'u' })).status, 200));
  });
});

test('the addresses are under the prefix, too', async () => {
  const under = await new Visitor(edge).post(`/_tl${FLAGS}`, { context: { targetingKey: 'user-1' } });
  assert.equal(under.text, (await ask({ targetingKey: 'user-1' })).text);
});
