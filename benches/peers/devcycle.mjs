// DevCycle's bucketing library: a feature for each slot, whose targets are tried in order, each with its own
// variation. It takes and returns JSON. One slot uses its faster call, several slots the call for all
// features.
import * as library from '@devcycle/bucketing-assembly-script/build/bucketing-lib.release.js';

export const name = 'DevCycle';
export const manifest = 'benches/node_modules/@devcycle/bucketing-assembly-script/package.json';
export const wasm = 'benches/node_modules/@devcycle/bucketing-assembly-script/build/bucketing-lib.release.wasm';
export const format = 'json';

const KEY = 'sdk-key';
const PLATFORM = {
  platform: 'NodeJS',
  platformVersion: '20',
  sdkType: 'server',
  sdkVersion: '1.0.0',
  hostname: 'bench',
};

export function source(world) {
  const custom = (dataKey, dataKeyType, comparator, values) => ({
    type: 'user',
    subType: 'customData',
    dataKey,
    dataKeyType,
    comparator,
    values,
    filters: [],
  });
  const target = ({ id, group, minimum }) => ({
    _id: `target-${id}`,
    _audience: {
      _id: `audience-${id}`,
      filters: {
        operator: 'and',
        filters: [
          custom('group', 'String', '=', [group]),
          custom('market', 'String', '=', ['AT', 'DE']),
          custom('device', 'String', '=', ['mobile']),
          custom('score', 'Number', '>=', [minimum]),
        ],
      },
    },
    rollout: null,
    distribution: [{ _variation: id, percentage: 1 }],
  });
  const feature = ({ id: slot, campaigns }) => ({
    _id: `feature-${slot}`,
    key: slot,
    type: 'release',
    settings: {},
    variations: campaigns.map(({ id, content }) => ({
      _id: id,
      key: id,
      name: id,
      variables: [{ _var: slot, value: content }],
    })),
    configuration: {
      _id: `configuration-${slot}`,
      prerequisites: [],
      winningVariation: null,
      forcedUsers: {},
      targets: campaigns.map(target),
    },
  });
  const colors = { primary: '#000000', secondary: '#000000' };
  return {
    project: {
      _id: 'project',
      key: 'project',
      a0_organization: 'organization',
      settings: {
        edgeDB: { enabled: false },
        optIn: { enabled: false, title: '', description: '', imageURL: '', colors },
        disablePassthroughRollouts: false,
      },
    },
    environment: { _id: 'environment', key: 'environment' },
    features: world.slots.map(feature),
    variables: world.slots.map(({ id }) => ({ _id: id, key: id, type: 'String' })),
    variableHashes: Object.fromEntries(world.slots.map(({ id }, at) => [id, at + 1])),
  };
}

export const subject = ({ id, ...customData }) => ({ user_id: id, customData });

export async function open(config, world, module) {
  const engine = await (library.instantiate ?? library.default.instantiate)(module);
  engine.setPlatformData(JSON.stringify(PLATFORM));
  engine.setConfigData(KEY, config);
  const [{ id }] = world.slots;
  const decideText =
    world.slots.length === 1
      ? (user) => engine.variableForUser(KEY, user, id, engine.VariableType.String, false) ?? 'null'
      : (user) => engine.generateBucketedConfigForUser(KEY, user);
  return {
    decide: (user) => JSON.parse(decideText(JSON.stringify(user))),
    decideText,
    contents: (found) =>
      world.slots.map(({ id }) => (world.slots.length === 1 ? found?.value : found.variables[id]?.value)),
    close: () => {},
  };
}
