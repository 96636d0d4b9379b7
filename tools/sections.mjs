// Reads and writes the sections of a wasm module.
//
// It replaces no tool: wasm-opt's `--minify-imports` renames those of the module `env` alone, and
// wasm-metadce reorders functions. The few sections that the build changes need little of the format.

export const EXPORTS = 7;
export const CODE = 10;
export const IMPORTS = 2;
const NAMES = [
  'custom',
  'types',
  'imports',
  'functions',
  'tables',
  'memory',
  'globals',
  'exports',
  'start',
  'elements',
  'code',
  'data',
  'data count',
  'tags',
];

/** Yields each section: `{ id, name, body, whole }`, where `whole` includes its header. */
export function* sections(module) {
  for (let at = 8; at < module.length; ) {
    const size = number(module, at + 1);
    const end = size.end + size.value;
    const body = module.subarray(size.end, end);
    const name = module[at] === 0 ? text(body, 0).value : NAMES[module[at]];
    yield { id: module[at], name, body, whole: module.subarray(at, end) };
    at = end;
  }
}

/** Returns a module of these sections. */
export const moduleOf = (module, wholes) => Buffer.concat([module.subarray(0, 8), ...wholes]);

/** Returns a section with this body. */
export const section = (id, body) => Buffer.concat([Buffer.from([id]), leb128(body.length), body]);

/** Returns the unsigned LEB128 number at `at`, and its end. */
export function number(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at };
  }
}

/** Returns the string at `at`, which follows its length, and its end. */
export function text(bytes, at) {
  const length = number(bytes, at);
  const end = length.end + length.value;
  return { value: bytes.toString('utf8', length.end, end), end };
}

/** Returns the entries of the import section: `{ module, name, rest }`, where `rest` begins with the kind. */
export function imports(body) {
  const all = [];
  const count = body ? number(body, 0) : { value: 0 };
  for (let at = count.end; all.length < count.value; ) {
    const module = text(body, at);
    const name = text(body, module.end);
    at = afterImport(body, name.end);
    all.push({ module: module.value, name: name.value, rest: body.subarray(name.end, at) });
  }
  return all;
}

/**
 * Returns the end of an import's description: a function has a type, a table a type and limits, a memory
 * limits, a global and a tag two more bytes.
 */
function afterImport(body, kind) {
  if (body[kind] === 0) return number(body, kind + 1).end;
  if (body[kind] === 1) return limits(body, kind + 2);
  if (body[kind] === 2) return limits(body, kind + 1);
  return number(body, kind + 2).end;
}

function limits(body, at) {
  const least = number(body, at + 1).end;
  return body[at] & 1 ? number(body, least).end : least;
}

export function leb128(value) {
  return value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), leb128(value >>> 7)]);
}
