// The page view: decides, fills the slots, and records exposures.
import { toEvent } from '../event.js';
import { cleanCall } from './address.js';
import * as clock from './clock.js';
import { choices, choicesAt, hasGpc, isUnwritten } from './consent.js';
import { decideAtEdge, dropCore, forgetCore, forgetVisitor, loadCore, loadVisitor, renewVisitor } from './decider.js';
import * as device from './device.js';
import * as exposures from './exposures.js';
import { asJson } from './json.js';
import * as outbox from './outbox.js';
import { agent, attributes, context } from './page.js';
import * as plan from './plan.js';
import { isReplayed } from './replay.js';
import * as slots from './slots.js';
import { fail, emit } from './emit.js';

/** The most calls that wait for the core to be loaded. */
const MAX_FRESH = 200;

/** Calls that the core has not applied yet. */
const fresh = [];
/** The view that was filled last, and the one that the core has decided about. */
let filled;
let decided;
/** The listener that is told, once, whether the page that the edge has sent is a replay. */
let checked;
/** The visitor as last received from the edge, and a profile of theirs that counts only from the next view on. */
let visitor;
let profileOfNextView;
let wanted;
let running = Promise.resolve();

/** Records a call: sends it, and decides again. `skew` is how much its time was corrected, if it may be again. */
export function record(call, reason, skew) {
  emit('tlevent', call);
  outbox.add(call, skew);
  fresh.push(call);
  fresh.splice(0, fresh.length - MAX_FRESH);
  refresh(reason);
}

/**
 * Decides again and fills the slots. Requests that arrive meanwhile are merged into one, with the strongest reason:
 *
 * - `slots`: new elements only
 * - `start`: the page has loaded; slots that the edge has filled stay
 * - `event`: an event was recorded
 * - `live`: the page has heard that the profile has another version
 * - `view`: another page is shown
 */
export function refresh(reason) {
  const order = ['slots', 'start', 'event', 'live', 'view'];
  if (wanted) {
    if (order.indexOf(reason) > order.indexOf(wanted)) wanted = reason;
    return;
  }
  wanted = reason;
  running = running
    .then(() => {
      const reason = wanted;
      wanted = undefined;
      return decideAndFill(reason);
    })
    .catch(fail);
}

/** Follows the plan: another one decides again, and without one the page shows its own content. */
plan.onChange(() => {
  if (plan.isOff()) return slots.clear(true);
  forgetVisitor();
  forgetCore();
  refresh('event');
});

/** Calls back once it is known whether the page was for another view. */
export function onChecked(listener) {
  checked = listener;
}

/** Forgets the visitor, and takes the content that was for them off the page. */
export function forget() {
  forgetVisitor();
  forgetCore();
  fresh.length = 0;
  exposures.beginView();
  visitor = profileOfNextView = undefined;
  slots.clear();
}

/** Returns the visitor from the edge, and sets whether events may be stored and sent. Consent may change meanwhile. */
export async function recognise() {
  const key = outbox.permissionKey();
  const found = await loadVisitor();
  outbox.own();
  // Only if the edge has seen the opt-out does its answer take it into account.
  if (found && !isUnwritten() && (found.gpc || !hasGpc()))
    outbox.setAllowed(found.store && found.measure && !found.isBot, key);
  // Choices that the edge cannot see are told to it, even where there is nothing to decide.
  if (found && isUnwritten()) {
    const { store, measure } = await decideAtEdge({ ...requestOf(found), slots: [] }, [], []);
    outbox.setAllowed(store && measure, key);
  }
  return found;
}

async function decideAndFill(wish) {
  if (device.isSignedOut()) return;
  const epoch = device.currentEpoch();
  const isOther = () => epoch !== device.currentEpoch();
  const key = outbox.permissionKey();
  if (wish === 'view') renewVisitor();
  // A page that the edge has filled needs the core only if it is a replay.
  const needsCore = () => (wish === 'start' ? slots.areOpen() : slots.slots().size);
  const [found] = await Promise.all([recognise(), needsCore() ? loadCore() : undefined]);
  if (plan.isOff()) return wish === 'view' ? slots.clear() : undefined;
  // Without a visitor no decision is possible, so the page keeps its content. After a sign-out it is about somebody else.
  if (!found || found.isBot || isOther()) return;
  const reason = checkPage(found) || isNewView() ? 'view' : wish;
  if (reason === 'start' && !slots.areOpen()) return;
  const [core] = slots.slots().size ? await Promise.all([loadCore(), slots.loadFiller()]) : [];
  if (isOther()) return;

  const request = requestOf(found);
  const here = core && decideHere(core, found, request, reason);
  const isMine = (name) => here && name in core.slots;
  const page = slots.slots(here && core.slots);
  const theirs = [...page]
    .filter(([name, elements]) => !isMine(name) && wantsEdge(reason, here, elements))
    .map(([name]) => name);
  const shown = [...exposures.currentView().decisions];
  const there = theirs.length
    ? await decideAtEdge({ ...request, slots: theirs }, outbox.pending(), shown).catch(fail)
    : undefined;
  if (isOther() || plan.isOff()) return;

  for (const decision of [here, there]) if (decision) exposures.nameView(decision);
  for (const [name, elements] of page) {
    const decision = isMine(name) ? here : theirs.includes(name) ? there : undefined;
    if (decision) show(name, elements, decision, reason, core);
  }
  for (const decision of [here, there]) {
    if (!decision) continue;
    outbox.setAllowed(decision.store && decision.measure, key);
    emit('tldata', { decision, source: decision === here ? 'core' : 'edge' });
  }
  emit('tlrefresh', { reason, slots: [...page.keys()] });
}

