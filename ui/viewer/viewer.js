import { announce } from "./announce.js";
import { describe, drawLegend, mapText, pointText, standingText } from "./captions.js";
import { colourTable } from "./colour_maps.js";
import { Controls } from "./controls.js";
import { FilmSide } from "./film_side.js";
import { FlatRenderer } from "./flat_renderer.js";
import { listenForDivider, listenForGestures, listenForKeys } from "./gestures.js";
import { GlRenderer } from "./gl_renderer.js";
import { glasses } from "./glass.js";
import { chosenMap } from "./heat.js";
import { HeatLayer } from "./heat_layer.js";
import { keyActions } from "./keys.js";
import { Overlay } from "./overlay.js";
import { currentSettings, filmAt, fitView, layoutPanes, panBy, placeFilm, screenAt, shownWindow, viewOf, windowBy, zoomBy } from "./view_state.js";

const LABEL = 22; // CSS pixels above each pane
const LABEL_WRAPPED = 40; // the same where the label may take two lines
const GAP = 8; // CSS pixels between the panes
const RESTORE_MS = 1500; // how long the browser may take to give a lost graphics context back
const STACK_BELOW = 620; // CSS pixels of width

// The film and the film with its map, or two films side by side, each with its map. Python sends films and maps; all else happens
// here: the one message back asks for another film.
class Viewer {
  constructor(root) {
    this.settings = currentSettings();
    this.element = root.querySelector(".viewer");
    this.find = (selector) => this.element.querySelector(selector);
    this.panesElement = this.find(".panes");
    this.stop = new AbortController();
    this.sides = [0, 1].map((at) => new FilmSide(at, this));
    this.activeSide = 0; // of the film that was touched last
    this.wanted = ""; // the film that was asked for and has not come
    this.startRenderer();
    this.heat = [...this.element.querySelectorAll(".lens")].map((lens) => new HeatLayer(lens));
    this.overlay = new Overlay(this.find(".overlay"));
    this.controls = new Controls(this);
    this.table = colourTable(this.settings.colours);
    this.listen();
  }

  // WebGL 2, or the plain canvas where it is missing, is drawn by the processor, or has been taken away for good.
  startRenderer(flat = false) {
    this.renderer?.destroy();
    const fresh = Object.assign(document.createElement("canvas"), { className: "films" });
    this.find(".films").replaceWith(fresh);
    this.canvas = fresh;
    this.drawn = "";
    try {
      this.renderer = flat ? new FlatRenderer(fresh) : new GlRenderer(fresh);
    } catch (error) {
      console.info(error.message);
      return this.startRenderer(true);
    }
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
    for (const { film, at } of this.sides) this.renderer.setFilm(film, at);
    return this.refresh();
  }

  // ---- what Python sends ----

  // send: takes the digest of a film to be put beside this one.
  update(data, send) {
    const { words, film, maps, second } = data;
    Object.assign(this, { data, send, wanted: "" });
    this.writeWords(words, data.classes);
    this.sides[0].update({ film, maps }, words);
    this.sides[1].update(second ?? null, words);
    this.refresh();
  }

  putBeside(digest) {
    if (this.data.second?.film.digest === digest) return;
    this.wanted = digest;
    this.send?.(digest);
  }

  // ---- what is on view ----

  layout() {
    const { layout } = currentSettings();
    return layout === "beside" && !this.data?.second ? "two" : layout;
  }

  shownSides() {
    return this.layout() === "beside" ? this.sides : this.sides.slice(0, 1);
  }

  // The film that was touched last, and a pane that shows it.
  active() {
    const side = this.shownSides()[this.activeSide] ?? this.sides[0];
    return { side, pane: this.panes?.find((pane) => pane.side === side.at) };
  }

  view() {
    return viewOf(this.active().side.at);
  }

  // The class of the map, and the one that is taken away from it or null.
  choice() {
    const { chosenClass, against } = this.settings;
    const classIndex = chosenClass ?? this.data.maps?.top ?? this.data.second?.maps?.top ?? 0;
    return { classIndex, against: against === classIndex ? null : against };
  }

  // The value of full colour on each film, by side: one for both where both have maps of one method.
  scales() {
    const { classIndex, against } = this.choice();
    const shown = this.shownSides();
    const own = shown.map(({ sent }) => (sent.maps ? chosenMap(sent.maps, classIndex, against).scale : null));
    const methods = new Set(shown.filter(({ sent }) => sent.maps).map(({ sent }) => sent.maps.method));
    return methods.size === 1 ? own.map((scale) => scale && Math.max(...own)) : own;
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
    say(".hint", words.keys);
    this.controls.write(words, classes);
  }

  // ---- events ----

