// Throughline: rules for its compiler, decided through the package, or as JSON by the core.
import { load } from '../../pkg/index.js';
import { Core } from '../../pkg/wasm/core.js';
import { GENERATED } from '../rules.mjs';

/** The maximum priority of rules. */
const PRIORITIES = 1000;

export const name = 'Throughline';
export const manifest = 'pkg/package.json';
export const wasm = 'pkg/wasm/core_bg.wasm';
export const format = 'plan';

/** Returns the rules, which the command compiles to the plan. */
export function source(world) {
  const edge = (type) => ({ type, edge: true });
  const rules = {
    attributes: { group: edge('string'), market: edge('string'), device: edge('string'), score: edge('number') },
    channels: { web: {} },
    slots: {},
    messages: {},
    campaigns: {},
    lint: GENERATED,
  };
  for (const slot of world.slots) {
    rules.slots[slot.id] = { pages: ['/**'] };
    for (const { id, group, minimum, rank, content } of slot.campaigns) {
      rules.messages[id] = { renditions: [{ channel: 'web', html: content }] };
      rules.campaigns[id] = {
        class: 'promo',
        priority: PRIORITIES - Math.floor((rank * PRIORITIES) / slot.campaigns.length),
        slots: { [slot.id]: id },
        when: { group, market: { $in: ['AT', 'DE'] }, device: 'mobile', score: { $gte: minimum } },
      };
    }
  }
  return rules;
}

/** Returns the facts of a subject at the edge: a profile, and the request with its consent. */
export function subject({ id, ...traits }) {
  const stamped = Object.entries(traits).map(([name, value]) => [name, [value, 1, 1]]);
  return {
    now: 1_760_000_000_000,
    profile: { subject: id, traits: Object.fromEntries(stamped) },
    request: { attributes: { path: '/' }, consent: { personalization: 'granted', analytics: 'granted' } },
  };
}

export async function open(plan, world, module) {
  const throughline = await load({ plan, wasm: module });
  const core = new Core(plan);
  return {
    decide: (facts) => throughline.decide(facts),
    decideText: (facts) => core.decide(facts),
    contents: ({ slots }) => world.slots.map(({ id }) => slots[id]?.html),
    close: () => {
      throughline.free();
      core.free();
    },
  };
}
