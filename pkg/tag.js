// The tag. `tools/tag.mjs` bundles it into the file that the edge serves:
//
//   <script async src="/_tl/tag.js" data-write-key="…"></script>
import { hasToken } from './tag/hand-over.js';
import { cleanCall } from './tag/address.js';
import * as consent from './tag/consent.js';
import { deleteToken, forgetVisitor, loadCore } from './tag/decider.js';
import { isSignedOut } from './tag/device.js';
import { listen } from './tag/live.js';
import * as outbox from './tag/outbox.js';
import { address, context, watch } from './tag/page.js';
import { autoPage, edgeDecision, isLive, isOff } from './tag/settings.js';
import { follow, makeRoom, settle, signOut } from './tag/sign-out.js';
import * as slots from './tag/slots.js';
import { fail, setDebug, emit } from './tag/emit.js';
import { recognise, record, refresh } from './tag/view.js';

/** The address whose page view has been recorded. */
let recorded = edgeDecision && address().href;

const commands = {
  track: (event, properties = {}) => send({ type: 'track', event, properties }),
  identify(...args) {
    const isTraits = args[0] !== null && typeof args[0] === 'object';
    const userId = isTraits ? undefined : idOf(args.shift());
    const [traits, options] = args;
    send({ type: 'identify', userId, traits: traits ?? {}, userHash: options?.userHash });
  },
  group: (groupId, traits = {}) => send({ type: 'group', groupId: idOf(groupId), traits }),
  alias: (userId, previousId) => send({ type: 'alias', userId: idOf(userId), previousId: idOf(previousId) }),
  page: (name, properties) => page('event', name, properties),
  consent(states) {
    checkObject('consent', states);
    // A refusal counts from here on, whatever fails below.
    consent.remember(states);
    outbox.resetPermission();
    forgetVisitor();
    send({ type: 'track', event: 'Consent Preference Updated', properties: states });
    consent.write();
  },
  reset: signOut,
  decide: () => refresh('event'),
  on: (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail)),
  async debug(on) {
    setDebug(on);
    const core = await loadCore();
    if (core?.decision) emit('tldebug', core.explain());
  },
};

function send(call, reason = 'event') {
  for (const name of ['properties', 'traits'])
    checkObject(`${name}\` of \`${call.event ?? call.type}`, call[name] ?? {});
  follow();
  const whole = { ...call, messageId: newId(), timestamp: new Date().toISOString(), context: context() };
  record(cleanCall(asJson(whole)), reason);
}

function checkObject(name, found) {
  if (!found || typeof found !== 'object' || Array.isArray(found))
    throw new TypeError(`\`${name}\`: expected an object`);
}

/** Returns an id as text. Numbers that JavaScript has rounded would name somebody else, so they are refused. */
function idOf(id) {
  if (id === undefined || id === null || typeof id === 'string') return id ?? undefined;
  if (typeof id === 'bigint' || Number.isSafeInteger(id)) return String(id);
  throw new TypeError(`the id \`${String(id)}\`: expected a string or a whole number below 2^53`);
}

/** Returns a value as JSON transmits it. Lone surrogates, as in truncated strings, are replaced, because strict parsers refuse them. */
function asJson(value) {
  const whole = (_name, value) => (typeof value === 'string' ? (value.toWellFormed?.() ?? value) : value);
  return JSON.parse(JSON.stringify(value, whole));
}

/** Records a page view. Without name and properties it counts once per address. */
function page(reason, name, properties) {
  const { href } = address();
  if (!name && !properties && recorded === href) return;
  recorded = href;
  send({ type: 'page', name, properties: properties ?? {} }, reason);
}

/** Returns a new id: a UUID or, on pages without TLS, as many random bits. */
function newId() {
  return crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** Runs an item of the queue: `["track", "Guide Downloaded", {…}]`, or a function, which gets the commands. */
function run(item) {
  try {
    if (typeof item === 'function') return item(commands);
    const [name, ...args] = item;
    if (!Object.keys(commands).includes(name))
      throw new Error(`unknown command \`${name}\`, expected one of: ${Object.keys(commands).join(', ')}`);
    Promise.resolve(commands[name](...args)).catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Handles navigation without a load, or from the back/forward cache. */
function navigated(href) {
  // From the cache the same address is another view, and the edge may have newer facts.
  if (!href) {
    recorded = undefined;
    follow();
    forgetVisitor();
  }
  // Routers change the address before the page.
  setTimeout(() => {
    if (autoPage) page('view');
    refresh('view');
  });
}

/** Decides for slots that scripts add to the page. */
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
  if (hasToken()) makeRoom();
  if (isSignedOut()) {
    slots.clear();
    settle();
  }
  // The visitor of a hand-over is another one than the edge has filled the page for.
  if (hasToken()) refresh('event');
  else if (isUnfilled) refresh('start');
  const queue = globalThis.throughline_queue;
  globalThis.throughline_queue = { push: (...items) => items.forEach(run) };
  if (Array.isArray(queue)) queue.forEach(run);
  if (autoPage) page('start');
  if (hasToken() || !outbox.isPermissionKnown() || outbox.hasUnowned()) recognise().catch(fail);
  if (isLive) listen();
  outbox.onOtherDevice(() => {
    forgetVisitor();
    refresh('event');
  });
  outbox.flush();
  watch(navigated);
  watchSlots();
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && outbox.beacon());
  addEventListener('online', () => (isSignedOut() ? settle() : outbox.flush()));
  addEventListener('storage', follow);
}

/** Sends what waits, because the page may be closed. */
function leave() {
  outbox.beacon();
  if (isSignedOut()) deleteToken().catch(fail);
}

if (!isOff) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}
