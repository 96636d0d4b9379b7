// The law of identity, against a naive model: nobody's facts reach somebody without proof.
//
// Devices speak, claim, sign in and out, and are shown with the ids of other libraries; servers speak about people; and
// strangers say with the public key whatever they like. After each step the model knows who has proven what.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RULES, call, edgeEvent, newAlias, someone, startCollector, userHash } from '../support/collector.mjs';
import { claimsOf, eventually } from '../support/edge.mjs';
import { randomness } from '../support/random.mjs';

const CASES = Math.ceil(Number(process.env.THROUGHLINE_CASES ?? 2_000) / 1_000) + 1;
const STEPS = 45;
const PEOPLE = 3;
const BROWSERS = 4;

const rules = {
  ...RULES,
  campaigns: { hello: { class: 'promo', when: { firstName: { $exists: true } }, slots: { 'home.hero': 'hero' } } },
};

let collector;
before(async () => (collector = await startCollector({ rules })));
after(() => collector.stop());

/** The truth: who has proven to be on which device, and who has said what. */
class World {
  constructor(seed) {
    const random = randomness(seed);
    this.pick = (list) => list[Math.floor(random() * list.length)];
    this.people = Array.from({ length: PEOPLE }, () => ({
      userId: someone().userId,
      isKnown: false,
      subject: undefined,
    }));
    this.browsers = Array.from({ length: BROWSERS }, () => this.newBrowser());
    this.devices = [];
    this.browsers.forEach((browser) => this.devices.push(browser.device));
    /** The facts: who said each, and whether it was proven at that moment to be about a person. */
    this.facts = new Map();
    this.log = [];
  }

  newBrowser() {
    return { device: this.newDevice(newAlias()), library: { id: someone().anonymousId, shownBy: new Set() } };
  }

  newDevice(id) {
    return { id, person: null, everProven: new Set(), isEnded: false };
  }

  /** Returns the name of a new fact, and remembers who says it. */
  fact(by, about) {
    const name = `fact-${process.pid}-${factCount++}`;
    this.facts.set(name, { by, about });
    return name;
  }

  /** Returns the person whom a device speaks for. */
  speaksFor(device) {
    return device.isEnded ? null : device.person;
  }

  prove(device, person) {
    device.person = person;
    device.everProven.add(person);
    person.isKnown = true;
  }
}

let factCount = 0;
/** The number of times that each part of the law was checked. */
const checked = { ofPerson: 0, ofDevice: 0, proven: 0, claimed: 0, apart: 0 };

const traits = (name) => ({ firstName: name });

