// The picture at the head of the shop: two coasts, the shoals between them, and the causeway across.

import { svg } from "../dom.js";
import { contours } from "./contours.js";
import { randomOf } from "./random.js";

const WIDTH = 1200;
const HEIGHT = 420;
const LEVELS = ["depth-2", "depth-1", "depth-0", "shore", "land"];

export function chart() {
  const random = randomOf("foreshore, the head of the shop");
  const coast = (options) => contours(random, { levels: LEVELS.length, ...options });
  const near = coast({ x: 640, y: 500, radius: 320, inner: 130, wobble: 0.22, stretch: 1.3 });
  const far = coast({ x: 1120, y: 40, radius: 330, inner: 130, wobble: 0.26, stretch: 1.1 });
  const islet = coast({ x: 915, y: 262, radius: 95, inner: 16, wobble: 0.3, stretch: 1.2 });
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMaxYMid slice", "aria-hidden": "true", focusable: "false" },
    svg("rect", { class: "depth-3", width: WIDTH, height: HEIGHT }),
    // Level by level over all coasts, so that shoals run together where they meet.
    LEVELS.map((level, index) => [near, far, islet].map((coastline) => svg("path", { class: level, d: coastline[index] }))),
    svg("path", { class: "causeway", d: "M722 400C800 352 838 300 915 266S1010 190 1052 96" }),
    svg("path", { class: "causeway causeway--marks", d: "M722 400C800 352 838 300 915 266S1010 190 1052 96" }),
    soundings(random),
    label("Slack Water", 768, 122, "water-name"),
    label("Far Sands", 1172, 52, "land-name"),
    label("The Foreshore", 704, 398, "land-name"),
    compassRose(672, 200),
    buoy(812, 196),
    buoy(1010, 330),
  );
}

const label = (text, x, y, name) => svg("text", { class: name, x, y }, text);

function soundings(random) {
  const places = [[640, 96], [720, 48], [800, 76], [876, 150], [760, 190], [1120, 300], [1160, 380], [1050, 392], [940, 372], [724, 292], [560, 40], [580, 300], [850, 40], [1090, 236]];
  return places.map(([x, y]) =>
    svg(
      "text",
      { class: "sounding", x, y },
      String(Math.floor(random() * 24) + 4),
      svg("tspan", { class: "sounding__tenth", dy: 5 }, String(Math.floor(random() * 10))),
    ),
  );
}

function compassRose(x, y) {
  const points = Array.from({ length: 16 }, (_, index) => {
    const angle = (index * Math.PI) / 8;
    const [inner, outer] = index % 4 === 0 ? [30, 44] : [36, 44];
    const at = (radius) => `${(Math.sin(angle) * radius).toFixed(1)} ${(-Math.cos(angle) * radius).toFixed(1)}`;
    return `M${at(inner)}L${at(outer)}`;
  });
  return svg(
    "g",
    { class: "rose", transform: `translate(${x} ${y})` },
    svg("path", { class: "rose__ring", d: `M0-44a44 44 0 1 0 .1 0Z${points.join("")}` }),
    svg("path", { class: "rose__north", d: "M0-38L8 0L0 38L-8 0Z" }),
    svg("path", { class: "rose__half", d: "M0-38L8 0H-8Z" }),
  );
}

function buoy(x, y) {
  return svg(
    "g",
    { class: "buoy", transform: `translate(${x} ${y})` },
    svg("path", { class: "buoy__body", d: "M-9 8L-4-14H4L9 8Z" }),
    svg("path", { class: "buoy__light", d: "M0-22a4 4 0 1 0 .1 0Z" }),
    svg("path", { class: "buoy__water", d: "M-15 11q5-4 10 0t10 0t10 0" }),
  );
}

/** A single buoy on quiet water, for pages with nothing on them. */
export function buoyPicture() {
  const random = randomOf("an empty page");
  const rings = contours(random, { x: 120, y: 90, radius: 72, inner: 26, levels: 3, wobble: 0.2, stretch: 1.15 });
  return svg(
    "svg",
    { class: "state__art", viewBox: "0 0 240 180", "aria-hidden": "true", focusable: "false" },
    rings.map((d, index) => svg("path", { class: ["depth-2", "depth-1", "depth-0"][index], d })),
    svg("g", { transform: "translate(70 48) scale(2.2)" }, buoy(22, 22)),
  );
}
