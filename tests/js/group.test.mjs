import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { draw, openGroup } from "../../union/ballots/static/crypto/group.mjs";
import { base64, hex, sha256 } from "../../union/ballots/static/crypto/sha256.mjs";
import { groupNamed, known } from "./known.mjs";

const ed = known("ed25519-group");
const all = known("ballots-and-groups");
const NAMES = ["BELENIOS-2048", "RFC-3526-2048", "Ed25519"];
const refused = (name) => ({ name });

test("SHA-256 equals OpenSSL's at every length round the block borders", () => {
  for (let length = 0; length < 300; length += 1) {
    const message = randomBytes(length);
    assert.equal(hex(sha256(new Uint8Array(message))), createHash("sha256").update(message).digest("hex"));
  }
  assert.equal(hex(sha256("€")), createHash("sha256").update("€", "utf-8").digest("hex"));
  assert.equal(base64(sha256("")), createHash("sha256").digest("base64").replace("=", ""));
});

test("Ed25519: multiples of the generator, written and read", async () => {
  const group = await groupNamed("Ed25519");
  assert.equal(String(group.q), ed.q);
  assert.equal(group.text(group.g), ed.generator);
  assert.equal(group.text(group.identity), ed.identity);
  const g = group.raise(group.g);
  for (const [exponent, point] of Object.entries(ed.multiples_of_g)) {
    assert.equal(group.text(g(BigInt(exponent))), point);
    assert.equal(group.text(group.power(group.g, BigInt(exponent))), point);
    assert.ok(group.equal(group.parse(point), g(BigInt(exponent))));
  }
  assert.equal(group.text(group.identity.negate()), ed.identity);
});

test("Ed25519: hash to scalar", async () => {
  const group = await groupNamed("Ed25519");
  for (const { prefix, points, result } of ed.hash_to_scalar) {
    const elements = points.map((point) => group.parse(point));
    assert.equal(String(group.challenge(prefix, elements)), result);
  }
});

for (const name of NAMES) {
  test(`${name}: powers, inverse and challenge`, async () => {
    const group = await groupNamed(name);
    const expected = all[name];
    const g = group.raise(group.g);
    assert.equal(String(group.q), expected.q);
    for (const [label, exponent] of [["g", 1n], ["g^2", 2n], ["g^3", 3n], ["g^-1", -1n], ["g^123456789", 123456789n]]) {
      assert.equal(group.text(g(exponent)), expected[label], label);
      assert.equal(group.text(group.power(group.g, group.reduce(exponent))), expected[label], label);
    }
    const x = group.text(g(7n));
    const challenge = group.challenge(`pok|${name}|${x}|`, [g(5n)]);
    assert.equal(String(challenge), expected["H('pok|'+name+'|'+X+'|', [g^5]) mod q, X=g^7"]);
  });

  test(`${name}: a table and the plain power agree on random exponents`, async () => {
    const group = await groupNamed(name);
    const base = group.power(group.g, draw(group.q));
    const raise = group.raise(base);
    for (let i = 0; i < 5; i += 1) {
      const e = draw(group.q);
      assert.ok(group.equal(raise(e), group.power(base, e)));
    }
    assert.ok(group.equal(raise(0n), group.identity));
    assert.ok(group.equal(raise(group.q), group.identity));
  });

  test(`${name}: scalars have one writing`, async () => {
    const group = await groupNamed(name);
    assert.equal(group.scalar("0"), 0n);
    assert.equal(group.scalar(String(group.q - 1n)), group.q - 1n);
    for (const text of ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", 1, null, "9".repeat(700)]) {
      assert.throws(() => group.scalar(text), refused("scalar-form"), String(text));
    }
    assert.throws(() => group.scalar(String(group.q)), refused("scalar-form"));
  });
}

test("Ed25519: small-order, mixed-order and non-canonical points are refused by name", async () => {
  const group = await groupNamed("Ed25519");
  const { order8, g_plus_order8: mixed } = all.Ed25519.reject;
  const p = 2n ** 255n - 19n;
  const written = (n) => n.toString(16).padStart(64, "0");
  assert.throws(() => group.parse(order8), refused("point-subgroup"));
  assert.throws(() => group.parse(mixed), refused("point-subgroup"));
  assert.throws(() => group.parse(written(p - 1n)), refused("point-subgroup")); // order 2
  assert.throws(() => group.parse(written(p + 1n)), refused("point-form")); // identity, not reduced
  assert.throws(() => group.parse(written(1n + 2n ** 255n)), refused("point-form")); // x = 0 with the sign bit
  assert.throws(() => group.parse(written(p + 1n + 2n ** 255n)), refused("point-form"));
  assert.throws(() => group.parse(written(2n)), refused("point-form")); // no such point
  for (const text of ["", "66", ed.generator.toUpperCase().replace(/6/g, "A"), `${ed.generator} `, `0x${ed.generator.slice(2)}`, 1, null]) {
    assert.throws(() => group.parse(text), refused("point-form"), String(text));
  }
});

test("BELENIOS-2048: elements outside the subgroup or written otherwise are refused by name", async () => {
  const group = await groupNamed("BELENIOS-2048");
  assert.throws(() => group.parse("2"), refused("point-subgroup"));
  assert.throws(() => group.parse(String(group.p - 1n)), refused("point-subgroup"));
  for (const text of ["0", String(group.p), String(group.p + 1n), String(group.p + group.g)]) {
    assert.throws(() => group.parse(text), refused("point-form"));
  }
  for (const text of ["", "01", "-1", "abc", `${group.g} `, 5, "9".repeat(700)]) {
    assert.throws(() => group.parse(text), refused("point-form"));
  }
  assert.equal(group.parse("1"), 1n);
});

test("an unknown group is refused", async () => {
  await assert.rejects(openGroup("secp256k1"), refused("group-known"));
});

test("draws are below q and spread over its range", () => {
  const q = 1000n;
  const seen = new Set();
  for (let i = 0; i < 3000; i += 1) {
    const value = draw(q);
    assert.ok(value >= 0n && value < q);
    seen.add(value);
  }
  assert.ok(seen.size > 850, `only ${seen.size} of 1000 values in 3000 draws`);
});
