// tools/prose.mjs: good and bad samples of each rule.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check, checkSubject, parseAllowed } from '../../tools/prose.mjs';

const shown = ({ line, what }) => `${line}: ${what}`;
const inRust = (source) => check('src/a.rs', source).map(shown);
const inScript = (source) => check('pkg/a.js', source).map(shown);
const inPage = (source) => check('docs/a.md', source).map(shown);
const words = (count) => Array.from({ length: count }, (_, at) => `word${at}`).join(' ');

describe('doc comments', () => {
  test('bad first words', () => {
    for (const first of ['What', 'Who', 'Whoever', 'Whatever', 'Of', 'Whether what']) {
      const want = [`1: the doc comment begins with "${first}"`];
      assert.deepEqual(inRust(`/// ${first} is known.\nfn f() {}\n`), want);
      assert.deepEqual(inRust(`//! ${first} is known.\n`), want);
      assert.deepEqual(inScript(`/** ${first} is known. */\n`), want);
      assert.deepEqual(inScript(`/**\n * ${first} is known.\n */\n`), [`2: the doc comment begins with "${first}"`]);
    }
  });

  test('good first words', () => {
    for (const first of ['Returns', 'A', 'Whether the', 'Offers', 'Whose', 'Whatsoever', '`What`']) {
      assert.deepEqual(inRust(`/// ${first} value.\n`), []);
      assert.deepEqual(inScript(`/** ${first} value. */\n`), []);
    }
  });

  test('only the first line of a block begins it', () => {
    assert.deepEqual(inRust('/// Returns the value.\n///\n/// What follows is the reason.\n'), []);
    assert.deepEqual(inRust('fn f() {}\n\n    /// Of these.\n'), ['3: the doc comment begins with "Of"']);
    assert.deepEqual(inRust('//// What is commented out.\n// What an ordinary comment says.\n'), []);
  });

  test('a block between two items is a block of its own', () => {
    assert.deepEqual(inRust('/// Good.\na: u8,\n/// What is bad.\nb: u8,\n'), [
      '3: the doc comment begins with "What"',
    ]);
  });

  test('globs in code are not comments', () => {
    assert.deepEqual(inScript("const all = ['tests/**/*.js', '**/x'];\n"), []);
  });
});

describe('phrases', () => {
  test('in doc comments, comments and pages', () => {
    assert.deepEqual(inRust('/// A value.\n/// It is no list.\n'), ['2: "is no"']);
    assert.deepEqual(inRust('    // Held against the model.\n'), ['1: "Held against"']);
    assert.deepEqual(inScript('/** A text of which nobody knows the length. */\n'), ['1: "of which nobody"']);
    assert.deepEqual(inPage('# Page\n\nIt is as good as\nnone, in so many words.\n'), [
      '3: "as good as"',
      '4: "so many"',
    ]);
    assert.deepEqual(inPage('Mend the cause.\n'), ['1: "Mend"']);
  });

  test('over the end of a line', () => {
    assert.deepEqual(inPage('This is\nno list.\n'), ['1: "is no"']);
  });

  test('good English', () => {
    for (const good of [
      'There is no plan.',
      'There\nis no plan.',
      'It is no longer used.',
      'It is no more than a hint.',
      'It is no larger than that.',
      'It is not a list.',
      'We recommend it, and amend the page.',
      'Set `is no list` there.',
      'Good enough, and many so far.',
    ]) {
      assert.deepEqual(inPage(`${good}\n`), [], good);
    }
  });

  test('not in code', () => {
    assert.deepEqual(inRust('/// Checks.\n///\n/// ```\n/// // This is no prose.\n/// ```\n'), []);
    assert.deepEqual(inRust('let text = "it is no list";\n'), []);
    assert.deepEqual(
      inPage('```\nis no list\n```\n\n~~~js\nso many\n~~~\n\n- item\n\n  ```yaml\n  mend: 1\n  ```\n'),
      [],
    );
    assert.deepEqual(inPage('````\n```\nis no list\n````\n\nThis is no list.\n'), ['6: "is no"']);
  });
});

describe('headings', () => {
  test('bad first words', () => {
    assert.deepEqual(inPage('# Page\n\n## What is stored\n\n### Of events\n'), [
      '3: the heading begins with "What"',
      '5: the heading begins with "Of"',
    ]);
  });

  test('good ones, and comments in code', () => {
    assert.deepEqual(inPage('## Stored data\n\n```sh\n# What this does\n```\n\n## `What`\n'), []);
  });
});

