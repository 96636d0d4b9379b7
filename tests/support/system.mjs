// The edge and the collector together on workerd with a shop as origin, a receiver of webhooks, and stored data.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRuntime } from '../../tools/runtime.mjs';
import { Collector, call, COLLECTOR_KEY, identify, SECRET_KEY, settings, startSink, track } from './collector.mjs';
import { claimsOf, jwks, mintPreview, mintToken, newKeys, page, publish, serve, Visitor } from './edge.mjs';
import { RULES, SLOTS } from './system-rules.mjs';

/** The senders of a shop, each with its own write key, and whether they are trusted. */
export const SOURCES = {
  web: false,
  app: false,
  email: true,
  sms: true,
  whatsapp: true,
  push: true,
  pos: true,
  'call-centre': true,
  support: true,
  crm: true,
  social: true,
  loyalty: true,
};
/** The public write key of the shop's pages. */
export const PAGE_KEY = 'key-web';
/** Consent as the site's dialogue writes it into the cookie. */
export const GRANTED = 'personalization=granted&analytics=granted&advertising=granted';
/** Variables of the edge for tests of what is shown: every page view asks, and waits for the answer. */
export const ASKING = { edge: { FRESH: '0', FRESH_WAIT: '5000' } };

const GATE = 'throughline-gate';

// Between edge and collector. `POST /gate` sets how it passes requests on, and returns how many there were.
const gateScript = `
  let passing = {};
  let counts = {};
  export default {
    async fetch(request, env) {
      const { pathname } = new URL(request.url);
      if (pathname === '/gate') {
        const [next, before] = [await request.json(), counts];
        if (next.passing) passing = next.passing;
        if (next.reset) counts = {};
        return Response.json(before);
      }
      counts[pathname] = (counts[pathname] ?? 0) + 1;
      if (passing.status) return new Response('down', { status: passing.status });
      const response = await env.COLLECTOR.fetch(request);
      if (passing.delay) await new Promise((resolve) => setTimeout(resolve, passing.delay));
      counts['answered ' + pathname] = (counts['answered ' + pathname] ?? 0) + 1;
      return response;
    },
  };`;

/** Puts the gate between the two workers. */
function withGate(edge, collector) {
  const gate = {
    name: GATE,
    modules: true,
    script: gateScript,
    serviceBindings: { COLLECTOR: collector.name },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  return [{ ...edge, serviceBindings: { ...edge.serviceBindings, COLLECTOR: GATE } }, collector, gate];
}

/** The shop's own page: all slots with what is there without the edge. */
const shop = (request, response) => {
  const slots = SLOTS.map((slot) => `<section data-tl-slot="${slot}">usual</section>`).join('');
  const body = request.url.startsWith('/plain') ? '<p>plain</p>' : slots;
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(body));
};

/**
 * Starts edge, collector, origin and webhook receiver, with the settings of production but for those named.
 *
 * `edge` and `collector` are variables of the workers, `writeKeys` further write keys, `origin` answers page
 * requests as a server of Node's does.
 */
export async function startSystem({ rules = RULES, keys = newKeys(), origin = shop, ...variables } = {}) {
  const published = publish(rules, keys);
  const seen = [];
  const originServer = await serve((request, response) => {
    seen.push(request);
    return origin(request, response);
  });
  const system = new System({ keys, seen, originServer, sink: await startSink(), persist: dataDirectory() });
  await system.start({ variables, published });
  return system;
}

/** Creates a directory for stored data: in memory where there is room, because each profile is a database. */
function dataDirectory() {
  const memory = '/dev/shm';
  const hasRoom = () => statfsSync(memory).bavail * statfsSync(memory).bsize > 4e9;
  return mkdtempSync(join(existsSync(memory) && hasRoom() ? memory : tmpdir(), 'throughline-system-'));
}

class System {
  logs = [];
  secret = SECRET_KEY;

  constructor(parts) {
    Object.assign(this, parts);
  }

  /** Starts the workers; see `restart`. */
  async start({ variables = this.variables, published = [] } = {}) {
    this.variables = variables;
    const sources = Object.entries(SOURCES).map(([source, trusted]) => [`key-${source}`, { source, trusted }]);
    const ours = settings(this.keys);
    this.runtime = await startRuntime({
      persist: this.persist,
      edge: {
        TOKEN_KEYS: ours.TOKEN_KEYS,
        PLAN_KEYS: ours.PLAN_KEYS,
        PREVIEW_KEYS: jwks(this.keys, 'preview.public'),
        COLLECTOR_KEY,
        ORIGIN: this.originServer.url,
        ...variables.edge,
      },
      collector: {
        ...ours,
        WRITE_KEYS: JSON.stringify({ ...Object.fromEntries(sources), ...variables.writeKeys }),
        WEBHOOKS: JSON.stringify({ default: this.sink.url }),
        ...variables.collector,
      },
      log: (line) => this.logs.push(line),
      change: withGate,
    });
    for (const [key, value] of published) await this.runtime.plans.put(key, value);
    this.url = this.runtime.edgeUrl;
    this.collector = new Collector({ url: this.runtime.collectorUrl, logs: this.logs });
    this.gateUrl = await this.runtime.urlOf(GATE);
  }

  /** Starts the workers anew on the same data, with other variables where some are given. */
  async restart(variables = {}) {
    await this.runtime.stop();
    await this.start({ variables: { ...this.variables, ...variables } });
  }

  /** Sets the `delay` or the `status` of the collector's answers to the edge; `{}` is as usual. */
  gate(passing = {}) {
    return this.#gate({ passing });
  }

