// Throughline's core in browsers, web views and Node. index.d.ts documents the exports, and README.md has an example.
import start, { Core } from './wasm/core.js';
import { toEvent } from './event.js';
import { checkSeal } from './seal.js';

export { toEvent };

/** Loads a plan and the core. */
export async function load({ plan, wasm = new URL('./wasm/core_bg.wasm', import.meta.url), keys, now = Date.now }) {
  const [bytes] = await Promise.all([bytesOf(plan), startOnce(wasm)]);
  if (keys) await checkSeal(bytes, keys);
  return new Throughline(new Core(bytes), now);
}

/** A plan, the profile and request of one subject, and the last decision about them. */
export class Throughline {
  #core;
  #clock;
  #slots;
  #listeners = new Set();
  #profile = { subject: '' };
  #request = {};
  #decision;
  /** The decisions of this view (a page or a screen), and the exposures of theirs. */
  #view = { decisions: new Set(), shown: [] };

  constructor(core, clock) {
    this.#core = core;
    this.#clock = clock;
  }

  get planId() {
    return this.#core.id();
  }

  get slots() {
    return (this.#slots ??= JSON.parse(this.#core.slots()));
  }

  get profile() {
    return this.#profile;
  }

  get request() {
    return this.#request;
  }

  set request(request) {
    this.#request = request;
  }

  get decision() {
    return this.#decision;
  }

  decide({ now, profile, request, events = [] } = {}) {
    // Exposures of a view count from the next view on, so that a cap never removes content from the page that shows it.
    const isOtherSubject = profile && profile.subject !== this.#profile.subject;
    const seen = isOtherSubject ? [] : this.#view.shown;
    if (profile) this.#profile = profile;
    if (request) this.#request = request;
    this.#view = { decisions: new Set(), shown: [] };
    for (const event of [...seen, ...events]) this.#reduce(event);
    return this.#decide(now);
  }

  explain({ whyNot, slot, ...given } = {}) {
    const [facts] = this.#factsAndOptions(given);
    return JSON.parse(this.#core.explain(facts, whyNot, slot));
  }

  evaluate(key, given) {
    return this.#evaluate(given, key);
  }

  evaluateAll(given) {
    return this.#evaluate(given);
  }

  experiments({ triggered = '', ...given } = {}) {
    return JSON.parse(this.#core.experiments(...this.#factsAndOptions(given), triggered));
  }

  observe(...events) {
    const isShown = (event) => this.#view.decisions.has(event.properties?.decision);
    this.#view.shown.push(...events.filter(isShown));
    const others = events.filter((event) => !isShown(event));
    if (events.length && !others.length) return this.#decision;
    for (const event of others) this.#reduce(event);
    return this.#decide(undefined, others);
  }

  merge(profile) {
    this.#profile = JSON.parse(this.#core.merge(JSON.stringify(this.#profile), JSON.stringify(profile)));
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  free() {
    this.#listeners.clear();
    this.#core.free();
  }

  #evaluate(given = {}, key) {
    return JSON.parse(this.#core.evaluate(...this.#factsAndOptions(given), key));
  }

  /** Returns facts and options as the core reads them. */
  #factsAndOptions({ now = this.#clock(), profile = this.#profile, request = this.#request, events = [], ...options }) {
    const received = events.map((event) => receive(event, now));
    return [JSON.stringify({ now, profile, request, events: received }), JSON.stringify(options)];
  }

  #reduce(event) {
    const received = receive(event, this.#clock());
    this.#profile = JSON.parse(this.#core.reduce(JSON.stringify(this.#profile), JSON.stringify(received)));
  }

  #decide(now = this.#clock(), events = []) {
    const facts = { now, profile: this.#profile, request: this.#request };
    this.#decision = JSON.parse(this.#core.decide(JSON.stringify(facts)));
    this.#view.decisions.add(this.#decision.decisionId);
    for (const listener of this.#listeners) listener(this.#decision, events);
    return this.#decision;
  }
}

let started;

/** Compiles the core, which all plans share. After a failure the next call tries again. */
function startOnce(wasm) {
  started ??= source(wasm).then((found) => start({ module_or_path: found }));
  started.catch(() => (started = undefined));
  return started;
}

/** Returns the bytes of a plan. */
async function bytesOf(plan) {
  const found = await source(plan);
  if (found instanceof Response) {
    if (!found.ok) throw new Error(`cannot fetch the plan: ${found.url} returned ${found.status}`);
    return new Uint8Array(await found.arrayBuffer());
  }
  if (ArrayBuffer.isView(found)) return new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
  if (found instanceof ArrayBuffer) return new Uint8Array(found);
  throw new TypeError('`plan` must be a URL, a Response, or bytes');
}

/** Fetches an address. Anything else is returned as it is. */
async function source(found) {
  if (typeof found !== 'string' && !(found instanceof URL)) return found;
  const url = new URL(found, globalThis.location?.href ?? import.meta.url);
  return url.protocol === 'file:' ? readLocal(url) : fetch(url);
}

/** Reads a file, which Node's `fetch` does not. The module's name is a variable so that bundlers for browsers ignore it. */
async function readLocal(url) {
  const fs = 'node:fs/promises';
  const { readFile } = await import(fs);
  return readFile(url);
}

/** Returns an event of the core that was received at a time. */
function receive(event, receivedAt) {
  return { ...toEvent(event), receivedAt };
}
