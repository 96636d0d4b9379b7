// Prints where the bytes of a wasm module are: its sections, and its code by crate, module and function.
//   node tools/profile.mjs MODULE.wasm [functions]
// The module needs its names: what cargo has built, or what `wasm-opt -g` has made of it.
import { readFile } from 'node:fs/promises';

const [path, count = '25'] = process.argv.slice(2);
const module = await readFile(path);
const SECTIONS = ['custom', 'types', 'imports', 'functions', 'tables', 'memory', 'globals', 'exports', 'start', 'elements', 'code', 'data'];

const sections = [...readSections()];
const names = readNames(sections.find(({ name }) => name === 'name'));
const functions = [...readFunctions(sections)];

print('section', tally(sections, ({ id, name, size }) => [SECTIONS[id] + (name ? ` ${name}` : ''), size]));
print('crate', tally(functions, ({ name, size }) => [crateOf(name), size]));
print('module', tally(functions, ({ name, size }) => [moduleOf(name), size]));
print('function', tally(functions, ({ name, size }) => [name, size]));

function print(title, sizes) {
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`\n${'bytes'.padStart(8)}  ${title} (${sizes.length}, ${total} bytes before gzip)`);
  for (const [name, size] of sizes.slice(0, Number(count))) console.log(`${String(size).padStart(8)}  ${name}`);
}

/** Sums by key, greatest first. */
function tally(things, entry) {
  const sums = new Map();
  for (const thing of things) {
    const [key, size] = entry(thing);
    sums.set(key, (sums.get(key) ?? 0) + size);
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

function* readSections() {
  for (let at = 8; at < module.length; ) {
    const id = module[at];
    const size = number(at + 1);
    const end = size.end + size.value;
    const custom = id === 0 ? text(size.end) : undefined;
    yield { id, name: custom?.value, start: custom?.end ?? size.end, end, size: end - at };
    at = end;
  }
}

/** The names of functions by their number. */
function readNames(section) {
  const names = new Map();
  for (let at = section?.start ?? module.length; at < (section?.end ?? 0); ) {
    const size = number(at + 1);
    if (module[at] === 1) {
      let entries = number(size.end);
      for (let left = entries.value, place = entries.end; left > 0; left -= 1) {
        const index = number(place);
        const name = text(index.end);
        names.set(index.value, plain(name.value));
        place = name.end;
      }
    }
    at = size.end + size.value;
  }
  return names;
}

function* readFunctions(sections) {
  const code = sections.find(({ id }) => id === 10);
  const bodies = number(code.start);
  let index = importedFunctions(sections.find(({ id }) => id === 2));
  for (let at = bodies.end; at < code.end; index += 1) {
    const size = number(at);
    const end = size.end + size.value;
    yield { name: names.get(index) ?? `function ${index}`, size: end - at };
    at = end;
  }
}

/** How many functions come from outside: their numbers come first. */
function importedFunctions(section) {
  if (!section) return 0;
  let functions = 0;
  const imports = number(section.start);
  for (let left = imports.value, at = imports.end; left > 0; left -= 1) {
    const kind = text(text(at).end).end;
    functions += module[kind] === 0 ? 1 : 0;
    if (module[kind] === 0) at = number(kind + 1).end;
    else if (module[kind] === 1) at = limits(kind + 2);
    else if (module[kind] === 2) at = limits(kind + 1);
    else at = kind + 3;
  }
  return functions;
}

function limits(at) {
  const least = number(at + 1).end;
  return module[at] & 1 ? number(least).end : least;
}

/** The path in a mangled name, of which every piece is written after its length: `3str12to_lowercase`. */
function plain(name) {
  const mangled = name.replace(/17h[0-9a-f]{16}E?$/, '').replaceAll(/Cs[0-9A-Za-z]+_/g, '');
  if (!/^_(ZN|R)/.test(mangled)) return name.replace(/_[0-9a-f]{16}$/, '');
  const pieces = [];
  for (let at = 2; at < mangled.length; ) {
    const [found, size] = /^([1-9][0-9]*)_?/.exec(mangled.slice(at)) ?? [];
    if (!found) {
      at += 1;
      continue;
    }
    pieces.push(mangled.slice(at + found.length, at + found.length + Number(size)));
    at += found.length + Number(size);
  }
  return pieces.map(unescape).join('::');
}

/** `<T as Trait>` of `_$LT$T$u20$as$u20$Trait$GT$`. */
function unescape(piece) {
  const signs = { LT: '<', GT: '>', RF: '&', C: ',', LP: '(', RP: ')', BP: '*', SP: '@' };
  const sign = (_, name) => signs[name] ?? String.fromCharCode(parseInt(name.slice(1), 16));
  return piece.replace(/^_\$/, '$').replaceAll('..', '::').replaceAll(/\$([A-Za-z0-9]+)\$/g, sign);
}

function crateOf(name) {
  return moduleOf(name).split('::')[0];
}

/** `throughline::decide` of `<throughline::decide::Search as Trait>::method`. */
function moduleOf(name) {
  const path = /[a-z_][a-z0-9_]*(::[a-z_][a-z0-9_]*)+/i.exec(name)?.[0] ?? 'without a path';
  const parts = path.split('::');
  const end = parts.findIndex((part) => /^[A-Z]/.test(part));
  return parts.slice(0, Math.min(end < 0 ? parts.length - 1 : end, 3)).join('::');
}

function text(at) {
  const length = number(at);
  const end = length.end + length.value;
  return { value: module.toString('utf8', length.end, end), end };
}

/** The unsigned LEB128 number at `at`, and where it ends. */
function number(at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = module[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at };
  }
}
