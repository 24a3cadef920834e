// One item in the catalogue. The whole card is a target; the link is the name.

import { notify } from "../announce.js";
import { cart } from "../cart.js";
import { h, hidden } from "../dom.js";
import { price } from "../format.js";
import { itemPicture } from "../illustration/item.js";
import { icon } from "./icon.js";
import { stockLine } from "./stock.js";

export function itemCard(item, { level = 2 } = {}) {
  return h(
    "li",
    { class: item.stock > 0 ? "card" : "card card--sold-out" },
    h("div", { class: "card__picture" }, itemPicture(item)),
    h(
      "div",
      { class: "card__text" },
      h(`h${level}`, { class: "card__name" }, h("a", { class: "card__link", href: `/items/${encodeURIComponent(item.id)}` }, item.name)),
      h("p", { class: "card__line" }, price(item.price_cents), stockLine(item, { quiet: true })),
    ),
    item.stock > 0 &&
      h("button", { class: "card__add", type: "button", on: { click: () => addToCart(item) } }, icon("plus"), hidden(`Add ${item.name} to the cart`)),
  );
}

/** Add, and say what happened: it may be less than asked for. Returns how many were added. */
export function addToCart(item, quantity = 1) {
  const added = cart.add(item, quantity);
  const link = { text: "See the cart", href: "/cart" };
  if (added === 0) notify(`The cart already holds all the ${item.name} it can.`, link);
  else if (added < quantity) notify(`Only ${added} more of ${item.name} could be added.`, link);
  else notify(added === 1 ? `${item.name} is in your cart.` : `${added} × ${item.name} are in your cart.`, link);
  return added;
}
