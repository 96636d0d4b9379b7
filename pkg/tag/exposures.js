// The exposures of a view of the page: what was shown in it counts once, however often it is put on the page.
//
// Their ids begin with the id of the view's first decision, which is the edge's if it has decided about the page. So an
// exposure that the edge has recorded as well counts once, too.
import { now } from './clock.js';
import { edgeDecision } from './settings.js';
import { forget as forgetWaiting, whenSeen } from './sight.js';

const NAME = 'exposures:';

/** The view: its id, the contents that its slots have had, the endings of ids that are used, and its decisions. */
let view = newView(edgeDecision);

/** Begins another view. What nobody has seen of the one before does not count. */
export function beginView(id) {
  view = newView(id);
  forgetWaiting(NAME);
}

/** Returns the view that is shown; another object for another view. */
export function currentView() {
  return view;
}

/** Names the view by a decision, if it is the first one. */
export function nameView(decision) {
  view.id ??= decision.decisionId;
}

/** Notes that the edge has recorded the exposure of a slot. */
export function noteRecorded(slot, key) {
  contentsOf(slot).add(key);
  view.endings.add(slot);
}

/** Forgets exposures of a slot that nobody has seen, because its content has gone. */
export function forgetUnseen(slot) {
  forgetWaiting(NAME + slot);
}

/**
 * Exposes a slot that shows a content of a decision.
 *
 * Once somebody sees it, and unless this view has exposed it before, `record` is called with events: of its message, and of
 * the experiment that chose it. `recordedFor` is the decision that their ids begin with.
 */
export function expose(slot, key, decision, record) {
  const contents = contentsOf(slot);
  if (contents.has(key)) return;
  const mine = view;
  whenSeen(NAME + slot, () => {
    contents.add(key);
    record(
      eventsOf(decision, slot)
        .map((event) => named(mine, event, decision.decisionId))
        .filter(Boolean),
    );
  });
}

/** Returns an event with the id of the view, or of its own decision for another content; none of an experiment twice. */
function named(view, event, decisionId) {
  const ending = event.id.slice(decisionId.length + 1);
  const isUsed = view.endings.has(ending);
  if (isUsed && event.properties.experiment_id) return undefined;
  const prefix = isUsed ? decisionId : view.id;
  view.endings.add(ending);
  view.decisions.add(decisionId).add(prefix);
  return { ...event, id: `${prefix}:${ending}`, at: now(), recordedFor: prefix };
}

function eventsOf({ exposures }, slot) {
  const seen = exposures.find(({ properties }) => properties.slot === slot);
  const experiment = seen?.properties.experiment;
  return exposures.filter((event) => event === seen || (experiment && event.properties.experiment_id === experiment));
}

function contentsOf(slot) {
  if (!view.contents.has(slot)) view.contents.set(slot, new Set());
  return view.contents.get(slot);
}

function newView(id) {
  return { id, contents: new Map(), endings: new Set(), decisions: new Set(id ? [id] : []) };
}
