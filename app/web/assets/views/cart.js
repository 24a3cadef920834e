// The cart, and placing the order.

import { announce } from "../announce.js";
import { isAbort } from "../api.js";
import { cart, limitOf } from "../cart.js";
import { icon } from "../components/icon.js";
import { quantity } from "../components/quantity.js";
import { emptyState, problemLine, whileBusy } from "../components/states.js";
import { h } from "../dom.js";
import { count, moneyText, price } from "../format.js";
import { buoyPicture } from "../illustration/chart.js";
import { itemPicture } from "../illustration/item.js";
import { readItem } from "../items.js";
import { rememberOrder } from "../orders.js";
import { navigate } from "../router.js";
import { session } from "../session.js";


export function cartView({ signal }) {
  const heading = h("h1", {}, "Cart");
  const body = h("div");
  const node = h("div", { class: "wrap page" }, heading, body);
  const listen = { signal };
  let shownIds = null;

  const render = () => {
    const ids = cart.lines.map((line) => line.item.id).join();
    if (ids === shownIds) return; // Only a quantity changed: the controls show it already.
    shownIds = ids;
    body.replaceChildren(...(cart.lines.length > 0 ? [filledCart(signal)] : [emptyCart()]));
  };
  cart.addEventListener("change", render, listen);
  render();
  return { title: "Cart", node, ready: refresh(signal) };
}

/** Prices and stock move: bring the lines up to date, quietly where the API does not answer. */
async function refresh(signal) {
  await Promise.all(
    cart.lines.map(async ({ item }) => {
      try {
        const fresh = await readItem(item.id, { signal });
        const held = cart.quantityOf(item.id);
        if (held === 0 || (fresh.price_cents === item.price_cents && fresh.stock === item.stock)) return;
        cart.set(fresh, held);
        if (cart.quantityOf(item.id) < held) announce(`${fresh.name}: only ${limitOf(fresh)} left, the cart is adjusted.`);
      } catch (error) {
        if (error.status === 404) cart.set(item, 0); // No longer sold.
        else if (!isAbort(error)) console.info("The cart shows the prices last seen:", error.message);
      }
    }),
  );
}

function emptyCart() {
  return emptyState({
    art: buoyPicture(),
    title: "Nothing in it yet",
    text: "What you add stays here, on this device, until you order it.",
    actions: [h("a", { class: "button button--main", href: "/" }, "Look around the shop")],
  });
}

function filledCart(signal) {
  return h(
    "div",
    { class: "cart" },
    h("ul", { class: "cart__lines", role: "list" }, cart.lines.map((line) => lineOf(line, signal))),
    summary(signal),
  );
}

function lineOf({ item, quantity: held }, signal) {
  const total = h("span", { class: "line__total" });
  const unit = h("p", { class: "line__unit" });
  const place = h("div", { class: "line__quantity" });
  let limit = null;

  const update = () => {
    const line = cart.lines.find((other) => other.item.id === item.id);
    if (!line) return;
    total.replaceChildren(price(line.quantity * line.item.price_cents));
    unit.textContent = `${moneyText(line.item.price_cents)} each`;
    if (limit === limitOf(line.item)) return;
    limit = limitOf(line.item);
    const control = quantity({
      label: `Quantity of ${item.name}`, value: line.quantity, max: limit,
      onChange: (number) => {
        cart.set(line.item, number);
        announce(`${number} × ${item.name}. Total ${moneyText(cart.totalCents)}.`);
      },
    });
    place.replaceChildren(control.node);
  };
  cart.addEventListener("change", update, { signal });
  update();

  const remove = (event) => {
    const next = event.target.closest("li").nextElementSibling ?? event.target.closest("li").previousElementSibling;
    const nextId = next?.dataset.item;
    cart.set(item, 0);
    announce(`${item.name} removed.`);
    const focus = nextId ? document.querySelector(`[data-item="${CSS.escape(nextId)}"] .line__name a`) : document.querySelector("main h1");
    focus?.focus();
  };
  return h(
    "li",
    { class: "line", "data-item": String(item.id) },
    h("div", { class: "line__picture" }, itemPicture(item)),
    h("div", { class: "line__text" }, h("h2", { class: "line__name" }, h("a", { href: `/items/${encodeURIComponent(item.id)}` }, item.name)), unit),
    place,
    total,
    h("button", { class: "icon-button", type: "button", "aria-label": `Remove ${item.name}`, on: { click: remove } }, icon("cross")),
  );
}

function summary(signal) {
  const pieces = h("dd", {});
  const total = h("dd", {});
  const failure = h("div", { class: "summary__failure" });
  const action = h("div", { class: "summary__action" });

  const update = () => {
    pieces.textContent = count(cart.count, "item");
    total.replaceChildren(price(cart.totalCents, "price--large"));
  };
  const showAction = () => {
    const button = h("button", { class: "button button--main button--wide", type: "button", on: { click: () => placeOrder(button, failure, signal) } }, "Place order");
    action.replaceChildren(
      session.user
        ? button
        : h("a", { class: "button button--main button--wide", href: "/sign-in?next=/cart" }, "Sign in to order"),
    );
  };
  cart.addEventListener("change", update, { signal });
  session.addEventListener("change", showAction, { signal });
  update();
  showAction();
  return h(
    "section",
    { class: "summary", "aria-labelledby": "summary" },
    h("h2", { id: "summary" }, "Summary"),
    h("dl", { class: "summary__figures" }, h("dt", {}, "In the cart"), pieces, h("dt", {}, "Delivery"), h("dd", {}, "Included"), h("dt", { class: "summary__total" }, "Total"), total),
    failure,
    action,
    h("p", { class: "summary__note" }, "Nothing is charged: this is a sample shop."),
  );
}

function placeOrder(button, failure, signal) {
  failure.replaceChildren();
  return whileBusy(button, "Placing the order", async () => {
    try {
      // Not tied to `signal`: an order under way is not taken back by leaving the page.
      const order = await session.request("POST", "/orders", {
        json: cart.order(),
        headers: { "idempotency-key": cart.idempotencyKey(session.user.id) },
      });
      cart.clear();
      rememberOrder(order);
      if (!signal.aborted) await navigate(`/orders/${encodeURIComponent(order.id)}`);
    } catch (error) {
      if (error.status === 401) return await navigate("/sign-in?next=/cart");
      if (!error.unanswered) cart.forgetAttempt(); // Refused for good; otherwise the same key goes again.
      failure.replaceChildren(problemLine(error));
      await refresh(signal);
    }
  });
}
