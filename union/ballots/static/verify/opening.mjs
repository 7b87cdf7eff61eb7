// Checking how a board was opened: the trustees' shuffles of orders, their shares, the result.

import { decode } from "../crypto/embedding.mjs";
import { Refused, draw } from "../crypto/group.mjs";
import { lagrange } from "../crypto/pedersen.mjs";
import { valueOf } from "./archive.mjs";
import { nested, rowOf } from "./lists.mjs";
import { proofForm } from "./ballots.mjs";
import { checkSubgroup } from "./products.mjs";
import { checkDecryption } from "./proofs.mjs";
import { checkShuffle } from "./shuffles.mjs";

const compact = JSON.stringify;

/** Checks every shuffle in turn; the tally's rows of orders become those that the last one left. */
export function* checkShuffles(run, events) {
  const { group, election, y, keys } = run;
  const ranked = election.questions.flatMap(({ ranked: order }, i) => (order ? [i] : []));
  if (!ranked.length) throw new Refused("shuffle-form", "nothing is ranked, so there is nothing to shuffle");
  const kit = { group, y, fp: election.fingerprint, key: election.publicKey };
  const owners = new Set();
  for (const [i, { owner, payloads: [record] }] of events.entries()) {
    if (!keys[owner - 1] || owners.has(owner)) throw new Refused("shuffle-owner", `trustee ${owner} has no shuffle to make`);
    owners.add(owner);
    const onPart = (share) => run.done("shuffle", i + share, events.length);
    try {
      const left = yield* checkShuffle(kit, ranked.map((at) => run.tally[at]), record.text, draw, onPart);
      ranked.forEach((at, k) => { run.tally[at] = left[k]; });
    } catch (failure) {
      if (failure instanceof Refused) failure.message = `${failure.message} (trustee ${owner})`;
      throw failure;
    }
  }
  return { shuffles: events.length };
}

function factorsOf({ election: { questions }, tally }, text) {
  const record = valueOf(text, "decryption-form");
  const [factors, proofs] = [record.decryption_factors, record.decryption_proofs].map((rows) =>
    questions.map((asked, i) => rowOf(asked, rows[i], tally[i].length, "decryption-form")));
  const form = {
    decryption_factors: questions.map((asked, i) => nested(asked, factors[i])),
    decryption_proofs: questions.map((asked, i) => nested(asked, proofs[i].map(proofForm))),
  };
  if (compact(form) !== text) throw new Refused("decryption-form", "it does not fit the tally");
  return { factors, proofs };
}

/** Checks one trustee's share of every ciphertext; returns the factors. onPart(done) hears of each. */
function* checkShare({ group, election, tally }, key, text, onPart) {
  const { factors: texts, proofs } = factorsOf({ election, tally }, text);
  const factors = texts.map((row) => row.map((factor) => group.read(factor)));
  yield* checkSubgroup(group, factors.flat(), draw);
  const prefix = `decrypt|${election.fingerprint}|${key.text}|`;
  let done = 0;
  for (const [i, row] of factors.entries()) {
    for (const [j, factor] of row.entries()) {
      checkDecryption(group, key.power, tally[i][j][0], factor, prefix, proofs[i][j], "decryption-proof");
      done += 1;
      onPart(done);
      yield;
    }
  }
  return factors;
}

/** Checks every trustee's share; of orders only those that were shuffled before. */
export function* checkDecryptions(run, { shares, shuffled }) {
  if (run.election.questions.some(({ ranked }) => ranked) && !shuffled) {
    throw new Refused("shuffle-form", "orders were decrypted before they were shuffled");
  }
  run.factors = new Map();
  const each = run.tally.reduce((sum, row) => sum + row.length, 0) || 1;
  for (const [i, { owner, payloads }] of shares.entries()) {
    const key = run.keys[owner - 1];
    if (!key || run.factors.has(owner)) throw new Refused("decryption-owner", `trustee ${owner} has no part to hand in`);
    const onPart = (done) => run.done("share", i + done / each, shares.length);
    try {
      run.factors.set(owner, yield* checkShare(run, key, payloads[0].text, onPart));
    } catch (failure) {
      if (failure instanceof Refused) failure.message = `${failure.message} (trustee ${owner})`;
      throw failure;
    }
  }
  for (const { first, size, threshold } of run.kinds) checkAgreement(run, first, size, threshold);
  return { trustees: [...run.factors.keys()] };
}

