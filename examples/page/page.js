// Calls before the tag has loaded wait in this list.
const tl = (...call) => (globalThis.throughline_queue ??= []).push(call);

document.querySelector('#grant').addEventListener('click', () => {
  tl('consent', { personalization: 'granted', analytics: 'granted' });
  tl('track', 'Example Clicked', { button: 'grant' });
});
document.querySelector('#deny').addEventListener('click', () => tl('consent', { personalization: 'denied' }));

// The tag reports each event as it is sent.
document.addEventListener('tlevent', ({ detail }) => {
  const item = document.createElement('li');
  item.textContent = detail.event ?? detail.type;
  document.querySelector('#events').append(item);
});
