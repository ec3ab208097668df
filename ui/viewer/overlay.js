import { filmAt, screenAt } from "./view_state.js";

// What is drawn over the films in lines and letters: the ruler, the letters of orientation, the twin of the pointer.

const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

// Length between two film positions: in millimetres where the spacing is known, else in pixels, and said so.
// film: what Python sent, {fullWidth, spacing: [row, column] in mm or null, detector}; factor: full-size pixels per pixel shown.
export function lengthText(film, factor, [fromX, fromY], [toX, toY], words) {
  const [dx, dy] = [(toX - fromX) * factor, (toY - fromY) * factor];
  if (!film.spacing) return words.pixels.replace("{length}", Math.hypot(dx, dy).toFixed(0));
  const length = Math.hypot(dx * film.spacing[1], dy * film.spacing[0]).toFixed(1);
  return (film.detector ? words.detectorMillimetres : words.millimetres).replace("{length}", length);
}

function shareAt(film, place, x, y) {
  const [filmX, filmY] = filmAt(place, x, y);
  return [filmX / film.width, filmY / film.height];
}

export class Overlay {
  constructor(svg) {
    this.svg = svg;
    this.line = null; // {side, from, to}, in shares of the film's sides: they hold for any size at which it is loaded
  }

  startLine({ at, film }, place, x, y) {
    const share = shareAt(film, place, x, y);
    this.line = { side: at, from: share, to: share };
  }

  moveLine({ at, film }, place, x, y) {
    if (this.line?.side === at) this.line.to = shareAt(film, place, x, y);
  }

  clear() {
    this.line = null;
  }

  // panes in device pixels; sides: the films; places: where each lies, null where it is not loaded; lungs: whether their
  // outlines are drawn.
  draw(panes, sides, places, ratio, lungs, words) {
    this.svg.replaceChildren();
    for (const pane of panes) {
      const { film, sent } = sides[pane.side];
      const place = places[pane.side];
      if (!film || !place) continue;
      if (sent.maps?.outlines && lungs) this.drawLungs(pane, place, film, sent.maps.outlines, ratio);
      this.drawLetters(pane, place, sent.film.orientation, ratio);
      if (this.line?.side === pane.side) this.drawLine(pane, place, film, sent.film, ratio, words);
    }
  }

  // outlines: closed polygons of (x, y) in shares of the film's sides.
  drawLungs(pane, place, film, outlines, ratio) {
    for (const outline of outlines) {
      const points = outline.map(([x, y]) => {
        const [left, top] = screenAt(place, x * film.width, y * film.height);
        return [(left + pane.x) / ratio, (top + pane.y) / ratio].map((part) => part.toFixed(1)).join(",");
      });
      this.add("polygon", { points: points.join(" "), class: "lungs" });
    }
  }

  drawLine(pane, place, film, sent, ratio, words) {
    const ends = [this.line.from, this.line.to].map(([x, y]) => [x * film.width, y * film.height]);
    const [from, to] = ends.map(([x, y]) => screenAt(place, x, y).map((part, axis) => (part + (axis ? pane.y : pane.x)) / ratio));
    this.add("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: "ruler under" });
    this.add("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: "ruler" });
    const text = lengthText(sent, sent.fullWidth / film.width, ...ends, words);
    const middle = (from[0] + to[0]) / 2 - 3.2 * text.length; // about half of the text's width
    const inside = Math.min(Math.max(middle, pane.x / ratio + 4), (pane.x + pane.width) / ratio - 7 * text.length);
    this.add("text", { x: inside, y: Math.max(Math.min(from[1], to[1]) - 10, pane.y / ratio + 14) }).textContent = text;
  }

  // The letters at the pane's edges, from PatientOrientation: the directions of the film's rows and columns.
  drawLetters(pane, { across, downward, step }, orientation, ratio) {
    if (!orientation) return;
    const towards = ([x, y]) => {
      const [name, sign] = Math.abs(x) > Math.abs(y) ? [orientation[0], x] : [orientation[1], y];
      return sign > 0 ? name : [...name].map((letter) => OPPOSITE[letter] ?? letter).join("");
    };
    const [right, down] = [across, downward].map((vector) => vector.map((part) => part / step));
    const [x, y, width, height] = [pane.x, pane.y, pane.width, pane.height].map((part) => part / ratio);
    const letters = [
      [x + 8, y + height / 2, towards([-right[0], -right[1]])],
      [x + width - 18, y + height / 2, towards(right)],
      [x + width / 2, y + 18, towards([-down[0], -down[1]])],
      [x + width / 2, y + height - 8, towards(down)],
    ];
    for (const [left, top, letter] of letters) this.add("text", { x: left, y: top }).textContent = letter;
  }

  add(name, attributes) {
    const element = document.createElementNS(this.svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    this.svg.append(element);
    return element;
  }
}
