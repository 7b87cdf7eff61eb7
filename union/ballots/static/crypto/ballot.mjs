// Sealing a ballot: credential, encrypted answers, proofs, signature, tracker (Belenios specification 4.10 to 4.15).
//
// Pure: texts and numbers in, texts out; no page, no network, no storage. Randomness is an argument. `seal` is a generator
// that yields after each small piece of work, because the page it runs on must stay alive meanwhile.
//
// Symbols: r randomness and m plaintext of a ciphertext (alpha, beta) = (g^r, y^r·g^m); fp the election's fingerprint;
// a disjunct with value M simulated with challenge c and response s commits to A = g^s·alpha^c, B = y^s·(beta·g^−M)^c.
// Knowing r these are A = g^(s+rc) and B = y^(s+rc)·g^((m−M)c): powers of g and y alone, which come from tables.

import { base64, hex, sha256 } from "./sha256.mjs";
import { Refused } from "./group.mjs";
import { encode } from "./embedding.mjs";

const BASE58 = /^[1-9A-HJ-NP-Za-km-z]{22}$/;

/** A credential as typed (any dashes and spaces) in its one written form, or null when it cannot be one. */
export function credentialText(typed) {
  const bare = typed.replace(/[\s\u2010-\u2015-]/g, "");
  if (!BASE58.test(bare)) return null;
  return [bare.slice(0, 5), bare.slice(5, 11), bare.slice(11, 16), bare.slice(16)].join("-");
}

/** The secret scalar of a written credential (format of releases 2.4 and later). */
export function credentialSecret(group, uuid, text) {
  const half = (i) => hex(sha256(`derive_credential|${uuid}|${i}|${text}`));
  return group.reduce(BigInt(`0x${half(0)}${half(1)}`));
}

/** The public credential, as listed in the archive. */
export function credentialPublic(group, secret) {
  return group.text(group.raise(group.g)(secret));
}

/** The fingerprint of an election: its 43 characters, from the exact bytes of the record. */
export function fingerprint(bytes) {
  return base64(sha256(bytes));
}

/** A ranked or graded question; `extra` says how it is counted, else it is an order. */
function ranked({ value, extra = {} }) {
  const { answers, question: text } = value ?? {};
  if (!Array.isArray(answers) || !answers.length) throw new Refused("question-kind", "nothing to rank");
  const grades = Array.isArray(extra.grades) ? extra.grades.map(String) : [];
  const kind = extra.method === "MajorityJudgment" && grades.length ? "grading" : "ranking";
  return { ranked: kind, method: String(extra.method ?? ""), answers: answers.map(String), grades, text: String(text) };
}

function question(entry) {
  if (entry?.type === "NonHomomorphic") return ranked(entry);
  const { answers, min, max, question: text, blank = false, ...rest } = (entry?.type === "Homomorphic" ? entry.value : entry) ?? {};
  const whole = Number.isInteger(min) && Number.isInteger(max) && Array.isArray(answers);
  if (!whole || min < 0 || min > max || max > answers.length || max < 1 || Object.keys(rest).length) {
    throw new Refused("question-kind", "a question this booth cannot ask");
  }
  return { answers: answers.map(String), min, max, text: String(text), blank: blank === true };
}

/**
 * An election record that this booth can serve: {uuid, name, description, fingerprint, group name, public key text, questions}.
 * known(entry) reads a question that is none of the booth's, else says null.
 */
export function readElection(bytes, known = () => null) {
  const record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (record.version !== 1) throw new Refused("election-version", "not protocol version 1");
  return {
    uuid: String(record.uuid),
    name: String(record.name),
    description: String(record.description),
    fingerprint: fingerprint(bytes),
    groupName: record.group,
    publicKey: record.public_key,
    questions: record.questions.map((entry) => known(entry) ?? question(entry)),
  };
}

/** How often `seal` yields once the tables of g and y are made: the length of a progress bar. */
export function pieces(election) {
  let count = 2;
  for (const { ranked: asOrder, answers, min, max, blank } of election.questions) {
    if (asOrder) {
      count += 3;
      continue;
    }
    const slots = answers.length + (blank ? 1 : 0);
    count += slots * 3 + (blank ? 2 + 1 : 0) + (max - min + 1);
  }
  return count;
}

/** Makes the tables of g and y, which can be done while the voter reads. */
export function* prepare(election, group) {
  const y = group.parse(election.publicKey);
  if (group.equal(y, group.identity)) throw new Refused("election-key", "the identity encrypts nothing");
  yield* group.prepare(group.g);
  yield* group.prepare(y);
}

