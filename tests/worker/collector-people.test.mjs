// People with identifiers of any type: found, merged under limits, told apart again, and counted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RULES, identify, newAlias, sleep, someone, startCollector, track } from '../support/collector.mjs';
import { eventually } from '../support/edge.mjs';

const IDENTITY = {
  identifiers: {
    email: { priority: 3, limit: 2, unique: true, normalise: 'email' },
    loyalty_id: { priority: 2, limit: 1 },
    crm_id: { priority: 4, limit: 5 },
    household: { priority: 9, limit: 5, unique: false },
  },
  blocked: ['test@example.com', { pattern: '^demo-' }],
};

let collector;
before(async () => (collector = await startCollector({ rules: { ...RULES, identity: IDENTITY } })));
after(() => collector.stop());

let count = 0;
const unique = () => `${process.pid}-${count++}`;
const mail = (name = 'ann') => `${name}.${unique()}@example.org`;
const names = (profile) => profile.events.map((event) => event.event ?? event.type).sort();
const ids = (list, more) => ({ ...more, context: { externalIds: list.map(([type, id]) => ({ type, id })) } });
const said = (event, list, who = {}) => ids(list, track(who, event));
const find = (id) => collector.profile(id);

test('a server may name a person by any identifier, as an external id or as a trait', async () => {
  const [email, loyalty, crm] = [mail(), unique(), unique()];
  const [first] = await collector.trusted(
    said('Bought', [['loyalty_id', loyalty]], { anonymousId: someone().anonymousId }),
  );
  assert.equal(first.result, 'ok');
  await collector.trusted(
    identify({}, { email: ` ${email.toUpperCase()} `, loyalty_id: loyalty, crm_id: Number.MAX_SAFE_INTEGER - count }),
  );
  await collector.trusted(
    said('Returned', [
      ['email', email],
      ['crm_id', crm],
    ]),
  );
  const profile = await find(`loyalty_id:${loyalty}`);
  assert.deepEqual(names(profile), ['Bought', 'Returned', 'identify']);
  assert.deepEqual(profile.identities.email, [email.toLowerCase()]);
  for (const id of [`email:${email.toUpperCase()}`, `crm_id:${crm}`])
    assert.equal((await find(id)).subject, profile.subject);
});

test('what pages say is a trait, and names nobody', async () => {
  const [email, who] = [mail(), someone()];
  await collector.trusted(identify({}, { email, firstName: 'Ann' }));
  await collector.untrusted(ids([['email', email]], identify({ anonymousId: who.anonymousId }, { email })));
  assert.deepEqual(names(await find(`email:${email}`)), ['identify']);
  const [dropped] = await collector.untrusted(said('Alone', [['email', email]]));
  assert.equal(dropped.result, 'drop');
});

test('blocked values, placeholders and what has not the form of its type name nobody', async () => {
  for (const [type, id] of [
    ['email', 'test@example.com'],
    ['email', 'demo-1@example.org'],
    ['email', 'no address'],
    ['loyalty_id', 'N/A'],
    ['loyalty_id', '{{loyalty}}'],
  ]) {
    const { userId } = someone();
    const [{ result, details }] = await collector.trusted(said('A', [[type, id]], { userId }));
    assert.equal(result, 'warning', id);
    assert.match(details, /not a usable id/);
    assert.deepEqual((await find(`user_id:${userId}`)).identities[type], undefined);
  }
  const { userId } = someone();
  const [{ result }] = await collector.trusted(
    said(
      'A',
      [
        ['ios.push_token', 'x'],
        ['email', null],
      ],
      { userId },
    ),
  );
  assert.equal(result, 'ok', 'types that the rules do not know are left alone');
});

test('two numbers as ids beyond 2^53 stay two', async () => {
  const raw = (id) =>
    `{"batch":[{"type":"identify","messageId":"big-${id}","traits":{"loyalty_id":${id},"firstName":"${id}"}},` +
    `{"type":"track","event":"Bought","messageId":"bought-${id}","context":{"externalIds":[{"type":"loyalty_id","id":${id}}]}}]}`;
  const headers = { authorization: `Basic ${Buffer.from('test-server:').toString('base64')}` };
  const numbers = ['1234567890123456788', '1234567890123456789'];
  for (const id of numbers) await collector.post('/v1/batch', raw(id), headers);
  for (const id of numbers) {
    const profile = await find(`loyalty_id:${id}`);
    assert.equal(profile.traits.firstName, id);
    assert.deepEqual(names(profile), ['Bought', 'identify']);
  }
});

