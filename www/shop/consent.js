// Privacy choices: asked for once, changed at any time on /privacy/, kept in the cookie that the edge reads.
import { call } from './track.js';

/**
 * The purposes of the banner. Consent to messages is requested where an address is given, and on /privacy/.
 */
const PAGES = ['personalization', 'analytics'];
/** All purposes; one that is not in the cookie is pending. */
export const PURPOSES = [...PAGES, 'channel.email', 'channel.whatsapp'];

const COOKIE = 'tl_consent';
const HALF_A_YEAR = 15552000;

/** Returns the choices made so far: `{ personalization: "granted", … }`. */
export function choices() {
  const pair = document.cookie.split('; ').find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';
  const { at, ...made } = Object.fromEntries(new URLSearchParams(pair.slice(COOKIE.length + 1)));
  return made;
}

/** Records choices, and passes them to the tag. */
export function choose(changes) {
  remember({ ...choices(), ...changes });
  call('consent', changes);
  removeBanner();
}

/** Records choices without telling the tag; an empty object makes every purpose pending again. */
export function remember(all) {
  const value = Object.keys(all).length ? new URLSearchParams({ ...all, at: Date.now() }).toString() : '';
  const age = value ? HALF_A_YEAR : 0;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${COOKIE}=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}

/** Shows the banner if nothing has been chosen. */
export function askForConsent() {
  if (Object.keys(choices()).length > 0 || location.pathname === '/privacy/') return;
  const banner = document.createElement('section');
  banner.className = 'consent';
  banner.setAttribute('aria-label', 'Privacy choices');
  banner.innerHTML = `
    <h2>May we remember you?</h2>
    <p>With your yes, pages fit what you looked at and we count which messages were seen. With your no, everything works the same.
      <a href="/privacy/">Choose in detail</a></p>
    <div class="actions">
      <button class="button button--small" type="button" data-all="denied">Reject</button>
      <button class="button button--small" type="button" data-all="granted">Accept</button>
    </div>`;
  banner.addEventListener('click', (event) => chooseAll(event, PAGES));
  // Right after the skip link, so that keyboard users reach it first and can skip it.
  document.querySelector('.skip').after(banner);
}

export function enterPrivacy(main) {
  removeBanner();
  const form = main.querySelector('[data-consent]');
  const show = () => {
    const made = choices();
    for (const purpose of PURPOSES) form.elements[purpose].checked = made[purpose] === 'granted';
  };
  const saved = () => {
    show();
    form.querySelector('[data-saved]').textContent = 'Saved.';
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    choose(
      Object.fromEntries(PURPOSES.map((purpose) => [purpose, form.elements[purpose].checked ? 'granted' : 'denied'])),
    );
    saved();
  });
  form.addEventListener('click', (event) => chooseAll(event, PURPOSES) && saved());
  form.hidden = false;
  show();
}

/** Makes all choices of the pressed button; returns whether it was such a button. */
function chooseAll(event, purposes) {
  const state = event.target.dataset.all;
  if (state) choose(Object.fromEntries(purposes.map((purpose) => [purpose, state])));
  return Boolean(state);
}

function removeBanner() {
  document.querySelector('.consent')?.remove();
}
