// Prints gzip sizes with their budgets. A missed budget is reported. A size above what was reached
// (`reached`, to be lowered with every win) fails, and so does a missing file. For a missed budget the
// largest owners of code are printed, by the size that the module would lose without them; DETAIL=1 prints
// whole tables.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { print, profile } from './profile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const budgets = [
  {
    what: 'core wasm in the browser',
    kilobytes: 60,
    reached: 137.5,
    files: ['pkg/wasm/core_bg.wasm'],
    named: 'browser',
  },
  { what: 'loader script', kilobytes: 6, reached: 10.9, files: ['build/shop/_tl/tag.js'] },
  {
    what: 'edge worker, all included',
    kilobytes: 150,
    reached: 265.5,
    files: ['edge/build/index.js', 'edge/build/index_bg.wasm'],
    named: 'edge',
  },
];

let failed = 0;
for (const { what, kilobytes, reached = kilobytes, files, named } of budgets) {
  const missing = files.filter((file) => !existsSync(join(root, file)));
  if (missing.length) {
    failed += 1;
    console.log(`${what.padEnd(28)} ${missing.join(', ')} not found, run: make wasm`);
    continue;
  }
  const contents = await Promise.all(files.map((file) => readFile(join(root, file))));
  const size = contents.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0) / 1024;
  if (size > reached) failed += 1;
  const verdict = size > reached ? `has grown: limit is ${reached} KB` : size > kilobytes ? 'missed' : 'ok';
  console.log(
    `${what.padEnd(28)} ${size.toFixed(1).padStart(6)} KB gz of ${String(kilobytes).padStart(3)}  ${verdict}`,
  );
  if (size <= kilobytes || !named) continue;
  const tables = profile(await readFile(join(root, 'build/names', `${named}.wasm`)), process.env.DETAIL ? 40 : 12);
  if (process.env.DETAIL) print(tables);
  else console.log(`  ${tables.owner.map(({ name, gzip }) => `${name} ${(gzip / 1024).toFixed(1)}`).join(', ')}`);
}
process.exitCode = failed ? 1 : 0;
