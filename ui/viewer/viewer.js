import { drawLegend, mapText, pointText, standingText } from "./captions.js";
import { COLOUR_MAPS, colourTable } from "./colour_maps.js";
import { fetchFilm } from "./film_source.js";
import { FlatRenderer } from "./flat_renderer.js";
import { listenForGestures, listenForKeys } from "./gestures.js";
import { GlRenderer } from "./gl_renderer.js";
import { HeatLayer } from "./heat_layer.js";
import { currentSettings, layoutPanes, panBy, placeFilm, resetView, shownWindow, windowBy, zoomBy } from "./view_state.js";

const LABEL = 22; // CSS pixels above each pane
const GAP = 8; // CSS pixels between the panes
const RESTORE_MS = 1500; // how long the browser may take to give a lost graphics context back
const STACK_BELOW = 620; // CSS pixels of width

// The film and the film with its map. Python sends a film and its maps; all else happens here, without a message back.
class Viewer {
  constructor(root) {
    this.settings = currentSettings();
    this.element = root.querySelector(".viewer");
    this.find = (selector) => this.element.querySelector(selector);
    this.panesElement = this.find(".panes");
    this.stop = new AbortController();
    this.startRenderer();
    this.heat = new HeatLayer(this.find(".lens"));
    this.buildControls();
    this.listen();
  }

  // WebGL 2, or the plain canvas where it is missing or has been taken away for good.
  startRenderer(flat = false) {
    this.renderer?.destroy();
    const fresh = Object.assign(document.createElement("canvas"), { className: "films" });
    this.find(".films").replaceWith(fresh);
    this.canvas = fresh;
    this.drawn = "";
    try {
      this.renderer = flat ? new FlatRenderer(fresh) : new GlRenderer(fresh);
    } catch (error) {
      console.warn(error);
      return this.startRenderer(true);
    }
    this.flat = this.renderer instanceof FlatRenderer;
    fresh.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.lost = setTimeout(() => this.startRenderer(true), RESTORE_MS);
    });
    fresh.addEventListener("webglcontextrestored", () => {
      clearTimeout(this.lost);
      this.renderer.restore();
      this.drawn = "";
      this.refresh();
    });
    if (!this.data) return undefined;
    this.renderer.setFilm(this.film);
    this.writeHint();
    return this.refresh();
  }

  // ---- what Python sends ----

  update(data) {
    const words = data.words;
    const sameFilm = this.data?.film.digest === data.film.digest && this.data.film.width === data.film.width;
    this.data = data;
    this.writeWords(words, data.classes);
    this.writeHint();
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

  writeHint() {
    const { keys, flat } = this.data.words;
    this.find(".hint").textContent = this.flat ? `${keys} ${flat}` : keys;
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
      this.panesElement,
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
      this.panesElement,
      keys,
      whileFilm((dx, dy, shift) => (shift ? windowBy(dx * 15, dy * 15) : panBy(this.film, this.panes[0], -dx * 40, -dy * 40))),
      signal,
    );
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.panesElement);
  }

  paneAt(x, y) {
    const [left, top] = [x * devicePixelRatio, y * devicePixelRatio];
    return this.panes?.find((pane) => left >= pane.x && left < pane.x + pane.width && top >= pane.y && top < pane.y + pane.height);
  }

  // Grey and map value under the pointer, and its twin in the other pane.
  hover(x, y) {
    const pane = this.film && this.paneAt(x, y);
    const twin = this.find(".twin");
    twin.hidden = true;
    this.writeReadout();
    if (!pane) return;
    const { step, origin } = placeFilm(this.film, pane);
    const filmX = origin[0] + (x * devicePixelRatio - pane.x) * step;
    const filmY = origin[1] + (y * devicePixelRatio - pane.y) * step;
    if (filmX < 0 || filmY < 0 || filmX >= this.film.width || filmY >= this.film.height) return;
    const other = this.panes[1 - this.panes.indexOf(pane)];
    twin.hidden = false;
    twin.style.left = `${x + (other.x - pane.x) / devicePixelRatio}px`;
    twin.style.top = `${y + (other.y - pane.y) / devicePixelRatio}px`;
    this.find(".readout").textContent = pointText(this.data, this.film, this.classIndex(), filmX, filmY);
  }

  writeReadout() {
    this.find(".readout").textContent = this.film ? standingText(this.data, this.film) : this.message;
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
    this.panesElement.classList.toggle("held", settings.tool !== null);
    const slider = this.find(".opacity input");
    slider.value = Math.round(settings.opacity * 100);
    this.find(".opacity output").textContent = `${slider.value} %`;
    this.find(".colours select").value = settings.colours;
    for (const radio of this.element.querySelectorAll(".classes input")) radio.checked = Number(radio.value) === this.classIndex();
    this.writeWhat();
    drawLegend(this.find(".legend"), data, this.table);
    this.writeReadout();
    this.pending ??= requestAnimationFrame(() => { this.pending = null; this.draw(); });
  }

  writeWhat() {
    const text = mapText(this.data, this.classIndex());
    const line = this.find(".what");
    if (line.textContent !== text) line.textContent = text; // else it would be read aloud again
    const { film, mapped } = this.data.words;
    this.panesElement.setAttribute("aria-label", `${film}. ${mapped}. ${text}`);
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
    if (this.drawn === drawn || this.renderer.lost) return;
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
    clearTimeout(this.lost);
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
