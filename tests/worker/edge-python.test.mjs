// OpenFeature's provider for Python evaluates features at the edge, and no request that the protocol's document allows gets an
// answer that it does not.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { conformance } from '../support/conformance.mjs';
import { newKeys, page, publish, startEdge, throughline } from '../support/edge.mjs';
import { python } from '../support/python.mjs';

const payload = {
  features: {
    'new-nav': { defaultValue: false, rules: [{ force: true }] },
    colour: { defaultValue: 'blue', rules: [{ id: 'german', condition: { country: 'DE' }, force: 'green' }] },
    limit: { defaultValue: 3 },
    rate: { defaultValue: 0.5 },
    layout: { defaultValue: { columns: [1, 2] } },
    nothing: { defaultValue: null },
    split: {
      defaultValue: 'none',
      rules: [
        {
          key: 'wording',
          hashAttribute: 'id',
          hashVersion: 2,
          variations: ['old', 'new'],
          meta: [{ key: 'a' }, { key: 'b' }],
        },
      ],
    },
  },
};

let edge;
before(async () => {
  const rules = mkdtempSync(join(tmpdir(), 'throughline-python-'));
  const file = join(mkdtempSync(join(tmpdir(), 'throughline-python-')), 'payload.json');
  writeFileSync(file, JSON.stringify(payload));
  throughline('import', 'growthbook', file, '--out', join(rules, 'growthbook.yaml'));
  const keys = newKeys();
  const origin = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page(''));
  edge = await startEdge({ keys, published: publish(rules, keys), origin });
});
after(() => edge.stop());

const CLIENT = `
import json, sys
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.contrib.provider.ofrep import OFREPProvider

api.set_provider(OFREPProvider(sys.argv[1]))
client = api.get_client()
someone = lambda **attributes: EvaluationContext("user-1", attributes)
asked = [
    client.get_boolean_details("new-nav", False, someone()),
    client.get_string_details("colour", "mine", someone(country="DE")),
    client.get_string_details("colour", "mine", someone(country="AT")),
    client.get_integer_details("limit", 0, someone()),
    client.get_float_details("rate", 0.0, someone()),
    client.get_object_details("layout", {}, someone()),
    client.get_string_details("nothing", "mine", someone()),
    client.get_string_details("split", "mine", someone()),
    client.get_string_details("unheard-of", "mine", someone()),
    client.get_string_details("colour", "mine", EvaluationContext(None, {"country": "DE"})),
    client.get_string_details("colour", "mine"),
]
name = lambda word: word and getattr(word, "value", word)
print(json.dumps([[found.value, name(found.reason), found.variant, name(found.error_code)] for found in asked]))
`;

test("OpenFeature's provider for Python takes every feature, with its variant", async (t) => {
  const run = python(t);
  if (!run) return;
  const found = JSON.parse(await run(['-', edge.url], { input: CLIENT }));
  const [split] = found.splice(7, 1);
  assert.deepEqual(found, [
    [true, 'STATIC', 'force', null],
    ['green', 'TARGETING_MATCH', 'german', null],
    ['blue', 'UNKNOWN', 'defaultValue', null],
    [3, 'STATIC', 'defaultValue', null],
    [0.5, 'STATIC', 'defaultValue', null],
    [{ columns: [1, 2] }, 'STATIC', 'defaultValue', null],
    ['mine', 'STATIC', 'defaultValue', null],
    ['mine', 'ERROR', null, 'FLAG_NOT_FOUND'],
    ['mine', 'ERROR', null, 'TARGETING_KEY_MISSING'],
    ['mine', 'ERROR', null, 'TARGETING_KEY_MISSING'],
  ]);
  assert.ok(['old', 'new'].includes(split[0]) && ['a', 'b'].includes(split[2]) && split[1] === 'SPLIT', String(split));
});

/** Returns the document with what the edge does differently on purpose, and without its own mistake. */
function corrected(document) {
  const changes = [
    // A value without a constraint is of two of these types, so that the document's own examples are not valid.
    [
      'oneOf:\n            - $ref: "#/components/schemas/booleanFlag"',
      'anyOf:\n            - $ref: "#/components/schemas/booleanFlag"',
    ],
    // Whole numbers are keys, too. Bodies of other types are refused.
    ['targetingKey:\n          type: string\n', 'targetingKey:\n          type: [string, integer]\n'],
    ['        "401":\n', '        "415":\n          description: Unsupported Media Type\n        "401":\n'],
    // Not read: the metadata of event streams, and keys of an API.
    [/ {8}- \$ref: "#\/components\/parameters\/flagConfig\w+"\n/, ''],
    ['security:\n  - ApiKeyAuth: []\n  - BearerAuth: []\n', 'security: []\n'],
  ];
  return changes.reduce((text, [found, replacement]) => {
    const parts = text.split(found);
    assert.ok(parts.length > 1, `the document has another form: ${found}`);
    return parts.join(replacement);
  }, document);
}

test("schemathesis finds no answer that the protocol's document does not allow", async (t) => {
  const document = conformance(t, 'ofrep-protocol/service/openapi.yaml');
  const run = document && python(t);
  if (!run) return;
  const file = join(mkdtempSync(join(tmpdir(), 'throughline-ofrep-')), 'openapi.yaml');
  writeFileSync(file, corrected(readFileSync(document, 'utf8')));
  const output = await run(
    [
      'run',
      file,
      '--url',
      edge.url,
      // Keys that stand for nobody, such as `null`, are refused though the document allows them.
      '--exclude-checks=unsupported_method,positive_data_acceptance',
      '--max-examples=40',
      '--seed=1',
      '--generation-deterministic',
      '--no-color',
    ],
    { module: 'schemathesis.cli' },
  ).catch((error) => assert.fail(error.stdout || error.message));
  const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(output) ?? assert.fail(output);
  assert.ok(generated === passed && Number(passed) >= 100, output);
});
