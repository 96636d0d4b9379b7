// The paths that the glossary and the architecture page name exist, so that a move is not forgotten there.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tops = 'src|compiler|edge|collector|browser|cli|pkg|www|rules|tests|tools|benches|fuzz|docs|examples';
const path = new RegExp(`\`((?:${tops})/[\\w./-]*)\``, 'g');

for (const page of ['docs/glossary.md', 'ARCHITECTURE.md']) {
  test(`the paths of ${page} exist`, async () => {
    const named = [...(await readFile(root + page, 'utf8')).matchAll(path)].map(([, found]) => found);
    assert.ok(named.length > 10, `only ${named.length} paths found`);
    assert.deepEqual(
      named.filter((found) => !existsSync(root + found)),
      [],
    );
  });
}
