// tools/published.mjs: the local KV namespace follows the directory that `throughline publish --local` writes.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { syncPublished } from '../../tools/published.mjs';

let runtime, namespace, directory;

before(async () => {
  runtime = new Miniflare({ modules: true, script: 'export default {}', kvNamespaces: ['PLANS'], cf: false });
  namespace = await runtime.getKVNamespace('PLANS');
});

after(() => runtime.dispose());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'throughline-published-'));
});

const file = (key) => join(directory, encodeURIComponent(key));

async function publish(key, value) {
  await writeFile(join(directory, '.unfinished'), value);
  await rename(join(directory, '.unfinished'), file(key));
}

async function eventually(check) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await check();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function following(run) {
  const stop = await syncPublished(directory, namespace);
  try {
    await run();
  } finally {
    stop();
    await rm(directory, { recursive: true });
  }
}

test('what was published before the start is there at the start, byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await publish('plan:one', bytes);
  await following(async () => {
    assert.deepEqual(new Uint8Array(await namespace.get('plan:one', 'arrayBuffer')), bytes);
  });
});

test('a change while it runs arrives, a removed file removes its key', async () => {
  await publish('plan:current', 'old');
  await following(async () => {
    await publish('plan:current', 'new');
    await eventually(async () => assert.equal(await namespace.get('plan:current'), 'new'));
    await rm(file('plan:current'));
    await eventually(async () => assert.equal(await namespace.get('plan:current'), null));
  });
});

test('a file still being written is not a key', async () => {
  await writeFile(join(directory, '.unfinished'), 'half');
  await following(async () => {
    assert.deepEqual((await namespace.list()).keys, []);
  });
});

test('the pointer never names a plan that is not there', async () => {
  await following(async () => {
    for (let version = 0; version < 50; version += 1) {
      await publish(`plan:${version}`, `plan ${version}`);
      await publish('plan:current', String(version));
      const current = await namespace.get('plan:current');
      if (current !== null) assert.equal(await namespace.get(`plan:${current}`), `plan ${current}`);
    }
    await eventually(async () => assert.equal(await namespace.get('plan:current'), '49'));
    assert.equal(await readFile(file('plan:49'), 'utf8'), await namespace.get('plan:49'));
  });
});
