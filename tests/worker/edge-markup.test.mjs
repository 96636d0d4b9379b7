// Markup that is hard to parse, through the edge: it is filled where the HTML standard is certain, and else goes on as it came.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { startEdge, Visitor } from '../support/edge.mjs';
import { checkFilled, dice, page } from '../support/markup.mjs';

const CONTENTS = { '/p/': '<u>NEW</u>', '/b/': '<p>NEW <a href="/x">now</a></p>' };
const rules = {
  version: 1,
  slots: { s: { pages: ['/**'] } },
  channels: { web: {} },
  messages: Object.fromEntries(
    Object.entries(CONTENTS).map(([path, html]) => [path[1], { renditions: [{ channel: 'web', html }] }]),
  ),
  campaigns: {
    b: { class: 'service', priority: 2, when: { path: { $regex: '^/b/' } }, slots: { s: 'b' } },
    p: { class: 'service', slots: { s: 'p' } },
  },
  policies: { consent: { default: 'granted', service: [] } },
};
const SLOT = '<p data-tl-slot="s" n="9">old</p>';
const FILLED = /<u>NEW<\/u><tl-fallback hidden>old<\/tl-fallback><\/p>/;

/** Pages in which the platform's own rewriter fails, without a slot. */
const FATAL = {
  'a drawing in a select': '<p>before</p><select><button><svg><title>x</title></svg></button></select><p>after</p>',
  'a style in a drawing in a select': '<select><option><svg><style>b{}</style></svg></option></select>',
  'a style in a select': '<select><option>a</option><style>b{}</style></select>',
  'a frame in a select': '<select><iframe src=x></iframe></select>',
  'a noscript in a select': '<select><noscript>x</noscript></select>',
  'the same behind 200 KB': `${'<p>0123456789</p>'.repeat(12_000)}<select><iframe src=x></iframe></select><p>after</p>`,
  'a select without an end': '<select><option>a<p>text</p><iframe src=x></iframe><style>b{}</style>',
  'a title after a frameset': '<frameset><frame src=a></frameset><title>x</title>',
  'plain text': '<plaintext></plaintext><p>x',
  'raw text in a select': ['noembed', 'noframes', 'xmp', 'plaintext', 'title', 'textarea']
    .map((name) => `<select><${name}></select>`)
    .join(''),
};

/** Pages by path, with the pieces in which the origin sends them. */
const pages = new Map();

function origin(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://origin');
  const { html, roll, headers = {} } = pages.get(pathname);
  response.writeHead(200, {
    'content-type': `text/html; charset=${searchParams.get('charset') ?? 'utf-8'}`,
    ...headers,
  });
  const bytes = Buffer.from(html);
  for (let at = 0; at < bytes.length; ) {
    const length = roll ? 1 + roll(roll(2) ? 8 : 200) : bytes.length;
    response.write(bytes.subarray(at, at + length));
    at += length;
  }
  response.end();
}

let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

const unfilled = async () => (await new Visitor(edge).fetch('/_tl/health')).json().unfilled;

async function get(path, html, options, more) {
  pages.set(path, { html, ...more });
  return new Visitor(edge).fetch(path, options);
}

/** Runs a check for each seed, a few at once. */
async function forEach(seeds, check) {
  for (let at = 0; at < seeds.length; at += 16) await Promise.all(seeds.slice(at, at + 16).map(check));
}
const seedsFrom = (first, count) => Array.from({ length: count }, (_, index) => first + index);

