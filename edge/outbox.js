// What the edge has promised to hand over: kept in SQLite until the collector says that it has it. Visitors are spread over
// several of these objects. It is JavaScript so that it needs no wasm instance: it works when Rust does not.
import { DurableObject } from 'cloudflare:workers';

/** Messages wait so long for others, in milliseconds. */
const GATHER = 500;
/** A batch has at most so many messages, and goes on its way as soon as it has so many characters. */
const BATCH = 100;
const BATCH_LENGTH = 1 << 20;
/** How long the collector may take for a batch; it asks many profiles. */
const PATIENCE = 30_000;
/** The longest pause between two tries. */
const LONGEST_PAUSE = 30_000;
/** An alarm that is so late will not come any more. */
const LOST = 60_000;
/** A collector that is down for long must not fill the account: beyond this, senders keep what they have. */
const MAX_BYTES = 256 << 20;

export class Outbox extends DurableObject {
  #sql = this.ctx.storage.sql;

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL)',
    );
  }

  /** Keeps a message of the edge, JSON text. `true` reaches the caller when it is on disk; `false` says that there is no room. */
  async keep(text) {
    if (this.#sql.databaseSize > MAX_BYTES) return false;
    this.#sql.exec('INSERT INTO message (at, text) VALUES (?, ?)', Date.now(), text);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm < Date.now() - LOST) await this.ctx.storage.setAlarm(Date.now() + GATHER);
    return true;
  }

  /** Hands over one batch, oldest first. What the collector cannot keep yet goes to the end, so that it holds up nobody. */
  async alarm() {
    const batch = this.#batch();
    if (batch.length === 0) return;
    // Set before anything can go wrong. The pause grows as the oldest message does: after a second one more, then two, four …
    const age = Date.now() - batch[0].at;
    await this.ctx.storage.setAlarm(Date.now() + Math.min(Math.max(age, GATHER), LONGEST_PAUSE));
    const kept = await this.#hand(batch.map(({ text }) => text));
    if (kept.size === 0) return;
    batch.forEach(({ number }, index) => {
      if (kept.has(index)) this.#sql.exec('DELETE FROM message WHERE number = ?', number);
      else this.#sql.exec('UPDATE message SET number = (SELECT max(number) FROM message) + 1 WHERE number = ?', number);
    });
    // An alarm for this very moment would never come.
    if (this.#batch().length > 0) await this.ctx.storage.setAlarm(Date.now() + 2);
    else await this.ctx.storage.deleteAlarm();
  }

  #batch() {
    const batch = [];
    let length = 0;
    for (const row of this.#sql.exec('SELECT number, at, text FROM message ORDER BY number LIMIT ?', BATCH)) {
      batch.push(row);
      length += row.text.length;
      if (length >= BATCH_LENGTH) break;
    }
    return batch;
  }

  /** The places of those messages that the collector has. */
  async #hand(texts) {
    try {
      const response = await this.env.COLLECTOR.fetch('https://collector/v1/edge/batch', {
        method: 'POST',
        headers: { authorization: `Bearer ${this.env.COLLECTOR_KEY}`, 'content-type': 'application/json' },
        body: `[${texts.join(',')}]`,
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      return new Set((await response.json()).kept);
    } catch (error) {
      console.error(`collector: ${error.message}`);
      return new Set();
    }
  }
}