  listen() {
    const { signal } = this.stop;
    const ratio = () => devicePixelRatio;
    const localTo = (pane, x, y) => [x * ratio() - pane.x, y * ratio() - pane.y];
    const whileFilm = (action) => (...given) => {
      if (!this.active().side.film || !this.panes) return false;
      action(...given);
      return this.refresh();
    };
    const ruler = (verb) => whileFilm((x, y) => {
      const pane = this.paneAt(x, y);
      if (pane && this.looks[pane.side]) this.overlay[verb](this.sides[pane.side], this.looks[pane.side], ...localTo(pane, x, y));
    });
    const pan = (dx, dy) => {
      const { side, pane } = this.active();
      panBy(this.view(), side.film, pane, dx, dy);
    };
    listenForGestures(
      this.panesElement,
      {
        paneAt: (x, y) => this.paneAt(x, y),
        touch: (x, y) => this.touch(x, y),
        pan: whileFilm((dx, dy) => pan(dx * ratio(), dy * ratio())),
        window: whileFilm((dx, dy) => windowBy(this.view(), dx, dy)),
        zoom: whileFilm((factor, x, y) => {
          const { side, pane } = this.active();
          zoomBy(this.view(), side.film, pane, factor, ...localTo(this.paneAt(x, y) ?? pane, x, y));
        }),
        startLine: ruler("startLine"),
        moveLine: ruler("moveLine"),
        glass: whileFilm((x, y) => (this.glassAt = { x, y })),
        lift: whileFilm(() => (this.glassAt = null)),
        hover: (x, y) => this.hover(x, y),
        leave: () => this.hover(-1, -1),
        reset: whileFilm(() => fitView(this.view())),
      },
      signal,
    );
    listenForKeys(
      this.panesElement,
      keyActions(this, whileFilm),
      whileFilm((dx, dy, shift) => (shift ? windowBy(this.view(), dx * 15, dy * 15) : pan(-dx * 40, -dy * 40))),
      signal,
    );
    listenForDivider(this.find(".divider"), this.panesElement, () => this.panes[0], () => this.refresh(), signal);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.panesElement);
  }

  clearRuler() {
    this.overlay.clear();
  }

  paneAt(x, y) {
    const [left, top] = [x * devicePixelRatio, y * devicePixelRatio];
    return this.panes?.find((pane) => left >= pane.x && left < pane.x + pane.width && top >= pane.y && top < pane.y + pane.height);
  }

  // The film under a pointer that goes down takes the commands that follow.
  touch(x, y) {
    const side = this.paneAt(x, y)?.side ?? this.activeSide;
    if (side === this.activeSide) return;
    this.activeSide = side;
    this.refresh();
  }

  // Where a film position lies in a pane: of the same film there, or, linked, the same share of the other film's sides.
  inPane(pane, side, filmX, filmY) {
    const [film, look] = [this.sides[pane.side].film, this.looks[pane.side]];
    if (!film || !look || (pane.side !== side.at && !this.settings.linked)) return null;
    return screenAt(look, (filmX / side.film.width) * film.width, (filmY / side.film.height) * film.height);
  }

  // Grey and map value under the pointer, and its twin in the other pane.
  hover(x, y) {
    const pane = this.panes && this.paneAt(x, y);
    const twin = this.find(".twin");
    twin.hidden = true;
    this.writeReadout();
    const side = this.sides[pane?.side];
    const look = this.looks?.[pane?.side];
    if (!side?.film || !look) return;
    const [filmX, filmY] = filmAt(look, x * devicePixelRatio - pane.x, y * devicePixelRatio - pane.y);
    if (filmX < 0 || filmY < 0 || filmX >= side.film.width || filmY >= side.film.height) return;
    const other = this.panes.find((one) => one !== pane);
    const there = other && this.inPane(other, side, filmX, filmY);
    twin.hidden = !there;
    if (there) {
      twin.style.left = `${(other.x + there[0]) / devicePixelRatio}px`;
      twin.style.top = `${(other.y + there[1]) / devicePixelRatio}px`;
    }
    this.find(".readout").textContent = pointText(side, this.choice(), this.data.words, filmX, filmY);
  }

  writeReadout() {
    const { side } = this.active();
    this.find(".readout").textContent = side.film ? standingText(side, this.data.words) : side.message;
  }

  // ---- picture ----

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
    const unit = words[this.shownSides().find(({ sent }) => sent.maps)?.sent.maps.unit ?? "logit"];
    const scales = this.scales().filter((scale) => scale !== null);
    drawLegend(this.find(".legend"), scales, unit, this.choice().against !== null, this.table);
    this.writeReadout();
    this.pending ??= requestAnimationFrame(() => { this.pending = null; this.draw(); });
  }

  writeWhat() {
    const { words, classes } = this.data;
    const text = mapText(this.shownSides(), this.choice(), words, classes);
    const line = this.find(".what");
    if (line.textContent !== text) line.textContent = text; // else it would be read aloud again
    const { film, mapped } = words;
    const names = this.layout() === "beside" ? this.sides.map(({ sent }) => sent.film.name) : [film, mapped];
    const lungs = this.shownSides().map(({ sent }) => this.lungs(sent));
    this.panesElement.setAttribute("aria-label", [`${names.join(". ")}.`, text, ...lungs].filter(Boolean).join(" "));
  }

  draw() {
    if (!this.data || this.stop.signal.aborted) return;
    const { settings } = this;
    const frame = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.drawn = "";
    }
    const stacked = frame.width < STACK_BELOW;
    const strip = stacked ? LABEL_WRAPPED : LABEL;
    this.panes = layoutPanes(this.layout(), width, height, Math.round(strip * ratio), Math.round(GAP * ratio), stacked);
    this.looks = this.sides.map((side) => this.lookOf(side));
    this.writeLabels(ratio, strip);
    this.drawFilms();
    this.drawHeat();
    this.drawDivider(ratio);
    this.overlay.draw(this.panes, this.sides, this.looks, ratio, settings.lungs, this.data.words);
    announce(this, this.choice());
  }

  // Place and window of a film on the screen; null where it is not there.
  lookOf({ at, sent, film }) {
    const pane = this.panes.find((one) => one.side === at);
    if (!pane || !film) return null;
    const view = viewOf(at);
    const [low, high] = shownWindow(view, film, sent.film.window);
    return { ...placeFilm(view, film, pane), low, high, invert: view.invert };
  }

  writeLabels(ratio, strip) {
    const { film, mapped } = this.data.words;
    const beside = this.layout() === "beside";
    const names = this.panes.length === 2 ? [film, mapped] : [mapped];
    for (const at of [0, 1]) {
      const label = this.find(`.label[data-pane="${at}"]`);
      const pane = this.panes[at];
      label.hidden = !pane;
      if (!pane) continue;
      const { sent, message } = this.sides[pane.side];
      const withMap = pane === this.panes.findLast(({ side }) => side === pane.side);
      label.querySelector(".name").textContent = beside ? sent.film.name : names[at];
      label.querySelector(".more").textContent = message || (withMap ? this.lungs(sent) : "");
      label.classList.toggle("active", beside && !this.settings.linked && pane.side === this.active().side.at);
      label.style.left = `${pane.x / ratio}px`;
      label.style.top = `${pane.y / ratio - strip}px`;
      label.style.maxWidth = `${pane.width / ratio}px`;
    }
  }

  // How much of a film's map lies inside the lungs, in words; where only one of two films has a map, that too.
  lungs({ maps }) {
    if (!maps && this.layout() === "beside") return this.data.words.none;
    return describe(maps, this.choice(), this.data.words, this.data.classes).inside;
  }

  drawDivider(ratio) {
    const divider = this.find(".divider");
    divider.hidden = this.layout() !== "swipe" || !this.looks[0] || !this.data.maps;
    const [pane] = this.panes;
    divider.style.left = `${(pane.x + pane.width * this.settings.divider) / ratio}px`;
    divider.style.top = `${pane.y / ratio}px`;
    divider.style.height = `${pane.height / ratio}px`;
    divider.setAttribute("aria-valuenow", String(Math.round(this.settings.divider * 100)));
  }

  // Only if anything but the map has changed.
  drawFilms() {
    const parts = [...this.panes.map((pane) => ({ ...pane, look: this.looks[pane.side] })), ...glasses(this)];
    const drawn = JSON.stringify([this.sides.map(({ sent }) => sent?.film.digest), parts]);
    if (this.drawn === drawn || this.renderer.lost) return;
    this.drawn = drawn;
    this.renderer.draw(parts);
  }

  drawHeat() {
    const { mapOn, opacity, divider } = this.settings;
    const { classIndex, against } = this.choice();
    const hidden = this.layout() === "swipe" ? divider : 0;
    const scales = this.scales();
    this.heat.forEach((layer, at) => {
      const [maps, look] = [this.sides[at].sent?.maps, this.looks[at]];
      const shown = maps && look && scales[at] !== undefined;
      layer.show(shown && mapOn && !this.glassAt ? opacity : 0); // the glass shows the film alone
      if (!shown) return;
      layer.paint(maps, chosenMap(maps, classIndex, against), scales[at], this.table, this.settings);
      layer.put(this.panes.findLast((pane) => pane.side === at), maps.box, look, devicePixelRatio, hidden);
    });
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

export default function ({ parentElement, data, setTriggerValue }) {
  if (!viewers.has(parentElement)) viewers.set(parentElement, new Viewer(parentElement));
  viewers.get(parentElement).update(data, (digest) => setTriggerValue("beside", digest));
  return () => {
    viewers.get(parentElement)?.destroy();
    viewers.delete(parentElement);
  };
}
