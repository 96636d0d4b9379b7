// The tag with the real edge: an open page follows the plan and the switch, and gives slots back that the edge has filled.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, visit } from '../support/chromium.mjs';
import { eventually, publish, startEdge } from '../support/edge.mjs';
import { BODY, html, rules, tab } from '../support/tag.mjs';

const { hello: _, ...others } = rules.campaigns;
const stopped = { ...rules, campaigns: others };
const body = `${BODY}<table><tbody data-tl-slot="page.rows"><tr><td>Old</td></tr></tbody></table>
  <script type="application/json" data-tl-slot="page.data">{"is":"old"}</script>`;

let browser, edge;
const contexts = [];
before(async () => {
  browser = await launch();
  edge = await startEdge({
    rules,
    origin: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html(body));
    },
  });
});
after(async () => {
  await browser?.close();
  await edge?.stop();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

/** Opens a page, and collects the paths that it asks for. */
async function open(path = '/') {
  const { context, page } = await visit(browser, edge.url);
  contexts.push(context);
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(path);
  return { asked, ...tab(page, { events: [] }) };
}

test('a page that the edge has filled costs one question, and is neither decided nor counted again', async () => {
  const { page, asked, shows, heard, errors } = await open();
  await shows('page.hero', 'Hello');
  await eventually(() => assert.deepEqual(asked, ['/', '/_tl/tag.js', '/_tl/token']));
  await page.waitForTimeout(300);
  assert.deepEqual([await heard('tldata'), await heard('tlevent'), await errors()], [[], [], []]);
});

test('what the edge has filled is emptied without a request for the page', async () => {
  const { page, asked, push, shows } = await open();
  await push(['track', 'Ticket Opened']);
  await shows('page.bar', 'Nothing');
  assert.equal(await page.innerText('tbody'), 'Old');
  assert.equal(await page.evaluate(() => document.querySelector('script[data-tl-slot]').textContent), '{"is":"old"}');
  assert.equal(asked.filter((path) => path === '/').length, 1);
});

test('a stopped campaign leaves the open page with the next event, and the switch all of them', async () => {
  const { page, push, shows, errors } = await open();
  await shows('page.hero', 'Hello');
  for (const [key, value] of publish(stopped, edge.keys)) await edge.kv.put(key, value);
  await push(['track', 'Something']);
  await shows('page.hero', 'Usual');
  await shows('page.bar', 'Promo');
  await edge.kv.put('switch', 'off');
  await push(['track', 'Something']);
  await page.waitForTimeout(300);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 60_000;
    history.pushState(null, '', '/next/');
  });
  await shows('page.bar', 'Nothing');
  assert.deepEqual(await errors(), []);
});
