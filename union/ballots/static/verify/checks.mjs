// The whole check of a published archive: setup, ballots, tally, decryptions, result.
//
// Pure. Yes/no and choice questions, with trustees who are all needed or any t of n; of rankings it says that it cannot check
// them, and never counts them as holding. Memory holds the archive and one digest a ciphertext.

import { fingerprint, readElection } from "../crypto/ballot.mjs";
import { Refused } from "../crypto/group.mjs";
import { lagrange, readBlock } from "../crypto/pedersen.mjs";
import { base64, sha256 } from "../crypto/sha256.mjs";
import { eventsOf, textOf, valueOf } from "./archive.mjs";
import { Power, checkDecryption, checkKnowledge, checkOneOf, kitOf } from "./proofs.mjs";

export const NAMES = ["archive", "setup", "ballots", "tally", "decryptions", "result"];

/** Thrown where the archive holds what this check does not know; no verdict on it. */
class Unknown extends Error {}

const compact = JSON.stringify;

/** Reads the chain and what must be known before the group is opened: {events, groupName}. Yields bytes read. */
export function* read(bytes) {
  const events = yield* eventsOf(bytes);
  const record = valueOf(textOf(events[0].payloads[0].bytes), "election-form");
  return { events, groupName: record.group };
}

function electionOf(bytes) {
  try {
    const election = readElection(bytes);
    if (election.questions.some(({ ranked }) => ranked)) throw new Unknown("rankings");
    return election;
  } catch (failure) {
    if (failure instanceof Unknown) throw failure;
    if (failure.name === "question-kind") throw new Unknown("rankings");
    throw failure instanceof Refused ? failure : new Refused("election-form", "not the record of an election");
  }
}

/** Refused unless a record's object has these members and no others, those marked "?" being optional. */
function onlyMembers(value, names, check) {
  const wanted = names.filter((name) => !name.endsWith("?"));
  const known = names.map((name) => name.replace("?", ""));
  const right = wanted.every((name) => Object.hasOwn(value, name)) && Object.keys(value).every((name) => known.includes(name));
  if (!right) throw new Refused(check, "a member is missing or does not belong here");
}

/** One item of the trustees: who is in it, how many are needed, what it adds to the key of the vote. */
function* trusteesOf(group, kind, value) {
  if (kind === "Pedersen" && value.signatures) {
    onlyMembers(value, ["threshold", "certs", "coefexps", "signatures", "verification_keys"], "trustees-form");
    value.verification_keys.forEach((key) => onlyMembers(key, ["pok", "public_key", "signature?", "name?"], "trustees-form"));
    if (value.verification_keys.every((key) => !key.signature)) throw new Unknown("trustees of another release");
    return yield* readBlock(group, value);
  }
  if (kind !== "Single") throw new Unknown("trustees of another release");
  onlyMembers(value, ["pok", "public_key", "name?"], "trustees-form");
  const key = group.parse(value.public_key);
  checkKnowledge(group, key, `pok|${group.name}|${value.public_key}|`, value.pok, "trustee-key-proof");
  yield;
  return { keys: [{ text: value.public_key, key }], threshold: 1, subKey: key };
}

function* checkSetup(run, { payloads: [record, trustees, credentials] }) {
  const { group } = run;
  run.election = electionOf(record.bytes);
  run.y = group.parse(run.election.publicKey);
  run.keys = [];
  run.kinds = [];
  let product = group.identity;
  for (const [kind, value] of valueOf(trustees.text, "trustees-form")) {
    const { keys, threshold, subKey } = yield* trusteesOf(group, kind, value);
    run.kinds.push({ first: run.keys.length + 1, size: keys.length, threshold });
    run.keys.push(...keys.map(({ text, key }) => ({ text, power: new Power(group, key) })));
    product = group.multiply(product, subKey);
  }
  if (new Set(run.keys.map(({ text }) => text)).size !== run.keys.length) {
    throw new Refused("trustees-form", "two trustees have the same key");
  }
  if (!group.equal(product, run.y)) throw new Refused("election-key", "the public key is not the trustees'");
  yield* group.prepare(run.y);
  run.kit = kitOf(group, run.y);
  run.weights = new Map();
  for (const line of valueOf(credentials.text, "credentials-form")) {
    const [point, weight = "1", ...more] = line.split(",");
    if (more.length || !/^(0|[1-9][0-9]{0,17})$/.test(weight)) throw new Refused("credentials-form", "a weight is a whole number");
    if (run.weights.has(point)) throw new Refused("credentials-distinct", "a public credential is listed twice");
    if (group.equal(group.parse(point), group.identity)) throw new Refused("credentials-form", "the identity is nobody's credential");
    run.weights.set(point, BigInt(weight));
    yield;
  }
  return { credentials: run.weights.size, trustees: run.keys.length };
}

