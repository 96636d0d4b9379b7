import { cards } from './products.mjs';

export default {
  file: 'category/index.html',
  kind: 'category',
  title: 'Gear · Tarnfell',
  description: 'Trail shoes, boots, packs and shells that can be repaired.',
  main: `
    <header class="page-head">
      <h1>Gear</h1>
      <p class="lede">Two shoes, one pack, one shell. Less to choose from, more to choose for.</p>
    </header>

    <section class="slot slot-banner" data-tl-slot="category.banner" aria-label="Offer">
      <div class="banner">
        <p><strong>Not sure about the size?</strong><br>Order two, keep one. Sending the other back costs you nothing.</p>
      </div>
    </section>

    <section class="slot" data-tl-slot="category.viewed" aria-label="Seen lately"></section>

    <section aria-labelledby="footwear">
      <div class="section-head"><h2 id="footwear">Footwear</h2><a href="/guide/">How long should a sole last?</a></div>
      <ul class="grid">
        ${cards('ridge-runner', 'tarn-mid')}
      </ul>
    </section>

    <section aria-labelledby="packs">
      <div class="section-head"><h2 id="packs">Packs and shells</h2></div>
      <ul class="grid">
        ${cards('fell-20', 'squall')}
      </ul>
    </section>
`,
};
