// One page view after the other: decide, fill the slots, and record what is shown.
import { toEvent } from '../event.js';
import { choices, hasGpc } from './consent.js';
import { askEdge, dropCore, loadCore, loadVisitor } from './decider.js';
import * as outbox from './outbox.js';
import { agent, attributes, context } from './page.js';
import { edgeDecision } from './settings.js';
import * as slots from './slots.js';
import { fail, tell } from './tell.js';

/** The most that waits for the core to be loaded. */
const MAX_FRESH = 200;

/** Calls that the core does not know yet. */
const fresh = [];
/** The decisions whose content this page view shows. */
let shown = new Set(edgeDecision ? [edgeDecision] : []);
/** The visitor as last told by the edge, and what of their profile counts only from the next view on. */
let visitor;
let profileOfNextView;
let wanted;
let running = Promise.resolve();

/** Records a call: sends it, and lets the page react to it. */
export function record(call, reason) {
  tell('tlevent', call);
  outbox.add(call);
  fresh.push(call);
  fresh.splice(0, fresh.length - MAX_FRESH);
  refresh(reason);
}

/**
 * Decides again and fills; one at a time, and what is asked for meanwhile once. Reasons: `start` leaves alone what the edge
 * has filled, `slots` looks after new elements only, `event` follows what happened, `view` is another page.
 */
export function refresh(reason) {
  const order = ['slots', 'start', 'event', 'view'];
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

/** Asks the edge who this is and whether anything may be kept and sent; the answer may change while we wait. */
export async function recognise() {
  const question = outbox.asked();
  const found = await loadVisitor();
  // An edge that has not been told of the opt-out has not counted it in.
  if (found && (found.gpc || !hasGpc())) outbox.allow(found.store && found.measure, question);
  return found;
}

async function decideAndFill(reason) {
  const question = outbox.asked();
  const present = slots.slots();
  const [found, core] = await Promise.all([recognise(), present.size ? loadCore() : undefined]);
  // Nobody knows whose page this is: what it was written with is the best there is.
  if (!found) return;
  const request = requestOf(found);
  if (reason === 'view') shown = new Set();
  const here = core && decideHere(core, found, request, reason);
  const isMine = (name) => here && name in core.slots;
  const page = slots.slots(here && core.slots);
  const theirs = [...page]
    .filter(([name, elements]) => !isMine(name) && wantsEdge(reason, here, elements))
    .map(([name]) => name);
  const there = theirs.length
    ? await askEdge({ ...request, slots: theirs }, outbox.pending(), [...shown]).catch(fail)
    : undefined;

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
    outbox.allow(decision.store && decision.measure, question);
    tell('tldata', { decision, source: decision === here ? 'core' : 'edge' });
  }
  tell('tlrefresh', { reason, slots: [...page.keys()] });
}

/** All that a decision may know of this page and this device. */
function requestOf(found) {
  return {
    attributes: { ...found.attributes, ...attributes() },
    consent: { ...found.consent, ...choices() },
    gpc: found.gpc || hasGpc(),
    agent: agent(),
    channel: 'web',
    locale: navigator.language,
    session: found.session,
  };
}

/** The core's decision; `undefined` if it fails. Once it has trapped, the edge decides. */
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
 * The profile without what this very page has shown: the edge has counted it already, and a cap that it reaches must not
 * take it off the page while the visitor reads it.
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

/** The hash of event ids in stamps. */
function fnv32a(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Whether the edge is asked about a slot that is not decided here. What it has decided with the page it is not asked again. */
function wantsEdge(reason, here, elements) {
  if (reason === 'start') return !here && [...elements].some((element) => !slots.isFilled(element));
  return reason !== 'slots' || [...elements].some(slots.isOpen);
}

/** Fills or empties the elements of a slot; answers whether that is to be recorded. */
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

/** What to record of a slot that is shown: its message, and the experiment that chose it. */
function exposuresOf({ exposures }, name) {
  const seen = exposures.find(({ properties }) => properties.slot === name);
  const experiment = seen?.properties.experiment;
  return exposures.filter((event) => event === seen || (experiment && event.properties.experiment_id === experiment));
}

function expose(events, core) {
  for (const event of events) {
    shown.add(event.properties.decision);
    const { id, event: name, at, properties } = event;
    const call = {
      type: 'track',
      event: name,
      messageId: id,
      timestamp: new Date(at).toISOString(),
      properties,
      context: context(),
    };
    tell('tlevent', call);
    outbox.add(call);
  }
  if (core && events.length) core.observe(...events);
}
