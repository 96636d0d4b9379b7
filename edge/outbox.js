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
//         ▲                               ▲        or a crash: half    │    │
//         │                               │        of it next           │    │
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
// 6. After a batch that failed as a whole, the next one is half as long, down to a single message. A message that fails alone
//    while others pass gets a strike each time. After five it is a dead letter: it stays on disk, but is not sent again
//    unless `retryDeadLetters` asks for it. While nothing passes there are no strikes, because the collector is down.
import { DurableObject } from 'cloudflare:workers';

/** The time for which messages wait for others of their batch, in milliseconds. */
const GATHER_MS = 500;
/** The most messages in a batch. */
const BATCH = 100;
/** The size at which a batch is full, in bytes. The collector accepts four times as much, so every single message fits. */
const BATCH_BYTES = 1 << 20;
/** The statuses by which the collector says that it cannot take a batch because of what is in it. */
const REFUSALS = [400, 413, 422];
/** The failures of a single message after which the next one is tried. */
const TRIES = 3;
/** The strikes that make a dead letter. */
const STRIKES = 5;
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
  /** The most messages in the next batch: fewer after a failure. */
  #limit = BATCH;

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS failure (
        number INTEGER PRIMARY KEY, tries INTEGER NOT NULL DEFAULT 0, strikes INTEGER NOT NULL DEFAULT 0);
      CREATE TABLE IF NOT EXISTS dead_letter (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);`);
  }

  /** Stores a message, which is serialised JSON. Returns `true` once it is on disk, and `false` if the outbox is full. */
  async keep(text) {
    if (this.#sql.databaseSize > MAX_BYTES) return false;
    this.#sql.exec('INSERT INTO message (at, text) VALUES (?, ?)', Date.now(), text);
    await this.#wake();
    return true;
  }

  /** Returns the number and the bytes of the messages that wait, the time of the oldest, and the number of dead letters. */
  status() {
    const waiting =
      'SELECT count(*) AS messages, coalesce(sum(octet_length(text)), 0) AS bytes, min(at) AS oldest FROM message';
    const { count: deadLetters } = this.#sql.exec('SELECT count(*) AS count FROM dead_letter').one();
    return { ...this.#sql.exec(waiting).one(), deadLetters };
  }

  /** Sends the dead letters again, after the cause of their failure is fixed. Returns how many there are. */
  async retryDeadLetters() {
    const { rowsWritten } = this.#sql.exec(
      'INSERT INTO message (at, text) SELECT at, text FROM dead_letter ORDER BY number',
    );
    this.#sql.exec('DELETE FROM dead_letter');
    await this.#wake();
    return rowsWritten;
  }

  /** Delivers one batch, oldest messages first. */
  async alarm() {
    const batch = this.#batch();
    if (batch.length === 0) return;
    // The pause grows with the age of the oldest message, which doubles it: 0.5 s, 1 s, 2 s, …
    const age = Date.now() - batch[0].at;
    await this.ctx.storage.setAlarm(Date.now() + Math.min(Math.max(age, GATHER_MS), MAX_PAUSE_MS));
    const { kept, isRefused } = await this.#deliver(batch.map(({ text }) => text));
    if (!kept) return this.#narrow(batch, isRefused);
    if (kept.size === 0) return;
    this.#limit = Math.min(BATCH, this.#limit * 2);
    batch.forEach(({ number }, index) => {
      if (kept.has(index)) this.#delete(number);
      else this.#moveToEnd(number);
    });
    this.#strike();
    // An alarm that is set for the current millisecond never fires.
    if (this.#batch().length > 0) await this.ctx.storage.setAlarm(Date.now() + 2);
    else await this.ctx.storage.deleteAlarm();
  }

  async #wake() {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm < Date.now() - LOST_MS) await this.ctx.storage.setAlarm(Date.now() + GATHER_MS);
  }

  /** Makes the next batch shorter, and lets the next message be tried after one that fails alone. */
  async #narrow(batch, isRefused = false) {
    this.#limit = Math.max(1, batch.length >> 1);
    // A refusal is about something in the batch, so that the halves need no pause.
    if (batch.length > 1) return isRefused && this.ctx.storage.setAlarm(Date.now() + 2);
    const [{ number }] = batch;
    const failed = `INSERT INTO failure (number, tries) VALUES (?, 1)
      ON CONFLICT DO UPDATE SET tries = tries + 1 RETURNING tries`;
    const { tries } = this.#sql.exec(failed, number).one();
    if (isRefused || tries % TRIES === 0) this.#moveToEnd(number);
  }

  /** Gives a strike to each message that has failed alone since others last passed. */
  #strike() {
    this.#sql.exec('UPDATE failure SET tries = 0, strikes = strikes + 1 WHERE tries > 0');
    for (const { number } of [...this.#sql.exec('SELECT number FROM failure WHERE strikes >= ?', STRIKES)]) {
      this.#sql.exec('INSERT INTO dead_letter (at, text) SELECT at, text FROM message WHERE number = ?', number);
      this.#delete(number);
      console.error('outbox: a message that the collector has refused five times is now a dead letter');
    }
  }

  #delete(number) {
    this.#sql.exec('DELETE FROM message WHERE number = ?', number);
    this.#sql.exec('DELETE FROM failure WHERE number = ?', number);
  }

  #moveToEnd(number) {
    const { last } = this.#sql.exec('SELECT max(number) AS last FROM message').one();
    for (const table of ['message', 'failure'])
      this.#sql.exec(`UPDATE ${table} SET number = ? WHERE number = ?`, last + 1, number);
  }

  /** Returns the oldest messages, up to the limits of a batch. */
  #batch() {
    const batch = [];
    let bytes = 0;
    const oldest = 'SELECT number, at, text, octet_length(text) AS bytes FROM message ORDER BY number LIMIT ?';
    for (const row of this.#sql.exec(oldest, this.#limit)) {
      bytes += row.bytes;
      if (batch.length > 0 && bytes > BATCH_BYTES) break;
      batch.push(row);
    }
    return batch;
  }

  /** Sends messages to the collector. Returns the indices of those that it has stored, or whether it refuses the batch. */
  async #deliver(texts) {
    try {
      const response = await this.env.COLLECTOR.fetch('https://collector/v1/edge/batch', {
        method: 'POST',
        headers: { authorization: `Bearer ${this.env.COLLECTOR_KEY}`, 'content-type': 'application/json' },
        body: `[${texts.join(',')}]`,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 200) return { kept: new Set((await response.json()).kept) };
      console.error(`collector: status ${response.status}`);
      return { isRefused: REFUSALS.includes(response.status) };
    } catch (error) {
      console.error(`collector: ${error.message}`);
      return {};
    }
  }
}
