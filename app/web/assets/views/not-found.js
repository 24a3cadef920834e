import { emptyState } from "../components/states.js";
import { h } from "../dom.js";
import { buoyPicture } from "../illustration/chart.js";

export function notFoundView() {
  const state = emptyState({
    level: 1,
    title: "Uncharted",
    text: "There is no page at this address. It may have moved with the sand.",
    actions: [h("a", { class: "button button--main", href: "/" }, "Back to the shop")],
    art: buoyPicture(),
  });
  return { title: "Page not found", node: h("div", { class: "wrap page" }, state) };
}
