// Conversion of Segment calls to the core's events.

const NAMES = { page: 'Page Viewed', screen: 'Screen Viewed' };
const STATES = ['granted', 'denied', 'pending'];

/**
 * Converts a call of the Segment specification to an event of the core, as the collector does.
 *
 * An event of the core is returned as it is. The core reads the time, and takes that of now if there is none that can be
 * right. A converted call is never trusted, because it comes from a page.
 */
export function toEvent(call) {
  if ('id' in call) return { ...call, trusted: Boolean(call.trusted) };
  const { type, messageId, timestamp, traits, context = {} } = call;
  const event = type === 'track' ? call.event : NAMES[type];
  const properties = { ...call.properties };
  if (NAMES[type]) {
    const { path, url, title, referrer, search } = context.page ?? {};
    addMissing(properties, { name: call.name, category: call.category, path, url, title, referrer, search });
  }
  // The traits of a group call belong to the account.
  if (type === 'group') Object.assign(properties, { groupId: call.groupId, traits: traits ?? {} });
  return {
    id: messageId,
    type,
    event: event ?? '',
    // Only the core reads times, so that browser, edge and collector read the same ones.
    timestamp,
    receivedAt: Date.now(),
    properties,
    traits: type === 'group' ? {} : (traits ?? context.traits ?? {}),
    consent: {
      ...states(context.consent?.categoryPreferences),
      ...(event === 'Consent Preference Updated' && states(properties)),
    },
    trusted: false,
  };
}

function addMissing(properties, found) {
  for (const [name, value] of Object.entries(found)) {
    if (typeof value === 'string') properties[name] ??= value;
  }
}

function states(preferences = {}) {
  const words = Object.entries(preferences).map(([purpose, state]) => [purpose, word(state)]);
  return Object.fromEntries(words.filter(([, state]) => STATES.includes(state)));
}

function word(state) {
  return typeof state === 'boolean' ? (state ? 'granted' : 'denied') : state;
}
