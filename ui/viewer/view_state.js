// What the reader has set, and the geometry that follows from it.

// Where a film lies in its pane and under which window. Zoom, place, and window are relative to the film (its fit, its sides, its
// own window), so they carry over to a film of another size, and to the film beside it.
const FRESH = {
  zoom: 1, // 1 = the whole film fits
  centre: [0.5, 0.5], // film position in the middle of the pane, as shares of width and height
  turns: 0, // quarter turns clockwise
  flipped: false, // left and right exchanged, after the turns
  invert: false,
  preset: "stored", // where the window started from; empty once it was moved by hand
  auto: false, // level and width are relative to the film's middle greys, not to its stored window
  level: 0, // shift of the window's centre, in widths of the film's own window
  width: 1, // window width, in widths of the film's own window
};

// One set for the page: it outlives a change of film, class, or colours, and a remount of the component.
const settings = {
  opacity: 0.7,
  threshold: 0, // share of the map's scale below which nothing is coloured
  signed: false, // also colour what speaks against the class
  lungs: false, // the outlines of the lungs
  cells: false, // the map's own cells instead of a smooth picture
  chosenClass: null, // null follows the film's answer until the reader chooses
  against: null, // the class whose map is taken away from the chosen one's, or null
  colours: "viridis",
  mapOn: true,
  layout: "two", // two panes, one, one with a divider, or the second film beside the first
  linked: true, // whether the second film follows the first one's view
  divider: 0.5, // share of the pane's width left of which the map is hidden
  views: [{ ...FRESH }, { ...FRESH }], // of the film on view, and of the one beside it
  tool: matchMedia("(pointer: coarse)").matches ? null : "window", // null: a finger scrolls the page
};

const LARGEST_ZOOM = 40;
export const LAYOUTS = ["two", "one", "swipe", "beside"];

// Windows for films without units: shifts and widths relative to the stored window. `auto` is taken from the film.
export const PRESETS = { stored: [0, 1], auto: [0, 1], lung: [-0.18, 0.6], bone: [0.2, 0.55], wide: [0, 1.7] };

export function currentSettings() {
  return settings;
}

// The view of the film (side 0) or of the one beside it (side 1).
export function viewOf(side) {
  return settings.views[settings.linked ? 0 : side];
}

// From its first moment on its own, the second film lies as it lay linked.
export function toggleLink() {
  if (settings.linked) settings.views[1] = { ...settings.views[0] };
  settings.linked = !settings.linked;
}

export function resetView(view) {
  Object.assign(view, FRESH);
}

export function fitView(view) {
  Object.assign(view, { zoom: 1, centre: [0.5, 0.5] });
}

// One film pixel on one device pixel.
export function nativeSize(view, film, pane) {
  view.zoom = limitZoom(view, film, pane, fitStep(view, film, pane));
}

// The grey values shown black and white; stored: the film's stored window, [low, high].
export function shownWindow(view, film, stored) {
  const [low, high] = view.auto ? middleGreys(film) : stored;
  const own = high - low;
  const centre = low + own / 2 + view.level * own;
  const half = Math.max((own * view.width) / 2, 0.5);
  return [centre - half, centre + half];
}

export function usePreset(view, name) {
  [view.level, view.width] = PRESETS[name];
  Object.assign(view, { preset: name, auto: name === "auto" });
}

const middles = new WeakMap(); // film -> its middle greys

// The greys that a hundredth of the film lies below and above, from every 97th pixel.
function middleGreys(film) {
  if (!middles.has(film)) {
    const some = [];
    for (let at = 0; at < film.pixels.length; at += 97) some.push(film.pixels[at]);
    some.sort((a, b) => a - b);
    const dark = some[Math.floor(some.length * 0.01)];
    middles.set(film, [dark, Math.max(some[Math.floor(some.length * 0.99)], dark + 1)]);
  }
  return middles.get(film);
}

