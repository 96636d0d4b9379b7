// The people of a chaos run: what they do, and what they were told that has happened.
import { randomUUID } from 'node:crypto';
import { call } from '../support/collector.mjs';
import { GRANTED, PAGE_KEY } from '../support/system.mjs';
import { Visitor } from '../support/edge.mjs';
import { basic } from '../support/collector.mjs';

const REFUSED = 'personalization=denied&analytics=denied&advertising=denied';
/** The last bytes of the shop's page. */
export const END = '<footer>the end of the page</footer></body></html>';

/** A browser. `acknowledged` and `unsure` are message ids; `broken` describes pages that were not whole. */
export class Browser extends Visitor {
  acknowledged = new Set();
  unsure = new Set();
  afterRefusal = new Set();
  broken = [];
  hasRefused = false;

  constructor(chaos) {
    super(chaos);
    this.cookies.set('tl_consent', GRANTED);
  }

  /** Looks at a page. Whatever the weather, it is whole. */
  async view() {
    const { status, text } = await this.fetch('/');
    if (status !== 200 || !text.endsWith(END)) this.broken.push(`${status}, ${text.length} bytes: ${text.slice(-80)}`);
    if (this.hasRefused && /data-tl-state="applied"/.test(text)) this.broken.push('filled after the refusal');
  }

  /** Sends some events, and sends them again while nobody has acknowledged them. */
  async act(count) {
    const events = Array.from({ length: count }, () => call('track', { event: 'Product Viewed', properties: {} }));
    const ids = events.map(({ messageId }) => messageId);
    for (const id of ids) (this.hasRefused ? this.afterRefusal : this.unsure).add(id);
    const { status, text } = await this.post('/_tl/events', { batch: events, writeKey: PAGE_KEY });
    if (status !== 200 || this.hasRefused) return;
    const { results } = JSON.parse(text);
    for (const id of ids.filter((id) => results?.[id]?.result === 'ok')) this.acknowledged.add(id);
  }

  /** Refuses everything. It counts from the acknowledgement on. */
  async refuse() {
    const properties = { personalization: false, analytics: false, advertising: false };
    const choice = call('track', { event: 'Consent Preference Updated', properties });
    this.cookies.set('tl_consent', REFUSED);
    const { status, text } = await this.post('/_tl/events', { batch: [choice], writeKey: PAGE_KEY });
    if (status === 200 && JSON.parse(text).results?.[choice.messageId]?.result === 'ok') this.hasRefused = true;
  }

  /** Learns the id of this device. */
  async learn() {
    const { status, text } = await this.fetch('/_tl/token');
    if (status === 200) this.id ??= JSON.parse(text).device;
  }
}

/** A customer of whom the shop's server speaks. */
export class Customer {
  id = `c-${randomUUID()}`;
  acknowledged = new Set();
  unsure = new Set();
  refusedAt = undefined;

  constructor(chaos) {
    this.chaos = chaos;
  }

  /** Buys something; every third time the server sends the call twice, and out of order. */
  async act(count) {
    const calls = Array.from({ length: count }, () => this.#call('Product Added'));
    for (const { messageId } of calls) this.unsure.add(messageId);
    const answers = await Promise.all([this.#send(calls), ...(count === 3 ? [this.#send([...calls].reverse())] : [])]);
    for (const results of answers) {
      for (const { messageId } of calls) if (results?.[messageId]?.result === 'ok') this.acknowledged.add(messageId);
    }
  }

  /** Agrees to WhatsApp. */
  agree() {
    const traits = { firstName: 'Ann', whatsappReady: true };
    return this.#send([call('identify', { userId: this.id, traits }), this.#choice(true)]);
  }

  /** Refuses WhatsApp. */
  async refuse() {
    const choice = this.#choice(false);
    const results = await this.#send([choice]);
    if (results?.[choice.messageId]?.result === 'ok') this.refusedAt ??= Date.now();
  }

  #call(event) {
    return call('track', { userId: this.id, event, properties: {} });
  }

  #choice(isGranted) {
    const context = { consent: { categoryPreferences: { 'channel.whatsapp': isGranted } } };
    return { ...this.#call('Consent Preference Updated'), context };
  }

  async #send(batch) {
    const response = await fetch(`${this.chaos.collectorUrl}/v1/batch`, {
      method: 'POST',
      headers: { authorization: basic('key-crm'), 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ batch, sentAt: new Date().toISOString() }),
      signal: AbortSignal.timeout(30_000),
    });
    return response.ok ? (await response.json()).results : undefined;
  }
}
