// The voting booth: choose, check, seal, cast.
//
// The choice and the private credential live in this page's memory alone: never sent, never in storage or history. What
// may be kept (in this tab's session storage, while a cast is unconfirmed) is the sealed ballot, which everyone may see.

import * as ballots from "./crypto/ballot.mjs";
import { Refused, draw as random, openGroup } from "./crypto/group.mjs";
import { Frame, element, fill, grouped, once, save } from "./page.mjs";
import { paced } from "./pace.mjs";
import { drawn } from "./qr.mjs";
import * as questions from "./questions.mjs";
import { keep, signatureHolds, unconfirmed } from "./receipt.mjs";
import { WireError, bytesAt, jsonAt, post } from "./wire.mjs";

const root = document.getElementById("booth");
const frame = new Frame(root);
const { words } = frame;
const urls = root.dataset;
const loadCurve = () => import(urls.curveUrl);

let election = null;
let group = null;
let tables = null; // promise: the tables of g and y are made
let roll = null; // promise: the list of public credentials, or null when it cannot be had
let secret = null;
let choices = [];
let sealed = null; // {ballot, tracker, openings}
let receipt = null;

// -- the credential ---------------------------------------------------------------------------------------------

/** Takes the credential out of the address bar, before anything else can see it. */
function fromFragment() {
  const text = location.hash.slice(1);
  if (!text || document.getElementById(text)) return ""; // a place on this page, such as the skip link's
  history.replaceState(history.state, "", location.pathname + location.search);
  return text;
}

/** Takes a credential as typed; returns false when it cannot be one. */
function accept(typed) {
  const text = ballots.credentialText(typed);
  secret = text === null ? null : ballots.credentialSecret(group, election.uuid, text);
  return secret !== null;
}

/** Whether the credential is on the roll; true as well when the roll cannot be had, for the server looks again. */
async function listed() {
  const list = await roll;
  return !list || ballots.onRoll(list, ballots.credentialPublic(group, secret));
}

/** Asks for the credential, saying what was wrong with the last one. */
function askCode(wrong) {
  const field = frame.part("code");
  secret = null;
  history.replaceState({ page: "code", index: 0 }, "");
  frame.show("code");
  if (wrong) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (wrong) frame.problem({ text: wrong, target: field.id });
}

const enterCode = once(async () => {
  const field = frame.part("code");
  if (!accept(field.value)) return askCode(words.code_shape);
  if (!(await listed())) return askCode(words.code_unknown);
  field.value = "";
  return goTo("question", 0);
});

// -- choose and check -------------------------------------------------------------------------------------------

/** Shows a page and gives it a place in the tab's history, so that *back* goes one page back. No choice is in it. */
function goTo(page, index = 0) {
  history.pushState({ page, index }, "");
  turnTo(page, index);
}

function turnTo(page, index) {
  if (page === "question") showQuestion(index);
  else if (page === "check") showCheck();
  else frame.show(page);
}

function showQuestion(index) {
  const question = election.questions[index];
  const count = election.questions.length;
  root.querySelector("[data-page=question]").dataset.place = count > 1 ? fill(words.place, { n: index + 1, count }) : "";
  frame.part("rule").textContent = questions.rule(question, words);
  frame.part("first").hidden = index > 0;
  frame.part("question-back").hidden = index === 0;
  questions.draw(frame.part("choices"), question, choices[index], words);
  frame.part("question").dataset.index = index;
  frame.show("question", question.text);
}

function answerQuestion(event) {
  event.preventDefault();
  const index = Number(frame.part("question").dataset.index);
  const question = election.questions[index];
  const choice = questions.read(frame.part("choices"), question);
  if (choice === null) {
    frame.problem({ text: questions.rule(question, words), target: "answer-0" });
    return;
  }
  choices[index] = choice;
  const open = election.questions.findIndex((_, i) => !choices[i]);
  if (open < 0) goTo("check");
  else goTo("question", open);
}

/** The choices as a list of questions with their answers; `change(i)` adds a button to each. */
function summary(list, change = null) {
  return election.questions.map((question, i) => {
    const answers = questions.inWords(question, list[i], words).map((text) => element("p", "", text));
    const row = element("div", "", element("dt", "", question.text), element("dd", "", ...answers));
    if (change) {
      const button = element("button", "button button--quiet", words.change, element("span", "hidden", ` ${question.text}`));
      button.type = "button";
      button.addEventListener("click", () => change(i));
      row.append(element("dd", "summary__change", button));
    }
    return row;
  });
}

