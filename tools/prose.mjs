// Checks the language of doc comments, Markdown pages and commit subjects; CONTRIBUTING.md has the rules:
//   node tools/prose.mjs [FILE...]
// Without files it checks all that git knows, and the commits since the rules began. A finding is printed as
// `file:line: what: suggestion`. tools/prose-allow.txt lists the exceptions.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ALLOW = 'tools/prose-allow.txt';
/** The last commit before the rules: earlier subjects stay as they are. */
const FIRST_COMMIT = '8aebb1738bd6ac1e0be4fc75f3904863c0ccc715';
const MAX_WORDS = 35;
const MAX_SUBJECT = 72;

/** The first words that turn a sentence into a noun. */
const OPENING = /^(What|Who|Whoever|Whatever|Of|Whether what)\b/;
const OPENING_OF_SUBJECT = /^(A|An|The|What|In|Of)\b/i;

const PHRASES = [
  [/\bof which nobody\b/i, 'name what is unknown ("text of unbounded length")'],
  // "there is no plan" and "is no longer" are good English.
  [/(?<!\bthere\s)\bis\s+no\s+(?!longer\b|different\b|(?:more|less|fewer|\w+er)\s+than\b)/i, 'write "is not a …"'],
  [/\bas\s+good\s+as\b/i, 'write "is treated as …"'],
  [/\bso\s+many\b/i, 'name the amount ("a percentage", "the given number")'],
  [/\bheld\s+against\b/i, 'write "checked against" or "compared with"'],
  [/\bmend(s|ed|ing)?\b/i, 'write "fix"'],
];

/** Abbreviations whose full stop does not end a sentence. */
const ABBREVIATION = /\b(e\.g|i\.e|vs|cf|approx|resp)\.$/i;

/** Returns the findings in a file: `{ line, what, suggestion, text }`. */
export function check(path, source) {
  if (path.endsWith('.md')) return markdown(source);
  if (path.endsWith('.rs')) return [...blocks(source, RUST_DOC).flatMap(docBlock), ...comments(source)];
  return [...jsDocs(source).flatMap(docBlock), ...comments(source)];
}

/** Returns the findings in a commit's subject. */
export function checkSubject(subject) {
  const found = [];
  const add = (what, suggestion) => found.push({ line: 1, what, suggestion, text: subject });
  if (subject.length > MAX_SUBJECT) {
    add(
      `the subject has ${subject.length} characters`,
      `shorten it to ${MAX_SUBJECT}, and put the reason into the body`,
    );
  }
  const [first] = OPENING_OF_SUBJECT.exec(subject.replace(/^[\w.,/-]+: /, '')) ?? [];
  if (first) add(`the subject begins with "${first}"`, 'write an area and an imperative ("docs: explain caps")');
  return found;
}

/** Returns the exceptions in an allow list: a file, a part of the text that is found there, and the reason. */
export function parseAllowed(source) {
  return source.split('\n').flatMap((line, index) => {
    if (!line.trim() || line.startsWith('#')) return [];
    const [, file, text, reason] = /^(\S+): (.+?)\s+# (.+)$/.exec(line) ?? [];
    if (!reason) throw new Error(`${ALLOW}:${index + 1}: expected \`FILE: TEXT  # REASON\``);
    return [{ line: index + 1, file, text, reason }];
  });
}

const RUST_DOC = /^\s*\/\/(?:!|\/(?!\/))\s?/;
const COMMENT = /^\s*\/\/(?![/!])\s?/;

/** Returns runs of lines with a prefix, without it: `{ line, text }`. */
function blocks(source, prefix) {
  const found = [];
  let open;
  source.split('\n').forEach((line, index) => {
    if (!prefix.test(line)) {
      open = undefined;
      return;
    }
    const text = line.replace(prefix, '');
    if (open) open.text += `\n${text}`;
    else found.push((open = { line: index + 1, text }));
  });
  return found;
}

