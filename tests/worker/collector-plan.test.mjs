// The plan in a cold isolate: what arrives before it is loaded counts as well, once.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SERVER_KEY, call, identify, someone, startCollector, track } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

const REFUSAL = { 'channel.whatsapp': false };
const refusal = (who) => call('track', { ...who, event: 'Consent Preference Updated', properties: REFUSAL });

test('a batch that is the first request after a restart counts in the profiles of people who are known', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-plan-'));
  const vars = { REFRESH: '30' };
  const people = Array.from({ length: 20 }, someone);
  let collector = await startCollector({ persist, killable: true, vars });
  try {
    await collector.batch(
      people.flatMap((who) => [identify(who, { firstName: 'Ann' }), track(who, 'Product Added')]),
      { key: SERVER_KEY },
    );
    await collector.kill();
    collector = await startCollector({ persist, killable: true, vars });
    const { status } = await collector.batch(
      people.flatMap((who) => [track(who, 'Product Added'), refusal(who)]),
      {
        key: SERVER_KEY,
      },
    );
    assert.equal(status, 200);
    for (const { userId } of people) {
      const { consent, counters } = await collector.profile(`user_id:${userId}`);
      assert.equal(consent['channel.whatsapp'], 'denied', userId);
      assert.deepEqual(
        Object.values(counters).map((stamps) => stamps.length),
        [2],
        userId,
      );
    }
  } finally {
    await collector.kill();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('events of a known person that are applied without a plan are reduced by the next load with the same plan', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'throughline-plan-'));
  const who = someone();
  const expected = async (collector, count) => {
    const { consent, counters } = await collector.profile(`user_id:${who.userId}`);
    assert.deepEqual(
      [consent['channel.whatsapp'], ...Object.values(counters).map((stamps) => stamps.length)],
      ['denied', count],
    );
  };
  let collector = await startCollector({ persist });
  try {
    await collector.batch([track(who, 'Product Added')], { key: SERVER_KEY });
    const plans = await collector.plans();
    await collector.unpublish();
    await collector.stop();
    // The same data, but KV has no plan.
    collector = await startCollector({ persist, rules: null });
    await collector.batch([track(who, 'Product Added'), refusal(who)], { key: SERVER_KEY });
    assert.equal((await collector.get('/v1/health')).body.plan, null);
    await collector.restore(plans);
    await eventually(() => expected(collector, 2), 10_000);
  } finally {
    await collector.stop();
    rmSync(persist, { recursive: true, force: true });
  }
});

test('health tells of a plan that cannot be opened, and the last good one stays', async () => {
  const collector = await startCollector({ vars: { REFRESH: '0' } });
  try {
    const health = async () => (await collector.get('/v1/health')).body;
    const { plan } = await health();
    assert.deepEqual(await health(), { status: 'ok', plan, problems: [] });
    const plans = await collector.plans();
    const newer = [
      ['plan:current', Buffer.from('{"edge":"0123456789abcdef","public":""}').toString('base64')],
      ['plan:0123456789abcdef', Buffer.from('sealed by nobody').toString('base64')],
    ];
    await collector.restore(newer);
    const { problems, ...rest } = await health();
    assert.deepEqual(rest, { status: 'degraded', plan });
    assert.match(problems.join(), /^`plan:0123456789abcdef`: ./);
    await collector.restore(plans);
    assert.deepEqual(await health(), { status: 'ok', plan, problems: [] });
  } finally {
    await collector.stop();
  }
});
