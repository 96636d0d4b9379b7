// Flipt's client: a variant flag for each slot, whose rules are tried in order, each with its own segment.
// All facts are strings. The `slim` build takes a compiled module, as workers need it; several slots use its
// batch.
import { FliptClient } from '@flipt-io/flipt-client-js/slim';

export const name = 'Flipt';
export const manifest = 'benches/node_modules/@flipt-io/flipt-client-js/package.json';
export const wasm = 'benches/node_modules/@flipt-io/flipt-client-js/dist/flipt_engine_wasm_js_bg.wasm';
export const format = 'json';

export function source(world) {
  const constraint = (kind, property, operator, value) => ({
    id: property,
    type: `${kind}_CONSTRAINT_COMPARISON_TYPE`,
    property,
    operator,
    value,
  });
  const rule = ({ id, group, minimum, content }, at) => ({
    id: `rule-${id}`,
    rank: at + 1,
    segmentOperator: 'OR_SEGMENT_OPERATOR',
    segments: [
      {
        key: `segment-${id}`,
        name: id,
        description: '',
        matchType: 'ALL_SEGMENT_MATCH_TYPE',
        constraints: [
          constraint('STRING', 'group', 'eq', group),
          constraint('STRING', 'market', 'isoneof', '["AT","DE"]'),
          constraint('STRING', 'device', 'eq', 'mobile'),
          constraint('NUMBER', 'score', 'gte', String(minimum)),
        ],
      },
    ],
    distributions: [
      {
        id: `distribution-${id}`,
        ruleId: `rule-${id}`,
        variantId: id,
        variantKey: content,
        variantAttachment: '',
        rollout: 100,
      },
    ],
  });
  const flag = ({ id, campaigns }) => ({
    key: id,
    name: id,
    description: '',
    enabled: true,
    type: 'VARIANT_FLAG_TYPE',
    rules: campaigns.map(rule),
    rollouts: [],
  });
  return { namespace: { key: 'default' }, flags: world.slots.map(flag) };
}

export function subject({ id, ...facts }) {
  const context = Object.entries(facts).map(([name, value]) => [name, String(value)]);
  return { entityId: id, context: Object.fromEntries(context) };
}

export async function open(snapshot, world, module) {
  const answer = { ok: true, status: 200, headers: { get: () => null }, json: async () => JSON.parse(snapshot) };
  const client = await FliptClient.init({ updateInterval: 0, fetcher: async () => answer }, { wasm: module });
  const [{ id }] = world.slots;
  const decide =
    world.slots.length === 1
      ? (user) => [client.evaluateVariant({ flagKey: id, ...user })]
      : (user) =>
          client
            .evaluateBatch(world.slots.map(({ id }) => ({ flagKey: id, ...user })))
            .responses.map((one) => one.variantEvaluationResponse);
  return {
    decide,
    decideText: (user) => JSON.stringify(decide(JSON.parse(user))),
    contents: (results) => results.map(({ match, variantKey }) => (match ? variantKey : undefined)),
    close: () => client.engine.free(),
  };
}