/** Proof that one of the branches {r, m, value} is true (m = value); branch number `truth` is. */
function* oneOf(kit, prefix, branches, truth, draws) {
  const { group, g, y } = kit;
  const commitments = [];
  const challenges = draws.fakes.map((fake) => fake?.challenge);
  const responses = draws.fakes.map((fake) => fake?.response);
  for (let j = 0; j < branches.length; j += 1) {
    if (j === truth) {
      commitments.push([g(draws.w), y(draws.w)]);
    } else {
      const { r, m, value } = branches[j];
      const exponent = responses[j] + r * challenges[j];
      const shift = g((m - value) * challenges[j]);
      commitments.push([g(exponent), group.multiply(y(exponent), shift)]);
    }
    yield;
  }
  const total = group.challenge(prefix, commitments.flat());
  const others = challenges.reduce((sum, c, j) => (j === truth ? sum : sum + c), 0n);
  challenges[truth] = group.reduce(total - others);
  responses[truth] = group.reduce(draws.w - branches[truth].r * challenges[truth]);
  return challenges.map((c, j) => ({ challenge: String(c), response: String(responses[j]) }));
}

/** Draws for `oneOf`: the fake pairs in order, and w last (or first, as the blank proof has it). */
function drawsFor(count, truth, next, wFirst = false) {
  const early = wFirst ? next() : null;
  const fakes = Array.from({ length: count }, (_, j) =>
    j === truth ? null : { challenge: next(), response: next() },
  );
  return { fakes, w: early ?? next() };
}

const range = (min, max) => Array.from({ length: max - min + 1 }, (_, i) => BigInt(min + i));

/** What the overall proof of a question says about the sum: its branches and the true one. */
function overallBranches({ min, max, blank }, first, sum) {
  const branches = range(min, max).map((value) => ({ ...sum, value }));
  if (!blank) return [branches, Number(sum.m) - min];
  const truth = first.m === 1n ? 0 : Number(sum.m) - min + 1;
  return [[{ ...first, value: 1n }, ...branches], truth];
}

/** One encrypted answer with its proofs. `choice`: 0 or 1 per slot, the blank slot first when there is one. */
function* sealAnswer(kit, asked, choice, next) {
  const { group, g, y, statement } = kit;
  const openings = choice.map((bit) => ({ r: next(), m: BigInt(bit) }));
  const pairs = [];
  for (const { r, m } of openings) {
    pairs.push([g(r), group.multiply(y(r), g(m))]);
    yield;
  }
  const texts = pairs.map((pair) => pair.map((element) => group.text(element)));

  const individual = [];
  for (let slot = 0; slot < openings.length; slot += 1) {
    const branches = [0n, 1n].map((value) => ({ ...openings[slot], value }));
    const prefix = `prove|${statement}|${texts[slot].join(",")}|`;
    individual.push(yield* oneOf(kit, prefix, branches, choice[slot], drawsFor(2, choice[slot], next)));
  }

  const counted = asked.blank ? openings.slice(1) : openings;
  const sum = counted.reduce((total, { r, m }) => ({ r: total.r + r, m: total.m + m }), { r: 0n, m: 0n });
  sum.r = group.reduce(sum.r);
  const every = texts.flat().join(",");

  let blankProof = null;
  if (asked.blank) {
    const branches = [{ ...openings[0], value: 0n }, { ...sum, value: 0n }];
    const truth = choice[0] === 0 ? 0 : 1;
    const prefix = `bproof0|${statement}|${every}|`;
    blankProof = yield* oneOf(kit, prefix, branches, truth, drawsFor(2, truth, next, true));
  }
  const [branches, truth] = overallBranches(asked, openings[0], sum);
  const product = [group.text(g(sum.r)), group.text(group.multiply(y(sum.r), g(sum.m)))];
  const prefix = asked.blank
    ? `bproof1|${statement}|${every}|`
    : `prove|${statement}|${every}|${product.join(",")}|`;
  const overall = yield* oneOf(kit, prefix, branches, truth, drawsFor(branches.length, truth, next));

  const answer = {
    choices: texts.map(([alpha, beta]) => ({ alpha, beta })),
    individual_proofs: individual,
    overall_proof: overall,
  };
  if (blankProof) answer.blank_proof = blankProof;
  return { answer, openings: openings.map(({ r, m }) => ({ r: String(r), m: Number(m) })) };
}

/** An encrypted order or grades, and the proof that its maker knows the randomness. The same work for every choice. */
function* sealRanked(kit, choice, next) {
  const { group, g, y, statement, key } = kit;
  const r = next();
  const plain = encode(group, choice);
  const alpha = g(r);
  yield;
  const beta = group.multiply(y(r), plain);
  yield;
  const choices = { alpha: group.text(alpha), beta: group.text(beta) };
  const w = next();
  const challenge = group.challenge(`raweg|${statement}|${key},${choices.alpha},${choices.beta}|`, [g(w)]);
  const proof = { challenge: String(challenge), response: String(group.reduce(w - r * challenge)) };
  yield;
  return { answer: { choices, proof }, openings: [{ r: String(r), m: choice }] };
}

