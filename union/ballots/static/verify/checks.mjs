// The whole check of a published archive: setup, ballots, tally, shuffles, decryptions, result.
//
// Pure. Every kind of question, with trustees who are all needed or any t of n. Of what it does not know it says so, and
// never counts it as holding. Memory holds the archive and one digest a ciphertext.

import { fingerprint, readElection } from "../crypto/ballot.mjs";
import { Refused } from "../crypto/group.mjs";
import { placeOf } from "../crypto/embedding.mjs";
import { readBlock } from "../crypto/pedersen.mjs";
import { eventsOf, textOf, valueOf } from "./archive.mjs";
import { checkBallots } from "./ballots.mjs";
import { nested, readSummed } from "./lists.mjs";
import { checkDecryptions, checkResult, checkShuffles } from "./opening.mjs";
import { Power, checkKnowledge, kitOf } from "./proofs.mjs";

/** What is checked, in order, and the name of what does not even have the form it should. */
const STEPS = {
  archive: "archive-form",
  setup: "trustees-form",
  ballots: "ballot-form",
  tally: "tally-form",
  shuffles: "shuffle-form",
  decryptions: "decryption-form",
  result: "result-form",
};

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
    return readElection(bytes, readSummed);
  } catch (failure) {
    if (failure.name === "question-kind") throw new Unknown("question");
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
  if (kind === "Pedersen") {
    onlyMembers(value, ["threshold", "certs", "coefexps", "signatures?", "verification_keys"], "trustees-form");
    value.verification_keys.forEach((key) => onlyMembers(key, ["pok", "public_key", "signature?", "name?"], "trustees-form"));
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
  if (group.equal(run.y, group.identity)) throw new Refused("election-key", "the identity encrypts nothing");
  run.keys = [];
  run.kinds = [];
  let product = group.identity;
  for (const [kind, value] of valueOf(trustees.text, "trustees-form")) {
    const { keys, threshold, subKey } = yield* trusteesOf(group, kind, value);
    if (keys.some(({ key }) => group.equal(key, group.identity))) {
      throw new Refused("trustee-key-proof", "the identity is nobody's key");
    }
    run.kinds.push({ first: run.keys.length + 1, size: keys.length, threshold });
    run.keys.push(...keys.map(({ text, key }) => ({ text, power: new Power(group, key) })));
    product = group.multiply(product, subKey);
  }
  if (!run.keys.length) throw new Refused("trustees-form", "a vote has trustees");
  if (new Set(run.keys.map(({ text }) => text)).size !== run.keys.length) {
    throw new Refused("trustees-form", "two trustees have the same key");
  }
  if (!group.equal(product, run.y)) throw new Refused("election-key", "the public key is not the trustees'");
  yield* group.prepare(run.y);
  run.kit = kitOf(group, run.y);
  run.weights = new Map();
  let last = "";
  let inOrder = true;
  for (const line of valueOf(credentials.text, "credentials-form")) {
    const [point, weight = "1", ...more] = line.split(",");
    if (more.length || !/^(0|[1-9][0-9]{0,17})$/.test(weight)) throw new Refused("credentials-form", "a weight is a whole number");
    if (run.weights.has(point)) throw new Refused("credentials-distinct", "a public credential is listed twice");
    if (group.equal(group.parse(point), group.identity)) throw new Refused("credentials-form", "the identity is nobody's credential");
    run.weights.set(point, BigInt(weight));
    const place = placeOf(group, point);
    inOrder &&= last < place;
    last = place;
    yield;
  }
  if (!inOrder) throw new Refused("credentials-order", "the list is not sorted, so its order may tell who is who");
  const weighted = [...run.weights.values()].some((weight) => weight !== 1n);
  if (weighted && run.election.questions.some(({ ranked }) => ranked)) {
    throw new Refused("credentials-form", "a ranked question cannot be weighted");
  }
  return { credentials: run.weights.size, trustees: run.keys.length };
}

const written = (group, [alpha, beta]) => ({ alpha: group.text(alpha), beta: group.text(beta) });

/** A row of encrypted orders as it is published: by alpha, then beta. */
function sorted(group, pairs) {
  const placed = pairs.map((pair) => {
    const { alpha, beta } = written(group, pair);
    return [placeOf(group, alpha) + placeOf(group, beta), pair];
  });
  return placed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
}

/** The tally of each credential's last ballot, as elements: by question and slot, or by question and order. */
function tallyOf({ group, election, last, weights }) {
  const columns = election.questions.map(({ ranked, answers, blank }) =>
    (ranked ? [] : Array.from({ length: answers.length + (blank ? 1 : 0) }, () => [group.identity, group.identity])));
  let total = 0n;
  for (const [credential, pairs] of last) {
    const weight = weights.get(credential);
    total += weight;
    pairs.forEach((row, i) => row.forEach((pair, j) => {
      if (election.questions[i].ranked) columns[i].push(pair);
      else {
        columns[i][j] = columns[i][j].map((sum, side) =>
          group.multiply(sum, weight === 1n ? pair[side] : group.power(pair[side], weight)));
      }
    }));
  }
  return { columns: columns.map((row, i) => (election.questions[i].ranked ? sorted(group, row) : row)), total };
}

function checkTally(run, { payloads: [record, sized] }) {
  const { group } = run;
  const { columns, total } = tallyOf(run);
  const { num_tallied: count, total_weight: weight } = valueOf(sized.text);
  if (count !== run.last.size || weight !== (total < 2n ** 30n ? Number(total) : String(total))) {
    throw new Refused("tally-count", `the board holds ${run.last.size} counted ballots of weight ${total}`);
  }
  const form = columns.map((row, i) => nested(run.election.questions[i], row.map((pair) => written(group, pair))));
  if (record.text !== compact(form)) throw new Refused("tally-content", "the tally is not that of the board's ballots");
  run.tally = columns;
  run.total = total;
  return {};
}

/** What is checked of a board, by the names of STEPS; null where there is nothing yet. */
function actsOf(run, events) {
  const of = (kind) => events.filter((event) => event.kind === kind);
  const has = (kind, act) => (of(kind).length ? () => act(of(kind)) : null);
  return {
    archive: () => ({ events: events.length }),
    setup: has("Setup", ([event]) => checkSetup(run, event)),
    ballots: () => checkBallots(run, of("Ballot")),
    tally: has("EncryptedTally", ([event]) => checkTally(run, event)),
    shuffles: has("Shuffle", (shuffles) => checkShuffles(run, shuffles)),
    decryptions: has("PartialDecryption", (shares) => checkDecryptions(run, { shares, shuffled: of("EndShuffles").length > 0 })),
    result: has("Result", ([event]) => checkResult(run, event)),
  };
}

function* found(name, act) {
  try {
    const made = act();
    return { name, holds: true, facts: typeof made.next === "function" ? yield* made : made, failed: "" };
  } catch (failure) {
    if (failure instanceof Unknown) return { name, holds: null, facts: {}, failed: "unknown" };
    const failed = failure instanceof Refused ? failure.message : `${STEPS[name]}: ${failure.message}`;
    return { name, holds: false, facts: {}, failed };
  }
}

/**
 * Checks an archive that `read` read. onStep(what, done, total) hears of progress: "ballot", "shuffle" or "share"; yields often.
 * Returns {holds, head, fingerprint, name, questions, result, findings}: a finding is {name, holds, facts, failed}, holds
 * being true, false, or null when there is nothing yet or nothing this check knows (then `failed` says "unknown").
 */
export function* check({ events }, group, onStep = () => {}) {
  const run = { group, done: onStep };
  const findings = [];
  let reached = true;
  for (const [name, act] of Object.entries(actsOf(run, events))) {
    findings.push(reached && act ? yield* found(name, act) : { name, holds: null, facts: {}, failed: "" });
    reached &&= findings.at(-1).holds !== false && findings.at(-1).failed !== "unknown";
  }
  const { height, digest } = events.at(-1);
  const questions = run.election?.questions ?? [];
  const shuffled = questions.some(({ ranked }) => ranked) || findings.some(({ name, holds }) => name === "shuffles" && holds === false);
  return {
    holds: reached,
    head: { height, digest },
    fingerprint: fingerprint(events[0].payloads[0].bytes),
    name: run.election?.name ?? "",
    questions,
    result: findings.at(-1).facts.result ?? null,
    findings: shuffled ? findings : findings.filter(({ name }) => name !== "shuffles"),
  };
}
