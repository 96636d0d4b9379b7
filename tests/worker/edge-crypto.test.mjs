// edge/crypto.js in workerd: the published vectors, Node's own signatures, and tokens of every algorithm through the whole edge.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { conformance } from '../support/conformance.mjs';
import { claimsOf, page, startEdge, TOKEN, Visitor } from '../support/edge.mjs';

// Bytes travel as base64, and many calls in one request.
const worker = `
  import * as crypto from './crypto.js';
  const decode = (value) => (typeof value === 'object' ? new Uint8Array(Buffer.from(value.bytes, 'base64')) : value);
  const encode = (value) => (value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value ?? null);
  export default {
    fetch: async (request) => Response.json((await request.json()).map(([name, ...args]) => encode(crypto[name](...args.map(decode))))),
  };`;

let runtime;
before(async () => {
  runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: worker },
      {
        type: 'ESModule',
        path: 'crypto.js',
        contents: await readFile(new URL('../../edge/crypto.js', import.meta.url), 'utf8'),
      },
    ],
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
    cf: false,
  });
  await runtime.ready;
});
after(() => runtime.dispose());

async function all(calls) {
  const wrapped = calls.map((call) =>
    call.map((value) => (value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value)),
  );
  const answer = await runtime.dispatchFetch('http://crypto/', { method: 'POST', body: JSON.stringify(wrapped) });
  return (await answer.json()).map((value) =>
    value?.bytes === undefined ? value : Buffer.from(value.bytes, 'base64'),
  );
}
const one = async (...call) => (await all([call]))[0];

const hex = (text) => Buffer.from(text, 'hex');

/**
 * Returns the verdicts on the vectors of a file, or `undefined` if the test is skipped. The core refuses
 * other lengths before.
 */
async function wycheproof(test, file, algorithm, { keyOf, signature, length }) {
  const path = conformance(test, `wycheproof/${file}`);
  if (!path) return undefined;
  const groups = JSON.parse(readFileSync(path, 'utf8')).testGroups;
  const counts = { accepted: 0, refused: 0 };
  const vectors = groups.flatMap((group) => group.tests.map((vector) => ({ vector, key: hex(keyOf(group, vector)) })));
  const places = await all(vectors.map(({ key }) => ['importPublic', algorithm, key]));
  const verdicts = await all(
    vectors.map(({ vector }, index) => ['verify', places[index], hex(vector.msg), hex(vector[signature])]),
  );
  vectors.forEach(({ vector }, index) => {
    if (hex(vector[signature]).length !== length) return;
    assert.equal(verdicts[index], vector.result === 'valid', JSON.stringify(vector));
    counts[verdicts[index] ? 'accepted' : 'refused'] += 1;
  });
  return counts;
}

describe('Wycheproof', () => {
  test('Ed25519', async (context) => {
    const counts = await wycheproof(context, 'ed25519_test.json', 'EdDSA', {
      keyOf: ({ publicKey }) => publicKey.pk,
      signature: 'sig',
      length: 64,
    });
    if (!counts) return;
    assert.ok(counts.accepted === 88 && counts.refused > 40, JSON.stringify(counts));
  });

  test('ECDSA with P-256, as JOSE writes signatures', async (context) => {
    const keyOf = ({ publicKey }) => publicKey.uncompressed.slice(2);
    const counts = await wycheproof(context, 'ecdsa_secp256r1_sha256_p1363_test.json', 'ES256', {
      keyOf,
      signature: 'sig',
      length: 64,
    });
    if (!counts) return;
    assert.ok(counts.accepted === 173 && counts.refused > 60, JSON.stringify(counts));
  });

  test('HMAC', async (context) => {
    const counts = await wycheproof(context, 'hmac_sha256_test.json', 'HS256', {
      keyOf: (_, { key }) => key,
      signature: 'tag',
      length: 32,
    });
    if (!counts) return;
    assert.ok(counts.accepted > 30 && counts.refused > 30, JSON.stringify(counts));
  });
});

/** Returns the end of a key in DER, which is the raw key. */
const tail = (key, type, length, skip = 0) =>
  key
    .export({ format: 'der', type })
    .subarray(-length - skip)
    .subarray(0, length);
const P1363 = { dsaEncoding: 'ieee-p1363' };
const KEYS = {
  EdDSA() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const check = (message, signature) => verify(null, message, publicKey, signature);
    return {
      privateKey,
      public: tail(publicKey, 'spki', 32),
      private: tail(privateKey, 'pkcs8', 32),
      check,
      sign: (message) => sign(null, message, privateKey),
    };
  },
  ES256() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const check = (message, signature) => verify('sha256', message, { key: publicKey, ...P1363 }, signature);
    const d = Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url');
    return {
      privateKey,
      public: tail(publicKey, 'spki', 64),
      private: d,
      check,
      sign: (message) => sign('sha256', message, { key: privateKey, ...P1363 }),
    };
  },
  HS256() {
    const secret = randomBytes(32);
    const mac = (message) => createHmac('sha256', secret).update(message).digest();
    return {
      public: secret,
      private: secret,
      check: (message, signature) => mac(message).equals(signature),
      sign: mac,
    };
  },
};

