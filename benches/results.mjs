// Results: lines of JSON in the directory of the run, from which benches/report.mjs writes
// docs/benchmarks.md.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The directory of the run; a suite that runs alone has its own. */
export const directory = process.env.THROUGHLINE_BENCH_DIR ?? temporary();
export const results = join(directory, 'results.jsonl');

export function note(result) {
  appendFileSync(results, `${JSON.stringify(result)}\n`);
}

/** Prints and records a line of the table of budgets. */
export function row(what, found, budget, holds) {
  const verdict = budget === undefined ? '' : `${budget.padStart(9)}  ${holds ? 'ok' : 'over budget'}`;
  console.log(`${what.padEnd(60)} ${found.padStart(24)} ${verdict}`);
  note({ what, found, budget, holds });
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Formats the 50th, 95th and 99th percentile of milliseconds. */
export function percentiles(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return `${[0.5, 0.95, 0.99].map((share) => digits(at(share))).join(' / ')} ms`;
}

/** Formats a number with about three digits. */
export const digits = (number) =>
  number < 10 ? number.toFixed(2) : number < 100 ? number.toFixed(1) : Math.round(number).toLocaleString('en');

/** Formats nanoseconds for people. */
export const duration = (nanos) =>
  nanos < 1e3 ? `${Math.round(nanos)} ns` : nanos < 1e6 ? `${digits(nanos / 1e3)} µs` : `${digits(nanos / 1e6)} ms`;

function temporary() {
  const made = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  process.on('exit', () => rmSync(made, { recursive: true }));
  return made;
}
