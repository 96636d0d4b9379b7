// The basket: quantities, and the products as the pages' markup describes them.
import { read, write } from './store.js';
import { track } from './track.js';

export const CURRENCY = 'EUR';

/** Returns the product that an element describes in its `data-` attributes. */
export function productOf({ dataset }) {
  return {
    product_id: dataset.productId,
    name: dataset.name,
    category: dataset.category,
    price: Number(dataset.price),
    currency: CURRENCY,
  };
}

/** Returns the quantity of a product in the basket. */
export function quantityOf(id) {
  return read('basket', {})[id] ?? 0;
}

/** Returns the number of items in the basket. */
export function size() {
  return Object.values(read('basket', {})).reduce((sum, quantity) => sum + quantity, 0);
}

/** Adds one of a product. */
export function add(product) {
  set(product.product_id, quantityOf(product.product_id) + 1);
  track('Product Added', { ...product, quantity: 1 });
}

/** Removes all of a product. */
export function remove(product) {
  const quantity = quantityOf(product.product_id);
  set(product.product_id, 0);
  // Not in Segment's specification: the journey of the abandoned basket ends when nothing is left.
  track('Product Removed', { ...product, quantity, items_left: size() });
}

/** Empties the basket without an event, after an order or a change of persona. */
export function empty() {
  write('basket', undefined);
  showCount();
}

/** Shows the number of items in the page's header. */
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