describe('sentences', () => {
  test('of 35 words are good, of 36 are not', () => {
    assert.deepEqual(inPage(`First ${words(34)}. Second ${words(34)}.\n`), []);
    assert.deepEqual(inPage(`Short.\nLong ${words(35)}.\n`), [
      '2: a sentence of 36 words ("Long word0 word1 word2 word3 word4 …")',
    ]);
  });

  test('in list items, quotes and over lines', () => {
    const long = `Long ${words(20)}\n  ${words(20)}.`;
    assert.equal(inPage(`- ${long}\n`).length, 1);
    assert.equal(inPage(`1. ${long}\n`).length, 1);
    assert.equal(inPage(`> ${long}\n`).length, 1);
    assert.equal(inPage(`- ${words(20)}\n- ${words(20)}\n`).length, 0);
  });

  test('end before a quote, a bracket, code and a number', () => {
    for (const next of ['"Then', '(Then', '`then`', '42', '**Then**', '[Then](x)']) {
      assert.deepEqual(inPage(`First ${words(30)}. ${next} ${words(30)}.\n`), [], next);
    }
    assert.deepEqual(inPage(`**First ${words(30)}.** Then ${words(30)}.\n`), []);
  });

  test('do not end after an abbreviation or within a number', () => {
    assert.equal(inPage(`First ${words(20)}, e.g. Segment 1.2 ${words(20)}.\n`).length, 1);
  });

  test('code, addresses and link targets are a word or nothing', () => {
    assert.deepEqual(inPage(`\`${words(40)}\` is code.\n`), []);
    assert.deepEqual(inPage(`\`${words(20)}\n${words(20)}\` is code.\n`), []);
    assert.deepEqual(inPage(`[A link](https://example.com/${words(1)} "${words(40)}") follows.\n`), []);
    assert.deepEqual(inPage(`<!-- ${words(40)} -->\n\n[ref]: https://example.com ${words(40)}\n`), []);
  });

  test('tables and code blocks are not sentences', () => {
    assert.deepEqual(inPage(`| ${words(40)} |\n|---|\n\n\`\`\`\n${words(40)}\n\`\`\`\n`), []);
  });
});

describe('commit subjects', () => {
  test('good ones', () => {
    for (const subject of [
      'docs: explain caps',
      'Cap exposures per session',
      'memo: preallocate eight entries',
      'Index it',
    ]) {
      assert.deepEqual(checkSubject(subject), [], subject);
    }
  });

  test('bad ones', () => {
    for (const first of ['A', 'An', 'The', 'What', 'In', 'Of']) {
      assert.equal(checkSubject(`${first} lint`)[0].what, `the subject begins with "${first}"`);
      assert.equal(checkSubject(`docs: ${first} lint`)[0].what, `the subject begins with "${first}"`);
    }
    assert.deepEqual(checkSubject(`Add ${'x'.repeat(68)}`), []);
    assert.equal(checkSubject(`Add ${'x'.repeat(69)}`)[0].what, 'the subject has 73 characters');
  });
});

test('an exception has a file, a text and a reason', () => {
  const [entry] = parseAllowed('# Comment\n\ndocs/a.md: is no list: really  # It quotes the standard.\n');
  assert.deepEqual(entry, {
    line: 3,
    file: 'docs/a.md',
    text: 'is no list: really',
    reason: 'It quotes the standard.',
  });
  for (const bad of ['docs/a.md: is no list', 'docs/a.md: is no list  # ', 'is no list  # Why.']) {
    assert.throws(() => parseAllowed(bad), /expected/, bad);
  }
});

test('the command prints each finding with its place and fails', () => {
  const tool = fileURLToPath(new URL('../../tools/prose.mjs', import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), 'prose-'));
  try {
    writeFileSync(join(directory, 'a.rs'), '/// What is known.\n');
    writeFileSync(join(directory, 'b.rs'), '/// Returns the state.\n');
    const run = (name) => spawnSync(process.execPath, [tool, join(directory, name)], { encoding: 'utf8', cwd: '/' });
    assert.equal(run('b.rs').status, 0);
    const { status, stdout } = run('a.rs');
    assert.equal(status, 1);
    assert.match(stdout, /a\.rs:1: the doc comment begins with "What": say what it returns or is/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
