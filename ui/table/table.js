// The worklist as a table: a click on a column's head sorts, arrow keys move, Enter or a click opens.
// Order and focus are the browser's own and outlive new rows; opening a film is the only message.

const tables = new WeakMap(); // component root -> WorkTable
const order = { key: null, down: true }; // outlives a remount

class WorkTable {
  constructor(root) {
    this.table = root.querySelector("table");
    this.body = root.querySelector("tbody");
    this.body.addEventListener("click", (event) => this.open(event.target.closest("tr")));
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    const rows = [...this.body.rows];
    const at = rows.indexOf(event.target.closest("tr"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) this.focus(rows[Math.min(Math.max(to, 0), rows.length - 1)]);
    else if (event.key === "Enter" || event.key === " ") this.open(rows[at]);
    else return;
    event.preventDefault();
  }

  update(data, send) {
    Object.assign(this, { data, send });
    this.table.caption.textContent = data.rows.length ? data.label : data.empty;
    this.drawHead();
    this.drawRows();
  }

  drawHead() {
    const cells = this.data.columns.map(({ key, name }) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = key;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
      const sorted = order.key === key;
      if (sorted) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      button.addEventListener("click", () => {
        Object.assign(order, sorted ? { key, down: !order.down } : { key, down: this.isFigure(key) });
        this.drawHead();
        this.drawRows();
        this.table.tHead.querySelector(`th.${key} button`).focus();
      });
      cell.append(button);
      return cell;
    });
    this.table.tHead.rows[0].replaceChildren(...cells);
  }

  isFigure(key) {
    return this.data.rows.some((row) => Array.isArray(row[key]));
  }

  sorted() {
    const rows = [...this.data.rows];
    if (!order.key) return rows;
    const value = (row) => (Array.isArray(row[order.key]) ? row[order.key][1] : row[order.key] ?? "");
    const has = (row) => value(row) !== "";
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    // Empty cells come last in either direction.
    return rows.sort((a, b) => has(b) - has(a) || compare(value(a), value(b)) * (order.down ? -1 : 1));
  }

  drawRows() {
    const focused = this.body.getRootNode().activeElement?.closest?.("tbody tr")?.dataset.digest;
    const known = new Map([...this.body.rows].map((row) => [row.dataset.digest, row]));
    const rows = this.sorted().map((row) => this.row(row, known.get(row.digest)));
    if (rows.some((row, at) => this.body.rows[at] !== row) || rows.length !== this.body.rows.length) {
      this.body.replaceChildren(...rows);
    }
    const current = focused ?? this.data.selected;
    const tabbed = rows.find((row) => row.dataset.digest === current) ?? rows[0];
    for (const row of rows) {
      row.tabIndex = row === tabbed ? 0 : -1;
      if (row.dataset.digest === this.data.selected) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    if (focused) tabbed?.focus({ preventScroll: true });
  }

  row(data, row) {
    const version = JSON.stringify({ ...data, thumbnail: data.thumbnail.length });
    if (row?.dataset.version === version) return row;
    row ??= document.createElement("tr");
    Object.assign(row.dataset, { digest: data.digest, version });
    row.classList.toggle("closed", !data.opens);
    row.replaceChildren(...this.data.columns.map(({ key }) => this.cell(key, data)));
    return row;
  }

  cell(key, data) {
    const value = data[key];
    const cell = document.createElement(key === "film" ? "th" : "td");
    cell.className = key;
    if (key !== "film") {
      cell.textContent = Array.isArray(value) ? value[0] : value ?? "";
      if (Array.isArray(value)) cell.classList.add("figure");
      return cell;
    }
    cell.scope = "row";
    const picture = document.createElement(data.thumbnail ? "img" : "span");
    if (data.thumbnail) Object.assign(picture, { src: data.thumbnail, alt: "" });
    else picture.className = "blank";
    const name = Object.assign(document.createElement("span"), { className: "name", textContent: value, title: value });
    cell.append(picture, name);
    return cell;
  }

  focus(row) {
    if (!row) return;
    for (const other of this.body.rows) other.tabIndex = other === row ? 0 : -1;
    row.focus();
  }

  open(row) {
    if (!row) return;
    this.focus(row);
    if (!row.classList.contains("closed")) this.send(row.dataset.digest);
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!tables.has(parentElement)) tables.set(parentElement, new WorkTable(parentElement));
  tables.get(parentElement).update(data, (digest) => setTriggerValue("opened", digest));
  return () => tables.delete(parentElement);
}
