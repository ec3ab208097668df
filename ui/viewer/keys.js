import { flip, turn, zoomBy } from "./view_state.js";

// What the keys do: OHIF's where it has one for the same thing. Gives {key: action}; an action that does not apply returns false.
// whileFilm(action): the same action, only while there is a film.
export function keyActions(viewer, whileFilm) {
  const { controls, find } = viewer;
  const middle = (factor) => whileFilm(() => {
    const { side, pane } = viewer.active();
    zoomBy(viewer.view(), side.film, pane, factor, pane.width / 2, pane.height / 2);
  });
  const click = (selector) => () => find(selector).click();
  const tool = (name) => whileFilm(() => controls.chooseTool(name));
  const keys = {
    m: click(".map"), c: whileFilm(() => controls.nextClass()), s: whileFilm(() => controls.nextLayout()),
    i: click(".invert"), r: whileFilm(() => turn(viewer.view(), 1)), l: whileFilm(() => turn(viewer.view(), -1)),
    h: whileFilm(() => flip(viewer.view(), false)), v: whileFilm(() => flip(viewer.view(), true)),
    "=": click(".fit"), "+": middle(1.25), "-": middle(0.8), " ": click(".reset"), 0: click(".reset"),
    w: tool("window"), p: tool("pan"), z: tool("zoom"), d: tool("measure"), g: tool("magnify"),
    k: () => viewer.layout() === "beside" && find(".link").click(), f: click(".full"), "?": click(".help"),
  };
  ["stored", "auto", "lung", "bone", "wide"].forEach((name, at) => (keys[at + 1] = whileFilm(() => controls.usePreset(name))));
  keys.escape = () => {
    if (!find(".keys").hidden) controls.toggleKeys();
    else if (viewer.element.classList.contains("full")) viewer.toggleFull();
    else return false;
    return viewer.refresh();
  };
  return keys;
}
