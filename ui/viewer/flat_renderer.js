import { screenAt } from "./view_state.js";

// The fallback where WebGL 2 is missing: the same picture on a 2D canvas, windowed on the processor.
export class FlatRenderer {
  constructor(canvas) {
    this.context = canvas.getContext("2d");
    this.limit = 8192;
    this.sides = [];
  }

  // side: 0 for the film on view, 1 for the one beside it.
  setFilm(film, side) {
    this.sides[side] = { film, plate: null, key: "" };
  }

  // The film as an 8-bit canvas under the present window.
  windowed(side, { low, high, invert }) {
    const kept = this.sides[side];
    const key = `${low} ${high} ${invert}`;
    if (kept.key === key) return kept.plate;
    const { width, height, pixels } = kept.film;
    kept.plate ??= new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    const greys = new Uint32Array(65536);
    for (let value = 0; value < 65536; value++) {
      const shown = Math.min(Math.max((value - low) / (high - low), 0), 1);
      greys[value] = (0xff000000 | (Math.round(255 * (invert ? 1 - shown : shown)) * 0x010101)) >>> 0;
    }
    for (let i = 0; i < pixels.length; i++) words[i] = greys[pixels[i]];
    kept.plate.getContext("2d").putImageData(image, 0, 0);
    kept.key = key;
    return kept.plate;
  }

  // As the one with WebGL.
  draw(parts) {
    const context = this.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    for (const { x, y, width, height, side, look } of parts) {
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      context.fillRect(x, y, width, height);
      if (look && this.sides[side].film) {
        const [across, downward] = [look.across, look.downward].map((vector) => vector.map((part) => part / look.step ** 2));
        const [left, top] = screenAt(look, 0, 0);
        context.setTransform(across[0], downward[0], across[1], downward[1], x + left, y + top);
        context.imageSmoothingQuality = "high";
        context.drawImage(this.windowed(side, look), 0, 0);
      }
      context.restore();
    }
  }

  destroy() {
    this.sides = [];
  }
}