/** Returns the blocks between `/**` and its end. */
function jsDocs(source) {
  return [...source.matchAll(/^[ \t]*\/\*\*(?!\/)([\s\S]*?)\*\//gm)].map(({ index, 1: text }) => ({
    line: lineAt(source, index),
    text: text.replace(/^[ \t]*\* ?/gm, '').replace(/^ /, ''),
  }));
}

function docBlock({ line, text }) {
  const prose = withoutFences(text);
  const begin = prose.search(/\S/);
  if (begin < 0) return [];
  const found = opening(prose.slice(begin).split('\n')[0], line + lineAt(prose, begin) - 1, 'the doc comment');
  return [...found, ...phrases(withoutCode(prose), line)];
}

function comments(source) {
  return blocks(source, COMMENT).flatMap(({ line, text }) => phrases(withoutCode(text), line));
}

function opening(text, line, where) {
  const [first] = OPENING.exec(text) ?? [];
  if (!first) return [];
  const suggestion =
    where === 'the heading' ? 'name the subject' : 'say what it returns or is ("Returns …", "A …", "Checks …")';
  return [{ line, what: `${where} begins with "${first}"`, suggestion, text }];
}

function phrases(text, line) {
  return PHRASES.flatMap(([pattern, suggestion]) =>
    [...text.matchAll(new RegExp(pattern, 'gi'))].map(({ 0: found, index }) => ({
      line: line + lineAt(text, index) - 1,
      what: `"${found.trim().replace(/\s+/g, ' ')}"`,
      suggestion,
      text: text.split('\n')[lineAt(text, index) - 1],
    })),
  );
}

/** Returns the findings in a Markdown page. Code, tables, comments and link targets are not prose. */
function markdown(source) {
  const found = [];
  for (const { line, kind, text } of markdownBlocks(source)) {
    const prose = inline(text);
    if (kind === 'heading') found.push(...opening(prose, line, 'the heading'));
    found.push(...phrases(prose, line));
    for (const { at, sentence } of sentences(prose)) {
      const words = wordsOf(sentence);
      if (words <= MAX_WORDS) continue;
      const text = sentence.replace(/\s+/g, ' ');
      const what = `a sentence of ${words} words ("${text.split(' ').slice(0, 6).join(' ')} …")`;
      found.push({ line: line + lineAt(prose, at) - 1, what, suggestion: `split it at ${MAX_WORDS} or earlier`, text });
    }
  }
  return found;
}

/** Returns the headings, paragraphs and list items of a page. */
function markdownBlocks(source) {
  const found = [];
  let open;
  const text = withoutFences(source).replaceAll(/<!--[\s\S]*?-->/g, blank);
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/^\s*(?:>\s?)+/, '');
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    const isSkipped = /^\s*$|^\s*\||^\s*\[[^\]]+\]:\s|^\s*([-*_=])(\s*\1){2,}\s*$/.test(line);
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ x]\]\s+)?/.exec(line);
    if (heading) {
      found.push({ line: index + 1, kind: 'heading', text: heading[1] });
      open = undefined;
    } else if (isSkipped) {
      open = undefined;
    } else if (item || !open) {
      found.push((open = { line: index + 1, kind: 'prose', text: line.slice(item?.[0].length ?? 0) }));
    } else {
      open.text += `\n${line.trim()}`;
    }
  });
  return found;
}

/** Returns the text that a reader sees, with a word for each piece of code or address. Lines stay where they are. */
function inline(text) {
  return withoutCode(text)
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, blank)
    .replaceAll(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replaceAll(/<?https?:\/\/[^\s>)]+>?/g, 'URL')
    .replaceAll(/<\/?[a-z][^>]*>/gi, blank)
    .replaceAll(/\*\*|__|(?<![\w*])[*_](?=\S)|(?<=\S)[*_](?![\w*])/g, '');
}

