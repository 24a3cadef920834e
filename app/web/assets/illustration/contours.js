// Depth contours, as on a sea chart: closed curves around a shoal, each inside the one before.

const POINTS = 48;

/**
 * The paths of `levels` nested curves around (x, y), the outermost first. `radius` and `inner` are the
 * mean radii of the outermost and the innermost; `wobble` (0-1) is how ragged the coast is.
 */
export function contours(random, { x, y, radius, inner, levels, wobble = 0.2, stretch = 1 }) {
  const waves = Array.from({ length: 5 }, (_, index) => ({
    cycles: index + 1,
    phase: random() * Math.PI * 2,
    height: (wobble * (0.5 + random())) / (index + 1.5),
  }));
  const drift = { x: (random() - 0.5) * radius * 0.3, y: (random() - 0.5) * radius * 0.3 };
  return Array.from({ length: levels }, (_, level) => {
    const inwards = levels === 1 ? 1 : level / (levels - 1);
    const mean = radius + (inner - radius) * inwards ** 0.85;
    const points = Array.from({ length: POINTS }, (_, index) => {
      const angle = (index / POINTS) * Math.PI * 2;
      const lift = waves.reduce(
        (sum, { cycles, phase, height }) => sum + height * Math.sin(angle * cycles + phase + inwards * 0.7),
        0,
      );
      const distance = mean * (1 + lift * (1 - inwards * 0.35));
      return [
        x + drift.x * (1 - inwards) + Math.cos(angle) * distance * stretch,
        y + drift.y * (1 - inwards) + Math.sin(angle) * distance,
      ];
    });
    return closedCurve(points);
  });
}

/** A smooth closed path through the points (Catmull-Rom as cubic Béziers). */
function closedCurve(points) {
  const at = (index) => points[(index + points.length) % points.length];
  const text = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const parts = points.map((point, index) => {
    const [before, next, after] = [at(index - 1), at(index + 1), at(index + 2)];
    const first = [point[0] + (next[0] - before[0]) / 6, point[1] + (next[1] - before[1]) / 6];
    const second = [next[0] - (after[0] - point[0]) / 6, next[1] - (after[1] - point[1]) / 6];
    return `C${text(first)} ${text(second)} ${text(next)}`;
  });
  return `M${text(points[0])}${parts.join("")}Z`;
}
