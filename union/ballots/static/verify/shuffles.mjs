// Checking a trustee's shuffle of encrypted orders (Belenios specification 4.17 and 6, table 5).
//
// Pure. Symbols equal the specification's and shuffle.mjs's. The 5 + n equations of a proof are raised to random exponents
// of 128 bits and multiplied into one: a wrong one passes with a chance of 2^−128, for every element lies in the group of
// prime order. So a shuffle of n orders costs one product of some 8n powers.

import { generator } from "../crypto/embedding.mjs";
import { Refused } from "../crypto/group.mjs";
import { itemChallenges, mainChallenge, texts } from "../crypto/shuffle.mjs";
import { checkSubgroup, productOfPowers } from "./products.mjs";

const compact = JSON.stringify;
const BLIND = 1n << 128n;

/** A shuffle's own fields in their order; a TypeError where they are something else. */
function form({ ciphertexts, proofs }) {
  const pairs = ciphertexts.map((row) => row.map(({ alpha, beta }) => ({ alpha, beta })));
  const all = proofs.map(([[t1, t2, t3, [t41, t42], tHat], [s1, s2, s3, s4, sHat, sPrime], c, cHat]) => [
    [t1, t2, t3, [t41, t42], [...tHat]], [s1, s2, s3, s4, [...sHat], [...sPrime]], [...c], [...cHat],
  ]);
  return { ciphertexts: pairs, proofs: all };
}

/** Reads a shuffle of `counts` rankings a row: {rows, proofs} as elements and scalars. */
function* read(group, text, counts) {
  let value;
  try {
    value = form(JSON.parse(text));
  } catch {
    throw new Refused("shuffle-form", "not a shuffle");
  }
  const shaped = compact(value) === text && value.ciphertexts.length === counts.length && value.proofs.length === counts.length
    && value.proofs.every(([[, , , , tHat], [, , , , sHat, sPrime], c, cHat], i) =>
      [value.ciphertexts[i], tHat, sHat, sPrime, c, cHat].every((list) => list.length === counts[i]));
  if (!shaped) throw new Refused("shuffle-form", "it does not fit what it shuffles");
  const rows = [];
  for (const row of value.ciphertexts) {
    rows.push([]);
    for (const { alpha, beta } of row) {
      rows.at(-1).push([group.read(alpha), group.read(beta)]);
      yield;
    }
  }
  const proofs = [];
  for (const proof of value.proofs) proofs.push(yield* readProof(group, proof));
  return { rows, proofs };
}

function* readProof(group, [[t1, t2, t3, [t41, t42], tHat], [s1, s2, s3, s4, sHat, sPrime], c, cHat]) {
  const lists = [];
  for (const list of [[t1, t2, t3, t41, t42], tHat, c, cHat]) {
    lists.push(list.map((text) => group.read(text)));
    yield;
  }
  const scalars = (list) => list.map((text) => group.scalar(text));
  return { t: lists[0], tHat: lists[1], c: lists[2], cHat: lists[3], s: scalars([s1, s2, s3, s4]), sHat: scalars(sHat), sPrime: scalars(sPrime) };
}

/** The equations of table 5, each blinded, as one list of powers whose product is the identity when all hold. */
function equations({ group, y, fp, key }, e, ePrime, { t, tHat, c, cHat, s, sHat, sPrime }, draw) {
  const { q } = group;
  const n = e.length;
  const strC = texts(group, e.flat()) + texts(group, ePrime.flat()) + texts(group, c);
  const u = itemChallenges({ group, fp }, n, strC);
  const challenge = mainChallenge({ group, fp, key }, [...t, ...tHat], strC, cHat);
  const [z1, z2, z3, z4, z5] = Array.from({ length: 5 }, () => draw(BLIND));
  const h = generator(group, -1);
  const product = u.reduce((all, each) => (all * each) % q, 1n);
  const sums = { g: s[0] * z1 + s[1] * z2 + s[2] * z3 - s[3] * z5, h: challenge * product * z2 };
  const before = Array(n).fill(0n); // the exponents of h and of each cHat but the last, from the equation after it
  const powers = [];
  const put = (base, exponent) => powers.push([base, group.reduce(exponent)]);
  [z1, z2, z3, z4, z5].forEach((z, i) => put(t[i], -z));
  const blinds = tHat.map(() => draw(BLIND));
  for (let i = 0; i < n; i += 1) {
    put(c[i], -challenge * (z1 + u[i] * z3));
    put(generator(group, i), challenge * z1 + sPrime[i] * z3);
    put(e[i][1], -challenge * u[i] * z4);
    put(ePrime[i][1], sPrime[i] * z4);
    put(e[i][0], -challenge * u[i] * z5);
    put(ePrime[i][0], sPrime[i] * z5);
    put(tHat[i], -blinds[i]);
    sums.g += sHat[i] * blinds[i];
    before[i] = sPrime[i] * blinds[i];
  }
  for (let i = 0; i < n; i += 1) {
    put(cHat[i], -challenge * blinds[i] + (before[i + 1] ?? -challenge * z2));
  }
  put(h, sums.h + (before[0] ?? -challenge * z2));
  put(group.g, sums.g);
  put(y, -s[3] * z4);
  return powers;
}

/**
 * Checks one trustee's shuffle of `rows`, the ranked questions' pairs of elements; returns the rows it left.
 * kit: {group, y, fp, key}. onPart(share) hears how much is done, 0 to 1. Refused by shuffle-form, shuffle-proof or a point's name.
 */
export function* checkShuffle(kit, rows, text, draw, onPart = () => {}) {
  const { group } = kit;
  const shuffled = yield* read(group, text, rows.map((row) => row.length));
  const fresh = [...shuffled.rows.flat(2), ...shuffled.proofs.flatMap(({ t, tHat, c, cHat }) => [...t, ...tHat, ...c, ...cHat])];
  onPart(0.2);
  yield* checkSubgroup(group, fresh, draw);
  for (let i = 0; i < rows.length; i += 1) {
    onPart(0.4 + (0.6 * i) / rows.length);
    const powers = equations(kit, rows[i], shuffled.rows[i], shuffled.proofs[i], draw);
    yield;
    if (!group.equal(yield* productOfPowers(group, powers), group.identity)) {
      throw new Refused("shuffle-proof", "the proof that it is only a shuffle does not hold");
    }
  }
  onPart(1);
  return shuffled.rows;
}
