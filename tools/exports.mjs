// Removes exports from a wasm module, so that wasm-opt can remove the code that only they reach. wasm-metadce
// could, too, but reorders the functions, and the module grows under gzip.
import { EXPORTS, leb128, moduleOf, number, section, sections, text } from './sections.mjs';

/** Returns the module with only those exports whose names `keep` accepts. */
export function keepExports(module, keep) {
  return moduleOf(
    module,
    [...sections(module)].map(({ id, body, whole }) => (id === EXPORTS ? section(EXPORTS, kept(body, keep)) : whole)),
  );
}

function kept(body, keep) {
  const entries = [];
  const count = number(body, 0);
  for (let index = 0, at = count.end; index < count.value; index += 1) {
    const name = text(body, at);
    const { end } = number(body, name.end + 1);
    if (keep(name.value)) entries.push(body.subarray(at, end));
    at = end;
  }
  return Buffer.concat([leb128(entries.length), ...entries]);
}
