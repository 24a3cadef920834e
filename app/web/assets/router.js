// Paths to views, by the History API. A view is a function of {params, query, signal, restored} that
// returns at once {title, node, ready?}: what to show now, and a promise of when it is complete.
// `signal` aborts when the person leaves, so that no late answer paints over the next page.

import { announce } from "./announce.js";

const SITE = "Foreshore";

let routes = [];
let notFound = null;
let current = null; // The AbortController of the view on show.
let shown = null; // Its path and query.
const positions = new Map(); // Scroll position by history entry.

/** `table`: [[pattern, view], ...]; a pattern's `:name` takes one segment. */
export function start(table, fallback) {
  routes = table.map(([pattern, view]) => [compile(pattern), view]);
  notFound = fallback;
  history.scrollRestoration = "manual"; // Pages fill in later than the browser restores.
  keepEntryKey();
  document.addEventListener("click", followLink);
  addEventListener("popstate", () => {
    keepEntryKey();
    if (here() !== shown) void show({ restored: true }); // Otherwise only the #fragment changed.
  });
  addEventListener("scroll", () => positions.set(history.state?.key, scrollY), { passive: true });
  return show({ first: true });
}

export function navigate(href, { replace = false } = {}) {
  const key = Math.random().toString(36).slice(2);
  history[replace ? "replaceState" : "pushState"]({ key }, "", href);
  return show({});
}

/** Change the query of the page on show, without another entry in the history or another render. */
export function replaceQuery(query) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  history.replaceState(history.state, "", text ? `${location.pathname}?${text}` : location.pathname);
  shown = here();
}

/** Only a path of this site may be a place to return to: never `//elsewhere` or another scheme. */
export function safePath(path, otherwise = "/") {
  if (!path || !URL.canParse(path, location.origin)) return otherwise;
  const url = new URL(path, location.origin);
  return url.origin === location.origin ? `${url.pathname}${url.search}` : otherwise;
}

export function setTitle(title) {
  document.title = title ? `${title} · ${SITE}` : SITE;
}

async function show({ first = false, restored = false }) {
  current?.abort();
  current = new AbortController();
  const { signal } = current;
  shown = here();

  const path = location.pathname.replace(/(.)\/+$/, "$1");
  const [view, params] = match(path);
  const { title, node, ready = Promise.resolve() } = view({
    params,
    query: new URLSearchParams(location.search),
    signal,
    restored,
  });
  if (signal.aborted) return; // The view has sent the person elsewhere, and that is on show already.
  const main = document.getElementById("main");
  main.replaceChildren(node);
  setTitle(title);
  markCurrentLinks(path);
  if (!first) focusHeading(main);
  if (!restored) scrollTo(0, 0);

  await ready;
  if (signal.aborted) return;
  if (restored) scrollTo(0, positions.get(history.state?.key) ?? 0);
  if (!first) announce(document.title);
}

function match(path) {
  for (const [pattern, view] of routes) {
    const found = pattern.exec(path);
    if (found) return [view, decode(found.groups ?? {})];
  }
  return [notFound, {}];
}

function compile(pattern) {
  return new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
}

function decode(params) {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, safeDecode(value)]));
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A malformed escape: the API will say that there is no such thing.
  }
}

function followLink(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // A new tab or window.
  const link = event.target.closest("a[href]");
  if (!link || link.origin !== location.origin || link.target || link.download) return;
  if (link.hasAttribute("data-external")) return;
  const href = link.getAttribute("href");
  if (href.startsWith("#")) return;
  event.preventDefault();
  void navigate(href, { replace: link.pathname + link.search === here() });
}

/** Focus goes to the new page's heading, so that keyboard and screen reader start there. */
function focusHeading(main) {
  const target = main.querySelector("h1") ?? main;
  if (target !== main) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
}

function markCurrentLinks(path) {
  for (const link of document.querySelectorAll("a[aria-current]")) link.removeAttribute("aria-current");
  for (const link of document.querySelectorAll("nav a[href]")) {
    if (link.getAttribute("href") === path) link.setAttribute("aria-current", "page");
  }
}

function keepEntryKey() {
  if (!history.state?.key) history.replaceState({ key: Math.random().toString(36).slice(2) }, "");
}

const here = () => location.pathname + location.search;
