export default {
  file: 'guide/index.html',
  kind: 'guide',
  title: 'Field guide · Tarnfell',
  description: 'A short guide to mending trail gear.',
  main: `
    <article class="product">
      <div class="guide-cover" aria-hidden="true"><span>Tarnfell field guide</span><strong>Repair or replace?</strong></div>
      <div class="stack">
        <p class="eyebrow">Free, no e-mail needed</p>
        <h1>Repair or replace?</h1>
        <p class="lede">Ten minutes of reading that can save a pair of boots: which damage is cosmetic, which is the end, and what each repair costs.</p>
        <ul class="ticks">
          <li>The thumb test for midsoles</li>
          <li>Leaks: fabric, tape or zip?</li>
          <li>A price list you can hold us to</li>
        </ul>
        <p class="actions"><a class="button" href="/guide/repair-or-replace.txt" download data-guide="repair-or-replace">Download the guide</a> <span class="note">Plain text, 2 KB</span></p>
        <p class="status" role="status" data-downloaded></p>
      </div>
    </article>
`,
};
