// Messages of the edge: signed and unsigned devices, tokens in force, rotation of ids, sign-out, refresh.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  RULES,
  edgeEvent,
  identify,
  newAlias,
  someone,
  startCollector,
  track,
  userHash,
} from '../support/collector.mjs';
import { claimsOf } from '../support/edge.mjs';

const persist = mkdtempSync(join(tmpdir(), 'throughline-devices-'));
let collector;
// A slot that depends on the name, so that the name is in tokens.
const rules = {
  ...RULES,
  campaigns: { hello: { class: 'promo', when: { firstName: { $exists: true } }, slots: { 'home.hero': 'hero' } } },
};
before(async () => (collector = await startCollector({ persist, rules })));
after(async () => {
  await collector.stop();
  rmSync(persist, { recursive: true, force: true });
});

const names = (profile) => profile.events.map((event) => event.event ?? event.type).sort();
const find = (profile, name) => profile.events.find(({ event }) => event === name);
const signed = (id, next) => ({ id, signed: true, ...(next && { next }) });
const proofOf = (token) => {
  const { sub, ver, exp } = claimsOf(token);
  return { sub, ver, exp };
};

/** Sends a message, and returns the body of the answer. */
async function send(message) {
  const { status, body } = await collector.edge(message);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Makes a person whom a server knows, with a token in force. */
async function known(traits = { firstName: 'Ann', loyalty: { tier: 'gold' } }) {
  const who = someone();
  await collector.trusted(identify({ userId: who.userId }, traits));
  const { token } = (await collector.token(`user_id:${who.userId}`)).body;
  return { ...who, token, proof: proofOf(token), subject: claimsOf(token).sub };
}

test('a signed device without a person: its profile is its alias, and it gets its own token', async () => {
  const id = newAlias();
  const events = [edgeEvent('Product Added'), edgeEvent('Product Viewed')];
  const answer = await send({ device: signed(id), events });
  assert.deepEqual(Object.values(answer.results), [{ result: 'ok' }, { result: 'ok' }]);
  const claims = claimsOf(answer.token);
  assert.deepEqual([claims.sub, claims.ver], [id, answer.ver]);
  const again = await send({ device: signed(id), events: events.map((event) => ({ ...event, at: event.at + 5 })) });
  assert.ok(Object.values(again.results).every(({ result }) => result === 'duplicate'));
  assert.equal(again.ver, answer.ver);
  const traits = { loyalty: { tier: 'gold' } };
  const said = (trusted) => [edgeEvent(undefined, { type: 'identify', traits, trusted })];
  await send({ device: signed(id), events: said(false) });
  assert.deepEqual((await collector.profile(`subject:${id}`)).traits, {});
  await send({ device: signed(id), events: said(true) });
  assert.deepEqual((await collector.profile(`subject:${id}`)).traits, traits);
});

test('an unsigned device gets no token, and its word about a person is a claim', async () => {
  const [id, person] = [newAlias(), await known()];
  const answer = await send({ device: { id, signed: false }, events: [edgeEvent('Product Added')] });
  assert.equal(answer.token, undefined);
  assert.deepEqual(names(await collector.profile(`device:${id}`)), ['Product Added']);
  await collector.trusted(identify({ anonymousId: id, userId: person.userId }));
  const traits = { firstName: 'PWND' };
  const consent = { 'channel.whatsapp': 'granted' };
  // The edge trusts what it observes itself, but not whose it is.
  const events = [true, false].map((trusted) => edgeEvent('Page Viewed', { type: 'page', traits, consent, trusted }));
  assert.equal((await send({ device: { id, signed: false }, events })).token, undefined);
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.equal(profile.traits.firstName, 'Ann');
  assert.equal(find(profile, 'Page Viewed').claimedBy, `device:${id}`);
  const own = [edgeEvent('Product Viewed')];
  const mine = await send({ device: signed(id), events: own });
  assert.equal(claimsOf(mine.token).sub, person.subject, 'the same device with its credential');
  assert.equal(find(await collector.profile(`user_id:${person.userId}`), 'Product Viewed').claimedBy, undefined);
});

test('a token in force links the device, and its events are the person’s', async () => {
  const [id, person] = [newAlias(), await known()];
  await send({ device: signed(id), events: [edgeEvent('Before')] });
  const answer = await send({ device: signed(id), proof: person.proof, events: [edgeEvent('Product Added')] });
  assert.equal(claimsOf(answer.token).sub, person.subject);
  const later = await send({ device: signed(id), events: [edgeEvent('Without a token')] });
  assert.equal(claimsOf(later.token).sub, person.subject);
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.deepEqual(names(profile), ['Before', 'Product Added', 'Without a token', 'identify']);
  assert.equal(find(profile, 'Before').claimedBy, `device:${id}`);
  assert.equal(find(profile, 'Product Added').claimedBy, undefined);
});

test('an app that keeps no cookies: every event is the person’s', async () => {
  const person = await known();
  for (let i = 0; i < 3; i++) {
    const answer = await send({ proof: person.proof, events: [edgeEvent(`Event ${i}`)] });
    assert.equal(claimsOf(answer.token).sub, person.subject);
  }
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.deepEqual(names(profile), ['Event 0', 'Event 1', 'Event 2', 'identify']);
  const other = someone();
  const claim = edgeEvent(undefined, { type: 'identify', userId: other.userId });
  const answer = await send({ proof: person.proof, events: [claim] });
  assert.equal(answer.results[claim.id].result, 'warning');
  assert.equal(claimsOf(answer.token).sub, person.subject);
  assert.equal((await collector.profile(`user_id:${person.userId}`)).events.length, 4);
});

test('a hand-over without an event links the device', async () => {
  const [id, person] = [newAlias(), await known()];
  const answer = await send({ device: signed(id), proof: person.proof, events: [] });
  assert.equal(claimsOf(answer.token).sub, person.subject);
  const later = await send({ device: signed(id), events: [edgeEvent('Later')] });
  assert.equal(claimsOf(later.token).sub, person.subject);
});

test('a hand-over token opens one browser, once, and carries no facts', async () => {
  const person = await known();
  const handOver = async (more) => {
    const body = JSON.stringify({ id: `user_id:${person.userId}`, use: 'hand-over', ...more });
    return collector.post('/v1/tokens', body, { authorization: 'Bearer test-secret' });
  };
  const { status, body } = await handOver();
  assert.equal(status, 200);
  const { tl, sub, iat, exp, jti } = claimsOf(body.token);
  assert.deepEqual([tl, sub, exp - iat], [undefined, person.subject, 120]);
  assert.match(jti, /^[0-9a-f]{32}$/);
  assert.equal((await handOver({ use: 'else' })).status, 400);
  assert.equal((await handOver({ id: 'user_id:nobody' })).status, 404);

  const id = newAlias();
  const redeem = (token, device = signed(id)) => collector.redeem({ handOver: token, device });
  const answers = await Promise.all([redeem(body.token), redeem(body.token, signed(newAlias()))]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409], 'of two at the same moment one');
  assert.equal((await redeem(body.token)).body.error.code, 'used_hand_over');
  const first = answers.find((answer) => answer.status === 200);
  assert.equal(claimsOf(first.body.token).sub, person.subject);
  for (const wrong of ['', 'x.y.z', person.token, `${body.token}x`])
    assert.equal((await redeem(wrong)).status, 401, wrong);
  assert.equal((await collector.redeem({ handOver: body.token }, 'wrong')).status, 401);

  const other = (await handOver()).body.token;
  assert.equal((await redeem(other)).status, 200);
  const later = await send({ device: signed(id), events: [edgeEvent('Later')] });
  assert.equal(claimsOf(later.token).sub, person.subject, 'the device is linked for good');
});

