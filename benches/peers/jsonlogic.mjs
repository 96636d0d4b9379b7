// json-logic-engine: an `if` for each slot, compiled to a function. Workers cannot evaluate code, so there it
// is interpreted.
import { LogicEngine } from 'json-logic-engine';

export const name = 'json-logic-engine';
export const manifest = 'benches/node_modules/json-logic-engine/package.json';
export const format = 'json';

export function source(world) {
  const condition = ({ group, minimum }) => ({
    and: [
      { '===': [{ var: 'group' }, group] },
      { in: [{ var: 'market' }, ['AT', 'DE']] },
      { '===': [{ var: 'device' }, 'mobile'] },
      { '>=': [{ var: 'score' }, minimum] },
    ],
  });
  return world.slots.map(({ campaigns }) => ({
    if: [...campaigns.flatMap((one) => [condition(one), one.content]), null],
  }));
}

export const subject = (subject) => subject;

export async function open(logic) {
  const engine = new LogicEngine();
  let note;
  const run = (one) => (facts) => engine.run(one, facts);
  const compile = (one) => {
    try {
      const compiled = engine.build(one);
      compiled({});
      return compiled;
    } catch (error) {
      note = `interpreted: ${error.message}`;
      return run(one);
    }
  };
  const slots = JSON.parse(logic).map(compile);
  const decide = (facts) => slots.map((slot) => slot(facts));
  return {
    note,
    decide,
    decideText: (facts) => JSON.stringify(decide(JSON.parse(facts))),
    contents: (results) => results.map((value) => value ?? undefined),
    close: () => {},
  };
}