// Clockwise by quarter turns on the screen, whether the film is flipped or not.
export function turn(view, quarters) {
  view.turns = (view.turns + (view.flipped ? -quarters : quarters) + 4) % 4;
}

export function flip(view, vertically) {
  view.flipped = !view.flipped;
  if (vertically) view.turns = (view.turns + 2) % 4;
}

// Panes side by side where the width allows, else one above the other; a strip of `label` above each.
// All in device pixels. side: 0 for the film on view, 1 for the one beside it.
export function layoutPanes(layout, width, height, label, gap, stacked) {
  const count = layout === "two" || layout === "beside" ? 2 : 1;
  const columns = stacked ? 1 : count;
  const rows = count / columns;
  const paneWidth = Math.floor((width - gap * (columns - 1)) / columns);
  const paneHeight = Math.floor((height - gap * (rows - 1)) / rows) - label;
  return Array.from({ length: count }, (_, at) => ({
    side: layout === "beside" ? at : 0,
    x: stacked ? 0 : at * (paneWidth + gap),
    y: label + (stacked ? at * (paneHeight + label + gap) : 0),
    width: Math.max(paneWidth, 1),
    height: Math.max(paneHeight, 1),
  }));
}

// Columns of the matrix from film to screen directions: quarter turns, then the flip.
function directions(view) {
  const [cos, sin] = [[1, 0], [0, 1], [-1, 0], [0, -1]][view.turns];
  const mirror = view.flipped ? -1 : 1;
  return { right: [cos * mirror, sin], down: [-sin * mirror, cos] };
}

function fitStep(view, film, pane) {
  const [width, height] = view.turns % 2 ? [film.height, film.width] : [film.width, film.height];
  return Math.max(width / pane.width, height / pane.height);
}

// Where the film lies in a pane: film pixels per device pixel; the film position of the pane's upper left corner; and the film
// vectors of one device pixel to the right (across) and down.
export function placeFilm(view, film, pane) {
  const step = fitStep(view, film, pane) / view.zoom;
  const { right, down } = directions(view);
  const across = [right[0] * step, down[0] * step];
  const downward = [right[1] * step, down[1] * step];
  const origin = [0, 1].map((axis) => {
    const side = axis ? film.height : film.width;
    return view.centre[axis] * side - (across[axis] * pane.width) / 2 - (downward[axis] * pane.height) / 2;
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

function moveCentre(view, film, [x, y]) {
  const within = (share) => Math.min(Math.max(share, 0), 1);
  view.centre = [within(view.centre[0] + x / film.width), within(view.centre[1] + y / film.height)];
}

// Moves the film by device pixels; its edge never passes the middle of the pane.
export function panBy(view, film, pane, dx, dy) {
  const { across, downward } = placeFilm(view, film, pane);
  moveCentre(view, film, [0, 1].map((axis) => -(across[axis] * dx + downward[axis] * dy)));
}

function limitZoom(view, film, pane, zoom) {
  return Math.min(Math.max(zoom, Math.min(1, fitStep(view, film, pane))), LARGEST_ZOOM);
}

// Zooms by a factor and keeps the film position under (x, y) of the pane where it is.
export function zoomBy(view, film, pane, factor, x, y) {
  const before = filmAt(placeFilm(view, film, pane), x, y);
  view.zoom = limitZoom(view, film, pane, view.zoom * factor);
  if (view.zoom <= 1) {
    view.centre = [0.5, 0.5];
    return;
  }
  const after = filmAt(placeFilm(view, film, pane), x, y);
  moveCentre(view, film, [before[0] - after[0], before[1] - after[1]]);
}

// Drag right widens the window (less contrast), drag down raises its centre (darker), as radiology viewers do.
export function windowBy(view, dx, dy) {
  view.preset = "";
  view.width = Math.min(Math.max(view.width * Math.exp(dx / 300), 0.01), 20);
  view.level = Math.min(Math.max(view.level + (dy / 500) * Math.max(view.width, 0.1), -2), 2);
}
