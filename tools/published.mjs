// Synchronises a KV namespace with a directory that has one file for each key.
//
// `throughline publish --local DIR` writes such a directory, whether the runtime runs or not: the file name
// is the URI-encoded key, and a name that begins with a dot is a file still being written.
import { mkdirSync, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const POINTER = encodeURIComponent('plan:current');

/** Copies `directory` to the namespace, and again after each change; returns a function that stops it. */
export async function syncPublished(directory, namespace) {
  mkdirSync(directory, { recursive: true });
  const written = new Map();
  let running = Promise.resolve();
  let wanted = false;

  // One pass at a time; changes during a pass request another one.
  const sync = () => {
    if (wanted) return running;
    wanted = true;
    running = running.then(() => {
      wanted = false;
      return pass(directory, namespace, written);
    });
    return running;
  };

  const watcher = watch(directory, () =>
    sync().catch((error) => console.error(`cannot publish from ${directory}:`, error)),
  );
  await sync();
  return () => watcher.close();
}

async function pass(directory, namespace, written) {
  // Plans are published before the pointer that names them. Reading it first and putting it last keeps that
  // order here, so whoever follows it finds a plan.
  const pointer = await read(directory, POINTER);
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.'));
  for (const name of names.filter((name) => name !== POINTER)) {
    const content = await read(directory, name);
    if (content) await put(namespace, written, name, content);
  }
  if (pointer) await put(namespace, written, POINTER, pointer);

  for (const key of (await namespace.list()).keys) {
    const name = encodeURIComponent(key.name);
    if (names.includes(name)) continue;
    await namespace.delete(key.name);
    written.delete(name);
  }
}

async function put(namespace, written, name, content) {
  if (written.get(name)?.equals(content)) return;
  await namespace.put(decodeURIComponent(name), content);
  written.set(name, content);
}

/** Returns the content of a file, or `undefined` if it has been removed in the meantime. */
async function read(directory, name) {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
