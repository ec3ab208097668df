import { coverage, heatAt, logitText } from "./heat.js";
import { colourOf } from "./heat_layer.js";
import { currentSettings, shownWindow } from "./view_state.js";

// The words and figures around the panes. data is what Python sent, film the loaded film.

const MOSTLY = 0.5; // share inside the lungs below which a map is not to be trusted
const MIDDLE_GREY = 110; // what the legend shows the colours over

// Place, grey value and map value at a film position.
export function pointText(data, film, classIndex, x, y) {
  const { maps, words } = data;
  const scale = data.film.fullWidth / film.width;
  const grey = film.pixels[Math.floor(y) * film.width + Math.floor(x)];
  const parts = [`x ${Math.floor(x * scale)}  y ${Math.floor(y * scale)}`, `${words.grey} ${grey}`];
  const heat = maps ? heatAt(maps, classIndex, x, y) : null;
  if (heat !== null) parts.push(`${words.map.toLowerCase()} ${logitText(heat, maps.scale)} ${words[maps.unit ?? "logit"]}`);
  return parts.join("  ·  ");
}

// Window and zoom, where the pointer is on no film.
export function standingText(data, film) {
  const { words } = data;
  const [low, high] = shownWindow(data.film.window);
  const parts = [
    `W ${Math.round(high - low)}  C ${Math.round((low + high) / 2)}`,
    `${words.zoom.toLowerCase()} ${currentSettings().zoom.toFixed(1)} ×`,
  ];
  if (film.factor > 1) parts.push(words.halved.replace("{factor}", film.factor));
  return parts.join("  ·  ");
}

// The line that always says what the map is.
export function mapText({ maps, words, classes }, classIndex) {
  let text = words.none;
  if (maps && !currentSettings().mapOn) text = words.hidden;
  else if (maps && !maps.positive[classIndex] && !currentSettings().signed) text = words.empty;
  else if (maps) text = words.where;
  const { threshold, signed, cells } = currentSettings();
  const facts = { ...maps, name: classes[classIndex].name, percent: Math.round(threshold * 100) };
  const more = [];
  if (text === words.where) {
    more.push(cells ? words.drawnCells : words.drawnSmooth);
    if (signed) more.push(words.drawnSigned);
    if (threshold > 0) more.push(words.drawnAbove);
    const inside = maps.inside?.[classIndex];
    if (typeof inside === "number") {
      Object.assign(facts, { share: Math.round(inside * 100), even: Math.round(maps.even * 100) });
      more.push(words.inside);
      if (inside < MOSTLY) more.push(words.outside);
    } else if (maps.outlines?.length === 0) more.push(words.noLungs);
  }
  return [text, ...more].join(" ").replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
}

// The scale as it looks over a middle grey at the present opacity; the same for all four classes of the film.
export function drawLegend(legend, { maps, words }, table) {
  const { mapOn, opacity, signed } = currentSettings();
  legend.hidden = !maps || !mapOn;
  if (legend.hidden) return;
  const context = legend.querySelector("canvas").getContext("2d");
  const image = context.createImageData(256, 1);
  for (let at = 0; at < 256; at++) {
    const value = signed ? (at / 255) * 2 - 1 : at / 255;
    const shown = colourOf(value, 1, table, currentSettings());
    const share = shown ? opacity * coverage(shown.relative) : 0;
    const colour = shown ? Math.round(shown.relative * 255) * 4 : 0;
    for (let channel = 0; channel < 3; channel++) {
      const full = shown ? shown.table[colour + channel] : 0;
      image.data[at * 4 + channel] = MIDDLE_GREY + (full - MIDDLE_GREY) * share;
    }
    image.data[at * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  legend.querySelector(".from").textContent = signed ? logitText(-maps.scale, maps.scale) : "0";
  legend.querySelector(".to").textContent = `${logitText(maps.scale, maps.scale)} ${words[maps.unit ?? "logit"]}`;
}
