// Law: the core in Chromium decides byte for byte as it does natively.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { compare, core, decideWith, writeCorpus } from './corpus.mjs';

const FILES = {
  '/': ['text/html', async () => '<!doctype html><title>core</title>'],
  '/core.js': ['text/javascript', () => readFile(core.script)],
  '/core_bg.wasm': ['application/wasm', () => readFile(core.wasm)],
};

let corpus, server, browser, page;

before(async () => {
  corpus = writeCorpus();
  server = createServer(async (request, response) => {
    const [type, read] = FILES[new URL(request.url, 'http://core').pathname] ?? [];
    if (!type) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': type }).end(await read());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(`(async () => {
    const module = await import('/core.js');
    await module.default({ module_or_path: '/core_bg.wasm' });
    const decideWith = ${decideWith};
    globalThis.decideAll = (plan, cases) =>
      JSON.stringify(decideWith(module.Core, Uint8Array.from(atob(plan), (c) => c.charCodeAt(0)), cases));
  })()`);
});

after(async () => {
  await browser?.close();
  server?.close();
  corpus.dispose();
});

test('Chromium decides as the native core', async () => {
  await compare('chromium', corpus, async (plan, cases) =>
    JSON.parse(
      await page.evaluate(([plan, cases]) => globalThis.decideAll(plan, cases), [plan.toString('base64'), cases]),
    ),
  );
});