/** Refuses a choice the question does not allow; the voter's page never makes one, a fault in it would. */
function allowed({ ranked: asOrder, answers, min, max, blank }, choice) {
  if (asOrder) {
    const small = choice.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
    if (!small || choice.length !== answers.length) throw new Refused("choice", "not allowed by the question");
    return;
  }
  const bits = choice.every((bit) => bit === 0 || bit === 1);
  const slots = answers.length + (blank ? 1 : 0);
  const sum = choice.slice(blank ? 1 : 0).reduce((total, bit) => total + bit, 0);
  const isBlank = blank && choice[0] === 1;
  if (!bits || choice.length !== slots || (isBlank ? sum !== 0 : sum < min || sum > max)) {
    throw new Refused("choice", "not allowed by the question");
  }
}

/**
 * Seals a ballot. secret: of the credential; choices: a list of 0/1 lists, one per question; next(): the next random scalar
 * below q. Returns {ballot, tracker, openings}: the exact text to cast, its tracker, and the randomness that a device check
 * reveals (whoever sees it knows the choice: drop it when the ballot is cast).
 */
export function* seal(election, group, secret, choices, next) {
  if (choices.length !== election.questions.length) throw new Refused("choice", "not one per question");
  election.questions.forEach((asked, i) => allowed(asked, choices[i]));
  yield* prepare(election, group);
  const y = group.parse(election.publicKey);
  const g = group.raise(group.g);
  const credential = group.text(g(secret));
  yield;
  const statement = `${election.fingerprint}|${credential}`;
  const kit = { group, g, y: group.raise(y), statement, key: election.publicKey };

  const answers = [];
  const openings = [];
  for (let i = 0; i < choices.length; i += 1) {
    const sealed = election.questions[i].ranked
      ? yield* sealRanked(kit, choices[i], next)
      : yield* sealAnswer(kit, election.questions[i], choices[i], next);
    answers.push(sealed.answer);
    openings.push(sealed.openings);
  }
  const unsigned = {
    election_uuid: election.uuid,
    election_hash: election.fingerprint,
    credential,
    answers,
  };
  const digest = base64(sha256(JSON.stringify(unsigned)));
  const w = next();
  const challenge = group.challenge(`sig|${digest}|`, [g(w)]);
  const response = group.reduce(w - secret * challenge);
  const proof = { challenge: String(challenge), response: String(response) };
  const ballot = JSON.stringify({ ...unsigned, signature: { hash: digest, proof } });
  yield;
  return { ballot, tracker: tracker(ballot), openings };
}

/** The tracker of a ballot text: 43 characters. */
export function tracker(ballot) {
  return base64(sha256(ballot));
}

/**
 * What a revealed ballot really holds: encrypts the revealed openings again and compares with the ballot.
 * Returns the choices; raises Refused("device-check") at the first ciphertext that holds something else.
 */
export function openRevealed(election, group, ballot, openings) {
  const g = group.raise(group.g);
  const y = group.raise(group.parse(election.publicKey));
  const parsed = JSON.parse(ballot);
  if (parsed.election_hash !== election.fingerprint || parsed.answers.length !== openings.length) {
    throw new Refused("device-check", "a ballot of another election");
  }
  return parsed.answers.map(({ choices }, i) => {
    if (election.questions[i].ranked) {
      const [{ r: text, m: order }] = openings[i];
      const r = group.scalar(text);
      const same = group.text(g(r)) === choices.alpha
        && group.text(group.multiply(y(r), encode(group, order))) === choices.beta;
      if (!same) throw new Refused("device-check", "the ballot holds something else than was revealed");
      return order;
    }
    if (choices.length !== openings[i].length) throw new Refused("device-check", "answers are missing");
    return choices.map(({ alpha, beta }, slot) => {
      const { m } = openings[i][slot];
      const r = group.scalar(openings[i][slot].r);
      const same = (m === 0 || m === 1)
        && group.text(g(r)) === alpha
        && group.text(group.multiply(y(r), g(BigInt(m)))) === beta;
      if (!same) throw new Refused("device-check", "the ballot holds something else than was revealed");
      return m;
    });
  });
}

/** True when a public credential is on the roll: entries are `point`, `point,weight`, or 12 digits of its SHA-256. */
export function onRoll(list, credential) {
  const short = hex(sha256(credential)).slice(0, 12);
  return list.some((entry) => entry === short || entry.split(",", 1)[0] === credential);
}

