// Reports the sizes of a wasm module: its sections, and its code by owner and function. The module needs its
// names.
//   node tools/profile.mjs MODULE.wasm [ROWS]
// It exists beside twiggy for the figure that the budgets use: the bytes that gzip saves without a function.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CODE, IMPORTS, imports, number, sections, text } from './sections.mjs';

/**
 * Returns tables of a module, each a list of `{ name, bytes, gzip }`, largest first. `gzip` is the size under
 * gzip that the module would lose without the entry; only the largest entries of a table have one.
 */
export function profile(module, rows = 20) {
  const all = [...sections(module)];
  const code = functions(all);
  const rest = all.filter(({ id }) => id !== CODE && id !== 0).map(({ name, whole: bytes }) => ({ name, bytes }));
  const parts = [...rest, ...code];
  const table = (entries, nameOf) => measured(tally(entries, nameOf).slice(0, rows), parts, nameOf);
  const sectionOf = (part) => (code.includes(part) ? 'code' : part.name);
  return {
    section: measured(tally(parts, sectionOf), parts, sectionOf),
    owner: table(code, ({ name }) => ownerOf(name)),
    function: table(code, ({ name }) => name),
  };
}

/** Returns sums by name, largest first. */
function tally(parts, nameOf) {
  const sums = new Map();
  for (const part of parts) sums.set(nameOf(part), (sums.get(nameOf(part)) ?? 0) + part.bytes.length);
  return [...sums].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

function measured(table, parts, nameOf) {
  const size = (parts) => gzipSync(Buffer.concat(parts.map(({ bytes }) => bytes)), { level: 9 }).length;
  const whole = size(parts);
  return table.map((row) => ({ ...row, gzip: whole - size(parts.filter((part) => nameOf(part) !== row.name)) }));
}

function functions(all) {
  const { body } = all.find(({ id }) => id === CODE);
  const names = namesOf(all.find(({ name }) => name === 'name')?.body ?? Buffer.alloc(0));
  // Imported functions have the first numbers.
  let index = imports(all.find(({ id }) => id === IMPORTS)?.body).filter(({ rest }) => rest[0] === 0).length;
  const out = [];
  for (let at = number(body, 0).end; at < body.length; index += 1) {
    const size = number(body, at);
    const end = size.end + size.value;
    out.push({ name: names.get(index) ?? `function ${index}`, bytes: body.subarray(at, end) });
    at = end;
  }
  return out;
}

/** Returns the names of functions by their number. */
function namesOf(body) {
  const names = new Map();
  for (let at = body.length ? text(body, 0).end : 0; at < body.length; ) {
    const size = number(body, at + 1);
    // 1 is the subsection about functions.
    if (body[at] === 1) {
      const count = number(body, size.end);
      for (let left = count.value, place = count.end; left > 0; left -= 1) {
        const index = number(body, place);
        const name = text(body, index.end);
        names.set(index.value, name.value.replace(/::h[0-9a-f]{16}$/, '').replaceAll(/\[[0-9a-f]+\]/g, ''));
        place = name.end;
      }
    }
    at = size.end + size.value;
  }
  return names;
}

/**
 * Returns the crate of a function; for our own crates, the module. A generic function belongs to the crate
 * that defines it.
 */
function ownerOf(name) {
  const path = /[a-z_][a-z0-9_]*(::[a-z_{][a-z0-9_}]*)*/i.exec(name.replace(/^<?&*(mut )?/, ''))?.[0] ?? name;
  const [crate, module] = path.split('::');
  return crate.startsWith('throughline') && module
    ? `${crate}::${module.replace(/[{A-Z].*/, '')}`.replace(/::$/, '')
    : crate;
}

export function print(tables) {
  for (const [title, rows] of Object.entries(tables)) {
    console.log(`\n   bytes     gzip  ${title}`);
    for (const { name, bytes, gzip } of rows)
      console.log(`${String(bytes).padStart(8)} ${String(gzip).padStart(8)}  ${name.slice(0, 120)}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  print(profile(await readFile(process.argv[2]), Number(process.argv[3] ?? 20)));
