import assert from "node:assert/strict";
import { test } from "node:test";

import { generator } from "../../union/ballots/static/crypto/embedding.mjs";
import { draw } from "../../union/ballots/static/crypto/group.mjs";
import { pieces, rankedRows, shuffle } from "../../union/ballots/static/crypto/shuffle.mjs";
import { finished, groupNamed, known } from "./known.mjs";

const all = known("ballots-and-groups");

for (const name of ["Ed25519", "RFC-3526-2048"]) {
  test(`${name}: independent generators`, async () => {
    const group = await groupNamed(name);
    for (const [i, text] of Object.entries(all[name].generators)) assert.equal(group.text(generator(group, i)), text);
  });
}

test("a shuffle says beforehand how long it is, and shuffles the ranked questions only", async () => {
  const group = await groupNamed("Ed25519");
  const pair = () => {
    const [alpha, beta] = [draw(group.q), draw(group.q)].map((x) => group.text(group.power(group.g, x)));
    return { alpha, beta };
  };
  const rows = [[pair()], [pair(), pair(), pair()], [pair(), pair(), pair()]];
  const questions = [{}, { ranked: "ranking" }, { ranked: "grading" }];
  const election = { publicKey: group.text(group.power(group.g, 7n)), fingerprint: "x".repeat(43), questions };
  const chosen = rankedRows(election, rows);
  assert.deepEqual(chosen, rows.slice(1));
  finished(group.prepare(group.g));
  finished(group.prepare(group.parse(election.publicKey)));
  const [text, yields] = finished(shuffle(group, election, chosen, draw));
  assert.equal(yields, pieces([3, 3]));
  const { ciphertexts, proofs } = JSON.parse(text);
  assert.deepEqual(ciphertexts.map((row) => row.length), [3, 3]);
  assert.equal(proofs.length, 2);
  const before = new Set(chosen.flat().map(({ alpha }) => alpha));
  assert.ok(ciphertexts.flat().every(({ alpha }) => !before.has(alpha)), "nothing is recognized");
});
