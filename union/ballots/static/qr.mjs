// A QR code (ISO/IEC 18004, model 2, byte mode, level M, versions 6 to 10), so that the address of a tracker never leaves
// the page to be drawn. Pure but for `drawn`, which makes an SVG element.

const MASK = (row, column) => (row + column) % 2 === 0; // number 0
const FORMAT = 0b101010000010010; // level M with mask 0, its check bits and mask applied
const GENERATOR = 0b1111100100101; // of the version's check bits

// version: check words a block, data words of each block, centres of the alignment patterns
const VERSIONS = {
  6: [16, [27, 27, 27, 27], [6, 34]],
  7: [18, [31, 31, 31, 31], [6, 22, 38]],
  8: [22, [38, 38, 39, 39], [6, 24, 42]],
  9: [22, [36, 36, 36, 37, 37], [6, 26, 46]],
  10: [26, [43, 43, 43, 43, 44], [6, 28, 50]],
};

const EXP = [1];
for (let i = 1; i < 255; i += 1) EXP.push(EXP[i - 1] & 128 ? (EXP[i - 1] << 1) ^ 0x11d : EXP[i - 1] << 1);
const times = (a, b) => (a && b ? EXP[(EXP.indexOf(a) + EXP.indexOf(b)) % 255] : 0);

/** The check words of a block (Reed and Solomon). */
function checkWords(data, count) {
  let generator = [1];
  for (let i = 0; i < count; i += 1) {
    const next = [...generator, 0];
    generator.forEach((word, j) => { next[j + 1] ^= times(word, EXP[i]); });
    generator = next;
  }
  const rest = [...data, ...Array(count).fill(0)];
  for (let i = 0; i < data.length; i += 1) {
    const lead = rest[i];
    generator.forEach((word, j) => { rest[i + j] ^= times(word, lead); });
  }
  return rest.slice(data.length);
}

/** Mode, length, content and padding, as `room` words. */
function words(bytes, version, room) {
  const sized = version < 10 ? 8 : 16;
  let bits = `0100${bytes.length.toString(2).padStart(sized, "0")}`;
  for (const byte of bytes) bits += byte.toString(2).padStart(8, "0");
  bits = bits.padEnd(Math.min(8 * room, bits.length + 4), "0");
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  const found = bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2));
  for (let i = 0; found.length < room; i += 1) found.push(i % 2 ? 0x11 : 0xec);
  return found;
}

/** All words in the order they are laid out: the blocks' data interleaved, then their check words. */
function laidOut(bytes, version) {
  const [checks, sizes] = VERSIONS[version];
  const data = words(bytes, version, sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  const blocks = sizes.map((size) => data.slice(at, at += size));
  const interleaved = (lists) => Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
  return [...interleaved(blocks), ...interleaved(blocks.map((block) => checkWords(block, checks)))];
}

/** The patterns that every code of a version has: a square of 0, 1, and null where content goes. */
function frame(version) {
  const size = 17 + 4 * version;
  const square = Array.from({ length: size }, () => Array(size).fill(null));
  const put = (row, column, dark) => { if (row >= 0 && column >= 0 && row < size && column < size) square[row][column] = Number(dark); };
  const rings = (row, column, reach, light) => {
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) put(row + y, column + x, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
    }
  };
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]]) rings(row, column, 4, [2, 4]);
  for (let i = 8; i < size - 8; i += 1) {
    put(6, i, i % 2 === 0);
    put(i, 6, i % 2 === 0);
  }
  const [first, last] = [6, VERSIONS[version][2].at(-1)];
  for (const row of VERSIONS[version][2]) {
    for (const column of VERSIONS[version][2]) {
      const corner = (row === first && column === first) || (row === first && column === last) || (row === last && column === first);
      if (!corner) rings(row, column, 2, [1]);
    }
  }
  for (let i = 0; i < 15; i += 1) {
    const dark = (FORMAT >> i) & 1;
    put(i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, 8, dark);
    put(8, i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i, dark);
  }
  put(size - 8, 8, 1);
  if (version >= 7) {
    let rest = version << 12;
    for (let i = 17; i >= 12; i -= 1) if ((rest >> i) & 1) rest ^= GENERATOR << (i - 12);
    const said = (version << 12) | rest;
    for (let i = 0; i < 18; i += 1) {
      put(Math.floor(i / 3), size - 11 + (i % 3), (said >> i) & 1);
      put(size - 11 + (i % 3), Math.floor(i / 3), (said >> i) & 1);
    }
  }
  return square;
}

/** The code of a text as rows of 0 and 1; null when it is too long. */
export function qr(text) {
  const bytes = new TextEncoder().encode(text);
  const version = Object.keys(VERSIONS).map(Number).sort((a, b) => a - b)
    .find((each) => bytes.length <= VERSIONS[each][1].reduce((sum, size) => sum + size, 0) - (each < 10 ? 2 : 3));
  if (!version) return null;
  const square = frame(version);
  const bits = laidOut(bytes, version).map((word) => word.toString(2).padStart(8, "0")).join("");
  const size = square.length;
  let at = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5; // the timing pattern's column holds nothing
    for (let i = 0; i < size; i += 1) {
      const row = up ? size - 1 - i : i;
      for (const column of [right, right - 1]) {
        if (square[row][column] === null) {
          square[row][column] = Number(bits[at] ?? 0) ^ Number(MASK(row, column));
          at += 1;
        }
      }
    }
  }
  return square;
}

/** An SVG element of the code with its quiet zone, dark on white; null when the text is too long. */
export function drawn(text, title) {
  const square = qr(text);
  if (square === null) return null;
  const made = (name, attributes, ...content) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  };
  const size = square.length + 8;
  const dark = square.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join("");
  return made(
    "svg",
    { class: "fig fig--qr", role: "img", viewBox: `0 0 ${size} ${size}`, "shape-rendering": "crispEdges" },
    made("title", {}, title),
    made("path", { fill: "#fff", d: `M0 0h${size}v${size}H0z` }),
    made("path", { fill: "#000", d: dark }),
  );
}
