// The products of the shop, and their markup in lists.

/**
 * The products: `tone` colours the drawing, `note` describes the product in a list, `lede`, `points` and
 * `specs` on its page.
 */
export const PRODUCTS = [
  {
    id: 'ridge-runner',
    name: 'Ridge Runner',
    price: 149,
    category: 'Footwear',
    type: 'Trail shoe',
    note: 'A light trail shoe with a sole you can replace.',
    lede: 'Grippy, quiet and light enough to forget. When the lugs are gone we put on a new sole, twice if you like.',
    points: ['Stitched outsole, made to be replaced', '4 mm lugs that shed mud', 'Runs true to size, wide toe box'],
    specs: { Weight: '286 g (EU 42)', Drop: '6 mm', Upper: 'Recycled ripstop', 'Made in': 'Portugal' },
  },
  {
    id: 'tarn-mid',
    name: 'Tarn Mid',
    price: 219,
    category: 'Footwear',
    tone: 'ember',
    type: 'Hiking boot',
    note: 'A leather boot for wet paths and heavy weeks.',
    lede: "One piece of leather, few seams, nothing to peel. Keeps its shape for years and can be resoled at any cobbler's.",
    points: ['2.2 mm full-grain leather', 'Waterproof without a membrane', 'Welted sole: any cobbler can replace it'],
    specs: { Weight: '540 g (EU 42)', Height: '14 cm', Upper: 'Alpine leather', 'Made in': 'Italy' },
  },
  {
    id: 'fell-20',
    name: 'Fell 20',
    price: 129,
    category: 'Packs and shells',
    tone: 'lake',
    type: 'Day pack',
    note: 'Twenty litres, one zip, no dangling straps.',
    lede: 'A day pack that sits still when you run for the last bus. Every buckle is held by a screw, so every buckle can be changed.',
    points: ['20 litres, fits a 2 l bladder', 'Buckles replaced with a coin', 'Sits close, does not bounce'],
    specs: { Weight: '690 g', Volume: '20 l', Fabric: '210D recycled nylon', 'Made in': 'Latvia' },
  },
  {
    id: 'squall',
    name: 'Squall',
    price: 249,
    category: 'Packs and shells',
    tone: 'moss',
    type: 'Rain shell',
    note: 'A three-layer shell that is re-proofed, not replaced.',
    lede: 'Hard rain, no drama. Three layers without PFAS, a hood that turns with your head, and seams we re-tape for life.',
    points: ['20,000 mm water column, no PFAS', 'Pit zips long enough to matter', 'Seams re-taped for life'],
    specs: { Weight: '385 g', Layers: '3', 'Packs to': '1.1 l', 'Made in': 'Lithuania' },
  },
];

/** Returns the attributes by which the shop's scripts know a product. */
export const dataOf = ({ id, name, price, category }) =>
  `data-product-id="${id}" data-name="${name}" data-price="${price}" data-category="${category}"`;

/** Returns the drawing of a product, in a `size` or the usual one. */
export const art = ({ id, tone }, size) => {
  const names = ['art', size && `art--${size}`, tone && `art--${tone}`].filter(Boolean);
  return `<div class="${names.join(' ')}"><svg aria-hidden="true"><use href="/art/products.svg#${id}"/></svg></div>`;
};

/** Returns the items of a `ul.grid`. */
export const cards = (...ids) =>
  PRODUCTS.filter(({ id }) => ids.includes(id))
    .map(card)
    .join('\n        ');

const card = (product) => `<li class="card" ${dataOf(product)}>
          ${art(product)}
          <div class="card-text">
            <h3><a href="/product/${product.id}/">${product.name}</a></h3>
            <span class="price">€${product.price}</span>
            <p class="note">${product.note}</p>
          </div>
        </li>`;