/** Returns whether another view has begun since the last decision. Its slots may come before it is asked for. */
function isNewView() {
  const before = filled;
  filled = exposures.currentView();
  return before !== undefined && before !== filled;
}

/** Checks once whether the page was for another view. If so, this one begins, and nothing that came with the page is accepted. */
function checkPage(found) {
  if (!checked) return false;
  const isReplay = isReplayed(found);
  if (isReplay) exposures.beginView();
  checked(isReplay);
  checked = undefined;
  return isReplay;
}

/** Returns the facts of this page and this device. */
function requestOf(found) {
  return asJson({
    attributes: { ...found.attributes, ...attributes() },
    consent: { ...found.consent, ...choices() },
    consentAt: choicesAt(),
    gpc: found.gpc || hasGpc(),
    agent: agent(),
    channel: 'web',
    locale: navigator.language,
    session: found.session,
  });
}

/** Returns the core's decision, or `undefined` if it fails. After a trap the edge decides. */
function decideHere(core, found, request, reason) {
  try {
    const isNew = found !== visitor;
    const events = [...(isNew ? outbox.pending() : []), ...fresh.splice(0)].map(toEvent);
    const view = exposures.currentView();
    const isNewView = reason === 'view' && decided !== view;
    core.request = request;
    decided = view;
    if (!core.decision || (isNew && found.subject !== core.profile.subject)) {
      visitor = found;
      profileOfNextView = found.profile;
      return core.decide({ profile: beforeThisView(found, Object.keys(core.slots)), events });
    }
    if (reason === 'live') {
      if (isNew) core.merge(beforeThisView(found, Object.keys(core.slots)));
      visitor = found;
      return core.observe(...events);
    }
    if (!isNewView) return reason === 'slots' && !events.length ? core.decision : core.observe(...events);
    if (isNew) profileOfNextView = found.profile;
    visitor = found;
    if (profileOfNextView) core.merge(profileOfNextView);
    profileOfNextView = undefined;
    return core.decide({ events });
  } catch (error) {
    fail(error);
    if (error instanceof WebAssembly.RuntimeError) dropCore();
    return undefined;
  }
}

/**
 * Returns the profile without the exposures of this page.
 *
 * The edge has applied them already. A cap that they reach must not remove the content that the visitor is looking at.
 */
function beforeThisView({ subject, profile }, names) {
  const decisions = new Set([...exposures.currentView().decisions, ...slots.decisions()]);
  const ids = new Set([...decisions].flatMap((decision) => names.map((name) => fnv32a(`${decision}:${name}`))));
  const others = Object.entries(profile?.exposures ?? {}).map(([key, stamps]) => [
    key,
    stamps.filter(([, id]) => !ids.has(id)),
  ]);
  return { ...profile, subject, exposures: Object.fromEntries(others.filter(([, stamps]) => stamps.length)) };
}

/** Returns the hash of an event id, as stamps contain it (FNV-1a, src/text/fnv.rs). */
function fnv32a(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Returns whether to request a decision of the edge for a slot, which is not needed if it has filled it with the page. */
function wantsEdge(reason, here, elements) {
  if (reason !== 'start' && reason !== 'slots') return true;
  return !(reason === 'start' && here) && [...elements].some(slots.isOpen);
}

/** Fills or empties the elements of a slot, and exposes what they show. */
function show(name, elements, decision, reason, core) {
  const content = decision.slots[name];
  let key;
  for (const element of elements) {
    if (reason === 'start' && !slots.isOpen(element)) continue;
    try {
      if (!content) {
        if (slots.empty(element)) refresh('slots');
        continue;
      }
      key = slots.fill(element, content, decision.decisionId);
    } catch (error) {
      element.setAttribute('data-tl-state', 'error');
      fail(error);
    }
  }
  if (key !== undefined) exposures.expose(name, key, decision, (events) => recordAll(events, core));
  else if (!content) exposures.forgetUnseen(name);
}

/** Records exposures, and applies them to the profile of the core. */
function recordAll(events, core) {
  for (const { id, event: name, at, properties, recordedFor } of events) {
    const call = cleanCall(
      asJson({
        type: 'track',
        event: name,
        messageId: id,
        timestamp: new Date(at).toISOString(),
        properties: { ...properties, decision: recordedFor },
        context: context(),
      }),
    );
    emit('tlevent', call);
    outbox.add(call, clock.skew());
  }
  // The core knows its decisions by their own ids.
  if (core && events.length) core.observe(...events);
}
