// Python clients of others, installed into an environment of their own.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const { THROUGHLINE_CACHE, XDG_CACHE_HOME, THROUGHLINE_PYTHON, CI } = process.env;
const cache = THROUGHLINE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'throughline');
/** The packages, each with its version. */
const PACKAGES = ['openfeature-provider-ofrep==0.3.0', 'schemathesis==4.32.5', 'segment-analytics-python==2.4.0'];

/**
 * Returns a function that runs Python with the packages: it takes arguments and input, and returns what Python writes.
 *
 * Where Python or its registry is missing the test is skipped and the result is `undefined`, or the test fails if `CI` is
 * set, unless `THROUGHLINE_PYTHON` is `skip`.
 */
export function python(test) {
  if (THROUGHLINE_PYTHON === 'skip') return void test.skip('THROUGHLINE_PYTHON=skip');
  const directory = join(cache, 'python', PACKAGES.join(','));
  const bin = join(directory, 'bin');
  const run = async (args, { module, input } = {}) => {
    const child = promisify(execFile)(join(bin, 'python'), [...(module ? ['-m', module] : []), ...args], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
    child.child.stdin.end(input ?? '');
    return (await child).stdout;
  };
  if (existsSync(join(bin, 'schemathesis'))) return run;
  try {
    mkdirSync(directory, { recursive: true });
    execFileSync('python3', ['-m', 'venv', directory], { stdio: 'pipe' });
    execFileSync(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES], {
      stdio: 'pipe',
    });
    return run;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    if (CI) throw error;
    return void test.skip(
      `no Python packages (${String(error.stderr || error.message)
        .trim()
        .split('\n')
        .at(-1)})`,
    );
  }
}
