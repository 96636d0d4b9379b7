// The basket's page, the order, and the page after it.
import { addToAccount } from './account.js';
import { CURRENCY, add, empty, productOf, quantityOf, remove, size } from './basket.js';
import { choose } from './consent.js';
import { read, write } from './store.js';
import { track } from './track.js';

const euros = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: CURRENCY,
  trailingZeroDisplay: 'stripIfInteger',
});
const POSTAGE = 5;
const FREE_FROM = 150;

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
  // The offer can change while the page is open, and the sum keeps what it promises.
  const offer = main.querySelector('[data-tl-slot="cart.offer"]');
  new MutationObserver(() => show(main, lines)).observe(offer, { childList: true, subtree: true });
  track('Cart Viewed', { products: bought(lines) });
  takeOrders(main.querySelector('[data-checkout]'), lines);
  holdBasket(main.querySelector('[data-hold]'));
}

export function enterOrder(main) {
  const order = read('order');
  if (!order) {
    main.querySelector('[data-ordered]').hidden = true;
    main.querySelector('[data-not-ordered]').hidden = false;
    return;
  }
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
  const { things, discount, postage, total } = sums(bought(lines));
  const texts = { things, off: -discount, sum: total };
  for (const [name, amount] of Object.entries(texts)) {
    main.querySelector(`[data-${name}]`).textContent = euros.format(amount);
  }
  main.querySelector('dd[data-postage]').textContent = postage ? euros.format(postage) : 'free';
  main.querySelector('[data-discounted]').hidden = discount === 0;
}

function bought(lines) {
  const products = lines.map((line) => ({ ...productOf(line), quantity: quantityOf(line.id) }));
  return products.filter(({ quantity }) => quantity > 0);
}

/** Returns what an order costs with the offer that the page shows. */
function sums(products) {
  const things = products.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
  const offer = (name) => document.querySelector(`[data-tl-slot="cart.offer"] .offer[data-${name}]`)?.dataset[name];
  const discount = Math.round(things * Number(offer('discount') ?? 0) * 100) / 100;
  const postage = things - discount >= FREE_FROM ? 0 : Number(offer('postage') ?? POSTAGE);
  return { things, discount, postage, total: things - discount + postage };
}

function takeOrders(form, lines) {
  const id = `TF-${crypto.randomUUID().slice(0, 8).toUpperCase()}`;
  const order = () => {
    const products = bought(lines);
    const { discount, postage, total } = sums(products);
    return { order_id: id, currency: CURRENCY, total, discount, shipping: postage, products };
  };
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