function showCheck() {
  sealed = null;
  frame.part("summary").replaceChildren(...summary(choices, (i) => goTo("question", i)));
  frame.show("check");
}

// -- seal -------------------------------------------------------------------------------------------------------

const sealBallot = once(async () => {
  const bar = frame.part("progress");
  bar.removeAttribute("value");
  frame.show("sealing");
  await tables;
  bar.max = ballots.pieces(election);
  const work = ballots.seal(election, group, secret, choices, () => random(group.q));
  sealed = await paced(work, (done) => { bar.value = done; });
  frame.part("sealed-tracker").textContent = grouped(sealed.tracker);
  frame.say("cast-status", "");
  frame.part("device-check").hidden = false;
  frame.part("device-check").open = false;
  goTo("sealed");
});

// -- cast -------------------------------------------------------------------------------------------------------

async function send(ballot, status) {
  keep(election, ballot);
  if (sealed) sealed.openings = null; // what may have been cast must never be revealed
  frame.part("device-check").hidden = true;
  frame.clear();
  frame.say(status, words.casting);
  try {
    const said = await post(urls.castUrl, urls.csrf, { ballot });
    keep(election, null);
    frame.say(status, "");
    showReceipt(ballots.tracker(ballot), said);
  } catch (failure) {
    if (!(failure instanceof WireError)) throw failure;
    frame.say(status, "");
    refuse(failure);
  }
}

/** Says why; keeps the sealed ballot for another try where another try can help. */
function refuse({ code, text }) {
  const ours = { offline: words.offline, notallowed: words.not_signed_in, staleform: words.stale };
  const name = code.toLowerCase();
  if (name.startsWith("http-5")) ours[name] = text || words.unsure;
  if (!ours[name]) keep(election, null);
  if (name === "closed") root.querySelectorAll("[data-cast]").forEach((button) => { button.hidden = true; });
  frame.problem({ text: ours[name] ?? (text || words.refused) });
}

// -- receipt ----------------------------------------------------------------------------------------------------

function showReceipt(tracker, said) {
  receipt = { tracker, ...said };
  secret = null;
  sealed = null;
  choices = [];
  for (const name of ["choices", "summary"]) frame.part(name).replaceChildren();
  frame.part("receipt-tracker").textContent = grouped(tracker);
  frame.part("receipt-when").textContent = said.received_text ?? "";
  frame.part("receipt-height").textContent = said.height;
  frame.part("receipt-head").textContent = said.chain_head;
  frame.part("receipt-signature").textContent = said.signature;
  const link = frame.part("board-link");
  link.href = `${urls.boardUrl}?tracker=${encodeURIComponent(tracker)}`;
  frame.part("receipt-code").replaceChildren(drawn(link.href, words.qr) ?? "");
  frame.part("signature-holds").hidden = true;
  history.pushState({ page: "receipt", index: 0 }, "");
  frame.show("receipt");
  if (said.tracker === tracker) checkSignature(said);
  else frame.problem({ text: words.other_tracker });
}

/** After the receipt is shown: on a slow line the curve may still have to come. */
async function checkSignature(said) {
  const holds = await signatureHolds(election, urls.receiptKey, loadCurve, said);
  frame.part("signature-holds").hidden = holds !== true;
  if (holds === false) frame.problem({ text: words.bad_signature });
}

function saveReceipt() {
  const { tracker, height, chain_head, signature } = receipt;
  const content = { election: election.fingerprint, tracker, height, chain_head, signature };
  save(`receipt-${election.uuid}.json`, JSON.stringify(content, null, 1));
}

// -- device check -----------------------------------------------------------------------------------------------

const revealedText = () => frame.part("revealed-text").value;

/** Gives up a sealed ballot to show what it holds. It was never sent and never can be from here. */
function reveal() {
  const { ballot, tracker, openings } = sealed;
  sealed = null;
  frame.part("revealed-tracker").textContent = grouped(tracker);
  frame.part("revealed-summary").replaceChildren(...summary(openings.map((row) => row.flatMap(({ m }) => m))));
  frame.part("revealed-text").value = JSON.stringify({ ballot, openings });
  goTo("revealed");
}

