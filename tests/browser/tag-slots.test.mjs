// How the tag fills slots of pages that belong to others: nothing of theirs is moved or removed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { eventually } from '../support/edge.mjs';
import { bench, counted, filledByEdge, html } from '../support/tag.mjs';

const { open } = bench();
const slot = (tag, content, name = 'page.hero') => `<${tag} data-tl-slot="${name}">${content}</${tag}>`;

/** Remembers all nodes of a slot before the tag runs; `isWhole` says whether each is where it was, in the same order. */
const remember = `<script>
  const remembered = [...document.querySelectorAll('[data-tl-slot]')].map((slot) => [slot, [...slot.childNodes].map((node) => [node, node.textContent])]);
  const isWhole = () => remembered.every(([slot, nodes]) => {
    const now = [...slot.childNodes].filter((node) => nodes.some(([one]) => one === node));
    return now.length === nodes.length && now.every((node, index) => node === nodes[index][0]);
  });
  const isAsBefore = () => remembered.every(([slot, nodes]) => isWhole() && slot.childNodes.length === nodes.length && nodes.every(([node, text]) => node.textContent === text));
</script>`;

describe('a slot is filled and emptied, and its nodes stay where they are', () => {
  const shapes = {
    'with elements': slot('div', '<h1>Usual</h1><!-- a comment --><p hidden>More</p>'),
    'with text, which no style sheet hides': slot('section', 'Usual <b>words</b>'),
    'that may not have a shadow root': slot('a', 'Usual'),
    'that is a button': slot('button', 'Usual <i>words</i>'),
    'that is an item of a list': `<ul>${slot('li', 'Usual')}</ul>`,
    'that is a list': slot('ul', '<li>Usual</li><li>words</li>'),
    'that is a custom element': slot('shop-banner', 'Usual'),
    'that is empty': slot('div', ''),
  };
  const withoutSheets = () => {
    delete Document.prototype.adoptedStyleSheets;
    delete ShadowRoot.prototype.adoptedStyleSheets;
    delete CSSStyleSheet.prototype.replaceSync;
  };
  for (const [which, body] of Object.entries(shapes)) {
    for (const [where, init] of [
      ['', undefined],
      [', in a browser without constructable style sheets', withoutSheets],
    ]) {
      test(`${which}${where}`, async () => {
        const { page, push, sees, shows, errors } = await open('/', { pages: () => html(body + remember), init });
        const usual = () => page.locator('[data-tl-slot]').evaluate((slot) => slot.getAttribute('data-tl-state'));
        await shows('page.hero', 'Hello');
        assert.ok(await page.evaluate(() => isWhole()));
        await push(['track', 'Guide Downloaded']);
        await shows('page.hero', 'Hot');
        assert.ok(await page.evaluate(() => isWhole()));
        const shown = await page.evaluate(() => remembered[0][1].map(([node]) => node.textContent).join(''));
        await push(['reset']);
        await eventually(async () => assert.ok(['default', 'applied'].includes(await usual())));
        await shows('page.hero', 'Hello');
        assert.equal(typeof shown, 'string');
        assert.deepEqual(await errors(), []);
        assert.equal(await sees('page.hero'), 'Hello');
      });
    }
  }

  test('and is as it was when a decision has nothing for it', async () => {
    const names = {
      elements: slot('div', '<i>Nothing</i>', 'page.bar'),
      text: slot('div', 'Nothing', 'page.bar'),
      link: slot('a', 'Nothing', 'page.bar'),
    };
    for (const body of Object.values(names)) {
      const { page, push, shows } = await open('/', { pages: () => html(body + remember) });
      await shows('page.bar', 'Promo');
      await push(['track', 'Ticket Opened']);
      await shows('page.bar', 'Nothing');
      assert.ok(await page.evaluate(() => isAsBefore()));
      assert.equal(await page.locator('[data-tl-slot]').getAttribute('data-tl-state'), 'default');
    }
  });
});

describe('content of elements that are laid out by their children', () => {
  test('stands among them: rows in a table, items in a select', async () => {
    const table = `<table>${slot('tbody', '<tr><td>Old</td></tr><tr><td>Older</td></tr>', 'page.rows')}</table>`;
    const { page, push, shows } = await open('/', { pages: () => html(table + remember) });
    await shows('page.rows', 'New');
    assert.ok(await page.evaluate(() => isWhole()));
    assert.equal(await page.evaluate(() => document.querySelector('tbody').rows[0].cells[0].textContent), 'New');
    await push(['track', 'Ticket Opened']);
    await eventually(async () => assert.ok(await page.evaluate(() => isAsBefore())));
    assert.match(await page.innerText('tbody'), /Old\s+Older/);
  });

  test('is text in elements that contain text alone, which scripts read', async () => {
    const body = slot('script type="application/json"', '{"is":"old"}', 'page.data').replace(
      '</script type="application/json">',
      '</script>',
    );
    const { page, push } = await open('/', { pages: () => html(body + remember) });
    const reads = () => page.evaluate(() => JSON.parse(document.querySelector('[data-tl-slot]').textContent).is);
    await eventually(async () => assert.equal(await reads(), 'new'));
    assert.ok(await page.evaluate(() => isWhole()));
    await push(['track', 'Ticket Opened']);
    await eventually(async () => assert.equal(await reads(), 'old'));
    assert.ok(await page.evaluate(() => isAsBefore()));
  });
});

