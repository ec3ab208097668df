import { screenAt } from "./view_state.js";

// The fallback where WebGL 2 is missing: the same picture on a 2D canvas, windowed on the processor.
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

  draw(panes, look, glass) {
    const context = this.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    this.drawPanes(panes, look);
    if (glass) this.drawPanes(glass.panes, glass.look);
  }

  drawPanes(panes, look) {
    const context = this.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (const pane of panes) {
      context.save();
      context.beginPath();
      context.rect(pane.x, pane.y, pane.width, pane.height);
      context.clip();
      context.fillRect(pane.x, pane.y, pane.width, pane.height);
      if (this.film) {
        const [across, downward] = [look.across, look.downward].map((vector) => vector.map((part) => part / look.step ** 2));
        const [x, y] = screenAt(look, 0, 0);
        context.setTransform(across[0], downward[0], across[1], downward[1], pane.x + x, pane.y + y);
        context.imageSmoothingQuality = "high";
        context.drawImage(this.windowed(look.low, look.high, look.invert), 0, 0);
      }
      context.restore();
    }
  }

  destroy() {
    this.setFilm(null);
  }
}
