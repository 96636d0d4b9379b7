// Measures how fresh pages are: from the collector's 200 for a server's event to the page that shows it. Edge and
// collector run on workerd with stored data.
import assert from 'node:assert/strict';
import { newPerson, startSystem } from '../tests/support/system.mjs';
import { digits, median, percentiles, row } from './results.mjs';

const ROUNDS = 200;
const WARM_UP = 20;
const RESTARTS = 10;
/** Visitors who click four times a second, with the usual FRESH. */
const VISITORS = 40;
const CLICK = 250;
const SLOW = 1000;
/** The longest time that any step may take. */
const PATIENCE = 60_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A member whose server reports a new first name in each round. */
class Member {
  #round = 0;

  constructor(system) {
    this.system = system;
    this.browser = system.browser();
    this.userId = newPerson();
  }

  static async of(system) {
    const member = new Member(system);
    await system.login(member.browser, member.userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
    await member.until('Ann', { click: 50 });
    return member;
  }

  /** Reports a name, as a server does; returns it when the collector has answered 200. */
  async report() {
    this.#round += 1;
    const firstName = `Ann ${this.#round}`;
    await this.system.server('crm').identify({ userId: this.userId }, { firstName });
    return firstName;
  }

  /** Loads pages until one shows the name; returns the milliseconds since now, and the number of pages. */
  async until(firstName, { click = 0 } = {}) {
    const start = performance.now();
    for (let views = 1; performance.now() - start < PATIENCE; views += 1) {
      const { slots } = await this.browser.view();
      if (slots['home.hero'] === `Good to see you, ${firstName}`) return { taken: performance.now() - start, views };
      if (click) await pause(click);
    }
    throw new Error(`no page shows \`${firstName}\``);
  }

  /** Returns the milliseconds that a page takes. */
  async page() {
    const start = performance.now();
    assert.equal((await this.browser.view()).status, 200);
    return performance.now() - start;
  }
}

const times = (found) => percentiles(found.map(({ taken }) => taken));
const atOnce = (found) => `${Math.round((100 * found.filter(({ views }) => views === 1).length) / found.length)} %`;

async function repeated(count, run) {
  const found = [];
  for (let round = 0; round < count; round += 1) found.push(await run(round));
  return found;
}

// Each page view asks: FRESH=0.
const asking = await startSystem({ edge: { FRESH: '0' } });
const still = await startSystem({ edge: { FRESH: 'off' } });
try {
  const [member, other] = [await Member.of(asking), await memberWithout(still)];
  await repeated(WARM_UP, async () => [await member.page(), await other.page()]);

  const next = await repeated(ROUNDS, async () => member.until(await member.report()));
  row('server event to page, FRESH=0: p50 / p95 / p99', times(next));
  row('- shown by the very next page view', atOnce(next));

  const pages = await repeated(ROUNDS, async () => ({ asking: await member.page(), still: await other.page() }));
  const ratio = median(pages.map((page) => page.asking)) / median(pages.map((page) => page.still));
  row('- page with a refresh: p50 / p95 / p99', percentiles(pages.map((page) => page.asking)));
  row('- page without: p50 / p95 / p99', percentiles(pages.map((page) => page.still)));
  row('- ratio of the two medians', digits(ratio));

  await asking.gate({ delay: SLOW });
  const slow = await repeated(20, () => member.page());
  row(`- page while the collector takes ${SLOW} ms: p50 / p95 / p99`, percentiles(slow));
  const late = await repeated(5, async () => member.until(await member.report(), { click: CLICK }));
  row(`- server event to page meanwhile, a click each ${CLICK} ms`, times(late));
  await asking.gate({ status: 503 });
  row('- page while the collector is down: p50 / p95 / p99', percentiles(await repeated(50, () => member.page())));
  await asking.gate();
  row(
    '- collector up again to a page that shows the event',
    times([await member.until(await member.report(), { click: 50 })]),
  );

  const restarts = await repeated(RESTARTS, async () => {
    const name = await member.report();
    await asking.restart();
    return member.until(name);
  });
  row('- workers started again to page: p50 / p95 / p99', times(restarts));
} finally {
  await asking.stop();
  await still.stop();
}

// The usual FRESH.
const usual = await startSystem();
try {
  const members = [];
  for (let one = 0; one < VISITORS; one += 1) members.push(await Member.of(usual));
  const found = await Promise.all(
    members.map(async (member, one) => {
      await pause(one * 7);
      return member.until(await member.report(), { click: CLICK });
    }),
  );
  row('server event to page, FRESH=10: p50 / p95 / p99', times(found));
} finally {
  await usual.stop();
}

/** A member on a system that never asks: the token comes with the answer to an event. */
async function memberWithout(system) {
  const member = new Member(system);
  await system.login(member.browser, member.userId, { firstName: 'Ann', loyalty: { tier: 'gold' } });
  await member.browser.track('Looked');
  await member.until('Ann', { click: 50 });
  return member;
}
