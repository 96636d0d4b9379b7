// The tag: `<script async src="/_tl/tag.js" data-write-key="…"></script>`. Bundled into the file that the edge serves.
import { choose } from './tag/consent.js';
import { forgetVisitor, loadCore, signOut } from './tag/decider.js';
import * as outbox from './tag/outbox.js';
import { address, context, watch } from './tag/page.js';
import { autoPage, edgeDecision, isOff } from './tag/settings.js';
import * as slots from './tag/slots.js';
import { fail, setDebug, tell } from './tag/tell.js';
import { recognise, record, refresh } from './tag/view.js';

/** The address whose page view is recorded. */
let recorded = edgeDecision && address().href;

const commands = {
  track: (event, properties = {}) => send({ type: 'track', event, properties }),
  identify(...args) {
    const userId = typeof args[0] === 'object' ? undefined : args.shift();
    send({ type: 'identify', userId, traits: args[0] ?? {} });
  },
  group: (groupId, traits = {}) => send({ type: 'group', groupId, traits }),
  alias: (userId, previousId) => send({ type: 'alias', userId, previousId }),
  page: (name, properties) => page('event', name, properties),
  consent(states) {
    choose(states);
    outbox.ask();
    forgetVisitor();
    send({ type: 'track', event: 'Consent Preference Updated', properties: states });
  },
  async reset() {
    await outbox.flush();
    await signOut();
    forgetVisitor();
    refresh('view');
  },
  decide: () => refresh('event'),
  on: (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail)),
  async debug(on) {
    setDebug(on);
    const core = await loadCore();
    if (core?.decision) tell('tldebug', core.explain());
  },
};

function send(call, reason = 'event') {
  for (const name of ['properties', 'traits']) {
    const found = call[name] ?? {};
    if (typeof found !== 'object' || Array.isArray(found))
      throw new TypeError(`\`${name}\` of \`${call.event ?? call.type}\`: expected an object`);
  }
  record(asJson({ ...call, messageId: newId(), timestamp: new Date().toISOString(), context: context() }), reason);
}

/** What arrives of a value that is sent. Half an emoji, as a cut text may end with, is no JSON that others read. */
function asJson(value) {
  const whole = (_name, value) => (typeof value === 'string' ? (value.toWellFormed?.() ?? value) : value);
  return JSON.parse(JSON.stringify(value, whole));
}

/** A call that says nothing but "here is a page" counts once for each address. */
function page(reason, name, properties) {
  const { href } = address();
  if (!name && !properties && recorded === href) return;
  recorded = href;
  send({ type: 'page', name, properties: properties ?? {} }, reason);
}

/** A UUID; pages without TLS cannot have one and get as many random bits. */
function newId() {
  return crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** Runs what is pushed: `["track", "Guide Downloaded", {…}]`, or a function, which gets the commands. */
function run(item) {
  try {
    if (typeof item === 'function') return item(commands);
    const [name, ...args] = item;
    if (!Object.hasOwn(commands, name))
      throw new Error(`unknown command \`${name}\`, expected one of: ${Object.keys(commands).join(', ')}`);
    Promise.resolve(commands[name](...args)).catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Another page is shown: without a load, or again from the browser's memory. */
function navigated(href) {
  // From memory the same address is another view, and the edge may know more by now.
  if (!href) {
    recorded = undefined;
    forgetVisitor();
  }
  // A router changes the address first and the page then.
  setTimeout(() => {
    if (autoPage) page('view');
    refresh('view');
  });
}

/** Follows pages that are put together in the browser: slots may come at any time. */
function watchSlots() {
  const hasOpenSlot = (node) =>
    node.nodeType === 1 &&
    [node, ...node.querySelectorAll('[data-tl-slot]')].some((one) => one.dataset.tlSlot && slots.isOpen(one));
  new MutationObserver((changes) => {
    if (changes.some(({ addedNodes }) => [...addedNodes].some(hasOpenSlot))) refresh('slots');
  }).observe(document.documentElement, { childList: true, subtree: true });
}

function begin() {
  const isUnfilled = [...slots.slots().values()].some((elements) =>
    [...elements].some((element) => !slots.isFilled(element)),
  );
  if (isUnfilled) refresh('start');
  const queue = globalThis.throughline_queue;
  globalThis.throughline_queue = { push: (...items) => items.forEach(run) };
  if (Array.isArray(queue)) queue.forEach(run);
  if (autoPage) page('start');
  if (!outbox.isDecided()) recognise();
  outbox.flush();
  watch(navigated);
  watchSlots();
  addEventListener('pagehide', outbox.beacon);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && outbox.beacon());
  addEventListener('online', outbox.flush);
}

if (!isOff) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}