const proofForm = ({ challenge, response }) => ({ challenge, response });
const pairForm = ({ alpha, beta }) => ({ alpha, beta });

/** A ballot's own fields in their order: what its text must be, byte for byte. */
function ballotForm(ballot, questions) {
  const answers = ballot.answers.map((answer, i) => {
    const form = {
      choices: answer.choices.map(pairForm),
      individual_proofs: answer.individual_proofs.map((proofs) => proofs.map(proofForm)),
      overall_proof: answer.overall_proof.map(proofForm),
    };
    if (questions[i]?.blank) form.blank_proof = answer.blank_proof.map(proofForm);
    return form;
  });
  const { election_uuid, election_hash, credential, signature: { hash, proof } } = ballot;
  return { election_uuid, election_hash, credential, answers, signature: { hash, proof: proofForm(proof) } };
}

function ballotOf(text, { questions, uuid, fingerprint: fp }) {
  let form;
  try {
    form = ballotForm(JSON.parse(text), questions);
  } catch {
    throw new Refused("ballot-form", "not a ballot");
  }
  if (compact(form) !== text) throw new Refused("ballot-canonical", "not equal to its own re-serialization");
  if (form.election_uuid !== uuid || form.election_hash !== fp) throw new Refused("ballot-election", "cast for another election");
  const shaped = form.answers.length === questions.length && form.answers.every((answer, i) => {
    const slots = questions[i].answers.length + (questions[i].blank ? 1 : 0);
    return answer.choices.length === slots && answer.individual_proofs.length === slots;
  });
  if (!shaped) throw new Refused("ballot-form", "its answers do not fit the questions");
  return form;
}

/** Checks every proof of one answer; returns its pairs as elements. */
function* checkAnswer(run, asked, answer, statement) {
  const { group, kit } = run;
  const pairs = answer.choices.map(({ alpha, beta }) => [group.read(alpha), group.read(beta)]);
  const powers = [];
  for (const [alpha, beta] of pairs) {
    powers.push({ alpha: new Power(group, alpha).inSubgroup(), beta: new Power(group, beta).inSubgroup() });
    yield;
  }
  const written = answer.choices.map(({ alpha, beta }) => `${alpha},${beta}`);
  for (let slot = 0; slot < pairs.length; slot += 1) {
    const sides = [0n, 1n].map((value) => ({ ...powers[slot], value }));
    yield* checkOneOf(kit, `prove|${statement}|${written[slot]}|`, sides, answer.individual_proofs[slot], "ballot-choice-proof");
  }
  const [sumA, sumB] = pairs.slice(asked.blank ? 1 : 0).reduce(
    (sum, [alpha, beta]) => [group.multiply(sum[0], alpha), group.multiply(sum[1], beta)],
    [group.identity, group.identity],
  );
  const sum = { alpha: new Power(group, sumA), beta: new Power(group, sumB) };
  const sides = Array.from({ length: asked.max - asked.min + 1 }, (_, i) => ({ ...sum, value: BigInt(asked.min + i) }));
  const every = `${statement}|${written.join(",")}|`;
  let prefix = `prove|${every}${group.text(sumA)},${group.text(sumB)}|`;
  if (asked.blank) {
    const blank = [{ ...powers[0], value: 0n }, { ...sum, value: 0n }];
    yield* checkOneOf(kit, `bproof0|${every}`, blank, answer.blank_proof, "ballot-blank-proof");
    sides.unshift({ ...powers[0], value: 1n });
    prefix = `bproof1|${every}`;
  }
  yield* checkOneOf(kit, prefix, sides, answer.overall_proof, "ballot-overall-proof");
  return pairs;
}

