// Chromium for tests: visitors, each with a browser context.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { BROWSER } from './edge.mjs';

const tool = join(dirname(fileURLToPath(import.meta.url)), '../../tools/chromium.sh');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
// Set by flag as well: a beacon of a closed page does not have its context's user agent, and headless
// Chromium is a bot.
const agent = `--user-agent=${BROWSER}`;

/** Starts the browser. */
export function launch() {
  const executablePath = process.env.CHROMIUM || execFileSync(tool, { encoding: 'utf8' }).trim();
  return chromium.launch({ executablePath, args: [...flags, agent] });
}

/**
 * Returns a visitor who has answered the consent banner with `consent`: `context`, `page`, and `heard(type)`,
 * the details of the tag's events on the current page.
 */
export async function visit(browser, url, { consent, init } = {}) {
  const context = await browser.newContext({ baseURL: url, userAgent: BROWSER, locale: 'en-GB' });
  if (consent) await context.addCookies([{ name: 'tl_consent', value: consent, url }]);
  await context.addInitScript(() => {
    globalThis.heard = [];
    for (const type of ['tldata', 'tlevent', 'tlrefresh', 'tlerror']) {
      document.addEventListener(type, ({ detail }) => heard.push([type, detail]));
    }
    globalThis.shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value))).observe({
      type: 'layout-shift',
      buffered: true,
    });
  });
  if (init) await context.addInitScript(init);
  const page = await context.newPage();
  const heard = (wanted) =>
    page.evaluate((wanted) => heard.filter(([type]) => type === wanted).map(([, detail]) => detail), wanted);
  return { context, page, heard };
}
