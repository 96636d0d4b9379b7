// Events in the core's form.

const NAMES = { page: 'Page Viewed', screen: 'Screen Viewed' };
const STATES = ['granted', 'denied', 'pending'];

/**
 * The event, in the core's form, that a call of the Segment specification describes: what `Event::from_segment` makes of
 * it in the collector. An event in the core's form stays as it is. Never trusted: this is a page.
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
  // What a group call says is said of the account.
  if (type === 'group') Object.assign(properties, { groupId: call.groupId, traits: traits ?? {} });
  return {
    id: messageId,
    type,
    event: event ?? '',
    at: typeof timestamp === 'string' ? Date.parse(timestamp) : timestamp,
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