describe('a slot that the edge has filled', () => {
  const bar = (html, usual) => filledByEdge({ name: 'page.bar', html, usual });
  const pages = (body) => ({
    pages: () => ({ body: html(body), headers: counted() }),
    prepare: (fake) => (fake.facts = { mark: 'mark' }),
  });

  test('is emptied by taking away what is ours; the page is not asked for again', async () => {
    const body = bar('<p>Promo</p> and <b>more</b>', 'Nothing <i id="theirs">here</i>');
    const { page, push, shows, loads, errors } = await open('/', pages(body));
    const theirs = await page.evaluateHandle(() => document.getElementById('theirs'));
    await shows('page.bar', 'Promo\n\nand more');
    await push(['track', 'Ticket Opened']);
    await shows('page.bar', 'Nothing here');
    assert.ok(await theirs.evaluate((node) => node === document.getElementById('theirs')));
    assert.deepEqual(loads, ['/']);
    assert.deepEqual(await errors(), []);
  });

  test('can be filled with something else, and emptied then', async () => {
    const { push, shows } = await open('/', pages(filledByEdge({})));
    await shows('page.hero', 'Hello');
    await push(['track', 'Guide Downloaded']);
    await shows('page.hero', 'Hot');
  });

  test('shows rows that were kept in a template', async () => {
    const table = `<table><tbody data-tl-slot="page.rows" data-tl-state="applied" data-tl-decision="d-edge" data-tl-at="${Math.floor(Date.now() / 1000)}" data-tl-for="mark"><tr><td>New</td></tr><template data-tl-fallback><tr><td>Old</td></tr></template></tbody></table>`;
    const { page, push, shows } = await open('/', pages(table));
    await shows('page.rows', 'New');
    await push(['track', 'Ticket Opened']);
    await shows('page.rows', 'Old');
    assert.equal(await page.evaluate(() => document.querySelector('tbody').rows.length), 1);
  });

  test('has its JSON back from the script behind it', async () => {
    const scripts = `<script type="application/json" data-tl-slot="page.data" data-tl-state="applied" data-tl-decision="d-edge" data-tl-at="${Math.floor(Date.now() / 1000)}" data-tl-for="mark">{"is":"new"}</script><script type="application/json" data-tl-fallback="page.data">{"is":"old"}</script>`;
    const { page, push } = await open('/', pages(scripts));
    await push(['track', 'Ticket Opened']);
    await eventually(async () =>
      assert.equal(await page.evaluate(() => document.querySelector('[data-tl-slot]').textContent), '{"is":"old"}'),
    );
  });

  test('gives its content back at a sign-out without network', async () => {
    const { fake, push, shows } = await open('/', pages(filledByEdge({})));
    await shows('page.hero', 'Hello');
    await fake.setOffline(true);
    await push(['reset']);
    await shows('page.hero', 'Usual');
  });
});

