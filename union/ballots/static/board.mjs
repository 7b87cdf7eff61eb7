// Checks the whole published archive on the reader's own device: every proof of every ballot, the sum, the shuffles, the
// shares, the result. What it says depends on this page's scripts; the stand-alone program does the same without us.

import { openGroup } from "./crypto/group.mjs";
import { base64 } from "./crypto/sha256.mjs";
import { element, fill, grouped, once } from "./page.mjs";
import { paced } from "./pace.mjs";
import { check, read } from "./verify/checks.mjs";
import { bytesAt } from "./wire.mjs";

const root = document.getElementById("check-here");
const words = JSON.parse(document.getElementById("check-here-texts").textContent);
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const TEN_MINUTES = 600_000;

/** A row of the checklist; kind: agreed, refused or waiting. */
function row(kind, text, detail = "") {
  const mark = part(`mark-${kind}`).content.cloneNode(true);
  const said = element("span", "", text);
  if (detail) said.append(" ", element("span", "muted", detail));
  return element("li", "", mark, said);
}

function rowOf({ name, holds, facts, failed }, i, findings) {
  if (holds) return row("agreed", words[name], fill(words[`${name}_facts`] ?? "", facts));
  if (holds === false) return row("refused", words[name], failed);
  if (failed === "unknown") return row("waiting", words[name], words.unknown);
  const before = findings.slice(0, i);
  if (before.some((one) => one.holds === false)) return row("waiting", words[name], words.after_refused);
  return row("waiting", words[name], before.some((one) => one.failed === "unknown") ? words.after_unknown : words.later);
}

/** Whether the ballot of the tracker that the page was asked for is in the archive; true when none was asked for. */
function hasTracker(events) {
  const { tracker } = root.dataset;
  return !tracker || events.some(({ kind, payloads: [ballot] }) => kind === "Ballot"
    && base64(Uint8Array.from(ballot.digest.match(/../g), (pair) => Number.parseInt(pair, 16))) === tracker);
}

function rowsOfTracker(here) {
  const { tracker } = root.dataset;
  if (!tracker) return [];
  return [row(here ? "agreed" : "refused", here ? words.tracker_here : words.tracker_missing, grouped(tracker))];
}

/** What the reader is told first: a vote that is missing is no good news, however well the rest holds. */
function verdictOn({ holds, findings }, here) {
  if (findings.some((finding) => finding.holds === false)) return words.fails;
  if (!here) return words.tracker_missing;
  return holds ? words.holds : words.partly;
}

function showResult({ questions, result }) {
  if (!result) return;
  const lists = questions.map(({ ranked, text, answers, blank }, i) => {
    if (ranked) {
      const empty = result[i].filter((order) => order.every((place) => !place)).length;
      const said = fill(words.orders, { orders: result[i].length, blank: empty });
      return element("div", "", element("dt", "", text), element("dd", "", said));
    }
    const names = blank ? [words.blank, ...answers] : answers;
    const row = result[i].flat();
    const counts = names.map((name, j) => element("p", "", `${name}: ${row[j]}`));
    return element("div", "", element("dt", "", text), element("dd", "", ...counts));
  });
  part("result").replaceChildren(...lists);
}

function progress(text, value, max) {
  const bar = part("progress");
  bar.max = max;
  bar.value = value;
  part("now").textContent = text;
}

async function verify() {
  const bytes = await bytesAt(root.dataset.archiveUrl, TEN_MINUTES);
  progress(words.reading, 0, bytes.length);
  const board = await paced(read(bytes), () => {}, 30);
  const group = await openGroup(board.groupName, async () => (await import(root.dataset.curveUrl)).Point);
  const onStep = (what, done, total) => progress(fill(words[what], { done: Math.ceil(done), total }), done, total);
  const report = await paced(check(board, group, onStep), () => {}, 30);
  return { board, report };
}

const start = once(async () => {
  part("start").disabled = true;
  part("working").hidden = false;
  part("outcome").hidden = true;
  let rows;
  let verdict = words.fails;
  try {
    const { board, report } = await verify();
    const here = hasTracker(board.events);
    rows = [...report.findings.map(rowOf), ...rowsOfTracker(here)];
    verdict = verdictOn(report, here);
    part("head").textContent = `${report.head.height} · ${report.head.digest}`;
    showResult(report);
  } catch (failure) {
    rows = [row("refused", words.archive, failure.code === "offline" ? words.offline : failure.message)];
  }
  part("list").replaceChildren(...rows);
  part("verdict").textContent = verdict;
  part("working").hidden = true;
  part("outcome").hidden = false;
  part("start").disabled = false;
  part("verdict").focus();
});

part("start").addEventListener("click", start);
root.hidden = false;
