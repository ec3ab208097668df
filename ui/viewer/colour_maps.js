// Perceptual colour maps: lightness rises evenly with the value, so no edge appears that the map does not have.
// Viridis, Inferno and Plasma: van der Walt and Smith 2015 (CC0). Cividis: Nunez et al. 2018 (CC0).
// Ten evenly spaced colours each, interpolated to 256.

const ANCHORS = {
  viridis: "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
  plasma: "0d0887 46039f 7201a8 9c179e bd3786 d8576b ed7953 fb9f3a fdca26 f0f921",
  inferno: "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4",
  cividis: "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
};

export const COLOUR_MAPS = Object.keys(ANCHORS);

// Both sides of a signed map, told apart by the colour-blind too: orange speaks for the class, blue against it.
Object.assign(ANCHORS, { for: "5c2a00 8a4300 b85c00 e07b1a f59d47 ffc98f", against: "002b5c 00448a 1461b8 3f86e0 7fb2f2 bcd8ff" });

// Uint8Array [256 * 4], RGBA, opaque.
export function colourTable(name) {
  const anchors = ANCHORS[name].split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const table = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (anchors.length - 1);
    const left = Math.min(Math.floor(at), anchors.length - 2);
    for (let channel = 0; channel < 3; channel++) {
      const from = anchors[left][channel];
      table[i * 4 + channel] = Math.round(from + (anchors[left + 1][channel] - from) * (at - left));
    }
    table[i * 4 + 3] = 255;
  }
  return table;
}
