// Orders and grades as elements of the group, and independent generators for shuffles (Belenios specification 4.11.2, 5.2
// and table 8; for the curve as FORMAT.md, section 5). Pure.

import { Refused } from "./group.mjs";
import { number, sha256 } from "./sha256.mjs";

const BITS_PER_INT = 8n;
const FIELD_PADDING = 8n;
const CURVE_PADDING = 14n;

function packed(values, longest) {
  const small = values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
  if (!small || !values.length || values.length > longest) throw new Refused("choice", "no order this group can carry");
  return values.reduce((total, value) => (total << BITS_PER_INT) + BigInt(value), 0n);
}

/** The curve point whose 32 bytes, as a little-endian number, are `value`; null when there is none. */
function pointOf(group, value) {
  const text = value.toString(16).padStart(64, "0");
  try {
    return group.read(text);
  } catch {
    return null;
  }
}

const inSubgroup = (group, element) => group.equal(group.power(element, group.q), group.identity);

function encodeOnCurve(group, values) {
  const start = packed(values, 30) << CURVE_PADDING;
  for (let i = 0n; i < 1n << CURVE_PADDING; i += 1n) {
    const point = pointOf(group, start + i);
    if (point !== null && inSubgroup(group, point)) return point;
  }
  throw new Refused("choice", "this order has no encoding");
}

function encodeInField(group, values) {
  const start = packed(values, 254) << FIELD_PADDING;
  for (let i = 0n; i < 1n << FIELD_PADDING; i += 1n) {
    const element = start + i;
    if (element && inSubgroup(group, element)) return element;
  }
  throw new Refused("choice", "this order has no encoding");
}

/** The element that carries small numbers, 0 to 255 each. Refused where the group cannot carry any. */
export function encode(group, values) {
  if (group.name === "Ed25519") return encodeOnCurve(group, values);
  if (group.name === "RFC-3526-2048") return encodeInField(group, values);
  throw new Refused("question-kind", `${group.name} carries no orders`);
}

/** The `length` small numbers that an element carries. Refused when it carries more. */
export function decode(group, element, length) {
  const text = group.text(element);
  const number = group.name === "Ed25519" ? BigInt(`0x${text}`) >> CURVE_PADDING : BigInt(text) >> FIELD_PADDING;
  if (number >> (BITS_PER_INT * BigInt(length))) throw new Refused("result-content", "a decrypted order holds too many values");
  return Array.from({ length }, (_, i) => Number((number >> (BITS_PER_INT * BigInt(length - 1 - i))) & 255n));
}

/** What the published order of elements follows: bytes of a point from its low end, numbers by size. */
export const placeOf = (group, text) =>
  (group.name === "Ed25519" ? text.match(/../g).reverse().join("") : text.padStart(620, "0"));

/** Independent generator number i, −1 for the secondary one. */
export function generator(group, i) {
  const digest = number(sha256(`ggen|${i}`));
  if (group.name === "RFC-3526-2048") return group.square(digest);
  if (group.name !== "Ed25519") throw new Refused("question-kind", `${group.name} shuffles nothing`);
  for (let x = digest >> 2n; ; x += 1n) {
    const point = pointOf(group, x);
    if (point !== null) return group.square(group.square(group.square(point)));
  }
}
