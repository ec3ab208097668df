import { coverage, heatAt } from "./heat.js";

const CELL = 32; // layer pixels per map cell, in each direction

// The map as a picture of its own, laid over the second pane: the browser blends it, so a move of the opacity draws
// nothing anew. Its colour is the value's, its alpha the value's coverage; negative cells are clear.
export class HeatLayer {
  // lens: an element that cuts the layer off at the pane's edge; it holds one canvas.
  constructor(lens) {
    this.lens = lens;
    this.canvas = lens.querySelector("canvas");
  }

  // maps: {rows, columns, grids, scale}; table: 256 RGBA colours.
  paint(maps, classIndex, table) {
    if (this.maps === maps && this.classIndex === classIndex && this.table === table) return;
    Object.assign(this, { maps, classIndex, table });
    const whole = { ...maps, box: [0, 0, maps.columns, maps.rows] };
    const image = new ImageData(maps.columns * CELL, maps.rows * CELL);
    for (let row = 0, at = 0; row < image.height; row++) {
      for (let column = 0; column < image.width; column++, at += 4) {
        const value = heatAt(whole, classIndex, (column + 0.5) / CELL, (row + 0.5) / CELL);
        const relative = Math.min(Math.max(value / (maps.scale || 1), 0), 1);
        const colour = Math.round(relative * 255) * 4;
        for (let channel = 0; channel < 3; channel++) image.data[at + channel] = table[colour + channel];
        image.data[at + 3] = Math.round(255 * coverage(relative));
      }
    }
    Object.assign(this.canvas, { width: image.width, height: image.height });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  // pane in device pixels; box in film pixels; place: {origin, step}.
  put(pane, box, { origin, step }, ratio) {
    const set = (element, left, top, width, height) => {
      const frame = { left, top, width, height };
      for (const [side, value] of Object.entries(frame)) element.style[side] = `${value / ratio}px`;
    };
    set(this.lens, pane.x, pane.y, pane.width, pane.height);
    const [left, top, right, bottom] = box;
    set(this.canvas, (left - origin[0]) / step, (top - origin[1]) / step, (right - left) / step, (bottom - top) / step);
  }

  show(opacity) {
    this.lens.hidden = opacity === 0;
    this.lens.style.opacity = opacity;
  }
}
