// The key ceremony of threshold trustees (Belenios specification 3.1.1 and 4.6, in the form of release 3.3): keys from a
// seed, certificate, polynomial with sealed shares, verification key; and opening one's part again later. Pure: no page,
// no network, no storage; the seed stays with the caller. Byte for byte what `crypto/ceremony.py` makes.
//
// Symbols: sk and dk the keys of a seed; A the public coefficients of a polynomial; S and X = g^S a trustee's part of the key;
// K the group element whose digest seals a message. `next` deals scalars; `pause` is awaited between pieces of work.

import { Refused } from "./group.mjs";
import { hex, number, sha256 } from "./sha256.mjs";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH = 22;
const compact = JSON.stringify;
const soon = async () => {};

/** A new seed: 22 characters, each drawn without bias by `below(58)`. */
export const makeSeed = (below) => Array.from({ length: LENGTH }, () => BASE58[below(58)]).join("");

/** A seed as people read it: groups of 5, 6, 5 and 6. */
export const shown = (seed) => seed.replace(/^(.{5})(.{6})(.{5})(.{6})$/, "$1-$2-$3-$4");

/** The seed in typed text, whatever its spaces and dashes; null when it is none. */
export function typedSeed(text) {
  const plain = text.replace(/[\s\-–]/g, "");
  return plain.length === LENGTH && [...plain].every((c) => BASE58.includes(c)) ? plain : null;
}

/** The private keys of a seed. */
export function keysOf(group, seed) {
  const derived = (purpose) => number(sha256(`${purpose}|${seed}`)) % group.q;
  return { sk: derived("sk"), dk: derived("dk") };
}

const power = (group, x) => group.raise(group.g)(x);

function prove(group, x, prefix, next) {
  const w = next();
  const challenge = group.challenge(prefix, [power(group, w)]);
  return { challenge: String(challenge), response: String(group.reduce(w - x * challenge)) };
}

const sign = (group, sk, message, next) => prove(group, sk, `sigmsg|${message}|`, next);

const signed = (group, sk, message, next) => ({ message, signature: sign(group, sk, message, next) });

/** Refuses by `name` a proof of knowledge of log_g y that does not hold. */
export function checkProof(group, y, prefix, { challenge, response }, name) {
  const c = group.scalar(challenge);
  const commitment = group.multiply(power(group, group.scalar(response)), group.power(y, c));
  if (group.challenge(prefix, [commitment]) !== c) throw new Refused(name, "a proof does not hold");
}

const checkSignature = (group, vk, message, signature, name) =>
  checkProof(group, vk, `sigmsg|${message}|`, signature, name);

function parsed(text, name, fields) {
  let value = null;
  try {
    value = JSON.parse(text);
  } catch { /* refused below */ }
  if (value === null || typeof value !== "object" || compact(Object.keys(value).sort()) !== compact([...fields].sort())) {
    throw new Refused(name, `an object with ${fields.join(", ")} was expected`);
  }
  return value;
}

const digest = (group, purpose, element) => sha256(`${purpose}|${group.text(element)}`);

async function cipher(group, K, alpha, usage) {
  if (!globalThis.crypto?.subtle) throw new Refused("secure-context", "the browser gives no encryption on this address");
  const key = await crypto.subtle.importKey("raw", digest(group, "key", K), "AES-GCM", false, [usage]);
  return [{ name: "AES-GCM", iv: digest(group, "iv", alpha), tagLength: 128 }, key];
}

/** A message signed by sk and sealed to a recipient's encryption key. */
export async function send(group, sk, recipient, message, next) {
  const inner = compact({ recipient: group.text(recipient), message });
  const plain = new TextEncoder().encode(compact(signed(group, sk, inner, next)));
  const [r, s] = [next(), next()];
  const [K, alpha] = [power(group, s), power(group, r)];
  const sealed = await crypto.subtle.encrypt(...await cipher(group, K, alpha, "encrypt"), plain);
  const beta = group.multiply(group.power(recipient, r), K);
  const data = hex(new Uint8Array(sealed));
  return compact({ algorithm: "AES-GCM", alpha: group.text(alpha), beta: group.text(beta), data });
}

function envelopeOf(group, text) {
  const { algorithm, alpha, beta, data } = parsed(text, "trustee-message", ["algorithm", "alpha", "beta", "data"]);
  if (algorithm !== "AES-GCM" || !/^(?:[0-9a-f]{2})+$/.test(data)) throw new Refused("trustee-message", "an unknown cipher");
  const bytes = Uint8Array.from(data.match(/../g), (pair) => Number.parseInt(pair, 16));
  return { alpha: group.parse(alpha), beta: group.parse(beta), bytes };
}

