// The example in front of the crate `throughline-browser` (browser/src/lib.rs) runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { initSync, Core } from '../../pkg/wasm/core.js';
import { newKeys, publish } from '../support/edge.mjs';

const rules = {
  version: 1,
  policies: { consent: { default: 'granted' } },
  slots: { hero: { pages: ['/'], public: true } },
  channels: { web: {} },
  messages: { hello: { renditions: [{ channel: 'web', html: '<b>Hello</b>' }] } },
  campaigns: {
    greet: { class: 'service', slots: { hero: 'hello' }, caps: [{ max: 9, per: 'total' }] },
  },
};

test('the example of the crate runs', () => {
  const source = readFileSync(new URL('../../browser/src/lib.rs', import.meta.url), 'utf8');
  const docs = [...source.matchAll(/^\/\/! ?(.*)$/gm)].map(([, line]) => line).join('\n');
  const [, example] = /^```js\n([\s\S]*?)^```$/m.exec(docs);
  const published = publish(rules, newKeys());
  const plan = [...published].find(([key]) => key.startsWith('public:'))[1];
  initSync({ module: readFileSync(new URL('../../pkg/wasm/core_bg.wasm', import.meta.url)) });
  new Function('assert', 'Core', 'plan', example)(assert, Core, plan);
});
