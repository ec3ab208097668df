// The map as numbers.

// How much of the chosen opacity a value takes, 0..1: none at zero and rising, so that the film stays visible where the
// map is low.
export function coverage(relative) {
  return Math.min(Math.max(relative, 0), 1) ** 0.7;
}

// The signed value of one class at a film position, bilinear between cell centres; null outside the map's box.
export function heatAt(maps, classIndex, x, y) {
  const [left, top, right, bottom] = maps.box;
  if (x < left || x >= right || y < top || y >= bottom) return null;
  const grid = maps.grids[classIndex];
  const atColumn = ((x - left) / (right - left)) * maps.columns - 0.5;
  const atRow = ((y - top) / (bottom - top)) * maps.rows - 0.5;
  const column = Math.floor(atColumn);
  const row = Math.floor(atRow);
  const cell = (r, c) =>
    grid[Math.min(Math.max(r, 0), maps.rows - 1) * maps.columns + Math.min(Math.max(c, 0), maps.columns - 1)];
  const mix = (from, to, share) => from + (to - from) * share;
  return mix(
    mix(cell(row, column), cell(row, column + 1), atColumn - column),
    mix(cell(row + 1, column), cell(row + 1, column + 1), atColumn - column),
    atRow - row,
  );
}

// A logit value with as many digits as the scale deserves.
export function logitText(value, scale) {
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(Math.max(scale, 1e-6))), 0), 5);
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "\u2212" : "+") + text;
}
