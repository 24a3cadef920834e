// Money and dates, in the reader's language and the shop's currency.

import { h, hidden } from "./dom.js";

const CURRENCY = "EUR";
const money = new Intl.NumberFormat(undefined, { style: "currency", currency: CURRENCY });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export const moneyText = (cents) => money.format(cents / 100);
export const dateTimeText = (iso) => dateTime.format(new Date(iso));
export const dayText = (iso) => day.format(new Date(iso));
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** A price set the way charts set depths: the fraction small and lowered. Read out as plain money. */
export function price(cents, className = "") {
  const parts = money.formatToParts(cents / 100).map(({ type, value }) => {
    if (type === "fraction") return h("span", { class: "price__fraction" }, value);
    if (type === "decimal" || type === "literal") return null;
    if (type === "currency") return h("span", { class: "price__currency" }, value);
    return value;
  });
  return h("span", { class: `price ${className}`.trim() }, hidden(moneyText(cents)), h("span", { "aria-hidden": "true" }, parts));
}

/** What a person can say on the phone: the last eight characters of an order's id. */
export const orderNumber = (id) => String(id).replaceAll("-", "").slice(-8).toUpperCase();
