// Writes the files that the edge serves under its prefix into the built shop: the tag, its parts with the core's JavaScript,
// and the core.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = join(root, 'build', 'shop', '_tl');

const common = { bundle: true, minify: true, target: 'es2020', legalComments: 'none', logLevel: 'warning' };

await mkdir(outdir, { recursive: true });
await build({
  ...common,
  entryPoints: [join(root, 'pkg', 'tag', 'core.js')],
  outfile: join(outdir, 'core.js'),
  format: 'esm',
});
await copyFile(join(root, 'pkg', 'wasm', 'core_bg.wasm'), join(outdir, 'core.wasm'));

/** Returns the name of a file with its digest, under which caches keep it for good. */
async function versioned(name) {
  const bytes = await readFile(join(outdir, name));
  return JSON.stringify(`${name}?v=${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`);
}

const define = { PARTS_FILE: await versioned('core.js'), WASM_FILE: await versioned('core.wasm') };
const tag = { ...common, entryPoints: [join(root, 'pkg', 'tag.js')] };
await build({
  ...tag,
  outfile: join(outdir, 'tag.js'),
  format: 'iife',
  define: { ...define, 'import.meta.url': 'undefined' },
});
// A module knows its own address, which a classic script with `type="module"` does not.
await build({
  ...tag,
  outfile: join(outdir, 'tag.mjs'),
  format: 'esm',
  define: { ...define, TAG_MODULE: 'true' },
});