/** Replaces code between backticks by one word. */
function withoutCode(text) {
  return text.replaceAll(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g, (code) => `CODE${blank(code)}`);
}

/** Replaces fenced code by empty lines. */
function withoutFences(text) {
  let fence;
  return text
    .split('\n')
    .map((line) => {
      const [, mark] = /^[\s>]*(?:[-*+]\s+)?(`{3,}|~{3,})/.exec(line) ?? [];
      if (fence) {
        if (mark?.startsWith(fence) && /^[\s>]*[`~]+\s*$/.test(line)) fence = undefined;
        return '';
      }
      fence = mark;
      return mark ? '' : line;
    })
    .join('\n');
}

/** Returns the sentences of a paragraph, and where they begin. */
function sentences(text) {
  const found = [];
  let from = 0;
  const push = (to) => {
    const part = text.slice(from, to);
    if (part.trim()) found.push({ at: from + part.search(/\S/), sentence: part.trim() });
    from = to;
  };
  for (const { 0: end, index } of text.matchAll(/[.!?]["'”’)\]]*(?=\s+["'“‘([]*[\p{Lu}\p{N}])/gu)) {
    if (end[0] === '.' && ABBREVIATION.test(text.slice(from, index + 1))) continue;
    push(index + end.length);
  }
  push(text.length);
  return found;
}

function wordsOf(sentence) {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

function blank(text) {
  return text.replaceAll(/[^\n]/g, '');
}

function lineAt(text, index) {
  return text.slice(0, index).split('\n').length;
}

/** Returns the output of git, or `undefined` where there is no repository or not that commit. */
function git(...args) {
  try {
    return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

/** Returns the files to check: those that git knows, and new ones that it does not ignore. */
function files() {
  const known = git('ls-files', '--cached', '--others', '--exclude-standard');
  const all =
    known?.split('\n') ??
    readdirSync(root, { recursive: true }).filter((path) => !/(^|\/)(node_modules|target|build|\.git)\//.test(path));
  return all.filter((path) => /\.(md|rs|js|mjs|ts)$/.test(path) && existsSync(join(root, path)));
}

/** Returns the findings in commits since the rules began, or `undefined` in a shallow clone, which does not have that commit. */
function commits() {
  if (git('merge-base', '--is-ancestor', FIRST_COMMIT, 'HEAD') === undefined) return undefined;
  const log = git('log', '--no-merges', '--format=%H %s', `${FIRST_COMMIT}..HEAD`) ?? '';
  return log
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const [, hash, subject] = /^(\S+) (.*)$/.exec(line);
      return checkSubject(subject).map((finding) => ({ ...finding, file: `commit-${hash.slice(0, 7)}` }));
    });
}

function main() {
  const named = process.argv.slice(2);
  const paths = named.length ? named.map((path) => relative(root, resolve(path))) : files();
  const inFiles = paths.flatMap((file) =>
    check(file, readFileSync(join(root, file), 'utf8')).map((finding) => ({ ...finding, file })),
  );
  const inCommits = named.length ? undefined : commits();
  const all = [...inFiles, ...(inCommits ?? [])];

  const allowed = parseAllowed(readFileSync(join(root, ALLOW), 'utf8'));
  const used = new Set();
  const found = all.filter((finding) => {
    const entry = allowed.find(({ file, text }) => file === finding.file && finding.text.includes(text));
    if (entry) used.add(entry);
    return !entry;
  });
  for (const { file, line, what, suggestion } of found) console.log(`${file}:${line}: ${what}: ${suggestion}`);
  const couldFind = ({ file }) => !named.length && (inCommits || !file.startsWith('commit-'));
  const unused = allowed.filter((entry) => couldFind(entry) && !used.has(entry));
  for (const { line, text } of unused) console.log(`${ALLOW}:${line}: "${text}" is not found any more: remove it`);
  if (found.length + unused.length) {
    console.error(`error: ${found.length + unused.length} findings; ${ALLOW} is for exceptions, each with its reason`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
