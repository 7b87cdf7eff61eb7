// A trustee's key and share of the decryption (Belenios specification 4.5 and 4.17), with the stronger proof that is kept
// beside the archive. Pure: no page, no network, no storage; the private key stays with the caller.
//
// Symbols: x the private and y = g^x the public key; F = alpha^x the decryption factor; responses are w − x·c.

import { fingerprint } from "./ballot.mjs";
import { Refused } from "./group.mjs";
import { number, sha256 } from "./sha256.mjs";

const pair = (challenge, response) => ({ challenge: String(challenge), response: String(response) });

/** A new key pair {privateKey, publicKey, publicText}; publicText is the exact text to send. */
export function makeKey(group, next) {
  const x = next();
  if (x === 0n) throw new Refused("private-key", "zero");
  const g = group.raise(group.g);
  const publicKey = group.text(g(x));
  const w = next();
  const challenge = group.challenge(`pok|${group.name}|${publicKey}|`, [g(w)]);
  const pok = pair(challenge, group.reduce(w - x * challenge));
  return { privateKey: String(x), publicKey, publicText: JSON.stringify({ pok, public_key: publicKey }) };
}

/** Refuses a private key that does not belong to the public one; returns the scalar. */
export function matchKey(group, privateKey, publicKey) {
  const x = group.scalar(privateKey);
  if (group.text(group.raise(group.g)(x)) !== publicKey) {
    throw new Refused("private-key", "does not belong to this trustee's public key");
  }
  return x;
}

/** Chaum–Pedersen: log_g y = log_alpha F. */
function sameLogarithm(group, g, x, alpha, prefix, w) {
  const challenge = group.challenge(prefix, [g(w), group.power(alpha, w)]);
  return pair(challenge, group.reduce(w - x * challenge));
}

/**
 * A trustee's share of the decryption. fp: the election's fingerprint; tally: the encrypted tally's parsed JSON; x: the
 * private scalar. Yields once a ciphertext; returns {decryption, strongProofs}, both exact texts to send.
 */
export function* decrypt(group, fp, x, tally, next) {
  const g = group.raise(group.g);
  const publicKey = group.text(g(x));
  const factors = [];
  const proofs = [];
  const strong = [];
  for (const answer of tally) {
    const row = { factors: [], proofs: [], strong: [] };
    for (const ciphertext of answer) {
      const alpha = group.parse(ciphertext.alpha);
      group.parse(ciphertext.beta);
      const factor = group.power(alpha, x);
      const written = group.text(factor);
      row.factors.push(written);
      yield;
      row.proofs.push(sameLogarithm(group, g, x, alpha, `decrypt|${fp}|${publicKey}|`, next()));
      yield;
      const statement = `strongdecrypt|${fp}|${publicKey}|${ciphertext.alpha}|${written}|`;
      row.strong.push(sameLogarithm(group, g, x, alpha, statement, next()));
      yield;
    }
    factors.push(row.factors);
    proofs.push(row.proofs);
    strong.push(row.strong);
  }
  return {
    decryption: JSON.stringify({ decryption_factors: factors, decryption_proofs: proofs }),
    strongProofs: JSON.stringify(strong),
  };
}

/**
 * The test decryption of an election record: {fp, tally}. Its randomness follows from its fingerprint, so the ciphertext is
 * made here: a real vote cannot be slipped in.
 */
export function testTally(group, election) {
  const fp = fingerprint(new TextEncoder().encode(election));
  const r = number(sha256(`rehearsal|${fp}|`)) % group.q;
  const alpha = group.power(group.g, r);
  const y = group.parse(JSON.parse(election).public_key);
  const beta = group.multiply(group.power(y, r), group.g);
  return { fp, tally: [[{ alpha: group.text(alpha), beta: group.text(beta) }]] };
}

/** Checks one Chaum–Pedersen proof; the verifier's side, for tests and for the board. */
export function checkSameLogarithm(group, y, alpha, factor, prefix, proof) {
  const c = group.scalar(proof.challenge);
  const r = group.scalar(proof.response);
  const a = group.multiply(group.raise(group.g)(r), group.power(y, c));
  const b = group.multiply(group.power(alpha, r), group.power(factor, c));
  return group.challenge(prefix, [a, b]) === c;
}