/** Makes two people with the same e-mail address in two sources. Returns the calls that tell each apart. */
async function twoSources() {
  const [email, loyalty, crm] = [mail(), unique(), unique()];
  const device = someone().anonymousId;
  await collector.trusted(
    ids([['crm_id', crm]], identify({ anonymousId: device }, { city: 'Graz' })),
    said('Of CRM', [['crm_id', crm]]),
    said('Product Added', [['crm_id', crm]]),
  );
  await collector.trusted(
    ids([['loyalty_id', loyalty]], identify({}, { firstName: 'Ann' })),
    said('Of Loyalty', [['loyalty_id', loyalty]]),
    said('Product Added', [['loyalty_id', loyalty]]),
  );
  return { email, loyalty, crm, device };
}

test('two people with one identifier become one: the better identifier stays', async () => {
  const { email, loyalty, crm, device } = await twoSources();
  const loser = await find(`crm_id:${crm}`);
  const winner = await find(`loyalty_id:${loyalty}`);
  assert.notEqual(loser.subject, winner.subject);
  await collector.trusted(
    said('A', [
      ['crm_id', crm],
      ['email', email],
    ]),
  );
  await collector.trusted(
    said('B', [
      ['loyalty_id', loyalty],
      ['email', email],
    ]),
  );
  const profile = await find(`email:${email}`);
  assert.equal(profile.subject, winner.subject, 'priority 2 before 4, although the other one is older');
  assert.deepEqual(names(profile), [
    'A',
    'B',
    'Of CRM',
    'Of Loyalty',
    'Product Added',
    'Product Added',
    'identify',
    'identify',
  ]);
  assert.deepEqual(profile.traits, { city: 'Graz', firstName: 'Ann' });
  assert.equal(Object.values(profile.counters)[0].length, 2);
  assert.deepEqual(profile.identities, {
    anonymous_id: [device],
    crm_id: [crm],
    email: [email],
    loyalty_id: [loyalty],
    user_id: [],
  });
  for (const id of [`crm_id:${crm}`, `anonymous_id:${device}`, `subject:${loser.subject}`])
    assert.equal((await find(id)).subject, winner.subject);
});

test('a merge that would exceed a limit is blocked, recorded once, and both stay', async () => {
  const [email, one, two] = [mail(), unique(), unique()];
  await collector.trusted(
    said('One', [
      ['loyalty_id', one],
      ['email', email],
    ]),
  );
  for (let i = 0; i < 3; i++)
    await collector.trusted(
      said('Two', [
        ['loyalty_id', two],
        ['email', email],
      ]),
    );
  const [first, second] = [await find(`loyalty_id:${one}`), await find(`loyalty_id:${two}`)];
  assert.deepEqual(names(first), ['One']);
  assert.deepEqual(names(second), ['Two', 'Two', 'Two']);
  assert.equal((await find(`email:${email}`)).subject, first.subject);
  const conflicts = [...first.conflicts, ...second.conflicts];
  assert.equal(conflicts.length, 1);
  assert.deepEqual(
    [conflicts[0].kind, conflicts[0].identifier, conflicts[0].source],
    ['merge', `email:${email}`, 'server'],
  );
  assert.match(conflicts[0].reason, /loyalty_id/);
});

test('an identifier beyond the limit of its type is not added, and recorded', async () => {
  const [loyalty, emails] = [unique(), [mail(), mail(), mail()]];
  for (const email of emails)
    await collector.trusted(
      said('A', [
        ['loyalty_id', loyalty],
        ['email', email],
      ]),
    );
  const profile = await find(`loyalty_id:${loyalty}`);
  assert.deepEqual(profile.identities.email, emails.slice(0, 2).sort());
  assert.deepEqual(
    profile.conflicts.map(({ kind, identifier }) => [kind, identifier]),
    [['identifier', `email:${emails[2]}`]],
  );
  assert.equal(profile.events.length, 3);
});

test('an identifier that is not unique merges nobody, and is found at who had it first', async () => {
  const [household, one, two] = [unique(), unique(), unique()];
  await collector.trusted(
    said('One', [
      ['loyalty_id', one],
      ['household', household],
    ]),
  );
  await collector.trusted(
    said('Two', [
      ['loyalty_id', two],
      ['household', household],
    ]),
  );
  const [first, second] = [await find(`loyalty_id:${one}`), await find(`loyalty_id:${two}`)];
  assert.notEqual(first.subject, second.subject);
  assert.deepEqual([first.identities.household, second.identities.household], [[household], [household]]);
  assert.equal((await find(`household:${household}`)).subject, first.subject);
});

