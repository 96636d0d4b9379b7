// Profiles a decision: natively in instructions, which valgrind counts, and in Node's WebAssembly in samples.
//
// Counts do not depend on other load. The first argument is the native program, benches/instructions.rs.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { Core, initSync } from '../pkg/wasm/core.js';
import { compiled } from './compiled.mjs';
import { facts, rulesOf } from './rules.mjs';
import { directory, note, root } from './results.mjs';

/** The purpose of code by its module; the first match counts. */
const PARTS = [
  ['reading the facts', /^(json|input|shape|decimal|token)/],
  ['writing the decision', /^(canonical|decision|hash)/],
  ['the index', /^decide::lane/],
  ['conditions', /^(condition|memo)/],
  ['content', /^(template|decide::render)/],
  ['reading the plan', /^plan/],
  ['fact lookup by name', /^(sorted|value|order)/],
  ['policies, ranking and the rest of the decision', /^/],
];
const MEMORY = 'memory allocation';
const BYTES = 'comparing and copying bytes';
const AROUND = 'JavaScript around it';

const partOf = (module) => PARTS.find(([, pattern]) => pattern.test(module))[0];

/** Returns the purpose of a function by its name. */
function ofFunction(name) {
  if (/alloc|free|drop_in_place|grow|reserve|unlink_chunk/.test(name) && !/throughline::(?!.*drop_in_place)/.test(name))
    return MEMORY;
  if (/^_*mem(cpy|cmp|move|set)/.test(name)) return BYTES;
  const [, module] = /throughline::([\w:]+)/.exec(name) ?? [];
  return module && partOf(module);
}

/** Adds up shares by purpose, largest first, and records them. */
function tell(host, amounts, one) {
  const whole = [...amounts.values()].reduce((sum, amount) => sum + amount, 0);
  console.log(`\n${host}: ${one(whole)} for one decision`);
  for (const [part, amount] of [...amounts].sort(([, a], [, b]) => b - a)) {
    console.log(`${`${((100 * amount) / whole).toFixed(0)} %`.padStart(6)}  ${part}`);
    note({ bench: 'profile', host, part, share: amount / whole, whole: one(whole) });
  }
}

const add = (amounts, part, amount) => amounts.set(part, (amounts.get(part) ?? 0) + amount);

/**
 * Returns callgrind's counts (https://valgrind.org/docs/manual/cl-format.html), by file for our own lines,
 * else by function.
 */
function counted(text) {
  const [names, amounts] = [new Map(), new Map()];
  let [file, called, isCall] = ['', '', false];
  const nameOf = (kind, token) => {
    const [, id, name] = /^\((\d+)\)(?: (.*))?$/.exec(token);
    if (name !== undefined) names.set(kind + id, name);
    return names.get(kind + id);
  };
  for (const line of text.split('\n')) {
    const [, key, token] = /^(f[lie]|fn|cf[lin]|cfn)=(.*)$/.exec(line) ?? [];
    if (key === 'fn') called = nameOf('fn', token);
    else if (key === 'cfn') nameOf('fn', token);
    else if (key?.startsWith('f')) file = nameOf('file', token);
    else if (key) nameOf('file', token);
    else if (line.startsWith('calls=')) isCall = true;
    else if (/^[-+*\d]/.test(line)) {
      const amount = Number(line.split(' ')[1]);
      if (!isCall) add(amounts, ofLine(file, called), amount);
      isCall = false;
    }
  }
  return amounts;
}

function ofLine(file, called) {
  const ours = file.startsWith(join(root, 'src/')) && file.slice(join(root, 'src/').length);
  if (!ours) return ofFunction(called) ?? partOf('');
  return partOf(ours.replace(/(\/mod)?\.rs$/, '').replaceAll('/', '::'));
}

function native(program, within, host) {
  const out = join(directory, 'callgrind');
  const options = [
    '--tool=callgrind',
    `--toggle-collect=*instructions::${within}*`,
    `--callgrind-out-file=${out}`,
    program,
  ];
  const decisions = Number(
    execFileSync('valgrind', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const amounts = counted(readFileSync(out, 'utf8'));
  tell(host, amounts, (whole) => `${Math.round(whole / decisions).toLocaleString('en')} instructions`);
}

async function inWasm() {
  const named = join(root, 'build/names/browser.wasm');
  initSync({ module: readFileSync(existsSync(named) ? named : join(root, 'pkg/wasm/core_bg.wasm')) });
  const [core, text] = [new Core(compiled(rulesOf(100))), JSON.stringify(facts)];
  const run = (times) => {
    for (let done = 0; done < times; done += 1) core.decide(text);
  };
  run(20_000);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  await session.post('Profiler.start');
  const times = 100_000;
  run(times);
  const { profile } = await session.post('Profiler.stop');
  const functions = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const amounts = new Map();
  profile.samples.forEach((id, at) => {
    const { functionName: name, url } = functions.get(id);
    const isWasm = url.startsWith('wasm:');
    add(amounts, isWasm ? (ofFunction(name) ?? partOf('')) : AROUND, profile.timeDeltas[at]);
  });
  tell('in WebAssembly', amounts, (whole) => `${(whole / times).toFixed(1)} µs`);
}

const [program] = process.argv.slice(2);
if (program) {
  native(program, 'with_json', 'natively');
  native(program, 'alone', 'natively, without JSON');
} else console.log('valgrind is not installed: no instructions are counted');
await inWasm();