/** Shares beyond a threshold must agree with the first ones: the archive's proof holds for a wrong factor too. */
function checkAgreement({ group, factors, tally }, first, size, threshold) {
  const given = Array.from({ length: size }, (_, i) => i + 1).filter((i) => factors.has(first + i - 1));
  const needed = given.slice(0, threshold);
  for (const at of given.slice(threshold)) {
    const parts = needed.map((i) => ({ owner: first + i - 1, exponent: lagrange(group.q, needed, i, at) }));
    tally.forEach((row, i) => row.forEach((_, j) => {
      if (!group.equal(factorOf({ group, factors }, parts, i, j), factors.get(first + at - 1)[i][j])) {
        throw new Refused("decryption-proof", `the share of trustee ${first + at - 1} contradicts the others`);
      }
    }));
  }
}

/** The owners whose factors are combined, each with its exponent: the first that are enough of every item. */
function partsOf({ group, kinds, factors }) {
  return kinds.flatMap(({ first, size, threshold }) => {
    const indices = Array.from({ length: size }, (_, i) => i + 1).filter((i) => factors.has(first + i - 1)).slice(0, threshold);
    if (indices.length < threshold) throw new Refused("decryption-enough", "too few trustees gave a share");
    return indices.map((i) => ({ owner: first + i - 1, exponent: lagrange(group.q, indices, i) }));
  });
}

/** The synthetic factor of one ciphertext. */
function factorOf({ group, factors }, parts, i, j) {
  return parts.reduce((product, { owner, exponent }) => {
    const factor = factors.get(owner)[i][j];
    return group.multiply(product, exponent === 1n ? factor : group.power(factor, exponent));
  }, group.identity);
}

/** Whether a question's published counts are what the shares open. */
function checkCounts(run, parts, i, row) {
  const { group, kit } = run;
  rowOf(run.election.questions[i], row, run.tally[i].length, "result-form").forEach((count, j) => {
    const small = Number.isInteger(count) && count >= 0 && count < 2 ** 30;
    const large = typeof count === "string" && /^[1-9][0-9]{0,18}$/.test(count) && BigInt(count) >= 2n ** 30n;
    if (!small && !large) throw new Refused("result-form", "a count is a number, a large one is written as text");
    if (BigInt(count) > run.total) throw new Refused("result-range", `question ${i + 1} counts more than all votes`);
    const opened = group.multiply(kit.g(BigInt(count)), factorOf(run, parts, i, j));
    if (!group.equal(opened, run.tally[i][j][1])) {
      throw new Refused("result-content", `a count of question ${i + 1} is not what was decrypted`);
    }
  });
}

const byNumbers = (a, b) => a.map((value, i) => value - b[i]).find((difference) => difference) ?? 0;

/** Whether a question's published orders are what the shares open, as shuffled or sorted. */
function* checkOrders(run, parts, i, row) {
  const { group } = run;
  const { length } = run.election.questions[i].answers;
  const opened = [];
  for (const [j, [, beta]] of run.tally[i].entries()) {
    opened.push(decode(group, group.multiply(beta, group.invert(factorOf(run, parts, i, j))), length));
    yield;
  }
  const said = compact(row);
  if (said !== compact(opened) && said !== compact([...opened].sort(byNumbers))) {
    throw new Refused("result-content", `the orders of question ${i + 1} are not what was decrypted`);
  }
}

export function* checkResult(run, { payloads: [record] }) {
  const parts = partsOf(run);
  const { result } = valueOf(record.text, "result-form");
  const shaped = Array.isArray(result) && result.length === run.tally.length && compact({ result }) === record.text;
  if (!shaped) throw new Refused("result-form", "it does not fit the questions");
  for (const [i, row] of result.entries()) {
    if (run.election.questions[i].ranked) yield* checkOrders(run, parts, i, row);
    else checkCounts(run, parts, i, row);
    yield;
  }
  return { result };
}
