// The shop's front: search, sort, and the items page by page. The query stands in the address, so a
// search can be shared; coming back finds what was loaded, at the place one left.

import { announce } from "../announce.js";
import { isAbort } from "../api.js";
import { emptyState, problemLine, problemState, skeletons, whileBusy } from "../components/states.js";
import { icon } from "../components/icon.js";
import { itemCard } from "../components/item-card.js";
import { h } from "../dom.js";
import { count } from "../format.js";
import { chart } from "../illustration/chart.js";
import { listItems } from "../items.js";
import { replaceQuery } from "../router.js";

const SORTS = [
  ["", "Name, A to Z"],
  ["price_cents", "Price, low to high"],
  ["-price_cents", "Price, high to low"],
  ["-created_at", "Newest"],
];
const TYPING_MS = 250;

let kept = null; // {q, sort, items, next}: what the last visit had loaded.

export function catalogueView({ query, signal, restored }) {
  const state = { q: query.get("q") ?? "", sort: query.get("sort") ?? "", items: [], next: null };
  const results = h("div", { class: "results" });
  const summary = h("p", { class: "toolbar__summary" });
  let latest = null; // The AbortController of the newest search: older answers are not shown.

  const show = () => {
    const list = h("ul", { class: "grid", role: "list" }, state.items.map((item) => itemCard(item)));
    results.replaceChildren(state.items.length > 0 ? list : nothingFound(state.q, reset));
    if (state.next) results.append(moreButton(list));
    summary.textContent = state.q ? `${count(state.items.length, "result")}${state.next ? " so far" : ""}` : "";
    kept = { ...state, items: [...state.items] };
  };

  const load = async ({ aloud = false } = {}) => {
    latest?.abort();
    latest = new AbortController();
    const { signal: newest } = latest;
    results.setAttribute("aria-busy", "true");
    if (state.items.length === 0) results.replaceChildren(h("div", { class: "grid" }, skeletons(8, "skeleton--card", "Loading the shop")));
    try {
      const page = await listItems({ q: state.q, sort: state.sort, signal: AbortSignal.any([signal, newest]) });
      Object.assign(state, { items: page.items, next: page.next });
      show();
      if (aloud) announce(state.items.length > 0 ? `${count(state.items.length, "item")} shown` : "Nothing found");
    } catch (error) {
      if (isAbort(error)) return;
      results.replaceChildren(problemState(error, { retry: () => load() }));
    }
    results.removeAttribute("aria-busy");
  };

  const moreButton = (list) => {
    const button = h("button", { class: "button button--quiet", type: "button" }, "Show more");
    const failure = h("div");
    const more = () =>
      whileBusy(button, "Loading", async () => {
        failure.replaceChildren();
        try {
          const page = await listItems({ q: state.q, sort: state.sort, cursor: state.next, signal });
          const cards = page.items.map((item) => itemCard(item));
          list.append(...cards);
          Object.assign(state, { items: [...state.items, ...page.items], next: page.next });
          kept = { ...state };
          cards[0]?.querySelector("a").focus(); // Where the list goes on.
          announce(`${count(page.items.length, "more item")} shown`);
          if (!page.next) foot.remove();
        } catch (error) {
          if (!isAbort(error)) failure.replaceChildren(problemLine(error));
        }
      });
    button.addEventListener("click", more);
    const foot = h("div", { class: "more" }, failure, button);
    return foot;
  };

  const search = () => {
    replaceQuery({ q: state.q, sort: state.sort });
    return load({ aloud: true });
  };
  const bar = toolbar(state, search);
  const reset = () => {
    state.q = "";
    bar.input.value = "";
    bar.input.focus();
    void search();
  };

  let ready = null;
  if (restored && kept && kept.q === state.q && kept.sort === state.sort) {
    Object.assign(state, kept, { items: [...kept.items] });
    show();
  } else {
    ready = load();
  }
  const node = h("div", { class: "shop" }, hero(), h("div", { class: "wrap" }, bar.node, summary, results));
  return { title: state.q ? `“${state.q}”` : "", node, ready: ready ?? Promise.resolve() };
}

function hero() {
  return h(
    "section",
    { class: "hero" },
    chart(),
    h(
      "div",
      { class: "hero__panel" },
      h("h1", {}, "Things made to outlast the weather"),
      h("p", { class: "hero__text" }, "A small stock, chosen slowly. What you order is packed by hand and goes out on the next tide."),
    ),
  );
}

function toolbar(state, search) {
  let typing = null;
  const soon = () => {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING_MS);
  };
  const apply = () => {
    clearTimeout(typing);
    const q = input.value.trim();
    if (q === state.q) return;
    state.q = q;
    void search();
  };
  const input = h("input", {
    class: "search__input", id: "search", type: "search", name: "q", autocomplete: "off", maxlength: 100,
    placeholder: "Search the shop", value: state.q, on: { input: soon },
  });
  const select = h(
    "select",
    {
      class: "select", id: "sort",
      on: {
        change: () => {
          state.sort = select.value;
          void search();
        },
      },
    },
    SORTS.map(([value, text]) => h("option", { value, selected: value === state.sort }, text)),
  );
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const node = h(
    "form",
    { class: "toolbar", role: "search", on: { submit } },
    h("div", { class: "search" }, h("label", { class: "visually-hidden", for: "search" }, "Search the shop"), icon("search"), input),
    h("div", { class: "sort" }, h("label", { for: "sort" }, "Sort by"), select),
  );
  return { node, input };
}

function nothingFound(q, reset) {
  if (!q) return emptyState({ title: "The shelves are empty", text: "Nothing is for sale at the moment. Please come back with the next tide." });
  return emptyState({
    title: `Nothing found for “${q}”`,
    text: "Try a shorter word, or look through everything.",
    actions: [h("button", { class: "button", type: "button", on: { click: reset } }, "Show everything")],
  });
}
