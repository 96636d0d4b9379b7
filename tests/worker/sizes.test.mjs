// tools/profile.mjs, strip.mjs, exports.mjs and imports.mjs: their reports on a wasm module, and their
// output.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepExports } from '../../tools/exports.mjs';
import { shortenImports } from '../../tools/imports.mjs';
import { profile } from '../../tools/profile.mjs';
import { moduleOf, section, sections } from '../../tools/sections.mjs';

const text = (value) => [value.length, ...Buffer.from(value)];
const functions = (...bodies) => [bodies.length, ...bodies.flatMap((body) => [body.length, ...body])];
// An imported function, and two of our own that pass a number to it: so our names begin with 1.
const long = [0, ...Array(20).fill([0x41, 7, 0x10, 0]).flat(), 0x0b];
const short = [0, 0x41, 7, 0x10, 0, 0x0b];
const names = [
  'core::fmt::write',
  'throughline::decide::Decider::run::h0123456789abcdef',
  '<&throughline::decide::Slot as core::fmt::Debug>::fmt',
];
const nameMap = [names.length, ...names.flatMap((name, index) => [index, ...text(name)])];
const module = moduleOf(Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]), [
  section(1, Buffer.from([2, 0x60, 1, 0x7f, 0, 0x60, 0, 0])),
  section(2, Buffer.from([1, ...text('env'), ...text('take'), 0, 0])),
  section(3, Buffer.from([2, 1, 1])),
  section(7, Buffer.from([2, ...text('run'), 0, 1, ...text('unused'), 0, 2])),
  section(10, Buffer.from(functions(long, short))),
  section(
    0,
    Buffer.from([
      ...text('name'),
      1,
      ...(nameMap.length < 128 ? [nameMap.length] : [(nameMap.length & 127) | 128, nameMap.length >> 7]),
      ...nameMap,
    ]),
  ),
]);

test('the module is one', () => assert.ok(WebAssembly.validate(module)));

test('every byte of code has an owner', () => {
  const { section, owner, function: own } = profile(module);
  assert.deepEqual(
    own.map(({ name, bytes }) => [name, bytes]),
    [
      ['throughline::decide::Decider::run', long.length + 1],
      ['<&throughline::decide::Slot as core::fmt::Debug>::fmt', short.length + 1],
    ],
  );
  assert.deepEqual(
    owner.map(({ name, bytes }) => [name, bytes]),
    [['throughline::decide', long.length + short.length + 2]],
  );
  assert.equal(section.find(({ name }) => name === 'code').bytes, long.length + short.length + 2);
  assert.ok(
    section.every(({ name }) => name !== 'name'),
    'what is not shipped is not counted',
  );
});

test('stripping leaves what runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-sizes-'));
  writeFileSync(join(directory, 'in.wasm'), module);
  execFileSync(process.execPath, [
    new URL('../../tools/strip.mjs', import.meta.url).pathname,
    join(directory, 'in.wasm'),
    join(directory, 'out.wasm'),
  ]);
  const out = readFileSync(join(directory, 'out.wasm'));
  assert.ok(WebAssembly.validate(out));
  assert.deepEqual(
    [...sections(out)].map(({ name }) => name),
    ['types', 'imports', 'functions', 'exports', 'code'],
  );
});

test('only exports that are asked for stay', () => {
  const kept = keepExports(module, (name) => name === 'run');
  assert.deepEqual(WebAssembly.Module.exports(new WebAssembly.Module(kept)), [{ name: 'run', kind: 'function' }]);
});

test('imports are what they were, by a shorter name', () => {
  const { module: shortened, names } = shortenImports(module);
  assert.deepEqual([...names], [['take', '__0']]);
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(shortened)), [
    { module: 'env', name: '__0', kind: 'function' },
  ]);
});
