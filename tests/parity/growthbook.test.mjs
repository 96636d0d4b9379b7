// Law: the core evaluates features as GrowthBook's SDK does. `make diff-growthbook` asks many more questions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { answers, compare } from '../growthbook/diff.mjs';
import { root } from './corpus.mjs';

const cargo = ['run', '--quiet', '--locked', '--example', 'growthbook'];

test('the core answers as the SDK of GrowthBook', async () => {
  const { status } = spawnSync('cargo', ['build', ...cargo.slice(1)], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  assert.equal(status, 0, 'the core could not be built');
  const core = answers('cargo', cargo, { cwd: root });
  const outcome = await compare({ cases: 3_000, seed: 'make test', core });
  core.close();
  assert.equal(outcome.question, undefined, JSON.stringify(outcome, null, 1));
  assert.ok(outcome.compared >= 3_000, 'nothing was compared');
});
