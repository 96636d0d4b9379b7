// The shop's own server, as far as the demo has one: accounts. It is a worker behind the edge, and everything but the
// accounts is a file. It says who a customer is as docs/sign-in.md describes: one call with the server's write key, for the
// device that the edge names in `X-TL-Device`.
//
//   PERSONAS    JSON: the customers who can sign in, `[{ id, name, description, userId }]`; a shop would ask for a password
//   WRITE_KEY   a trusted write key of the collector
//   PANEL       JSON: the other members of `demo.json`, which describes the demo to the panel

const COOKIE = 'tarnfell_session';
const MAX_SESSIONS = 1000;
const MAX_BODY = 4096;
/** The traits that customers may set for themselves. */
const TRAITS = ['firstName', 'email', 'phone', 'whatsappReady'];

/** The accounts of signed-in sessions, by session id. A restart signs everybody out. */
const sessions = new Map();

const routes = {
  'GET /demo.json': describe,
  'POST /account': openAccount,
  'POST /account/sign-in': signIn,
  'POST /account/sign-out': signOut,
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const route = routes[`${request.method} ${pathname}`];
    if (!route) return env.ASSETS.fetch(request);
    try {
      return await route(request, env);
    } catch (error) {
      return Response.json({ error: String(error.message) }, { status: error.status ?? 500 });
    }
  },
};

function describe(_request, env) {
  const personas = JSON.parse(env.PERSONAS).map(({ userId, ...persona }) => ({ ...persona, hasAccount: !!userId }));
  return Response.json({ ...JSON.parse(env.PANEL), personas }, { headers: { 'cache-control': 'no-store' } });
}

/** Signs a persona in. */
async function signIn(request, env) {
  const { persona } = await bodyOf(request);
  const found = JSON.parse(env.PERSONAS).find(({ id, userId }) => id === persona && userId);
  if (!found) throw failure(404, 'there is no such customer');
  await recognise(request, env, found.userId, {});
  return Response.json({ userId: found.userId }, { headers: begin(found.userId) });
}

/** Opens an account for a customer who orders, or adds to the account of one who is signed in. */
async function openAccount(request, env) {
  const body = await bodyOf(request);
  const traits = Object.fromEntries(TRAITS.filter((name) => name in body).map((name) => [name, body[name]]));
  const known = sessions.get(sessionOf(request));
  const userId = known ?? `c-${crypto.randomUUID()}`;
  await recognise(request, env, userId, traits);
  return Response.json({ userId }, { headers: known ? {} : begin(userId) });
}

function signOut(request) {
  sessions.delete(sessionOf(request));
  return Response.json({}, { headers: { 'set-cookie': `${COOKIE}=; Path=/; Max-Age=0` } });
}

/** Tells the collector that the device in front of the shop is this customer's. */
async function recognise(request, env, userId, traits) {
  const device = request.headers.get('x-tl-device');
  const call = { userId, traits, ...(device && { anonymousId: device }), messageId: crypto.randomUUID() };
  const response = await env.COLLECTOR.fetch('https://collector/v1/identify', {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${env.WRITE_KEY}:`)}`, 'content-type': 'application/json' },
    body: JSON.stringify(call),
  });
  if (!response.ok) throw failure(502, `the collector answered ${response.status}`);
  await response.body?.cancel();
}

/** Returns the headers that begin a session. */
function begin(userId) {
  if (sessions.size >= MAX_SESSIONS) sessions.delete(sessions.keys().next().value);
  const id = crypto.randomUUID();
  sessions.set(id, userId);
  return { 'set-cookie': `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` };
}

function sessionOf(request) {
  const cookies = request.headers.get('cookie') ?? '';
  const pair = cookies.split('; ').find((pair) => pair.startsWith(`${COOKIE}=`));
  return pair?.slice(COOKIE.length + 1);
}

/** Returns the JSON body. Only pages of the shop can send this content type without asking first. */
async function bodyOf(request) {
  if (request.headers.get('content-type') !== 'application/json') throw failure(415, 'expected JSON');
  const text = await request.text();
  if (text.length > MAX_BODY) throw failure(413, `expected at most ${MAX_BODY} characters`);
  try {
    const body = JSON.parse(text);
    if (body && typeof body === 'object') return body;
  } catch {
    // Answered below.
  }
  throw failure(400, 'expected a JSON object');
}

function failure(status, message) {
  return Object.assign(new Error(message), { status });
}
