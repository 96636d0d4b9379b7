// tools/licenses.mjs: SPDX expressions, and the list in deny.toml.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allowedIn, isAllowed } from '../../tools/licenses.mjs';

const ALLOWED = ['MIT', 'Apache-2.0', 'BSD-3-Clause'];

test('expressions that the list satisfies', () => {
  for (const expression of [
    'MIT',
    'MIT OR GPL-3.0-only',
    'Unlicense/MIT',
    'GPL-3.0-only / MIT',
    'MIT AND BSD-3-Clause',
    '(MIT OR Unlicense) AND Apache-2.0',
    'Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT',
    'Unlicense OR MIT AND Apache-2.0',
  ]) {
    assert.ok(isAllowed(expression, ALLOWED), expression);
  }
});

test('expressions that it does not', () => {
  for (const expression of [
    'GPL-3.0-only',
    'MIT AND GPL-3.0-only',
    'GPL-3.0-only AND MIT',
    '(MIT OR Apache-2.0) AND Unlicense',
    'Apache-2.0 WITH LLVM-exception',
    'UNLICENSED',
  ]) {
    assert.ok(!isAllowed(expression, ALLOWED), expression);
  }
});

test('what is not an expression is an error', () => {
  for (const expression of ['', 'MIT Apache-2.0', '(MIT', 'MIT)'])
    assert.throws(() => isAllowed(expression, ALLOWED), /SPDX/);
});

test('the list in deny.toml', () => {
  const toml = '[bans]\nallow = ["serde"]\n[licenses]\n# Why.\nallow = [\n  "MIT",\n  "Zlib",\n]\n';
  assert.deepEqual(allowedIn(toml), ['MIT', 'Zlib']);
  assert.throws(() => allowedIn('[licenses]\n[bans]\nallow = ["serde"]\n'), /no list/);
  assert.ok(allowedIn(readFileSync(new URL('../../deny.toml', import.meta.url), 'utf8')).includes('Apache-2.0'));
});
