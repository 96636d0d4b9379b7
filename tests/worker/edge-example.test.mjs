// The example in front of the crate `throughline-edge` (edge/src/lib.rs) does what it says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startEdge, Visitor } from '../support/edge.mjs';

test('the page of the example is served as the crate says', async () => {
  const source = readFileSync(new URL('../../edge/src/lib.rs', import.meta.url), 'utf8');
  const docs = [...source.matchAll(/^\/\/! ?(.*)$/gm)].map(([, line]) => line).join('\n');
  const [rules, from, to] = [...docs.matchAll(/^```(?:json|html)\n([\s\S]*?)\n^```$/gm)].map(([, block]) => block);
  const edge = await startEdge({
    rules: JSON.parse(rules),
    origin: (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(from),
  });
  try {
    const { text } = await new Visitor(edge).fetch('/');
    const same = text
      .replace(/d-[0-9a-f]{16}/, 'd-0123456789abcdef')
      .replace(/at="\d{10}"/, 'at="1796019587"')
      .replace(/for="[\w-]{12}"/, 'for="k3JdA0b-Zz4q"');
    assert.equal(same, to);
  } finally {
    await edge.stop();
  }
});
