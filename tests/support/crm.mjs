// Four customer databases of one retailer, made from a seed: 2,000 people, whose e-mail addresses, histories and
// preferences differ from system to system, with typing errors, shared tablets, shared family addresses and phone
// numbers that were given to somebody else. The truth is known: who stands behind each record.
import { randomness } from './random.mjs';

const FIRST = 'Anna Ben Clara David Emil Frida Georg Hanna Igor Julia Karl Lena Max Nora Otto Paula'.split(' ');
const LAST = 'Adler Bauer Cerny Dorn Eder Fuchs Gruber Huber Ilic Jung Koch Lang Moser Novak Orth Pichler'.split(' ');

const FAMILIES = 50;
const REUSED = 60;
const TABLETS = 4;
const ON_EACH_TABLET = 10;

/** Identifiers for four systems: a phone number is looked up and joins nobody, because numbers are given anew. */
export const IDENTITY = {
  identifiers: {
    user_id: { priority: 1, limit: 1 },
    loyalty_id: { priority: 2, limit: 1, unique: true, trusted: true },
    email: { priority: 3, limit: 5, unique: true, trusted: true, normalise: 'email' },
    phone: { priority: 4, limit: 5, unique: false, trusted: true, normalise: 'phone' },
    till_id: { priority: 5, limit: 5, unique: true, trusted: true },
    caller_id: { priority: 5, limit: 5, unique: true, trusted: true },
  },
};

/**
 * The systems in the order of their import: how many people in a hundred each has, the type and the column of the
 * record's own id, and the mapping of `throughline import profiles`.
 */
export const SYSTEMS = {
  till: {
    share: 50,
    own: ['till_id', 'number'],
    mapping: {
      identifiers: { till_id: 'number', loyalty_id: 'card', phone: 'phone' },
      traits: { spent: { column: 'spent', type: 'number' } },
    },
  },
  'call-centre': {
    share: 40,
    own: ['caller_id', 'caller'],
    mapping: {
      identifiers: { caller_id: 'caller', phone: 'phone', email: 'mail' },
      traits: { lastName: 'surname' },
      consent: { 'channel.sms': 'texts' },
    },
  },
  loyalty: {
    share: 60,
    own: ['loyalty_id', 'card'],
    mapping: {
      userId: 'shop_no',
      identifiers: { loyalty_id: 'card', email: 'e_mail' },
      traits: { firstName: 'first_name', 'loyalty.tier': 'tier' },
      consent: { 'channel.email': 'letters' },
    },
  },
  shop: {
    share: 80,
    own: ['user_id', 'customer_no'],
    mapping: {
      userId: 'customer_no',
      anonymousId: 'device',
      identifiers: { email: 'email', phone: 'mobile' },
      traits: { firstName: 'name', orders: { column: 'orders', type: 'number' } },
      consent: { 'channel.email': 'newsletter' },
    },
  },
};

/**
 * Returns the databases of `people` people.
 *
 * - `files`: for each system the rows, as objects by column
 * - `records`: `{ system, id, person, group }` for each row: `id` as `type:value`, `person` who it is, and `group`,
 *   which is equal for records that one chain of exact identifiers joins, and hence can be found
 * - `shared`: the number of people who gave an address that is somebody else's
 */
export function databases(seed, people) {
  const random = randomness(seed);
  const chance = (percent) => random() * 100 < percent;
  const pick = (list) => list[Math.floor(random() * list.length)];
  const files = Object.fromEntries(Object.keys(SYSTEMS).map((system) => [system, []]));
  const everybody = Array.from({ length: people }, (_, number) => person(number, random));
  const decoys = share(everybody);
  for (const who of everybody) {
    const isIn = Object.fromEntries(Object.entries(SYSTEMS).map(([system, { share }]) => [system, chance(share)]));
    if (who.isDecoy) isIn.shop = true;
    if (!Object.values(isIn).includes(true)) isIn.shop = true;
    const rows = rowsOf(who, { chance, pick, isIn });
    for (const [system, row] of Object.entries(rows)) if (isIn[system]) files[system].push({ who, row });
  }
  for (const rows of Object.values(files)) shuffle(rows, random);
  return {
    files: Object.fromEntries(Object.entries(files).map(([system, rows]) => [system, rows.map(({ row }) => row)])),
    records: grouped(files),
    ...decoys,
  };
}

