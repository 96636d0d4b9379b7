// The support page: one ticket at a time, opened and solved here.
import { read, write } from './store.js';
import { track } from './track.js';

export function enterSupport(main) {
  const form = main.querySelector('[data-ticket]');
  const open = main.querySelector('[data-open-ticket]');
  const show = () => {
    const ticket = read('ticket');
    form.hidden = Boolean(ticket);
    open.hidden = !ticket;
    open.querySelector('[data-ticket-number]').textContent = ticket ?? '';
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const ticket = `T-${crypto.randomUUID().slice(0, 6).toUpperCase()}`;
    write('ticket', ticket);
    // The visitor's text is for the support desk alone and is not a property of the event.
    track('Ticket Opened', { ticket_id: ticket, topic: form.elements.topic.value });
    form.reset();
    show();
    open.querySelector('h2').focus();
  });
  open.querySelector('[data-resolve]').addEventListener('click', () => {
    track('Ticket Resolved', { ticket_id: read('ticket') });
    write('ticket', undefined);
    show();
    main.focus();
  });
  show();
}
