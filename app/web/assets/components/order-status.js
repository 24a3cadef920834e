// The state of an order: a badge for lists, and the way it takes for its own page.

import { h, hidden } from "../dom.js";
import { dateTimeText } from "../format.js";
import { icon } from "./icon.js";

const WORDS = { placed: "Being packed", fulfilled: "Fulfilled", rejected: "Not fulfilled" };

export const statusWord = (order) => WORDS[order.status] ?? order.status;

export function statusBadge(order) {
  return h("span", { class: `badge badge--${order.status}` }, statusWord(order));
}

/** Placed, being packed, and how it ended. */
export function passage(order) {
  const settled = order.status !== "placed";
  const rejected = order.status === "rejected";
  const steps = [
    step({ name: "Placed", text: dateTimeText(order.placed_at), state: "done" }),
    step({ name: "Being packed", text: settled ? "Checked against the shelves" : "We are at the shelves now", state: settled ? "done" : "now" }),
    rejected
      ? step({ name: "Not fulfilled", text: "We could not pack it", state: "failed" })
      : step({ name: "Fulfilled", text: settled ? "On its way to you" : "This page will say when", state: settled ? "done" : "ahead" }),
  ];
  return h("ol", { class: "passage", role: "list" }, steps);
}

const SAID = { done: "done: ", now: "now: ", failed: "failed: ", ahead: "still to come: " };

function step({ name, text, state }) {
  const mark = { done: "check", failed: "cross" }[state];
  return h(
    "li",
    { class: `step step--${state}`, "aria-current": state === "now" ? "step" : null },
    h("span", { class: "step__mark", "aria-hidden": "true" }, mark && icon(mark)),
    h("div", { class: "step__text" }, h("p", { class: "step__name" }, hidden(SAID[state]), name), h("p", { class: "step__when" }, text)),
  );
}
