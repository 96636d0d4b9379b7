// Checks whether an engine can be opened and warmed up at a size, alone in a process with limited memory and
// time, so that a failure affects nothing else.
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

/**
 * The memory limit of an engine until V8 has optimised it. Time is processor time, because machines have
 * other work.
 */
const GIGABYTES = 4;
const SECONDS = 60;
/** The kernel's clock ticks per second. */
const TICKS = 100;
/** The interval of the checks, in milliseconds. */
const LOOK = 50;

const file = fileURLToPath(import.meta.url);

/** Returns the reason why an engine cannot be measured at a size, or `undefined`. */
export async function refusal(key, { campaigns, slots }) {
  sourceOf(key, { campaigns, slots });
  const heap = `--max-old-space-size=${GIGABYTES * 1024}`;
  const child = spawn(process.execPath, [heap, file, key, campaigns, slots].map(String), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, THROUGHLINE_BENCH_DIR: directory },
  });
  let [refused, said] = [undefined, ''];
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-10_000)));
  // From outside: V8 limits neither its compiler's memory nor that of WebAssembly, and a thread in the same
  // process may be blocked by it.
  const watch = setInterval(() => {
    refused ??= excess(child.pid);
    if (refused) child.kill('SIGKILL');
  }, LOOK);
  const [status, signal] = await once(child, 'close');
  clearInterval(watch);
  // V8 aborts a process at its own limit of the heap.
  if (signal) return refused ?? `needs more than ${GIGABYTES} GB`;
  return status === 0 ? undefined : `fails: ${said.trim().split('\n').at(-1)}`;
}

/** Returns the resource of which a running process has used too much (proc(5)). */
function excess(pid) {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    const [, numbers] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = numbers.split(' ').slice(11, 13);
    if (Number(pages) * 4096 > GIGABYTES * 1024 ** 3) return `needs more than ${GIGABYTES} GB`;
    if ((Number(user) + Number(system)) / TICKS > SECONDS) return `needs more than ${SECONDS} s`;
  } catch {
    // The process has ended.
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
