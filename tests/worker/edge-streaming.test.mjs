// Pages stream through the edge: nothing waits for the end, and the origin may split its bytes anywhere.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BROWSER, eventually, PAGE, page, startEdge, Visitor } from '../support/edge.mjs';

const rules = {
  version: 1,
  slots: { hero: { pages: ['/**'] }, late: { pages: ['/slow', '/aborted'] } },
  channels: { web: {} },
  messages: {
    hero: { renditions: [{ channel: 'web', html: '<b>gefüllt</b>' }] },
    late: { renditions: [{ channel: 'web', html: '<i>late</i>' }] },
  },
  campaigns: {
    hero: { class: 'service', slots: { hero: 'hero' } },
    late: { class: 'service', slots: { late: 'late' } },
  },
  policies: { consent: { default: 'granted', service: [] } },
};
const html = page(
  '<p>ä</p><section class="x" data-tl-slot="hero" id=\'h\'>fallback <!-- c --><i>x</i></section><p>after 😀</p>',
);
const expected = html.replace(
  /(<section[^>]*)>(.*)<\/section>/,
  (_, tag, old) => `${tag} MARKS><b>gefüllt</b><tl-fallback hidden>${old}</tl-fallback></section>`,
);
const MARKS = /data-tl-state="applied" data-tl-decision="d-[0-9a-f]+" data-tl-at="\d{10}" data-tl-for="[\w-]{12}"/;
const normal = (text) => text.replace(MARKS, 'MARKS');

/** The filled slot of most pages. */
const FILLED = '<b>gefüllt</b><tl-fallback hidden>x</tl-fallback></section>';
/** Halves of pages that are hard to parse. */
const HOSTILE = { '/tags': '</b>'.repeat(85_000), '/deep': '<div>'.repeat(2500) };
const TORN = `<!doctype html>${'y'.repeat(5000)}<section data-tl-slot="hero">x`;
/** Half of a slot that is longer than what is held for one. */
const LONG = 'z'.repeat(200 << 10);
/** The part that the origin holds back. */
const LAST = '<section data-tl-slot="late">y</section>';
/** Lets the origin send the rest of its page. */
let finish = () => {};

async function origin(incoming, response) {
  const { pathname, searchParams } = new URL(incoming.url, 'http://origin');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  if (pathname === '/cut') {
    const bytes = Buffer.from(html);
    const at = Number(searchParams.get('at'));
    response.write(bytes.subarray(0, at));
    await sleep(2);
    return response.end(bytes.subarray(at));
  }
  if (pathname === '/bytes') {
    for (const byte of Buffer.from(html)) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    return response.end();
  }
  if (pathname === '/large')
    return response.end(page(`<section data-tl-slot="hero">x</section>${'<p>0123456789</p>'.repeat(400_000)}`));
  if (pathname === '/torn') {
    response.write(`<!doctype html><body><section data-tl-slot="hero">x</section>${'y'.repeat(5000)}`);
    await sleep(50);
    return response.destroy();
  }
  if (pathname === '/torn-slot') {
    response.write(TORN);
    await sleep(50);
    return response.destroy();
  }
  if (pathname === '/long-slot') {
    response.write(`<!doctype html><section data-tl-slot="hero">${LONG}${LONG}`);
    await new Promise((resolve) => (finish = resolve));
    return response.end('</section>');
  }
  response.write('<!doctype html><section data-tl-slot="hero">x</section>');
  if (pathname in HOSTILE) response.write(HOSTILE[pathname]);
  if (pathname === '/aborted') {
    const busy = setInterval(() => response.write('<p>more</p>'.repeat(200)), 20);
    return response.on('close', () => clearInterval(busy));
  }
  await new Promise((resolve) => {
    finish = resolve;
    response.on('close', resolve);
  });
  if (pathname in HOSTILE) response.write(HOSTILE[pathname]);
  response.end(LAST);
}

