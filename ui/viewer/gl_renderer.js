import { PANE, SHRINK, VERTEX } from "./shaders.js";

// Draws both panes with WebGL 2. The film lies on the graphics unit as unsigned integers with a pyramid of halved
// levels, so a window, a zoom, or an opacity costs one draw and no upload.
export class GlRenderer {
  constructor(canvas) {
    this.gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false });
    if (!this.gl) throw new Error("no WebGL 2");
    this.build();
  }

  // Everything that a lost context takes with it.
  build() {
    const gl = this.gl;
    this.levels = [];
    this.limit = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.pane = this.program(PANE);
    this.shrink = this.program(SHRINK);
    this.frame = gl.createFramebuffer();
    this.cells = this.texture(gl.NEAREST);
    this.colours = this.texture(gl.LINEAR);
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
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

  texture(filter) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  // film: {pixels: Uint8Array | Uint16Array, width, height} or null.
  setFilm(film) {
    const gl = this.gl;
    for (const level of this.levels) gl.deleteTexture(level.texture);
    this.levels = [];
    this.film = film;
    if (!film) return;
    const wide = film.pixels.BYTES_PER_ELEMENT === 2;
    const format = wide ? gl.R16UI : gl.R8UI;
    const type = wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE;
    let { width, height } = film;
    for (let source = film.pixels; ; source = null) {
      const texture = this.texture(gl.NEAREST);
      gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RED_INTEGER, type, source);
      this.levels.push({ texture, width, height });
      if (!source) this.halve(this.levels.at(-2), this.levels.at(-1));
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
    gl.disable(gl.SCISSOR_TEST);
    gl.viewport(0, 0, to.width, to.height);
    gl.useProgram(this.shrink.program);
    this.bind(0, from.texture, this.shrink.places.level);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // maps: {rows, columns, grids: four arrays of rows * columns} or null.
  setMaps(maps) {
    const gl = this.gl;
    this.maps = maps;
    if (!maps) return;
    const cells = new Float32Array(maps.rows * maps.columns * 4);
    maps.grids.forEach((grid, channel) => grid.forEach((value, at) => (cells[at * 4 + channel] = value)));
    gl.bindTexture(gl.TEXTURE_2D, this.cells);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, maps.columns, maps.rows, 0, gl.RGBA, gl.FLOAT, cells);
  }

  setColours(table) {
    const gl = this.gl;
    this.table = table;
    gl.bindTexture(gl.TEXTURE_2D, this.colours);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
  }

  // After the browser gave a lost context back: upload everything again.
  restore() {
    this.build();
    this.setFilm(this.film);
    this.setMaps(this.maps);
    this.setColours(this.table);
  }

  bind(unit, texture, place) {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(place, unit);
  }

  // panes: [{x, y, width, height}] in device pixels from the canvas' upper left, the second one with the map.
  // look: {origin, step, low, high, invert, opacity, classIndex}.
  draw(panes, look) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    panes.forEach((pane, at) => {
      const bottom = gl.drawingBufferHeight - pane.y - pane.height;
      gl.viewport(pane.x, bottom, pane.width, pane.height);
      gl.scissor(pane.x, bottom, pane.width, pane.height);
      if (this.levels.length) {
        this.drawPane(pane, bottom, look, at === 1 && this.maps ? look.opacity : 0);
      } else {
        gl.clearColor(0, 0, 0, 1);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
    });
  }

  drawPane(pane, bottom, look, opacity) {
    const gl = this.gl;
    const { program, places } = this.pane;
    gl.useProgram(program);
    // A third of a level finer than the screen asks for: crisper trabeculae and vessels, still without moire.
    const lod = Math.min(Math.max(Math.log2(look.step) - 0.33, 0), this.levels.length - 1);
    const fine = Math.floor(lod);
    const coarse = Math.min(fine + 1, this.levels.length - 1);
    this.bind(0, this.levels[fine].texture, places.fine);
    this.bind(1, this.levels[coarse].texture, places.coarse);
    this.bind(2, this.cells, places.cells);
    this.bind(3, this.colours, places.colours);
    gl.uniform2f(places.texels, 2 ** fine, 2 ** coarse);
    gl.uniform1f(places.blend, lod - fine);
    gl.uniform2f(places.corner, pane.x, bottom);
    gl.uniform1f(places.paneHeight, pane.height);
    gl.uniform2f(places.origin, ...look.origin);
    gl.uniform1f(places.filmStep, look.step);
    gl.uniform2f(places.filmSize, this.film.width, this.film.height);
    gl.uniform2f(places.window, look.low, look.high);
    gl.uniform1i(places.inverted, look.invert ? 1 : 0);
    gl.uniform1f(places.opacity, opacity);
    if (this.maps) {
      gl.uniform4f(places.classMask, ...[0, 1, 2, 3].map((channel) => (channel === look.classIndex ? 1 : 0)));
      gl.uniform4f(places.box, ...this.maps.box);
      gl.uniform1f(places.scale, this.maps.scale || 1);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  destroy() {
    this.setFilm(null);
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