  /**
   * Returns how many requests the edge has made of the collector since they were last `reset`, by path, and how
   * many were answered, as `answered <path>`.
   */
  requests({ reset = true } = {}) {
    return this.#gate({ reset });
  }

  async #gate(message) {
    const answer = await fetch(`${this.gateUrl}/gate`, { method: 'POST', body: JSON.stringify(message) });
    return answer.json();
  }

  /** Returns a browser that has answered the consent dialogue; `consent: null` has not. */
  browser({ consent = GRANTED, cookies = {}, headers } = {}) {
    const browser = new Browser(this, { headers });
    if (consent) browser.cookies.set('tl_consent', consent);
    for (const [name, value] of Object.entries(cookies)) browser.setCookie(name, value);
    return browser;
  }

  /** Returns an app that shows this token and keeps no cookies. */
  app(token) {
    return new App(this, { headers: { authorization: `Bearer ${token}` } });
  }

  /** Returns a sender with the write key of this source. */
  server(source = 'crm') {
    return new Sender(this, `key-${source}`);
  }

  /** Returns the profile of `type:value` with its latest 200 events, or `undefined`. */
  profile(id) {
    return this.collector.profile(id, '?limit=200');
  }

  /** Returns a token of the person for an app. */
  async token(id) {
    const { status, body } = await this.collector.token(id);
    if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    return body.token;
  }

  /** Signs the browser in as a shop does: its server tells the collector whose device this is. */
  async login(browser, userId, traits) {
    const anonymousId = await browser.device();
    return this.server('crm').identify({ anonymousId, userId }, traits);
  }

  /** Returns a token as it is after some time: with earlier times, signed again; `ttl` is another lifetime. */
  age(token, seconds, { ttl } = {}) {
    const { sub, ver, tl, iat, exp } = claimsOf(token);
    return mintToken(this.keys, { sub, ver, facts: tl, iat: iat - seconds, exp: ttl ? iat - seconds + ttl : exp });
  }

  async stop() {
    await this.runtime.stop();
    this.sink.close();
    this.originServer.close();
    rmSync(this.persist, { recursive: true });
  }
}

/** A visitor with a cookie jar, and what a page of the shop does. */
export class Browser extends Visitor {
  /** Loads a page; returns its answer with `slots`, the texts that are not the shop's own. */
  async view(path = '/') {
    const answer = await this.fetch(path);
    return { ...answer, slots: slotsOf(answer.text) };
  }

  /** Returns what `GET token` tells the page's scripts. */
  async told() {
    return (await this.fetch('/_tl/token')).json();
  }

  /** Returns the public alias of this device. */
  async device() {
    return (await this.told()).device;
  }

  /** Returns the decision on a page with its trace. */
  async explain(path = '/') {
    const headers = { authorization: `Bearer ${mintPreview(this.edge.keys)}` };
    return (await this.fetch(`/_tl/explain?path=${encodeURIComponent(path)}`, { headers })).json();
  }

  /** Makes an app's token the token of this browser. */
  handOver(token) {
    return this.fetch('/_tl/token', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  }

  /** Sends calls as the tag does. */
  send(...calls) {
    return this.post('/_tl/events', { batch: calls });
  }

  track(event, properties = {}) {
    return this.send(call('track', { event, properties }));
  }

  identify(userId, traits = {}, more = {}) {
    return this.send(call('identify', { userId, traits, ...more }));
  }

  /** Returns the value of one of our cookies: `id`, `token` or `session`. */
  cookie(name) {
    return this.cookies.get(`__Host-tl_${name}`);
  }

  /** Sets one of our cookies, or deletes it. */
  setCookie(name, value) {
    if (value === undefined) this.cookies.delete(`__Host-tl_${name}`);
    else this.cookies.set(`__Host-tl_${name}`, value);
  }
}

/** An app: it shows its token with each request and keeps nothing. */
class App extends Browser {
  fetch(...request) {
    this.cookies.clear();
    return super.fetch(...request);
  }
}

/** A sender of Segment calls with a write key. */
class Sender {
  constructor(system, key) {
    this.system = system;
    this.key = key;
  }

  /** Sends calls; throws unless the collector has accepted the request. Returns the results by message id. */
  async send(...calls) {
    const { status, body } = await this.system.collector.batch(calls, { key: this.key });
    if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    return body.results;
  }

  track(who, event, properties = {}, more = {}) {
    return this.send({ ...track(who, event, properties), ...more });
  }

  identify(who, traits = {}, more = {}) {
    return this.send({ ...identify(who, traits), ...more });
  }

  /** Sends a choice about purposes, as `{ purpose: true or false }`. */
  consent(who, categoryPreferences) {
    const context = { consent: { categoryPreferences } };
    return this.send(call('track', { ...who, event: 'Consent Preference Updated', properties: {}, context }));
  }
}

const slotsOf = (html) => {
  const found = html.matchAll(/<section [^>]*data-tl-slot="([^"]+)"[^>]*>(.*?)<\/section>/gs);
  const shown = (inner) => inner.replace(/<tl-fallback hidden>.*?<\/tl-fallback>/gs, '').replace(/<[^>]*>/g, '');
  const texts = [...found].map(([, slot, inner]) => [slot, shown(inner).trim()]);
  return Object.fromEntries(texts.filter(([, text]) => text !== 'usual'));
};

/** Returns a new user id. */
export const newPerson = () => `u-${randomBytes(6).toString('hex')}`;
/** The choices about purposes of somebody who agrees to what pages and apps do. */
export const AGREES = { personalization: true, analytics: true, advertising: true };
/** Returns the names of a profile's events, oldest first. */
export const eventsOf = (profile) => (profile?.events ?? []).map(({ event, type }) => event ?? type).reverse();
