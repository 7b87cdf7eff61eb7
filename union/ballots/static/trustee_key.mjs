// A trustee makes a key: on this device, saved by the trustee, proved to be saved; only the public part is sent.

import { draw, openGroup } from "./crypto/group.mjs";
import { makeKey } from "./crypto/trustee.mjs";
import { readKey, keyFile } from "./trustee_file.mjs";
import { Frame, grouped, once, save, sentence } from "./page.mjs";
import { post } from "./wire.mjs";

const root = document.getElementById("trustee");
const frame = new Frame(root);
const { words } = frame;
const facts = root.dataset;

let key = null; // {privateKey, publicKey, publicText}

const make = once(async () => {
  const group = await openGroup(facts.group, async () => (await import(facts.curveUrl)).Point);
  key = makeKey(group, () => draw(group.q));
  frame.part("printed-key").textContent = grouped(key.privateKey);
  frame.part("printed-public").textContent = key.publicKey;
  frame.show("made");
});

function saveKey() {
  save(`trustee-key-${facts.uuid}.json`, keyFile(facts, key));
  frame.part("saved-note").hidden = false;
}

/** What is wrong with the proof that the key was saved, or null. */
async function unproved() {
  const [file] = frame.part("file").files;
  const typed = frame.part("typed").value;
  if (!frame.part("saved").checked) return { text: words.tick, target: "saved" };
  if (!file && !typed.trim()) return { text: words.prove, target: "file" };
  const read = readKey(file ? await file.text() : typed);
  if (read?.privateKey !== key.privateKey) return { text: words.other_key, target: file ? "file" : "typed" };
  return null;
}

const submit = once(async () => {
  const wrong = await unproved();
  if (wrong) {
    frame.problem(wrong);
    return;
  }
  frame.clear();
  frame.say("status", words.sending);
  try {
    await post(facts.submitUrl, facts.csrf, { public_key: key.publicText });
    frame.part("public").textContent = grouped(key.publicKey);
    key = null;
    for (const name of ["printed-key", "printed-public"]) frame.part(name).textContent = "";
    frame.part("form").reset();
    frame.show("done");
  } catch (failure) {
    frame.problem({ text: sentence(failure, words) });
  } finally {
    frame.say("status", "");
  }
});

if (facts.done) {
  frame.part("public").textContent = grouped(facts.done);
  frame.show("done");
} else {
  frame.part("make").addEventListener("click", make);
  frame.part("save").addEventListener("click", saveKey);
  frame.part("print").addEventListener("click", () => print());
  frame.part("form").addEventListener("submit", submit);
  window.addEventListener("beforeunload", (event) => { if (key) event.preventDefault(); });
  frame.show("start");
}
