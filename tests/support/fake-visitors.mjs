// The visitors of an edge, faked in the browser: devices, their tickets, and the events that arrive. Plans, the core and
// pages are the real edge's. For tests of what the tag asks and sends, and in which order.

/**
 * Answers `token`, `decide` and `events` of a browser context.
 *
 * The result has `asked` (such as `GET token`), `events` (with `owner`), `requests`, and switches: `setOffline(offline)`,
 * `isDown` (all requests fail with 503), `refuse(name)` (the status of a request), `keepsCookies`, `hold(endpoint)` (answers
 * wait for the returned function), `rotate()` (the browser gets another device, as at a sign-in), `facts` (or what returns them), which a
 * token's answer has beside the device, `plan` (the id that all answers name), and `judge(call, index)`, which returns the
 * result of an event; or, for a batch, `judgeAll(batch)`, the whole answer of a refusal: `{ status, headers, json }`.
 */
export async function fakeVisitors(context) {
  const fake = { asked: [], events: [], requests: [], isDown: false, keepsCookies: true, facts: {}, refuse: undefined };
  fake.judge = () => ({ result: 'ok' });
  fake.judgeAll = () => undefined;
  const held = new Map();
  let count = 0;
  let cookie;
  const next = () => `v${String(++count).padStart(32, '0')}`;

  fake.hold = (endpoint) => {
    let release;
    held.set(endpoint, new Promise((resolve) => (release = resolve)));
    return () => release(held.delete(endpoint));
  };
  fake.setOffline = (offline) => {
    fake.isOffline = offline;
    return context.setOffline(offline);
  };
  fake.rotate = () => (cookie = undefined);
  fake.device = () => cookie;

  const recognise = (request) => {
    const shown = request.headers()['x-tl-device'];
    const device = (fake.keepsCookies && cookie) || shown || next();
    if (fake.keepsCookies) cookie = device;
    return { device, owner: shown === device ? undefined : `${device}.mac` };
  };
  const token = (request) => {
    if (request.method() === 'DELETE') {
      cookie = undefined;
      return {};
    }
    if (request.method() === 'POST') cookie = undefined;
    const { device, owner } = recognise(request);
    const [session, none] = [Date.now(), {}];
    const facts = {
      subject: device,
      profile: none,
      session,
      consent: none,
      attributes: none,
      gpc: false,
      expires: null,
    };
    return {
      ...facts,
      store: true,
      measure: true,
      device,
      owner,
      ...(typeof fake.facts === 'function' ? fake.facts() : fake.facts),
    };
  };
  const events = (request) => {
    const { batch } = JSON.parse(request.postData());
    const judged = batch.map((call, index) => [call.messageId, fake.judge(call, index)]);
    fake.events.push(...batch.filter((_call, index) => judged[index][1].result === 'ok'));
    const before = cookie;
    const { device, owner } = recognise(request);
    const named = device !== before && device !== request.headers()['x-tl-device'] ? { device, owner } : {};
    return { ...named, results: Object.fromEntries(judged) };
  };
  const answers = { token, events };

  for (const [endpoint, answer] of Object.entries(answers)) {
    await context.route(`**/_tl/${endpoint}`, async (route) => {
      // A context that is offline answers its routes all the same.
      if (fake.isOffline) return route.abort('internetdisconnected');
      const request = route.request();
      const name = `${request.method()} ${endpoint}`;
      fake.asked.push(name);
      fake.requests.push({ name, headers: request.headers(), body: request.postData() });
      await held.get(endpoint);
      const status = fake.refuse?.(name) ?? (fake.isDown ? 503 : 200);
      const isBatch = name === 'POST events' && status === 200;
      const refusal = isBatch ? fake.judgeAll(JSON.parse(request.postData()).batch) : undefined;
      const json = status === 200 && !refusal ? answer(request) : { error: { code: 'refused', message: 'refused' } };
      const headers = fake.plan ? { 'x-tl-plan': fake.plan } : {};
      const { headers: more, ...changes } = refusal ?? {};
      await route.fulfill({ status, json, headers: { ...headers, ...more }, ...changes }).catch(() => {});
    });
  }
  return fake;
}
