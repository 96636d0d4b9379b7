// Drops exports from a wasm module, so that wasm-opt can remove what only they reach. (wasm-metadce could, too, but sorts the
// functions on the way, and the module gets longer under gzip.)

const EXPORTS = 7;

/** The module with only those exports whose names `keep` holds for. */
export function keepExports(module, keep) {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const size = number(module, at + 1);
    const end = size.end + size.value;
    parts.push(module[at] === EXPORTS ? section(module.subarray(size.end, end), keep) : module.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function section(body, keep) {
  const kept = [];
  const count = number(body, 0);
  for (let index = 0, at = count.end; index < count.value; index += 1) {
    const name = number(body, at);
    const kind = name.end + name.value;
    const { end } = number(body, kind + 1);
    if (keep(body.toString('utf8', name.end, kind))) kept.push(body.subarray(at, end));
    at = end;
  }
  const content = Buffer.concat([leb128(kept.length), ...kept]);
  return Buffer.concat([Buffer.from([EXPORTS]), leb128(content.length), content]);
}

/** The unsigned LEB128 number at `at`, and where it ends. */
function number(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at };
  }
}

function leb128(value) {
  return value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), leb128(value >>> 7)]);
}
