// `throughline import profiles`: A4 and A5, four customer databases of one retailer with a known truth; and imports
// that meet bad lines, a collector that fails, and a power cut.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { csv, databases, IDENTITY, pairwise, SYSTEMS } from '../support/crm.mjs';
import { cliPath, eventually, serve, temporary } from '../support/edge.mjs';
import { startSystem } from '../support/system.mjs';
import { RULES } from '../support/system-rules.mjs';

/** Runs an import; returns `{ status, out, err }`. `kill` may end it. */
function runImport(file, url, { source = 'crm', key = 'key-crm', more = [] } = {}) {
  const args = ['import', 'profiles', file, '--source', source, '--collector', url, ...more];
  const child = spawn(cliPath(), args, { env: { ...process.env, THROUGHLINE_WRITE_KEY: key } });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (text) => (texts.out += text));
  child.stderr.on('data', (text) => (texts.err += text));
  const done = new Promise((resolve) => child.on('close', (status) => resolve({ status, ...texts })));
  return Object.assign(done, { kill: () => child.kill('SIGKILL') });
}

function written(name, text) {
  const path = join(temporary(), name);
  writeFileSync(path, text);
  return path;
}

describe('four databases', () => {
  // Each person is a database of their own, so 2,000 people take minutes.
  const size = Number(process.env.THROUGHLINE_PEOPLE) || 300;
  const { files, records, shared } = databases('a retailer with four databases', size);
  const keyOf = (name) => `key-of-${name}`;
  let system;
  before(async () => {
    const writeKeys = Object.fromEntries(
      Object.keys(SYSTEMS).map((source) => [keyOf(source), { source, trusted: true }]),
    );
    const collector = { ARCHIVE_AFTER: '3600' };
    system = await startSystem({ rules: { ...RULES, identity: IDENTITY }, writeKeys, collector });
  });
  after(() => system?.stop());

  test('A4: no two people become one, and all records that an identifier joins do', {
    timeout: 1_800_000,
  }, async () => {
    for (const [source, rows] of Object.entries(files)) {
      const mapping = written('mapping.yaml', JSON.stringify(SYSTEMS[source].mapping));
      const file = written(`${source}.csv`, csv(rows));
      const more = ['--mapping', mapping];
      const { status, out, err } = await runImport(file, system.collector.url, { source, key: keyOf(source), more });
      assert.equal(status, 0, err);
      assert.match(out, new RegExp(`${rows.length} imported, 0 known before, 0 ignored, 0 failed`));
    }
    const found = await eventually(async () => {
      const found = await profilesOf(records);
      const { recall } = pairwise(found, groups);
      assert.equal(recall, 1, 'merges that are under way have ended');
      return found;
    }, 60_000);
    const ofPeople = pairwise(found, people);
    const possible = pairwise(groups, people);
    console.log(`precision ${ofPeople.precision}, recall ${ofPeople.recall}, possible ${possible.recall}`);
    assert.equal(ofPeople.precision, 1);
    assert.equal(ofPeople.recall, possible.recall);
  });

  test('A5: the audit counts records, people and blocked merges as they are', async () => {
    const ofSource = (source) => records.filter((record) => record.system === source);
    const count = (some) => ({ records: some.length, people: new Set(some.map(({ group }) => group)).size });
    await eventually(async () => {
      const { status, body } = await system.collector.get('/v1/reports/identity-audit');
      assert.equal(status, 200);
      for (const source of Object.keys(SYSTEMS)) {
        const { records, people } = body.sources[source];
        assert.deepEqual({ records, people }, count(ofSource(source)), source);
      }
      const { records: all, people: everybody, blocked } = body.total;
      assert.deepEqual({ records: all, people: everybody, blocked }, { ...count(records), blocked: shared });
    }, 60_000);
  });

  const [groups, people] = [records.map(({ group }) => group), records.map(({ person }) => person)];

  async function profilesOf(list) {
    const found = [];
    for (let at = 0; at < list.length; at += 32) {
      const some = list.slice(at, at + 32);
      found.push(...(await Promise.all(some.map(async ({ id }) => (await system.profile(id))?.subject ?? id))));
    }
    return found;
  }
});

