// The rules of the shop in tests of the whole system: service before promotion, offers, caps, a journey, consent.

export const SLOTS = ['home.hero', 'home.intro', 'promo.bar'];

const web = (html) => ({ renditions: [{ channel: 'web', html }] });
const both = (text) => ({
  renditions: [
    { channel: 'web', html: `<b>${text}</b>` },
    { channel: 'email', subject: text, html: `<p>${text}</p>` },
  ],
});

export const RULES = {
  version: 1,
  attributes: {
    firstName: { type: 'string', edge: true, client: true },
    'loyalty.tier': { type: 'string', edge: true },
    email: { type: 'string', pii: true, client: true },
    phone: { type: 'string', pii: true, client: true },
    whatsappReady: { type: 'boolean', client: true },
    emailReady: { type: 'boolean' },
  },
  segments: {
    'in-support': { when: { $event: { name: 'Ticket Opened' }, $nor: [{ $event: { name: 'Ticket Resolved' } }] } },
    shopper: { when: { $event: { name: 'Product Added' } } },
  },
  slots: Object.fromEntries(SLOTS.map((slot) => [slot, { pages: ['/'], public: true }])),
  channels: {
    web: {},
    email: { consent: 'channel.email', reach: 'emailReady' },
    whatsapp: { consent: 'channel.whatsapp', reach: 'whatsappReady' },
  },
  messages: {
    help: web('We are on your ticket'),
    loyal: web("Good to see you, {{ firstName | default: 'you' }}"),
    cart: web('Your cart waits'),
    sale: web('Sale'),
    intro: both('New here? It works like this'),
    tenth: both('A tenth off'),
    care: both('A month of care'),
    reminder: {
      renditions: [{ channel: 'whatsapp', text: "Hi {{ firstName | default: 'there' }}, your cart waits" }],
    },
  },
  offers: { 'tenth-off': { group: 'savings' }, 'care-month': { group: 'savings' } },
  campaigns: {
    support: { class: 'service', priority: 95, when: { $segment: 'in-support' }, slots: { 'home.hero': 'help' } },
    loyal: { class: 'service', priority: 60, when: { 'loyalty.tier': 'gold' }, slots: { 'home.hero': 'loyal' } },
    cart: { class: 'service', priority: 55, when: { $segment: 'shopper' }, slots: { 'home.hero': 'cart' } },
    sale: { class: 'promo', priority: 10, slots: { 'home.hero': 'sale' } },
    introduction: {
      class: 'promo',
      priority: 30,
      caps: [{ max: 1, per: 'total' }],
      slots: { 'home.intro': 'intro' },
    },
    welcome: { class: 'promo', priority: 50, offer: 'tenth-off', slots: { 'promo.bar': 'tenth' } },
    care: { class: 'promo', priority: 45, offer: 'care-month', slots: { 'promo.bar': 'care' } },
  },
  policies: {
    consent: { store: 'personalization', measure: 'analytics', promo: ['advertising'], service: [] },
    suppress: [{ class: 'promo', when: { $segment: 'in-support' } }],
  },
  journeys: {
    'abandoned-cart': {
      class: 'service',
      enter: { event: 'Product Added' },
      reenter: 'always',
      exit: [{ event: 'Order Completed' }],
      steps: [
        { id: 'settle', wait: '1s', after: 'Product Added' },
        { id: 'remind', send: 'reminder', channels: ['whatsapp'], ttl: '1h' },
      ],
    },
  },
};

/** The same with identifiers of more types, under which two user ids with one e-mail address are one person. */
export const IDENTITY_RULES = {
  ...RULES,
  identity: {
    identifiers: {
      user_id: { priority: 1, limit: 2 },
      email: { priority: 3, limit: 5, unique: true, trusted: true, normalise: 'email' },
      crm_id: { priority: 2, limit: 4, unique: true, trusted: true },
      loyalty_id: { priority: 2, limit: 1, unique: true, trusted: true },
    },
  },
};
