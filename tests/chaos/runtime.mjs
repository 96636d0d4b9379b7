// The runtime of a chaos run in a process of its own, which can be killed: `node runtime.mjs OPTIONS`, with the options of
// `startRuntime` and `weather: { seed, faults, skew }`.
import { readFileSync } from 'node:fs';
import { startRuntime } from '../../tools/runtime.mjs';

/** The classes that each worker exports beside its default export. */
const CLASSES = { 'throughline-edge': ['Outbox'], 'throughline-collector': ['Profile', 'Identity'] };

/** Puts the weather in front of a worker. */
function exposed(worker, { seed, faults, skew }) {
  const classes = CLASSES[worker.name];
  const wrap = (name, base) =>
    `export ${name === 'default' ? 'default class' : `class ${name}`} extends ${base} {
      constructor(ctx, env) { super(ctx, faulty(env, weather)); }
    }`;
  const front = `
    import Default, { ${classes.map((name) => `${name} as Base${name}`).join()} } from './index.js';
    import { faulty, skewClock } from './weather.js';
    const weather = ${JSON.stringify({ seed, faults })};
    ${skew ? `skewClock(${seed});` : ''}
    ${classes.map((name) => wrap(name, `Base${name}`)).join('\n')}
    ${wrap('default', 'Default')}`;
  const weather = readFileSync(new URL('weather.js', import.meta.url), 'utf8');
  worker.modules.unshift(
    { type: 'ESModule', path: 'front.js', contents: front },
    { type: 'ESModule', path: 'weather.js', contents: weather },
  );
  return worker;
}

const { weather, plans, ...options } = JSON.parse(process.argv[2]);
const change = (...workers) => workers.map((worker) => (weather ? exposed(worker, weather) : worker));
const runtime = await startRuntime({ ...options, change, log: (line) => console.error(line) });
for (const [key, value] of plans) await runtime.plans.put(key, Buffer.from(value, 'base64'));
console.log(JSON.stringify({ edgeUrl: runtime.edgeUrl, collectorUrl: runtime.collectorUrl }));