/** Opens a message made by `send`; vk: the key it must be signed with. Refused as trustee-message. */
export async function receive(group, dk, vk, envelope) {
  const { alpha, beta, bytes } = envelopeOf(group, envelope);
  const K = group.multiply(beta, group.power(alpha, group.reduce(-dk)));
  let plain;
  try {
    plain = new TextDecoder().decode(await crypto.subtle.decrypt(...await cipher(group, K, alpha, "decrypt"), bytes));
  } catch (failure) {
    throw failure instanceof Refused ? failure : new Refused("trustee-message", "cannot be opened with this key");
  }
  const { message, signature } = parsed(plain, "trustee-message", ["message", "signature"]);
  checkSignature(group, vk, message, signature, "trustee-message");
  const inner = parsed(message, "trustee-message", ["recipient", "message"]);
  if (inner.recipient !== group.text(power(group, dk))) throw new Refused("trustee-message", "written for another trustee");
  return inner.message;
}

/** Step 1, by trustee number `index` of `size`: the certificate's text. */
export function makeCertificate(group, seed, { size, threshold, index }, next) {
  const { sk, dk } = keysOf(group, seed);
  const message = compact({
    context: { group: group.name, size, threshold, index },
    verification: group.text(power(group, sk)),
    encryption: group.text(power(group, dk)),
  });
  return compact(signed(group, sk, message, next));
}

/** One certificate {vk, ek, context, signed}, its signature checked; bare: in the form of release 2.0, without context. */
export function readCertificate(group, text, bare = false) {
  const { message, signature } = parsed(text, "trustee-certificate", ["message", "signature"]);
  const names = bare ? ["verification", "encryption"] : ["context", "verification", "encryption"];
  const { context, verification, encryption } = parsed(message, "trustee-certificate", names);
  const cert = { vk: group.parse(verification), ek: group.parse(encryption), context, signed: { message, signature } };
  if ([cert.vk, cert.ek].some((key) => group.equal(key, group.identity))) {
    throw new Refused("trustee-certificate", "the identity is nobody's key");
  }
  checkSignature(group, cert.vk, message, signature, "trustee-certificate");
  return cert;
}

/** All certificates, checked to be of this one ceremony; `facts` names its size and threshold, and whether they are bare. */
export function readCertificates(group, texts, { size, threshold, bare = false }) {
  const certs = texts.map((text) => readCertificate(group, text, bare));
  certs.forEach(({ context }, i) => {
    if (!bare && compact(context) !== compact({ group: group.name, size, threshold, index: i + 1 })) {
      throw new Refused("trustee-certificate", `certificate ${i + 1} was made for another ceremony`);
    }
  });
  if (certs.length !== size || new Set(certs.map(({ vk }) => group.text(vk))).size !== size) {
    throw new Refused("trustee-certificate", "the certificates are not those of the trustees");
  }
  return certs;
}

/** The certificate that belongs to a seed; refused as other-seed when none of them does. */
export function ownIndex(group, certs, { sk, dk }) {
  const [vk, ek] = [power(group, sk), power(group, dk)];
  const at = certs.findIndex((cert) => group.equal(cert.vk, vk) && group.equal(cert.ek, ek));
  if (at < 0) throw new Refused("other-seed", "this seed made none of the certificates");
  return at;
}

/** What trustee i signs before anything is published: all certificates and its own coefficients. */
const transcript = (group, certs, A) =>
  `certs_sig|${compact({ certs: certs.map((cert) => cert.signed), coefexps: A.map((point) => group.text(point)) })}`;

/** Step 3 of the specification: a polynomial's public coefficients and a sealed share for everybody. */
export async function makePolynomial(group, certs, seed, next, pause = soon) {
  const keys = keysOf(group, seed);
  const own = certs[ownIndex(group, certs, keys)];
  const coefficients = Array.from({ length: own.context.threshold }, () => next());
  const A = coefficients.map((a) => power(group, a));
  const secrets = [];
  for (const [i, cert] of certs.entries()) {
    const j = BigInt(i + 1);
    const share = coefficients.reduceRight((sum, a) => (sum * j + a) % group.q, 0n);
    secrets.push(await send(group, keys.sk, cert.ek, compact({ secret: String(share) }), next));
    await pause();
  }
  const kept = compact({ polynomial: coefficients.map(String) });
  return compact({
    polynomial: await send(group, keys.sk, own.ek, kept, next),
    secrets,
    coefexps: signed(group, keys.sk, compact({ coefexps: A.map((point) => group.text(point)) }), next),
    signature: sign(group, keys.sk, transcript(group, certs, A), next),
  });
}

