// Line icons, 24 units square, drawn here.

import { svg } from "../dom.js";

const PATHS = {
  cart: "M3 5h2.4l2 10.5h10.4l2-7.5H6M9.5 20h.01M16.5 20h.01",
  search: "M11 18a7 7 0 1 0 0-14a7 7 0 0 0 0 14ZM16.2 16.2L21 21",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  back: "M14.5 6l-6 6l6 6",
  eye: "M2.5 12C5 7.5 8.3 5.5 12 5.5S19 7.5 21.5 12C19 16.5 15.7 18.5 12 18.5S5 16.5 2.5 12ZM12 15a3 3 0 1 0 0-6a3 3 0 0 0 0 6Z",
};

export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
