// Hands a drop of many files to Streamlit's upload widget in parts. The widget tells the server nothing until the last file of a
// drop has been uploaded; in parts, the first films are read while the others are still on their way.

const FIRST = 4; // files of the first part: the first answer waits for all of them
const PART = 16; // files of each other part; a drop of no more is left alone
const PATIENCE = 10000; // ms until the next part follows although the widget has not been renewed, as after a failed upload
const ACKNOWLEDGED = 5000; // ms from a new widget to the server's word that it has the part
const TRIES = 3; // then the rest goes up in one go, as it would without this script
const INPUT = "[data-testid=stFileUploaderDropzoneInput]";
const ZONE = "[data-testid=stFileUploaderDropzone]";

const waiting = []; // files, those of the first part as they are, others typed as later ones
let handing = false; // whether a change is of our own making
let feeding = false;
let taken = 0; // files that the server has had of this session's widgets

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// The widget of the page. Streamlit is given a new one for each part, as soon as the server has taken the last.
async function widgetAfter(last) {
  for (const end = performance.now() + PATIENCE; ; ) {
    const input = document.querySelector(INPUT);
    if (input && (input !== last || performance.now() > end)) return input;
    await pause(30);
  }
}

function give(input, files) {
  const bag = new DataTransfer();
  for (const file of files) bag.items.add(file);
  input.files = bag.files;
  handing = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  handing = false;
}

// A part stays in hand until the server says that it has it: one that was given to a widget about to be renewed is lost. Given
// twice it does no harm, as the server knows files by their digest.
async function feed() {
  feeding = true;
  for (let [last, count, tries] = [null, FIRST, 1]; waiting.length; ) {
    const input = await widgetAfter(last);
    const part = waiting.slice(0, count);
    const before = taken;
    give(input, part);
    last = input;
    await widgetAfter(last);
    // What the widget refuses, such as a file that is too large, never comes, and costs the tries.
    for (const end = performance.now() + ACKNOWLEDGED; taken < before + part.length && performance.now() < end; ) await pause(30);
    if (taken < before + part.length && tries <= TRIES) {
      if (tries === TRIES) count = waiting.length;
      tries += 1;
      continue;
    }
    waiting.splice(0, count);
    [count, tries] = [PART, 1];
  }
  feeding = false;
}

// later: a type by which the server knows the files that do not begin a drop.
function take(files, later) {
  files.forEach((file, at) => waiting.push(at < FIRST ? file : new File([file], file.name, { type: later })));
  if (!feeding) feed();
}

function listen(later) {
  const many = (files) => !handing && files?.length > PART;
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.(INPUT) || !many(event.target.files)) return;
    event.stopImmediatePropagation();
    take([...event.target.files], later);
  }, { capture: true });
  document.addEventListener("drop", (event) => {
    const { dataTransfer, target } = event;
    if (!target.closest?.(ZONE) || !many(dataTransfer.files)) return;
    if ([...dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) return; // Streamlit looks into folders
    const files = [...dataTransfer.files];
    event.preventDefault();
    event.stopImmediatePropagation();
    target.dispatchEvent(new DragEvent("dragleave", { bubbles: true, dataTransfer })); // the widget looks as before
    take(files, later);
  }, { capture: true });
}

let listening = false;

export default function ({ data }) {
  taken = data.taken;
  if (listening) return;
  listening = true;
  listen(data.later);
}
