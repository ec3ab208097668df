import { fetchFilm } from "./film_source.js";

// One film with its maps: what Python sent of it, and its pixels once they are here.
export class FilmSide {
  // at: 0 for the film on view, 1 for the one beside it; viewer: {renderer, refresh()}
  constructor(at, viewer) {
    Object.assign(this, { at, viewer, sent: null, film: null, message: "" });
  }

  // sent: {film, maps} as Python sends them, or null for none.
  update(sent, words) {
    const same = sent && this.sent?.film.digest === sent.film.digest && this.sent.film.width === sent.film.width;
    const had = this.sent !== null;
    this.sent = sent;
    if (same) this.placeMaps();
    else if (sent || had) this.load(words);
  }

  // The former film goes at once: no film is ever seen beside another film's answer.
  async load(words) {
    const { sent, viewer } = this;
    const current = () => this.sent?.film.digest === sent.film.digest && this.sent.film.width === sent.film.width;
    this.film = null;
    viewer.renderer.setFilm(null, this.at);
    this.message = sent ? words.loading : "";
    if (!sent) return;
    try {
      const loaded = await fetchFilm(sent.film, viewer.renderer.limit);
      if (!current()) return;
      this.film = loaded;
      this.message = "";
      viewer.renderer.setFilm(loaded, this.at);
      this.placeMaps();
    } catch (error) {
      console.error(error);
      if (!current()) return;
      this.message = words.lost;
    }
    viewer.refresh();
  }

  // The maps' box in pixels of the loaded film.
  placeMaps() {
    const maps = this.sent.maps;
    if (!maps || !this.film) return;
    const [left, top, right, bottom] = maps.place;
    const { width, height } = this.film;
    maps.box = [left * width, top * height, right * width, bottom * height];
  }
}
