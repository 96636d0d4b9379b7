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
      rules: [{ key: 'wording', hashAttribute: 'id', hashVersion: 2, variations: ['old', 'new'], meta: [{ key: 'a' }, { key: 'b' }] }],
    },
    first: { defaultValue: 1, rules: [{ parentConditions: [{ id: 'first', condition: { value: 1 } }], force: 2 }] },
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
    client.get_integer_details("first", 7, someone()),
    client.get_string_details("colour", "mine", EvaluationContext(None, {"country": "DE"})),
    client.get_string_details("colour", "mine"),
]
print(json.dumps([[found.value, str(found.reason and found.reason.value if hasattr(found.reason, "value") else found.reason),
                   found.variant, found.error_code.value if found.error_code else None] for found in asked]))
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
    [7, 'ERROR', null, 'GENERAL'],
    ['mine', 'ERROR', null, 'TARGETING_KEY_MISSING'],
    ['mine', 'ERROR', null, 'INVALID_CONTEXT'],
  ]);
  assert.ok(['old', 'new'].includes(split[0]) && ['a', 'b'].includes(split[2]) && split[1] === 'SPLIT', String(split));
});

test("schemathesis finds no answer that the protocol's document does not allow", async (t) => {
  const document = conformance(t, 'ofrep-protocol/service/openapi.yaml');
  const run = document && python(t);
  if (!run) return;
  const text = readFileSync(document, 'utf8');
  // A value without a constraint is of two of these types, so that the document's own examples are not valid.
  const types = 'oneOf:\n            - $ref: "#/components/schemas/booleanFlag"';
  assert.ok(text.includes(types));
  // Keys that stand for nobody are refused.
  const key = 'targetingKey:\n          type: string\n';
  assert.ok(text.includes(key));
  const changed = text
    .replace(types, types.replace('oneOf', 'anyOf'))
    .replace(key, `${key}          pattern: "^user-[a-z]{1,20}$"\n`);
  const file = join(mkdtempSync(join(tmpdir(), 'throughline-ofrep-')), 'openapi.yaml');
  writeFileSync(file, changed);
  // Refusals of other types are not in the document, and keys of an API are optional.
  const output = await run(
    [
      'run',
      file,
      '--url',
      edge.url,
      '--exclude-checks=ignored_auth,unsupported_method',
      '--max-examples=40',
      '--seed=1',
      '--generation-deterministic',
      '--no-color',
    ],
    { module: 'schemathesis.cli' },
  ).catch((error) => assert.fail(error.stdout || error.message));
  assert.match(output, /No issues found/);
});
