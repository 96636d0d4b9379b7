// The tag. `tools/tag.mjs` bundles it into the file that the edge serves:
//
//   <script async src="/_tl/tag.js" data-write-key="…"></script>
import { hasToken } from './tag/hand-over.js';
import { cleanCall } from './tag/address.js';
import { skew, tick } from './tag/clock.js';
import * as consent from './tag/consent.js';
import { deleteToken, forgetVisitor, loadCore, loadVisitor } from './tag/decider.js';
import { isSignedOut } from './tag/device.js';
import { get } from './tag/document.js';
import { fail, setDebug, emit } from './tag/emit.js';
import { beginView, noteRecorded } from './tag/exposures.js';
import { asJson } from './tag/json.js';
import * as outbox from './tag/outbox.js';
import { context, namePage, pageKey, watch } from './tag/page.js';
import { listen } from './tag/parts.js';
import { autoPage, base, edgeDecision, isLive, isOff } from './tag/settings.js';
import { whenSeen, watchSight } from './tag/sight.js';
import { follow, makeRoom, settle, signOut } from './tag/sign-out.js';
import * as slots from './tag/slots.js';
import { attempt } from './tag/storage.js';
import { onChecked, recognise, record, refresh } from './tag/view.js';

/** The mark of a page that has a tag. Markup cannot set it. */
const TAG = Symbol.for('throughline.tag');

/** The key of the page whose view has been recorded. */
let recorded = edgeDecision && pageKey();
/** Observes a shadow root as well. */
let observe;

const commands = {
  track: (event, properties = {}, options) => send({ type: 'track', event, properties }, 'event', options),
  identify(...args) {
    const isTraits = args[0] !== null && typeof args[0] === 'object';
    const userId = isTraits ? undefined : idOf(args.shift());
    const [traits, options] = args;
    send({ type: 'identify', userId, traits: traits ?? {}, userHash: options?.userHash });
  },
  group: (groupId, traits = {}) => send({ type: 'group', groupId: idOf(groupId), traits }),
  alias: (userId, previousId) => send({ type: 'alias', userId: idOf(userId), previousId: idOf(previousId) }),
  page: (name, properties) => page(name, properties),
  consent(states) {
    checkObject('consent', states);
    // A refusal counts from here on, whatever fails below.
    consent.remember(states);
    outbox.resetPermission();
    forgetVisitor();
    try {
      send({ type: 'track', event: 'Consent Preference Updated', properties: states });
    } finally {
      consent.write();
    }
  },
  reset: signOut,
  decide: () => refresh('event'),
  slots(root) {
    slots.addRoot(root);
    observe?.(root);
    refresh('slots');
  },
  on: (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail)),
  async debug(on) {
    setDebug(on);
    const core = await loadCore();
    if (core?.decision) emit('tldebug', core.explain());
  },
};

/** Records a call. `options` are a `messageId`, by which it counts once, and a `timestamp`. */
function send(call, reason = 'event', options) {
  for (const name of ['properties', 'traits'])
    checkObject(`${name}\` of \`${call.event ?? call.type}`, call[name] ?? {});
  follow();
  const { messageId, timestamp: given } = options ?? {};
  const at = given === undefined ? undefined : timeOf(given);
  let isCut = false;
  const said = asJson(call, () => {
    isCut = true;
  });
  if (isCut)
    fail(new Error(`parts of \`${call.event ?? call.type}\` are left out: too deep, too many, or within themselves`));
  const timestamp = (at ?? new Date(tick() + skew())).toISOString();
  const whole = {
    ...said,
    messageId: attempt(() => idOf(messageId)) || newId(),
    timestamp,
    context: asJson(context()),
  };
  record(cleanCall(whole), reason, at ? undefined : skew());
}

