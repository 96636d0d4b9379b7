// edge/page_stream.js in workerd: whatever the filler does, the page arrives.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Miniflare } from 'miniflare';

// Stands in for the filler: it holds back `hold` bytes, fails at the chunk `failAt`, and wants no more after `finishAt`.
const script = `
  import { streamPage } from './page_stream.js';

  class Filler {
    waiting = 0;
    isFinished = false;
    kept = new Uint8Array();
    chunks = 0;
    confirmed = 0;
    constructor(options) { Object.assign(this, options); }
    push(chunk) {
      this.chunks += 1;
      if (this.chunks === this.failAt) throw new Error('the filler failed');
      if (!this.hold && this.finishAt === undefined) return undefined;
      const all = new Uint8Array([...this.kept, ...chunk]);
      this.isFinished = this.chunks === this.finishAt;
      const end = this.isFinished ? all.length : Math.max(0, all.length - this.hold);
      this.kept = all.slice(end);
      this.waiting = this.kept.length;
      return all.slice(0, end);
    }
    finish() {
      if (this.failAt === 'end') throw new Error('the filler failed');
      this.waiting = 0;
      return this.kept;
    }
    sent() { this.confirmed += 1; }
    free() { if (this.failAt) throw new Error('the instance is gone'); }
  }

  /** Streams a page of an origin that says nothing, and tells what the visitor's leaving does. */
  async function left(options) {
    const visitor = new AbortController();
    let cancelled = 'still reading';
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('begin')),
      cancel: (reason) => { cancelled = String(reason); },
    });
    const [readable, done] = streamPage(body, new Filler(options), visitor.signal);
    const reader = readable.getReader();
    await reader.read();
    visitor.abort('left');
    reader.cancel('left').catch(() => {});
    await done.catch(() => {});
    return cancelled;
  }

  export default {
    async fetch(request) {
      const { pieces, ...options } = await request.json();
      if (options.leave) return new Response(await left(options));
      const body = new ReadableStream({
        async start(controller) {
          for (const piece of pieces) {
            controller.enqueue(new TextEncoder().encode(piece));
            await scheduler.wait(1);
          }
          controller.close();
        },
      });
      const [readable, done] = streamPage(body, new Filler(options), request.signal);
      done.catch(() => {});
      return new Response(readable);
    },
  };
`;

let runtime;
before(async () => {
  const contents = await readFile(new URL('../../edge/page_stream.js', import.meta.url), 'utf8');
  runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'index.js', contents: script },
      { type: 'ESModule', path: 'page_stream.js', contents },
    ],
    compatibilityDate: '2026-07-30',
    handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.resume()),
  });
  await runtime.ready;
});
after(() => runtime.dispose());

const pieces = Array.from({ length: 8 }, (_, index) => `piece ${index}, `);

async function page(options) {
  const response = await runtime.dispatchFetch('http://edge/', { method: 'POST', body: JSON.stringify(options) });
  return response.text();
}

for (const hold of [0, 1, 15, 1000]) {
  for (const failAt of [undefined, 1, 4, 8, 'end']) {
    test(`${hold} bytes are held and the filler fails at ${failAt ?? 'no chunk'}`, async () => {
      assert.equal(await page({ pieces, hold, failAt }), pieces.join(''));
    });
  }
  test(`${hold} bytes are held and the filler wants no more after three chunks`, async () => {
    assert.equal(await page({ pieces, hold, finishAt: 3 }), pieces.join(''));
  });
}

test('a visitor who leaves ends the reading, even while the origin says nothing', async () => {
  assert.equal(await page({ leave: true, hold: 0 }), 'left');
});