/** The polynomial in the exponent at j. */
export function evaluate(group, A, j) {
  return A.reduceRight((result, point) => group.multiply(group.power(result, BigInt(j)), point), group.identity);
}

/** One trustee's public coefficients, signed by its key. */
export function readCoefficients(group, cert, { message, signature }, threshold = cert.context.threshold) {
  checkSignature(group, cert.vk, message, signature, "trustee-coefficients");
  const { coefexps } = parsed(message, "trustee-coefficients", ["coefexps"]);
  if (coefexps.length !== threshold) throw new Refused("trustees-form", "not as many as are needed");
  return coefexps.map((point) => group.parse(point));
}

/** Refuses a trustee who signed other certificates than these: the trustees do not all see the same. */
export const checkTranscript = (group, certs, i, A, signature) =>
  checkSignature(group, certs[i].vk, transcript(group, certs, A), signature, "trustee-signature");

/** Thrown where the share of one trustee does not fit; accused counts from 1, envelope is what can be shown. */
export class WrongShare extends Refused {
  constructor(accused, envelope, reason) {
    super("wrong-share", `of trustee ${accused}: ${reason.message}`);
    this.accused = accused;
    this.envelope = envelope;
  }
}

function readShare(group, A, j, message) {
  const s = group.scalar(parsed(message, "trustee-message", ["secret"]).secret);
  if (!group.equal(power(group, s), evaluate(group, A, j))) {
    throw new Refused("trustee-share", "does not lie on the polynomial that was announced");
  }
  return s;
}

async function shareOf(group, dk, cert, A, j, envelope, accused) {
  try {
    return readShare(group, A, j, await receive(group, dk, cert.vk, envelope));
  } catch (failure) {
    if (failure.name === "secure-context" || !(failure instanceof Refused)) throw failure;
    throw new WrongShare(accused, envelope, failure);
  }
}

async function checkOwn(group, { dk }, cert, envelope, A) {
  const message = await receive(group, dk, cert.vk, envelope);
  const { polynomial } = parsed(message, "trustee-message", ["polynomial"]);
  const same = polynomial.length === A.length && polynomial.every((a, i) => group.equal(power(group, group.scalar(a)), A[i]));
  if (!same) throw new Refused("trustee-coefficients", "not the coefficients this trustee sent");
}

/** Step 5 of the specification: checks every share received and proves the verification key that follows. */
export async function makeVoutput(group, certs, seed, vinput, next, pause = soon) {
  const keys = keysOf(group, seed);
  const own = ownIndex(group, certs, keys);
  const { polynomial, secrets, coefexps, signatures } =
    parsed(vinput, "trustees-form", ["polynomial", "secrets", "coefexps", "signatures"]);
  let sum = 0n;
  for (const [i, cert] of certs.entries()) {
    const A = readCoefficients(group, cert, coefexps[i]);
    checkTranscript(group, certs, i, A, signatures[i]);
    sum += await shareOf(group, keys.dk, cert, A, own + 1, secrets[i], i + 1);
    if (i === own) await checkOwn(group, keys, cert, polynomial, A);
    await pause();
  }
  const x = sum % group.q;
  const X = group.text(power(group, x));
  const pok = prove(group, x, `pok|${group.name}|${X}|`, next);
  const signature = sign(group, keys.sk, X, next);
  const sealed = await send(group, keys.sk, certs[own].ek, compact({ decryption_key: String(x) }), next);
  return compact({ private_key: sealed, public_key: { pok, public_key: X, signature } });
}

/** Shows to everybody that the share in that envelope does not fit: the factor that opens it, with its proof. */
export function makeComplaint(group, seed, envelope, accused, next) {
  const { dk } = keysOf(group, seed);
  const { alpha } = envelopeOf(group, envelope);
  const factor = group.power(alpha, dk);
  const [ek, a, f] = [power(group, dk), alpha, factor].map((element) => group.text(element));
  const w = next();
  const challenge = group.challenge(`complaint|${ek}|${a}|${f}|`, [power(group, w), group.power(alpha, w)]);
  const proof = { challenge: String(challenge), response: String(group.reduce(w - dk * challenge)) };
  return compact({ accused, factor: f, proof });
}

/** A trustee's part x of the key, from its own certificate and what it sealed to itself at the end of the ceremony. */
export async function openKey(group, certificate, seed, sealed) {
  const keys = keysOf(group, seed);
  const cert = readCertificate(group, certificate);
  ownIndex(group, [cert], keys);
  const message = await receive(group, keys.dk, cert.vk, sealed);
  return group.scalar(parsed(message, "trustee-message", ["decryption_key"]).decryption_key);
}
