// A quantity between a minimum and a maximum: two buttons around a number that can be typed.

import { h, uniqueId } from "../dom.js";
import { icon } from "./icon.js";

/** `onChange(quantity)` hears every valid change. Returns {node, value, set}. */
export function quantity({ label, value, min = 1, max, onChange = () => {} }) {
  const id = uniqueId("quantity");
  const clamp = (number) => Math.max(min, Math.min(max, Number.isFinite(number) ? Math.trunc(number) : min));
  let current = clamp(value);

  const input = h("input", {
    id, class: "quantity__input", type: "text", inputmode: "numeric", autocomplete: "off", role: "spinbutton",
    "aria-label": label, "aria-valuemin": min, "aria-valuemax": max, value: current,
  });
  const button = (name, step, text) =>
    h("button", { class: "quantity__button", type: "button", "aria-label": `${text}: ${label}`, on: { click: () => change(current + step) } }, icon(name));
  const less = button("minus", -1, "One less");
  const more = button("plus", 1, "One more");

  const show = () => {
    input.value = current;
    input.setAttribute("aria-valuenow", current);
    less.setAttribute("aria-disabled", String(current <= min));
    more.setAttribute("aria-disabled", String(current >= max));
  };
  const change = (number) => {
    const next = clamp(number);
    const changed = next !== current;
    current = next;
    show();
    if (changed) onChange(current);
  };
  input.addEventListener("change", () => change(Number.parseInt(input.value, 10)));
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    change(current + step);
  });
  show();
  return {
    node: h("div", { class: "quantity", role: "group", "aria-label": label }, less, input, more),
    get value() {
      return current;
    },
  };
}
