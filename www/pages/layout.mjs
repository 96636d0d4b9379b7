// The document around each page of the shop: head, header, footer.

const SECTIONS = [
  ['/category/', 'Gear'],
  ['/pricing/', 'Care plans'],
  ['/guide/', 'Field guide'],
  ['/support/', 'Support'],
];

/**
 * Returns the HTML of a page; `file` is its path in the shop, `kind` the name by which its scripts know it.
 */
export function document({ file, kind, title, description, main }) {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title}</title>
  <meta name="description" content="${description}">
  <meta name="theme-color" content="#173d31">
  <link rel="icon" href="/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/shop.css">
  <script async src="/_tl/tag.js" data-write-key="shop-web"></script>
  <script type="module" src="/shop.js"></script>
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>
  <div class="bar" id="promo-bar">Sixty days to change your mind.</div>
  <header class="site-head">
    <div class="wrap">
      <a class="logo" href="/"><svg aria-hidden="true" viewBox="0 0 32 32"><use href="/favicon.svg#mark"/></svg>Tarnfell</a>
      <nav class="site-nav" aria-label="Main">
        ${SECTIONS.map(([path, name]) => link(path, name, file)).join('\n        ')}
      </nav>
      <a class="basket" href="/cart/">Basket<span class="basket-count" data-basket-count hidden></span></a>
    </div>
  </header>

  <main id="main" tabindex="-1" class="wrap" data-page="${kind}">
    ${main.trim()}
  </main>

  <footer class="site-foot">
    <div class="wrap">
      <p>Tarnfell is an invented shop. It shows what Throughline does; nothing here can be bought.</p>
      <a href="/privacy/">Privacy choices</a>
      <a href="/support/">Support</a>
    </div>
  </footer>
</body>
</html>
`;
}

const link = (path, name, file) =>
  `<a href="${path}"${`${path}index.html` === `/${file}` ? ' aria-current="page"' : ''}>${name}</a>`;
