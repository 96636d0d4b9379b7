// The demo's panel: switch personas, and see decisions, their explanations and the events. It is not part of
// a real shop.
import { empty } from '../basket.js';
import { remember } from '../consent.js';
import { read, write } from '../store.js';
import { signIn, signOut } from '../account.js';
import { el } from './dom.js';
import { traceTree } from './trace.js';
import { consentSwitches, decisionView, eventList, personaButtons } from './views.js';

const CHOSEN = { personalization: 'granted', analytics: 'granted' };
const QUIET = 300;

/** Opens the panel. `demo` is the description of the demo, `heard` the tag's events so far. */
export function openPanel(demo, heard) {
  const panel = document.createElement('tl-panel');
  panel.demo = demo;
  panel.heard = heard;
  document.body.append(panel);
}

class Panel extends HTMLElement {
  #shadow = this.attachShadow({ mode: 'open' });
  #events = [];
  #decision;
  #timer;

  connectedCallback() {
    this.#build();
    for (const event of this.heard) this.#hear(event);
    for (const type of ['tldata', 'tlevent', 'tlrefresh'])
      document.addEventListener(type, (event) => this.#hear(event));
    addEventListener('popstate', () => this.#later());
    if (read('panel', false)) this.#open(true);
  }

  #build() {
    const drawer = el(
      'aside',
      { id: 'drawer', hidden: true, 'aria-label': 'Throughline' },
      el(
        'header',
        {},
        el('h2', {}, 'Throughline'),
        el('button', { type: 'button', id: 'close', 'aria-label': 'Close' }, '×'),
      ),
      part('Who is looking', 'personas', true),
      part('Decided for this page', 'decision', true),
      part('If it were opened now', 'trace', true),
      part('Sent from this page', 'events', false),
      part('Privacy', 'privacy', false),
    );
    const toggle = el(
      'button',
      { type: 'button', id: 'toggle', 'aria-expanded': 'false', 'aria-controls': 'drawer' },
      'Throughline',
    );
    toggle.addEventListener('click', () => this.#open(true));
    drawer.querySelector('#close').addEventListener('click', () => this.#open(false));
    drawer.addEventListener('keydown', (event) => event.key === 'Escape' && this.#open(false));
    this.#shadow.append(el('link', { rel: 'stylesheet', href: '/panel/panel.css' }), toggle, drawer);
    this.#show(
      'personas',
      personaButtons(this.demo.personas, read('persona', 'new'), (persona) => this.#become(persona)),
    );
    this.#showPrivacy();
    this.#show('events', eventList([]));
    this.#show('decision', decisionView());
  }

  #open(isOpen) {
    const wasOpen = read('panel', false);
    write('panel', isOpen);
    this.#shadow.querySelector('#drawer').hidden = !isOpen;
    const toggle = this.#shadow.querySelector('#toggle');
    toggle.hidden = isOpen;
    toggle.setAttribute('aria-expanded', String(isOpen));
    // Only opening or closing the panel moves the focus; a new page keeps it.
    if (isOpen !== wasOpen) (isOpen ? this.#shadow.querySelector('#close') : toggle).focus();
    if (isOpen) this.#explain();
  }

  #hear({ type, detail }) {
    if (type === 'tldata') {
      this.#decision = detail?.decision;
      this.#show('decision', decisionView(this.#decision));
    }
    if (type === 'tlevent') {
      this.#events.push(detail);
      this.#show('events', eventList(this.#events));
    }
    this.#later();
  }

  /** Updates the explanation after a moment without events. */
  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => read('panel', false) && this.#explain(), QUIET);
  }

  async #explain() {
    const path = encodeURIComponent(location.pathname + location.search);
    const headers = { authorization: `Bearer ${this.demo.preview}` };
    try {
      const answer = await fetch(`/_tl/explain?path=${path}`, { headers });
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.error?.message ?? answer.statusText);
      this.#show('trace', traceTree(found.trace));
      // The edge filled this page before the tag loaded; until the tag decides, the edge's decision for this
      // view applies.
      if (!this.#decision) this.#show('decision', decisionView(await decisionOfThisView()));
    } catch (error) {
      this.#show('trace', el('p', { class: 'note' }, `No explanation: ${error.message}`));
    }
  }

  /**
   * Signs out, and in as the persona, as a customer does; a new visitor has no account. The data that this browser kept
   * belongs to another persona.
   */
  async #become({ id, hasAccount }) {
    remember(hasAccount ? CHOSEN : {});
    await signOut();
    if (hasAccount) await signIn(id);
    empty();
    for (const name of ['order', 'ticket']) write(name, undefined);
    write('persona', id);
    location.reload();
  }

  #showPrivacy() {
    const forget = el('button', { type: 'button', class: 'forget' }, 'Forget me on this device');
    forget.addEventListener('click', () => this.#become({ id: 'new' }));
    this.#show('privacy', [...consentSwitches(() => this.#showPrivacy()), forget]);
  }

  #show(id, content) {
    this.#shadow.getElementById(id).replaceChildren(...[content].flat(Infinity).filter(Boolean));
  }
}

/** Returns the edge's decision for this page, without counting the exposures of this view. */
async function decisionOfThisView() {
  const view = [
    ...new Set([...document.querySelectorAll('[data-tl-decision]')].map(({ dataset }) => dataset.tlDecision)),
  ];
  const request = { attributes: { path: location.pathname, url: location.href } };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/_tl/decide', { method: 'POST', headers, body: JSON.stringify({ request, view }) });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error?.message ?? answer.statusText);
  return found;
}

function part(title, id, isOpen) {
  return el('details', { class: 'part', open: isOpen }, el('summary', {}, title), el('div', { id }));
}

customElements.define('tl-panel', Panel);
