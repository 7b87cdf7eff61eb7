// The key ceremony on a trustee's own device. The key code (the seed) is made here, kept by the trustee, and held in memory
// only while the page is open; sent are a certificate, sealed shares, and what everybody may see.

import * as ceremony from "./crypto/ceremony.mjs";
import { Refused, draw, openGroup } from "./crypto/group.mjs";
import { Frame, element, fill, once, save, sentence } from "./page.mjs";
import { pause } from "./pace.mjs";
import { given } from "./trustee_open.mjs";
import { readSeed, seedFile } from "./trustee_seed.mjs";
import { jsonAt, post } from "./wire.mjs";

const root = document.getElementById("trustee");
const frame = new Frame(root);
const { words } = frame;
const page = root.dataset;
const PATIENCE = 4_000;
const AT_CODE = new Set(["no-key", "key-text", "key-of-other-vote", "other-seed", "old-code", "not-same"]);

let facts = null; // the ceremony as the server tells it
let seed = null; // the key code, once made or given
let kept = false; // the trustee showed that it was saved
let later = 0;

const groupOf = () => openGroup(facts.group, async () => (await import(page.curveUrl)).Point);
const below = (n) => Number(draw(BigInt(n)));

function showPeople() {
  frame.part("people").replaceChildren(...facts.people.map(({ name, text, due, mine }) => {
    const who = element("span", "tasks__what", mine ? fill(words.me, { name }) : name);
    const tag = frame.part(due ? "tag-waiting" : "tag-agreed").content.firstElementChild.cloneNode(true);
    tag.append(text);
    return element("li", "", who, tag);
  }));
}

/** Shows a part whose step is the one that is due. */
function showStep(name, heading) {
  root.querySelector(`[data-page="${name}"]`).dataset.step = facts.step;
  frame.show(name, heading);
}

/** Asks the server where the ceremony stands; a key code of an earlier ceremony is forgotten. */
async function refresh() {
  const before = facts?.number;
  facts = await jsonAt(page.stateUrl);
  if (before !== undefined && before !== facts.number) {
    seed = null;
    kept = false;
  }
  showPeople();
}

/** Shows what is due on this page now. */
async function turn() {
  clearTimeout(later);
  if (facts.accused) {
    frame.say("accused", facts.accused);
    frame.show("halted");
  } else if (facts.step > 3) {
    seed = null;
    frame.show("done");
  } else if (facts.sent >= facts.step) {
    if (frame.shown !== "waiting") showStep("waiting");
    later = setTimeout(look, PATIENCE);
  } else if (facts.step === 1) {
    frame.show("start");
  } else if (seed) {
    await work();
  } else {
    showStep("code", words[`step${facts.step}`]);
  }
}

async function look() {
  try {
    if (!document.hidden) await refresh();
    await turn();
  } catch {
    later = setTimeout(look, 3 * PATIENCE);
  }
}

/** Names what went wrong, at the field where the key code was given; prefix: of that form's fields. */
function problem(failure, prefix = "") {
  const field = frame.part(`${prefix}typed`).value.trim() ? "typed" : "file";
  frame.problem({ text: sentence(failure, words), target: AT_CODE.has(failure.name) ? prefix + field : null });
}

const make = once(async () => {
  seed = ceremony.makeSeed(below);
  const written = ceremony.shown(seed);
  for (const name of ["code", "printed-code"]) frame.part(name).textContent = written;
  frame.show("made");
});

/** Refuses by name a text that holds no key code of this ceremony; returns the code. */
function codeIn(text) {
  const read = readSeed(text);
  if (read === null) throw new Refused("key-text", "holds no key code");
  if (read.uuid !== null && read.uuid !== facts.uuid) throw new Refused("key-of-other-vote", read.uuid);
  if (read.number !== null && read.number !== facts.number) throw new Refused("old-code", "made for an earlier ceremony");
  return read.seed;
}

async function certify() {
  const group = await groupOf();
  return ceremony.makeCertificate(group, seed, facts, () => draw(group.q));
}

/** What this trustee sends in the step that is due. */
async function message() {
  if (facts.step === 1) return certify();
  const group = await groupOf();
  const next = () => draw(group.q);
  const certs = ceremony.readCertificates(group, facts.certificates, facts);
  if (ceremony.ownIndex(group, certs, ceremony.keysOf(group, seed)) !== facts.index - 1) {
    throw new Refused("other-seed", "the key code of another trustee");
  }
  return facts.step === 2
    ? ceremony.makePolynomial(group, certs, seed, next, pause)
    : ceremony.makeVoutput(group, certs, seed, facts.vinput, next, pause);
}

async function complain({ accused, envelope }) {
  const group = await groupOf();
  const complaint = ceremony.makeComplaint(group, seed, envelope, accused, () => draw(group.q));
  await post(page.complainUrl, page.csrf, { number: String(facts.number), complaint });
}

/** Does the step that is due and sends it. */
async function work() {
  const back = frame.shown === "confirm" ? "confirm" : "code";
  showStep("working", words[`step${facts.step}`]);
  try {
    const { number, step } = facts;
    await post(page.submitUrl, page.csrf, { number: String(number), step: String(step), message: await message() });
    if (step === 1) hideCode();
  } catch (failure) {
    if (failure instanceof ceremony.WrongShare) await complain(failure);
    else {
      if (failure.name === "other-seed") seed = null;
      showStep(back, back === "code" ? words[`step${facts.step}`] : null);
      throw failure;
    }
  }
  await refresh();
  await turn();
}

function hideCode() {
  for (const name of ["code", "printed-code"]) frame.part(name).textContent = "";
}

const confirm = once(async () => {
  frame.clear();
  try {
    if (codeIn(await given({ part: (name) => frame.part(`kept-${name}`) })) !== seed) throw new Refused("not-same", "another code");
    kept = true;
    frame.part("confirm-form").reset();
    await work();
  } catch (failure) {
    problem(failure, "kept-");
  }
});

const give = once(async () => {
  frame.clear();
  try {
    seed = codeIn(await given(frame));
    await work();
    frame.part("form").reset();
  } catch (failure) {
    problem(failure);
  }
});

frame.part("make").addEventListener("click", make);
frame.part("save").addEventListener("click", () => {
  save(`key-code-${facts.uuid}-${facts.number}.json`, seedFile(facts, seed));
  frame.part("saved-note").hidden = false;
});
frame.part("print").addEventListener("click", () => print());
frame.copier("copy", () => ceremony.shown(seed));
frame.part("next").addEventListener("click", () => frame.show("confirm"));
frame.part("back").addEventListener("click", () => frame.show("made"));
frame.part("confirm-form").addEventListener("submit", confirm);
frame.part("form").addEventListener("submit", give);
window.addEventListener("beforeunload", (event) => { if (seed && !kept && facts.step === 1) event.preventDefault(); });

try {
  await refresh();
  await turn();
} catch (failure) {
  problem(failure);
}
