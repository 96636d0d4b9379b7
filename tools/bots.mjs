// Writes the patterns of the installed npm package `isbot` to the edge, and compiles them.
//
//   npm install --save-dev isbot@latest && node tools/bots.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { list } from 'isbot';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version, license } = createRequire(import.meta.url)('isbot/package.json');

const head = [
  `# The patterns of isbot ${version} (https://isbot.js.org), ${license}: public domain.`,
  `# Taken on ${new Date().toISOString().slice(0, 10)} by tools/bots.mjs. Changes belong into ours.txt.`,
];
const file = join(root, 'edge/src/request/bot/isbot.txt');
const known = readFileSync(file, 'utf8');
const lines = `${list.join('\n')}\n`;
// The date is that of the patterns, so that running it again changes nothing.
if (!known.endsWith(`\n${lines}`) || !known.startsWith(head[0])) writeFileSync(file, `${head.join('\n')}\n${lines}`);

const test = ['test', '--package', 'throughline-edge', 'tables_are_those_of_the_lists'];
const { status } = spawnSync('cargo', test, { cwd: root, stdio: 'inherit', env: { ...process.env, WRITE_BOTS: '1' } });
process.exitCode = status ?? 1;
