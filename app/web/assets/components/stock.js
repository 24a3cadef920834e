// How much is left, in words; a colour only repeats what the words say.

import { h } from "../dom.js";

const FEW = 5;

/** `quiet` says something only where it matters: few left, or none. */
export function stockLine(item, { quiet = false } = {}) {
  if (item.stock <= 0) return h("span", { class: "stock stock--none" }, "Sold out");
  if (item.stock <= FEW) return h("span", { class: "stock stock--few" }, `Only ${item.stock} left`);
  return quiet ? null : h("span", { class: "stock" }, "In stock");
}
