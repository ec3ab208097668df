import { chosenMap, coverage, heatAt, logitText } from "./heat.js";
import { colourOf } from "./heat_layer.js";
import { currentSettings, shownWindow, viewOf } from "./view_state.js";

// The words and figures around the panes. A side is one film with its maps, see film_side.js; choice: {classIndex, against}, what
// the map shows.

const MOSTLY = 0.5; // share inside the lungs below which a map is not to be trusted
const MIDDLE_GREY = 110; // what the legend shows the colours over

// Place, grey value and map value at a film position.
export function pointText({ sent, film }, choice, words, x, y) {
  const { maps } = sent;
  const factor = sent.film.fullWidth / film.width;
  const grey = film.pixels[Math.floor(y) * film.width + Math.floor(x)];
  const parts = [`x ${Math.floor(x * factor)}  y ${Math.floor(y * factor)}`, `${words.grey} ${grey}`];
  if (maps) {
    const { grid, scale } = chosenMap(maps, choice.classIndex, choice.against);
    const heat = heatAt(maps, grid, x, y);
    if (heat !== null) parts.push(`${words.map.toLowerCase()} ${logitText(heat, scale)} ${words[maps.unit ?? "logit"]}`);
  }
  return parts.join("  ·  ");
}

// Window and zoom, where the pointer is on no film.
export function standingText({ sent, film, at }, words) {
  const view = viewOf(at);
  const [low, high] = shownWindow(view, film, sent.film.window);
  const parts = [
    `W ${Math.round(high - low)}  C ${Math.round((low + high) / 2)}`,
    `${words.zoom.toLowerCase()} ${view.zoom.toFixed(1)} ×`,
  ];
  if (film.factor > 1) parts.push(words.halved.replace("{factor}", film.factor));
  return parts.join("  ·  ");
}

// What the map of one film is: {what, inside}; inside: how much of it lies in the lungs, empty where that is not known.
export function describe(maps, { classIndex, against }, words, classes) {
  const { mapOn, threshold, signed, cells } = currentSettings();
  const chosen = maps && chosenMap(maps, classIndex, against);
  const inside = maps?.inside?.[classIndex];
  const facts = {
    ...maps,
    name: classes[classIndex].name,
    other: classes[against ?? 0].name,
    percent: Math.round(threshold * 100),
    share: Math.round(inside * 100),
    even: Math.round((maps?.even ?? 0) * 100),
  };
  const fill = (sentences) => sentences.join(" ").replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
  if (!maps) return { what: words.none, inside: "" };
  if (!mapOn) return { what: words.hidden, inside: "" };
  if (!chosen.positive && !signed && !chosen.difference) return { what: fill([words.empty]), inside: "" };
  const what = [chosen.difference ? words.difference : words.where, cells ? words.drawnCells : words.drawnSmooth];
  if (signed && !chosen.difference) what.push(words.drawnSigned);
  if (threshold > 0) what.push(words.drawnAbove);
  let lungs = "";
  if (typeof inside === "number" && !chosen.difference) lungs = inside < MOSTLY ? words.outside : words.inside;
  else if (maps.outlines?.length === 0) lungs = words.noLungs;
  return { what: fill(what), inside: fill([lungs]) };
}

// The line that always says what the map is; what holds for both films is said once.
export function mapText(sides, choice, words, classes) {
  const mapped = sides.filter(({ sent }) => sent.maps);
  const said = (mapped.length ? mapped : sides).map(({ sent }) => describe(sent.maps, choice, words, classes).what);
  if (new Set(said).size === 1) return said[0];
  return said.map((what, at) => `${[words.first, words.second][at]}: ${what}`).join(" ");
}

// The scale as it looks over a middle grey at the present opacity; the same for all classes of the film.
// scales: the value of full colour on each film that shows a map; unit: its name; difference: whether two classes are compared.
export function drawLegend(legend, scales, unit, difference, table) {
  const { mapOn, opacity, threshold } = currentSettings();
  const signed = currentSettings().signed || difference;
  legend.hidden = !scales.length || !mapOn;
  if (legend.hidden) return;
  const context = legend.querySelector("canvas").getContext("2d");
  const image = context.createImageData(256, 1);
  for (let at = 0; at < 256; at++) {
    const value = signed ? (at / 255) * 2 - 1 : at / 255;
    const shown = colourOf(value, 1, table, { threshold, signed });
    const share = shown ? opacity * coverage(shown.relative) : 0;
    const colour = shown ? Math.round(shown.relative * 255) * 4 : 0;
    for (let channel = 0; channel < 3; channel++) {
      const full = shown ? shown.table[colour + channel] : 0;
      image.data[at * 4 + channel] = MIDDLE_GREY + (full - MIDDLE_GREY) * share;
    }
    image.data[at * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const ends = (sign) => [...new Set(scales.map((scale) => logitText(sign * scale, scale)))].join(" / ");
  legend.querySelector(".from").textContent = signed ? ends(-1) : "0";
  legend.querySelector(".to").textContent = `${ends(1)} ${unit}`;
}
