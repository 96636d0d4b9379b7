// Addresses as they are recorded: host, path, and the parameters of campaigns. src/address.rs has the same rules for all
// hosts; here they hold for events that wait in the browser, before the rules of the site are known.
import { keepParameters } from './settings.js';

const CAMPAIGN = 'utm_* gad_source gad_campaignid mc_cid'.split(' ');
/** Their values are long and random, and name no person. */
const CLICK = 'gclid gbraid wbraid dclid fbclid msclkid ttclid twclid li_fat_id epik ScCid rdt_cid yclid'.split(' ');
/** An e-mail address, in plain or encoded, or a JSON Web Token. */
const SECRET = /[\w.+-]+(@|%(25)*40)[\w-]+|eyJ[\w-]{5,}\.[\w-]{8}/i;
const LONG = /[a-z\d]{24,}/gi;

const kept = patternOf([...CAMPAIGN, ...CLICK, ...keepParameters]);
const campaign = patternOf([...CAMPAIGN, ...CLICK]);
const clickId = patternOf(CLICK);

/** Returns whether a parameter says where a visitor comes from, and nothing of the page. */
export function isCampaign(name) {
  return campaign.test(name);
}

/** Returns an address without user name, fragment, and parameters that may be about a person. */
export function clean(address) {
  const [whole] = address.split('#');
  const [head, ...query] = whole.split('?');
  // An address without a path, such as `mailto:`, is not one of a page.
  if (/^[a-z][\w+.-]*:(?![\d/\\])/i.test(head)) return '';
  const parts = head.replace(/^([\w+.-]*:)?[/\\]{2}[^/\\]*@/, '$1//').split('/');
  const path = parts.map((part) => (SECRET.test(part) ? '…' : part.split(';')[0])).join('/');
  const search = cleanQuery(query.join('?'));
  return search ? `${path}?${search}` : path;
}

/** Returns the parameters of a query string that may be recorded, in their order. */
export function cleanQuery(query) {
  const [mark] = /^\??/.exec(query);
  const pairs = query.slice(mark.length).split('#')[0].split(/[&;]/);
  const found = pairs.filter((pair) => {
    const [name] = pair.split('=');
    return kept.test(name) && !SECRET.test(pair) && (clickId.test(name) || !hasToken(pair));
  });
  return found.length ? mark + found.join('&') : '';
}

/** Cleans the addresses of a call: in its properties, and in the page of its context. */
export function cleanCall({ properties, context: { page, ...context }, ...call }) {
  return {
    ...call,
    ...(properties && { properties: cleanAll(properties) }),
    context: { ...context, page: cleanAll(page) },
  };
}

function cleanAll(found) {
  // In `Products Searched` a query is what somebody looked for.
  const cleanSearch = (text) => (/^\?|=/.test(text) ? cleanQuery(text) : text);
  const change = (names, clean) =>
    Object.fromEntries(
      names.filter((name) => typeof found[name] === 'string').map((name) => [name, clean(found[name])]),
    );
  return { ...found, ...change(['url', 'referrer', 'path'], clean), ...change(['search', 'query'], cleanSearch) };
}

/** Checks for a long random token: letters and digits that change more often than in words. */
function hasToken(text) {
  const changes = (run) => run.match(/\d+|[A-Z]+|[a-z]+/g).length;
  return (text.match(LONG) ?? []).some((run) => run.replace(/\D/g, '').length > 2 && changes(run) > run.length >> 2);
}

/** Returns the expression of a list of names, in which `*` stands for any characters. */
function patternOf(names) {
  const escaped = names.map((name) => name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*'));
  return new RegExp(`^(${escaped.join('|')})$`, 'i');
}
