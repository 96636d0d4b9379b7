// Measures a personalised page of 100 KB through the edge against a worker that only forwards it. Both run on
// workerd with the same origin, and requests alternate.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { Miniflare } from 'miniflare';
import { BROWSER, mintToken, PAGE, startEdge } from '../tests/support/edge.mjs';
import { median, row } from './results.mjs';
import { rulesOf, traits } from './rules.mjs';

const ROUNDS = 400;
const WARM_UP = 60;

const filler = '<p class="text">Shoes for the mountains, and for the way there.</p>\n'
  .repeat(1500)
  .slice(0, 100 * 1024 - 200);
const html = `<!doctype html><html><head><title>t</title></head><body><main data-tl-slot="hero">usual</main>${filler}</body></html>`;
const answer = (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);

const origin = createServer(answer);
await new Promise((listening) => origin.listen(0, '127.0.0.1', listening));
const originUrl = `http://127.0.0.1:${origin.address().port}`;

const edge = await startEdge({ rules: rulesOf(100), origin: answer, vars: { REFRESH: undefined } });
const passThrough = new Miniflare({
  modules: true,
  script: `export default { fetch: (request) => fetch('${originUrl}' + new URL(request.url).pathname) }`,
  cf: false,
});
const passUrl = (await passThrough.ready).origin;

const cookie = `tl_id=p1; tl_token=${mintToken(edge.keys, { facts: { traits } })}; tl_consent=personalization=granted&analytics=denied`;
const visitor = { 'user-agent': BROWSER, accept: PAGE, cookie };

/** Returns the milliseconds to the first byte of the page and to its end, and the page. */
function load(url, headers) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent: false }, (response) => {
      let first;
      const chunks = [];
      response.on('data', (chunk) => {
        first ??= performance.now() - start;
        chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({ first, total: performance.now() - start, page: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject).end();
  });
}

const ways = {
  direct: () => load(`${originUrl}/`, visitor),
  passed: () => load(`${passUrl}/`, visitor),
  off: () => load(`${edge.url}/?tl_off=1`, visitor),
  edge: () => load(`${edge.url}/`, visitor),
};
assert.equal((await ways.passed()).page, html);
assert.ok(/data-tl-state="applied"[^>]*><h1>\d+ Ann<\/h1>/.test((await ways.edge()).page), 'the edge personalises');

const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
  for (const [way, run] of Object.entries(ways)) {
    const taken = await run();
    if (round >= WARM_UP) times[way].push(taken);
  }
}
const middle = (way, what) => median(times[way].map((taken) => taken[what]));
const difference = (a, b, what) => median(times[a].map((taken, round) => taken[what] - times[b][round][what]));
const ms = (number) => `${number.toFixed(2)} ms`;

const first = difference('edge', 'passed', 'first');
row('page of 100 KB: first byte, compared with a pass-through worker', ms(first), '1.00 ms', first <= 1);
row('- whole page, compared with a pass-through worker', ms(difference('edge', 'passed', 'total')));
row('- first byte, compared with the edge with tl_off', ms(difference('edge', 'off', 'first')));
for (const way of Object.keys(ways)) {
  row(`- ${way}: first byte, whole page`, `${ms(middle(way, 'first'))}, ${ms(middle(way, 'total'))}`);
}

await edge.stop();
await passThrough.dispose();
origin.close();
