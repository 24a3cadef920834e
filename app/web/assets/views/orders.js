// The orders of the person who is signed in, the newest first; those under way move by themselves.

import { isAbort } from "../api.js";
import { emptyState, problemLine, skeletons, whileBusy } from "../components/states.js";
import { statusBadge } from "../components/order-status.js";
import { h } from "../dom.js";
import { count, dayText, orderNumber, price } from "../format.js";
import { buoyPicture } from "../illustration/chart.js";
import { itemPicture } from "../illustration/item.js";
import { follow, isSettled, listOrders } from "../orders.js";
import { forSignedIn } from "./guard.js";

const PICTURES = 4;

export function ordersView({ signal }) {
  const body = h("div");
  const node = h("div", { class: "wrap page" }, h("h1", {}, "Orders"), body);

  const load = async () => {
    body.replaceChildren(h("div", {}, skeletons(3, "skeleton--row", "Loading your orders")));
    const page = await listOrders({ signal });
    if (page.orders.length === 0) return body.replaceChildren(noOrders());
    const list = h("ul", { class: "orders", role: "list" }, page.orders.map((order) => orderRow(order, signal)));
    body.replaceChildren(list);
    if (page.next) body.append(moreButton(list, page.next, signal));
  };
  return { title: "Orders", node, ready: forSignedIn(body, signal, load) };
}

function orderRow(order, signal) {
  const badge = h("span", { class: "order__status" }, statusBadge(order));
  if (!isSettled(order)) {
    const onOrder = (fresh) => badge.replaceChildren(statusBadge(fresh));
    void follow(order, { signal, onOrder, onProblem: () => {} });
  }
  const pieces = order.lines.reduce((sum, line) => sum + line.quantity, 0);
  const number = orderNumber(order.id);
  return h(
    "li",
    { class: "order" },
    h("div", { class: "order__pictures", "aria-hidden": "true" }, order.lines.slice(0, PICTURES).map((line) => itemPicture(line))),
    h(
      "div",
      { class: "order__text" },
      h("h2", { class: "order__name" }, h("a", { class: "card__link", href: `/orders/${encodeURIComponent(order.id)}` }, `Order ${number}`)),
      h("p", { class: "order__when" }, h("time", { datetime: order.placed_at }, dayText(order.placed_at)), ` · ${count(pieces, "item")}`),
    ),
    badge,
    price(order.total_cents, "order__total"),
  );
}

function moreButton(list, first, signal) {
  let cursor = first;
  const failure = h("div");
  const button = h("button", { class: "button button--quiet", type: "button" }, "Show older orders");
  const foot = h("div", { class: "more" }, failure, button);
  button.addEventListener("click", () =>
    whileBusy(button, "Loading", async () => {
      failure.replaceChildren();
      try {
        const page = await listOrders({ cursor, signal });
        const rows = page.orders.map((order) => orderRow(order, signal));
        list.append(...rows);
        rows[0]?.querySelector("a").focus();
        cursor = page.next;
        if (!cursor) foot.remove();
      } catch (error) {
        if (!isAbort(error)) failure.replaceChildren(problemLine(error));
      }
    }),
  );
  return foot;
}

function noOrders() {
  return emptyState({
    art: buoyPicture(),
    title: "No orders yet",
    text: "When you place one, you can watch it here from the shelf to the tide.",
    actions: [h("a", { class: "button button--main", href: "/" }, "Look around the shop")],
  });
}
