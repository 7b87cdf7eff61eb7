// Many powers multiplied at once, and membership of many elements at once. Pure; randomness is an argument.

import { Refused } from "../crypto/group.mjs";

const ROUNDS = 64;
const PER_BLOCK = 4;
const BREATH = 256; // multiplications between two yields

/** base^exponent · other^second, the squarings shared (Straus, windows of four). Exponents below 2^4k for one k. */
export function powerOfTwo(group, base, exponent, other, second) {
  const tables = [base, other].map((each) => {
    const small = [group.identity];
    for (let i = 1; i < 16; i += 1) small.push(group.multiply(small[i - 1], each));
    return small;
  });
  const texts = [exponent, second].map((value) => value.toString(16));
  const length = Math.max(...texts.map((text) => text.length));
  const digits = texts.map((text) => text.padStart(length, "0"));
  let result = group.identity;
  for (let at = 0; at < length; at += 1) {
    for (let i = 0; i < 4; i += 1) result = group.square(result);
    digits.forEach((text, side) => {
      const value = Number.parseInt(text[at], 16);
      if (value) result = group.multiply(result, tables[side][value]);
    });
  }
  return result;
}

/** Π base^exponent over [[base, exponent]…], 0 ≤ exponent < q, by Pippenger's buckets. */
export function* productOfPowers(group, powers) {
  const width = Math.max(1, Math.min(10, Math.floor(Math.log2(powers.length + 1)) - 2));
  const mask = (1n << BigInt(width)) - 1n;
  const windows = Math.ceil(group.q.toString(2).length / width);
  let result = group.identity;
  let done = 0;
  for (let window = windows - 1; window >= 0; window -= 1) {
    for (let i = 0; i < width; i += 1) result = group.square(result);
    const buckets = Array(2 ** width).fill(group.identity);
    const shift = BigInt(window * width);
    for (const [base, exponent] of powers) {
      const digit = Number((exponent >> shift) & mask);
      if (digit) buckets[digit] = group.multiply(buckets[digit], base);
      done += 1;
      if (done % BREATH === 0) yield;
    }
    let [running, sum] = [group.identity, group.identity];
    for (let digit = buckets.length - 1; digit > 0; digit -= 1) {
      running = group.multiply(running, buckets[digit]);
      sum = group.multiply(sum, running);
    }
    result = group.multiply(result, sum);
  }
  return result;
}

/** For each of the rounds, which of four elements take part: numbers 0 to 15. */
function shares(draw) {
  let bits = draw(1n << BigInt(PER_BLOCK * ROUNDS));
  return Array.from({ length: ROUNDS }, () => {
    const share = Number(bits & 15n);
    bits >>= BigInt(PER_BLOCK);
    return share;
  });
}

/**
 * Refused unless all elements lie in the group of order q. Each round multiplies a random half of them: the product of a
 * half lies outside with a chance of at least 1/2 when a single one does, whatever the others are. 64 rounds leave 2^−64.
 * draw(n): a random 0 ≤ x < n, unknown to whoever made the elements.
 */
export function* checkSubgroup(group, elements, draw) {
  if (elements.length < 2 * ROUNDS) {
    for (const element of elements) {
      group.inSubgroup(element);
      yield;
    }
    return;
  }
  const sums = Array(ROUNDS).fill(group.identity);
  for (let start = 0; start < elements.length; start += PER_BLOCK) {
    const products = [group.identity];
    for (const element of elements.slice(start, start + PER_BLOCK)) {
      products.push(...products.map((product) => group.multiply(product, element)));
    }
    shares(draw).forEach((share, round) => {
      const product = products[share % products.length];
      sums[round] = group.multiply(sums[round], product);
    });
    yield;
  }
  for (const sum of sums) {
    if (!group.equal(group.power(sum, group.q), group.identity)) {
      throw new Refused("point-subgroup", "an element is not in the prime-order subgroup");
    }
    yield;
  }
}
