// A trustee's shuffle of encrypted orders, with the proof that nothing was added, dropped or changed (Belenios specification
// 4.17 and 6, tables 1 to 13). Pure: randomness is an argument, draw(n) gives 0 ≤ x < n.
//
// Symbols equal the specification's: e what came in, e′ what goes out, psi the permutation, c its commitments, u the item
// challenges, t and s the proof's commitments and responses. Every element that came in is checked to lie in the group:
// one that does not could carry a mark through the shuffle.

import { generator } from "./embedding.mjs";
import { hex, number, sha256 } from "./sha256.mjs";

const listed = (texts) => texts.map((text) => `${text},`).join("");

/** How often `shuffle` yields for rows of these lengths, once the tables are made. */
export const pieces = (lengths) => lengths.reduce((sum, n) => sum + 5 * n, 0);

function permutation(n, draw) {
  const places = Array.from({ length: n }, (_, i) => i);
  return places.map((_, i) => {
    const k = i + Number(draw(BigInt(n - i)));
    const taken = places[k];
    places[k] = places[i];
    return taken;
  });
}

/** Elements as both challenges hash them. */
export const texts = (group, elements) => listed(elements.map((element) => group.text(element)));

/** Table 11: u_i from the statement. */
export function itemChallenges({ group, fp }, n, strC) {
  const h = hex(sha256(`shuffle-challenges|${fp}|${strC}`));
  return Array.from({ length: n }, (_, i) => number(sha256(h + hex(sha256(String(i))))) % group.q);
}

/** Table 13 over t and y = (e, e′, c, cHat, pk). */
export function mainChallenge({ group, fp, key }, t, strC, cHat) {
  const statement = `${texts(group, t)}${strC}${texts(group, cHat)}${key}`;
  return number(sha256(`shuffle-challenge|${fp}|${statement}`)) % group.q;
}

/** Table 4: GenShuffleProof. */
function* prove(kit, e, ePrime, rPrime, psi, draw) {
  const { group, g, y } = kit;
  const { q } = group;
  const n = e.length;
  const h = generator(group, -1);
  const hs = [];
  const r = Array(n).fill(0n);
  const c = Array(n).fill(group.identity);
  for (let i = 0; i < n; i += 1) {
    hs.push(generator(group, i));
    r[psi[i]] = draw(q);
    c[psi[i]] = group.multiply(g(r[psi[i]]), hs[i]);
    yield;
  }
  const strC = texts(group, e.flat()) + texts(group, ePrime.flat()) + texts(group, c);
  const u = itemChallenges(kit, n, strC);
  const uPrime = psi.map((j) => u[j]);
  const rHat = Array.from({ length: n }, () => draw(q));
  const cHat = [];
  for (let i = 0; i < n; i += 1) {
    cHat.push(group.multiply(g(rHat[i]), group.power(i ? cHat[i - 1] : h, uPrime[i])));
    yield;
  }
  const w = Array.from({ length: 4 }, () => draw(q));
  const wHat = [];
  const wPrime = [];
  for (let i = 0; i < n; i += 1) {
    wHat.push(draw(q));
    wPrime.push(draw(q));
  }
  const sums = { t3: g(w[2]), t41: y(-w[3]), t42: g(-w[3]), hat: [] };
  for (let i = 0; i < n; i += 1) {
    sums.t3 = group.multiply(sums.t3, group.power(hs[i], wPrime[i]));
    sums.t41 = group.multiply(sums.t41, group.power(ePrime[i][1], wPrime[i]));
    sums.t42 = group.multiply(sums.t42, group.power(ePrime[i][0], wPrime[i]));
    sums.hat.push(group.multiply(g(wHat[i]), group.power(i ? cHat[i - 1] : h, wPrime[i])));
    yield;
  }
  const commitments = [g(w[0]), g(w[1]), sums.t3, sums.t41, sums.t42];
  const challenge = mainChallenge(kit, [...commitments, ...sums.hat], strC, cHat);
  const [t, tHat, cTexts, cHatTexts] = [commitments, sums.hat, c, cHat].map((points) => points.map((point) => group.text(point)));
  const v = Array(n).fill(1n);
  for (let i = n - 2; i >= 0; i -= 1) v[i] = (uPrime[i + 1] * v[i + 1]) % q;
  const sum = (values, weights) => values.reduce((total, value, i) => total + value * (weights?.[i] ?? 1n), 0n);
  const hidden = [sum(r), sum(rHat, v), sum(r, u), sum(rPrime, u)];
  const answer = (blind, value) => String(group.reduce(blind + challenge * value));
  const s = [
    ...hidden.map((value, i) => answer(w[i], value)),
    rHat.map((value, i) => answer(wHat[i], value)),
    uPrime.map((value, i) => answer(wPrime[i], value)),
  ];
  return [[t[0], t[1], t[2], [t[3], t[4]], tHat], s, cTexts, cHatTexts];
}

function* shuffleOne(kit, row, draw) {
  const { group, g, y } = kit;
  const e = [];
  for (const { alpha, beta } of row) {
    e.push([group.parse(alpha), group.parse(beta)]);
    yield;
  }
  const psi = permutation(e.length, draw);
  const rPrime = e.map(() => draw(group.q));
  const again = [];
  for (let i = 0; i < e.length; i += 1) {
    again.push([group.multiply(e[i][0], g(rPrime[i])), group.multiply(e[i][1], y(rPrime[i]))]);
    yield;
  }
  const ePrime = psi.map((j) => again[j]);
  const proof = yield* prove(kit, e, ePrime, rPrime, psi, draw);
  const ciphertexts = ePrime.map(([alpha, beta]) => ({ alpha: group.text(alpha), beta: group.text(beta) }));
  return { ciphertexts, proof };
}

/**
 * A shuffle of the ranked questions' rows, each a list of {alpha, beta} texts. election: as `readElection` gives it.
 * Yields once a small piece of work; returns the exact text to send.
 */
export function* shuffle(group, election, rows, draw) {
  const key = group.parse(election.publicKey);
  yield* group.prepare(group.g);
  yield* group.prepare(key);
  const kit = { group, g: group.raise(group.g), y: group.raise(key), fp: election.fingerprint, key: election.publicKey };
  const made = [];
  for (const row of rows) made.push(yield* shuffleOne(kit, row, draw));
  return JSON.stringify({
    ciphertexts: made.map(({ ciphertexts }) => ciphertexts),
    proofs: made.map(({ proof }) => proof),
  });
}

/** The rows of a tally's parsed JSON that are shuffled. */
export const rankedRows = (election, tally) => tally.filter((_, i) => election.questions[i].ranked);