function person(number, random) {
  const [first, last] = [FIRST, LAST].map((names) => names[Math.floor(random() * names.length)]);
  const local = `${first}.${last}.${number}`.toLowerCase();
  return {
    number,
    first,
    last,
    email: `${local}@example.com`,
    other: `${local}@mail.example`,
    phone: `+43660${String(1_000_000 + number * 37)}`,
    card: `L-${String(500_000 + number * 13)}`,
    user: `C${100_000 + number}`,
    device: '',
  };
}

/** Makes people share an address, a phone number or a tablet. They are the first ones, each in one group only. */
function share(everybody) {
  const next = everybody[Symbol.iterator]();
  const take = () => Object.assign(next.next().value, { isDecoy: true });
  for (let family = 0; family < FAMILIES; family++) {
    const [first, second] = [take(), take()];
    Object.assign(second, { email: first.email, hasSharedEmail: true });
    for (const who of [first, second]) who.isFamily = true;
  }
  for (let pair = 0; pair < REUSED; pair++) {
    const [before, now] = [take(), take()];
    now.phone = before.phone;
  }
  for (let tablet = 0; tablet < TABLETS; tablet++) {
    for (let one = 0; one < ON_EACH_TABLET; one++) take().device = `tablet-${tablet}`;
  }
  return { shared: FAMILIES };
}

/** Returns the row of a person in each system. Families give the shop's number, and no address on the phone. */
function rowsOf(who, { chance, pick, isIn }) {
  const yesOrNo = () => pick(['yes', 'no']);
  const knowsShop = isIn.shop && (who.isFamily || chance(50));
  const mistyped = (email) => (chance(3) ? email.replace('@', 'q@') : email);
  const address = () => (!who.isFamily && chance(30) ? who.other : who.email);
  return {
    till: {
      number: `T-${who.number}`,
      card: isIn.loyalty && chance(80) ? who.card : '',
      phone: chance(50) ? who.phone : '',
      spent: Math.floor(who.number * 1.7),
    },
    'call-centre': {
      caller: `K-${who.number}`,
      surname: chance(5) ? `${who.last}r` : who.last,
      phone: who.phone.replace('+43', '0043 ').replace(/(\d{4})$/, ' $1'),
      mail: who.isFamily || chance(30) ? '' : mistyped(address()),
      texts: yesOrNo(),
    },
    loyalty: {
      card: who.card,
      first_name: chance(5) ? who.first.toUpperCase() : who.first,
      e_mail: who.isFamily ? who.email : mistyped(address()),
      tier: pick(['bronze', 'silver', 'gold']),
      letters: yesOrNo(),
      shop_no: knowsShop ? who.user : '',
    },
    shop: {
      customer_no: who.user,
      name: `${who.first}, "${who.last}"`,
      email: chance(50) ? who.email.toUpperCase() : who.email,
      mobile: who.phone,
      newsletter: yesOrNo(),
      orders: Math.floor(who.number % 7),
      device: who.device,
    },
  };
}

/** Returns the records with their person and the group that identifiers join; an address is its first owner's. */
function grouped(files) {
  const groups = new Map();
  const find = (key) => (groups.get(key) === key ? key : find(groups.get(key)));
  const records = Object.entries(files).flatMap(([system, rows]) =>
    rows.map(({ who, row }) => {
      const { mapping, own } = SYSTEMS[system];
      const columns = { user_id: mapping.userId, ...mapping.identifiers };
      const { phone: _, ...joining } = columns;
      if (who.hasSharedEmail) delete joining.email;
      const keys = Object.entries(joining)
        .filter(([, column]) => column && row[column])
        .map(([type, column]) => `${type}:${row[column].toLowerCase()}`);
      for (const key of keys) if (!groups.has(key)) groups.set(key, key);
      for (const key of keys) groups.set(find(key), find(keys[0]));
      return { system, id: `${own[0]}:${row[own[1]]}`, person: who.number, key: keys[0] };
    }),
  );
  return records.map(({ key, ...record }) => ({ ...record, group: find(key) }));
}

function shuffle(list, random) {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [list[at], list[other]] = [list[other], list[at]];
  }
}

/** Returns rows as CSV. */
export function csv(rows) {
  const columns = Object.keys(rows[0]);
  const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((fields) => `${fields.map(quoted).join(',')}\r\n`)
    .join('');
}

/**
 * Returns precision and recall over all pairs of records: `found` is the profile that each record led to, `truth`
 * what it should be equal by.
 */
export function pairwise(found, truth) {
  const pairs = (keys) => {
    const sizes = new Map();
    for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
    return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  };
  const both = pairs(found.map((profile, at) => JSON.stringify([profile, truth[at]])));
  return { precision: both / pairs(found), recall: both / pairs(truth) };
}
