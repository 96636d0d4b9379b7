// Vectors that others published. They are not part of the project, so a checkout may be without them; conformance.rs says how
// they are found, and does the same for the tests in Rust.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { THROUGHLINE_CONFORMANCE: named, CI } = process.env;
const root = named || fileURLToPath(new URL('../../../shared/conformance', import.meta.url));

/**
 * Returns the path of a file or directory of the vectors. Without it the test is skipped and the result is `undefined`, or the
 * test fails where `CI` is set, unless `THROUGHLINE_CONFORMANCE` is `skip`.
 */
export function conformance(test, part) {
  if (named === 'skip') return void test.skip(`THROUGHLINE_CONFORMANCE=skip: ${part}`);
  const path = join(root, part);
  if (existsSync(path)) return path;
  const missing = `no vectors at ${path}; set THROUGHLINE_CONFORMANCE`;
  if (CI) throw new Error(missing);
  return void test.skip(missing);
}