describe('frameworks', () => {
  let _bundle;
  const react = async (source) => {
    const resolveDir = new URL('../..', import.meta.url).pathname;
    _bundle ??= {};
    const made = await build({
      stdin: {
        contents: `import React from 'react'; import { createRoot, hydrateRoot } from 'react-dom/client'; const h = React.createElement; ${source}`,
        resolveDir,
      },
      bundle: true,
      write: false,
      format: 'iife',
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    return made.outputFiles[0].text;
  };
  /** A page whose slots have the markup that React's documentation would lead to: conditional children, texts, lists. */
  const APP = `
    const App = () => {
      const [n, set] = React.useState(0);
      globalThis.click = () => set((n) => n + 1);
      return h('main', null,
        h('section', { 'data-tl-slot': 'page.hero' }, n % 2 ? h('h1', null, 'Odd') : h('h2', null, 'Even')),
        h('div', { 'data-tl-slot': 'page.bar' }, 'Count ', n),
        h('a', { 'data-tl-slot': 'page.bar' }, 'Count ' + n),
        h('ul', { 'data-tl-slot': 'page.bar' }, Array.from({ length: n }, (_, key) => h('li', { key }, key))),
        n < 3 && h('p', { 'data-tl-slot': 'page.hero' }, 'Mounted'),
        h('output', null, n));
    };
    addEventListener('error', ({ message }) => (globalThis.broken ??= []).push(message));`;

  const clicks = async ({ page, sees, shows, errors }) => {
    for (let count = 1; count <= 4; count++) {
      await page.evaluate(() => click());
      await eventually(async () => assert.equal(await page.innerText('output'), String(count)));
      await shows('page.hero', 'Hello');
      await shows('page.bar', 'Promo');
      assert.equal(await page.locator('a').innerText(), 'Promo');
      assert.equal(await page.locator('ul').innerText(), 'Promo');
    }
    assert.equal(await page.evaluate(() => globalThis.broken), undefined);
    assert.deepEqual(await errors(), []);
    assert.equal(await sees('page.hero'), 'Hello');
  };

  test('React 19 renders again within filled slots, and throws nothing', async () => {
    const script = await react(`${APP} createRoot(document.getElementById('root')).render(h(App));`);
    const visitor = await open('/', { pages: () => html(`<div id="root"></div><script>${script}</script>`) });
    await visitor.shows('page.hero', 'Hello');
    await clicks(visitor);
    await visitor.push(['track', 'Ticket Opened']);
    await visitor.shows('page.bar', 'Count 4');
    assert.equal(await visitor.page.locator('a').innerText(), 'Count 4');
    assert.match(await visitor.page.locator('ul').innerText(), /0\s+1\s+2\s+3/);
    await visitor.settled();
    assert.deepEqual(visitor.seen(), ['page.hero hello', 'page.bar promo']);
  });

  test('React 19 hydrates a page that the edge has filled: one exposure, whoever draws it', async () => {
    const script = await react(
      `${APP} setTimeout(() => hydrateRoot(document.getElementById('root'), h(App), { onRecoverableError() {} }), 300);`,
    );
    const hero = filledByEdge({ usual: '<h2>Even</h2>' });
    const visitor = await open('/', {
      pages: () => ({
        body: html(`<div id="root"><main>${hero}<output>0</output></main></div><script>${script}</script>`),
        headers: counted(),
      }),
      prepare: (fake) => (fake.facts = { mark: 'mark' }),
    });
    await eventually(async () => assert.equal(await visitor.page.locator('a').innerText(), 'Promo'));
    await clicks(visitor);
    await visitor.settled();
    // The edge has recorded that the hero was seen.
    assert.deepEqual(visitor.seen(), ['page.bar promo']);
  });

  test('a script that sets the text of a slot again and again does not win, and one that fights is left alone', async () => {
    const { page, shows, push } = await open('/', { pages: () => html(slot('div', 'Usual')) });
    await shows('page.hero', 'Hello');
    await page.evaluate(() => (document.querySelector('[data-tl-slot]').textContent = 'Set'));
    await shows('page.hero', 'Hello');
    await page.evaluate(() => {
      const element = document.querySelector('[data-tl-slot]');
      new MutationObserver(() => element.querySelector('tl-fill')?.remove()).observe(element, { childList: true });
      element.append('!');
    });
    await eventually(async () =>
      assert.equal(await page.locator('[data-tl-slot]').getAttribute('data-tl-state'), 'error'),
    );
    assert.equal(await page.locator('[data-tl-slot]').innerText(), 'Set!');
    await push(['track', 'Still There']);
  });
});

describe('shadow roots', () => {
  test('are filled once the page names them, also for content that comes later', async () => {
    const body = `<shop-card></shop-card><script>
      const root = document.querySelector('shop-card').attachShadow({ mode: 'open' });
      root.innerHTML = '<section data-tl-slot="page.hero"><h1>Usual</h1></section>';
      (globalThis.throughline_queue ??= []).push(['slots', root]);</script>`;
    const { page, shows, push } = await open('/', { pages: () => html(body) });
    await shows('page.hero', 'Hello');
    await page.evaluate(() =>
      root.append(
        Object.assign(document.createElement('div'), { innerHTML: '<div data-tl-slot="page.bar">Nothing</div>' }),
      ),
    );
    await shows('page.bar', 'Promo');
    await push(['track', 'Ticket Opened']);
    await shows('page.bar', 'Nothing');
  });
});

test('a strict policy of the page forbids no way of filling', async () => {
  const policy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; require-trusted-types-for 'script'; trusted-types throughline";
  const pages = () => ({
    body: html(slot('div', 'Usual') + slot('ul', '<li>Nothing</li>', 'page.bar')),
    headers: { 'content-security-policy': policy },
  });
  const { shows, errors } = await open('/', { pages });
  await shows('page.hero', 'Hello');
  await shows('page.bar', 'Promo');
  assert.deepEqual(await errors(), []);
});
