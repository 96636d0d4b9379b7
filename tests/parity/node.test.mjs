// Law: the core in Node's WebAssembly decides byte for byte as it does natively.
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compare, core, decideWith, writeCorpus } from './corpus.mjs';

let corpus, Core;

before(async () => {
  corpus = writeCorpus();
  const module = await import(pathToFileURL(core.script));
  module.initSync({ module: readFileSync(core.wasm) });
  Core = module.Core;
});

after(() => corpus.dispose());

test('node decides as the native core', async () => {
  await compare('node', corpus, (plan, cases) => decideWith(Core, plan, cases));
});
