// One item. What was seen of it in the catalogue is shown at once, then what the API says now.

import { isAbort } from "../api.js";
import { icon } from "../components/icon.js";
import { addToCart, itemCard } from "../components/item-card.js";
import { quantity } from "../components/quantity.js";
import { problemLine, skeletons } from "../components/states.js";
import { stockLine } from "../components/stock.js";
import { limitOf } from "../cart.js";
import { h } from "../dom.js";
import { price } from "../format.js";
import { buoyPicture } from "../illustration/chart.js";
import { itemPicture } from "../illustration/item.js";
import { lastSeen, listItems, readItem } from "../items.js";
import { setTitle } from "../router.js";

const OTHERS = 4;

export function itemView({ params, signal }) {
  const heading = h("h1", { class: "item__name" });
  const pictured = h("div", { class: "item__picture" });
  const told = h("div", { class: "item__details" });
  // These stay where they are while their content changes: the heading may hold the focus.
  const article = h("article", { class: "item" }, pictured, h("div", { class: "item__text" }, heading, told));
  const others = h("div");
  const node = h("div", { class: "wrap page" }, h("a", { class: "back-link", href: "/" }, icon("back"), "All items"), article, others);

  const show = (item) => {
    heading.textContent = item.name;
    setTitle(item.name);
    pictured.replaceChildren(itemPicture(item));
    pictured.classList.remove("skeleton");
    told.replaceChildren(...details(item));
  };
  const load = async () => {
    try {
      show(await readItem(params.id, { signal }));
    } catch (error) {
      if (isAbort(error)) return;
      heading.textContent = "This item cannot be shown";
      setTitle(heading.textContent);
      pictured.classList.remove("skeleton");
      pictured.replaceChildren(buoyPicture());
      told.replaceChildren(...refusal(error, again));
      return;
    }
    void showOthers(others, params.id, signal);
  };

  const loading = () => {
    heading.textContent = "One moment";
    pictured.replaceChildren();
    pictured.classList.add("skeleton");
    told.replaceChildren(...skeletons(1, "skeleton--text", "Loading the item"));
  };
  const again = () => {
    loading();
    return load();
  };

  const known = lastSeen(params.id);
  if (known) show(known);
  else loading();
  return { title: known?.name ?? "Item", node, ready: load() };
}

function refusal(problem, again) {
  const wayOn =
    problem.status === 404
      ? h("a", { class: "button button--main", href: "/" }, "Back to the shop")
      : h("button", { class: "button", type: "button", on: { click: again } }, "Try again");
  return [problemLine(problem), h("p", { class: "item__way-on" }, wayOn)];
}

function details(item) {
  return [
    h("p", { class: "item__price" }, price(item.price_cents, "price--large"), stockLine(item)),
    h("p", { class: "item__description" }, item.description),
    item.stock > 0 ? buying(item) : h("p", { class: "item__gone" }, "The last one has gone. It is worth looking in again."),
    h("ul", { class: "promises", role: "list" }, h("li", {}, "Packed by hand, sent on the next tide"), h("li", {}, "You see your order move, live")),
  ];
}

function buying(item) {
  const amount = quantity({ label: `Quantity of ${item.name}`, value: 1, max: limitOf(item) });
  const submit = (event) => {
    event.preventDefault();
    addToCart(item, amount.value);
  };
  return h("form", { class: "buying", on: { submit } }, amount.node, h("button", { class: "button button--main", type: "submit" }, "Add to cart"));
}

/** A few more things to look at. A failure here costs nobody anything, so it shows nothing. */
async function showOthers(place, id, signal) {
  try {
    const { items } = await listItems({ limit: OTHERS + 1, sort: "-created_at", signal });
    const rest = items.filter((item) => String(item.id) !== id).slice(0, OTHERS);
    if (rest.length === 0) return;
    place.replaceChildren(
      h("section", { class: "others", "aria-labelledby": "others" }, h("h2", { id: "others" }, "Also in the shop"), h("ul", { class: "grid", role: "list" }, rest.map((item) => itemCard(item, { level: 3 })))),
    );
  } catch (error) {
    if (!isAbort(error)) console.info("No further items:", error.message);
  }
}
