// Keeps a KV namespace in step with a directory that has one file for each key.
//
// `throughline publish --local DIR` writes such a directory, whether the runtime runs or not: the file name is the
// URI-encoded key, and a name that begins with a dot is a file still being written.
import { mkdirSync, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Puts what is in `directory` and goes on doing so as files change; answers a function that ends it. */
export async function syncPublished(directory, namespace) {
  mkdirSync(directory, { recursive: true });
  const written = new Map();
  let running = Promise.resolve();
  let wanted = false;

  // One pass at a time; changes during a pass ask for one more.
  const sync = () => {
    if (wanted) return running;
    wanted = true;
    running = running.then(() => {
      wanted = false;
      return pass(directory, namespace, written);
    });
    return running;
  };

  const watcher = watch(directory, () => sync().catch((error) => console.error(`cannot publish from ${directory}:`, error)));
  await sync();
  return () => watcher.close();
}

async function pass(directory, namespace, written) {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.'));
  // Plans before the pointer that names them: a reader never follows it into nothing.
  names.sort((a, b) => isPointer(a) - isPointer(b));
  for (const name of names) {
    const path = join(directory, name);
    const version = (await stat(path, { bigint: true })).mtimeNs;
    if (written.get(name) === version) continue;
    await namespace.put(decodeURIComponent(name), await readFile(path));
    written.set(name, version);
  }
  for (const key of (await namespace.list()).keys) {
    const name = encodeURIComponent(key.name);
    if (names.includes(name)) continue;
    await namespace.delete(key.name);
    written.delete(name);
  }
}

function isPointer(name) {
  return name === encodeURIComponent('plan:current') ? 1 : 0;
}
