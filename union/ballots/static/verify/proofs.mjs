// Checking what others proved: powers of one base that share their work, disjunctions, knowledge, decryption.
//
// Pure. Symbols as in the Belenios specification: A = g^response·alpha^challenge, B = y^response·(beta·g^−M)^challenge;
// the challenges of a disjunction add up to its hash. A check that fails raises Refused with its name.

import { Refused } from "../crypto/group.mjs";
import { powerOfTwo } from "./products.mjs";

const TEETH = 4;

/** A base prepared for several exponents below 2^256: the squarings are done once. (Lim and Lee's comb of four teeth.) */
export class Power {
  constructor(group, base) {
    this.group = group;
    this.base = base;
    this.length = Math.ceil(group.q.toString(2).length / TEETH);
    const rows = [base];
    for (let tooth = 1; tooth < TEETH; tooth += 1) {
      let next = rows[tooth - 1];
      for (let i = 0; i < this.length; i += 1) next = group.square(next);
      rows.push(next);
    }
    this.table = [group.identity];
    for (let mask = 1; mask < 2 ** TEETH; mask += 1) {
      const high = 31 - Math.clz32(mask);
      this.table.push(group.multiply(this.table[mask ^ (1 << high)], rows[high]));
    }
  }

  /** base^exponent, 0 ≤ exponent ≤ q. */
  raise(exponent) {
    const { group, length } = this;
    const bits = exponent.toString(2).padStart(TEETH * length, "0");
    let result = group.identity;
    for (let i = 0; i < length; i += 1) {
      result = group.square(result);
      let mask = 0;
      for (let tooth = 0; tooth < TEETH; tooth += 1) mask |= (bits[(TEETH - 1 - tooth) * length + i] === "1" ? 1 : 0) << tooth;
      if (mask) result = group.multiply(result, this.table[mask]);
    }
    return result;
  }

  /** Refused unless the base lies in the group of order q. */
  inSubgroup() {
    if (!this.group.equal(this.raise(this.group.q), this.group.identity)) {
      throw new Refused("point-subgroup", "not in the prime-order subgroup");
    }
    return this;
  }
}

/** What every check of one election needs: the group, its tables of g and of the election's key y. */
export function kitOf(group, y) {
  return { group, g: group.raise(group.g), y: group.raise(y) };
}

export function proofOf(group, { challenge, response }) {
  return { c: group.scalar(challenge), s: group.scalar(response) };
}

/** One of the sides {alpha, beta: Power, value} is true. Yields once a side. */
export function* checkOneOf({ group, g, y }, prefix, sides, proofs, check) {
  if (proofs.length !== sides.length) throw new Refused(check, "another number of proofs than belongs here");
  const commitments = [];
  let total = 0n;
  for (let j = 0; j < sides.length; j += 1) {
    const { alpha, beta, value } = sides[j];
    const { c, s } = proofOf(group, proofs[j]);
    let b = group.multiply(y(s), beta.raise(c));
    if (value) b = group.multiply(b, g(-value * c));
    commitments.push(group.multiply(g(s), alpha.raise(c)), b);
    total += c;
    yield;
  }
  if (group.challenge(prefix, commitments) !== group.reduce(total)) {
    throw new Refused(check, "the proof that the encrypted value is allowed does not hold");
  }
}

/** Each of the choices {alpha, beta} encrypts 0 or 1; returns them as elements and as powers. Yields often. */
export function* checkChoices(kit, statement, choices, proofs) {
  const { group } = kit;
  const pairs = choices.map(({ alpha, beta }) => [group.read(alpha), group.read(beta)]);
  const powers = [];
  for (const [alpha, beta] of pairs) {
    powers.push({ alpha: new Power(group, alpha).inSubgroup(), beta: new Power(group, beta).inSubgroup() });
    yield;
  }
  for (const [slot, { alpha, beta }] of choices.entries()) {
    const sides = [0n, 1n].map((value) => ({ ...powers[slot], value }));
    yield* checkOneOf(kit, `prove|${statement}|${alpha},${beta}|`, sides, proofs[slot], "ballot-choice-proof");
  }
  return { pairs, powers };
}

/** Whoever made the proof knows log_g of `known`. */
export function checkKnowledge(group, known, prefix, proof, check) {
  const { c, s } = proofOf(group, proof);
  const commitment = group.multiply(group.raise(group.g)(s), group.power(known, c));
  if (group.challenge(prefix, [commitment]) !== c) throw new Refused(check, "the proof of knowledge does not hold");
}

/** Whoever made the proof knows the randomness of alpha. */
export function checkRandomness({ group, g }, alpha, prefix, proof, check) {
  const { c, s } = proofOf(group, proof);
  const commitment = group.multiply(g(s), alpha.raise(c));
  if (group.challenge(prefix, [commitment]) !== c) throw new Refused(check, "the proof of knowledge does not hold");
}

/** factor = alpha^x for the x of the public key. */
export function checkDecryption(group, publicKey, alpha, factor, prefix, proof, check) {
  const { c, s } = proofOf(group, proof);
  const a = group.multiply(group.raise(group.g)(s), publicKey.raise(c));
  const b = powerOfTwo(group, alpha, s, factor, c);
  if (group.challenge(prefix, [a, b]) !== c) throw new Refused(check, "the proof of a decryption factor does not hold");
}
