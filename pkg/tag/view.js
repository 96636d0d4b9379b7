// The page view: decides, fills the slots, and records exposures.
import { toEvent } from '../event.js';
import { cleanCall } from './address.js';
import { choices, choicesAt, hasGpc, isUnwritten } from './consent.js';
import { decideAtEdge, dropCore, forgetCore, forgetVisitor, loadCore, loadVisitor } from './decider.js';
import * as device from './device.js';
import * as outbox from './outbox.js';
import { agent, attributes, context } from './page.js';
import { edgeDecision } from './settings.js';
import * as slots from './slots.js';
import { fail, emit } from './emit.js';

/** The most calls that wait for the core to be loaded. */
const MAX_FRESH = 200;

/** Calls that the core has not applied yet. */
const fresh = [];
/** The decisions whose content this page view shows. */
let shown = new Set(edgeDecision ? [edgeDecision] : []);
/** The visitor as last received from the edge, and a profile of theirs that counts only from the next view on. */
let visitor;
let profileOfNextView;
let wanted;
let running = Promise.resolve();

/** Records a call: sends it, and decides again. */
export function record(call, reason) {
  emit('tlevent', call);
  outbox.add(call);
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

/** Forgets the visitor, and takes the content that was for them off the page. */
export function forget() {
  forgetVisitor();
  forgetCore();
  fresh.length = 0;
  shown = new Set();
  visitor = profileOfNextView = undefined;
  slots.clear();
}

/** Returns the visitor from the edge, and sets whether events may be stored and sent. Consent may change meanwhile. */
export async function recognise() {
  const key = outbox.permissionKey();
  const found = await loadVisitor();
  outbox.own();
  // Only if the edge has seen the opt-out does its answer take it into account.
  if (found && !isUnwritten() && (found.gpc || !hasGpc())) outbox.setAllowed(found.store && found.measure, key);
  // Choices that the edge cannot see are told to it, even where there is nothing to decide.
  if (found && isUnwritten()) {
    const { store, measure } = await decideAtEdge({ ...requestOf(found), slots: [] }, [], []);
    outbox.setAllowed(store && measure, key);
  }
  return found;
}

async function decideAndFill(reason) {
  if (device.isSignedOut()) return;
  const epoch = device.currentEpoch();
  const key = outbox.permissionKey();
  const present = slots.slots();
  const [found, core] = await Promise.all([recognise(), present.size ? loadCore() : undefined]);
  // Without a visitor no decision is possible, so the page keeps its content. After a sign-out it is about somebody else.
  if (!found || epoch !== device.currentEpoch()) return;
  const request = requestOf(found);
  if (reason === 'view') shown = new Set();
  const here = core && decideHere(core, found, request, reason);
  const isMine = (name) => here && name in core.slots;
  const page = slots.slots(here && core.slots);
  const theirs = [...page]
    .filter(([name, elements]) => !isMine(name) && wantsEdge(reason, here, elements))
    .map(([name]) => name);
  const there = theirs.length
    ? await decideAtEdge({ ...request, slots: theirs }, outbox.pending(), [...shown]).catch(fail)
    : undefined;
  if (epoch !== device.currentEpoch()) return;

  const exposures = new Map();
  for (const [name, elements] of page) {
    const decision = isMine(name) ? here : theirs.includes(name) ? there : undefined;
    if (decision && show(name, elements, decision, reason)) {
      for (const event of exposuresOf(decision, name)) exposures.set(event.id, event);
    }
  }
  expose([...exposures.values()], here && core);
  for (const decision of [here, there]) {
    if (!decision) continue;
    outbox.setAllowed(decision.store && decision.measure, key);
    emit('tldata', { decision, source: decision === here ? 'core' : 'edge' });
  }
  emit('tlrefresh', { reason, slots: [...page.keys()] });
}

/** Returns the facts of this page and this device. */
function requestOf(found) {
  return {
    attributes: { ...found.attributes, ...attributes() },
    consent: { ...found.consent, ...choices() },
    consentAt: choicesAt(),
    gpc: found.gpc || hasGpc(),
    agent: agent(),
    channel: 'web',
    locale: navigator.language,
    session: found.session,
  };
}

/** Returns the core's decision, or `undefined` if it fails. After a trap the edge decides. */
function decideHere(core, found, request, reason) {
  try {
    const isNew = found !== visitor;
    const events = [...(isNew ? outbox.pending() : []), ...fresh.splice(0)].map(toEvent);
    core.request = request;
    if (!core.decision || (isNew && found.subject !== core.profile.subject)) {
      visitor = found;
      profileOfNextView = found.profile;
      return core.decide({ profile: beforeThisView(found, core.slots), events });
    }
    if (reason === 'live') {
      if (isNew) core.merge(beforeThisView(found, core.slots));
      visitor = found;
      return core.observe(...events);
    }
    if (reason !== 'view') return reason === 'slots' && !events.length ? core.decision : core.observe(...events);
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
function beforeThisView({ subject, profile }, slots) {
  const decisions = new Set(
    [...document.querySelectorAll('[data-tl-decision]')].map(({ dataset }) => dataset.tlDecision),
  );
  const ids = new Set(
    [...decisions].flatMap((decision) => Object.keys(slots).map((name) => fnv32a(`${decision}:${name}`))),
  );
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
  if (reason === 'start') return !here && [...elements].some((element) => !slots.isFilled(element));
  return reason !== 'slots' || [...elements].some(slots.isOpen);
}

/** Fills or empties the elements of a slot, and returns whether to record exposures. */
function show(name, elements, decision, reason) {
  const content = decision.slots[name];
  let isNews = reason === 'view';
  for (const element of elements) {
    if (reason === 'start' && slots.isFilled(element)) continue;
    try {
      if (content) isNews = slots.fill(element, content, decision.decisionId) || isNews;
      else slots.empty(name, element).catch(fail);
    } catch (error) {
      element.setAttribute('data-tl-state', 'error');
      fail(error);
    }
  }
  return content && isNews;
}

/** Returns the exposures of a slot: of its message, and of the experiment that chose it. */
function exposuresOf({ exposures }, name) {
  const seen = exposures.find(({ properties }) => properties.slot === name);
  const experiment = seen?.properties.experiment;
  return exposures.filter((event) => event === seen || (experiment && event.properties.experiment_id === experiment));
}

/** Records exposures, and applies them to the profile of the core. */
function expose(events, core) {
  for (const event of events) {
    shown.add(event.properties.decision);
    const { id, event: name, at, properties } = event;
    const call = cleanCall({
      type: 'track',
      event: name,
      messageId: id,
      timestamp: new Date(at).toISOString(),
      properties,
      context: context(),
    });
    emit('tlevent', call);
    outbox.add(call);
  }
  if (core && events.length) core.observe(...events);
}