for (const [algorithm, make] of Object.entries(KEYS)) {
  test(`${algorithm}: what it signs Node accepts, and the other way round`, async () => {
    const key = make();
    const [signer, checker] = await all([
      ['importPrivate', algorithm, key.private],
      ['importPublic', algorithm, key.public],
    ]);
    assert.deepEqual(await one('exportPublic', signer), key.public);
    // Enough messages for numbers with leading zeros among the signatures.
    const messages = Array.from({ length: 600 }, (_, length) => randomBytes(length % 80));
    const signatures = await all(messages.map((message) => ['sign', signer, message]));
    messages.forEach((message, index) =>
      assert.ok(key.check(message, signatures[index]), signatures[index].toString('hex')),
    );
    const theirs = messages.map(key.sign);
    assert.ok(
      (await all(messages.map((message, index) => ['verify', checker, message, theirs[index]]))).every(
        (good) => good === true,
      ),
    );
    const bent = theirs.map((signature, index) =>
      Buffer.from(signature).fill(
        signature[index % signature.length] ^ 1,
        index % signature.length,
        (index % signature.length) + 1,
      ),
    );
    assert.ok(
      (await all(messages.map((message, index) => ['verify', checker, message, bent[index]]))).every(
        (good) => good === false,
      ),
    );
  });
}

test('bytes that are no key are none', async () => {
  const off = Buffer.alloc(64, 1);
  assert.deepEqual(
    await all([
      ['importPublic', 'ES256', off],
      ['importPublic', 'ES256', Buffer.alloc(3)],
      ['importPublic', 'EdDSA', Buffer.alloc(31)],
    ]),
    [null, null, null],
  );
  assert.deepEqual(
    await all([
      ['importPrivate', 'ES256', Buffer.alloc(32)],
      ['importPrivate', 'ES256', Buffer.alloc(32, 255)],
      ['importPrivate', 'EdDSA', Buffer.alloc(3)],
    ]),
    [null, null, null],
  );
});

test('SHA-256', async () => {
  const bytes = randomBytes(100_000);
  assert.deepEqual(await one('sha256', bytes), createHash('sha256').update(bytes).digest());
});

const base64url = (value) => Buffer.from(value).toString('base64url');
const rules = {
  version: 1,
  attributes: { tier: { type: 'string', edge: true } },
  slots: { hero: { pages: ['/'] } },
  channels: { web: {} },
  messages: { hero: { renditions: [{ channel: 'web', html: '<b>{{ tier }}</b>' }] } },
  campaigns: { hero: { class: 'service', slots: { hero: 'hero' }, caps: [{ max: 2, per: 'total' }] } },
  policies: { consent: { default: 'granted', service: [] } },
};

for (const [algorithm, make] of Object.entries(KEYS)) {
  test(`${algorithm}: a token is read, and signed again`, async () => {
    const key = make();
    const jwk = key.privateKey?.export({ format: 'jwk' }) ?? { kty: 'oct', k: base64url(key.private) };
    const TOKEN_KEYS = JSON.stringify({ keys: [{ ...jwk, kid: 'k1', tl: 'token' }] });
    const edge = await startEdge({
      rules,
      vars: { TOKEN_KEYS },
      origin: (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end(page('<div data-tl-slot="hero"></div>')),
    });
    try {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: 'throughline',
        aud: 'throughline',
        sub: 'p1',
        iat: now,
        exp: now + 600,
        ver: 1,
        tl: { subject: 'p1', traits: { tier: ['gold', 1, 1] } },
      };
      const text = [{ alg: algorithm, kid: 'k1', typ: 'tl+jwt' }, claims]
        .map((part) => base64url(JSON.stringify(part)))
        .join('.');
      const token = `${text}.${base64url(key.sign(Buffer.from(text)))}`;
      const visitor = new Visitor(edge);
      visitor.cookies.set(TOKEN, token);
      assert.match((await visitor.fetch('/')).text, /<b>gold<\/b>/);
      const again = visitor.cookies.get(TOKEN);
      assert.notEqual(again, token);
      assert.equal(claimsOf(again).sub, 'p1');
      const [head, body, signature] = again.split('.');
      assert.ok(key.check(Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url')));
      visitor.cookies.set(TOKEN, token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA'));
      assert.ok(!(await visitor.fetch('/')).text.includes('gold'));
    } finally {
      await edge.stop();
    }
  });
}
