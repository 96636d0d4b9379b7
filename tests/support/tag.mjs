// The tag in Chromium, with faked visitors in front of the real edge, whose plan and core decide.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { launch, visit } from './chromium.mjs';
import { eventually, startEdge } from './edge.mjs';
import { fakeVisitors } from './fake-visitors.mjs';

export const web = (html, rest = {}) => ({ renditions: [{ channel: 'web', html }], ...rest });
export const happened = (name) => ({ $event: { name, within: '48h' } });
const slot = { pages: ['/**'], public: true };

/** A hero for everybody, another one after `Guide Downloaded`; a bar until `Ticket Opened`. */
export const rules = {
  version: 1,
  slots: { 'page.hero': slot, 'page.bar': slot, 'page.rows': slot, 'page.data': { ...slot, type: 'json' } },
  channels: { web: {} },
  messages: {
    hello: web('<h1>Hello</h1>'),
    hot: web('<h1>Hot</h1>'),
    prices: web('<h1>Prices</h1>'),
    promo: web('<p>Promo</p>'),
    rows: web('<tr><td>New</td></tr>'),
    data: { renditions: [{ channel: 'web', json: { is: 'new' } }] },
  },
  campaigns: {
    hello: { class: 'service', priority: 10, slots: { 'page.hero': 'hello' } },
    prices: { class: 'service', priority: 20, when: { path: '/pricing/' }, slots: { 'page.hero': 'prices' } },
    hot: { class: 'service', priority: 30, when: happened('Guide Downloaded'), slots: { 'page.hero': 'hot' } },
    promo: {
      class: 'service',
      when: { $nor: [happened('Ticket Opened')] },
      slots: { 'page.bar': 'promo', 'page.rows': 'rows', 'page.data': 'data' },
    },
  },
  policies: { consent: { default: 'granted', store: 'personalization', measure: 'analytics' } },
};

export const BODY =
  '<section data-tl-slot="page.hero"><h1>Usual</h1></section><div data-tl-slot="page.bar"><i>Nothing</i></div>';

/** Returns an HTML page with the tag. */
export const html = (body = BODY, attributes = '', head = '') => `<!doctype html><html><head><meta charset="utf-8">
  <title>Test</title>${head}</head><body>${body}
  <script src="/_tl/tag.js" data-write-key="shop" ${attributes}></script></body></html>`;

/**
 * Starts browser and edge for the tests of a file, and returns `open` and `edge()`.
 *
 * `open(path, { pages, prepare, init })` opens a page of a new visitor. `pages(path)` returns its HTML, or what
 * `route.fulfill` takes, and `undefined` for a page of the origin; `prepare` gets the fake and the context first.
 */
export function bench({ vars } = {}) {
  let browser, edge;
  const contexts = [];
  before(async () => {
    browser = await launch();
    edge = await startEdge({ rules, vars, origin: (_request, response) => response.end() });
  });
  after(async () => {
    await browser?.close();
    await edge?.stop();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  async function open(path = '/', { pages = () => html(), prepare, init } = {}) {
    const { context, page } = await visit(browser, edge.url, { init });
    contexts.push(context);
    const loads = [];
    await context.route(
      ({ pathname }) => !pathname.startsWith('/_tl/'),
      (route) => {
        const url = new URL(route.request().url());
        loads.push(url.pathname + url.search);
        const found = pages(url.pathname, route.request());
        const page = typeof found === 'string' ? { body: found } : found;
        return page ? route.fulfill({ contentType: 'text/html', ...page }) : route.continue();
      },
    );
    const fake = await fakeVisitors(context);
    await prepare?.(fake, context);
    await page.goto(path);
    return { context, fake, loads, ...tab(page, fake) };
  }
  return { open, edge: () => edge, browser: () => browser };
}

/** Returns the verbs of a page. */
export function tab(page, fake) {
  const heard = (wanted) =>
    page.evaluate((wanted) => heard.filter(([type]) => type === wanted).map(([, detail]) => detail), wanted);
  /** Returns the text that somebody sees in a slot. */
  const sees = async (name) => (await page.locator(`[data-tl-slot="${name}"]`).first().innerText()).trim();
  const named = (name) => fake.events.filter(({ event, type }) => (event ?? type) === name);
  return {
    page,
    heard,
    sees,
    push: (...items) => page.evaluate((items) => throughline_queue.push(...items), items),
    shows: (name, wanted) => eventually(async () => assert.equal(await sees(name), wanted)),
    errors: async () => (await heard('tlerror')).map(({ message }) => message),
    /** The paths of the page views that have arrived. */
    views: () => named('page').map(({ context }) => context.page.path),
    /** The messages that have been seen, as `slot message`. */
    seen: () => named('Message Seen').map(({ properties }) => `${properties.slot} ${properties.message}`),
    named,
    /** Waits until all that the tag knows has arrived. */
    settled: async () => {
      await page.waitForTimeout(150);
      await eventually(async () => {
        const waiting = () => Object.keys(localStorage).filter((key) => key.startsWith('tl_event:'));
        assert.deepEqual(await page.evaluate(waiting), []);
      });
    },
  };
}

/** Returns a slot as the edge fills it. */
export const filledByEdge = ({
  name = 'page.hero',
  html = '<h1>Hello</h1>',
  usual = '<h1>Usual</h1>',
  decision = 'd-edge',
  at,
  mark = 'mark',
}) =>
  `<section data-tl-slot="${name}" data-tl-state="applied" data-tl-decision="${decision}" data-tl-at="${at ?? Math.floor(Date.now() / 1000)}" data-tl-for="${mark}">${html}<tl-fallback hidden>${usual}</tl-fallback></section>`;

/** The headers of a page that the edge has counted. */
export const counted = (decision = 'd-edge', plan) => ({
  'server-timing': `tl;desc="${decision}"${plan ? `, tl-plan;desc="${plan}"` : ''}`,
  'cache-control': 'private, no-cache',
});
