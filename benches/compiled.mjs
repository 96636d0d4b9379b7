// Compiles plans with the command.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throughline } from '../tests/support/edge.mjs';

/** Returns the edge plan of rules. */
export function compiled(rules) {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  writeFileSync(join(directory, 'rules.json'), JSON.stringify(rules));
  throughline('compile', join(directory, 'rules.json'), '--out', directory);
  const plan = readFileSync(join(directory, 'edge.plan'));
  rmSync(directory, { recursive: true });
  return plan;
}
