// Questions as they are published, and answers to those on lists: one list, and at least one of its names (FORMAT.md,
// section 9). Lists are read and checked here, never asked.
//
// Pure. Values are kept in one row, list after list, each list's own value first; records write a row as lists of lists.

import { Refused } from "../crypto/group.mjs";
import { Power, checkChoices, checkOneOf, proofOf } from "./proofs.mjs";

/** A question on lists. `answers` names the values in their order. */
function readLists({ answers: lists, question: text }) {
  const whole = Array.isArray(lists) && lists.length
    && lists.every((names) => Array.isArray(names) && names.length && names.every((name) => typeof name === "string"));
  if (!whole || typeof text !== "string") throw new Refused("election-form", "a question on lists needs lists");
  const answers = lists.flatMap(([own, ...names]) => [own, ...names.map((name) => `${own} · ${name}`)]);
  return { lists, answers, text };
}

/** A question whose answers are added up, also one that no booth would ask; null when it is of another kind. */
export function readSummed(entry) {
  const typed = Object.hasOwn(Object(entry), "type");
  if (typed && !["Lists", "Homomorphic"].includes(entry.type)) return null;
  const value = Object(typed ? entry.value : entry);
  if (entry?.type === "Lists") return readLists(value);
  const { answers, min, max, question: text, blank = false } = value;
  const whole = [min, max].every(Number.isInteger) && Array.isArray(answers) && answers.length && typeof blank === "boolean"
    && [text, ...answers].every((each) => typeof each === "string");
  if (!whole || min < 0 || min > max || max > answers.length) throw new Refused("election-form", "not a question");
  return { answers, min, max, text, blank };
}

/** A row as records write it. */
export function nested({ lists }, row) {
  if (!lists) return row;
  let at = 0;
  return lists.map(({ length }) => row.slice(at, at += length));
}

/** The row of what a record holds for a question; refused when it has another shape. length: where nothing is listed. */
export function rowOf({ lists }, value, length, check) {
  const fits = (list, wanted) => Array.isArray(list) && list.length === wanted;
  const right = lists
    ? fits(value, lists.length) && value.every((list, i) => fits(list, lists[i].length))
    : fits(value, length);
  if (!right) throw new Refused(check, "it does not fit the questions");
  return lists ? value.flat() : value;
}

/** An answer's own fields in their order. */
export function listsForm(answer, proofForm) {
  const { commitment, challenge, response: [t1, t2] } = answer.nonzero_proof;
  return {
    choices: answer.choices.map((list) => list.map(({ alpha, beta }) => ({ alpha, beta }))),
    individual_proofs: answer.individual_proofs.map((list) => list.map((proofs) => proofs.map(proofForm))),
    overall_proof: proofForm(answer.overall_proof),
    list_proofs: answer.list_proofs.map((proofs) => proofs.map(proofForm)),
    nonzero_proof: { commitment, challenge, response: [t1, t2] },
  };
}

function product(group, powers) {
  const [alpha, beta] = ["alpha", "beta"].map((side) =>
    powers.reduce((all, power) => group.multiply(all, power[side].base), group.identity));
  return { alpha: new Power(group, alpha), beta: new Power(group, beta), text: `${group.text(alpha)},${group.text(beta)}` };
}

/** Checks every proof of one answer; returns its pairs in one row. statement: fingerprint|credential. */
export function* checkLists({ group, kit }, asked, answer, statement) {
  const choices = rowOf(asked, answer.choices, 0, "ballot-form");
  const { pairs, powers } = yield* checkChoices(kit, statement, choices, rowOf(asked, answer.individual_proofs, 0, "ballot-form"));
  const every = `${statement}|${choices.map(({ alpha, beta }) => `${alpha},${beta}`).join(",")}|`;
  const rows = nested(asked, powers);
  const own = product(group, rows.map(([first]) => first));
  const chosen = [{ ...own, value: 1n }];
  yield* checkOneOf(kit, `prove|${every}${own.text}|`, chosen, [answer.overall_proof], "ballot-overall-proof");
  if (answer.list_proofs.length !== rows.length) throw new Refused("ballot-form", "its proofs do not fit the lists");
  for (const [i, [first, ...others]] of rows.entries()) {
    const sides = [{ ...first, value: 1n }, { ...product(group, others), value: 0n }];
    yield* checkOneOf(kit, `lproof|${every}`, sides, answer.list_proofs[i], "ballot-list-proof");
  }
  checkNonZero(kit, `nonzero|${every}`, product(group, rows.flatMap(([, ...others]) => others)), answer.nonzero_proof);
  yield;
  return pairs;
}

/** The pair does not encrypt 0: A1 = alpha^t1·g^t2 and A2 = beta^t1·y^t2·commitment^challenge. */
function checkNonZero({ group, g, y }, prefix, { alpha, beta }, { commitment: text, challenge, response }) {
  const commitment = group.parse(text);
  const [{ c, s: first }, { s: second }] = response.map((each) => proofOf(group, { challenge, response: each }));
  const a1 = group.multiply(alpha.raise(first), g(second));
  const a2 = group.multiply(group.multiply(beta.raise(first), y(second)), group.power(commitment, c));
  if (group.equal(commitment, group.identity) || group.challenge(prefix, [commitment, a1, a2]) !== c) {
    throw new Refused("ballot-nonzero-proof", "the proof that somebody is chosen does not hold");
  }
}
