// The basket: how many of each product, and what the products are as the pages' markup describes them.
import { read, write } from './store.js';
import { track } from './track.js';

export const CURRENCY = 'EUR';

/** The product that an element describes in its `data-` attributes. */
export function productOf({ dataset }) {
  return {
    product_id: dataset.productId,
    name: dataset.name,
    category: dataset.category,
    price: Number(dataset.price),
    currency: CURRENCY,
  };
}

/** How many of a product are in the basket. */
export function quantityOf(id) {
  return read('basket', {})[id] ?? 0;
}

/** How many things are in the basket. */
export function size() {
  return Object.values(read('basket', {})).reduce((sum, quantity) => sum + quantity, 0);
}

/** Puts one of a product in. */
export function add(product) {
  set(product.product_id, quantityOf(product.product_id) + 1);
  track('Product Added', { ...product, quantity: 1 });
}

/** Takes all of a product out. */
export function remove(product) {
  const quantity = quantityOf(product.product_id);
  set(product.product_id, 0);
  // Not in Segment's specification: the journey of the abandoned basket ends when nothing is left.
  track('Product Removed', { ...product, quantity, items_left: size() });
}

/** Takes everything out, without a word: it was bought, or it is somebody else's. */
export function empty() {
  write('basket', undefined);
  showCount();
}

/** Shows the number of things in the page's head. */
export function showCount() {
  const badge = document.querySelector('[data-basket-count]');
  badge.textContent = size();
  badge.hidden = size() === 0;
}

function set(id, quantity) {
  const { [id]: _, ...others } = read('basket', {});
  write('basket', quantity > 0 ? { ...others, [id]: quantity } : others);
  showCount();
}
