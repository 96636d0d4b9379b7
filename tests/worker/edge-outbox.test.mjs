// edge/outbox.js in workerd: keeps accepted messages until the collector has them, whatever the collector
// does.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { eventually } from '../support/edge.mjs';

const worker = `
  export { Outbox } from './outbox.js';
  export default {
    async fetch(request, env) {
      const { pathname, searchParams } = new URL(request.url);
      const outbox = env.OUTBOX.getByName(pathname);
      return Response.json(await outbox[searchParams.get('call')](await request.text()));
    },
  };`;

let runtime;
/** The requests to the collector: `{ authorization, messages }`. */
const asked = [];
let answer;

before(async () => {
  const outbox = await readFile(new URL('../../edge/outbox.js', import.meta.url), 'utf8');
  // Smaller than in production, so that a test can fill it.
  const limits = { MAX_BYTES: ['256 << 20', '2 << 20'], BATCH_BYTES: ['1 << 20', '1 << 18'], STRIKES: ['5', '2'] };
  const small = Object.entries(limits).reduce((text, [name, [found, wanted]]) => {
    assert.ok(text.includes(`const ${name} = ${found};`), name);
    return text.replace(`const ${name} = ${found};`, `const ${name} = ${wanted};`);
  }, outbox);
  runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: worker },
      { type: 'ESModule', path: 'outbox.js', contents: small },
    ],
    compatibilityDate: '2026-07-30',
    bindings: { COLLECTOR_KEY: 'ck' },
    durableObjects: { OUTBOX: { className: 'Outbox', useSQLite: true } },
    serviceBindings: {
      COLLECTOR: async (request) => {
        assert.equal(`${request.method} ${request.url}`, 'POST https://collector/v1/edge/batch');
        const messages = await request.json();
        asked.push({ authorization: request.headers.get('authorization'), messages });
        return answer(messages);
      },
    },
    handleRuntimeStdio: () => {},
    cf: false,
  });
  await runtime.ready;
});
after(() => runtime.dispose());
beforeEach(() => {
  asked.length = 0;
  answer = keepAll;
});

const keepAll = (messages) => Response.json({ kept: [...messages.keys()] });
const isDown = () => new Response('down', { status: 503 });

/** Returns an outbox of the test's own; `keep(message)` returns whether it was accepted. */
function outbox() {
  const path = `/${Math.random()}`;
  const call = async (name, body) =>
    (await runtime.dispatchFetch(`http://edge${path}?call=${name}`, { method: 'POST', body })).json();
  return Object.assign((message) => call('keep', JSON.stringify(message)), {
    status: () => call('status'),
    retryDeadLetters: () => call('retryDeadLetters'),
  });
}

/** Returns the messages that the collector was sent, those included that it did not keep. */
const sent = () => asked.flatMap(({ messages }) => messages);

test('messages go together, in their order, with the key', async () => {
  const keep = outbox();
  for (let number = 0; number < 5; number++) assert.equal(await keep({ number }), true);
  await eventually(() => assert.equal(sent().length, 5));
  assert.deepEqual(
    sent().map(({ number }) => number),
    [0, 1, 2, 3, 4],
  );
  assert.ok(asked.every(({ authorization }) => authorization === 'Bearer ck'));
});

test('what the collector has is not sent again', async () => {
  const keep = outbox();
  await keep({ number: 1 });
  await eventually(() => assert.equal(sent().length, 1));
  await keep({ number: 2 });
  await eventually(() => assert.equal(sent().length, 2));
  assert.deepEqual(sent(), [{ number: 1 }, { number: 2 }]);
});

for (const [name, failing] of Object.entries({
  'is down': isDown,
  'knows no key': () => new Response('no', { status: 401 }),
  'answers nonsense': () => new Response('<h1>Welcome to nginx!</h1>'),
  'says nothing of them': () => Response.json({}),
  'breaks off': () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error('cut')) })),
})) {
  test(`everything waits while the collector ${name}`, { timeout: 30_000 }, async () => {
    const keep = outbox();
    answer = failing;
    for (let number = 0; number < 3; number++) assert.equal(await keep({ number }), true);
    await eventually(() => assert.ok(asked.length >= 2), 15_000);
    answer = keepAll;
    asked.length = 0;
    await eventually(
      () =>
        assert.deepEqual(
          sent().map(({ number }) => number),
          [0, 1, 2],
        ),
      15_000,
    );
  });
}

