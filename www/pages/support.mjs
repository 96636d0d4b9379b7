export default {
  file: 'support/index.html',
  kind: 'support',
  title: 'Support · Tarnfell',
  description: 'Ask for a repair or for help.',
  main: `
    <header class="page-head">
      <h1>Support</h1>
      <p class="lede">Tell us what broke. One of the seven of us reads it today.</p>
    </header>

    <div class="columns">
      <!-- Without JavaScript the form opens the visitor's own e-mail. -->
      <form class="panel stack" action="mailto:help@tarnfell.example" method="post" enctype="text/plain" data-ticket>
        <h2>Open a ticket</h2>
        <div class="field">
          <label for="topic">What is it about?</label>
          <select id="topic" name="topic">
            <option value="repair">A repair</option>
            <option value="delivery">A delivery</option>
            <option value="sizing">The right size</option>
            <option value="plan">A Care plan</option>
          </select>
        </div>
        <div class="field"><label for="message">What happened?</label><textarea id="message" name="message" rows="4" required></textarea></div>
        <button class="button">Send</button>
        <p class="note">While a ticket is open you see no advertising here.</p>
      </form>
      <section class="panel stack" data-open-ticket hidden aria-labelledby="open-ticket">
        <h2 id="open-ticket" tabindex="-1">We are on it</h2>
        <p>Ticket <strong data-ticket-number></strong> is open. We answer today.</p>
        <button class="button button--quiet button--small" type="button" data-resolve>It is solved</button>
      </section>
    </div>
`,
};
