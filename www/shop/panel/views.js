// The parts of the panel, as elements.
import { PURPOSES, choices, choose } from '../consent.js';
import { el } from './dom.js';
import { reason } from './trace.js';

/** Returns the personas as a group of buttons. */
export function personaButtons(personas, current, become) {
  return personas.map((persona) => {
    const pressed = String(persona.id === current);
    const button = el('button', {
      type: 'button',
      class: 'persona',
      'aria-pressed': pressed,
      'data-persona': persona.id,
    });
    button.append(el('b', {}, persona.name), el('small', {}, persona.description));
    button.addEventListener('click', () => become(persona));
    return button;
  });
}

/** Returns the content of each slot of the page, and the next action. */
export function decisionView(decision) {
  if (!decision) return el('p', { class: 'note' }, 'No decision yet.');
  const slots = Object.entries(decision.reasons ?? {}).map(([name, code]) =>
    slotRow(name, decision.slots?.[name], code),
  );
  return [
    el('dl', { class: 'slots' }, slots),
    nextAction(decision.nextAction),
    el('p', { class: 'note' }, el('code', {}, decision.decisionId), ` · ${privacyWords(decision)}`),
  ];
}

function slotRow(name, fill, code) {
  const facts = fill
    ? [el('b', {}, fill.campaign), ` ${[fill.message, fill.variation, fill.locale].filter(Boolean).join(' · ')}`]
    : [reason(code), " the page's own content"];
  const offer = fill?.offer ? el('span', { class: 'tag tag--offer' }, fill.offer) : '';
  return [el('dt', {}, el('code', {}, name)), el('dd', {}, facts, ' ', offer)];
}

function nextAction(action) {
  if (!action) return el('p', { class: 'next next--none' }, 'Next action: none');
  const time = (ms) => new Date(ms).toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  const when = `at ${time(action.at)}${action.until ? `, until ${time(action.until)}` : ''}`;
  const said = action.text ?? action.subject;
  return el(
    'div',
    { class: 'next' },
    el('p', {}, 'Next action: ', el('b', {}, action.channel), ` ${when}`),
    said ? el('q', {}, said) : '',
  );
}

function privacyWords({ store, measure }) {
  return `${store ? 'remembered' : 'not remembered'}, ${measure ? 'measured' : 'not measured'}`;
}

/** Returns the events that the tag sent, newest first. */
export function eventList(events) {
  if (events.length === 0) return el('p', { class: 'note' }, 'Nothing sent from this page yet.');
  return el('ol', { class: 'events' }, events.toReversed().map(eventRow));
}

function eventRow(event) {
  const name = event.event ?? event.type;
  const at = new Date(event.timestamp ?? event.at ?? Date.now()).toLocaleTimeString();
  const summary = el('summary', {}, el('b', {}, name), ' ', el('time', {}, at));
  return el('li', {}, el('details', {}, summary, el('pre', {}, JSON.stringify(event, undefined, 2))));
}

/** Returns a switch for each purpose; one that has no choice yet is pending. */
export function consentSwitches(changed) {
  const made = choices();
  return PURPOSES.map((purpose) => {
    const box = el('input', {
      type: 'checkbox',
      checked: made[purpose] === 'granted',
      indeterminate: !(purpose in made),
    });
    box.addEventListener('change', () => {
      choose({ [purpose]: box.checked ? 'granted' : 'denied' });
      changed();
    });
    return el('label', { class: 'switch' }, box, el('span', {}, purpose), el('small', {}, made[purpose] ?? 'pending'));
  });
}
