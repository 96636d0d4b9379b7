// A time machine for the collector's data: what profiles have stored becomes older.
import { Miniflare } from 'miniflare';

const DAY = 86_400_000;
/** The single values of a profile that are times. */
const TIMES = ['active_at', 'retain_at', 'archive_at', 'wake_at', 'sync_at', 'purge_at'];

// A worker with the name and the classes of the collector, so that it opens the same databases.
const SCRIPT = `
import { DurableObject } from 'cloudflare:workers';

export class Identity extends DurableObject {}

export class Profile extends DurableObject {
  age(by, times) {
    const run = (statement) => this.ctx.storage.sql.exec(statement).toArray();
    run('UPDATE seen SET at = at - ' + by);
    run('UPDATE delivery SET due = due - ' + by);
    run('UPDATE archive_file SET newest = newest - ' + by);
    run("UPDATE journal SET record = json_set(record, '$.received', json_extract(record, '$.received') - " + by +
      ", '$.event.at', json_extract(record, '$.event.at') - " + by + ')');
    for (const time of times) run("UPDATE meta SET value = value - " + by + " WHERE name = '" + time + "'");
    // The profile is reduced anew, from events that are older now.
    run("DELETE FROM meta WHERE name = 'plan'");
  }

  alarm() {
    throw new Error('not now');
  }
}

export default {
  async fetch(request, env) {
    const { subjects, by, times } = await request.json();
    for (const subject of subjects) await env.PROFILES.getByName(subject).age(by, times);
    return new Response('done');
  },
};
`;

/** Makes profiles in the directory of a stopped collector older by a number of days. */
export async function age(persist, subjects, days) {
  const runtime = new Miniflare({
    name: 'throughline-collector',
    modules: true,
    script: SCRIPT,
    compatibilityDate: '2026-07-30',
    durableObjects: {
      PROFILES: { className: 'Profile', useSQLite: true },
      IDENTITIES: { className: 'Identity', useSQLite: true },
    },
    defaultPersistRoot: persist,
    cf: false,
  });
  try {
    const body = JSON.stringify({ subjects, by: days * DAY, times: TIMES });
    const response = await runtime.dispatchFetch('http://age/', { method: 'POST', body });
    if (response.status !== 200) throw new Error(await response.text());
  } finally {
    await runtime.dispose();
  }
}
