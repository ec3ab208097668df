import { COLOUR_MAPS, colourTable } from "./colour_maps.js";
import { fetchFilm } from "./film_source.js";
import { FlatRenderer } from "./flat_renderer.js";
import { listenForGestures, listenForKeys } from "./gestures.js";
import { GlRenderer } from "./gl_renderer.js";
import { coverage, heatAt, logitText } from "./heat.js";
import { HeatLayer } from "./heat_layer.js";
import { currentSettings, layoutPanes, panBy, placeFilm, resetView, shownWindow, windowBy, zoomBy } from "./view_state.js";

const LABEL = 22; // CSS pixels above each pane
const GAP = 8; // CSS pixels between the panes
const STACK_BELOW = 620; // CSS pixels of width

// The film and the film with its map. Python sends a film and its maps; all else happens here, without a message back.
class Viewer {
  constructor(root) {
    this.settings = currentSettings();
    this.element = root.querySelector(".viewer");
    this.find = (selector) => this.element.querySelector(selector);
    this.canvas = this.find(".panes > canvas");
    this.stop = new AbortController();
    try {
      this.renderer = new GlRenderer(this.canvas);
    } catch (error) {
      console.warn(error);
      this.renderer = new FlatRenderer(this.canvas);
    }
    this.heat = new HeatLayer(this.find(".lens"));
    this.flat = this.renderer instanceof FlatRenderer;
    this.buildControls();
    this.listen();
  }

  // ---- what Python sends ----

  update(data) {
    const words = data.words;
    const sameFilm = this.data?.film.digest === data.film.digest && this.data.film.width === data.film.width;
    this.data = data;
    this.writeWords(words, data.classes);
    if (!sameFilm) this.load(data.film, words);
    this.placeMaps();
    this.refresh();
  }

  // The former film goes at once: no film is ever seen beside another film's answer.
  async load(film, words) {
    this.film = null;
    this.renderer.setFilm(null);
    this.message = words.loading;
    try {
      const loaded = await fetchFilm(film, this.renderer.limit);
      if (this.data.film !== film && this.data.film.digest !== film.digest) return;
      this.film = loaded;
      this.message = "";
      this.renderer.setFilm(loaded);
      this.placeMaps();
    } catch (error) {
      console.error(error);
      this.message = words.lost;
    }
    this.refresh();
  }

  // The maps' box in pixels of the loaded film.
  placeMaps() {
    const maps = this.data.maps;
    if (!maps || !this.film) return;
    const [left, top, right, bottom] = maps.place;
    const { width, height } = this.film;
    maps.box = [left * width, top * height, right * width, bottom * height];
  }

  // ---- controls ----

  buildControls() {
    const set = (selector, action) => {
      this.find(selector).addEventListener("click", () => { action(); this.refresh(); });
    };
    set(".map", () => (this.settings.mapOn = !this.settings.mapOn));
    set(".invert", () => (this.settings.invert = !this.settings.invert));
    set(".reset", resetView);
    set(".full", () => this.toggleFull());
    set(".window", () => this.chooseTool("window"));
    set(".pan", () => this.chooseTool("pan"));
    this.find(".opacity input").addEventListener("input", (event) => {
      this.settings.opacity = event.target.valueAsNumber / 100;
      this.settings.mapOn = true;
      this.refresh();
    });
    const select = this.find(".colours select");
    for (const name of COLOUR_MAPS) select.add(new Option(name[0].toUpperCase() + name.slice(1), name));
    select.addEventListener("change", () => {
      this.settings.colours = select.value;
      this.table = colourTable(select.value);
      this.refresh();
    });
    this.find(".classes").addEventListener("change", (event) => {
      this.settings.chosenClass = Number(event.target.value);
      this.refresh();
    });
    this.table = colourTable(this.settings.colours);
  }

  // On a touch screen the chosen tool can be put down again, so that a finger scrolls the page.
  chooseTool(tool) {
    const touch = matchMedia("(pointer: coarse)").matches;
    this.settings.tool = touch && this.settings.tool === tool ? null : tool;
  }

  // The top layer: above every frame of the page, without leaving its place in the document.
  toggleFull() {
    const full = this.element.classList.toggle("full");
    if (full) {
      this.element.popover = "manual";
      this.element.showPopover();
    } else {
      this.element.hidePopover();
      this.element.removeAttribute("popover");
    }
  }

