// What each kind of page does when it is entered, by a load or in place. A page names its kind in `data-page`.
import { add, productOf } from "./basket.js";
import { enterCart, enterOrder } from "./checkout.js";
import { choices, enterPrivacy } from "./consent.js";
import { read, write } from "./store.js";
import { enterSupport } from "./support.js";
import { call, track } from "./track.js";

const KINDS = {
  category: enterCategory,
  product: enterProduct,
  guide: enterGuide,
  cart: enterCart,
  order: enterOrder,
  support: enterSupport,
  privacy: enterPrivacy,
};

/** Brings the page in `main` to life. */
export function enter(main) {
  KINDS[main.dataset.page]?.(main);
}

function enterCategory(main) {
  const products = [...main.querySelectorAll(".card")].map((card, at) => ({ ...productOf(card), position: at + 1 }));
  track("Product List Viewed", { list_id: "gear", products });
}

function enterProduct(main) {
  const form = main.querySelector("[data-add]");
  track("Product Viewed", productOf(form));
  look(form.dataset.productId);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(productOf(form));
    main.querySelector("[data-added]").textContent = `${form.dataset.name} is in your basket.`;
  });
}

/** Remembers what was looked at last, for those who have said yes to that. */
function look(id) {
  if (choices().personalization !== "granted") return write("viewed", undefined);
  const viewed = [id, ...read("viewed", []).filter((other) => other !== id)].slice(0, 8);
  write("viewed", viewed);
  call("identify", undefined, { viewed });
}

function enterGuide(main) {
  const link = main.querySelector("[data-guide]");
  link.addEventListener("click", () => {
    track("Guide Downloaded", { guide: link.dataset.guide });
    main.querySelector("[data-downloaded]").textContent = "On its way. Enjoy the read.";
  });
}
