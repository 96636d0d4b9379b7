// Deciding: by the core in this page, or by the edge, which also decides slots that are not public.
import { toEvent } from '../event.js';

/** The most pending events that the edge accepts. */
const MAX_EVENTS = 200;

/** Returns the functions that decide. `tag` are the functions of the tag that they need. */
export function newDecider(tag) {
  /** The view that the core has decided about. */
  let decided;
  /** The visitor as last received from the edge, and a profile of theirs that counts only from the next view on. */
  let visitor;
  let profileOfNextView;
  return { decideHere, decideAtEdge, forget };

  /** Forgets the visitor. */
  function forget() {
    visitor = profileOfNextView = undefined;
  }

  /** Returns the core's decision, or `undefined` if it fails. After a trap the edge decides. */
  function decideHere(core, found, request, reason) {
    try {
      const isNew = found !== visitor;
      const events = [...(isNew ? tag.pending() : []), ...tag.takeFresh()].map(toEvent);
      const view = tag.currentView();
      const isNewView = reason === 'view' && decided !== view;
      core.request = request;
      decided = view;
      if (!core.decision || (isNew && found.subject !== core.profile.subject)) {
        visitor = found;
        profileOfNextView = found.profile;
        return core.decide({ profile: beforeThisView(found, core), events });
      }
      if (reason === 'live') {
        if (isNew) core.merge(beforeThisView(found, core));
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
      tag.fail(error);
      if (error instanceof WebAssembly.RuntimeError) tag.dropCore();
      return undefined;
    }
  }

  /** Returns the edge's decision. `view` lists the decisions that this page view shows: caps do not count their exposures. */
  async function decideAtEdge(facts, calls, view) {
    const events = calls.slice(-MAX_EVENTS).map(toEvent);
    const body = JSON.stringify({ request: facts, events, view });
    const ask = () => tag.request('decide', { method: 'POST', body });
    const decision = await ask();
    const { subject } = (await tag.loadedVisitor()) ?? {};
    // Only a subject that is a device says something about cookies.
    if (subject === decision.subject || !tag.isContradicted(decision.subject)) return decision;
    tag.show();
    return ask();
  }

  /**
   * Returns the profile without the exposures of this page.
   *
   * The edge has applied them already. A cap that they reach must not remove the content that the visitor is looking at.
   */
  function beforeThisView({ subject, profile }, core) {
    const names = Object.keys(core.slots);
    const decisions = new Set([...tag.currentView().decisions, ...tag.decisions()]);
    const ids = new Set([...decisions].flatMap((decision) => names.map((name) => fnv32a(`${decision}:${name}`))));
    const others = Object.entries(profile?.exposures ?? {}).map(([key, stamps]) => [
      key,
      stamps.filter(([, id]) => !ids.has(id)),
    ]);
    return { ...profile, subject, exposures: Object.fromEntries(others.filter(([, stamps]) => stamps.length)) };
  }
}

/** Returns the hash of an event id, as stamps contain it (FNV-1a, src/text/fnv.rs). */
function fnv32a(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