  writeWords(words, classes) {
    const say = (selector, text) => (this.find(selector).textContent = text);
    this.element.setAttribute("aria-label", words.region);
    say('.label[data-pane="0"]', words.film);
    say('.label[data-pane="1"]', words.mapped);
    for (const name of ["map", "window", "pan", "invert", "reset"]) say(`button.${name}`, words[name]);
    say(".opacity span", words.opacity);
    say(".colours span", words.colours);
    say(".hint", this.flat ? `${words.keys} ${words.flat}` : words.keys);
    say(".notice", words.notice);
    const group = this.find(".classes");
    group.setAttribute("aria-label", words.classes);
    if (group.childElementCount) return;
    classes.forEach(({ short }, at) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "class", value: at });
      label.append(radio, short);
      group.append(label);
    });
  }

  // ---- events ----

  listen() {
    const { signal } = this.stop;
    const ratio = () => devicePixelRatio;
    const localTo = (pane, x, y) => [x * ratio() - pane.x, y * ratio() - pane.y];
    const whileFilm = (action) => (...given) => {
      if (!this.film) return;
      action(...given);
      this.refresh();
    };
    listenForGestures(
      this.canvas,
      {
        paneAt: (x, y) => this.paneAt(x, y),
        pan: whileFilm((dx, dy) => panBy(this.film, this.panes[0], dx * ratio(), dy * ratio())),
        window: whileFilm(windowBy),
        zoom: whileFilm((factor, x, y) => {
          const pane = this.paneAt(x, y) ?? this.panes[0];
          zoomBy(this.film, pane, factor, ...localTo(pane, x, y));
        }),
        hover: (x, y) => this.hover(x, y),
        leave: () => this.hover(-1, -1),
        reset: whileFilm(() => Object.assign(this.settings, { zoom: 1, centre: [0.5, 0.5] })),
      },
      signal,
    );
    const middle = (factor) => whileFilm(() => {
      const pane = this.panes[0];
      zoomBy(this.film, pane, factor, pane.width / 2, pane.height / 2);
    });
    const click = (selector) => () => this.find(selector).click();
    const keys = { m: click(".map"), i: click(".invert"), f: click(".full"), 0: click(".reset"), "+": middle(1.25), "=": middle(1.25), "-": middle(0.8) };
    for (let at = 0; at < 4; at++) keys[at + 1] = () => this.find(`.classes input[value="${at}"]`)?.click();
    keys.escape = () => this.element.classList.contains("full") && this.find(".full").click();
    listenForKeys(
      this.canvas,
      keys,
      whileFilm((dx, dy, shift) => (shift ? windowBy(dx * 15, dy * 15) : panBy(this.film, this.panes[0], -dx * 40, -dy * 40))),
      signal,
    );
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.find(".panes"));
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    this.canvas.addEventListener("webglcontextrestored", () => { this.renderer.restore(); this.drawn = ""; this.refresh(); }, { signal });
  }

  paneAt(x, y) {
    const [left, top] = [x * devicePixelRatio, y * devicePixelRatio];
    return this.panes?.find((pane) => left >= pane.x && left < pane.x + pane.width && top >= pane.y && top < pane.y + pane.height);
  }

  // Grey and map value under the pointer, and its twin in the other pane.
  hover(x, y) {
    const pane = this.film && this.paneAt(x, y);
    const twin = this.find(".twin");
    const readout = this.find(".readout");
    twin.hidden = true;
    this.pointer = pane ? [x, y] : null;
    if (!pane) return this.writeReadout();
    const place = placeFilm(this.film, pane);
    const filmX = place.origin[0] + (x * devicePixelRatio - pane.x) * place.step;
    const filmY = place.origin[1] + (y * devicePixelRatio - pane.y) * place.step;
    const [column, row] = [Math.floor(filmX), Math.floor(filmY)];
    const { width, height, pixels } = this.film;
    if (column < 0 || row < 0 || column >= width || row >= height) return this.writeReadout();
    const other = this.panes[1 - this.panes.indexOf(pane)];
    twin.hidden = false;
    twin.style.left = `${x + (other.x - pane.x) / devicePixelRatio}px`;
    twin.style.top = `${y + (other.y - pane.y) / devicePixelRatio}px`;
    const scale = this.data.film.fullWidth / width;
    const parts = [`x ${Math.floor(filmX * scale)}  y ${Math.floor(filmY * scale)}`, `${this.data.words.grey} ${pixels[row * width + column]}`];
    const maps = this.data.maps;
    const heat = maps && heatAt(maps, this.classIndex(), filmX, filmY);
    if (heat !== null && maps) parts.push(`${this.data.words.map.toLowerCase()} ${logitText(heat, maps.scale)} ${this.data.words.logit}`);
    readout.textContent = parts.join("  ·  ");
  }

  writeReadout() {
    const readout = this.find(".readout");
    if (!this.film) {
      readout.textContent = this.message;
      return;
    }
    const [low, high] = shownWindow(this.data.film.window);
    const words = this.data.words;
    const parts = [`W ${Math.round(high - low)}  C ${Math.round((low + high) / 2)}`, `${words.zoom} ${this.settings.zoom.toFixed(1)} ×`];
    if (this.film.factor > 1) parts.push(words.halved.replace("{factor}", this.film.factor));
    readout.textContent = parts.join("  ·  ");
  }

  // ---- picture ----

  classIndex() {
    return this.settings.chosenClass ?? this.data.maps?.top ?? 0;
  }

  refresh() {
    if (!this.data || this.stop.signal.aborted) return;
    const { settings, data } = this;
    const words = data.words;
    const press = (selector, on) => this.find(selector).setAttribute("aria-pressed", String(on));
    press(".map", settings.mapOn);
    press(".invert", settings.invert);
    press(".window", settings.tool === "window");
    press(".pan", settings.tool === "pan");
    const full = this.element.classList.contains("full");
    press(".full", full);
    this.find(".full").textContent = full ? words.leave : words.full;
    this.canvas.classList.toggle("held", settings.tool !== null);
    const slider = this.find(".opacity input");
    slider.value = Math.round(settings.opacity * 100);
    this.find(".opacity output").textContent = `${slider.value} %`;
    this.find(".colours select").value = settings.colours;
    for (const radio of this.element.querySelectorAll(".classes input")) radio.checked = Number(radio.value) === this.classIndex();
    this.writeWhat();
    this.drawLegend();
    this.writeReadout();
    this.pending ??= requestAnimationFrame(() => { this.pending = null; this.draw(); });
  }

  // The line that always says what the map is.
  writeWhat() {
    const { maps, words, classes } = this.data;
    const name = classes[this.classIndex()].name;
    let text = words.none;
    if (maps && !this.settings.mapOn) text = words.hidden;
    else if (maps && !maps.positive[this.classIndex()]) text = words.empty;
    else if (maps) text = words.where.replace("{method}", maps.method).replace("{rows}", maps.rows).replace("{columns}", maps.columns);
    text = text.replace("{name}", name);
    const line = this.find(".what");
    if (line.textContent !== text) line.textContent = text;
    this.canvas.setAttribute("aria-label", `${words.film}. ${words.mapped}. ${text}`);
  }

  // The scale as it looks over a middle grey at the present opacity; the same for all four classes of the film.
  drawLegend() {
    const { maps, words } = this.data;
    const legend = this.find(".legend");
    legend.hidden = !maps || !this.settings.mapOn;
    if (legend.hidden) return;
    const context = legend.querySelector("canvas").getContext("2d");
    const image = context.createImageData(256, 1);
    for (let at = 0; at < 256; at++) {
      const share = this.settings.opacity * coverage(at / 255);
      for (let channel = 0; channel < 3; channel++) {
        image.data[at * 4 + channel] = 110 + (this.table[at * 4 + channel] - 110) * share;
      }
      image.data[at * 4 + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    this.find(".legend .from").textContent = "0";
    this.find(".legend .to").textContent = `${logitText(maps.scale, maps.scale)} ${words.logit}`;
  }

  draw() {
    if (!this.data || this.stop.signal.aborted) return;
    const frame = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.drawn = "";
    }
    this.panes = layoutPanes(width, height, Math.round(LABEL * ratio), Math.round(GAP * ratio), frame.width < STACK_BELOW);
    this.panes.forEach((pane, at) => {
      const label = this.find(`.label[data-pane="${at}"]`);
      label.style.left = `${pane.x / ratio}px`;
      label.style.top = `${pane.y / ratio - LABEL}px`;
    });
    let look = null;
    if (this.film) {
      const [low, high] = shownWindow(this.data.film.window);
      const { invert, mapOn, opacity } = this.settings;
      const shown = mapOn && this.data.maps ? opacity : 0;
      look = { ...placeFilm(this.film, this.panes[0]), low, high, invert, opacity: shown, classIndex: this.classIndex() };
    }
    this.drawFilm(look);
    this.drawHeat(look);
    this.announce(look);
  }

  // Only if anything but the map has changed.
  drawFilm(look) {
    const { opacity, classIndex, ...film } = look ?? {};
    const drawn = JSON.stringify([this.data.film.digest, this.panes, film]);
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.renderer.draw(this.panes, look);
  }

  drawHeat(look) {
    this.heat.show(look ? look.opacity : 0);
    if (!look || !this.data.maps) return;
    this.heat.paint(this.data.maps, look.classIndex, this.table);
    this.heat.put(this.panes[1], this.data.maps.box, look, devicePixelRatio);
  }

  // What stands on the screen now, readable from outside: browser tests and benchmarks wait for it.
  announce(look) {
    const state = this.element.dataset;
    state.painted = look ? this.data.film.digest : "";
    state.mapped = look && this.data.maps ? this.data.classes[look.classIndex].key : "";
    state.look = look ? JSON.stringify({ ...look, panes: this.panes }) : "";
  }

  destroy() {
    this.stop.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.pending);
    this.renderer.destroy();
  }
}

const viewers = new WeakMap(); // component root -> Viewer

export default function ({ parentElement, data }) {
  if (!viewers.has(parentElement)) viewers.set(parentElement, new Viewer(parentElement));
  viewers.get(parentElement).update(data);
  return () => {
    viewers.get(parentElement)?.destroy();
    viewers.delete(parentElement);
  };
}
