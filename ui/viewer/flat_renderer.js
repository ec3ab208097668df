import { coverage, heatAt } from "./heat.js";

const CELL = 32; // overlay pixels per map cell

// The fallback where WebGL 2 is missing: the same picture with a 2D canvas, windowed anew on the processor.
export class FlatRenderer {
  constructor(canvas) {
    this.context = canvas.getContext("2d");
    this.limit = 8192;
  }

  setFilm(film) {
    this.film = film;
    this.plate = null;
    this.plateKey = "";
  }

  setMaps(maps) {
    this.maps = maps;
    this.overlayKey = "";
  }

  setColours(table) {
    this.table = table;
    this.overlayKey = "";
  }

  // The film as an 8-bit canvas under the present window.
  windowed(low, high, invert) {
    const key = `${low} ${high} ${invert}`;
    if (this.plateKey === key) return this.plate;
    const { width, height, pixels } = this.film;
    this.plate ??= new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    const greys = new Uint32Array(65536);
    for (let value = 0; value < 65536; value++) {
      const shown = Math.min(Math.max((value - low) / (high - low), 0), 1);
      greys[value] = (0xff000000 | (Math.round(255 * (invert ? 1 - shown : shown)) * 0x010101)) >>> 0;
    }
    for (let i = 0; i < pixels.length; i++) words[i] = greys[pixels[i]];
    this.plate.getContext("2d").putImageData(image, 0, 0);
    this.plateKey = key;
    return this.plate;
  }

  overlay(classIndex) {
    const key = `${classIndex}`;
    if (this.overlayKey === key) return this.heat;
    const { rows, columns, box, scale } = this.maps;
    const image = new ImageData(columns * CELL, rows * CELL);
    for (let row = 0; row < image.height; row++) {
      for (let column = 0; column < image.width; column++) {
        const x = box[0] + ((column + 0.5) / image.width) * (box[2] - box[0]);
        const y = box[1] + ((row + 0.5) / image.height) * (box[3] - box[1]);
        const relative = Math.min(Math.max(heatAt(this.maps, classIndex, x, y) / (scale || 1), 0), 1);
        const at = (row * image.width + column) * 4;
        image.data.set(this.table.subarray(Math.round(relative * 255) * 4, Math.round(relative * 255) * 4 + 3), at);
        image.data[at + 3] = 255 * coverage(relative);
      }
    }
    this.heat = new OffscreenCanvas(image.width, image.height);
    this.heat.getContext("2d").putImageData(image, 0, 0);
    this.overlayKey = key;
    return this.heat;
  }

  draw(panes, look) {
    const context = this.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    panes.forEach((pane, at) => {
      context.save();
      context.beginPath();
      context.rect(pane.x, pane.y, pane.width, pane.height);
      context.clip();
      context.fillRect(pane.x, pane.y, pane.width, pane.height);
      if (this.film) {
        context.setTransform(1 / look.step, 0, 0, 1 / look.step, pane.x - look.origin[0] / look.step, pane.y - look.origin[1] / look.step);
        context.imageSmoothingQuality = "high";
        context.drawImage(this.windowed(look.low, look.high, look.invert), 0, 0);
        if (at === 1 && this.maps && look.opacity > 0) {
          const [left, top, right, bottom] = this.maps.box;
          context.globalAlpha = look.opacity;
          context.drawImage(this.overlay(look.classIndex), left, top, right - left, bottom - top);
        }
      }
      context.restore();
    });
  }

  destroy() {
    this.setFilm(null);
  }
}
