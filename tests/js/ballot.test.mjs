import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import * as ballots from "../../union/ballots/static/crypto/ballot.mjs";
import { encode } from "../../union/ballots/static/crypto/embedding.mjs";
import { draw } from "../../union/ballots/static/crypto/group.mjs";
import { bytes, dealt, finished, groupNamed, known } from "./known.mjs";

const all = known("ballots-and-groups");
const ed = known("ed25519-group");
const refused = (name) => ({ name });

for (const name of ["BELENIOS-2048", "Ed25519"]) {
  const set = all[name].deterministic_ballots;
  const election = ballots.readElection(bytes(set.election_json));

  test(`${name}: fingerprint of the election`, () => {
    assert.equal(election.fingerprint, set.fingerprint);
  });

  test(`${name}: credential derivation`, async () => {
    const group = await groupNamed(name);
    const { uuid, cred, secret, public: point } = all[name].credential_v3;
    const s = ballots.credentialSecret(group, uuid, cred);
    assert.equal(String(s), secret);
    assert.equal(ballots.credentialPublic(group, s), point);
  });

  for (const [kind, { choices, draws_in_order: draws, ballot, tracker }] of Object.entries(set.ballots)) {
    test(`${name}: the ${kind} ballot, byte for byte`, async () => {
      const group = await groupNamed(name);
      const secret = ballots.credentialSecret(group, election.uuid, set.credential);
      const next = dealt(draws);
      finished(ballots.prepare(election, group));
      const [sealed, yields] = finished(ballots.seal(election, group, secret, choices, next));
      assert.equal(sealed.ballot, ballot);
      assert.equal(sealed.tracker, tracker);
      assert.equal(next.left(), 0);
      assert.equal(yields, ballots.pieces(election)); // for every choice: the progress bar tells nothing
      assert.deepEqual(ballots.openRevealed(election, group, sealed.ballot, sealed.openings), choices);
    });
  }

  test(`${name}: a revealed ballot with another choice is caught`, async () => {
    const group = await groupNamed(name);
    const { choices, draws_in_order: draws } = set.ballots.normal;
    const secret = ballots.credentialSecret(group, election.uuid, set.credential);
    const [{ ballot, openings }] = finished(ballots.seal(election, group, secret, choices, dealt(draws)));
    const lie = structuredClone(openings);
    lie[0][0].m = 0;
    lie[0][1].m = 1;
    assert.throws(() => ballots.openRevealed(election, group, ballot, lie), refused("device-check"));
    const short = structuredClone(openings);
    short[1].pop();
    assert.throws(() => ballots.openRevealed(election, group, ballot, short), refused("device-check"));
    const foreign = { ...election, fingerprint: "x".repeat(43) };
    assert.throws(() => ballots.openRevealed(foreign, group, ballot, openings), refused("device-check"));
  });

  test(`${name}: choices the question forbids are refused`, async () => {
    const group = await groupNamed(name);
    const forbidden = [
      [[1, 1, 0], [1, 0, 0, 0]],
      [[0, 0, 0], [1, 0, 0, 0]],
      [[2, 0, 0], [1, 0, 0, 0]],
      [[1, 0, 0], [1, 1, 0, 0]],
      [[1, 0, 0], [0, 0, 0, 0]],
      [[1, 0, 0], [0, 1, 1, 1]],
      [[1, 0], [1, 0, 0, 0]],
      [[1, 0, 0]],
    ];
    for (const choices of forbidden) {
      assert.throws(
        () => finished(ballots.seal(election, group, 5n, choices, () => draw(group.q))),
        refused("choice"),
        JSON.stringify(choices),
      );
    }
  });
}

