// Writes a wasm module without its custom sections, names included: node tools/strip.mjs IN.wasm OUT.wasm
// `wasm-opt --strip-debug` would encode the functions anew. Here they stay byte for byte those of the copy
// with names, which `make size` measures.
import { readFile, writeFile } from 'node:fs/promises';
import { moduleOf, sections } from './sections.mjs';

const [from, to] = process.argv.slice(2);
const module = await readFile(from);
await writeFile(
  to,
  moduleOf(
    module,
    [...sections(module)].filter(({ id }) => id !== 0).map(({ whole }) => whole),
  ),
);