/** Returns a time as a Date; `undefined` for what is none, which is said and costs nothing but the time. */
function timeOf(timestamp) {
  const at = new Date(timestamp);
  if (Number.isFinite(at.getTime())) return at;
  fail(
    new Error(
      `the timestamp \`${String(timestamp)}\`: expected a date, milliseconds, or an ISO text; it is now instead`,
    ),
  );
  return undefined;
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

/**
 * Records a page view. With a `path` or `url` in the properties this is the page now, whatever the browser's address.
 *
 * It counts once per page, unless it has a name or properties and does not say which page it is.
 */
function page(name, properties, options) {
  const place = properties?.url ?? properties?.path;
  const before = pageKey();
  if (place !== undefined) attempt(() => namePage(String(place)));
  const key = pageKey();
  const isOther = key !== before;
  if (isOther) beginView();
  if (recorded === key && (place !== undefined || !(name || properties))) return isOther ? refresh('view') : undefined;
  recorded = key;
  send({ type: 'page', name, properties: properties ?? {} }, isOther ? 'view' : 'event', options);
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

/** Records the view of this page once somebody sees it, by the id of a decision that the edge may have recorded it by. */
function pageSeen(decision) {
  if (autoPage) whenSeen('page', () => page(undefined, undefined, { messageId: decision && `${decision}:page` }));
}

/** Handles navigation without a load, or from the back/forward cache. */
function navigated(isRestored) {
  beginView();
  // From the cache the same address is another view, and the edge may have newer facts.
  if (isRestored) {
    recorded = undefined;
    follow();
    forgetVisitor();
  }
  // Routers change the address before the page.
  setTimeout(() => {
    pageSeen();
    refresh('view');
  });
}

/** Decides for slots that scripts add to the page. */
function watchSlots() {
  observe = slots.watch((added) => {
    if (added.some(slots.hasOpen)) refresh('slots');
  });
}

/**
 * Records the view of this page, unless the edge has done so. If it only seems so, or if the edge has filled the page for a
 * script, which it does not count, that waits for the check of the page.
 */
function countPage() {
  const decision = edgeDecision ? undefined : slots.marked()[0]?.dataset.tlDecision;
  if (decision) beginView(decision);
  else pageSeen();
  onChecked((isReplayed) => {
    if (isReplayed) recorded = undefined;
    if (isReplayed || decision) pageSeen(isReplayed ? undefined : decision);
  });
}

/** Fills what is not filled yet, and notes what the edge has shown and counted. */
function fillSlots() {
  for (const [name, elements] of edgeDecision ? slots.slots() : []) {
    for (const element of [...elements].filter(slots.isFilled)) {
      noteRecorded(name, slots.accept(element));
    }
  }
  if (hasToken()) makeRoom();
  if (isSignedOut()) {
    slots.clear();
    settle();
  }
  // The visitor of a hand-over is another one than the edge has filled the page for.
  refresh(hasToken() ? 'event' : 'start');
}

/** Runs the commands that have waited, and from now on all others at once. */
function takeQueue() {
  const queue = globalThis.throughline_queue;
  globalThis.throughline_queue = { push: (...items) => items.forEach(run) };
  if (Array.isArray(queue)) queue.forEach(run);
}

function startSending() {
  if (isLive) listen({ base, fail, forgetVisitor, loadVisitor, recognise, refresh }).catch(fail);
  outbox.onOtherDevice(() => {
    forgetVisitor();
    refresh('event');
  });
  outbox.flush();
  document.addEventListener('visibilitychange', () => get('visibilityState') === 'hidden' && outbox.beacon());
  addEventListener('pagehide', leave);
  addEventListener('online', () => (isSignedOut() ? settle() : outbox.flush()));
  addEventListener('storage', follow);
}

function begin() {
  // What fails does not take the others along.
  for (const step of [watchSight, fillSlots, takeQueue, countPage, startSending, () => watch(navigated), watchSlots]) {
    try {
      step();
    } catch (error) {
      fail(error);
    }
  }
}

/** Sends what waits, because the page may be closed. */
function leave() {
  outbox.beacon();
  if (isSignedOut()) deleteToken().catch(fail);
}

/** Begins once the page can be read, and is meant for somebody: not while it is rendered in advance. */
function beginOnce() {
  if (get('prerendering')) document.addEventListener('prerenderingchange', beginOnce, { once: true });
  else if (get('readyState') === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}

if (!base) {
  const unknown = new Error('the address of the endpoints is unknown: set `throughline_config.apiHost` to `https://…`');
  console.error(unknown);
  fail(unknown);
} else if (!isOff && !globalThis[TAG]) {
  globalThis[TAG] = true;
  beginOnce();
}