test('an expired token and a token of the edge prove nothing', async () => {
  const person = await known();
  const past = Math.floor(Date.now() / 1000) - 30 * 86_400;
  for (const proof of [
    { ...person.proof, exp: past },
    { ...person.proof, ver: 0 },
  ]) {
    const id = newAlias();
    const answer = await send({ device: signed(id), proof, events: [edgeEvent('Product Added')] });
    assert.equal(claimsOf(answer.token).sub, id);
    const refreshed = await collector.refresh({ device: signed(newAlias()), proof });
    assert.deepEqual(refreshed.body, {});
    const bearer = await collector.edge({ proof, events: [edgeEvent('Product Added')] });
    assert.deepEqual(
      Object.values(bearer.body.results).map(({ result }) => result),
      ['drop'],
    );
    assert.equal(bearer.body.token, undefined);
  }
  assert.deepEqual(names(await collector.profile(`user_id:${person.userId}`)), ['identify']);
});

test('a token that was in force when the visitor showed it counts, however long the message waited', async () => {
  const person = await known();
  const edge = { plan: 'p', at: Date.now() - 7_200_000 };
  const proof = { ...person.proof, exp: Math.floor(edge.at / 1000) + 5 };
  const { body } = await collector.edgeBatch([{ proof, events: [edgeEvent('Waited')], edge }]);
  assert.deepEqual(body, { kept: [0] });
  assert.ok(names(await collector.profile(`user_id:${person.userId}`)).includes('Waited'));
});

