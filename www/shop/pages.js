// The behaviour of each kind of page when it is entered, by a load or in place. A page names its kind in
// `data-page`.
import { add, productOf } from './basket.js';
import { enterCart, enterOrder } from './checkout.js';
import { enterPrivacy } from './consent.js';
import { enterSupport } from './support.js';
import { track } from './track.js';

const KINDS = {
  category: enterCategory,
  product: enterProduct,
  guide: enterGuide,
  cart: enterCart,
  order: enterOrder,
  support: enterSupport,
  privacy: enterPrivacy,
};

/** Starts the behaviour of the page in `main`. */
export function enter(main) {
  KINDS[main.dataset.page]?.(main);
}

function enterCategory(main) {
  const products = [...main.querySelectorAll('.card')].map((card, at) => ({ ...productOf(card), position: at + 1 }));
  track('Product List Viewed', { list_id: 'gear', products });
}

function enterProduct(main) {
  const form = main.querySelector('[data-add]');
  track('Product Viewed', productOf(form));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    add(productOf(form));
    main.querySelector('[data-added]').textContent = `${form.dataset.name} is in your basket.`;
  });
}

function enterGuide(main) {
  const link = main.querySelector('[data-guide]');
  link.addEventListener('click', () => {
    track('Guide Downloaded', { guide: link.dataset.guide });
    main.querySelector('[data-downloaded]').textContent = 'On its way. Enjoy the read.';
  });
}