function* checkBallot(run, text) {
  const { group, election, weights, alphas } = run;
  const ballot = ballotOf(text, election);
  if (!weights.has(ballot.credential)) throw new Refused("ballot-credential", "its credential is not listed");
  for (const { alpha } of ballot.answers.flatMap(({ choices }) => choices)) {
    if (alphas.has(alpha)) throw new Refused("ballot-repeated", "it repeats a ciphertext");
    alphas.add(alpha);
  }
  const { signature, ...unsigned } = ballot;
  if (signature.hash !== base64(sha256(compact(unsigned)))) throw new Refused("ballot-signature", "it signs something else");
  checkKnowledge(group, group.read(ballot.credential), `sig|${signature.hash}|`, signature.proof, "ballot-signature");
  yield;
  const statement = `${election.fingerprint}|${ballot.credential}`;
  const pairs = [];
  for (let i = 0; i < ballot.answers.length; i += 1) {
    pairs.push(yield* checkAnswer(run, election.questions[i], ballot.answers[i], statement));
  }
  return { credential: ballot.credential, pairs };
}

function* checkBallots(run, events) {
  run.alphas = new Set();
  run.last = new Map();
  for (let i = 0; i < events.length; i += 1) {
    try {
      const { credential, pairs } = yield* checkBallot(run, events[i].payloads[0].text);
      run.last.set(credential, pairs);
    } catch (failure) {
      if (failure instanceof Refused) failure.message = `${failure.message} (ballot ${i + 1})`;
      throw failure;
    }
    run.done(i + 1, events.length);
  }
  return { ballots: events.length, voters: run.last.size };
}

/** The tally of each credential's last ballot, as elements by question and slot. */
function tallyOf({ group, election, last, weights }) {
  const columns = election.questions.map(({ answers, blank }) =>
    Array.from({ length: answers.length + (blank ? 1 : 0) }, () => [group.identity, group.identity]));
  let total = 0n;
  for (const [credential, pairs] of last) {
    const weight = weights.get(credential);
    total += weight;
    pairs.forEach((row, i) => row.forEach((pair, j) => {
      columns[i][j] = columns[i][j].map((sum, side) =>
        group.multiply(sum, weight === 1n ? pair[side] : group.power(pair[side], weight)));
    }));
  }
  return { columns, total };
}

function checkTally(run, { payloads: [record, sized] }) {
  const { group } = run;
  if (run.shuffled) throw new Refused("shuffle-form", "nothing is ranked, so there is nothing to shuffle");
  const { columns, total } = tallyOf(run);
  const { num_tallied: count, total_weight: weight } = valueOf(sized.text);
  const written = total < 2n ** 30n ? Number(total) : String(total);
  if (count !== run.last.size || weight !== written) {
    throw new Refused("tally-count", `the board holds ${run.last.size} counted ballots of weight ${total}`);
  }
  const form = columns.map((row) => row.map(([alpha, beta]) => ({ alpha: group.text(alpha), beta: group.text(beta) })));
  if (record.text !== compact(form)) throw new Refused("tally-content", "the tally is not that of the board's ballots");
  run.tally = columns;
  run.total = total;
  return {};
}

function factorsOf(run, text) {
  const { decryption_factors: factors, decryption_proofs: proofs } = valueOf(text, "decryption-form");
  const form = { decryption_factors: factors, decryption_proofs: proofs?.map((row) => row.map(proofForm)) };
  const shaped = (rows) => Array.isArray(rows) && rows.length === run.tally.length
    && rows.every((row, i) => row.length === run.tally[i].length);
  if (compact(form) !== text || !shaped(factors) || !shaped(proofs)) {
    throw new Refused("decryption-form", "it does not fit the tally");
  }
  return { factors, proofs };
}