test('a claim on a device gets no token with the person’s facts, and moves no device that is linked', async () => {
  const [victim, person] = [await known(), await known()];
  const id = newAlias();
  const claim = () => [edgeEvent(undefined, { type: 'identify', userId: victim.userId })];
  const stranger = await send({ device: signed(id), events: claim() });
  assert.equal(claimsOf(stranger.token).sub, id, 'still the device');
  await send({ device: signed(id), proof: person.proof, events: [] });
  const linked = await send({ device: signed(id), events: claim() });
  assert.equal(Object.values(linked.results)[0].result, 'ok', 'the answer does not say whose the device is');
  assert.equal(claimsOf(linked.token).sub, person.subject);
  assert.deepEqual(names(await collector.profile(`user_id:${victim.userId}`)), ['identify']);
  assert.deepEqual(names(await collector.profile(`user_id:${person.userId}`)), ['identify']);
  const right = [edgeEvent(undefined, { type: 'identify', userId: person.userId })];
  await send({ device: signed(id), events: right });
  assert.deepEqual(names(await collector.profile(`user_id:${person.userId}`)), ['identify', 'identify']);
});

test('a userHash in an event of the edge signs in', async () => {
  const [id, person] = [newAlias(), await known()];
  const { userId } = person;
  const wrong = await send({
    device: signed(id),
    events: [edgeEvent(undefined, { type: 'identify', userId, userHash: 'x' })],
  });
  assert.equal(claimsOf(wrong.token).sub, id);
  const right = await send({
    device: signed(id),
    events: [edgeEvent(undefined, { type: 'identify', userId, userHash: userHash(userId) })],
  });
  assert.equal(claimsOf(right.token).sub, person.subject);
  const number = Math.floor(Math.random() * 1e9);
  const event = edgeEvent(undefined, { type: 'identify', userId: number, userHash: userHash(number) });
  const { results } = await send({ device: signed(newAlias()), events: [event] });
  assert.equal(results[event.id].result, 'ok');
  assert.notEqual(await collector.profile(`user_id:${number}`), undefined);
});

test('whatever is no alias is no device of the edge', async () => {
  const person = await known();
  for (const id of ['undefined', 'anonymous', person.subject, newAlias().toUpperCase(), `${newAlias()}0`]) {
    const { body } = await collector.edge({ device: signed(id), events: [edgeEvent('Product Added')] });
    assert.deepEqual(
      Object.values(body.results).map(({ result }) => result),
      ['drop'],
      id,
    );
    assert.equal(body.token, undefined);
  }
});

