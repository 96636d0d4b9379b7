// The engines that are compared; the first one is ours. Each module has
//   name, manifest     the package.json that names the version
//   wasm               its WebAssembly, if it has any
//   format             'plan' (rules to compile) or 'json': the form of `source(world)` before it is opened
//   source(world)      the world's targeting in the engine's own form
//   subject(subject)   a subject in the engine's own form, made before time is taken
//   open(source, world, module)  loads; returns
//     decide(subject)      objects in, objects out, through the public API
//     decideText(text)     JSON in, JSON out
//     contents(decision)   the content of each slot, to compare answers
//     note, close()
import * as devcycle from './devcycle.mjs';
import * as flipt from './flipt.mjs';
import * as growthbook from './growthbook.mjs';
import * as jsonlogic from './jsonlogic.mjs';
import * as throughline from './throughline.mjs';
import { expected } from './world.mjs';

export const engines = { throughline, growthbook, jsonlogic, flipt, devcycle };

/** Opens an engine and checks its answers for all subjects, in both forms. */
export async function openChecked(engine, source, world, module) {
  const opened = await engine.open(source, world, module);
  const subjects = world.subjects.map(engine.subject);
  const texts = subjects.map((one) => JSON.stringify(one));
  world.subjects.forEach((subject, at) => {
    const wanted = JSON.stringify(expected(world, subject));
    for (const decision of [opened.decide(subjects[at]), JSON.parse(opened.decideText(texts[at]))]) {
      const found = JSON.stringify(opened.contents(decision));
      if (found !== wanted)
        throw new Error(
          `${engine.name} decides otherwise about ${subject.id}: ${found.slice(0, 300)}, expected ${wanted.slice(0, 300)}`,
        );
    }
  });
  return {
    note: opened.note,
    close: opened.close,
    /** Decides for each subject in turn, up to a total number. */
    run: {
      objects: (times) => {
        for (let at = 0; at < times; at += 1) opened.decide(subjects[at % subjects.length]);
      },
      text: (times) => {
        for (let at = 0; at < times; at += 1) opened.decideText(texts[at % texts.length]);
      },
    },
  };
}