test('people who are merged from both sides at the same moment become one, with every event once', async () => {
  for (let round = 0; round < 4; round++) {
    const { email, loyalty, crm } = await twoSources();
    const calls = [
      said('A', [
        ['crm_id', crm],
        ['email', email],
      ]),
      said('B', [
        ['loyalty_id', loyalty],
        ['email', email],
      ]),
      said('C', [
        ['crm_id', crm],
        ['loyalty_id', loyalty],
      ]),
      said('D', [
        ['loyalty_id', loyalty],
        ['crm_id', crm],
      ]),
    ];
    await Promise.all(calls.map((one) => collector.trusted(one)));
    await eventually(async () => {
      await collector.trusted(...calls);
      const profile = await find(`crm_id:${crm}`);
      assert.equal(profile.subject, (await find(`loyalty_id:${loyalty}`)).subject);
      assert.equal(profile.subject, (await find(`email:${email}`)).subject);
      assert.deepEqual(names(profile), [
        'A',
        'B',
        'C',
        'D',
        'Of CRM',
        'Of Loyalty',
        'Product Added',
        'Product Added',
        'identify',
        'identify',
      ]);
      assert.ok(profile.merged.every(({ done }) => done));
    }, 20_000);
  }
});

test('a merge is undone: each gets back what is theirs, and they are never merged again', async () => {
  const { email, loyalty, crm, device } = await twoSources();
  const [loser, winner] = [await find(`crm_id:${crm}`), await find(`loyalty_id:${loyalty}`)];
  await collector.trusted(
    said('A', [
      ['crm_id', crm],
      ['email', email],
    ]),
  );
  await collector.trusted(
    said('B', [
      ['loyalty_id', loyalty],
      ['email', email],
    ]),
  );
  await collector.trusted(
    said('Later Of CRM', [['crm_id', crm]]),
    said('Later Of Loyalty', [['loyalty_id', loyalty]]),
    track({ anonymousId: device }, 'Later Of Device'),
    said('Product Added', [['crm_id', crm]]),
    ids([['crm_id', crm]], identify({}, { city: 'Wien' })),
  );
  const merged = await find(`email:${email}`);
  assert.equal(merged.traits.city, 'Wien');
  const answer = await collector.unmerge(`loyalty_id:${loyalty}`, loser.subject);
  assert.deepEqual([answer.status, answer.body], [200, { profile: winner.subject, unmerged: loser.subject }]);
  await eventually(async () => {
    const [theirs, mine] = [await find(`crm_id:${crm}`), await find(`loyalty_id:${loyalty}`)];
    assert.deepEqual([theirs.subject, mine.subject], [loser.subject, winner.subject]);
    assert.deepEqual(
      mine.merged.map(({ state }) => state),
      ['undone'],
    );
    assert.deepEqual(names(theirs), [
      'A',
      'Later Of CRM',
      'Later Of Device',
      'Of CRM',
      'Product Added',
      'Product Added',
      'identify',
      'identify',
    ]);
    assert.deepEqual(names(mine), ['B', 'Later Of Loyalty', 'Of Loyalty', 'Product Added', 'identify']);
    assert.deepEqual([theirs.traits, mine.traits], [{ city: 'Wien' }, { firstName: 'Ann' }]);
    assert.deepEqual(
      [theirs, mine].map(({ counters }) => Object.values(counters)[0].length),
      [2, 1],
    );
    assert.deepEqual(theirs.identities, { anonymous_id: [device], crm_id: [crm], email: [email], user_id: [] });
    assert.deepEqual(mine.identities, { anonymous_id: [], loyalty_id: [loyalty], user_id: [] });
  });
  assert.equal((await collector.unmerge(`loyalty_id:${loyalty}`, loser.subject)).status, 200, 'again: nothing changes');
  await collector.trusted(
    said('B again', [
      ['loyalty_id', loyalty],
      ['email', email],
    ]),
  );
  const [theirs, mine] = [await find(`crm_id:${crm}`), await find(`loyalty_id:${loyalty}`)];
  assert.notEqual(theirs.subject, mine.subject);
  const conflicts = [...theirs.conflicts, ...mine.conflicts];
  assert.deepEqual(
    conflicts.map(({ kind }) => kind),
    ['merge'],
  );
  assert.match(conflicts[0].reason, /undone/);
});

test('journeys and deliveries of an undone merge go on where they belong, and send once', async () => {
  const { email, loyalty, crm } = await twoSources();
  const consent = { context: { consent: { categoryPreferences: { 'channel.push': true } } } };
  const loser = await find(`crm_id:${crm}`);
  await collector.trusted(
    said('A', [
      ['crm_id', crm],
      ['email', email],
    ]),
  );
  await collector.trusted(
    said('B', [
      ['loyalty_id', loyalty],
      ['email', email],
    ]),
  );
  assert.equal((await find(`email:${email}`)).journeys['abandoned-cart'].status, 'active');
  await collector.unmerge(`loyalty_id:${loyalty}`, loser.subject);
  await eventually(async () => {
    const [theirs, mine] = [await find(`crm_id:${crm}`), await find(`loyalty_id:${loyalty}`)];
    assert.notEqual(theirs.subject, mine.subject);
    for (const profile of [theirs, mine]) {
      assert.deepEqual(
        profile.deliveries.map(({ step }) => step),
        ['nudge'],
        JSON.stringify(consent),
      );
    }
  }, 15_000);
});