test('sign-in by a server: the device gets another id, and the old one ends', async () => {
  const [old, person] = [newAlias(), await known()];
  await send({ device: signed(old, newAlias()), events: [edgeEvent('Before')] });
  await collector.trusted(identify({ anonymousId: old, userId: person.userId }));
  const unoffered = await send({ device: signed(old), events: [edgeEvent('No offer')] });
  assert.equal(unoffered.device, undefined);
  const next = newAlias();
  const first = await send({ device: signed(old, next), events: [edgeEvent('Offer')] });
  assert.equal(first.device, next);
  const again = await collector.refresh({ device: signed(old, newAlias()) });
  assert.equal(again.body.device, next, 'a browser that lost the answer gets the same one');
  const seen = await send({ device: signed(next, newAlias()), events: [edgeEvent('Seen')] });
  assert.equal(seen.device, undefined, 'an id that was made after the sign-in stays');
  assert.equal(claimsOf(seen.token).sub, person.subject);
  const overlap = await send({ device: signed(old), events: [edgeEvent('On its way')] });
  assert.equal(claimsOf(overlap.token).sub, person.subject);
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.deepEqual(names(profile), ['Before', 'No offer', 'Offer', 'On its way', 'Seen', 'identify', 'identify']);
  assert.deepEqual(profile.identities.device, [old, next].sort());
});

test('a device that belongs to nobody keeps its id', async () => {
  const id = newAlias();
  const answer = await send({ device: signed(id, newAlias()), events: [edgeEvent('Product Added')] });
  assert.equal(answer.device, undefined);
  assert.equal((await collector.refresh({ device: signed(id, newAlias()) })).body.device, undefined);
});

test('sign-out: the id leads to nobody, and what waited under it is a claim', async () => {
  const [id, person] = [newAlias(), await known()];
  await send({ device: signed(id), proof: person.proof, events: [] });
  const out = await send({ device: signed(id), events: [edgeEvent('Last words')], signOut: true });
  assert.deepEqual([out.token, out.device], [undefined, undefined]);
  assert.deepEqual((await collector.refresh({ device: signed(id) })).body, {});
  const next = newAlias();
  const late = await send({ device: signed(id, next), events: [edgeEvent('Late')] });
  assert.equal(late.token, undefined);
  assert.equal(late.device, next);
  assert.deepEqual((await collector.refresh({ device: signed(next) })).body, {}, 'the next id is a stranger');
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.equal(find(profile, 'Last words').claimedBy, undefined);
  assert.equal(find(profile, 'Late').claimedBy, `device:${id}`);
});

test('a message that only signs out', async () => {
  const [id, person] = [newAlias(), await known()];
  await send({ device: signed(id), proof: person.proof, events: [] });
  await collector.edgeBatch([{ device: signed(id), signOut: true }]);
  assert.deepEqual((await collector.refresh({ device: signed(id) })).body, {});
});

test('refresh: the facts of now, and nothing is created for strangers', async () => {
  const person = await known({ firstName: 'Ann' });
  const id = newAlias();
  await send({ device: signed(id), proof: person.proof, events: [] });
  await collector.trusted(identify({ userId: person.userId }, { firstName: 'Anna' }));
  const { body } = await collector.refresh({ device: signed(id) });
  assert.equal(claimsOf(body.token).tl.traits.firstName[0], 'Anna');
  assert.equal(body.ver, claimsOf(body.token).ver);
  const byProof = await collector.refresh({ device: signed(newAlias()), proof: person.proof });
  assert.equal(claimsOf(byProof.body.token).sub, person.subject);
  const bearer = await collector.refresh({ proof: person.proof });
  assert.equal(claimsOf(bearer.body.token).sub, person.subject);
  const unsigned = await collector.refresh({ device: { id, signed: false } });
  assert.deepEqual(unsigned.body, {});

  const objects = () => readdirSync(persist, { recursive: true }).filter((name) => /Profile\/.*\.sqlite$/.test(name));
  const before = objects().sort();
  assert.ok(before.length > 0);
  const strangers = Array.from({ length: 20 }, newAlias);
  for (const stranger of strangers) {
    const answer = await collector.refresh({
      device: signed(stranger, newAlias()),
      anonymousIds: [someone().anonymousId],
    });
    assert.deepEqual([answer.status, answer.body], [200, {}]);
  }
  assert.deepEqual(objects().sort(), before);
  for (const stranger of strangers) assert.equal(await collector.profile(`device:${stranger}`), undefined);
  assert.equal((await collector.refresh({ device: signed(id) }, 'wrong')).status, 401);
});

