// Databases of the collector as version 1 wrote them: its tables, filled with rows by a worker of the same name.
import { createHash } from 'node:crypto';
import { Log, LogLevel, Miniflare } from 'miniflare';

const VERSION = `
CREATE TABLE schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
INSERT INTO schema (id, version) VALUES (1, 1);`;

const PROFILE = `${VERSION}
CREATE TABLE meta (name TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE identity (namespace TEXT, value TEXT, PRIMARY KEY (namespace, value)) WITHOUT ROWID;
CREATE TABLE seen (source TEXT, id TEXT, hash TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, id))
    WITHOUT ROWID;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE delivery (send_id TEXT PRIMARY KEY, state TEXT NOT NULL, due INTEGER,
    version INTEGER NOT NULL, delivery TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE member_message (send_id TEXT PRIMARY KEY, member TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER,
    version INTEGER NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE merge (loser TEXT PRIMARY KEY, user TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER)
    WITHOUT ROWID;`;

const IDENTITY = `${VERSION}
CREATE TABLE link (key TEXT PRIMARY KEY, profile TEXT NOT NULL, user TEXT, trusted INTEGER NOT NULL) WITHOUT ROWID;`;

const WORKER = `
import { DurableObject } from 'cloudflare:workers';
class Writer extends DurableObject {
  write(script, statements) {
    this.ctx.storage.sql.exec(script);
    for (const [statement, values] of statements) this.ctx.storage.sql.exec(statement, ...values);
  }
}
export class Profile extends Writer {}
export class Identity extends Writer {}
export default {
  async fetch(request, env) {
    for (const { binding, name, script, statements } of await request.json()) {
      await env[binding].getByName(name).write(script, statements);
    }
    return new Response('written');
  },
};`;

const insert = (table, row) => {
  const columns = Object.keys(row);
  const marks = columns.map(() => '?').join(', ');
  return [`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, Object.values(row)];
};

const digest = (text) => createHash('sha256').update(`${text}\0`).digest('hex');
const shard = (key) => `shard-${String(Number.parseInt(digest(key).slice(0, 8), 16) % 256).padStart(3, '0')}`;

/**
 * Writes databases of version 1 into a directory.
 *
 * `profiles` has for each id of a profile its values (`meta`), and rows of its tables. `links` has for each identifier a
 * row of the table `link`.
 */
export async function writeVersion1(persist, { profiles, links }) {
  const objects = Object.entries(profiles).map(([name, { meta, ...tables }]) => ({
    binding: 'PROFILES',
    name,
    script: PROFILE,
    statements: [
      ...Object.entries({ subject: name, ...meta }).map(([key, value]) =>
        insert('meta', { name: key, version: 1, value: JSON.stringify(value) }),
      ),
      ...Object.entries(tables).flatMap(([table, rows]) => rows.map((row) => insert(table, row))),
    ],
  }));
  const shards = new Map();
  for (const link of Object.entries(links)) {
    const name = shard(link[0]);
    shards.set(name, [...(shards.get(name) ?? []), link]);
  }
  for (const [name, rows] of shards) {
    const statements = rows.map(([key, row]) => insert('link', { key, ...row }));
    objects.push({ binding: 'IDENTITIES', name, script: IDENTITY, statements });
  }
  const runtime = new Miniflare({
    name: 'throughline-collector',
    modules: [{ type: 'ESModule', path: 'index.js', contents: WORKER }],
    compatibilityDate: '2026-07-30',
    durableObjects: {
      PROFILES: { className: 'Profile', useSQLite: true },
      IDENTITIES: { className: 'Identity', useSQLite: true },
    },
    defaultPersistRoot: persist,
    log: new Log(LogLevel.ERROR),
    cf: false,
  });
  try {
    const answer = await runtime.dispatchFetch('http://writer/', { method: 'POST', body: JSON.stringify(objects) });
    if ((await answer.text()) !== 'written') throw new Error('the databases could not be written');
  } finally {
    await runtime.dispose();
  }
}
