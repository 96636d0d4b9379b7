// The programs in examples/ run as their first lines say, against what `make start` serves.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch, visit } from '../support/chromium.mjs';
import { eventually } from '../support/edge.mjs';
import { profileOf, SERVER_KEY, startShop } from '../support/shop.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const run = promisify(execFile);

let shop, environment;
before(async () => {
  shop = await startShop({ rules: [join(root, 'rules'), join(root, 'examples/openfeature/features.yaml')] });
  environment = { ...process.env, EDGE: shop.url, COLLECTOR: shop.collectorUrl, WRITE_KEY: SERVER_KEY };
});
after(() => shop?.stop());

/** Returns the output of a Node example. */
const output = async (...args) => (await run(process.execPath, args, { cwd: root, env: environment })).stdout;

test('decide.rs decides and explains', async () => {
  const { stdout } = await run('cargo', ['run', '--quiet', '--locked', '--example', 'decide'], { cwd: root });
  assert.match(stdout, /^home\.hero: <h1>Ann, may we help you choose\?<\/h1> \(campaign fitter\)$/m);
  assert.equal(JSON.parse(stdout.trim().split('\n').at(-1)).decision.slots['home.hero'].campaign, 'fitter');
});

test('node/decide.mjs decides again after an event', async () => {
  const [before, after] = (await output('examples/node/decide.mjs')).split('after an order:');
  assert.match(before, /category\.banner: message welcome-banner of campaign welcome/);
  assert.match(after, /category\.banner: message care-banner of campaign care-month/);
});

test('openfeature/client.mjs gets the value of a feature', async () => {
  const [ann, ben, cleo] = (await output('examples/openfeature/client.mjs')).split('\n');
  assert.equal(ann, 'ann in US: 3 steps (UNKNOWN, defaultValue)');
  assert.match(ben, /^ben in AT: (3 steps \(SPLIT, three\)|2 steps \(SPLIT, two\))$/);
  assert.match(cleo, /^cleo in DE: (3 steps \(SPLIT, three\)|2 steps \(SPLIT, two\))$/);
});

test('segment/send.mjs sends events that the collector keeps', async () => {
  assert.match(await output('examples/segment/send.mjs', 'example-user'), /^sent two calls of example-user/);
  const profile = await profileOf(shop, 'user_id:example-user');
  assert.equal(profile.traits.firstName, 'Ann');
  assert.deepEqual(
    profile.events.filter(({ event }) => event === 'Order Completed').map(({ properties }) => properties.total),
    [149],
  );
});

test('page/ is filled once the visitor agrees', async () => {
  const server = spawn(process.execPath, ['examples/page/serve.mjs'], {
    cwd: root,
    env: { ...environment, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await launch();
  try {
    const [url] = await once(createInterface(server.stdout), 'line');
    const { page } = await visit(browser, url);
    await page.goto('/');
    const hero = page.locator('[data-tl-slot="home.hero"]');
    assert.equal((await hero.textContent()).trim(), 'What everybody sees');
    await page.click('#grant');
    await eventually(async () => assert.match(await hero.textContent(), /Short days|The mud does not care/));
    await eventually(async () => assert.match(await page.textContent('#events'), /Example Clicked/));
  } finally {
    await browser.close();
    server.kill();
  }
});