describe('pages of nasty markup', () => {
  for (const [path, content] of Object.entries(CONTENTS)) {
    test(`${path} is filled where a parser of the standard sees the slot, and only there`, async () => {
      let count = 0;
      await forEach(seedsFrom(1, 500), async (seed) => {
        const html = page(seed);
        const { text } = await get(`${path}${seed}`, html, {}, { roll: dice(seed) });
        try {
          count += checkFilled(html, text, content);
        } catch (error) {
          throw new Error(`seed ${seed}\n${html}\n${text}`, { cause: error });
        }
      });
      assert.ok(count > 250, `${count} slots are filled`);
    });
  }

  test('without a slot they are the same bytes', async () => {
    await forEach(seedsFrom(5000, 300), async (seed) => {
      const html = page(seed).replaceAll('data-tl-slot', 'data-slot');
      const charset = ['utf-8', 'windows-1252', 'shift_jis', 'gbk'][seed % 4];
      const path = `/p/${seed}`;
      pages.set(path, { html, roll: dice(seed) });
      const { bytes } = await new Visitor(edge).fetch(`${path}?charset=${charset}`);
      assert.deepEqual(bytes, Buffer.from(html), `seed ${seed}`);
    });
  });

  for (const [name, html] of Object.entries(FATAL)) {
    test(`${name}: every byte arrives`, async () => {
      assert.equal((await get('/p/fatal', html)).text, html);
      const { text } = await get('/p/fatal', `${SLOT}${html}${SLOT}`);
      assert.ok(text.endsWith(SLOT) || text.endsWith('</p>'), text.slice(-200));
      assert.match(text, FILLED, 'the slot before it is filled');
    });
  }
});

describe('slots that are left as they came', () => {
  const cases = {
    unclosed: '<div data-tl-slot="s">old',
    ambiguous: `<select><style>b{}</style></select>${SLOT}`,
    content: '<table><tbody data-tl-slot="s"><tr><td>old</td></tr></tbody></table>',
    long: `<div data-tl-slot="s">${'x'.repeat(300 << 10)}</div>`,
    many: '<i data-tl-slot="s"></i>'.repeat(300),
    encoding: Buffer.from(`\ufeff${SLOT}`, 'utf16le'),
  };
  for (const [reason, html] of Object.entries(cases)) {
    test(`${reason}: counted, said once, and not recorded`, async () => {
      const { [reason]: before = 0 } = await unfilled();
      const visitor = new Visitor(edge);
      pages.set(`/p/${reason}`, { html });
      const { bytes } = await visitor.fetch(`/p/${reason}`);
      if (reason !== 'many') assert.deepEqual(bytes, Buffer.from(html));
      const { [reason]: after } = await unfilled();
      assert.ok(after > before, `${after} after ${before}`);
      const lines = edge.logs.join('').split('\n');
      assert.equal(lines.filter((line) => line.includes(`left as it came: ${reason}`)).length, 1);
    });
  }
});

describe('content encodings', () => {
  const html = `<!doctype html>${SLOT}<p>ä</p>`;
  const browser = { 'accept-encoding': 'gzip, deflate, br, zstd' };
  const encoded = (encoding, bytes) =>
    get('/p/encoded', bytes, { headers: browser }, { headers: { 'content-encoding': encoding } });

  test('the origin is asked for what can be read', async () => {
    const asked = async (accepted) => {
      await get('/p/asked', html, { headers: { 'accept-encoding': accepted } });
      return edge.seen.at(-1).headers['accept-encoding'];
    };
    assert.equal(await asked('gzip, deflate, br, zstd'), 'gzip, br');
    assert.equal(await asked('zstd, BR;q=0.5, gzip;q=0'), 'br');
    assert.equal(await asked('deflate'), 'identity');
  });

  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ]) {
    test(`${encoding} is filled`, async () => {
      const { text, headers } = await encoded(encoding, compress(html));
      assert.equal(headers['content-encoding'], undefined);
      assert.match(text, FILLED);
    });
  }

  for (const [encoding, compress] of [
    ['GZIP', gzipSync],
    ['Gzip', gzipSync],
    ['BR', brotliCompressSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', (text) => Buffer.from(text)],
    ['gzip, gzip', (text) => gzipSync(gzipSync(text))],
  ]) {
    test(`${encoding} passes as it came, and is counted`, async () => {
      const sent = compress(html);
      const { encoding: before = 0 } = await unfilled();
      const { bytes, headers } = await encoded(encoding, sent);
      assert.equal(headers['content-encoding'], encoding);
      assert.deepEqual(bytes, sent);
      assert.equal(headers['server-timing'], undefined);
      assert.equal((await unfilled()).encoding, before + 1);
    });
  }
});
