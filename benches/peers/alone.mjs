// Whether an engine can be opened at all at a size: alone in a process, with bounded memory and time, so that one that cannot takes
// nothing else down with it.
//
//   node benches/peers/alone.mjs ENGINE CAMPAIGNS SLOTS
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread } from 'node:worker_threads';
import { directory } from '../results.mjs';
import { engines, openChecked } from './engines.mjs';
import { moduleOf, sourceOf } from './sources.mjs';
import { worldOf } from './world.mjs';

/** What an engine may take until it has answered for every subject; of the processor's time, because machines have other work, too. */
const GIGABYTES = 4;
const SECONDS = 60;
const [LARGE, SLOW] = ['SIGKILL', 'SIGTERM'];

const file = fileURLToPath(import.meta.url);

/** Why an engine cannot be measured at a size; nothing if it can. */
export function refusal(key, { campaigns, slots }) {
  sourceOf(key, { campaigns, slots });
  const heap = `--max-old-space-size=${GIGABYTES * 1024}`;
  const { status, signal, stderr } = spawnSync(process.execPath, [heap, file, key, campaigns, slots].map(String), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, THROUGHLINE_BENCH_DIR: directory },
    encoding: 'utf8',
  });
  if (signal === SLOW) return `needs more than ${SECONDS} s`;
  // By its own watch, or by V8's bound of the heap.
  if (signal) return `needs more than ${GIGABYTES} GB`;
  return status === 0 ? undefined : `fails: ${stderr.trim().split('\n').at(-1)}`;
}

/** Ends the process when it takes more than it may: V8 bounds neither what its compiler takes nor WebAssembly's memory. */
const WATCH = `setInterval(() => {
  const { user, system } = process.cpuUsage();
  if (process.memoryUsage.rss() > ${GIGABYTES * 1024 ** 3}) process.kill(process.pid, '${LARGE}');
  if (user + system > ${SECONDS * 1e6}) process.kill(process.pid, '${SLOW}');
}, 20)`;

if (isMainThread && process.argv[1] === file) {
  new Worker(WATCH, { eval: true }).unref();
  const [key, ...numbers] = process.argv.slice(2);
  const [campaigns, slots] = numbers.map(Number);
  const size = { campaigns, slots };
  try {
    const opened = await openChecked(engines[key], sourceOf(key, size), worldOf(size), moduleOf(key));
    opened.close();
    process.exit(0);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
