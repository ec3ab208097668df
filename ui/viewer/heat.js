// The map as numbers.

// How much of the chosen opacity a value takes, 0..1: none at zero and rising, so that the film stays visible where the
// map is low.
export function coverage(relative) {
  return Math.min(Math.max(relative, 0), 1) ** 0.7;
}

const made = new WeakMap(); // maps -> {key: chosen map}

// The map of one class, or what it has more than the map of another class (`against`), signed.
// Gives {grid, scale, positive, difference}; scale: the value of full colour, one for all classes or all differences of a film.
export function chosenMap(maps, classIndex, against) {
  if (!made.has(maps)) made.set(maps, {});
  const known = made.get(maps);
  const key = `${classIndex} ${against}`;
  known[key] ??= against === null
    ? { grid: maps.grids[classIndex], scale: maps.scale, positive: maps.positive[classIndex], difference: false }
    : difference(maps.grids, classIndex, against);
  return known[key];
}

function difference(grids, classIndex, against) {
  let scale = 0;
  for (let cell = 0; cell < grids[0].length; cell++) {
    const values = grids.map((grid) => grid[cell]);
    scale = Math.max(scale, Math.max(...values) - Math.min(...values));
  }
  const grid = grids[classIndex].map((value, cell) => value - grids[against][cell]);
  return { grid, scale, positive: grid.some((value) => value > 0), difference: true };
}

// The signed value of a grid at a film position, bilinear between cell centres; null outside the maps' box.
export function heatAt(maps, grid, x, y) {
  const [left, top, right, bottom] = maps.box;
  if (x < left || x >= right || y < top || y >= bottom) return null;
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
