// The demo's people: customers with a history, who can sign in to the shop.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const UNIT = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/**
 * Returns the people of a file, with ids of their own for each start: no event is repeated, and "five hours ago" is true.
 */
export function peopleOf(file, run = Date.now().toString(36)) {
  const { personas } = JSON.parse(readFileSync(file, 'utf8'));
  return personas.map(({ userId, ...person }) => ({ ...person, ...(userId && { userId: `${userId}-${run}` }) }));
}

/** Returns the variables of the shop's server. The preview token is for the panel, and lasts for a day. */
export function shopVariables({ people, writeKey, collectorUrl, keys, cli }) {
  const preview = execFileSync(cli, ['token', 'preview', '--keys', keys, '--ttl', '24h'], { encoding: 'utf8' }).trim();
  return {
    PERSONAS: JSON.stringify(people.map(({ id, name, description, userId }) => ({ id, name, description, userId }))),
    PANEL: JSON.stringify({ preview, collector: collectorUrl }),
    WRITE_KEY: writeKey,
  };
}

/** Sends what the people have done to the collector, as a server of the shop would. */
export async function sendHistories({ people, collectorUrl, writeKey }) {
  const known = people.filter(({ userId }) => userId);
  await Promise.all(known.map((person) => post(`${collectorUrl}/v1/batch`, writeKey, { batch: historyOf(person) })));
}

function historyOf({ userId, events }) {
  return events.map(({ ago, ...event }, index) => ({
    ...event,
    userId,
    messageId: `${userId}-${index}`,
    timestamp: new Date(Date.now() - milliseconds(ago)).toISOString(),
  }));
}

async function post(url, writeKey, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${writeKey}:`)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${text}`);
}

function milliseconds(text) {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  if (!unit) throw new Error(`personas.json: \`${text}\` is not a duration, expected one such as \`26h\``);
  return number * UNIT[unit];
}
