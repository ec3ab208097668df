import { currentSettings } from "./view_state.js";

// Turns pointer and wheel events on the panes into the viewer's verbs. All positions are in CSS pixels of the stage.
// verbs: {paneAt(x, y), touch(x, y), pan(dx, dy), window(dx, dy), zoom(factor, x, y), startLine(x, y), moveLine(x, y), glass(x, y), lift(),
// hover(x, y), leave(), reset()}
export function listenForGestures(stage, verbs, signal) {
  const pointers = new Map();
  const on = (type, handler, options) => stage.addEventListener(type, handler, { signal, ...options });
  const position = (event) => {
    const frame = stage.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };

  const verbFor = (event) => {
    if (event.pointerType === "touch") return currentSettings().tool;
    if (event.button === 1 || event.shiftKey) return "pan";
    if (event.button === 2) return "zoom";
    return currentSettings().tool ?? "window";
  };

  on("pointerdown", (event) => {
    const at = position(event);
    if (!verbs.paneAt(at.x, at.y)) return;
    stage.setPointerCapture(event.pointerId);
    if (!pointers.size) verbs.touch(at.x, at.y);
    const verb = verbFor(event);
    pointers.set(event.pointerId, { ...at, verb, start: at });
    if (verb === "measure") verbs.startLine(at.x, at.y);
    if (verb === "magnify") verbs.glass(at.x, at.y);
  });

  on("pointermove", (event) => {
    const at = position(event);
    verbs.hover(at.x, at.y);
    const held = pointers.get(event.pointerId);
    if (!held) return;
    const [dx, dy] = [at.x - held.x, at.y - held.y];
    if (pointers.size === 2) {
      pinch(event.pointerId, at, dx, dy);
    } else if (held.verb === "pan") {
      verbs.pan(dx, dy);
    } else if (held.verb === "window") {
      verbs.window(dx, dy);
    } else if (held.verb === "zoom") {
      verbs.zoom(Math.exp(-dy / 150), held.start.x, held.start.y);
    } else if (held.verb === "measure") {
      verbs.moveLine(at.x, at.y);
    } else if (held.verb === "magnify") {
      verbs.glass(at.x, at.y);
    }
    Object.assign(held, at);
  });

  // Two fingers: the distance zooms about the still finger, the mean shift pans.
  function pinch(moved, at, dx, dy) {
    const still = [...pointers].find(([id]) => id !== moved)[1];
    const held = pointers.get(moved);
    const span = (point) => Math.hypot(point.x - still.x, point.y - still.y);
    verbs.pan(dx / 2, dy / 2);
    if (span(held) > 10) verbs.zoom(span(at) / span(held), (at.x + still.x) / 2, (at.y + still.y) / 2);
  }

  const release = (event) => {
    if (pointers.get(event.pointerId)?.verb === "magnify") verbs.lift();
    pointers.delete(event.pointerId);
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("pointerleave", () => verbs.leave());
  // Two fingers on the film are the viewer's: one alone may scroll the page.
  on("touchstart", (event) => event.touches.length > 1 && event.cancelable && event.preventDefault(), { passive: false });
  on("touchmove", (event) => event.touches.length > 1 && event.cancelable && event.preventDefault(), { passive: false });
  on("contextmenu", (event) => event.preventDefault());
  on("dblclick", () => verbs.reset());
  on(
    "wheel",
    (event) => {
      const at = position(event);
      if (!verbs.paneAt(at.x, at.y)) return;
      event.preventDefault();
      verbs.touch(at.x, at.y);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      verbs.zoom(Math.exp((-event.deltaY * lines) / 500), at.x, at.y);
    },
    { passive: false },
  );
}

// Keys act wherever the focus is, except in a field that takes text; arrows, plus and minus only on the film.
// actions: {key: function}; arrow(dx, dy, shift)
export function listenForKeys(stage, actions, arrow, signal) {
  const typing = (event) => {
    const target = event.composedPath()[0];
    return target.isContentEditable || /^(textarea|select)$/i.test(target.tagName) || (target.tagName === "INPUT" && !/^(range|radio|checkbox|button|file)$/.test(target.type));
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
      // A space presses the button that has the focus.
      if (event.key === " " && event.composedPath()[0].closest?.("button, input, [role=button], [role=option], tr, summary")) return;
      const action = actions[event.key.toLowerCase()];
      if (!action || action() === false) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal, capture: true },
  );
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stage.addEventListener(
    "keydown",
    (event) => {
      if (!arrows[event.key]) return;
      event.preventDefault();
      arrow(...arrows[event.key], event.shiftKey);
    },
    { signal },
  );
}

// The divider of the swipe layout: dragged, or moved by arrow keys.
export function listenForDivider(divider, stage, pane, moved, signal) {
  const settings = currentSettings();
  const to = (share) => {
    settings.divider = Math.min(Math.max(share, 0), 1);
    moved();
  };
  divider.addEventListener("pointerdown", (event) => { divider.setPointerCapture(event.pointerId); event.stopPropagation(); }, { signal });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const { x, width } = pane();
    to(((event.clientX - stage.getBoundingClientRect().left) * devicePixelRatio - x) / width);
  }, { signal });
  divider.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    to(settings.divider + by);
  }, { signal });
}
