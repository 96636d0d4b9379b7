export default {
  file: 'order/index.html',
  kind: 'order',
  title: 'Thank you · Tarnfell',
  description: 'Your order at Tarnfell.',
  main: `
    <!-- Without its script the page cannot know, and follows an order that the form has placed. -->
    <div data-not-ordered hidden>
      <header class="page-head">
        <h1>No order yet.</h1>
        <p class="lede">Nothing was ordered in this browser. <a href="/cart/">To the basket</a></p>
      </header>
    </div>

    <div data-ordered>
      <header class="page-head">
        <p class="eyebrow">Order placed</p>
        <h1>Thank you<span data-order-name></span>.</h1>
        <p class="lede">We pack it tomorrow morning and write when it leaves. <span data-order-number></span></p>
      </header>

      <section class="slot slot-banner" data-tl-slot="order.next" aria-label="What next">
        <div class="banner">
          <p><strong>Make it last</strong><br>Ten minutes with the field guide now saves a sole later.</p>
          <a class="button button--quiet button--small" href="/guide/">Open the guide</a>
        </div>
      </section>

      <ul class="panel ticks prose">
        <li>Wear it at home first: sixty days to send it back</li>
        <li>Keep the number above for repairs, you need no receipt</li>
      </ul>
    </div>
`,
};
