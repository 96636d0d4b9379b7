import { PRODUCTS, art, cards, dataOf } from './products.mjs';

/** Returns the page of one product, with the others below it. */
export const productPage = (product) => ({
  file: `product/${product.id}/index.html`,
  kind: 'product',
  title: `${product.name} · Tarnfell`,
  description: product.note,
  main: `
    <article class="product">
      ${art(product, 'large')}
      <div class="stack">
        <p class="eyebrow">${product.type}</p>
        <h1>${product.name}</h1>
        <p class="price">€${product.price}</p>
        <p class="lede">${product.lede}</p>
        <div class="slot slot-offer" data-tl-slot="product.offer">
          <p class="offer">Free returns for sixty days, worn or not.</p>
        </div>
        <form class="actions" action="/cart/#${product.id}" method="get" data-add ${dataOf(product)}>
          <button class="button" name="add" value="${product.id}">Add to basket</button>
          <a href="/pricing/">What repairs cost</a>
        </form>
        <p class="status" role="status" data-added></p>
        <ul class="ticks">
          ${product.points.map((point) => `<li>${point}</li>`).join('\n          ')}
        </ul>
        <dl class="specs">
          ${Object.entries(product.specs)
            .map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`)
            .join('\n          ')}
        </dl>
      </div>
    </article>

    <section aria-labelledby="more">
      <div class="section-head"><h2 id="more">Goes with it</h2></div>
      <ul class="grid">
        ${cards(...PRODUCTS.map(({ id }) => id).filter((id) => id !== product.id))}
      </ul>
    </section>
`,
});
