import { cards } from './products.mjs';

export default {
  file: 'index.html',
  kind: 'home',
  title: 'Tarnfell: trail gear made to be repaired',
  description: 'Shoes, packs and shells for the trail, made to be repaired.',
  main: `
    <section class="slot slot-hero" data-tl-slot="home.hero">
      <div class="hero">
        <div class="hero-text">
          <p class="eyebrow">Trail gear, made to be repaired</p>
          <h1>Buy it once. Walk it for years.</h1>
          <p class="lede">Shoes, packs and shells built with screws, stitches and soles that come off, so that one broken part is never the end.</p>
          <p class="actions"><a class="button" href="/category/">See the gear</a> <a class="button button--quiet" href="/pricing/">How repairs work</a></p>
        </div>
      </div>
    </section>

    <section class="slot slot-intro" data-tl-slot="home.intro" aria-label="About Tarnfell">
      <div class="intro">
        <div class="intro-text">
          <h2>Four things, done properly</h2>
          <p>We make two shoes, one pack and one jacket, and we mend all of them in Graz.</p>
        </div>
      </div>
    </section>

    <section aria-labelledby="gear">
      <div class="section-head"><h2 id="gear">The whole range</h2><a href="/category/">Compare them</a></div>
      <ul class="grid">
        ${cards('ridge-runner', 'tarn-mid', 'fell-20', 'squall')}
      </ul>
    </section>

    <section aria-labelledby="why" class="columns">
      <div class="stack prose">
        <h2 id="why">A workshop with a shop attached</h2>
        <p class="lede">Seven people with sewing machines, lasts and a wall of spare soles. Most of what comes in leaves again within nine days.</p>
        <p class="actions"><a class="button button--quiet" href="/pricing/">Care plans</a> <a href="/guide/">Read the field guide</a></p>
      </div>
      <ul class="panel ticks">
        <li>Spare parts for ten years after the last one is sold</li>
        <li>Every repair priced before we start</li>
        <li>Things beyond mending are taken apart and used again</li>
      </ul>
    </section>
`,
};
