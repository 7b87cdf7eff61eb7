// A trustee gives a share of the decryption: the key is read on this device, the share and its proofs are sent.

import { fingerprint } from "./crypto/ballot.mjs";
import { Refused, draw, openGroup } from "./crypto/group.mjs";
import { decrypt, matchKey } from "./crypto/trustee.mjs";
import { readKey } from "./trustee_file.mjs";
import { Frame, once, sentence } from "./page.mjs";
import { paced } from "./pace.mjs";
import { bytesAt, jsonAt, post } from "./wire.mjs";

const root = document.getElementById("trustee");
const frame = new Frame(root);
const { words } = frame;
const facts = root.dataset;

/** The election's own words: {uuid, group, fp}; refused when the page names another fingerprint. */
async function election() {
  const bytes = await bytesAt(facts.electionUrl);
  const fp = fingerprint(bytes);
  if (fp !== facts.fingerprint) throw new Refused("fingerprint", "another election record");
  const { uuid, group } = JSON.parse(new TextDecoder().decode(bytes));
  return { uuid, fp, group: await openGroup(group, async () => (await import(facts.curveUrl)).Point) };
}

/** The private scalar from the chosen file or the typed digits; refused by name when it is not this trustee's. */
async function privateKey({ uuid, group }) {
  const [file] = frame.part("file").files;
  const typed = frame.part("typed").value;
  if (!file && !typed.trim()) throw new Refused("no-key", "neither file nor digits");
  const read = readKey(file ? await file.text() : typed);
  if (read === null) throw new Refused("key-text", "holds no key");
  if (read.uuid !== null && read.uuid !== uuid) throw new Refused("key-of-other-vote", read.uuid);
  return matchKey(group, read.privateKey, facts.publicKey);
}

async function share() {
  const vote = await election();
  const x = await privateKey(vote);
  const tally = await jsonAt(facts.tallyUrl);
  const bar = frame.part("progress");
  bar.max = tally.flat().length * 3;
  bar.value = 0;
  frame.show("working");
  const work = decrypt(vote.group, vote.fp, x, tally, () => draw(vote.group.q));
  const { decryption, strongProofs } = await paced(work, (done) => { bar.value = done; });
  await post(facts.submitUrl, facts.csrf, { decryption, strong_proofs: strongProofs });
}

const give = once(async () => {
  frame.clear();
  try {
    await share();
    frame.part("form").reset();
    frame.show("done");
  } catch (failure) {
    if (frame.shown !== "start") frame.show("start");
    const target = { "no-key": "file", "key-text": "file", "key-of-other-vote": "file", "private-key": "file" }[failure.name];
    frame.problem({ text: sentence(failure, words), target });
  }
});

if (facts.done) {
  frame.show("done");
} else {
  frame.part("form").addEventListener("submit", give);
  frame.show("start");
}
