// The code of docs/sign-in.md, run as it stands there against a collector that takes down the requests.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const page = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../docs/sign-in.md'), 'utf8');
const DEVICE = 'v0123456789abcdef0123456789abcdef';
const SECRET = 'shop-secret';

/** Returns the blocks of a language, in order. */
const blocks = (language) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code]) => code);
/** Returns the block that contains a text. */
const blockWith = (language, text) => {
  const found = blocks(language).filter((code) => code.includes(text));
  assert.equal(found.length, 1, `one ${language} block has \`${text}\``);
  return found[0];
};
const has = (command) => {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const hasCurl = () =>
  has('php') && execFileSync('php', ['-r', 'echo function_exists("curl_init");'], { encoding: 'utf8' }) === '1';

let directory, server, collector;
const requests = [];
let status = 200;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-sign-in-'));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    requests.push({ path: request.url, headers: request.headers, body: JSON.parse(body) });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"success":true,"token":"t.o.k"}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  collector = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** Imports a block of JavaScript. */
function module(name, code) {
  const file = join(directory, `${name}.mjs`);
  writeFileSync(file, code);
  return import(pathToFileURL(file));
}

/** Runs a program with these lines behind a block; returns its output. */
function run(command, name, code, lines) {
  const file = join(directory, name);
  writeFileSync(file, `${code}\n${lines}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child
      .once('error', reject)
      .once('exit', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`exit ${code}`))));
  });
}

/** Checks the last request: an identify call for the device, with a trusted key. */
function assertIdentified(userId) {
  const { path, headers, body } = requests.at(-1);
  assert.equal(path, '/v1/identify');
  assert.equal(headers.authorization, `Basic ${btoa('wk_server:')}`);
  assert.match(headers['content-type'], /^application\/json/);
  const { messageId, ...rest } = body;
  assert.deepEqual(rest, { userId, anonymousId: DEVICE });
  assert.match(messageId, /^[0-9a-f-]{32,36}$/);
}

describe('one call of the server', () => {
  test('in Node', async () => {
    const { recognise } = await module('recognise', blockWith('js', 'recognise('));
    const options = { collector, writeKey: 'wk_server' };
    assert.equal(await recognise({ 'x-tl-device': DEVICE }, 1042, options), true);
    assertIdentified('1042');
    const count = requests.length;
    assert.equal(await recognise({}, 1042, options), false);
    assert.equal(requests.length, count, 'without a device there is nothing to say');
    status = 503;
    assert.equal(await recognise({ 'x-tl-device': DEVICE }, 1042, options), false);
    status = 200;
  });

  test('in Python', { skip: !has('python3') && 'python3 is not installed' }, async () => {
    const code = blockWith('python', 'def recognise(');
    const lines = [
      `print(recognise({"X-TL-Device": "${DEVICE}"}, 1042, "${collector}", "wk_server"))`,
      `print(recognise({}, 1042, "${collector}", "wk_server"))`,
    ];
    assert.equal(await run('python3', 'recognise.py', code, lines.join('\n')), 'True\nFalse');
    assertIdentified('1042');
  });

  test('in PHP', { skip: !hasCurl() && 'php or its curl is not installed' }, async () => {
    const code = blockWith('php', 'function recognise(');
    const lines = `$_SERVER['HTTP_X_TL_DEVICE'] = '${DEVICE}'; var_export(recognise('1042', '${collector}', 'wk_server'));`;
    assert.equal(await run('php', 'recognise.php', code, lines), 'true');
    assertIdentified('1042');
  });
});

describe('the hash in the page', () => {
  const vectors = [...page.matchAll(/^\| `([^`]+)` \| `([0-9a-f]{64})` \|$/gm)].map(([, id, hash]) => [id, hash]);

  test('has the stated values', () => {
    assert.ok(vectors.length >= 3);
    for (const [id, hash] of vectors) assert.equal(createHmac('sha256', SECRET).update(id).digest('hex'), hash);
    const [, inPage] = /userHash: '([0-9a-f]+)'/.exec(blockWith('html', 'identify'));
    assert.equal(inPage, vectors.find(([id]) => id === 'user-42')[1]);
  });

  test('in Node', async () => {
    const { userHash } = await module('hash', blockWith('js', 'userHash ='));
    for (const [id, hash] of vectors) assert.equal(userHash(SECRET, id), hash);
    assert.equal(userHash(SECRET, 1042), userHash(SECRET, '1042'));
  });

  test('in Python', { skip: !has('python3') && 'python3 is not installed' }, async () => {
    const lines = vectors.map(([id]) => `print(user_hash("${SECRET}", "${id}"))`).join('\n');
    const out = await run('python3', 'hash.py', blockWith('python', 'def user_hash('), lines);
    assert.deepEqual(
      out.split('\n'),
      vectors.map(([, hash]) => hash),
    );
  });

  test('in PHP: HMAC-SHA-256 in hexadecimal, which is the default', async () => {
    const code = blockWith('php', 'hash_hmac');
    assert.match(code, /hash_hmac\('sha256', \(string\) \$userId, \$secret\);/);
    if (!has('php')) return;
    for (const [id, hash] of vectors) {
      const given = code.replace('<?php', `<?php\n$secret = '${SECRET}'; $userId = '${id}';`);
      assert.equal(await run('php', 'hash.php', given, 'echo $userHash;'), hash);
    }
  });
});

test('a token for an app, and one for a web view', async () => {
  const { tokenOf } = await module('token', blockWith('js', 'tokenOf('));
  const options = { collector, secretKey: 'sk' };
  assert.equal(await tokenOf('42', options), 't.o.k');
  assert.deepEqual(requests.at(-1).body, { id: 'user_id:42' });
  assert.equal(requests.at(-1).headers.authorization, 'Bearer sk');
  await tokenOf('42', { ...options, use: 'hand-over' });
  assert.deepEqual(requests.at(-1).body, { id: 'user_id:42', use: 'hand-over' });
  status = 404;
  await assert.rejects(tokenOf('43', options), /returned 404/);
  status = 200;
});
