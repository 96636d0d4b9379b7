// The rules of the benchmarks of our own hosts, of the same form as those in benches/decide.rs.

/** The number of campaigns that match, whatever the total. */
const MATCHING = 10;

const conditionOf = (number, groups) => ({
  group: `g${number % groups}`,
  market: { $in: ['AT', 'DE'] },
  device: 'mobile',
  score: { $gte: number % 50 },
});
const priorityOf = (number) => (number * 7 + Math.floor(number / 10)) % 997;

/** Lint settings for generated campaigns, whose findings nobody reads. */
export const GENERATED = { allow: [{ code: 'shadowed-campaign', reason: 'Generated' }] };

export function rulesOf(count) {
  const groups = Math.max(1, Math.floor(count / MATCHING));
  const campaigns = {};
  const messages = {};
  for (let number = 0; number < count; number += 1) {
    const when = conditionOf(number, groups);
    campaigns[`c${number}`] = { class: 'promo', priority: priorityOf(number), slots: { hero: `m${number}` }, when };
    messages[`m${number}`] = {
      renditions: [{ channel: 'web', html: `<h1>${number} {{ firstName | default: 'there' }}</h1>` }],
    };
  }
  const edge = (type) => ({ type, edge: true });
  return {
    attributes: {
      group: edge('string'),
      market: edge('string'),
      device: edge('string'),
      score: edge('number'),
      firstName: edge('string'),
    },
    channels: { web: {} },
    slots: { hero: { pages: ['/**'] } },
    messages,
    campaigns,
    lint: GENERATED,
  };
}

/** The traits of a profile. */
export const traits = Object.fromEntries(
  Object.entries({ group: 'g0', market: 'AT', device: 'mobile', score: 99, firstName: 'Ann' }).map(([name, value]) => [
    name,
    [value, 1, 1],
  ]),
);

export const facts = {
  now: 1760000000000,
  profile: { subject: 'p1', traits },
  request: { attributes: { path: '/' }, consent: { personalization: 'granted', analytics: 'granted' } },
};
