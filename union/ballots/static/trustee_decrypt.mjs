// A trustee gives a share of the decryption: the key is read on this device, the share and its proofs are sent.

import { fingerprint } from "./crypto/ballot.mjs";
import { Refused, draw, openGroup } from "./crypto/group.mjs";
import { decrypt } from "./crypto/trustee.mjs";
import { Frame, once, sentence } from "./page.mjs";
import { paced } from "./pace.mjs";
import { AT_FILE, privateKey } from "./trustee_open.mjs";
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

async function share() {
  const vote = await election();
  const x = await privateKey(frame, vote.group, vote.uuid);
  const tally = await jsonAt(facts.tallyUrl);
  const bar = frame.part("progress");
  bar.max = tally.flat().length * 3;
  bar.value = 0;
  frame.show("working");
  const work = decrypt(vote.group, vote.fp, x, tally, () => draw(vote.group.q));
  const { decryption, strongProofs } = await paced(work, (done) => { bar.value = done; });
  return post(facts.submitUrl, facts.csrf, { decryption, strong_proofs: strongProofs });
}

const give = once(async () => {
  frame.clear();
  try {
    const { unneeded } = await share();
    frame.part("form").reset();
    frame.show(unneeded ? "unneeded" : "done");
  } catch (failure) {
    if (frame.shown !== "start") frame.show("start");
    frame.problem({ text: sentence(failure, words), target: AT_FILE[failure.name] });
  }
});

if (facts.done || facts.unneeded) {
  frame.show(facts.done ? "done" : "unneeded");
} else {
  frame.part("form").addEventListener("submit", give);
  frame.show("start");
}
