// One order, live: the page asks, ever less often, until it is fulfilled or rejected.

import { announce } from "../announce.js";
import { icon } from "../components/icon.js";
import { passage, statusWord } from "../components/order-status.js";
import { problemLine, skeletons } from "../components/states.js";
import { h } from "../dom.js";
import { dayText, moneyText, orderNumber, price } from "../format.js";
import { itemPicture } from "../illustration/item.js";
import { follow, justPlaced, readOrder } from "../orders.js";
import { forSignedIn } from "./guard.js";

export function orderView({ params, signal }) {
  const number = orderNumber(params.id);
  const body = h("div");
  const node = h(
    "div",
    { class: "wrap page" },
    h("a", { class: "back-link", href: "/orders" }, icon("back"), "All orders"),
    h("h1", {}, "Order ", h("span", { class: "order-number" }, number)),
    body,
  );

  const load = async () => {
    const known = justPlaced(params.id);
    if (!known) body.replaceChildren(h("div", {}, skeletons(2, "skeleton--row", "Loading the order")));
    const order = known ?? (await readOrder(params.id, { signal }));
    const sheet = orderSheet(order);
    body.replaceChildren(sheet.node);
    const onOrder = (fresh) => {
      sheet.show(fresh);
      if (fresh.status !== "placed") announce(`Order ${number}: ${statusWord(fresh)}.`);
    };
    // Not awaited: the page is complete before the order is.
    void follow(order, { signal, onOrder, onProblem: sheet.showProblem });
  };
  return { title: `Order ${number}`, node, ready: forSignedIn(body, signal, load) };
}

function orderSheet(order) {
  const state = h("div", { class: "order-state" });
  const failure = h("div");
  let status = null;
  const show = (fresh) => {
    if (fresh.status === status) return; // Nothing to redraw, and nothing to read out again.
    status = fresh.status;
    state.replaceChildren(h("h2", {}, headline(fresh)), h("p", {}, sentence(fresh)), passage(fresh));
    state.className = `order-state order-state--${status}`;
  };
  const showProblem = (problem) => failure.replaceChildren(...(problem ? [problemLine(problem)] : []));
  show(order);

  const lines = h("ul", { class: "receipt__lines", role: "list" }, order.lines.map(receiptLine));
  const receipt = h(
    "section",
    { class: "receipt", "aria-labelledby": "receipt" },
    h("h2", { id: "receipt" }, "Receipt"),
    h("p", { class: "receipt__when" }, "Placed on ", h("time", { datetime: order.placed_at }, dayText(order.placed_at))),
    lines,
    h("p", { class: "receipt__total" }, h("span", {}, "Total"), price(order.total_cents, "price--large")),
  );
  return { node: h("div", { class: "order-page" }, h("div", {}, state, failure), receipt), show, showProblem };
}

function headline({ status }) {
  return { placed: "Thank you. We are packing it.", fulfilled: "Packed and on its way.", rejected: "We could not fulfil this order." }[status] ?? status;
}

function sentence({ status, reason }) {
  if (status === "fulfilled") return "Everything was on the shelf. It leaves on the next tide.";
  if (status === "rejected") return reason ? `${reason} Nothing was charged.` : "Something sold out before we reached the shelf. Nothing was charged.";
  return "Stay, if you like: this page changes by itself. Or close it; the order goes on without you.";
}

function receiptLine(line) {
  return h(
    "li",
    { class: "receipt__line" },
    h("div", { class: "receipt__picture" }, itemPicture(line)),
    h("div", { class: "receipt__text" }, h("a", { href: `/items/${encodeURIComponent(line.item_id)}` }, line.name), h("span", { class: "receipt__unit" }, `${line.quantity} × ${moneyText(line.unit_price_cents)}`)),
    price(line.quantity * line.unit_price_cents),
  );
}
