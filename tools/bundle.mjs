// Bundles a worker's entry and its wasm-bindgen output into `index.js`, and keeps only the used exports of
// the wasm module beside it:
//   node tools/bundle.mjs edge/entry.js edge/build
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { keepExports } from './exports.mjs';
import { shortenImports } from './imports.mjs';

const [entry, outdir] = process.argv.slice(2);
const outfile = join(outdir, 'index.js');

// The module stays a separate file, so that the runtime compiles it before the worker starts.
const wasmBesideUs = {
  name: 'wasm-beside-us',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, () => ({ path: './index_bg.wasm', external: true }));
  },
};

// wasm-bindgen copies the JavaScript that Rust imports. The entry imports the same files, so the bundle would have them twice.
const onlyOnce = {
  name: 'only-once',
  setup(build) {
    build.onResolve({ filter: /[/\\]snippets[/\\]/ }, ({ path }) => {
      const original = resolve(dirname(entry), basename(path));
      return existsSync(original) ? { path: original } : undefined;
    });
  },
};

// Tells esbuild that unused classes have no side effects.
const classesCanGo = {
  name: 'classes-can-go',
  setup(build) {
    build.onLoad({ filter: /bindgen[/\\]index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8'))
        .replaceAll(/^if \(Symbol\.dispose\) .*$/gm, '')
        .replaceAll('new FinalizationRegistry', '/* @__PURE__ */ new FinalizationRegistry'),
    }));
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
  external: ['cloudflare:*', 'node:*'],
  plugins: [wasmBesideUs, onlyOnce, classesCanGo],
});

// wasm-bindgen writes `import source`, which workerd spells as a plain `import`.
const bundle = await readFile(outfile, 'utf8');
if (!bundle.includes('import source ')) throw new Error(`${outfile} does not import its wasm module`);

// The worker crate exports classes that we do not use.
const bound = await readFile(join(outdir, 'bindgen', 'index_bg.wasm'));
const used = keepExports(bound, (name) => new RegExp(`\\b${name}\\b`).test(bundle));
const { module, names } = shortenImports(used);
const script = bundle.replace('import source ', 'import ').replaceAll(/\b__wb\w+/g, (name) => names.get(name) ?? name);
await writeFile(outfile, script);
await writeFile(join(outdir, 'index_bg.wasm'), module);
await rm(join(outdir, 'bindgen'), { recursive: true });
