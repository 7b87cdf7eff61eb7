// A trustee's private scalar from what is given on the page: the key file or its digits, or with a threshold the key code,
// which opens the part the trustee sealed to itself. It stays in memory and is sent nowhere.

import { openKey } from "./crypto/ceremony.mjs";
import { Refused } from "./crypto/group.mjs";
import { matchKey } from "./crypto/trustee.mjs";
import { readKey } from "./trustee_file.mjs";
import { readSeed } from "./trustee_seed.mjs";

/** The names of refusals that point at the file field. */
export const AT_FILE = Object.fromEntries(
  ["no-key", "key-text", "key-of-other-vote", "private-key", "other-seed"].map((name) => [name, "file"]),
);

/** The text that was chosen or typed in a frame's form. */
export async function given(frame) {
  const [file] = frame.part("file").files;
  const typed = frame.part("typed").value;
  if (!file && !typed.trim()) throw new Refused("no-key", "neither file nor typed");
  return file ? file.text() : typed;
}

/** The scalar that belongs to the page's public key; facts: the root's dataset. Refused by name when it does not. */
export async function privateKey(frame, group, uuid) {
  const { publicKey, sealed, certificate } = frame.root.dataset;
  const read = (sealed ? readSeed : readKey)(await given(frame));
  if (read === null) throw new Refused("key-text", "holds no key");
  if (read.uuid !== null && read.uuid !== uuid) throw new Refused("key-of-other-vote", read.uuid);
  if (!sealed) return matchKey(group, read.privateKey, publicKey);
  return matchKey(group, String(await openKey(group, certificate, read.seed, sealed)), publicKey);
}
