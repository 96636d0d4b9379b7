// Checks that every dependency in a lock file has a licence on deny.toml's list, and that every crate comes from crates.io:
//   node tools/licenses.mjs
// It needs nothing but cargo and npm's lock files. cargo-deny reads the same list, but is not installed everywhere, and does not
// see npm packages.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const WORKSPACES = ['.', 'fuzz', 'tools/bindgen'];
const NPM_LOCKS = ['package-lock.json', 'benches/package-lock.json'];
const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

/** Packages that may state another licence or none, each with the reason. */
const EXCEPTIONS = [
  // LGPL-3.0-or-later: libvips, which miniflare can resize images with. Only tests run miniflare, and nothing of it is shipped.
  /^npm @img\/sharp-/,
  // Unlicense: public domain. The edge has its patterns, which tests compare with the package.
  /^npm isbot$/,
  // The manifest states none; the package contains the Apache-2.0 licence.
  /^npm @openfeature\/ofrep-(core|provider)$/,
  // "SEE LICENSE IN LICENSE": the packages contain the MIT licence. Only tests use them, with Segment's browser SDK.
  /^npm (@segment\/(facade|isodate|isodate-traverse)|new-date)$/,
];

/** Returns whether the licences on a list satisfy an SPDX expression; `MIT/Apache-2.0` is the older way to write `OR`. */
export function isAllowed(expression, allowed) {
  const tokens = expression.match(/[()/]|[^\s()/]+/g) ?? [];
  let at = 0;
  const either = () => {
    let ok = both();
    while (tokens[at] === 'OR' || tokens[at] === '/') {
      at++;
      const other = both();
      ok ||= other;
    }
    return ok;
  };
  const both = () => {
    let ok = one();
    while (tokens[at] === 'AND') {
      at++;
      const other = one();
      ok &&= other;
    }
    return ok;
  };
  const one = () => {
    if (tokens[at] === '(') {
      at++;
      const ok = either();
      if (tokens[at++] !== ')') throw new Error(`\`${expression}\` is not an SPDX expression`);
      return ok;
    }
    let name = tokens[at++] ?? '';
    if (tokens[at] === 'WITH') {
      name += ` WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return allowed.includes(name);
  };
  const ok = either();
  if (at !== tokens.length) throw new Error(`\`${expression}\` is not an SPDX expression`);
  return ok;
}

/** Returns the list `allow` of the table `[licenses]` in deny.toml. */
export function allowedIn(toml) {
  const [, list] = /^\[licenses\][^[]*^allow = \[([^\]]*)\]/m.exec(toml) ?? [];
  if (!list) throw new Error('deny.toml has no list `allow` in `[licenses]`');
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
}

/** Returns the crates of a workspace, on this platform and for wasm. */
function crates(workspace) {
  const host = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1];
  const manifest = join(root, workspace, 'Cargo.toml');
  const platforms = [host, 'wasm32-unknown-unknown'].flatMap((platform) => ['--filter-platform', platform]);
  const args = ['metadata', '--locked', '--quiet', '--format-version', '1', '--manifest-path', manifest, ...platforms];
  const { packages } = JSON.parse(execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 2 ** 28 }));
  return packages
    .filter(({ source }) => source !== null)
    .map(({ name, version, license, source }) => ({ name: `crate ${name}`, version, license, source }));
}

/**
 * Returns the packages of an npm lock file. Where it lacks the licence, the installed package supplies it.
 */
function npmPackages(lock) {
  const { packages } = JSON.parse(readFileSync(join(root, lock), 'utf8'));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { version, license }]) => {
      const manifest = join(root, dirname(lock), path, 'package.json');
      if (!license && existsSync(manifest)) license = JSON.parse(readFileSync(manifest, 'utf8')).license;
      return { name: `npm ${path.split('node_modules/').at(-1)}`, version, license };
    });
}

function main() {
  const allowed = allowedIn(readFileSync(join(root, 'deny.toml'), 'utf8'));
  const dependencies = [...WORKSPACES.flatMap(crates), ...NPM_LOCKS.flatMap(npmPackages)];
  const wrong = new Set();
  for (const { name, version, license, source } of dependencies) {
    if (source && source !== CRATES_IO) wrong.add(`${name} ${version} comes from ${source}, not from crates.io`);
    if (EXCEPTIONS.some((pattern) => pattern.test(name))) continue;
    if (!license) wrong.add(`${name} ${version} states no licence`);
    else if (!isAllowed(license, allowed)) wrong.add(`${name} ${version} has the licence ${license}`);
  }
  for (const line of wrong) console.error(`error: ${line}`);
  if (wrong.size) {
    console.error('deny.toml lists the licences that are allowed');
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
