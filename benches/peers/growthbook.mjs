// GrowthBook's JavaScript SDK: a feature for each slot, whose rules are tried in order. The client for
// several users is faster than the one for a browser.
import { GrowthBookClient } from '@growthbook/growthbook';

export const name = 'GrowthBook';
export const manifest = 'benches/node_modules/@growthbook/growthbook/package.json';
export const format = 'json';

export function source(world) {
  const rule = ({ group, minimum, content }) => ({
    condition: { group, market: { $in: ['AT', 'DE'] }, device: 'mobile', score: { $gte: minimum } },
    force: content,
  });
  const features = world.slots.map(({ id, campaigns }) => [id, { defaultValue: null, rules: campaigns.map(rule) }]);
  return { features: Object.fromEntries(features) };
}

export const subject = (subject) => ({ attributes: subject });

export async function open(payload, world) {
  const client = new GrowthBookClient().initSync({ payload: JSON.parse(payload) });
  const decide = (user) => world.slots.map(({ id }) => client.evalFeature(id, user));
  return {
    decide,
    decideText: (user) => JSON.stringify(decide(JSON.parse(user))),
    contents: (results) => results.map(({ value }) => value ?? undefined),
    close: () => client.destroy(),
  };
}
