// What the reader has set, and the geometry that follows from it.

// One set for the page: it outlives a change of film, class, or colours, and a remount of the component. Zoom, place, and window
// are relative to the film (its fit, its sides, its stored window), so they carry over to a film of another size.
const settings = {
  opacity: 0.7,
  chosenClass: null, // null follows the film's answer until the reader chooses
  colours: "viridis",
  mapOn: true,
  invert: false,
  zoom: 1, // 1 = the whole film fits
  centre: [0.5, 0.5], // film position in the middle of the pane, as shares of width and height
  level: 0, // shift of the window's centre, in stored window widths
  width: 1, // window width, in stored window widths
  tool: matchMedia("(pointer: coarse)").matches ? null : "window", // null: a finger scrolls the page
};

const LARGEST_ZOOM = 40;

export function currentSettings() {
  return settings;
}

export function resetView() {
  Object.assign(settings, { zoom: 1, centre: [0.5, 0.5], level: 0, width: 1, invert: false });
}

// The grey values shown black and white, from the stored window [low, high].
export function shownWindow([low, high]) {
  const stored = high - low;
  const centre = low + stored / 2 + settings.level * stored;
  const half = Math.max((stored * settings.width) / 2, 0.5);
  return [centre - half, centre + half];
}

// panes side by side where the width allows, else one above the other; a strip of `label` above each.
// All in device pixels.
export function layoutPanes(width, height, label, gap, stacked) {
  const columns = stacked ? 1 : 2;
  const paneWidth = Math.floor((width - gap * (columns - 1)) / columns);
  const paneHeight = Math.floor((height - gap * (2 - columns)) / (3 - columns)) - label;
  return [0, 1].map((at) => ({
    x: stacked ? 0 : at * (paneWidth + gap),
    y: label + (stacked ? at * (paneHeight + label + gap) : 0),
    width: Math.max(paneWidth, 1),
    height: Math.max(paneHeight, 1),
  }));
}

// Film pixels per device pixel, and the film position of the pane's upper left corner.
export function placeFilm(film, pane) {
  const step = Math.max(film.width / pane.width, film.height / pane.height) / settings.zoom;
  return {
    step,
    origin: [
      settings.centre[0] * film.width - (step * pane.width) / 2,
      settings.centre[1] * film.height - (step * pane.height) / 2,
    ],
  };
}

// Moves the film by device pixels; its edge never passes the middle of the pane.
export function panBy(film, pane, dx, dy) {
  const { step } = placeFilm(film, pane);
  const within = (share) => Math.min(Math.max(share, 0), 1);
  settings.centre = [
    within(settings.centre[0] - (dx * step) / film.width),
    within(settings.centre[1] - (dy * step) / film.height),
  ];
}

// Zooms by a factor and keeps the film position under (x, y) of the pane where it is.
export function zoomBy(film, pane, factor, x, y) {
  const before = placeFilm(film, pane);
  settings.zoom = Math.min(Math.max(settings.zoom * factor, 1), LARGEST_ZOOM);
  if (settings.zoom === 1) {
    settings.centre = [0.5, 0.5];
    return;
  }
  const after = placeFilm(film, pane);
  const shift = before.step - after.step;
  panBy(film, pane, (-(x - pane.width / 2) * shift) / after.step, (-(y - pane.height / 2) * shift) / after.step);
}

// Drag right widens the window (less contrast), drag down raises its centre (darker), as radiology viewers do.
export function windowBy(dx, dy) {
  settings.width = Math.min(Math.max(settings.width * Math.exp(dx / 300), 0.01), 20);
  settings.level = Math.min(Math.max(settings.level + (dy / 500) * Math.max(settings.width, 0.1), -2), 2);
}
