import { PRODUCTS, art, dataOf } from './products.mjs';

const line = (product) => `<li class="panel line" id="${product.id}" ${dataOf(product)}>
            ${art(product)}
            <h3><a href="/product/${product.id}/">${product.name}</a></h3>
            <span class="price">€${product.price}</span>
            <div class="line-controls"><span data-quantity></span><button class="text-button" type="button" data-remove hidden>Remove<span class="visually-hidden"> ${product.name}</span></button></div>
          </li>`;

export default {
  file: 'cart/index.html',
  kind: 'cart',
  title: 'Basket · Tarnfell',
  description: 'What you are about to order.',
  main: `
    <header class="page-head"><h1>Basket</h1></header>

    <div class="slot slot-offer" data-tl-slot="cart.offer">
      <p class="offer">Postage is €5, and free from €150.</p>
    </div>

    <div class="columns">
      <section class="stack" aria-label="Things in the basket">
        <p class="lede" data-empty hidden>Nothing in it yet. <a href="/category/">See the gear</a>.</p>
        <ul class="lines" data-lines>
          ${PRODUCTS.map(line).join('\n          ')}
        </ul>
        <dl class="sums" data-total hidden>
          <div><dt>Things</dt><dd data-things></dd></div>
          <div data-discounted hidden><dt>Taken off</dt><dd data-off></dd></div>
          <div><dt>Postage</dt><dd data-postage></dd></div>
          <div class="total"><dt>Total</dt><dd data-sum></dd></div>
        </dl>
      </section>

      <!-- The personal fields have no name: without JavaScript they stay on this page and never get into an address. -->
      <div class="stack">
        <form class="panel stack" action="/order/" method="get" data-checkout>
          <h2>Order</h2>
          <div class="field"><label for="first-name">First name</label><input id="first-name" autocomplete="given-name"></div>
          <div class="field"><label for="email">E-mail</label><input id="email" type="email" autocomplete="email"></div>
          <button class="button">Place the order</button>
          <p class="note">A demo: nothing is charged and nothing is sent.</p>
        </form>
        <form class="panel stack" data-hold hidden>
          <h3>Not now?</h3>
          <div class="field"><label for="phone">WhatsApp number</label><input id="phone" type="tel" autocomplete="tel" required></div>
          <p class="note">We remind you once, ten minutes from now, and only if you have not ordered by then.</p>
          <button class="button button--quiet button--small">Hold my basket</button>
          <p class="status" role="status" data-held></p>
        </form>
      </div>
    </div>
`,
};