let edge;
before(async () => (edge = await startEdge({ rules, origin })));
after(() => edge.stop());

/** Requests a page and resolves as soon as its first bytes arrive. */
function open(path) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      edge.url + path,
      { headers: { 'user-agent': BROWSER, accept: PAGE }, agent: false },
      (response) => {
        const stream = { text: '', response, ended: false };
        response.setEncoding('utf8').on('data', (text) => {
          stream.text += text;
          resolve(stream);
        });
        response.on('end', () => (stream.ended = true)).on('error', () => {});
      },
    );
    outgoing.on('error', reject).end();
  });
}

test('the first bytes are there, filled, while the origin is still busy', async () => {
  const stream = await open('/slow');
  await eventually(() => assert.ok(stream.text.includes(FILLED), stream.text));
  assert.ok(!stream.ended && !stream.text.includes('late'));
  finish();
  await eventually(() => assert.ok(stream.ended && stream.text.includes('<i>late</i>')));
});

test('the origin may cut its bytes anywhere', async () => {
  const cuts = Array.from({ length: Buffer.byteLength(html) - 1 }, (_, n) => n + 1);
  for (let start = 0; start < cuts.length; start += 20) {
    const answers = await Promise.all(
      cuts.slice(start, start + 20).map((at) => new Visitor(edge).fetch(`/cut?at=${at}`)),
    );
    answers.forEach(({ text }, n) => assert.equal(normal(text), expected, `cut at ${cuts[start + n]}`));
  }
});

test('the origin may send byte by byte', async () => {
  assert.equal(normal((await new Visitor(edge).fetch('/bytes')).text), expected);
});

test('a page of 7 MB arrives whole', async () => {
  const { text } = await new Visitor(edge).fetch('/large');
  assert.ok(text.includes('<b>gefüllt</b>'));
  assert.equal(text.split('<p>0123456789</p>').length, 400_001);
});

for (const [path, half] of Object.entries(HOSTILE)) {
  test(`${path.slice(1)}: hostile nesting holds up nothing`, async () => {
    const stream = await open(path);
    await eventually(() => assert.ok(stream.text.includes(FILLED) && stream.text.endsWith(half)));
    assert.ok(!stream.ended);
    finish();
    await eventually(() => assert.ok(stream.ended && stream.text.endsWith(half + half + LAST)));
  });
}

test('only what the visitor was sent is recorded when they leave early', async () => {
  const stream = await open('/aborted');
  const id = /__Host-tl_id=(\w+)/.exec(stream.response.headers['set-cookie'].join())[1];
  await eventually(() => assert.ok(stream.text.includes('gefüllt')));
  stream.response.destroy();
  const events = await eventually(() => {
    const [message] = edge.messages.filter((message) => message.device?.id === id);
    return message.events.map((event) => event.properties.slot ?? event.event);
  }, 15_000);
  assert.deepEqual(events, ['hero', 'Page Viewed']);
});

test('where the origin breaks off this page ends, and no other', async () => {
  const stream = await open('/torn');
  await eventually(() => assert.ok(stream.response.destroyed || stream.ended));
  assert.ok(stream.text.includes(FILLED) && stream.text.endsWith('yyy'), stream.text);
  assert.equal(normal((await new Visitor(edge).fetch('/cut?at=9')).text), expected);
});

test('a slot that is cut off goes on as it came', async () => {
  const stream = await open('/torn-slot');
  await eventually(() => assert.ok(stream.response.destroyed || stream.ended));
  assert.equal(stream.text, TORN);
});

test('a long slot is let go before its end', async () => {
  const stream = await open('/long-slot');
  await eventually(() => assert.ok(stream.text.length > 256 << 10 && !stream.ended, `${stream.text.length}`));
  finish();
  await eventually(() => assert.ok(stream.ended));
  assert.equal(stream.text, `<!doctype html><section data-tl-slot="hero">${LONG}${LONG}</section>`);
});
