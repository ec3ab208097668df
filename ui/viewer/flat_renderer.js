// Draws the film on a 2D canvas: where WebGL 2 is missing, or would be drawn by the processor all the same, several times more
// slowly. The film is sampled at the size of the pane only when it moves; a window costs one pass over the pane's own pixels.
export class FlatRenderer {
  constructor(canvas) {
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.limit = Infinity;
    this.sides = []; // {film, levels}: of the film on view, and of the one beside it
    this.plates = []; // the films of the last drawing as they were sampled, and under a window
  }

  // film: {pixels: Uint8Array | Uint16Array, width, height} or null; side: 0 for the film on view, 1 for the one beside it.
  setFilm(film, side) {
    this.sides[side] = { film, levels: film ? pyramid(film) : [] };
    this.plates = this.plates.filter((plate) => plate.side !== side);
  }

  // As the one with WebGL.
  draw(parts) {
    const { context } = this;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    const used = [];
    for (const { x, y, width, height, side, look } of parts) {
      if (look && this.sides[side].film) {
        const plate = this.plate(used, side, width, height, look);
        used.push(plate);
        context.putImageData(plate.image, x, y);
      } else {
        context.fillRect(x, y, width, height);
      }
    }
    this.plates = [...new Set(used)];
  }

  // The windowed film at the size of a pane, from this drawing or the last one where they had the same. A plate that is no longer
  // wanted gives its memory.
  plate(used, side, width, height, look) {
    const place = JSON.stringify([look.step, look.origin, look.across, look.downward]);
    const fits = (plate) => plate.side === side && plate.width === width && plate.height === height;
    const free = this.plates.filter((plate) => fits(plate) && !used.includes(plate));
    const same = [...used, ...free].find((plate) => fits(plate) && plate.place === place);
    const plate = same ?? free[0] ?? { side, width, height, greys: new Float32Array(width * height), image: new ImageData(width, height) };
    if (plate.place !== place) Object.assign(plate, { place, shown: "", inside: sample(plate, this.sides[side].levels, look) });
    const shown = JSON.stringify([look.low, look.high, look.invert]);
    if (plate.shown !== shown) {
      plate.shown = shown;
      putWindow(plate, look);
    }
    return plate;
  }

  destroy() {
    this.sides = [];
    this.plates = [];
  }
}

// The film and its halved levels, each texel the rounded mean of four: [{pixels, width, height}, ...].
function pyramid(film) {
  const levels = [film];
  for (let { pixels, width, height } = film; Math.max(width, height) > 256; ) {
    const [columns, rows] = [(width + 1) >> 1, (height + 1) >> 1];
    const halved = new pixels.constructor(columns * rows);
    for (let row = 0, at = 0; row < rows; row++) {
      const upper = row * 2 * width;
      const lower = Math.min(row * 2 + 1, height - 1) * width;
      for (let column = 0; column < columns; column++, at++) {
        const left = column * 2;
        const right = Math.min(left + 1, width - 1);
        halved[at] = (pixels[upper + left] + pixels[upper + right] + pixels[lower + left] + pixels[lower + right] + 2) >> 2;
      }
    }
    [pixels, width, height] = [halved, columns, rows];
    levels.push({ pixels, width, height });
  }
  return levels;
}

// Where the device pixels along one side of a pane fall on a level: as a film lies in quarter turns, its column depends on one side
// of the pane only, and its row on the other. first, last: the pixels that lie on the film; low, high: places of the two
// neighbours in the level's pixels; part: how far from low to high.
function along(count, origin, step, size, texel, texels, stride) {
  const [low, high, part] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  let [first, last] = [count, -1];
  for (let at = 0; at < count; at++) {
    const film = origin + (at + 0.5) * step;
    if (film < 0 || film >= size) continue;
    first = Math.min(first, at);
    last = at;
    const place = film / texel - 0.5;
    const base = Math.floor(place);
    part[at] = place - base;
    low[at] = Math.min(Math.max(base, 0), texels - 1) * stride;
    high[at] = Math.min(Math.max(base + 1, 0), texels - 1) * stride;
  }
  return { first, last, low, high, part };
}

// Fills a plate's greys from the two levels around the screen's resolution, as the shader does. Returns the part of the plate that
// lies on the film: {left, right, top, bottom}, last ones included.
function sample({ greys, width, height }, levels, { step, origin, across, downward }) {
  const [{ width: columns, height: rows }] = levels;
  // A third of a level finer than the screen asks for: crisper vessels and trabeculae, still without moire.
  const lod = Math.min(Math.max(Math.log2(step) - 0.33, 0), levels.length - 1);
  const fine = Math.floor(lod);
  const turned = Math.abs(across[1]) > Math.abs(across[0]);
  let inside = null;
  for (const at of lod > fine ? [fine, fine + 1] : [fine]) {
    const level = levels[at];
    const column = [columns, 2 ** at, level.width, 1];
    const row = [rows, 2 ** at, level.height, level.width];
    const x = turned ? along(width, origin[1], across[1], ...row) : along(width, origin[0], across[0], ...column);
    const y = turned ? along(height, origin[0], downward[0], ...column) : along(height, origin[1], downward[1], ...row);
    interpolate(greys, width, level.pixels, x, y, at === fine ? 1 : lod - fine);
    inside = { left: x.first, right: x.last, top: y.first, bottom: y.last };
  }
  return inside;
}

// share: how much of the new greys comes in; 1 replaces the old ones.
function interpolate(greys, width, pixels, x, y, share) {
  const { first, last, low, high, part } = x;
  for (let row = y.first; row <= y.last; row++) {
    const [upper, lower, down] = [y.low[row], y.high[row], y.part[row]];
    for (let column = first, at = row * width + first; column <= last; column++, at++) {
      const [left, right] = [low[column], high[column]];
      const above = pixels[upper + left] + (pixels[upper + right] - pixels[upper + left]) * part[column];
      const below = pixels[lower + left] + (pixels[lower + right] - pixels[lower + left]) * part[column];
      const grey = above + (below - above) * down;
      greys[at] = share === 1 ? grey : greys[at] + (grey - greys[at]) * share;
    }
  }
}

function putWindow({ greys, image, width, inside }, { low, high, invert }) {
  const words = new Uint32Array(image.data.buffer).fill(0xff000000);
  const scale = 255 / (high - low);
  for (let row = inside.top; row <= inside.bottom; row++) {
    const end = row * width + inside.right;
    for (let at = row * width + inside.left; at <= end; at++) {
      let shown = (greys[at] - low) * scale;
      shown = shown > 0 ? (shown < 255 ? (shown + 0.5) | 0 : 255) : 0;
      words[at] = 0xff000000 | ((invert ? 255 - shown : shown) * 0x010101);
    }
  }
}