describe('an import', () => {
  /** Starts a collector that keeps what it is sent; `answer` may give another status. */
  async function stub(context, answer = () => 200) {
    const batches = [];
    const server = await serve(async (request, response) => {
      let body = '';
      for await (const text of request.setEncoding('utf8')) body += text;
      const { batch } = JSON.parse(body);
      const status = answer(batches.length);
      batches.push({ status, batch, authorization: request.headers.authorization });
      const results = Object.fromEntries(batch.map(({ messageId }) => [messageId, { result: 'ok' }]));
      response.writeHead(status).end(JSON.stringify({ success: status === 200, results }));
    });
    context.after(server.close);
    return {
      ...server,
      batches,
      calls: () => batches.filter(({ status }) => status === 200).flatMap(({ batch }) => batch),
    };
  }

  const people = (count) => csv(Array.from({ length: count }, (_, n) => ({ userId: `u${n}`, firstName: `N${n}` })));

  test('sends calls with ids of their content, and the key in a header', async (context) => {
    const collector = await stub(context);
    const file = written('some.csv', people(3));
    assert.equal((await runImport(file, collector.url)).status, 0);
    assert.equal((await runImport(file, collector.url)).status, 0);
    const [first, second] = collector.batches;
    assert.equal(first.authorization, `Basic ${Buffer.from('key-crm:').toString('base64')}`);
    assert.deepEqual(first.batch, second.batch);
    assert.equal(new Set(first.batch.map(({ messageId }) => messageId)).size, 3);
    assert.deepEqual([first.batch[0].userId, first.batch[0].traits], ['u0', { firstName: 'N0' }]);
  });

  test('names the line of each record that fails, and sends the others', async (context) => {
    const collector = await stub(context);
    const lines = ['userId,sms', 'u1,yes', ',no', 'u3,perhaps', 'u4,no,more', '"u5', 'still",yes', 'u6,no'];
    const mapping = written('mapping.yaml', 'userId: userId\nconsent: { channel.sms: sms }\n');
    const csvFile = await runImport(written('bad.csv', lines.join('\n')), collector.url, {
      more: ['--mapping', mapping],
    });
    assert.equal(csvFile.status, 1);
    assert.match(csvFile.out, /3 imported, 0 known before, 0 ignored, 3 failed/);
    for (const at of [':3: error: the record has no id', ':4: error: the column `sms`', ':5: error: the row has 3']) {
      assert.ok(csvFile.err.includes(at), csvFile.err);
    }
    const json = ['{"user_id":7,"a":{"b":1}}', 'nonsense', '', '[]', '{"user_id":null}'];
    const ndjson = await runImport(written('bad.ndjson', json.join('\n')), collector.url);
    assert.match(ndjson.out, /1 imported, 0 known before, 0 ignored, 3 failed/);
    for (const line of [2, 4, 5]) assert.ok(ndjson.err.includes(`:${line}: error`), ndjson.err);
    assert.deepEqual(collector.calls().at(-1).traits, { a: { b: 1 } });
  });

  test('waits for a collector that is busy', async (context) => {
    const collector = await stub(context, (batch) => (batch === 0 ? 503 : 200));
    const { status, out } = await runImport(written('some.csv', people(2)), collector.url);
    assert.equal(status, 0);
    assert.match(out, /2 imported/);
  });

  test('ends at a key that is refused, and says where it continues', async (context) => {
    const collector = await stub(context, (batch) => (batch < 2 ? 200 : 401));
    const file = written('many.csv', people(1000));
    const first = await runImport(file, collector.url);
    assert.equal(first.status, 1);
    assert.match(first.err, /many\.csv:\d+: the collector answered 401.*continues here/s);
    const { records } = JSON.parse(readFileSync(`${file}.import`));
    assert.equal(records, collector.calls().length);
    assert.ok(first.err.includes(`many.csv:${records + 2}:`), 'the line of the first record that is not sent');
  });

  test('that was cut off continues behind the last batch, and each record counts once', async (context) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const seen = [];
    const server = await serve(async (request, response) => {
      let body = '';
      for await (const text of request.setEncoding('utf8')) body += text;
      const { batch } = JSON.parse(body);
      seen.push(batch);
      if (seen.length === 3) return release();
      const results = Object.fromEntries(batch.map(({ messageId }) => [messageId, { result: 'ok' }]));
      response.end(JSON.stringify({ success: true, results }));
    });
    context.after(server.close);
    const file = written('many.csv', people(1000));
    const first = runImport(file, server.url);
    await held;
    first.kill();
    await first;
    const { status, out } = await runImport(file, server.url);
    assert.equal(status, 0);
    const done = seen[0].length + seen[1].length;
    assert.ok(out.includes(`${1000 - done} imported, 0 known before, 0 ignored, 0 failed, ${done} by an earlier run`));
    assert.ok(!existsSync(`${file}.import`));
    const ids = seen.flat().map(({ messageId }) => messageId);
    assert.equal(new Set(ids).size, 1000);
    assert.deepEqual(seen[3], seen[2], 'the batch in question is sent again with the same ids');
  });
});
