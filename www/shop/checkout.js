// The basket's page, the order, and the page after it.
import { addToAccount } from './account.js';
import { CURRENCY, add, empty, productOf, quantityOf, remove, size } from './basket.js';
import { choose } from './consent.js';
import { read, write } from './store.js';
import { track } from './track.js';

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: CURRENCY, maximumFractionDigits: 0 });

export function enterCart(main) {
  const lines = [...main.querySelectorAll('.line')];
  addFromAddress(lines);
  for (const line of lines) {
    const button = line.querySelector('[data-remove]');
    button.hidden = false;
    button.addEventListener('click', () => {
      remove(productOf(line));
      show(main, lines);
      main.focus();
    });
  }
  show(main, lines);
  track('Cart Viewed', { products: bought(lines) });
  takeOrders(main.querySelector('[data-checkout]'), lines);
  holdBasket(main.querySelector('[data-hold]'));
}

export function enterOrder(main) {
  const order = read('order');
  if (!order) return;
  if (order.firstName) main.querySelector('[data-order-name]').textContent = `, ${order.firstName}`;
  main.querySelector('[data-order-number]').textContent = `Your number is ${order.id}.`;
}

/**
 * Adds the product that the URL names, as in `/cart/?add=squall`: from a message, or from a page whose
 * scripts had not loaded.
 */
function addFromAddress(lines) {
  const wanted = new URLSearchParams(location.search).get('add');
  const line = lines.find((line) => line.id === wanted);
  if (!line) return;
  history.replaceState(history.state, '', '/cart/');
  add(productOf(line));
}

function show(main, lines) {
  for (const line of lines) {
    const quantity = quantityOf(line.id);
    line.hidden = quantity === 0;
    line.querySelector('[data-quantity]').textContent = `Quantity ${quantity}`;
  }
  const isEmpty = size() === 0;
  main.querySelector('[data-lines]').dataset.live = '';
  main.querySelector('[data-empty]').hidden = !isEmpty;
  for (const part of main.querySelectorAll('[data-checkout], [data-hold], [data-total]')) part.hidden = isEmpty;
  main.querySelector('[data-sum]').textContent = euros.format(total(bought(lines)));
}

function bought(lines) {
  const products = lines.map((line) => ({ ...productOf(line), quantity: quantityOf(line.id) }));
  return products.filter(({ quantity }) => quantity > 0);
}

function total(products) {
  return products.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
}

function takeOrders(form, lines) {
  const id = `TF-${crypto.randomUUID().slice(0, 8).toUpperCase()}`;
  const order = () => ({ order_id: id, currency: CURRENCY, total: total(bought(lines)), products: bought(lines) });
  form.addEventListener('focusin', () => track('Checkout Started', order()), { once: true });
  // The form itself continues to the confirmation page; the tag delivers this event across the navigation.
  form.addEventListener(
    'submit',
    () => {
      const firstName = form.querySelector('#first-name').value.trim();
      const email = form.querySelector('#email').value.trim();
      addToAccount({ ...(firstName && { firstName }), ...(email && { email }) });
      track('Order Completed', order());
      write('order', { id, firstName });
      empty();
    },
    { once: true },
  );
}

function holdBasket(form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    choose({ 'channel.whatsapp': 'granted' });
    addToAccount({ phone: form.querySelector('#phone').value.trim(), whatsappReady: true });
    form.querySelector('[data-held]').textContent = 'We hold it. You hear from us once.';
  });
}