test("credentials as people type them", () => {
  const written = "cgd6E-iAAz6F-iHJeV-HZgQyd";
  for (const typed of [written, " cgd6E iAAz6F iHJeV HZgQyd ", "cgd6EiAAz6FiHJeVHZgQyd", "cgd6E–iAAz6F—iHJeV‑HZgQyd\n"]) {
    assert.equal(ballots.credentialText(typed), written);
  }
  for (const typed of ["", "cgd6E-iAAz6F-iHJeV-HZgQy", "cgd6E-iAAz6F-iHJeV-HZgQydd", "cgd0E-iAAz6F-iHJeV-HZgQyd", "cgdIE-iAAz6F-iHJeV-HZgQyd", "cgdlE-iAAz6F-iHJeV-HZgQyd", "cgdOE-iAAz6F-iHJeV-HZgQyd"]) {
    assert.equal(ballots.credentialText(typed), null, typed);
  }
});

test("the older full credential example", async () => {
  const group = await groupNamed("Ed25519");
  for (const { uuid, credential, scalar, public: point } of ed.credential_full) {
    const s = ballots.credentialSecret(group, uuid, credential);
    assert.equal(String(s), scalar);
    assert.equal(ballots.credentialPublic(group, s), point);
  }
});

test("the roll: full entries, weighted entries and short digests", () => {
  const point = "2e6a5bef";
  const short = createHash("sha256").update(point).digest("hex").slice(0, 12);
  assert.ok(ballots.onRoll(["aa", point], point));
  assert.ok(ballots.onRoll([`${point},3`], point));
  assert.ok(ballots.onRoll([short], point));
  assert.ok(!ballots.onRoll([], point));
  assert.ok(!ballots.onRoll(["2e6a5be", `${point}0`, "aa"], point));
});

test("elections this booth cannot serve are refused", () => {
  const base = JSON.parse(all.Ed25519.deterministic_ballots.election_json);
  const read = (change) => () => ballots.readElection(bytes(JSON.stringify({ ...base, ...change })));
  assert.throws(read({ version: 2 }), refused("election-version"));
  const value = { answers: ["a", "b"], question: "q" };
  assert.throws(read({ questions: [{ type: "Lists", value }] }), refused("question-kind"));
  assert.throws(read({ questions: [{ type: "NonHomomorphic", value: { answers: [], question: "q" } }] }), refused("question-kind"));
  assert.throws(read({ questions: [{ answers: ["a"], min: 0, max: 2, question: "q" }] }), refused("question-kind"));
  assert.throws(read({ questions: [{ answers: ["a"], min: 1, max: 0, question: "q" }] }), refused("question-kind"));
  assert.throws(() => ballots.readElection(new Uint8Array([0xff, 0xfe])), TypeError);
});

test("orders and grades: kinds, device check, what cannot be chosen, and no time that tells the choice", async () => {
  const base = JSON.parse(all.Ed25519.deterministic_ballots.election_json);
  const value = { answers: ["a", "b", "c"], question: "q" };
  const extra = { type: "ScoreVoting", method: "MajorityJudgment", grades: ["good", "bad"] };
  const questions = [{ type: "NonHomomorphic", value }, { type: "NonHomomorphic", value, extra }];
  const election = ballots.readElection(bytes(JSON.stringify({ ...base, questions })));
  assert.deepEqual(election.questions.map(({ ranked }) => ranked), ["ranking", "grading"]);
  const group = await groupNamed("Ed25519");
  const next = () => draw(group.q);
  finished(ballots.prepare(election, group));
  for (const choices of [[[1, 2, 3], [1, 1, 2]], [[0, 0, 0], [0, 0, 0]], [[3, 0, 255], [2, 2, 2]]]) {
    const [{ ballot, openings }, yields] = finished(ballots.seal(election, group, 5n, choices, next));
    assert.equal(yields, ballots.pieces(election));
    assert.deepEqual(ballots.openRevealed(election, group, ballot, openings), choices);
    const lie = structuredClone(openings);
    lie[0][0].m = [2, 1, 3];
    assert.throws(() => ballots.openRevealed(election, group, ballot, lie), refused("device-check"));
  }
  for (const wrong of [[1, 2], [1, 2, 256], [1, 2, -1], [1, 2, "3"]]) {
    assert.throws(() => finished(ballots.seal(election, group, 5n, [wrong, [1, 1, 1]], next)), refused("choice"));
  }
  const field = await groupNamed("BELENIOS-2048");
  assert.throws(() => encode(field, [1, 2]), refused("question-kind"));
});
