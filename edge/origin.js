// Requests to the origin, and its responses. src/page/origin.rs calls this, and so does entry.js, which serves pages when
// the wasm instance has trapped: both keep the same rules.
import { createHmac } from 'node:crypto';

/** Headers by which a browser revalidates its copy. */
const VALIDATORS = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since'];

/** Headers in which an origin names itself, and the pattern of what comes before its name. */
const NAMING = {
  location: '^\\s*',
  'content-location': '^\\s*',
  refresh: '\\burl\\s*=\\s*["\']?',
  link: '<\\s*',
};

/**
 * Returns the origin's response to a visitor's request, or `undefined` if the request has come back from there.
 *
 * The origin is `origin`, else the static assets, else the zone that this worker is a route of. `site` is the origin of the
 * site as visitors know it, and `target` is path and query. `device` is the alias that the origin may know of. `isChanged`
 * says that the page may be changed, so that a copy which the browser has is of another page.
 */
export async function fetchOrigin(request, env, origin, site, target, device, isChanged) {
  const hop = hopOf(env, site);
  const via = request.headers.get('via') ?? '';
  if (via.split(',').some((entry) => entry.trim() === hop)) return undefined;
  const base = origin ?? new URL(request.url).origin;
  // Joined as strings: as a relative reference, a path such as `//elsewhere.example/` would lead there.
  const forwarded = toOrigin(new Request(base + target, request), device, isChanged);
  if (!origin && env.ASSETS) return env.ASSETS.fetch(forwarded);
  const [scheme, host] = site.split('://');
  forwarded.headers.append('via', hop);
  forwarded.headers.set('x-forwarded-host', host);
  forwarded.headers.set('x-forwarded-proto', scheme);
  return fromOrigin(await fetch(forwarded), base, site, site + target);
}

/** Returns the origin of the site as visitors know it. The edge's fallback reads it here, else src/request/address.rs does. */
export function siteOf(request, env) {
  if (/^https?:\/\/[^/?#\s]+\/?$/i.test(env.PUBLIC_ORIGIN ?? '')) return new URL(env.PUBLIC_ORIGIN).origin;
  const { origin } = new URL(request.url);
  const isTls = /^\s*https\s*(,|$)/i.test(request.headers.get('x-forwarded-proto') ?? '');
  return isTls ? origin.replace(/^http:/, 'https:') : origin;
}

/** The entry in `Via` that was made last. */
let latest = {};

/** Returns the entry of this edge in `Via`. It is derived from a secret, so a client cannot feign a loop. */
function hopOf(env, site) {
  if (latest.site !== site) {
    const mac = createHmac('sha256', env.TOKEN_KEYS || 'throughline')
      .update(`via ${site}`)
      .digest('base64url');
    latest = { site, hop: `1.1 throughline-${mac.slice(0, 16)}` };
  }
  return latest.hop;
}

/** Takes the edge's cookies, tokens and headers out of a request. */
function toOrigin(request, device, isChanged) {
  const { headers } = request;
  headers.delete('x-tl-token');
  if (isOurs(headers.get('authorization'))) headers.delete('authorization');
  replace(headers, 'x-tl-device', device);
  replace(headers, 'cookie', foreignCookies(headers.get('cookie')));
  if (!isChanged) return request;
  for (const name of VALIDATORS) headers.delete(name);
  if (headers.has('accept-encoding')) headers.set('accept-encoding', readable(headers.get('accept-encoding')));
  return request;
}

/** Returns the content encodings that both the browser and this runtime can read, for `Accept-Encoding`. */
function readable(accepted) {
  const codings = accepted
    .toLowerCase()
    .split(',')
    .map((item) => item.split(';').map((part) => part.trim()));
  const isAccepted = (name) => codings.some(([coding, weight]) => coding === name && !/^q=[0.]+$/.test(weight ?? ''));
  return ['gzip', 'br'].filter(isAccepted).join(', ') || 'identity';
}

function replace(headers, name, value) {
  if (value) headers.set(name, value);
  else headers.delete(name);
}

/** Returns the pairs of a `Cookie` header that are not the edge's, however long the header is. */
function foreignCookies(header) {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair && !/^(__Host-)?tl_/.test(pair)).join('; ');
}

/** Returns whether an `Authorization` header has a token of the edge: the header of the token says so. */
function isOurs(authorization) {
  const [, header] = /^bearer\s+([\w-]+)\./i.exec(authorization ?? '') ?? [];
  try {
    return /^tl.*\+jwt$/.test(JSON.parse(Buffer.from(header ?? '', 'base64url')).typ);
  } catch {
    return false;
  }
}

/**
 * Returns the response with the site's origin where a header has the origin's, `base`, so that people stay on the site.
 *
 * `here` is the address of the page. An origin that sends people from http to https keeps its name where the site's would
 * lead back to the same page.
 */
function fromOrigin(response, base, site, here) {
  if (base === site) return response;
  const { headers } = response;
  const { host, hostname } = parsed(base);
  const changes = Object.keys(NAMING)
    .filter((name) => headers.get(name)?.toLowerCase().includes(host))
    .map((name) => [name, renamed(name, headers.get(name), base, site, here)]);
  const cookies = headers.getSetCookie();
  const isForeign = cookies.some((cookie) => /;\s*domain\s*=/i.test(cookie));
  if (!changes.length && !isForeign) return response;
  const changed = new Response(response.body, response);
  for (const [name, value] of changes) changed.headers.set(name, value);
  changed.headers.delete('set-cookie');
  for (const cookie of cookies)
    changed.headers.append('set-cookie', withoutDomain(cookie, hostname, new URL(site).hostname));
  return changed;
}

/** The address that was parsed last: a worker has one origin. */
let last;

function parsed(base) {
  if (last?.base !== base) last = { base, url: new URL(base) };
  return last.url;
}

/** Returns the value of a header with `site` in place of `base`. */
function renamed(name, found, base, site, here) {
  const { host, port, pathname, protocol } = parsed(base);
  const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const place = `//${literal(host)}${port ? '' : '(?::(?:80|443))?'}${literal(pathname.replace(/\/$/, ''))}`;
  const pattern = new RegExp(`(${NAMING[name]})(?:https?:)?${place}(?=[/?#\\s"'>;,]|$)`, 'gi');
  const value = found.replace(pattern, (_, before) => before + site);
  const isOtherScheme = /^\s*https?:/i.test(found) && !found.trim().toLowerCase().startsWith(protocol);
  return name === 'location' && isOtherScheme && URL.parse(value)?.href === here ? found : value;
}

/** Returns a `Set-Cookie` header without the origin's domain, unless it is the site's as well. */
function withoutDomain(cookie, origin, site) {
  return cookie.replace(/;\s*domain\s*=\s*\.?([^;]*)/gi, (attribute, found) => {
    const domain = found.trim().toLowerCase();
    // Other hosts share the cookies of a domain. An IP address and a name without dots have no such hosts.
    const isShared = isWithin(site, domain) && /\.[a-z][^.]*$/i.test(domain);
    return isWithin(origin, domain) && !isShared ? '' : attribute;
  });
}

const isWithin = (host, domain) => host === domain || host.endsWith(`.${domain}`);
