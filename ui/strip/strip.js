// The films of the session: a list box with one entry a file, its state, and the reason if it was refused.
// Arrow keys move, Enter or a click opens; refused files can be read about, not opened.

const strips = new WeakMap(); // component root -> Strip

class Strip {
  constructor(root) {
    this.element = root.querySelector(".strip");
    this.list = root.querySelector("ul");
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.open(item);
    });
    this.list.addEventListener("keydown", (event) => {
      const items = [...this.list.children];
      const at = items.indexOf(this.current);
      const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
      if (to !== undefined) this.move(items[Math.min(Math.max(to, 0), items.length - 1)]);
      else if (event.key === "Enter" || event.key === " ") this.open(this.current);
      else return;
      event.preventDefault();
    });
  }

  // The next or the previous film that can be opened, wherever the focus is.
  step(by) {
    const items = [...this.list.children].filter((item) => item.getAttribute("aria-disabled") !== "true");
    const at = items.findIndex((item) => item.dataset.digest === this.selected);
    if (at >= 0 && items[at + by]) this.open(items[at + by]);
  }

  update({ films, selected, label, count }, send) {
    this.send = send;
    this.list.setAttribute("aria-label", label);
    this.element.querySelector(".count").textContent = count;
    const known = new Map([...this.list.children].map((item) => [item.dataset.digest, item]));
    this.list.replaceChildren(...films.map((film) => this.entry(film, known.get(film.digest))));
    const items = [...this.list.children];
    for (const item of items) item.setAttribute("aria-selected", String(item.dataset.digest === selected));
    const chosen = items.find((item) => item.dataset.digest === selected);
    if (this.selected !== selected || !items.includes(this.current)) this.move(chosen ?? items[0]);
    this.selected = selected;
  }

  entry(film, item) {
    const version = `${film.state} ${film.reason} ${film.thumbnail.length}`;
    if (item?.dataset.version === version) return item;
    item ??= document.createElement("li");
    Object.assign(item.dataset, { digest: film.digest, version });
    item.id = `film-${film.digest.slice(0, 12)}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", String(Boolean(film.reason)));
    item.title = film.name;
    const picture = document.createElement(film.thumbnail ? "img" : "span");
    if (film.thumbnail) Object.assign(picture, { src: film.thumbnail, alt: "" });
    else picture.className = "blank";
    const words = document.createElement("div");
    words.append(this.span("name", film.name), this.span("state", film.state));
    item.replaceChildren(picture, words);
    if (film.reason) item.append(this.span("reason", film.reason));
    return item;
  }

  span(name, text) {
    return Object.assign(document.createElement("span"), { className: name, textContent: text });
  }

  move(item) {
    this.current?.classList.remove("current");
    this.current = item;
    if (!item) return;
    item.classList.add("current");
    this.list.setAttribute("aria-activedescendant", item.id);
    const [from, to] = [item.getBoundingClientRect(), this.list.getBoundingClientRect()];
    if (from.top < to.top) this.list.scrollTop += from.top - to.top;
    if (from.bottom > to.bottom) this.list.scrollTop += from.bottom - to.bottom;
    if (from.left < to.left) this.list.scrollLeft += from.left - to.left;
    if (from.right > to.right) this.list.scrollLeft += from.right - to.right;
  }

  open(item) {
    if (!item) return;
    this.move(item);
    if (item.getAttribute("aria-disabled") !== "true") this.send(item.dataset.digest);
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!strips.has(parentElement)) {
    const strip = new Strip(parentElement);
    strips.set(parentElement, strip);
    strip.onKey = (event) => {
      const by = { PageDown: 1, PageUp: -1 }[event.key];
      if (!by || event.target.closest?.("textarea, input")) return;
      event.preventDefault();
      strip.step(by);
    };
    document.addEventListener("keydown", strip.onKey);
  }
  strips.get(parentElement).update(data, (digest) => setTriggerValue("opened", digest));
  return () => {
    document.removeEventListener("keydown", strips.get(parentElement)?.onKey);
    strips.delete(parentElement);
  };
}
