// Tells people what changed: a polite live region for screen readers, and short notices for the eye.

import { h } from "./dom.js";

const NOTICE_MS = 6_000;

/** Say it to screen readers. Said again even when the text is the same. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

/** A notice at the foot of the window, with an optional link: {text, href}. It leaves by itself. */
export function notify(text, link = null) {
  const region = document.getElementById("notices");
  const close = () => notice.remove();
  const notice = h(
    "div",
    { class: "notice" },
    h("p", {}, text),
    link && h("a", { class: "notice__link", href: link.href, on: { click: close } }, link.text),
    h("button", { class: "notice__close", type: "button", "aria-label": "Dismiss", on: { click: close } }, "×"),
  );
  region.replaceChildren(notice); // One at a time: the newest is the one that matters.
  announce(text);
  waitThenClose(notice, close);
}

/** It stays while somebody reads it: under the pointer or with focus inside. */
function waitThenClose(notice, close) {
  let timer = setTimeout(close, NOTICE_MS);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(close, NOTICE_MS);
  };
  notice.addEventListener("pointerenter", hold);
  notice.addEventListener("pointerleave", release);
  notice.addEventListener("focusin", hold);
  notice.addEventListener("focusout", release);
}
