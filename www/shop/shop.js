// The script of every page of the shop. The pages work without it; it adds the basket, quick navigation and
// privacy choices.
import { showCount } from './basket.js';
import { askForConsent } from './consent.js';
import { navigateInPlace } from './nav.js';
import { enter } from './pages.js';

// The panel loads later than the tag's first events, so they are kept for it.
const heard = [];
for (const type of ['tldata', 'tlevent', 'tlrefresh']) document.addEventListener(type, (event) => heard.push(event));

showCount();
askForConsent();
navigateInPlace(enter);
enter(document.querySelector('main'));
showPanel();

/** Opens the panel if the server describes the demo, as under `make start`; in production it does not. */
async function showPanel() {
  const answer = await fetch('/demo.json').catch(() => undefined);
  if (!answer?.ok) return;
  const [{ openPanel }, demo] = await Promise.all([import('./panel/panel.js'), answer.json()]);
  openPanel(demo, heard);
}
