import { COLOUR_MAPS } from "./colour_maps.js";
import { LAYOUTS, PRESETS, currentSettings, fitView, flip, nativeSize, resetView, turn, usePreset } from "./view_state.js";

// The controls under the panes: what they do, what they are called, and what they show.
export class Controls {
  // viewer: {find, film, data, panes, refresh(), classIndex(), toggleFull(), clearRuler()}
  constructor(viewer) {
    this.viewer = viewer;
    this.find = viewer.find;
    this.settings = currentSettings();
    this.preset = "stored";
    this.build();
  }

  build() {
    const { settings, viewer } = this;
    const click = (selector, action) => {
      this.find(selector).addEventListener("click", () => { action(); viewer.refresh(); });
    };
    const toggle = (name) => () => (settings[name] = !settings[name]);
    click(".map", toggle("mapOn"));
    click(".signed", toggle("signed"));
    click(".cells", toggle("cells"));
    click("button.lungs", toggle("lungs"));
    click(".invert", toggle("invert"));
    click(".turn", () => turn(1));
    click(".flip", () => flip(false));
    click(".fit", fitView);
    click(".native", () => viewer.film && nativeSize(viewer.film, viewer.panes[0]));
    click(".reset", () => this.reset());
    click(".full", () => viewer.toggleFull());
    click(".help", () => this.toggleKeys());
    for (const button of this.tools()) {
      button.addEventListener("click", () => { this.chooseTool(button.dataset.tool); viewer.refresh(); });
    }
    this.slide(".opacity", (share) => Object.assign(settings, { opacity: share, mapOn: true }));
    this.slide(".threshold", (share) => (settings.threshold = share));
    this.choose(".colours", (name) => (settings.colours = name));
    this.choose(".presets", (name) => this.usePreset(name));
    this.choose(".layouts", (name) => (settings.layout = name));
    this.find(".classes").addEventListener("change", (event) => {
      settings.chosenClass = Number(event.target.value);
      viewer.refresh();
    });
  }

  tools() {
    return this.viewer.element.querySelectorAll(".tool");
  }

  slide(selector, action) {
    this.find(`${selector} input`).addEventListener("input", (event) => {
      action(event.target.valueAsNumber / 100);
      this.viewer.refresh();
    });
  }

  choose(selector, action) {
    this.find(`${selector} select`).addEventListener("change", (event) => {
      action(event.target.value);
      this.viewer.refresh();
    });
  }

  usePreset(name) {
    if (!this.viewer.film) return;
    this.preset = name;
    usePreset(name, this.viewer.film, this.viewer.data.film.window);
  }

  reset() {
    this.preset = "stored";
    resetView();
    this.viewer.clearRuler();
  }

  nextClass() {
    this.settings.chosenClass = (this.viewer.classIndex() + 1) % this.viewer.data.classes.length;
  }

  nextLayout() {
    this.settings.layout = LAYOUTS[(LAYOUTS.indexOf(this.settings.layout) + 1) % LAYOUTS.length];
  }

  // On a touch screen the chosen tool can be put down again, so that a finger scrolls the page.
  chooseTool(tool) {
    const touch = matchMedia("(pointer: coarse)").matches;
    this.settings.tool = touch && this.settings.tool === tool ? null : tool;
  }

  toggleKeys() {
    const list = this.find(".keys");
    list.hidden = !list.hidden;
    this.find(".help").setAttribute("aria-expanded", String(!list.hidden));
  }

  // ---- words ----

  write(words, classes) {
    const say = (selector, text) => (this.find(selector).textContent = text);
    for (const name of ["map", "signed", "cells", "lungs", "invert", "turn", "flip", "fit", "native", "reset"]) say(`button.${name}`, words[name]);
    for (const name of ["opacity", "threshold", "colours", "presets", "layouts"]) say(`.${name} span`, words[name]);
    for (const button of this.tools()) button.textContent = words[button.dataset.tool];
    this.find(".help").setAttribute("aria-label", words.keysTitle);
    this.find(".tools.maps").setAttribute("aria-label", words.mapTools);
    this.find(".films-tools").setAttribute("aria-label", words.filmTools);
    this.find(".divider").setAttribute("aria-label", words.divider);
    this.fill(".colours", COLOUR_MAPS, (name) => name[0].toUpperCase() + name.slice(1));
    this.fill(".presets", Object.keys(PRESETS), (name) => words.presetNames[name]);
    this.fill(".layouts", LAYOUTS, (name) => words.layoutNames[name]);
    const list = this.find(".keys dl");
    if (!list.childElementCount) {
      for (const [key, meaning] of words.keyList) {
        list.append(Object.assign(document.createElement("dt"), { textContent: key }));
        list.append(Object.assign(document.createElement("dd"), { textContent: meaning }));
      }
    }
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

  fill(selector, values, name) {
    const select = this.find(`${selector} select`);
    if (select.length) return;
    for (const value of values) select.add(new Option(name(value), value));
  }

  // ---- what they show ----

  refresh(words, full) {
    const { settings, find } = this;
    const press = (selector, on) => find(selector).setAttribute("aria-pressed", String(on));
    press(".map", settings.mapOn);
    press(".signed", settings.signed);
    press(".cells", settings.cells);
    press("button.lungs", settings.lungs);
    press(".invert", settings.invert);
    press(".flip", settings.flipped);
    press(".full", full);
    for (const button of this.tools()) button.setAttribute("aria-pressed", String(button.dataset.tool === settings.tool));
    find(".full").textContent = full ? words.leave : words.full;
    for (const name of ["opacity", "threshold"]) {
      const slider = find(`.${name} input`);
      slider.value = Math.round(settings[name] * 100);
      find(`.${name} output`).textContent = `${slider.value} %`;
    }
    find(".colours select").value = settings.colours;
    find(".colours select").disabled = settings.signed;
    find(".presets select").value = this.preset;
    find(".layouts select").value = settings.layout;
    for (const radio of find(".classes").querySelectorAll("input")) radio.checked = Number(radio.value) === this.viewer.classIndex();
  }
}
