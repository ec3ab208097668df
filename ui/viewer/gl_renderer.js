import { FILM, SHRINK, VERTEX } from "./shaders.js";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

// Whether the browser says that its WebGL has no graphics unit beneath it.
function drawnByProcessor(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return SOFTWARE.test(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

// Draws the film with WebGL 2. It lies on the graphics unit as unsigned integers with a pyramid of halved levels, so a
// window or a zoom costs one draw and no upload. Panes that show the same get the same picture.
export class GlRenderer {
  constructor(canvas) {
    this.gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false });
    this.sides = []; // {film, levels}: of the film on view, and of the one beside it
    if (!this.gl || this.gl.isContextLost()) throw new Error("no WebGL 2");
    if (drawnByProcessor(this.gl)) throw new Error("WebGL 2 without a graphics unit: the plain canvas is faster");
    this.build();
  }

  // Everything that a lost context takes with it.
  build() {
    const gl = this.gl;
    this.limit = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.filmProgram = this.program(FILM);
    this.shrinkProgram = this.program(SHRINK);
    this.frame = gl.createFramebuffer();
    this.plate = this.texture();
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  get lost() {
    return this.gl.isContextLost();
  }

  program(fragment) {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`shader: ${gl.getProgramInfoLog(program)}`);
    }
    const places = {};
    for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
      const { name } = gl.getActiveUniform(program, i);
      places[name] = gl.getUniformLocation(program, name);
    }
    return { program, places };
  }

  texture() {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  // film: {pixels: Uint8Array | Uint16Array, width, height} or null; side: 0 for the film on view, 1 for the one beside it.
  setFilm(film, side) {
    const gl = this.gl;
    for (const level of this.sides[side]?.levels ?? []) gl.deleteTexture(level.texture);
    const levels = [];
    this.sides[side] = { film, levels };
    if (!film) return;
    const wide = film.pixels.BYTES_PER_ELEMENT === 2;
    const format = wide ? gl.R16UI : gl.R8UI;
    const type = wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE;
    let { width, height } = film;
    for (let source = film.pixels; ; source = null) {
      const texture = this.texture();
      gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RED_INTEGER, type, source);
      levels.push({ texture, width, height });
      if (!source) this.halve(levels.at(-2), levels.at(-1));
      if (Math.max(width, height) <= 256) break;
      width = Math.ceil(width / 2);
      height = Math.ceil(height / 2);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  halve(from, to) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, to.texture, 0);
    gl.viewport(0, 0, to.width, to.height);
    gl.useProgram(this.shrinkProgram.program);
    this.bind(0, from.texture, this.shrinkProgram.places.level);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // After the browser gave a lost context back: upload everything again.
  restore() {
    const films = this.sides.map(({ film }) => film);
    this.sides = [];
    this.build();
    films.forEach((film, side) => this.setFilm(film, side));
  }

  bind(unit, texture, place) {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(place, unit);
  }

  // parts: what to draw, the last on top: {x, y, width, height} in device pixels from the canvas' upper left, the side, and its
  // look {origin, step, across, downward, low, high, invert}, or null where it has no film.
  draw(parts) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    let drawn = null;
    for (const part of parts) {
      const { x, y, width, height, side, look } = part;
      const top = gl.drawingBufferHeight - y;
      if (look && this.sides[side].film) {
        const same = drawn && drawn.look === look && drawn.width === width && drawn.height === height;
        if (!same) this.drawPlate(this.sides[side], part, look);
        drawn = part;
        gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.frame);
        gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
        gl.blitFramebuffer(0, 0, width, height, x, top, x + width, top - height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
      } else {
        gl.bindFramebuffer(gl.FRAMEBUFFER, null);
        gl.enable(gl.SCISSOR_TEST);
        gl.scissor(x, top - height, width, height);
        gl.clearColor(0, 0, 0, 1);
        gl.clear(gl.COLOR_BUFFER_BIT);
        gl.disable(gl.SCISSOR_TEST);
      }
    }
  }

  // The windowed film at the size of a pane, off the screen.
  drawPlate({ film, levels }, { width, height }, { origin, step, across, downward, low, high, invert }) {
    const gl = this.gl;
    const { program, places } = this.filmProgram;
    gl.bindTexture(gl.TEXTURE_2D, this.plate);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.plate, 0);
    gl.viewport(0, 0, width, height);
    gl.useProgram(program);
    // A third of a level finer than the screen asks for: crisper vessels and trabeculae, still without moire.
    const lod = Math.min(Math.max(Math.log2(step) - 0.33, 0), levels.length - 1);
    const fine = Math.floor(lod);
    const coarse = Math.min(fine + 1, levels.length - 1);
    this.bind(0, levels[fine].texture, places.fine);
    this.bind(1, levels[coarse].texture, places.coarse);
    gl.uniform2f(places.texels, 2 ** fine, 2 ** coarse);
    gl.uniform1f(places.blend, lod - fine);
    gl.uniform2f(places.origin, ...origin);
    gl.uniform2f(places.across, ...across);
    gl.uniform2f(places.downward, ...downward);
    gl.uniform2f(places.filmSize, film.width, film.height);
    gl.uniform2f(places.window, low, high);
    gl.uniform1i(places.inverted, invert ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  destroy() {
    if (!this.lost) this.sides.forEach((_, side) => this.setFilm(null, side));
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
