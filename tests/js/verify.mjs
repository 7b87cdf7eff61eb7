// Verifies archives on the command line as the board page does; prints a JSON list of reports.

import { readFileSync } from "node:fs";
import { check, read } from "../../union/ballots/static/verify/checks.mjs";
import { finished, groupNamed } from "./known.mjs";

async function reportOf(path) {
  const started = performance.now();
  let report;
  try {
    const [board] = finished(read(new Uint8Array(readFileSync(path))));
    [report] = finished(check(board, await groupNamed(board.groupName)));
  } catch (failure) {
    report = { holds: false, findings: [{ name: "archive", holds: false, failed: failure.message }] };
  }
  return { ...report, milliseconds: Math.round(performance.now() - started) };
}

const reports = [];
for (const path of process.argv.slice(2)) reports.push(await reportOf(path));
process.stdout.write(JSON.stringify(reports, (_, value) => (typeof value === "bigint" ? String(value) : value)));
