// Asks GrowthBook's own SDK and the core the same questions: `make diff-growthbook` (CASES, SEED). A
// difference is minimised and printed with the seed; then the exit code is 1.
import { spawn } from 'node:child_process';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { GrowthBook, StickyBucketService } from '@growthbook/growthbook';
import { generate } from './generate.mjs';

/** Yields the lines of a stream. `readline` also ends lines at U+2028, which JSON strings may contain. */
async function* linesOf(stream) {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const text of stream) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}

/** Yields the answers of a program that reads a question per line and answers on one. */
export function answers(command, args, options = {}) {
  const program = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = linesOf(program.stdout);
  return {
    async ask(question) {
      program.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the program ended');
      return JSON.parse(value);
    },
    close: () => program.stdin.end(),
  };
}

/** A service without storage: the documents come with the context. */
class Kept extends StickyBucketService {
  docs = {};
  async getAssignments() {
    return null;
  }
  async saveAssignments(doc) {
    this.docs[`${doc.attributeName}||${doc.attributeValue}`] = doc;
  }
}

// The SDK warns about unusual input, which most questions are.
process.env.NODE_ENV = 'production';
console.error = () => {};

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

/** Returns the SDK's results: for each context, each feature with its effects, and then each experiment. */
export function sdk({ payload, contexts }) {
  return contexts.map((context) => {
    const make = () => {
      const tracks = [];
      const service = context.stickyBuckets ? new Kept() : undefined;
      const { stickyBuckets, forcedFeatures, ...rest } = plain(context);
      const gb = new GrowthBook({
        ...plain(payload),
        ...rest,
        forcedFeatureValues: new Map(Object.entries(forcedFeatures ?? {})),
        trackingCallback: (experiment, result) => tracks.push(plain({ experiment, result })),
        disableExperimentsOnLoad: true,
      });
      if (service) {
        gb._options.stickyBucketAssignmentDocs = plain(stickyBuckets);
        gb._saveStickyBucketAssignmentDoc = (doc) => service.saveAssignments(doc);
      }
      return { gb, tracks, service };
    };
    const features = [...Object.keys(payload.features ?? {}), 'no-such-feature'].map((key) => {
      const { gb, tracks, service } = make();
      const result = plain(gb.evalFeature(key));
      gb.destroy();
      return [result, tracks, service?.docs ?? {}];
    });
    const { gb } = make();
    const runs = [];
    for (const experiment of plain(payload.experiments ?? [])) {
      // Without variations there is no value, which JSON cannot express.
      const result = { value: null, ...plain(gb.run(experiment)) };
      runs.push(result);
      const redirects =
        experiment.urlPatterns &&
        experiment.variations.some((it) => it && typeof it === 'object' && 'urlRedirect' in it);
      if (result.inExperiment && redirects) break;
    }
    gb.destroy();
    return [...features, ...runs];
  });
}

/** Yields the question without some part of it, each time another part. */
function* smaller(value) {
  if (Array.isArray(value)) {
    for (const at of value.keys()) yield value.toSpliced?.(at, 1) ?? [...value.slice(0, at), ...value.slice(at + 1)];
    for (const [at, item] of value.entries()) {
      for (const less of smaller(item)) yield [...value.slice(0, at), less, ...value.slice(at + 1)];
    }
  } else if (value && typeof value === 'object') {
    for (const key of Object.keys(value)) {
      const { [key]: _, ...rest } = value;
      yield rest;
    }
    for (const key of Object.keys(value)) {
      for (const less of smaller(value[key])) yield { ...value, [key]: less };
    }
  }
}

/** Returns a question with the same kind of difference from which no part can be removed. */
async function shrink(question, core, isAnswered) {
  const differs = async (candidate) => {
    try {
      const expected = plain(sdk(candidate));
      const found = await core.ask(candidate);
      return Array.isArray(found) === isAnswered && !isDeepStrictEqual(found, expected);
    } catch {
      return false;
    }
  };
  let current = question;
  for (let again = true, tries = 0; again && tries < 5000; ) {
    again = false;
    for (const candidate of smaller(current)) {
      tries += 1;
      if (!candidate.payload || !Array.isArray(candidate.contexts) || tries > 5000) continue;
      if (await differs(candidate)) {
        current = candidate;
        again = true;
        break;
      }
    }
  }
  return current;
}

/** Asks until a number of evaluations is compared; the first difference ends it. */
export async function compare({ cases, seed, core, log = () => {} }) {
  let compared = 0;
  for (let round = 0; compared < cases; round += 1) {
    const question = generate(`${seed}/${round}`);
    const expected = sdk(question);
    const found = await core.ask(question);
    if (!isDeepStrictEqual(found, plain(expected))) {
      const small = await shrink(question, core, Array.isArray(found));
      return { compared, seed, round, question: small, sdk: sdk(small), core: await core.ask(small) };
    }
    compared += expected.flat().length;
    if (round % 500 === 499) log(`${compared} evaluations agree`);
  }
  return { compared, seed };
}

if (import.meta.filename === process.argv[1]) {
  const options = { cases: { type: 'string', default: '100000' }, seed: { type: 'string' }, core: { type: 'string' } };
  const { values } = parseArgs({ options });
  const seed = values.seed ?? process.env.SEED ?? '1';
  const core = answers(values.core, []);
  const outcome = await compare({ cases: Number(values.cases), seed, core, log: console.log });
  core.close();
  if (outcome.question) {
    console.log(`seed ${seed}, round ${outcome.round}: the SDK and the core differ`);
    for (const part of ['question', 'sdk', 'core']) console.log(`${part}: ${JSON.stringify(outcome[part], null, 1)}`);
    process.exitCode = 1;
  } else {
    console.log(`seed ${seed}: ${outcome.compared} evaluations, no difference`);
  }
}
