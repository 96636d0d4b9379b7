// Builds the demo shop into build/shop/ from the files of www/shop/ and the pages of www/pages/. Keeps the tag, which
// tools/tag.mjs writes.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pages } from '../www/pages/index.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'build', 'shop');
const KEPT = ['_tl'];

mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) {
  if (!KEPT.includes(name)) rmSync(join(out, name), { recursive: true });
}
cpSync(join(root, 'www', 'shop'), out, { recursive: true });
// The panel belongs to `make start`. `wrangler deploy`, which builds through this file, does not upload it.
if (['deploy', 'versions upload'].includes(process.env.WRANGLER_COMMAND)) {
  writeFileSync(join(out, '.assetsignore'), 'demo.json\npanel\n');
}
for (const [file, html] of pages) {
  mkdirSync(dirname(join(out, file)), { recursive: true });
  writeFileSync(join(out, file), html);
}
