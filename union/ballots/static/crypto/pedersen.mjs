// A published block of threshold trustees: every certificate, polynomial, signature and key checked, and its share of a
// decryption combined (Belenios specification 4.6, 4.7 and 4.19, in the form of release 3.3). Release 2.5.1 does not sign
// the keys yet, release 2.0 has neither context nor signatures: both are read. Pure.

import { Refused, inverse } from "./group.mjs";
import { checkProof, checkTranscript, evaluate, readCertificates, readCoefficients } from "./ceremony.mjs";

const compact = JSON.stringify;

function checkKey(group, cert, expected, { pok, public_key: text, signature }) {
  const key = group.parse(text);
  checkProof(group, key, `pok|${group.name}|${text}|`, pok, "trustee-key-proof");
  if (!group.equal(key, expected)) throw new Refused("trustee-share", "a key does not follow from the polynomials");
  if (signature) checkProof(group, cert.vk, `sigmsg|${text}|`, signature, "trustee-signature");
  return key;
}

/** Whether the certificates are bare; refused where what is signed does not go with that. */
function formOf({ certs, signatures, verification_keys: keys }) {
  const bare = !Object.hasOwn(JSON.parse(certs[0].message), "context");
  const signed = keys.filter((key) => Object.hasOwn(key, "signature")).length;
  if (bare !== (signatures === undefined) || (bare && signed)) {
    throw new Refused("trustees-form", "the ceremony is signed exactly when certificates have a context");
  }
  if (signed && signed < keys.length) throw new Refused("trustee-signature", "some keys are signed and some are not");
  return bare;
}

/** Reads a block: {threshold, subKey, keys: [{text, key}]}. Yields once a trustee; refused by the name of what does not hold. */
export function* readBlock(group, block) {
  const { threshold, certs: texts, coefexps, signatures, verification_keys: keys } = block;
  const size = texts.length;
  const whole = [coefexps, signatures ?? coefexps, keys].every((list) => Array.isArray(list) && list.length === size);
  if (!whole || !Number.isInteger(threshold) || threshold < 1 || threshold > size) {
    throw new Refused("trustees-form", "not a block of threshold trustees");
  }
  const bare = formOf(block);
  const certs = readCertificates(group, texts.map((cert) => compact(cert)), { size, threshold, bare });
  yield;
  const summed = Array(threshold).fill(group.identity);
  for (const [i, cert] of certs.entries()) {
    const A = readCoefficients(group, cert, coefexps[i], threshold);
    if (!bare) checkTranscript(group, certs, i, A, signatures[i]);
    A.forEach((point, k) => { summed[k] = group.multiply(summed[k], point); });
    yield;
  }
  const read = [];
  for (const [i, cert] of certs.entries()) {
    read.push({ text: keys[i].public_key, key: checkKey(group, cert, evaluate(group, summed, i + 1), keys[i]) });
    yield;
  }
  return { threshold, subKey: summed[0], keys: read };
}

/** The coefficient of one index among the indices that take part, at 0 or elsewhere. */
export function lagrange(q, indices, index, at = 0) {
  let [above, below] = [1n, 1n];
  for (const k of indices) {
    if (k === index) continue;
    above = (above * (BigInt(k - at) + q)) % q;
    below = (below * (BigInt(k - index) + q)) % q;
  }
  return (above * inverse(q, below)) % q;
}
