// Adds personas with a history to the demo shop, and writes the file that describes them to the panel.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const UNIT = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/**
 * Sends the events of the personas to the collector, as a server of the shop would, and writes `demo.json`
 * for the panel.
 *
 * Each start creates new people, so that no event is repeated and "five hours ago" is true.
 */
export async function makeDemo({ shop, personas, collectorUrl, writeKey, secretKey, keys, cli }) {
  const run = Date.now().toString(36);
  const people = JSON.parse(readFileSync(personas, 'utf8')).personas;
  const tokens = await Promise.all(people.map((person) => tokenOf(person, run, { collectorUrl, writeKey, secretKey })));
  const preview = execFileSync(cli, ['token', 'preview', '--keys', keys, '--ttl', '24h'], { encoding: 'utf8' }).trim();
  const listed = people.map(({ id, name, description }, index) => ({ id, name, description, token: tokens[index] }));
  writeFileSync(join(shop, 'demo.json'), JSON.stringify({ preview, collector: collectorUrl, personas: listed }));
}

async function tokenOf(person, run, { collectorUrl, writeKey, secretKey }) {
  const ids = {};
  if (person.anonymousId) ids.anonymousId = `${person.anonymousId}-${run}`;
  if (person.userId) ids.userId = `${person.userId}-${run}`;
  if (!ids.anonymousId && !ids.userId) return null;
  const batch = person.events.map(({ ago, ...event }, index) => ({
    ...event,
    ...ids,
    messageId: `${person.id}-${run}-${index}`,
    timestamp: new Date(Date.now() - milliseconds(ago)).toISOString(),
  }));
  await post(`${collectorUrl}/v1/batch`, `Basic ${btoa(`${writeKey}:`)}`, { batch });
  const id = ids.userId ? `user_id:${ids.userId}` : `anonymous_id:${ids.anonymousId}`;
  return (await post(`${collectorUrl}/v1/tokens`, `Bearer ${secretKey}`, { id })).token;
}

async function post(url, authorization, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${text}`);
  return JSON.parse(text);
}

function milliseconds(text) {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  if (!unit) throw new Error(`personas.json: \`${text}\` is not a duration, expected one such as \`26h\``);
  return number * UNIT[unit];
}
