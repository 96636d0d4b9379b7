// Edge and collector in bad weather, for CHAOS_SECONDS (60) from CHAOS_SEED: KV, D1, R2, the collector and the receiver of
// messages fail, are slow or answer twice, clocks jump, and both workers are killed as in a power cut.
//
// Afterwards, in calm weather: every acknowledged event counts once, every page was whole, and nothing was recorded or sent
// after a refusal that was acknowledged. The seed repeats what is chosen; what the machine schedules differs from run to run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Collector, COLLECTOR_KEY, settings, sleep, startSink } from '../support/collector.mjs';
import { eventually, jwks, newKeys, page, publish, serve } from '../support/edge.mjs';
import { randomness } from '../support/random.mjs';
import { RULES, SLOTS } from '../support/system-rules.mjs';
import { Browser, Customer, END } from './people.mjs';

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 60);
const SEED = process.env.CHAOS_SEED ?? String(Date.now());
/** The time that a message may be under way when its refusal is acknowledged, in milliseconds. */
const UNDER_WAY_MS = 2_000;
/** The time that everything has to arrive in calm weather, in milliseconds. */
const CALM_MS = 180_000;

const random = randomness(SEED);
const below = (limit) => Math.floor(random() * limit);

const say = (text) => console.log(text);
say(`chaos: CHAOS_SEED=${SEED} CHAOS_SECONDS=${SECONDS}`);

const slots = SLOTS.map((slot) => `<section data-tl-slot="${slot}">usual</section>`).join('');
const origin = await serve((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.write(page(slots).replace('</body></html>', ''));
  response.end(END);
});
const sink = await startSink();
const keys = newKeys();
const persist = mkdtempSync(join(tmpdir(), 'throughline-chaos-'));
const ours = settings(keys);
const options = {
  persist,
  plans: [...publish(RULES, keys)].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]),
  edge: {
    TOKEN_KEYS: ours.TOKEN_KEYS,
    PLAN_KEYS: ours.PLAN_KEYS,
    COLLECTOR_KEY,
    ORIGIN: origin.url,
    PREVIEW_KEYS: jwks(keys, 'preview.public'),
  },
  collector: {
    ...ours,
    WRITE_KEYS: JSON.stringify({
      'key-web': { source: 'web', trusted: false },
      'key-crm': { source: 'crm', trusted: true },
    }),
    WEBHOOKS: JSON.stringify({ default: sink.url }),
  },
};

/** The workers: `start(weather)` continues with the same ports and data, `kill()` ends them as a power cut would. */
class Workers {
  isUp = false;

  async start(weather) {
    const here = fileURLToPath(new URL('runtime.mjs', import.meta.url));
    const started = { ...options, ...this.ports, weather };
    this.child = spawn(process.execPath, [here, JSON.stringify(started)], {
      detached: true,
      stdio: ['ignore', 'pipe', process.env.CHAOS_LOG ? 'inherit' : 'ignore'],
    });
    const [line] = await once(createInterface(this.child.stdout), 'line');
    const { edgeUrl, collectorUrl } = JSON.parse(line);
    [this.url, this.collectorUrl] = [edgeUrl, collectorUrl];
    this.ports = { port: Number(new URL(edgeUrl).port), collectorPort: Number(new URL(collectorUrl).port) };
    this.isUp = true;
  }

  async kill() {
    this.isUp = false;
    const exit = once(this.child, 'exit');
    process.kill(-this.child.pid, 'SIGKILL');
    await exit;
  }
}

const weather = () => {
  const rate = [0.02, 0.1, 0.3][below(3)];
  const faults = { PLANS: rate, MEASURES: rate, ARCHIVE: rate, COLLECTOR: rate };
  return { seed: below(2 ** 32), faults, skew: random() < 0.5 };
};

