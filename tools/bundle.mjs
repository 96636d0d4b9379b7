// Bundles a worker's entry and its wasm-bindgen output into `index.js`, with the wasm module beside it:
//   node tools/bundle.mjs edge/entry.js edge/build
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const [entry, outdir] = process.argv.slice(2);
const outfile = join(outdir, 'index.js');

// The module stays a file of its own: the runtime compiles it before the worker starts.
const wasmBesideUs = {
  name: 'wasm-beside-us',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, () => ({ path: './index_bg.wasm', external: true }));
  },
};

await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'esnext',
  legalComments: 'none',
  external: ['cloudflare:*'],
  plugins: [wasmBesideUs],
});

// wasm-bindgen writes `import source`, for which workerd's word is plain `import`.
const bundle = await readFile(outfile, 'utf8');
if (!bundle.includes('import source ')) throw new Error(`${outfile} does not import its wasm module`);
await writeFile(outfile, bundle.replace('import source ', 'import '));

await rename(join(outdir, 'bindgen', 'index_bg.wasm'), join(outdir, 'index_bg.wasm'));
await rm(join(outdir, 'bindgen'), { recursive: true });