test('ids of other libraries follow the device from now on, as claims', async () => {
  const [id, person, { anonymousId }] = [newAlias(), await known(), someone()];
  await collector.untrusted(identify({ anonymousId }, { city: 'Graz' }), track({ anonymousId }, 'Earlier'));
  await send({ device: signed(id), anonymousIds: [anonymousId], events: [edgeEvent('Product Added')] });
  await collector.untrusted(track({ anonymousId }, 'Product Viewed'));
  const of = await collector.profile(`device:${id}`);
  assert.deepEqual(names(of), ['Product Added', 'Product Viewed'], 'what it said before is not shown to the device');
  assert.deepEqual(of.traits, {});
  await send({ device: signed(id), proof: person.proof, anonymousIds: [anonymousId], events: [] });
  await collector.untrusted(track({ anonymousId }, 'After Sign-In'));
  const profile = await collector.profile(`user_id:${person.userId}`);
  assert.deepEqual(names(profile), ['After Sign-In', 'Product Added', 'Product Viewed', 'identify']);
  assert.equal(find(profile, 'After Sign-In').claimedBy, `anonymous_id:${anonymousId}`);

  // Somebody who knows the id cannot draw it to another device while this one is in use.
  const thief = newAlias();
  const theft = { device: signed(thief), anonymousIds: [anonymousId], events: [edgeEvent('Theft')] };
  await send(theft);
  await collector.untrusted(track({ anonymousId }, 'Still Hers'));
  assert.deepEqual(names(await collector.profile(`device:${thief}`)), ['Theft']);
  // After she has signed out, the next visitor of the browser has the same id.
  await send({ device: signed(id), signOut: true });
  await send({ ...theft, events: [edgeEvent('Next Visitor')] });
  await collector.untrusted(track({ anonymousId }, 'Of The Next Visitor'));
  assert.ok(names(await collector.profile(`device:${thief}`)).includes('Of The Next Visitor'));
});

test('the outbox: a message is kept once however often it comes, and poison is put aside', async () => {
  const id = newAlias();
  const event = edgeEvent('Page Viewed', { type: 'page', properties: { path: '/' }, trusted: true });
  const bad = { id: `${id}-bad`, type: 'unknown', at: 'yesterday' };
  const message = { device: signed(id), events: [event, bad], edge: { plan: 'p', at: 1 } };
  for (let i = 0; i < 3; i++) {
    const { status, body } = await collector.edgeBatch([{ events: 5 }, message, 'text', null, message, 7, []]);
    assert.deepEqual([status, body], [200, { kept: [0, 1, 2, 3, 4, 5, 6] }]);
  }
  assert.equal((await collector.profile(`subject:${id}`)).events.length, 1);
  const { events } = (await collector.get('/v1/failed-events?limit=500')).body;
  const edge = events.filter(({ source }) => source === 'edge');
  assert.equal(edge.filter(({ message_id }) => message_id === bad.id).length, 1);
});

test('the outbox: what is no list, or comes from nobody, is refused', async () => {
  assert.equal((await collector.edgeBatch({ events: [] })).status, 400);
  assert.equal((await collector.edgeBatch([], 'wrong')).status, 401);
});

test('the messages of one device are resolved in their order', async () => {
  const [id, ann, ben] = [newAlias(), await known(), await known()];
  const signIn = ({ userId }) => ({
    device: signed(id),
    events: [edgeEvent(undefined, { type: 'identify', userId, userHash: userHash(userId) })],
  });
  const of = (name) => ({ device: signed(id), events: [edgeEvent(name)] });
  await collector.edgeBatch([signIn(ann), of('Of Ann'), signIn(ben), of('Of Ben')]);
  assert.deepEqual(names(await collector.profile(`user_id:${ann.userId}`)), ['Of Ann', 'identify', 'identify']);
  assert.deepEqual(names(await collector.profile(`user_id:${ben.userId}`)), ['Of Ben', 'identify', 'identify']);
});
