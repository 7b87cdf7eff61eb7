// A trustee shuffles the encrypted orders: on this device, with a proof; which vote went where is forgotten with the page.

import { readElection } from "./crypto/ballot.mjs";
import { Refused, draw, openGroup } from "./crypto/group.mjs";
import { pieces, rankedRows, shuffle } from "./crypto/shuffle.mjs";
import { Frame, once, sentence } from "./page.mjs";
import { paced } from "./pace.mjs";
import { bytesAt, jsonAt, post } from "./wire.mjs";

const root = document.getElementById("trustee");
const frame = new Frame(root);
const { words } = frame;
const facts = root.dataset;

async function work() {
  const election = readElection(await bytesAt(facts.electionUrl));
  if (election.fingerprint !== facts.fingerprint) throw new Refused("fingerprint", "another election record");
  const group = await openGroup(election.groupName, async () => (await import(facts.curveUrl)).Point);
  const rows = rankedRows(election, await jsonAt(facts.tallyUrl));
  const bar = frame.part("progress");
  bar.max = pieces(rows.map((row) => row.length));
  bar.value = 0;
  const made = await paced(shuffle(group, election, rows, draw), (done) => { bar.value = Math.min(done, bar.max); });
  frame.say("status", words.sending);
  await post(facts.submitUrl, facts.csrf, { shuffle: made });
}

const give = once(async () => {
  frame.clear();
  frame.show("working");
  try {
    await work();
    frame.show("done");
  } catch (failure) {
    frame.show("start");
    frame.problem({ text: sentence(failure, words) });
  } finally {
    frame.say("status", "");
  }
});

if (facts.done) {
  frame.show("done");
} else {
  frame.part("start").addEventListener("click", give);
  window.addEventListener("beforeunload", (event) => { if (frame.shown === "working") event.preventDefault(); });
  frame.show("start");
}