test('undoing what was not merged', async () => {
  const { loyalty, crm } = await twoSources();
  const { subject } = await find(`crm_id:${crm}`);
  assert.equal((await collector.unmerge(`loyalty_id:${loyalty}`, subject)).status, 404);
  assert.equal((await collector.unmerge('loyalty_id:unknown', subject)).status, 404);
  assert.equal((await collector.unmerge(`loyalty_id:${loyalty}`, subject, 'wrong')).status, 401);
});

test('a device that was merged into the wrong person goes back', async () => {
  const [alias, loyalty] = [newAlias(), unique()];
  const { anonymousId } = someone();
  await collector.untrusted(track({ anonymousId }, 'Of Device'), identify({ anonymousId }, { city: 'Graz' }));
  const before = await find(`anonymous_id:${anonymousId}`);
  await collector.trusted(said('Known', [['loyalty_id', loyalty]], { anonymousId: alias }));
  await collector.trusted(said('Joined', [['loyalty_id', loyalty]], { anonymousId }));
  const { subject, traits } = await find(`loyalty_id:${loyalty}`);
  assert.equal(traits.city, 'Graz');
  await collector.unmerge(`subject:${subject}`, before.subject);
  await eventually(async () => {
    const [device, person] = [await find(`anonymous_id:${anonymousId}`), await find(`loyalty_id:${loyalty}`)];
    assert.equal(device.subject, before.subject);
    assert.deepEqual(
      device.events.map(({ event, claimedBy }) => [event, claimedBy]),
      before.events.map(({ event }) => [event, undefined]),
    );
    assert.deepEqual([device.traits, person.traits], [{ city: 'Graz' }, {}]);
    assert.deepEqual(names(person), ['Joined', 'Known']);
  });
});

test('audit: records, people, conflicts and blocked merges, by source and in total', async () => {
  const keys = {
    crm: { source: 'crm', trusted: true },
    shop: { source: 'shop', trusted: true },
    web: { source: 'web' },
  };
  const audited = await startCollector({
    rules: { ...RULES, identity: IDENTITY },
    vars: { WRITE_KEYS: JSON.stringify(keys) },
  });
  const audit = async () => (await audited.get('/v1/reports/identity-audit')).body;
  const send = (key, ...calls) => audited.batch(calls, { key });
  try {
    assert.equal((await audited.get('/v1/reports/identity-audit', 'wrong')).status, 401);
    assert.deepEqual(await audit(), { total: { records: 0, people: 0, conflicts: 0, blocked: 0 }, sources: {} });
    const row = (list, traits) => ids(list, identify({}, traits));
    await send('crm', ...[1, 2, 3].map((n) => row([['crm_id', `c${n}`]], { email: `p${n}@example.org` })));
    await send(
      'shop',
      row([['loyalty_id', 'l1']], { email: 'p1@example.org' }),
      row([['loyalty_id', 'l2']], { email: 'p2@example.org' }),
    );
    const again = row([['loyalty_id', 'l1']], { email: 'p1@example.org' });
    await send('shop', again);
    await send('shop', again);
    await send('shop', row([['loyalty_id', 'l3']], { email: 'p1@example.org' }));
    await send(
      'shop',
      row(
        [
          ['loyalty_id', 'l1'],
          ['email', 'p1b@example.org'],
        ],
        { email: 'p1c@example.org' },
      ),
    );
    await send('shop', row([['loyalty_id', 'l4']]));
    await send(
      'shop',
      said('Both', [
        ['loyalty_id', 'l4'],
        ['email', 'p3@example.org'],
      ]),
    );
    await send('web', identify(someone(), { email: 'p1@example.org' }));
    const expected = {
      total: { records: 9, people: 4, conflicts: 1, blocked: 1 },
      sources: {
        crm: { records: 3, people: 3, conflicts: 0, blocked: 0 },
        shop: { records: 6, people: 4, conflicts: 1, blocked: 1 },
      },
    };
    await eventually(async () => assert.deepEqual(await audit(), expected));
    const winner = await audited.profile('loyalty_id:l4');
    await audited.unmerge('loyalty_id:l4', winner.merged[0].profile);
    await eventually(async () => {
      const { total, sources } = await audit();
      assert.deepEqual([total.records, total.people], [9, 5]);
      assert.deepEqual([sources.crm.people, sources.shop.people], [3, 4]);
    });
    await sleep(100);
    assert.equal((await audit()).total.people, 5);
  } finally {
    await audited.stop();
  }
});
