// Law: templates render as in liquidjs, except for the differences in `docs/templates.md`.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Liquid } from 'liquidjs';
import { attributes, generate } from '../liquid/generate.mjs';
import { cliPath } from '../support/edge.mjs';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const catalogue = {
  boots: { title: 'Boots', price: 149.5 },
  cup: { title: 'Cup', price: 9.9 },
  tent: { title: 'Tent', price: 1299 },
};
const things = Object.entries(catalogue).map(([id, fields]) => ({ id, ...fields }));

/** Returns the core's output: for each person, the result of each template. */
function written(templates, people) {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-liquid-'));
  try {
    const each = (make) =>
      Object.fromEntries(templates.map((template, number) => [`t${number}`, make(template, `t${number}`)]));
    const rules = {
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, type]) => [name, { type, source: 'request' }]),
      ),
      slots: each(() => ({ type: 'json' })),
      channels: { web: {} },
      catalogue,
      lists: { all: {} },
      messages: each((template) => ({ renditions: [{ channel: 'web', json: { text: template } }] })),
      campaigns: each((_, id) => ({ class: 'service', slots: { [id]: id } })),
    };
    const facts = people.map((attributes) =>
      JSON.stringify({ now: NOW, profile: { subject: 'p' }, request: { attributes } }),
    );
    writeFileSync(join(directory, 'rules.json'), JSON.stringify(rules));
    writeFileSync(join(directory, 'facts.ndjson'), facts.join('\n'));
    const run = ['simulate', join(directory, 'rules.json'), '--facts', join(directory, 'facts.ndjson')];
    const out = execFileSync(cliPath(), run, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const decisions = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return decisions.map(({ slots }) => templates.map((_, number) => slots[`t${number}`]?.json?.text));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Returns liquidjs with two of Shopify's behaviours: nil is `null` in JSON, and `'` is encoded in URLs. */
function liquid() {
  const engine = new Liquid({ timezoneOffset: 0 });
  engine.registerFilter('json', (value) => JSON.stringify(value ?? null));
  engine.registerFilter('url_encode', (value) =>
    encodeURIComponent(value ?? '')
      .replace(/%20/g, '+')
      .replaceAll("'", '%27'),
  );
  return engine;
}

test('the core writes what liquidjs writes', () => {
  const engine = liquid();
  let compared = 0;
  const different = [];
  const { templates, facts } = generate('make test', { templates: 500, people: 20 });
  const found = written(templates, facts);
  for (const [person, fact] of facts.entries()) {
    for (const [number, template] of templates.entries()) {
      const expected = engine.parseAndRenderSync(template, { ...fact, lists: { all: things } });
      compared += 1;
      if (found[person][number] !== expected)
        different.push({ template, fact, expected, found: found[person][number] });
    }
  }
  different.sort((a, b) => a.template.length - b.template.length);
  assert.deepEqual(different.slice(0, 5), [], `${different.length} of ${compared} texts are different`);
  assert.ok(compared >= 10_000, 'nothing was compared');
});