function* checkDecryptions(run, events) {
  const { group, election } = run;
  run.factors = new Map();
  for (const { owner, payloads } of events) {
    const key = run.keys[owner - 1];
    if (!key || run.factors.has(owner)) throw new Refused("decryption-owner", `trustee ${owner} has no part to hand in`);
    run.factors.set(owner, run.tally.map((row) => row.map(() => group.identity)));
    const { factors, proofs } = factorsOf(run, payloads[0].text);
    const prefix = `decrypt|${election.fingerprint}|${key.text}|`;
    for (let i = 0; i < factors.length; i += 1) {
      for (let j = 0; j < factors[i].length; j += 1) {
        const factor = group.parse(factors[i][j]);
        checkDecryption(group, key.power, run.tally[i][j][0], factor, prefix, proofs[i][j], "decryption-proof");
        run.factors.get(owner)[i][j] = factor;
        yield;
      }
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

function checkResult(run, { payloads: [record] }) {
  const { group, kit } = run;
  const parts = partsOf(run);
  const { result } = valueOf(record.text, "result-form");
  const shaped = Array.isArray(result) && result.length === run.tally.length && compact({ result }) === record.text;
  if (!shaped) throw new Refused("result-form", "it does not fit the questions");
  result.forEach((row, i) => {
    if (row.length !== run.tally[i].length) throw new Refused("result-form", "it does not fit the questions");
    row.forEach((count, j) => {
      const small = Number.isInteger(count) && count >= 0 && count < 2 ** 30;
      const large = typeof count === "string" && /^[1-9][0-9]{0,18}$/.test(count) && BigInt(count) >= 2n ** 30n;
      if (!small && !large) throw new Refused("result-form", "a count is a number, a large one is written as text");
      if (BigInt(count) > run.total) throw new Refused("result-range", `question ${i + 1} counts more than all votes`);
      const opened = group.multiply(kit.g(BigInt(count)), factorOf(run, parts, i, j));
      if (!group.equal(opened, run.tally[i][j][1])) {
        throw new Refused("result-content", `a count of question ${i + 1} is not what was decrypted`);
      }
    });
  });
  return { result };
}

/**
 * Checks an archive that `read` read. onBallot(done, total) hears of progress; yields often.
 * Returns {holds, head, fingerprint, name, questions, result, findings}: a finding is {name, holds, facts, failed}, holds
 * being true, false, or null when there is nothing yet or nothing this check knows (then `failed` says "unknown").
 */
export function* check({ events }, group, onBallot = () => {}) {
  const run = { group, done: onBallot, shuffled: events.some(({ kind }) => kind.includes("Shuffle")) };
  const of = (kind) => events.filter((event) => event.kind === kind);
  const one = (kind, act) => (of(kind).length ? () => act(run, of(kind)[0]) : null);
  const some = (kind, act) => (of(kind).length ? () => act(run, of(kind)) : null);
  const { height, digest } = events.at(-1);
  const steps = [
    () => ({ events: events.length }),
    one("Setup", checkSetup),
    () => checkBallots(run, of("Ballot")),
    one("EncryptedTally", checkTally),
    some("PartialDecryption", checkDecryptions),
    one("Result", checkResult),
  ];
  const findings = NAMES.map((name) => ({ name, holds: null, facts: {}, failed: "" }));
  let reached = true;
  for (let i = 0; i < steps.length && reached; i += 1) {
    if (steps[i] === null) continue;
    try {
      const made = steps[i]();
      findings[i].facts = typeof made.next === "function" ? yield* made : made;
      findings[i].holds = true;
    } catch (failure) {
      reached = false;
      findings[i].holds = failure instanceof Unknown ? null : false;
      findings[i].failed = failure instanceof Unknown ? "unknown" : failure.message;
    }
  }
  return {
    holds: reached,
    head: { height, digest },
    fingerprint: fingerprint(events[0].payloads[0].bytes),
    name: run.election?.name ?? "",
    questions: run.election?.questions ?? [],
    result: findings[5].facts.result ?? null,
    findings,
  };
}
