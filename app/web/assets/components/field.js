// A labelled input with its hint and its error, tied together for assistive technology.

import { h, uniqueId } from "../dom.js";
import { icon } from "./icon.js";

/** Returns {node, input, setError}. `attributes` go to the input; its `name` is what problems refer to. */
export function field({ label, hint = null, reveal = false, ...attributes }) {
  const id = uniqueId(attributes.name);
  const error = h("p", { class: "field__error", id: `${id}-error` });
  const described = [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const input = h("input", { id, class: "field__input", "aria-describedby": described, ...attributes });
  const setError = (text) => {
    error.textContent = text ?? "";
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => setError(null));
  const node = h(
    "div",
    { class: "field" },
    h("label", { class: "field__label", for: id }, label),
    h("div", { class: "field__control" }, input, reveal && revealButton(input)),
    hint && h("p", { class: "field__hint", id: `${id}-hint` }, hint),
    error,
  );
  return { node, input, setError };
}

function revealButton(input) {
  const toggle = () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
  };
  const button = h(
    "button",
    { class: "field__reveal", type: "button", "aria-label": "Show the password", "aria-pressed": "false", on: { click: toggle } },
    icon("eye"),
  );
  return button;
}
