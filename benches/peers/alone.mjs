// Whether an engine can be opened and warmed up at all at a size: alone in a process, with bounded memory and time, so that one that cannot takes
// nothing else down with it.
//
//   node benches/peers/alone.mjs ENGINE CAMPAIGNS SLOTS
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { directory } from '../results.mjs';
import { engines, openChecked } from './engines.mjs';
import { moduleOf, sourceOf } from './sources.mjs';
import { MODES, timesOf } from './turn.mjs';
import { worldOf } from './world.mjs';

/** What an engine may take until it is warm, when V8 has compiled what is worth it; of the processor's time, because machines have other work, too. */
const GIGABYTES = 4;
const SECONDS = 60;
/** The kernel counts the processor's time in such parts of a second. */
const TICKS = 100;
/** It is looked at so often, in milliseconds. */
const LOOK = 50;

const file = fileURLToPath(import.meta.url);

/** Why an engine cannot be measured at a size; nothing if it can. */
export async function refusal(key, { campaigns, slots }) {
  sourceOf(key, { campaigns, slots });
  const heap = `--max-old-space-size=${GIGABYTES * 1024}`;
  const child = spawn(process.execPath, [heap, file, key, campaigns, slots].map(String), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, THROUGHLINE_BENCH_DIR: directory },
  });
  let [refused, said] = [undefined, ''];
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-10_000)));
  // From outside: V8 bounds neither what its compiler takes nor WebAssembly's memory, and a thread beside it may have to wait for it.
  const watch = setInterval(() => {
    refused ??= excess(child.pid);
    if (refused) child.kill('SIGKILL');
  }, LOOK);
  const [status, signal] = await once(child, 'close');
  clearInterval(watch);
  // V8 ends a process at its own bound of the heap.
  if (signal) return refused ?? `needs more than ${GIGABYTES} GB`;
  return status === 0 ? undefined : `fails: ${said.trim().split('\n').at(-1)}`;
}

/** What a running process has taken too much of (proc(5)). */
function excess(pid) {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    const [, numbers] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = numbers.split(' ').slice(11, 13);
    if (Number(pages) * 4096 > GIGABYTES * 1024 ** 3) return `needs more than ${GIGABYTES} GB`;
    if ((Number(user) + Number(system)) / TICKS > SECONDS) return `needs more than ${SECONDS} s`;
  } catch {
    // It has ended.
  }
  return undefined;
}

if (process.argv[1] === file) {
  const [key, ...numbers] = process.argv.slice(2);
  const [campaigns, slots] = numbers.map(Number);
  const size = { campaigns, slots };
  try {
    const world = worldOf(size);
    const opened = await openChecked(engines[key], sourceOf(key, size), world, moduleOf(key));
    MODES.forEach((mode) => timesOf(opened.run[mode], world.subjects.length));
    opened.close();
    process.exit(0);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
