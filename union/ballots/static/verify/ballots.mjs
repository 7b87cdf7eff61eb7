// Checking the ballots of a board: form, credential, signature, every proof of every answer.

import { Refused } from "../crypto/group.mjs";
import { base64, sha256 } from "../crypto/sha256.mjs";
import { checkLists, listsForm } from "./lists.mjs";
import { Power, checkChoices, checkKnowledge, checkOneOf, checkRandomness } from "./proofs.mjs";

const compact = JSON.stringify;

export const proofForm = ({ challenge, response }) => ({ challenge, response });
const pairForm = ({ alpha, beta }) => ({ alpha, beta });

function answerForm({ ranked, lists, blank }, answer) {
  if (lists) return listsForm(answer, proofForm);
  if (ranked) return { choices: pairForm(answer.choices), proof: proofForm(answer.proof) };
  const form = {
    choices: answer.choices.map(pairForm),
    individual_proofs: answer.individual_proofs.map((proofs) => proofs.map(proofForm)),
    overall_proof: answer.overall_proof.map(proofForm),
  };
  if (blank) form.blank_proof = answer.blank_proof.map(proofForm);
  return form;
}

/** A ballot's own fields in their order: what its text must be, byte for byte. */
function ballotForm(ballot, questions) {
  const answers = ballot.answers.map((answer, i) => answerForm(questions[i] ?? {}, answer));
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
    if (questions[i].ranked || questions[i].lists) return true;
    const slots = questions[i].answers.length + (questions[i].blank ? 1 : 0);
    return answer.choices.length === slots && answer.individual_proofs.length === slots;
  });
  if (!shaped) throw new Refused("ballot-form", "its answers do not fit the questions");
  return form;
}

/** Checks every proof of one answer; returns its pairs as elements. */
function* checkAnswer(run, asked, answer, statement) {
  const { group, kit } = run;
  const { pairs, powers } = yield* checkChoices(kit, statement, answer.choices, answer.individual_proofs);
  const written = answer.choices.map(({ alpha, beta }) => `${alpha},${beta}`);
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

/** Checks an encrypted order; returns its one pair. */
function* checkRanked({ group, kit, election }, { choices, proof }, statement) {
  const [alpha, beta] = [group.read(choices.alpha), group.read(choices.beta)];
  const power = new Power(group, alpha).inSubgroup();
  yield;
  group.inSubgroup(beta);
  yield;
  const prefix = `raweg|${statement}|${election.publicKey},${choices.alpha},${choices.beta}|`;
  checkRandomness(kit, power, prefix, proof, "ballot-ranked-proof");
  yield;
  return [[alpha, beta]];
}

function* checkBallot(run, text) {
  const { group, election, weights, alphas } = run;
  const ballot = ballotOf(text, election);
  if (!weights.has(ballot.credential)) throw new Refused("ballot-credential", "its credential is not listed");
  const voter = group.read(ballot.credential);
  if (group.equal(voter, group.identity)) throw new Refused("ballot-credential", "the identity is nobody's credential");
  for (const { alpha } of ballot.answers.flatMap(({ choices }) => [choices].flat(2))) {
    if (alphas.has(alpha)) throw new Refused("ballot-repeated", "it repeats a ciphertext");
    alphas.add(alpha);
  }
  const { signature, ...unsigned } = ballot;
  if (signature.hash !== base64(sha256(compact(unsigned)))) throw new Refused("ballot-signature", "it signs something else");
  checkKnowledge(group, voter, `sig|${signature.hash}|`, signature.proof, "ballot-signature");
  yield;
  const statement = `${election.fingerprint}|${ballot.credential}`;
  const pairs = [];
  for (let i = 0; i < ballot.answers.length; i += 1) {
    const asked = election.questions[i];
    if (asked.ranked) pairs.push(yield* checkRanked(run, ballot.answers[i], statement));
    else pairs.push(yield* (asked.lists ? checkLists : checkAnswer)(run, asked, ballot.answers[i], statement));
  }
  return { credential: ballot.credential, pairs };
}

/** Checks every ballot; keeps each voter's last one. */
export function* checkBallots(run, events) {
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
    run.done("ballot", i + 1, events.length);
  }
  return { ballots: events.length, voters: run.last.size };
}
