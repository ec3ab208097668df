// What the reader has set, and the geometry that follows from it.

// One set for the page: it outlives a change of film, class, or colours, and a remount of the component. Zoom, place, and window
// are relative to the film (its fit, its sides, its stored window), so they carry over to a film of another size.
const settings = {
  opacity: 0.7,
  threshold: 0, // share of the map's scale below which nothing is coloured
  signed: false, // also colour what speaks against the class
  lungs: false, // the outlines of the lungs
  cells: false, // the map's own cells instead of a smooth picture
  chosenClass: null, // null follows the film's answer until the reader chooses
  colours: "viridis",
  mapOn: true,
  layout: "two", // two panes, one, or one with a divider
  divider: 0.5, // share of the pane's width left of which the map is hidden
  invert: false,
  turns: 0, // quarter turns clockwise
  flipped: false, // left and right exchanged, after the turns
  zoom: 1, // 1 = the whole film fits
  centre: [0.5, 0.5], // film position in the middle of the pane, as shares of width and height
  level: 0, // shift of the window's centre, in stored window widths
  width: 1, // window width, in stored window widths
  tool: matchMedia("(pointer: coarse)").matches ? null : "window", // null: a finger scrolls the page
};

const LARGEST_ZOOM = 40;
export const LAYOUTS = ["two", "one", "swipe"];

// Windows for films without units: shifts and widths relative to the stored window. `auto` is taken from the film.
export const PRESETS = { stored: [0, 1], auto: null, lung: [-0.18, 0.6], bone: [0.2, 0.55], wide: [0, 1.7] };

export function currentSettings() {
  return settings;
}

export function resetView() {
  Object.assign(settings, { zoom: 1, centre: [0.5, 0.5], level: 0, width: 1, invert: false, turns: 0, flipped: false });
}

export function fitView() {
  Object.assign(settings, { zoom: 1, centre: [0.5, 0.5] });
}

// One film pixel on one device pixel.
export function nativeSize(film, pane) {
  settings.zoom = limitZoom(film, pane, fitStep(film, pane));
}

// The grey values shown black and white, from the stored window [low, high].
export function shownWindow([low, high]) {
  const stored = high - low;
  const centre = low + stored / 2 + settings.level * stored;
  const half = Math.max((stored * settings.width) / 2, 0.5);
  return [centre - half, centre + half];
}

export function usePreset(name, film, [low, high]) {
  const stored = high - low;
  let preset = PRESETS[name];
  if (!preset) {
    const [dark, bright] = middleGreys(film);
    preset = [((dark + bright) / 2 - (low + high) / 2) / stored, Math.max(bright - dark, 1) / stored];
  }
  [settings.level, settings.width] = preset;
}

// The greys that a hundredth of the film lies below and above, from every 97th pixel.
function middleGreys({ pixels }) {
  const some = [];
  for (let at = 0; at < pixels.length; at += 97) some.push(pixels[at]);
  some.sort((a, b) => a - b);
  return [some[Math.floor(some.length * 0.01)], some[Math.floor(some.length * 0.99)]];
}

// Clockwise by quarter turns on the screen, whether the film is flipped or not.
export function turn(quarters) {
  settings.turns = (settings.turns + (settings.flipped ? -quarters : quarters) + 4) % 4;
}

export function flip(vertically) {
  settings.flipped = !settings.flipped;
  if (vertically) settings.turns = (settings.turns + 2) % 4;
}

// panes side by side where the width allows, else one above the other; a strip of `label` above each.
// All in device pixels.
export function layoutPanes(width, height, label, gap, stacked) {
  const count = settings.layout === "two" ? 2 : 1;
  const columns = stacked ? 1 : count;
  const rows = count / columns;
  const paneWidth = Math.floor((width - gap * (columns - 1)) / columns);
  const paneHeight = Math.floor((height - gap * (rows - 1)) / rows) - label;
  return Array.from({ length: count }, (_, at) => ({
    x: stacked ? 0 : at * (paneWidth + gap),
    y: label + (stacked ? at * (paneHeight + label + gap) : 0),
    width: Math.max(paneWidth, 1),
    height: Math.max(paneHeight, 1),
  }));
}

// Columns of the matrix from film to screen directions: quarter turns, then the flip.
function directions() {
  const [cos, sin] = [[1, 0], [0, 1], [-1, 0], [0, -1]][settings.turns];
  const mirror = settings.flipped ? -1 : 1;
  return { right: [cos * mirror, sin], down: [-sin * mirror, cos] };
}

function fitStep(film, pane) {
  const [width, height] = settings.turns % 2 ? [film.height, film.width] : [film.width, film.height];
  return Math.max(width / pane.width, height / pane.height);
}

// Where the film lies in a pane: film pixels per device pixel; the film position of the pane's upper left corner; and the film
// vectors of one device pixel to the right (across) and down.
export function placeFilm(film, pane) {
  const step = fitStep(film, pane) / settings.zoom;
  const { right, down } = directions();
  const across = [right[0] * step, down[0] * step];
  const downward = [right[1] * step, down[1] * step];
  const origin = [0, 1].map((axis) => {
    const side = axis ? film.height : film.width;
    return settings.centre[axis] * side - (across[axis] * pane.width) / 2 - (downward[axis] * pane.height) / 2;
  });
  return { step, origin, across, downward };
}

// Film position of a device pixel of the pane.
export function filmAt({ origin, across, downward }, x, y) {
  return [0, 1].map((axis) => origin[axis] + across[axis] * x + downward[axis] * y);
}

// Device pixel of the pane at a film position.
export function screenAt({ step, origin, across, downward }, filmX, filmY) {
  const [x, y] = [filmX - origin[0], filmY - origin[1]];
  return [across, downward].map((vector) => (x * vector[0] + y * vector[1]) / step ** 2);
}

function moveCentre(film, [x, y]) {
  const within = (share) => Math.min(Math.max(share, 0), 1);
  settings.centre = [within(settings.centre[0] + x / film.width), within(settings.centre[1] + y / film.height)];
}

// Moves the film by device pixels; its edge never passes the middle of the pane.
export function panBy(film, pane, dx, dy) {
  const { across, downward } = placeFilm(film, pane);
  moveCentre(film, [0, 1].map((axis) => -(across[axis] * dx + downward[axis] * dy)));
}

function limitZoom(film, pane, zoom) {
  return Math.min(Math.max(zoom, Math.min(1, fitStep(film, pane))), LARGEST_ZOOM);
}

// Zooms by a factor and keeps the film position under (x, y) of the pane where it is.
export function zoomBy(film, pane, factor, x, y) {
  const before = filmAt(placeFilm(film, pane), x, y);
  settings.zoom = limitZoom(film, pane, settings.zoom * factor);
  if (settings.zoom <= 1) {
    settings.centre = [0.5, 0.5];
    return;
  }
  const after = filmAt(placeFilm(film, pane), x, y);
  moveCentre(film, [before[0] - after[0], before[1] - after[1]]);
}

// Drag right widens the window (less contrast), drag down raises its centre (darker), as radiology viewers do.
export function windowBy(dx, dy) {
  settings.width = Math.min(Math.max(settings.width * Math.exp(dx / 300), 0.01), 20);
  settings.level = Math.min(Math.max(settings.level + (dy / 500) * Math.max(settings.width, 0.1), -2), 2);
}
