import { filmAt } from "./view_state.js";

const GLASS = 220; // CSS pixels, the side of the magnifying glass
const GLASS_POWER = 3;

// The part of each pane under the magnifying glass, at three times the size: what a renderer draws.
export function glasses(viewer) {
  const { glassAt, panes, looks, sides } = viewer;
  const pane = glassAt && viewer.paneAt(glassAt.x, glassAt.y);
  if (!pane || !looks[pane.side]) return [];
  const ratio = devicePixelRatio;
  const size = Math.min(Math.round(GLASS * ratio), pane.width, pane.height);
  const position = filmAt(looks[pane.side], glassAt.x * ratio - pane.x, glassAt.y * ratio - pane.y);
  const within = (start, length) => Math.round(Math.min(Math.max(start, 0), length - size));
  return panes.flatMap((one) => {
    const at = viewer.inPane(one, sides[pane.side], ...position);
    if (!at) return [];
    const look = looks[one.side];
    const [across, downward] = [look.across, look.downward].map((vector) => vector.map((part) => part / GLASS_POWER));
    const origin = filmAt(look, ...at).map((part, axis) => part - ((across[axis] + downward[axis]) * size) / 2);
    const [x, y] = [one.x + within(at[0] - size / 2, one.width), one.y + within(at[1] - size / 2, one.height)];
    return [{ x, y, width: size, height: size, side: one.side, look: { ...look, step: look.step / GLASS_POWER, across, downward, origin } }];
  });
}
