// A trustee tests the key before the opening: a dummy made on this device is decrypted with it, only the proof is sent.

import { draw, openGroup } from "./crypto/group.mjs";
import { decrypt, testTally } from "./crypto/trustee.mjs";
import { Frame, once, sentence } from "./page.mjs";
import { paced } from "./pace.mjs";
import { AT_FILE, privateKey } from "./trustee_open.mjs";
import { post } from "./wire.mjs";

const root = document.getElementById("trustee");
const frame = new Frame(root);
const { words } = frame;
const facts = root.dataset;

async function test() {
  const { uuid, group: name } = JSON.parse(facts.election);
  const group = await openGroup(name, async () => (await import(facts.curveUrl)).Point);
  const x = await privateKey(frame, group, uuid);
  frame.show("working");
  const { fp, tally } = testTally(group, facts.election);
  const { decryption, strongProofs } = await paced(decrypt(group, fp, x, tally, () => draw(group.q)));
  await post(facts.submitUrl, facts.csrf, { decryption, strong_proofs: strongProofs });
}

frame.part("form").addEventListener("submit", once(async () => {
  frame.clear();
  try {
    await test();
    frame.part("form").reset();
    frame.show("done");
  } catch (failure) {
    if (frame.shown !== "start") frame.show("start");
    frame.problem({ text: sentence(failure, words), target: AT_FILE[failure.name] });
  }
}));
frame.part("again").addEventListener("click", () => frame.show("start"));
frame.show(facts.done ? "done" : "start");
