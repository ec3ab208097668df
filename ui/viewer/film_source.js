// Fetches films and keeps the last ones, so that going back to a film costs no transfer.

const KEPT_BYTES = 192e6;
const kept = new Map(); // digest -> film, least recently shown first

// film: {digest, url, width, height, bytes}; limit: the longest side that the renderer can hold.
// Resolves to {pixels, width, height, factor}: factor is how often the film was halved to fit, as a divisor.
export async function fetchFilm(film, limit) {
  const id = `${film.digest} ${film.width}`;
  let loaded = kept.get(id);
  if (!loaded) {
    // The range header asks for all bytes as they are: without it the server would spend a second on compression.
    const response = await fetch(new URL(film.url.replace(/^\//, ""), document.baseURI), {
      headers: { Range: "bytes=0-" },
    });
    if (!response.ok) throw new Error(`film: status ${response.status}`);
    const buffer = await response.arrayBuffer();
    if (buffer.byteLength !== film.width * film.height * film.bytes) throw new Error("film: wrong length");
    loaded = {
      pixels: film.bytes === 2 ? new Uint16Array(buffer) : new Uint8Array(buffer),
      width: film.width,
      height: film.height,
      factor: 1,
    };
    while (Math.max(loaded.width, loaded.height) > limit) loaded = halved(loaded);
  }
  kept.delete(id);
  kept.set(id, loaded);
  let total = 0;
  for (const other of kept.values()) total += other.pixels.byteLength;
  for (const [other, { pixels }] of kept) {
    if (total <= KEPT_BYTES || other === id) break;
    total -= pixels.byteLength;
    kept.delete(other);
  }
  return loaded;
}

function halved({ pixels, width, height, factor }) {
  const columns = width >> 1;
  const rows = height >> 1;
  const result = new pixels.constructor(columns * rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const from = row * 2 * width + column * 2;
      result[at] = (pixels[from] + pixels[from + 1] + pixels[from + width] + pixels[from + width + 1] + 2) >> 2;
    }
  }
  return { pixels: result, width: columns, height: rows, factor: factor * 2 };
}
