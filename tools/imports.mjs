// Shortens the names of a wasm module's imports: wasm-bindgen's end in hashes, which do not compress.
import { IMPORTS, imports, leb128, moduleOf, section, sections } from './sections.mjs';

/** Returns the module with short names, and the original name of each import. */
export function shortenImports(module) {
  const names = new Map();
  const short = (name) => names.set(name, `__${names.size.toString(36)}`).get(name);
  const whole = ({ id, body, whole }) => (id === IMPORTS ? section(IMPORTS, renamed(body, short)) : whole);
  return { module: moduleOf(module, [...sections(module)].map(whole)), names };
}

function renamed(body, short) {
  const entries = imports(body).map(({ module, name, rest }) => [text(module), text(short(name)), rest]);
  return Buffer.concat([leb128(entries.length), ...entries.flat()]);
}

const text = (value) => Buffer.concat([leb128(Buffer.byteLength(value)), Buffer.from(value)]);
