// What the JavaScript tests share: the known answers, the groups, a list of draws.

import { readFileSync } from "node:fs";
import { openGroup } from "../../union/ballots/static/crypto/group.mjs";

const root = new URL("../../", import.meta.url);

export const known = (name) =>
  JSON.parse(readFileSync(new URL(`tests/vectors/kat/${name}.json`, root), "utf-8"));

const loadPoint = async () =>
  (await import(new URL("union/web/static/vendor/noble-ed25519/index.js", root))).Point;

export const groupNamed = (name) => openGroup(name, loadPoint);

/** A source of randomness that deals a fixed list and fails when it runs out. */
export function dealt(draws) {
  let at = 0;
  const next = () => {
    if (at >= draws.length) throw new Error("more draws than listed");
    at += 1;
    return BigInt(draws[at - 1]);
  };
  next.left = () => draws.length - at;
  return next;
}

/** Runs a generator to its end; returns [value, number of yields]. */
export function finished(generator) {
  let count = 0;
  for (;;) {
    const { done, value } = generator.next();
    if (done) return [value, count];
    count += 1;
  }
}

export const bytes = (text) => new TextEncoder().encode(text);
