// Writes a wasm module without its custom sections, names among them: node tools/strip.mjs IN.wasm OUT.wasm
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