const compare = once(async () => {
  const field = frame.part("compare-text");
  frame.clear();
  frame.part("compare-outcome").hidden = true;
  try {
    const { ballot, openings } = JSON.parse(field.value);
    const held = ballots.openRevealed(election, group, ballot, openings);
    frame.part("compare-tracker").textContent = grouped(ballots.tracker(ballot));
    frame.part("compare-summary").replaceChildren(...summary(held));
    frame.part("compare-outcome").hidden = false;
    frame.part("compare-heading").focus();
  } catch (failure) {
    const text = failure.name === "device-check" ? words.compare_lie : words.compare_unreadable;
    frame.problem({ text, target: field.id });
  }
});

// -- opening the booth ------------------------------------------------------------------------------------------

function listen() {
  const press = (name, listener) => frame.part(name).addEventListener("click", listener);
  frame.part("code-form").addEventListener("submit", enterCode);
  frame.part("question").addEventListener("submit", answerQuestion);
  frame.part("compare-form").addEventListener("submit", compare);
  press("question-back", () => history.back());
  press("seal", sealBallot);
  press("cast", once(() => send(sealed.ballot, "cast-status")));
  press("change", () => goTo("check"));
  press("reveal", reveal);
  press("seal-again", () => goTo("check"));
  press("save-revealed", () => save(`revealed-${election.uuid}.json`, revealedText()));
  press("to-compare", () => goTo("compare"));
  press("save-receipt", saveReceipt);
  press("print", () => print());
  press("resume", once(() => (unconfirmed(election) ? send(unconfirmed(election), "resume-status") : arrive())));
  press("discard", () => { keep(election, null); arrive(); });
  frame.copier("copy-tracker", () => receipt.tracker);
  frame.copier("copy-revealed", revealedText);
  window.addEventListener("popstate", returned);
  window.addEventListener("hashchange", () => {
    arrived = fromFragment();
    if (arrived) arrive();
  });
  window.addEventListener("beforeunload", (event) => { if (sealed) event.preventDefault(); });
}

/** *Back* and *forward*: never to a page whose ballot is gone, never away from a receipt. */
function returned({ state }) {
  if (receipt) frame.show("receipt");
  else if (!state || frame.shown === "sealing") return;
  else if (state.page === "code" || state.page === "compare") frame.show(state.page);
  else if (secret === null) frame.show("code");
  else if (state.page === "sealed" && sealed) frame.show("sealed");
  else if (state.page === "question") showQuestion(state.index);
  else if (election.questions.every((_, i) => choices[i])) showCheck();
  else showQuestion(0);
}

let arrived = fromFragment();

/** Starts with the credential of the link, or asks for one. */
async function arrive() {
  if (receipt || election === null) return;
  const typed = arrived;
  arrived = "";
  if (!typed) return askCode(null);
  if (!accept(typed)) return askCode(words.code_shape);
  history.replaceState({ page: "question", index: 0 }, "");
  showQuestion(0);
  if (!(await listed()) && !receipt) askCode(words.code_unknown);
}

function failed(failure) {
  const ours = { offline: words.offline, "fingerprint": words.other_election, "question-kind": words.other_kind };
  frame.show("broken");
  frame.problem({ text: ours[failure.code ?? failure.name] ?? words.broken });
}

async function open() {
  election = ballots.readElection(await bytesAt(urls.electionUrl));
  if (election.fingerprint !== urls.fingerprint) throw new Refused("fingerprint", "another election record");
  group = await openGroup(election.groupName, async () => (await loadCurve()).Point);
  frame.part("fingerprint").textContent = grouped(election.fingerprint);
  tables = paced(ballots.prepare(election, group));
  roll = urls.credentialsUrl ? jsonAt(urls.credentialsUrl).catch(() => null) : Promise.resolve(null);
  listen();
  const waiting = unconfirmed(election);
  if (waiting) {
    frame.part("resume-tracker").textContent = grouped(ballots.tracker(waiting));
    frame.show("resume");
  } else {
    await arrive();
  }
}

open().catch(failed);
