// What stands on the screen now, readable from outside: browser tests and benchmarks wait for it.
export function announce({ element, looks, settings, data, panes }, choice) {
  const state = element.dataset;
  const [look, beside] = looks;
  const { mapOn, opacity } = settings;
  const { maps, film, classes, second } = data;
  state.painted = look ? film.digest : "";
  state.beside = beside ? second.film.digest : "";
  state.mapped = look && maps ? classes[choice.classIndex].key : "";
  const shown = { ...look, opacity: mapOn && maps ? opacity : 0, ...choice, panes, beside };
  state.look = look ? JSON.stringify(shown) : "";
}
