import { colourTable } from "./colour_maps.js";
import { coverage, heatAt } from "./heat.js";
import { screenAt } from "./view_state.js";

const CELL = 32; // layer pixels per map cell, in each direction, at 8 x 8 cells
const LARGEST_SIDE = 512; // layer pixels

// The tables of a signed map.
const SIGNED = { positive: colourTable("for"), negative: colourTable("against") };

// Where a value comes out on the colours: {table, relative 0..1}, or null where it is not coloured.
export function colourOf(value, scale, table, { threshold, signed }) {
  const relative = Math.min(Math.abs(value) / (scale || 1), 1);
  if (relative < threshold || (value < 0 && !signed)) return null;
  if (signed) return { table: value < 0 ? SIGNED.negative : SIGNED.positive, relative };
  return { table, relative };
}

// The map as a picture of its own, laid over a pane: the browser blends it, so a move of the opacity draws
// nothing anew. Its colour is the value's, its alpha the value's coverage.
export class HeatLayer {
  // lens: an element that cuts the layer off at the pane's edge; it holds one canvas.
  constructor(lens) {
    this.lens = lens;
    this.canvas = lens.querySelector("canvas");
  }

  // maps: {rows, columns}; chosen: what `chosenMap` gave; scale: the value of full colour; table: 256 RGBA colours.
  paint(maps, chosen, scale, table, settings) {
    const { threshold, cells } = settings;
    const signed = settings.signed || chosen.difference;
    const key = JSON.stringify([scale, threshold, signed, cells]);
    if (this.chosen === chosen && this.key === key && this.table === table) return;
    Object.assign(this, { chosen, key, table });
    const whole = { ...maps, box: [0, 0, maps.columns, maps.rows] };
    const side = Math.max(Math.min(CELL, Math.floor(LARGEST_SIDE / Math.max(maps.rows, maps.columns))), 1);
    const image = new ImageData(maps.columns * side, maps.rows * side);
    for (let row = 0, at = 0; row < image.height; row++) {
      for (let column = 0; column < image.width; column++, at += 4) {
        const [x, y] = [(column + 0.5) / side, (row + 0.5) / side];
        const value = cells ? chosen.grid[Math.floor(y) * maps.columns + Math.floor(x)] : heatAt(whole, chosen.grid, x, y);
        const shown = colourOf(value, scale, table, { threshold, signed });
        if (!shown) continue;
        const colour = Math.round(shown.relative * 255) * 4;
        for (let channel = 0; channel < 3; channel++) image.data[at + channel] = shown.table[colour + channel];
        image.data[at + 3] = Math.round(255 * coverage(shown.relative));
      }
    }
    Object.assign(this.canvas, { width: image.width, height: image.height });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.canvas.style.imageRendering = cells ? "pixelated" : "auto";
  }

  // pane in device pixels; box in film pixels; place: what `placeFilm` gave; hidden: share of the pane's width left of which
  // the map is not shown.
  put(pane, box, place, ratio, hidden) {
    const [left, top, right, bottom] = box;
    const { step, across, downward } = place;
    const frame = { left: pane.x, top: pane.y, width: pane.width, height: pane.height };
    for (const [side, value] of Object.entries(frame)) this.lens.style[side] = `${value / ratio}px`;
    this.lens.style.clipPath = hidden ? `inset(0 0 0 ${hidden * 100}%)` : "";
    this.canvas.style.width = `${(right - left) / step / ratio}px`;
    this.canvas.style.height = `${(bottom - top) / step / ratio}px`;
    const [x, y] = screenAt(place, left, top);
    const turned = [across[0], downward[0], across[1], downward[1]].map((part) => part / step);
    this.canvas.style.transform = `matrix(${[...turned, x / ratio, y / ratio].join(",")})`;
  }

  show(opacity) {
    this.lens.hidden = opacity === 0;
    this.lens.style.opacity = opacity;
  }
}
