import assert from "node:assert/strict";
import { test } from "node:test";

import { draw } from "../../union/ballots/static/crypto/group.mjs";
import * as trustees from "../../union/ballots/static/crypto/trustee.mjs";
import { finished, groupNamed } from "./known.mjs";

const FP = "OkNT3pMT4DWlEiUg/MpX0QqMy5Tu5+zs8bpQ8Fv+XVM";
const refused = (name) => ({ name });

for (const name of ["BELENIOS-2048", "Ed25519"]) {
  test(`${name}: a key with its proof`, async () => {
    const group = await groupNamed(name);
    const made = trustees.makeKey(group, () => draw(group.q));
    const { pok, public_key: publicKey } = JSON.parse(made.publicText);
    assert.equal(publicKey, made.publicKey);
    const y = group.parse(publicKey);
    const [c, r] = [group.scalar(pok.challenge), group.scalar(pok.response)];
    const commitment = group.multiply(group.power(group.g, r), group.power(y, c));
    assert.equal(group.challenge(`pok|${name}|${publicKey}|`, [commitment]), c);
    assert.equal(String(trustees.matchKey(group, made.privateKey, publicKey)), made.privateKey);
    const other = trustees.makeKey(group, () => draw(group.q));
    assert.throws(() => trustees.matchKey(group, other.privateKey, publicKey), refused("private-key"));
    assert.throws(() => trustees.matchKey(group, "abc", publicKey), refused("scalar-form"));
  });

  test(`${name}: a share decrypts, and both proofs hold; the strong one sees a changed factor`, async () => {
    const group = await groupNamed(name);
    const next = () => draw(group.q);
    const x = draw(group.q);
    const y = group.power(group.g, x);
    const counts = [[2n, 0n], [1n]];
    const tally = counts.map((row) => row.map((m) => {
      const r = draw(group.q);
      const beta = group.multiply(group.power(y, r), group.power(group.g, m));
      return { alpha: group.text(group.power(group.g, r)), beta: group.text(beta) };
    }));
    const [{ decryption, strongProofs }] = finished(trustees.decrypt(group, FP, x, tally, next));
    const { decryption_factors: factors, decryption_proofs: proofs } = JSON.parse(decryption);
    const strong = JSON.parse(strongProofs);
    assert.equal(JSON.stringify({ decryption_factors: factors, decryption_proofs: proofs }), decryption);
    tally.forEach((row, i) => row.forEach(({ alpha, beta }, j) => {
      const [a, f] = [group.parse(alpha), group.parse(factors[i][j])];
      const plain = group.multiply(f, group.power(group.g, counts[i][j]));
      assert.equal(group.text(plain), beta);
      const usual = `decrypt|${FP}|${group.text(y)}|`;
      assert.ok(trustees.checkSameLogarithm(group, y, a, f, usual, proofs[i][j]));
      const prefix = (factor) => `strongdecrypt|${FP}|${group.text(y)}|${alpha}|${group.text(factor)}|`;
      assert.ok(trustees.checkSameLogarithm(group, y, a, f, prefix(f), strong[i][j]));
      const wrong = group.multiply(f, group.g);
      assert.ok(!trustees.checkSameLogarithm(group, y, a, wrong, prefix(wrong), strong[i][j]));
      assert.ok(!trustees.checkSameLogarithm(group, y, a, f, prefix(f), proofs[i][j]));
    }));
  });

  test(`${name}: an all-zero tally, whose ciphertexts are the identity, can be decrypted`, async () => {
    const group = await groupNamed(name);
    const one = group.text(group.identity);
    const [{ decryption }] = finished(
      trustees.decrypt(group, FP, 5n, [[{ alpha: one, beta: one }]], () => draw(group.q)),
    );
    assert.equal(JSON.parse(decryption).decryption_factors[0][0], one);
  });

  test(`${name}: a ciphertext outside the group stops the share`, async () => {
    const group = await groupNamed(name);
    const bad = name === "Ed25519" ? "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826" : "2";
    const good = group.text(group.g);
    for (const pair of [{ alpha: bad, beta: good }, { alpha: good, beta: bad }]) {
      assert.throws(
        () => finished(trustees.decrypt(group, FP, 5n, [[pair]], () => draw(group.q))),
        refused("point-subgroup"),
      );
    }
  });
}