/** Sends a message of the edge for a browser, and checks the token that comes back. */
async function send(world, browser, message) {
  const next = world.pick([undefined, newAlias()]);
  const device = { id: browser.device.id, signed: true, ...(next && { next }) };
  const { status, body } = await collector.edge({ device, ...message });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function checkToken(world, browser, body) {
  const { device } = browser;
  if (device.isEnded) assert.equal(body.token, undefined, 'an id that has ended gets no token');
  if (body.token) {
    const { sub, tl } = claimsOf(body.token);
    const name = tl.traits?.firstName?.[0];
    const fact = world.facts.get(name);
    const person = world.speaksFor(device);
    checked[person ? 'ofPerson' : 'ofDevice']++;
    if (person) {
      assert.equal(sub, await subjectOf(person));
      if (fact) assert.ok(isOf(person, fact), `${name} is not of the person on the device`);
    } else {
      for (const other of world.people)
        assert.notEqual(sub, await subjectOf(other), 'a token of a person without proof');
      if (fact) assert.ok(fact.by === device || fact.by.shownBy?.has(device), `${name} is not of the device`);
    }
  }
  if (body.device && body.device !== device.id) {
    const next = world.newDevice(body.device);
    if (!device.isEnded) {
      next.person = device.person;
      device.everProven.forEach((person) => next.everProven.add(person));
    }
    world.devices.push(next);
    browser.device = next;
  }
}

const subjectOf = async (person) => (await collector.profile(`user_id:${person.userId}`))?.subject;

/** Returns whether a fact may be in the profile of a person: said by a server, or on a device that was proven theirs. */
function isOf(person, { by, about }) {
  if (by === 'server') return about === person;
  if (by.shownBy) return [...by.shownBy].some((device) => device.everProven.has(person));
  return by.everProven?.has(person) ?? false;
}

const STEPS_OF = {
  async speak(world) {
    const browser = world.pick(world.browsers);
    const name = world.fact(browser.device, world.speaksFor(browser.device));
    const event = edgeEvent(name, { traits: traits(name), trusted: world.pick([true, false]) });
    await checkToken(world, browser, await send(world, browser, { events: [event] }));
  },
  async claim(world) {
    const [browser, person] = [world.pick(world.browsers), world.pick(world.people)];
    const isRight = world.speaksFor(browser.device) === person;
    const name = world.fact(browser.device, isRight ? person : null);
    const event = edgeEvent(name, {
      type: 'track',
      traits: traits(name),
      userId: person.userId,
      userHash: world.pick([undefined, 'x']),
    });
    await checkToken(world, browser, await send(world, browser, { events: [event] }));
  },
  async signIn(world) {
    const [browser, person] = [world.pick(world.browsers), world.pick(world.people)];
    const name = world.fact(browser.device, person);
    world.prove(browser.device, person);
    const event = edgeEvent(name, { traits: traits(name), userId: person.userId, userHash: userHash(person.userId) });
    await checkToken(world, browser, await send(world, browser, { events: [event] }));
  },
  async signInByServer(world) {
    const [device, person] = [world.pick(world.devices), world.pick(world.people)];
    const name = world.fact('server', person);
    world.prove(device, person);
    await collector.trusted(call('identify', { anonymousId: device.id, userId: person.userId, traits: traits(name) }));
  },
  async handOver(world) {
    const [browser, person] = [world.pick(world.browsers), world.pick(world.people.filter(({ isKnown }) => isKnown))];
    if (!person || browser.device.person || browser.device.isEnded) return;
    const { token } = (await collector.token(`user_id:${person.userId}`)).body;
    const { sub, ver, exp } = claimsOf(token);
    const isInForce = world.pick([true, true, false]);
    const name = world.fact(browser.device, isInForce ? person : null);
    if (isInForce) world.prove(browser.device, person);
    const proof = { sub, ver, exp: isInForce ? exp : exp - 90_000 };
    const events = [edgeEvent(name, { traits: traits(name) })];
    await checkToken(world, browser, await send(world, browser, { proof, events }));
  },
  async signOut(world) {
    const browser = world.pick(world.browsers);
    const name = world.fact(browser.device, world.speaksFor(browser.device));
    await send(world, browser, { events: [edgeEvent(name, { traits: traits(name) })], signOut: true });
    browser.device.isEnded = true;
    browser.device = world.newDevice(newAlias());
    world.devices.push(browser.device);
  },
  async speakUnderOldId(world) {
    const device = world.pick(world.devices);
    const name = world.fact(device, null);
    const message = {
      device: { id: device.id, signed: false },
      events: [edgeEvent(name, { traits: traits(name), trusted: true })],
    };
    const { body } = await collector.edge(message);
    assert.equal(body.token, undefined, 'an unsigned device gets no token');
  },
  async refresh(world) {
    const browser = world.pick(world.browsers);
    const { body } = await collector.refresh({ device: { id: browser.device.id, signed: true, next: newAlias() } });
    await checkToken(world, browser, body);
  },
  async show(world) {
    const browser = world.pick(world.browsers);
    const other = world.pick(world.browsers);
    browser.library.shownBy.add(other.device);
    const name = world.fact(other.device, world.speaksFor(other.device));
    const events = [edgeEvent(name, { traits: traits(name) })];
    await checkToken(world, other, await send(world, other, { anonymousIds: [browser.library.id], events }));
  },
  async speakByLibrary(world) {
    const { library } = world.pick(world.browsers);
    const name = world.fact(library, null);
    const person = world.pick([undefined, ...world.people]);
    await collector.untrusted(
      call('identify', { anonymousId: library.id, userId: person?.userId, traits: traits(name) }),
    );
  },
  async speakByServer(world) {
    const person = world.pick(world.people);
    const name = world.fact('server', person);
    person.isKnown = true;
    await collector.trusted(call('identify', { userId: person.userId, traits: traits(name) }));
  },
  async stranger(world) {
    const person = world.pick(world.people);
    const name = world.fact('stranger', null);
    const ids = world.pick([{ userId: person.userId }, { anonymousId: someone().anonymousId, userId: person.userId }]);
    await collector.untrusted(
      call(world.pick(['identify', 'alias']), {
        ...ids,
        previousId: world.pick(world.devices).id,
        traits: traits(name),
      }),
    );
  },
};

/** Checks the profiles of all people: each fact in it is theirs, and what nobody had proven when it was said is a claim. */
async function checkPeople(world) {
  const seen = new Map();
  for (const person of world.people) {
    const profile = await collector.profile(`user_id:${person.userId}`, '?limit=500');
    if (!profile || !person.isKnown) continue;
    assert.deepEqual(profile.identities.user_id, [person.userId]);
    for (const { event, traits: said, claimedBy } of profile.events) {
      const name = said?.firstName ?? event;
      const fact = world.facts.get(name);
      if (!fact) continue;
      assert.ok(isOf(person, fact), `${name} is in the profile of somebody else`);
      if (fact.about !== person)
        assert.notEqual(claimedBy, undefined, `${name} is no claim, although nobody had proven it`);
      assert.ok(!seen.has(name), `${name} is in two profiles`);
      seen.set(name, person);
      checked[fact.about === person ? 'proven' : 'claimed']++;
    }
    const first = world.facts.get(profile.traits.firstName);
    if (first) assert.ok(isOf(person, first));
    const byServer = [...world.facts.values()].some(({ by, about }) => by === 'server' && about === person);
    if (byServer && first) assert.ok(first.about === person, 'a claim does not replace what was proven');
  }
  for (const [name, { by, about }] of world.facts) {
    if (by === 'server') assert.equal(seen.get(name), about, `${name} is lost`);
    if (!seen.has(name)) checked.apart++;
  }
}

for (let number = 0; number < CASES; number++) {
  test(`nobody's facts reach somebody without proof (${number})`, async () => {
    const world = new World(`law ${number}`);
    const names = Object.keys(STEPS_OF);
    try {
      for (let step = 0; step < STEPS; step++) {
        const name = world.pick(names);
        world.log.push(name);
        await STEPS_OF[name](world);
      }
      await eventually(() => checkPeople(world));
    } catch (error) {
      error.message += `\nafter ${world.log.join(', ')}`;
      throw error;
    }
  });
}

test('every part of the law was put to the test', () => {
  for (const [part, count] of Object.entries(checked)) assert.ok(count > 0, part);
});
