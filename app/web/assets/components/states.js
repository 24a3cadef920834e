// What a page shows when it has nothing to show: loading, empty, failed.

import { h } from "../dom.js";

/** Nothing here, and what to do about it. `actions` are links or buttons. */
export function emptyState({ title, text, actions = [], level = 2, art = null }) {
  return h("section", { class: "state" }, art, h(`h${level}`, {}, title), h("p", {}, text), h("p", { class: "state__actions" }, actions));
}

/** A failure in the API's own words, with a way on where trying again can help. */
export function problemState(problem, { retry = null, level = 2 } = {}) {
  return h(
    "section",
    { class: "state state--problem", role: "alert" },
    h(`h${level}`, {}, headline(problem)),
    h("p", {}, problem.detail ?? "Please try again in a moment."),
    retry && h("p", { class: "state__actions" }, h("button", { class: "button", type: "button", on: { click: retry } }, "Try again")),
    problem.requestId && h("p", { class: "state__reference" }, "Reference ", h("code", {}, problem.requestId)),
  );
}

/** The same, in a line: for a form or a button that failed. */
export function problemLine(problem) {
  return h("div", { class: "problem-line", role: "alert" }, problem.detail || headline(problem));
}

/** The reason phrases of HTTP are for programs; what people read is the detail, under this. */
function headline({ status, title }) {
  if (status === 404) return "There is nothing here";
  if (status === 429) return "One moment, please";
  if (status >= 500) return "Something went wrong on our side";
  return title ?? "Something went wrong";
}

/** Grey shapes while data is on its way; screen readers hear one word. */
export function skeletons(number, className, label = "Loading") {
  return [
    h("div", { class: "visually-hidden", role: "status" }, label),
    ...Array.from({ length: number }, () => h("div", { class: `skeleton ${className}`, "aria-hidden": "true" })),
  ];
}

/** A button that says it works and takes no second press; resolves when `work` has. */
export async function whileBusy(button, busyText, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const children = [...button.childNodes];
  // aria-disabled, not disabled: a disabled button would drop the focus.
  button.setAttribute("aria-disabled", "true");
  button.replaceChildren(h("span", { class: "spinner", "aria-hidden": "true" }), busyText);
  try {
    await work();
  } finally {
    button.removeAttribute("aria-disabled");
    button.replaceChildren(...children);
  }
}

