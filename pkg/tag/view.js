// The page view: decides, fills the slots, and records exposures.
import { cleanCall } from './address.js';
import * as clock from './clock.js';
import { choices, choicesAt, hasGpc, isUnwritten } from './consent.js';
import {
  dropCore,
  forgetCore,
  forgetVisitor,
  loadCore,
  loadedVisitor,
  loadVisitor,
  renewVisitor,
  request,
} from './decider.js';
import * as device from './device.js';
import * as exposures from './exposures.js';
import { asJson } from './json.js';
import * as outbox from './outbox.js';
import { agent, attributes, context } from './page.js';
import { loadParts } from './parts.js';
import * as plan from './plan.js';
import { isReplayed } from './replay.js';
import * as slots from './slots.js';
import { fail, emit } from './emit.js';

/** The most calls that wait for the core to be loaded. */
const MAX_FRESH = 200;

/** Calls that the core has not applied yet. */
const fresh = [];
/** The view that was filled last. */
let filled;
/** The functions of decide.js. */
let deciding;
/** The listener that is told, once, whether the page that the edge has sent is a replay. */
let checked;
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
  deciding?.forget();
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
    await loadDeciding();
    const { store, measure } = await deciding.decideAtEdge({ ...requestOf(found), slots: [] }, [], []);
    outbox.setAllowed(store && measure, key);
  }
  return found;
}

async function decideAndFill(wish) {
  if (device.isSignedOut()) return;
  const epoch = device.currentEpoch();
  let view;
  // After a sign-out it is about somebody else, and after a navigation about another page, which is decided next.
  const isOther = () => epoch !== device.currentEpoch() || (view && view !== exposures.currentView());
  const key = outbox.permissionKey();
  if (wish === 'view') renewVisitor();
  // A page that the edge has filled needs the core only if it is a replay.
  const needsCore = () => (wish === 'start' ? slots.areOpen() : slots.slots().size);
  const [found] = await Promise.all([recognise(), needsCore() ? loadCore() : undefined]);
  if (plan.isOff()) return wish === 'view' ? slots.clear() : undefined;
  // Without a visitor no decision is possible, so the page keeps its content.
  if (!found || found.isBot || isOther()) return;
  const reason = checkPage(found) || isNewView() ? 'view' : wish;
  if (reason === 'start' && !slots.areOpen()) return;
  view = exposures.currentView();
  const [core] = slots.slots().size ? await Promise.all([loadCore(), slots.loadFiller(), loadDeciding()]) : [];
  if (isOther()) return;

  const facts = requestOf(found);
  const here = core && deciding.decideHere(core, found, facts, reason);
  const isMine = (name) => here && name in core.slots;
  const page = slots.slots(here && core.slots);
  const theirs = [...page]
    .filter(([name, elements]) => !isMine(name) && wantsEdge(reason, here, elements))
    .map(([name]) => name);
  const shown = [...exposures.currentView().decisions];
  const there = theirs.length
    ? await deciding.decideAtEdge({ ...facts, slots: theirs }, outbox.pending(), shown).catch(fail)
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

/** Loads what decides. */
async function loadDeciding() {
  deciding ??= (await loadParts()).newDecider({
    currentView: exposures.currentView,
    decisions: slots.decisions,
    dropCore,
    fail,
    isContradicted: device.isContradicted,
    loadedVisitor,
    pending: outbox.pending,
    request,
    show: device.show,
    takeFresh: () => fresh.splice(0),
  });
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
