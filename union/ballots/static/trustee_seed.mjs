// The file in which a threshold trustee keeps the key code (the seed), and reading it back from a file or a sheet. Pure.

import { typedSeed } from "./crypto/ceremony.mjs";

const KIND = "union-trustee-seed";

/** The text of the file. */
export function seedFile({ uuid, title, trustee, number }, seed) {
  return `${JSON.stringify({ kind: KIND, version: 1, uuid, title, trustee, number, seed }, null, 1)}\n`;
}

/** The seed in a text, our file or typed: {seed, uuid, number}, the latter null where it names none; null without one. */
export function readSeed(text) {
  const typed = typedSeed(text);
  if (typed) return { seed: typed, uuid: null, number: null };
  try {
    const { kind, uuid, number, seed } = JSON.parse(text);
    return kind === KIND && typedSeed(seed) ? { seed: typedSeed(seed), uuid, number } : null;
  } catch {
    return null;
  }
}
