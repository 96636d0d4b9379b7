// All pages of the shop.
import cart from './cart.mjs';
import category from './category.mjs';
import guide from './guide.mjs';
import home from './home.mjs';
import { document } from './layout.mjs';
import missing from './missing.mjs';
import order from './order.mjs';
import pricing from './pricing.mjs';
import privacy from './privacy.mjs';
import { productPage } from './product.mjs';
import { PRODUCTS } from './products.mjs';
import support from './support.mjs';

const PAGES = [home, category, ...PRODUCTS.map(productPage), cart, order, pricing, guide, support, privacy, missing];

/** The HTML of each page, by its path in the shop. */
export const pages = new Map(PAGES.map((page) => [page.file, document(page)]));
