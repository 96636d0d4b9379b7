// The explanation of a decision as a collapsible tree: slots, their candidates, and the details that decided.
import { el } from './dom.js';

const WORDS = {
  won: 'shown',
  filled: 'filled',
  no_candidate: 'nothing applies',
  bot: 'a program',
  consent_missing: 'no consent',
  condition_false: 'condition not met',
  outside_schedule: 'not now',
  holdout: 'held out',
  suppressed: 'suppressed',
  capped: 'seen enough',
  offer_conflict: 'has another offer',
  already_seen: 'already seen',
  outranked: 'outranked',
  no_rendition: 'no fitting version',
};

/** Returns a reason code in words, coloured by its meaning. */
export function reason(code) {
  const kind = code === 'won' || code === 'filled' ? 'good' : 'plain';
  return el('span', { class: `tag tag--${kind}`, title: code }, WORDS[code] ?? code);
}

/** Returns the trace of all slots. */
export function traceTree({ slots = {}, partial = [] }) {
  const missing =
    partial.length > 0 ? el('p', { class: 'note' }, `The token is partial: ${partial.join(', ')} did not fit.`) : '';
  const names = Object.entries(slots);
  if (names.length === 0) return [missing, el('p', { class: 'note' }, 'This page has no slots.')];
  return [missing, ...names.map(([name, outcomes]) => slotTree(name, outcomes))];
}

function slotTree(name, outcomes) {
  const winner = outcomes.find(({ outcome }) => outcome === 'won');
  const summary = el(
    'summary',
    {},
    el('code', {}, name),
    ' ',
    winner ? el('b', {}, winner.campaign) : reason('no_candidate'),
  );
  return el('details', { open: false }, summary, el('ul', { class: 'tree' }, outcomes.map(candidate)));
}

function candidate({ campaign, outcome, detail }) {
  const head = [el('b', {}, campaign), ' ', reason(outcome)];
  if (detail === undefined) return el('li', {}, head);
  return el('li', {}, el('details', {}, el('summary', {}, head), tree(detail)));
}

/** Returns the detail that decided: a condition with its parts, or a few named values. */
function tree(detail) {
  return el(
    'ul',
    { class: 'tree' },
    'op' in detail ? condition(detail) : notes(detail).map((note) => el('li', {}, note)),
  );
}

/**
 * Returns a part of a condition: whether it holds, its operator, the value that was found, and its own parts.
 */
function condition({ op, holds, of: parts = [], ...rest }) {
  const mark = el(
    'span',
    { class: holds ? 'yes' : 'no', role: 'img', 'aria-label': holds ? 'holds' : 'does not hold' },
    holds ? '✓' : '✗',
  );
  const line = [mark, ' ', el('code', {}, op), ...notes(rest).flatMap((note) => [' ', note])];
  return el('li', {}, line, parts.length > 0 ? el('ul', { class: 'tree' }, parts.map(condition)) : '');
}

function notes(values) {
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return el('span', { class: 'pair' }, el('span', { class: 'key' }, name), ' ', el('code', {}, text));
  });
}
