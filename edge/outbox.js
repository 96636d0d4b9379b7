// The outbox: messages of the edge for the collector, stored in SQLite until the collector confirms them.
//
// Subjects are spread over several of these objects (`src/outbox.rs`). The outbox is written in JavaScript so that it needs no
// wasm instance: it works when Rust has trapped.
//
//                   keep: INSERT,             alarm: set the next
//    ┌──────────┐   alarm in 0.5 s   ┌─────────┐   alarm, then send   ┌─────────┐
//    │  empty   │ ─────────────────▶ │ waiting │ ───────────────────▶ │ sending │
//    │ no alarm │                    │  alarm  │ ◀─────────────────── │  alarm  │
//    └──────────┘                    └─────────┘   none confirmed,    └─────────┘
//         ▲                               ▲        or a crash           │    │
//         │                               │   some confirmed: DELETE    │    │
//         │                               └─── them, the rest to the ───┘    │
//         │                                    end, alarm now                │
//         └─────────────── all confirmed: DELETE, no alarm ──────────────────┘
//
// Delivery is at least once, because of the order of the steps:
// 1. `keep` inserts before it returns `true`. The runtime holds the response back until the row is on disk, so a message that
//    is acknowledged is durable. After a crash before the response the sender has no acknowledgement and sends again.
// 2. `keep` sets the alarm after the row. After a crash between the two the row has no alarm, and the next `keep` finds none
//    and sets it.
// 3. `alarm` sets the next alarm before it sends. A crash, an exception or a timeout while it waits for the collector thus
//    never leaves rows without an alarm. The runtime's own retries would end after six attempts.
// 4. Rows are deleted only after the collector has confirmed them. After a crash in between they are sent twice, and the
//    collector, which recognises event ids, ignores the second time.
// 5. Rows that the collector could not store move to the end, so one bad message does not delay the others.
import { DurableObject } from 'cloudflare:workers';

/** The time for which messages wait for others of their batch, in milliseconds. */
const GATHER_MS = 500;
/** The most messages in a batch. */
const BATCH = 100;
/** The length at which a batch is full, in UTF-16 code units. */
const BATCH_LENGTH = 1 << 20;
/** The timeout of a batch, in milliseconds. It is long, because the collector calls many profiles. */
const TIMEOUT_MS = 30_000;
/** The longest pause between two attempts, in milliseconds. */
const MAX_PAUSE_MS = 30_000;
/** The delay after which an alarm is considered lost, in milliseconds. */
const LOST_MS = 60_000;
/** The size at which messages are refused, so that a collector that is down for long does not fill the account. */
const MAX_BYTES = 256 << 20;

export class Outbox extends DurableObject {
  #sql = this.ctx.storage.sql;

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL)',
    );
  }

  /** Stores a message, which is serialised JSON. Returns `true` once it is on disk, and `false` if the outbox is full. */
  async keep(text) {
    if (this.#sql.databaseSize > MAX_BYTES) return false;
    this.#sql.exec('INSERT INTO message (at, text) VALUES (?, ?)', Date.now(), text);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm < Date.now() - LOST_MS) await this.ctx.storage.setAlarm(Date.now() + GATHER_MS);
    return true;
  }

  /** Delivers one batch, oldest messages first. */
  async alarm() {
    const batch = this.#batch();
    if (batch.length === 0) return;
    // The pause grows with the age of the oldest message, which doubles it: 0.5 s, 1 s, 2 s, …
    const age = Date.now() - batch[0].at;
    await this.ctx.storage.setAlarm(Date.now() + Math.min(Math.max(age, GATHER_MS), MAX_PAUSE_MS));
    const kept = await this.#deliver(batch.map(({ text }) => text));
    if (kept.size === 0) return;
    batch.forEach(({ number }, index) => {
      if (kept.has(index)) this.#sql.exec('DELETE FROM message WHERE number = ?', number);
      else this.#sql.exec('UPDATE message SET number = (SELECT max(number) FROM message) + 1 WHERE number = ?', number);
    });
    // An alarm that is set for the current millisecond never fires.
    if (this.#batch().length > 0) await this.ctx.storage.setAlarm(Date.now() + 2);
    else await this.ctx.storage.deleteAlarm();
  }

  /** Returns the oldest messages, up to the limits of a batch. */
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

  /** Sends messages to the collector, and returns the indices of those that it has stored. */
  async #deliver(texts) {
    try {
      const response = await this.env.COLLECTOR.fetch('https://collector/v1/edge/batch', {
        method: 'POST',
        headers: { authorization: `Bearer ${this.env.COLLECTOR_KEY}`, 'content-type': 'application/json' },
        body: `[${texts.join(',')}]`,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      return new Set((await response.json()).kept);
    } catch (error) {
      console.error(`collector: ${error.message}`);
      return new Set();
    }
  }
}