const workers = new Workers();
const browsers = Array.from({ length: 8 }, () => new Browser(workers));
const customers = Array.from({ length: 8 }, () => new Customer(workers));
try {
  await workers.start();
  await Promise.all(browsers.map((browser) => browser.learn()));
  await Promise.all(customers.map((customer) => customer.agree()));
  const end = Date.now() + SECONDS * 1000;
  // Before a kill the people stop, so that a page that is cut then is the power cut's.
  const attempt = (work) => work().catch((error) => workers.isUp && say(`  ${error.message}`));
  const walk = async (steps) => {
    while (Date.now() < end) {
      if (!workers.isUp) await sleep(50);
      else await attempt(steps[below(steps.length)]);
      await sleep(below(300));
    }
  };
  const walks = [
    ...browsers.map((browser, index) =>
      walk([() => view(browser), () => browser.act(1 + below(3)), ...(index < 3 ? [() => late(browser)] : [])]),
    ),
    ...customers.map((customer, index) =>
      walk([() => customer.act(1 + below(3)), ...(index < 3 ? [() => late(customer)] : [])]),
    ),
  ];
  /** A page whose request meets a kill is not counted. */
  async function view(browser) {
    const [before, { child }] = [browser.broken.length, workers];
    await browser.view();
    if (!workers.isUp || child !== workers.child) browser.broken.length = before;
  }
  /** Refuses in the second half, once. */
  async function late(person) {
    if (Date.now() > end - SECONDS * 500 && !(person.hasRefused || person.refusedAt)) await person.refuse();
  }
  while (Date.now() < end) {
    const [kind, answers] = [weather(), [503, 429, 500, { status: 503, headers: { 'retry-after': '1' } }, 200, 200]];
    say(
      `${Math.round((end - Date.now()) / 1000)} s left: faults ${kind.faults.PLANS}${kind.skew ? ', clocks jump' : ''}`,
    );
    sink.answers.push(...Array.from({ length: below(6) }, () => answers[below(answers.length)]));
    sink.delay = random() < 0.2 ? 1_500 : 0;
    await workers.kill();
    await workers.start(kind);
    await sleep(Math.min(4_000 + below(8_000), Math.max(0, end - Date.now())));
  }
  await Promise.all(walks);
  await workers.kill();
  [sink.answers.length, sink.delay] = [0, 0];
  await workers.start();
  await verify();
} finally {
  await workers.kill();
  origin.close();
  sink.close();
  rmSync(persist, { recursive: true, force: true });
}

/** Returns the message ids of the events that the collector has of somebody, with repetitions. */
async function recorded(id) {
  const collector = new Collector({ url: workers.collectorUrl, logs: [] });
  const lines = await collector.export(id).catch(() => []);
  return lines.filter(({ type }) => type === 'event').map(({ record }) => record.event.id);
}

async function verify() {
  const people = [
    ...browsers.map((browser) => [browser, `anonymous_id:${browser.id}`]),
    ...customers.map((customer) => [customer, `user_id:${customer.id}`]),
  ];
  let total = 0;
  for (const [person, id] of people) {
    const ids = await eventually(async () => {
      const ids = await recorded(id);
      for (const wanted of person.acknowledged) assert.ok(ids.includes(wanted), `${id}: ${wanted} is lost`);
      return ids;
    }, CALM_MS);
    assert.equal(new Set(ids).size, ids.length, `${id}: an event is recorded twice`);
    const kept = [...(person.afterRefusal ?? [])].filter((one) => ids.includes(one));
    assert.deepEqual(kept, [], `${id}: recorded after the refusal`);
    total += person.acknowledged.size;
  }
  const broken = browsers.flatMap((browser) => browser.broken);
  assert.deepEqual(broken, [], 'pages that were not whole');
  for (const { id, refusedAt } of customers.filter((customer) => customer.refusedAt)) {
    const late = sink.requests.filter(
      ({ at, body }) => body.data.user_id.includes(id) && at > refusedAt + UNDER_WAY_MS,
    );
    assert.deepEqual(late, [], `${id}: a message after the refusal`);
  }
  const refused = [...browsers, ...customers].filter((person) => person.hasRefused || person.refusedAt).length;
  assert.ok(
    total > 50 && refused > 0 && sink.requests.length > 0,
    `too little happened: ${total} events, ${refused} refusals`,
  );
  say(
    `${total} acknowledged events, each once; ${sink.requests.length} messages; ${refused} refusals kept; no page broken`,
  );
}
