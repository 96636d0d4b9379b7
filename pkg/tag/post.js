// One request with events, and what its answer says of them.
import * as clock from './clock.js';
import * as device from './device.js';
import { fail } from './emit.js';
import { notice } from './plan.js';
import { base, writeKey } from './settings.js';

const URL = `${base}events`;
/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15 * 1000;
/** The statuses of a body that nobody reads. The events in it are at fault, or one of them. */
const CONTENT = [400, 413, 415, 422];
/** The other statuses below 500 that pass with time. */
const PASSING = [408, 425, 429];
/** The longest pause that an answer can ask for, in milliseconds. */
const MAX_PAUSE_MS = 24 * 60 * 60 * 1000;

/**
 * Sends entries of the outbox. Returns those that are not acknowledged (`left`) and, if the answer says so, the pause
 * that it asks for in milliseconds, the reason of a refusal, whether the content is refused, and whether the edge has given
 * the browser another device.
 */
export async function post(batch) {
  try {
    const response = await fetch(URL, {
      method: 'POST',
      body: body(batch),
      keepalive: true,
      credentials: 'include',
      headers: device.headers(),
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    notice(response);
    return response.ok ? accepted(batch, await response.json()) : await refused(batch, response);
  } catch {
    return { left: batch };
  }
}

/** Sends entries as a beacon, whose answer nobody reads. Returns whether the browser takes it. */
export function beacon(batch) {
  return navigator.sendBeacon?.(URL, body(batch));
}

/** Returns the call of an entry, with its time by the edge's clock. */
export function callOf(text) {
  const { skew, ...call } = JSON.parse(text);
  const missing = clock.skew() - skew;
  return missing ? { ...call, timestamp: new Date(Date.parse(call.timestamp) + missing).toISOString() } : call;
}

/** The captive portal of a wireless network answers 200 as well, but does not list the events. */
function accepted(batch, { results, device: named }) {
  const resultOf = ([, text], index) => results?.[JSON.parse(text).messageId] ?? results?.[index] ?? {};
  const left = batch.filter((entry, index) => (resultOf(entry, index).result ?? 'retry') === 'retry');
  batch.forEach((entry, index) => {
    const { result, details } = resultOf(entry, index);
    if (result === 'drop') failEvent(entry, details);
  });
  return { left, isOtherDevice: device.announce(named) };
}

async function refused(batch, response) {
  const { status } = response;
  const isFinal = status >= 400 && status < 500 && !PASSING.includes(status);
  const { error } = isFinal ? await response.json().catch(() => ({})) : {};
  const refusal = isFinal ? (error?.message ?? `the answer is ${status}`) : undefined;
  return { left: batch, pause: pauseOf(response), refusal, isContent: CONTENT.includes(status) };
}

/** Says that an event is lost, and why. */
export function failEvent([, text], reason) {
  const { messageId, type, event } = JSON.parse(text);
  fail(
    new Error(
      `the event \`${event ?? type}\` with the id \`${messageId}\` is dropped: ${reason ?? 'no reason is given'}`,
    ),
  );
}

/** Returns the pause of `Retry-After` in milliseconds: seconds, or a date. */
function pauseOf({ headers }) {
  const text = headers.get('retry-after') ?? '';
  const pause = /^\d+$/.test(text) ? text * 1000 : Date.parse(text) - clock.now();
  return Math.min(MAX_PAUSE_MS, Math.max(0, pause || 0));
}

function body(batch) {
  const events = batch.map(([, text]) => JSON.stringify(callOf(text))).join();
  const sentAt = new Date(clock.now()).toISOString();
  return `{"batch":[${events}],"sentAt":"${sentAt}","writeKey":${JSON.stringify(writeKey ?? '')}}`;
}
