// A runtime in separate processes, so that a test can kill it as a power cut would.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startRuntime } from '../../tools/runtime.mjs';

const here = fileURLToPath(import.meta.url);

/**
 * Starts a runtime with the options of `startRuntime`; returns `{ edgeUrl, collectorUrl, kill }`. `kill`
 * leaves it no time.
 */
export async function startKillableRuntime(options) {
  const child = spawn(process.execPath, [here, JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const ready = once(createInterface(child.stdout), 'line');
  const line = await Promise.race([ready.then(([text]) => text), exit.then(([code]) => code)]);
  if (typeof line !== 'string') throw new Error(`the runtime ended with ${line} before it was ready`);
  return {
    ...JSON.parse(line),
    async kill() {
      // The whole process group: Node and workerd.
      process.kill(-child.pid, 'SIGKILL');
      await exit;
    },
  };
}

if (process.argv[1] === here) {
  const { edgeUrl, collectorUrl } = await startRuntime(JSON.parse(process.argv[2]));
  console.log(JSON.stringify({ edgeUrl, collectorUrl }));
}