test('what the collector cannot keep yet comes again, and holds up nobody', async () => {
  const keep = outbox();
  const stubborn = (message) => message.number === 0;
  answer = (messages) => Response.json({ kept: [...messages.keys()].filter((index) => !stubborn(messages[index])) });
  for (let number = 0; number < 250; number++) await keep({ number });
  await eventually(() => assert.equal(new Set(sent().map(({ number }) => number)).size, 250), 20_000);
  answer = keepAll;
  asked.length = 0;
  await eventually(() => assert.deepEqual(sent(), [{ number: 0 }]), 20_000);
});

test('a batch is bounded in messages and in bytes', async () => {
  const keep = outbox();
  for (let number = 0; number < 120; number++) await keep({ number });
  // 30,000 characters of three bytes each.
  for (let number = 120; number < 132; number++) await keep({ number, text: '漢'.repeat(30_000) });
  await eventually(() => assert.equal(new Set(sent().map(({ number }) => number)).size, 132), 20_000);
  assert.ok(asked.every(({ messages }) => messages.length <= 100));
  assert.ok(asked.every(({ messages }) => Buffer.byteLength(JSON.stringify(messages)) <= (1 << 18) + 101));
  assert.equal(sent().length, 132);
});

test('a message that makes every batch fail is singled out, and put aside after its strikes', {
  timeout: 90_000,
}, async () => {
  const keep = outbox();
  const poison = ({ isPoison }) => isPoison;
  answer = (messages) => (messages.some(poison) ? new Response('no', { status: 400 }) : keepAll(messages));
  await keep({ number: 0, isPoison: true });
  for (let number = 1; number < 40; number++) await keep({ number });
  const passed = () => asked.flatMap(({ messages }) => (messages.some(poison) ? [] : messages));
  await eventually(() => assert.equal(passed().length, 39), 30_000);
  assert.equal(new Set(passed().map(({ number }) => number)).size, 39, 'each is delivered once');
  // A strike needs others that pass: alone it might be the collector that is down.
  for (let number = 40; (await keep.status()).deadLetters === 0; number++) {
    assert.ok(number < 400);
    await keep({ number });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await eventually(async () => assert.equal((await keep.status()).messages, 0), 20_000);
  answer = keepAll;
  asked.length = 0;
  assert.equal(await keep.retryDeadLetters(), 1);
  await eventually(() => assert.deepEqual(sent(), [{ number: 0, isPoison: true }]), 20_000);
  await eventually(async () =>
    assert.deepEqual(await keep.status(), { messages: 0, bytes: 0, oldest: null, deadLetters: 0 }),
  );
});

test('a collector that is down makes no dead letters', { timeout: 60_000 }, async () => {
  const keep = outbox();
  answer = isDown;
  for (let number = 0; number < 3; number++) await keep({ number });
  await eventually(() => assert.ok(asked.length >= 4), 50_000);
  assert.deepEqual(
    { ...(await keep.status()), oldest: 0, bytes: 0 },
    { messages: 3, bytes: 0, oldest: 0, deadLetters: 0 },
  );
  answer = keepAll;
  asked.length = 0;
  await eventually(() => assert.equal(sent().length, 3), 30_000);
});

test('it takes no more than it has room for, and takes again when there is room', { timeout: 60_000 }, async () => {
  const keep = outbox();
  answer = isDown;
  const text = 'x'.repeat(160_000);
  let taken = 0;
  while (taken < 50 && (await keep({ number: taken, text }))) taken += 1;
  assert.ok(taken > 5 && taken < 20, `${taken} were taken`);
  answer = keepAll;
  asked.length = 0;
  await eventually(
    () =>
      assert.deepEqual(
        sent().map(({ number }) => number),
        [...Array(taken).keys()],
      ),
    30_000,
  );
  assert.equal(await keep({ number: taken, text }), true);
});
