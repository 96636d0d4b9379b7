export default {
  file: 'privacy/index.html',
  kind: 'privacy',
  title: 'Privacy choices · Tarnfell',
  description: 'What Tarnfell may store and show.',
  main: `
    <header class="page-head">
      <h1>Privacy choices</h1>
      <p class="lede">Until you choose, your device keeps nothing but your basket, and the pages look the same for everybody. You can change your mind here at any time.</p>
    </header>

    <form class="panel stack prose" data-consent hidden>
      <fieldset>
        <legend>What may we do?</legend>
        <label class="check"><input type="checkbox" name="personalization"><span><strong>Personal content</strong><br>Remember what you looked at, and show pages that fit.</span></label>
        <label class="check"><input type="checkbox" name="analytics"><span><strong>Measuring</strong><br>Count which messages were seen, so that we send fewer.</span></label>
        <label class="check"><input type="checkbox" name="channel.email"><span><strong>E-mail</strong><br>Write to you about the things you looked at.</span></label>
        <label class="check"><input type="checkbox" name="channel.whatsapp"><span><strong>WhatsApp</strong><br>Remind you of a basket you left.</span></label>
      </fieldset>
      <p class="actions"><button class="button button--small">Save</button> <button class="button button--small" type="button" data-all="denied">Reject all</button> <button class="button button--small" type="button" data-all="granted">Accept all</button></p>
      <p class="status" role="status" data-saved></p>
    </form>
    <noscript><p class="panel prose">Without JavaScript no choice can be stored, so everything stays switched off.</p></noscript>
`,
};
