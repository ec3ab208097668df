import { COLOUR_MAPS } from "./colour_maps.js";
import { LAYOUTS, PRESETS, currentSettings, fitView, flip, nativeSize, resetView, toggleLink, turn, usePreset } from "./view_state.js";

// The controls under the panes: what they do, what they are called, and what they show.
export class Controls {
  // viewer: {find, data, sides, active(), view(), layout(), refresh(), choice(), putBeside(digest), toggleFull(), clearRuler()}
  constructor(viewer) {
    this.viewer = viewer;
    this.find = viewer.find;
    this.settings = currentSettings();
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
    click(".invert", () => (viewer.view().invert = !viewer.view().invert));
    click(".turn", () => turn(viewer.view(), 1));
    click(".flip", () => flip(viewer.view(), false));
    click(".fit", () => fitView(viewer.view()));
    click(".native", () => {
      const { side, pane } = viewer.active();
      if (side.film) nativeSize(viewer.view(), side.film, pane);
    });
    click(".link", toggleLink);
    click(".reset", () => this.reset());
    click(".full", () => viewer.toggleFull());
    click(".help", () => this.toggleKeys());
    for (const button of this.tools()) {
      button.addEventListener("click", () => { this.chooseTool(button.dataset.tool); viewer.refresh(); });
    }
    this.slide(".opacity", (share) => Object.assign(settings, { opacity: share, mapOn: true }));
    this.slide(".threshold", (share) => (settings.threshold = share));
    this.choose(".colours", (name) => (settings.colours = name));
    this.choose(".against", (value) => (settings.against = value === "" ? null : Number(value)));
    this.choose(".presets", (name) => this.usePreset(name));
    this.choose(".layouts", (value) => this.chooseLayout(value));
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
    usePreset(this.viewer.view(), name);
  }

  reset() {
    this.settings.views.forEach(resetView);
    this.viewer.clearRuler();
  }

  // A layout, or another film to be put beside the one on view.
  chooseLayout(value) {
    const [kind, digest] = value.split(":");
    this.settings.layout = kind;
    if (kind === "beside") this.viewer.putBeside(digest);
  }

  nextClass() {
    this.settings.chosenClass = (this.viewer.choice().classIndex + 1) % this.viewer.data.classes.length;
  }

  nextLayout() {
    const there = LAYOUTS.filter((name) => name !== "beside" || this.viewer.data.second);
    this.settings.layout = there[(there.indexOf(this.viewer.layout()) + 1) % there.length];
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
    const written = JSON.stringify([words, classes]);
    if (this.words === written) return;
    Object.assign(this, { words: written, layouts: "" });
    const say = (selector, text) => (this.find(selector).textContent = text);
    for (const name of ["map", "signed", "cells", "lungs", "invert", "turn", "flip", "fit", "native", "reset", "link"]) say(`button.${name}`, words[name]);
    for (const name of ["opacity", "threshold", "colours", "against", "presets", "layouts"]) say(`.${name} span`, words[name]);
    for (const button of this.tools()) button.textContent = words[button.dataset.tool];
    this.find(".help").setAttribute("aria-label", words.keysTitle);
    this.find(".tools.maps").setAttribute("aria-label", words.mapTools);
    this.find(".films-tools").setAttribute("aria-label", words.filmTools);
    this.find(".divider").setAttribute("aria-label", words.divider);
    this.fill(".colours", COLOUR_MAPS, (name) => name[0].toUpperCase() + name.slice(1));
    this.fill(".against", ["", ...classes.keys()], (value) => (value === "" ? words.nothing : classes[value].short));
    this.fill(".presets", [...Object.keys(PRESETS), ""], (name) => words.presetNames[name || "own"]);
    this.find(".presets option[value='']").hidden = true; // shown, not chosen
    const list = this.find(".keys dl");
    list.replaceChildren();
    for (const [key, meaning] of words.keyList) {
      list.append(Object.assign(document.createElement("dt"), { textContent: key }));
      list.append(Object.assign(document.createElement("dd"), { textContent: meaning }));
    }
    const group = this.find(".classes");
    group.setAttribute("aria-label", words.classes);
    group.replaceChildren();
    classes.forEach(({ short }, at) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "class", value: at });
      label.append(radio, short);
      group.append(label);
    });
  }

  // The layouts, and the other films of the session.
  writeLayouts(words, others) {
    const written = JSON.stringify(others);
    if (this.layouts === written) return;
    this.layouts = written;
    const select = this.find(".layouts select");
    select.replaceChildren(...LAYOUTS.filter((name) => name !== "beside").map((name) => new Option(words.layoutNames[name], name)));
    if (!others.length) return;
    const group = Object.assign(document.createElement("optgroup"), { label: words.beside });
    group.append(...others.map(({ digest, name }) => new Option(name, `beside:${digest}`)));
    select.append(group);
  }

  fill(selector, values, name) {
    const select = this.find(`${selector} select`);
    select.replaceChildren(...values.map((value) => new Option(name(value), value)));
  }

  // ---- what they show ----

  refresh(words, full) {
    const { settings, find, viewer } = this;
    const view = viewer.view();
    const layout = viewer.layout();
    const choice = viewer.choice();
    const press = (selector, on) => find(selector).setAttribute("aria-pressed", String(on));
    press(".map", settings.mapOn);
    press(".signed", settings.signed || choice.against !== null);
    find(".signed").disabled = choice.against !== null;
    press(".cells", settings.cells);
    press("button.lungs", settings.lungs);
    press(".invert", view.invert);
    press(".flip", view.flipped);
    press(".link", settings.linked);
    press(".full", full);
    find(".link").hidden = layout !== "beside";
    for (const button of this.tools()) button.setAttribute("aria-pressed", String(button.dataset.tool === settings.tool));
    find(".full").textContent = full ? words.leave : words.full;
    for (const name of ["opacity", "threshold"]) {
      const slider = find(`.${name} input`);
      slider.value = Math.round(settings[name] * 100);
      find(`.${name} output`).textContent = words.percent.replace("{value}", slider.value);
    }
    find(".colours select").value = settings.colours;
    find(".colours select").disabled = settings.signed || choice.against !== null;
    find(".against select").value = choice.against ?? "";
    [...find(".against select").options].forEach((option) => (option.disabled = option.value === String(choice.classIndex)));
    find(".presets select").value = view.preset;
    this.writeLayouts(words, viewer.data.others ?? []);
    const beside = viewer.wanted || viewer.data.second?.film.digest;
    find(".layouts select").value = viewer.wanted || layout === "beside" ? `beside:${beside}` : layout;
    for (const radio of find(".classes").querySelectorAll("input")) radio.checked = Number(radio.value) === choice.classIndex;
  }
}
