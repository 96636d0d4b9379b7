// The sections of a wasm module, and the numbers in it.

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

/** Each section: `{ id, name, body, whole }`, `whole` with what announces it. */
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

/** A module of these sections. */
export const moduleOf = (module, wholes) => Buffer.concat([module.subarray(0, 8), ...wholes]);

/** A section with this body. */
export const section = (id, body) => Buffer.concat([Buffer.from([id]), leb128(body.length), body]);

/** The unsigned LEB128 number at `at`, and where it ends. */
export function number(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at };
  }
}

/** The text at `at`, which its length precedes, and where it ends. */
export function text(bytes, at) {
  const length = number(bytes, at);
  const end = length.end + length.value;
  return { value: bytes.toString('utf8', length.end, end), end };
}

/** What the body of the import section names: `{ module, name, rest }`, `rest` with what it is, beginning with its kind. */
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

/** A function has its type, a table its type and limits, a memory limits, a global and a tag two more things. */
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
