// An item's picture: the thing on its own small island, with the depths around it. Drawn from the
// item's name alone, so it needs no upload, and is the same everywhere.

import { svg } from "../dom.js";
import { contours } from "./contours.js";
import { FORMS } from "./forms.js";
import { pick, randomOf } from "./random.js";
import { formOf } from "./words.js";

const SIZE = 320;
const COLOURS = ["buoy", "petrol", "kelp", "slate", "ochre", "heather"];
const LEVELS = ["depth-2", "depth-1", "depth-0", "shore", "land"];

/** An <svg> of the item. Decorative: the name stands beside it wherever it is shown. */
export function itemPicture(item) {
  const random = randomOf(item.name);
  const island = contours(random, {
    x: 160, y: 168, radius: 190, inner: 96, levels: LEVELS.length, wobble: 0.22, stretch: 1.08,
  });
  const colour = pick(random, COLOURS);
  return svg(
    "svg",
    { class: `picture picture--${colour}`, viewBox: `0 0 ${SIZE} ${SIZE}`, "aria-hidden": "true", focusable: "false" },
    svg("rect", { class: "depth-3", width: SIZE, height: SIZE }),
    island.map((d, level) => svg("path", { class: LEVELS[level], d })),
    soundings(random),
    svg(
      "g",
      { class: "picture__thing", transform: "translate(60 52)" },
      svg("ellipse", { class: "picture__shadow", cx: 102, cy: 172, rx: 76, ry: 11 }),
      FORMS[formOf(item.name)].map(([tone, d]) => svg("path", { class: `tone-${tone}`, d })),
    ),
  );
}

/** Depths in figures, near the corners, where the water is. */
function soundings(random) {
  const corners = [[26, 34], [282, 40], [30, 300], [286, 296]];
  return corners.map(([x, y]) =>
    svg(
      "text",
      { class: "sounding", x: x + random() * 18 - 9, y: y + random() * 14 - 7 },
      String(Math.floor(random() * 22) + 3),
      svg("tspan", { class: "sounding__tenth", dy: 5 }, String(Math.floor(random() * 10))),
    ),
  );
}
