// Writes the files that the edge serves under its prefix into the built shop: the tag, the core's JavaScript
// and the core.
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = join(root, 'build', 'shop', '_tl');

const common = { bundle: true, minify: true, target: 'es2020', legalComments: 'none', logLevel: 'warning' };

await mkdir(outdir, { recursive: true });
const tag = { ...common, entryPoints: [join(root, 'pkg', 'tag.js')] };
await build({
  ...tag,
  outfile: join(outdir, 'tag.js'),
  format: 'iife',
  define: { 'import.meta.url': 'undefined' },
});
// A module knows its own address, which a classic script with `type="module"` does not.
await build({ ...tag, outfile: join(outdir, 'tag.mjs'), format: 'esm', define: { TAG_MODULE: 'true' } });
await build({
  ...common,
  entryPoints: [join(root, 'pkg', 'tag', 'core.js')],
  outfile: join(outdir, 'core.js'),
  format: 'esm',
});
await copyFile(join(root, 'pkg', 'wasm', 'core_bg.wasm'), join(outdir, 'core.wasm'));
