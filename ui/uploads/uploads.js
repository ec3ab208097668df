// The place to drop or choose files. Files go up one after the other, each by itself, so that the first is read while the others
// are still on their way; what they are called goes in headers, not in the address.

const TRIES = 3; // a file of which the sending fails
const PAUSE = 1000; // ms between tries
const NAMED = 5; // files that were not sent are named, up to so many

// What is being sent goes on while pages come and go, each with a place to drop of its own.
const state = (window[Symbol.for("pneumo.uploads")] ??= {
  queue: [], // { file, name, drop }
  sending: false,
  sent: 0,
  total: 0,
  drops: 0,
  lost: [], // names of files that could not be sent
  ended: false, // whether the server no longer knows this session
  look: false, // whether the page has to be drawn anew, and no place to drop was there to say so
  zone: null, // the place to drop that is on the page
  data: null, // what the server said last of where files go
  listening: false,
});

class Zone {
  constructor(root) {
    this.root = root;
    this.element = root.querySelector(".uploads");
    this.input = root.querySelector("input");
    this.button = root.querySelector("button");
    this.button.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      const files = [...this.input.files];
      this.input.value = "";
      add(files.map((file) => ({ file, name: file.name })));
    });
  }

  update(data, send) {
    Object.assign(this, { data, send });
    this.element.setAttribute("aria-label", data.label);
    this.element.classList.toggle("large", data.large);
    this.button.textContent = data.words.choose;
    this.element.querySelector(".limit").textContent = data.words.limit;
    this.draw();
    if (state.look) this.look();
  }

  // Has the server draw the page anew.
  look() {
    state.look = false;
    this.send(performance.now());
  }

  draw() {
    const { words } = this.data;
    const bar = this.element.querySelector("progress");
    bar.parentElement.hidden = !state.sending;
    Object.assign(bar, { max: state.total, value: state.sent });
    const text = words.sending.replace("{sent}", state.sent).replace("{total}", state.total);
    this.element.querySelector("[role=status]").textContent = state.sending ? text : "";
    bar.setAttribute("aria-label", text);
    const trouble = this.element.querySelector(".trouble");
    trouble.hidden = !state.ended && !state.lost.length;
    const names = [...state.lost.slice(0, NAMED), ...(state.lost.length > NAMED ? ["…"] : [])].join(", ");
    trouble.textContent = state.ended ? words.ended : words.lost.replace("{count}", state.lost.length).replace("{names}", names);
  }
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

function add(files) {
  if (!files.length) return;
  state.drops += 1;
  if (!state.sending) Object.assign(state, { sent: 0, total: 0, lost: [] });
  state.total += files.length;
  state.queue.push(...files.map((one) => ({ ...one, drop: `${performance.timeOrigin} ${state.drops}` })));
  if (!state.sending) feed();
}

async function feed() {
  state.sending = true;
  state.zone?.draw();
  while (state.queue.length && !state.ended) {
    const one = state.queue.shift();
    const reply = await send(one, state.queue.length);
    if (reply === null) state.lost.push(one.name);
    state.sent += 1;
    if (reply?.look || (reply === null && !state.queue.length)) tell(); // the server waits for a last file that never came
    state.zone?.draw();
  }
  state.sending = false;
  state.zone?.draw();
}

function tell() {
  state.look = true;
  state.zone?.look();
}

// The server's reply, or null where the file could not be sent. A file that is too large is only told of.
async function send({ file, name, drop }, left) {
  const { address, token, limit } = state.data;
  const headers = {
    "Content-Type": "application/octet-stream",
    "X-Pneumo-Token": token,
    "X-Pneumo-Name": encodeURIComponent(name),
    "X-Pneumo-Size": file.size,
    "X-Pneumo-Drop": drop,
    "X-Pneumo-Left": left,
  };
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      const reply = await fetch(address, { method: "POST", headers, body: file.size > limit ? null : file });
      if (reply.ok) return await reply.json();
      state.ended ||= reply.status === 403;
      if (state.ended) return null;
    } catch {
      // The network, or a file that the browser may not read.
    }
    if (tries < TRIES) await pause(PAUSE);
  }
  return null;
}

// ---- what is dropped ----

// Folders are looked into.
async function inside(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => { entry.file(done, failed); });
    return [{ file, name: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (!some.length) return (await Promise.all(found.map(inside))).flat();
    found.push(...some);
  }
}

async function dropped(items) {
  // Before any wait: the browser takes the items away as soon as the event is over.
  const found = [...items].filter((item) => item.kind === "file").map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const files = found.map(([entry, file]) => (entry?.isDirectory ? inside(entry) : [{ file, name: file.name }]));
  add((await Promise.all(files)).flat());
}

function listen() {
  const bringsFiles = (event) => state.zone && event.dataTransfer?.types.includes("Files");
  const mark = (over) => state.zone?.element.classList.toggle("over", over);
  document.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("drop", (event) => {
    mark(false);
    if (!bringsFiles(event)) return;
    event.preventDefault();
    dropped(event.dataTransfer.items);
  });
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!state.listening) listen();
  state.listening = true;
  if (state.zone?.root !== parentElement) state.zone = new Zone(parentElement);
  state.data = data;
  state.zone.update(data, (value) => setTriggerValue("look", value));
  return () => { if (state.zone?.root === parentElement) state.zone = null; };
}
