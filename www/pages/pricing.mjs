export default {
  file: 'pricing/index.html',
  kind: 'pricing',
  title: 'Care plans · Tarnfell',
  description: 'What repairs cost, and plans that cover them.',
  main: `
    <header class="page-head">
      <p class="eyebrow">Repairs and upkeep</p>
      <h1>Care plans</h1>
      <p class="lede">Pay for each repair, or let us look after everything you own from us. Leave whenever you like.</p>
    </header>

    <section class="slot slot-banner" data-tl-slot="pricing.banner" aria-label="Offer">
      <div class="banner">
        <p><strong>Not sure what a repair would cost?</strong><br>The field guide lists our prices and shows which damage is worth mending.</p>
        <a class="button button--quiet button--small" href="/guide/">Open the guide</a>
      </div>
    </section>

    <ul class="plans">
      <li class="panel plan">
        <h2>Repair as you go</h2>
        <p class="price">€0</p>
        <p>For one pair of shoes and no hurry.</p>
        <ul class="ticks">
          <li>Every repair at list price</li>
          <li>A quote before we start</li>
          <li>Nine days, door to door</li>
        </ul>
        <a class="button button--quiet" href="/support/">Ask for a quote</a>
      </li>
      <li class="panel plan plan--best">
        <h2>Care</h2>
        <p class="price">€6 <small>a month</small></p>
        <p>For what you wear every week.</p>
        <ul class="ticks">
          <li>One resole or repair a year</li>
          <li>Re-proofing each autumn</li>
          <li>A spare pair while yours is here</li>
        </ul>
        <a class="button" href="/support/">Ask about Care</a>
      </li>
      <li class="panel plan">
        <h2>Care Plus</h2>
        <p class="price">€12 <small>a month</small></p>
        <p>For families, guides and clubs.</p>
        <ul class="ticks">
          <li>Repairs without a limit</li>
          <li>Up to six people</li>
          <li>Collected at your door</li>
        </ul>
        <a class="button button--quiet" href="/support/">Ask about Care Plus</a>
      </li>
    </ul>
`,
};
