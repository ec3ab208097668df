import { drawLegend, mapText, pointText, standingText } from "./captions.js";
import { colourTable } from "./colour_maps.js";
import { Controls } from "./controls.js";
import { fetchFilm } from "./film_source.js";
import { FlatRenderer } from "./flat_renderer.js";
import { listenForDivider, listenForGestures, listenForKeys } from "./gestures.js";
import { GlRenderer } from "./gl_renderer.js";
import { HeatLayer } from "./heat_layer.js";
import { Overlay } from "./overlay.js";
import { currentSettings, filmAt, fitView, flip, layoutPanes, panBy, placeFilm, shownWindow, turn, windowBy, zoomBy } from "./view_state.js";

const LABEL = 22; // CSS pixels above each pane
const GAP = 8; // CSS pixels between the panes
const GLASS = 220; // CSS pixels, the side of the magnifying glass
const GLASS_POWER = 3;
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
    this.overlay = new Overlay(this.find(".overlay"));
    this.controls = new Controls(this);
    this.table = colourTable(this.settings.colours);
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
    say(".notice", words.notice);
    this.controls.write(words, classes);
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
      if (!this.film) return false;
      action(...given);
      return this.refresh();
    };
    const ruler = (verb) => whileFilm((x, y) => {
      const pane = this.paneAt(x, y);
      if (pane) this.overlay[verb](this.film, placeFilm(this.film, pane), ...localTo(pane, x, y));
    });
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
        startLine: ruler("startLine"),
        moveLine: ruler("moveLine"),
        glass: whileFilm((x, y) => (this.glassAt = { x, y })),
        lift: whileFilm(() => (this.glassAt = null)),
        hover: (x, y) => this.hover(x, y),
        leave: () => this.hover(-1, -1),
        reset: whileFilm(fitView),
      },
      signal,
    );
    listenForKeys(
      this.panesElement,
      this.keys(whileFilm),
      whileFilm((dx, dy, shift) => (shift ? windowBy(dx * 15, dy * 15) : panBy(this.film, this.panes[0], -dx * 40, -dy * 40))),
      signal,
    );
    listenForDivider(this.find(".divider"), this.panesElement, () => this.panes[0], () => this.refresh(), signal);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.panesElement);
  }

  // OHIF's keys where it has one for the same thing.
  keys(whileFilm) {
    const { controls } = this;
    const middle = (factor) => whileFilm(() => {
      const pane = this.panes[0];
      zoomBy(this.film, pane, factor, pane.width / 2, pane.height / 2);
    });
    const click = (selector) => () => this.find(selector).click();
    const tool = (name) => whileFilm(() => controls.chooseTool(name));
    const keys = {
      m: click(".map"), c: whileFilm(() => controls.nextClass()), s: whileFilm(() => controls.nextLayout()),
      i: click(".invert"), r: whileFilm(() => turn(1)), l: whileFilm(() => turn(-1)),
      h: whileFilm(() => flip(false)), v: whileFilm(() => flip(true)),
      "=": click(".fit"), "+": middle(1.25), "-": middle(0.8), " ": click(".reset"), 0: click(".reset"),
      w: tool("window"), p: tool("pan"), z: tool("zoom"), d: tool("measure"), g: tool("magnify"),
      f: click(".full"), "?": click(".help"),
    };
    ["stored", "auto", "lung", "bone", "wide"].forEach((name, at) => (keys[at + 1] = whileFilm(() => controls.usePreset(name))));
    keys.escape = () => {
      if (!this.find(".keys").hidden) controls.toggleKeys();
      else if (this.element.classList.contains("full")) this.toggleFull();
      else return false;
      return this.refresh();
    };
    return keys;
  }

  clearRuler() {
    this.overlay.clear();
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
    const [left, top] = [x * devicePixelRatio - pane.x, y * devicePixelRatio - pane.y];
    const [filmX, filmY] = filmAt(placeFilm(this.film, pane), left, top);
    if (filmX < 0 || filmY < 0 || filmX >= this.film.width || filmY >= this.film.height) return;
    const other = this.panes.find((one) => one !== pane);
    twin.hidden = !other;
    if (other) {
      twin.style.left = `${x + (other.x - pane.x) / devicePixelRatio}px`;
      twin.style.top = `${y + (other.y - pane.y) / devicePixelRatio}px`;
    }
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
    this.controls.refresh(words, this.element.classList.contains("full"));
    this.panesElement.classList.toggle("held", settings.tool !== null);
    if (this.tableName !== settings.colours) {
      this.tableName = settings.colours;
      this.table = colourTable(settings.colours);
    }
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
    this.writeLabels(ratio);
    let look = null;
    if (this.film) {
      const [low, high] = shownWindow(this.data.film.window);
      const { invert, mapOn, opacity } = this.settings;
      const shown = mapOn && this.data.maps ? opacity : 0;
      look = { ...placeFilm(this.film, this.panes[0]), low, high, invert, opacity: shown, classIndex: this.classIndex() };
    }
    this.drawFilm(look);
    this.drawHeat(look);
    this.drawDivider(ratio);
    this.overlay.draw(this.panes, this.film, this.data, ratio, this.settings.lungs);
    this.announce(look);
  }

  writeLabels(ratio) {
    const { film, mapped } = this.data.words;
    const texts = this.panes.length === 2 ? [film, mapped] : [mapped];
    for (const at of [0, 1]) {
      const label = this.find(`.label[data-pane="${at}"]`);
      label.textContent = texts[at] ?? "";
      if (!this.panes[at]) continue;
      label.style.left = `${this.panes[at].x / ratio}px`;
      label.style.top = `${this.panes[at].y / ratio - LABEL}px`;
    }
  }

  drawDivider(ratio) {
    const divider = this.find(".divider");
    divider.hidden = this.settings.layout !== "swipe" || !this.film || !this.data.maps;
    const [pane] = this.panes;
    divider.style.left = `${(pane.x + pane.width * this.settings.divider) / ratio}px`;
    divider.style.top = `${pane.y / ratio}px`;
    divider.style.height = `${pane.height / ratio}px`;
    divider.setAttribute("aria-valuenow", String(Math.round(this.settings.divider * 100)));
  }

  // The round part of both panes under the magnifying glass, at three times the size.
  glass(look) {
    if (!this.glassAt || !look) return null;
    const ratio = devicePixelRatio;
    const pane = this.paneAt(this.glassAt.x, this.glassAt.y);
    if (!pane) return null;
    const side = Math.min(Math.round(GLASS * ratio), pane.width, pane.height);
    const at = [this.glassAt.x * ratio - pane.x, this.glassAt.y * ratio - pane.y];
    const [filmX, filmY] = filmAt(look, ...at);
    const [across, downward] = [look.across, look.downward].map((vector) => vector.map((part) => part / GLASS_POWER));
    const origin = [filmX, filmY].map((part, axis) => part - ((across[axis] + downward[axis]) * side) / 2);
    const within = (start, length) => Math.round(Math.min(Math.max(start, 0), length - side));
    const panes = this.panes.map(({ x, y }) => ({
      x: x + within(at[0] - side / 2, pane.width), y: y + within(at[1] - side / 2, pane.height), width: side, height: side,
    }));
    return { panes, look: { ...look, step: look.step / GLASS_POWER, across, downward, origin } };
  }

  // Only if anything but the map has changed.
  drawFilm(look) {
    const { opacity, classIndex, ...film } = look ?? {};
    const glass = this.glass(look);
    const drawn = JSON.stringify([this.data.film.digest, this.panes, film, glass?.panes, glass?.look.origin]);
    if (this.drawn === drawn || this.renderer.lost) return;
    this.drawn = drawn;
    this.renderer.draw(this.panes, look, glass);
  }

  drawHeat(look) {
    this.heat.show(look && !this.glassAt ? look.opacity : 0); // the glass shows the film alone
    if (!look || !this.data.maps) return;
    this.heat.paint(this.data.maps, look.classIndex, this.table, this.settings);
    const hidden = this.settings.layout === "swipe" ? this.settings.divider : 0;
    this.heat.put(this.panes.at(-1), this.data.maps.box, look, devicePixelRatio, hidden);
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
