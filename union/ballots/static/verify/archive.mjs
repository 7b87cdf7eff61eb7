// Reading a published archive: every byte accounted for, every event following from the one before.
//
// Pure. An archive is an old-style tar without end blocks: `BELENIOS` first, then for each event the records it brings and
// the event itself, each named by the SHA-256 of its content. Headers are compared with the only ones that could stand
// there, so what is read is what a rebuild from the chain would write.

import { hex, sha256 } from "../crypto/sha256.mjs";
import { Refused } from "../crypto/group.mjs";

const BLOCK = 512;
const PAYLOADS = {
  Setup: 4, Ballot: 1, EndBallots: 0, EncryptedTally: 2, Shuffle: 2, EndShuffles: 0, PartialDecryption: 2, Result: 1,
};
const AFTER = {
  "": ["Setup"],
  Setup: ["Ballot", "EndBallots"],
  Ballot: ["Ballot", "EndBallots"],
  EndBallots: ["EncryptedTally"],
  EncryptedTally: ["Shuffle", "PartialDecryption"],
  Shuffle: ["Shuffle", "EndShuffles"],
  EndShuffles: ["PartialDecryption"],
  PartialDecryption: ["PartialDecryption", "Result"],
  Result: [],
};

const ascii = (bytes) => String.fromCharCode(...bytes);
const octal = (value, digits) => `${value.toString(8).padStart(digits, "0")}\0`;

/** The text of a record; refused when it is not UTF-8. */
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("record-form", "not UTF-8");
  }
}

/** The value of a JSON text. */
export function valueOf(text, check = "record-form") {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(check, "not JSON");
  }
}

/** The object of a JSON text; refused for any other value. */
function objectOf(text, check) {
  const value = valueOf(text, check);
  if (value === null || typeof value !== "object") throw new Refused(check, "no JSON object");
  return value;
}

/** Whether a text is the one form of a value; nothing that is too deep to be written is. */
function isFormOf(text, value) {
  try {
    return JSON.stringify(value) === text;
  } catch {
    return false;
  }
}

/** The one header that a member of this name, size and time can have. */
function headerOf(name, size, time) {
  const start = `${name.padEnd(100, "\0")}${octal(0o644, 7)}${octal(0, 7)}${octal(0, 7)}${octal(size, 11)}${octal(time, 11)}`;
  let sum = 8 * 32 + "0".charCodeAt(0);
  for (let i = 0; i < start.length; i += 1) sum += start.charCodeAt(i);
  return `${start}${sum.toString(8).padStart(6, "0")}\0 0`.padEnd(BLOCK, "\0");
}

function* members(bytes) {
  let at = 0;
  let time = null;
  while (at < bytes.length) {
    const header = ascii(bytes.subarray(at, at + BLOCK));
    const sizes = /^[0-7]{11}\0[0-7]{11}\0$/.test(header.slice(124, 148));
    if (header.length < BLOCK || !sizes) throw new Refused("archive-form", `no member starts at byte ${at}`);
    const size = Number.parseInt(header.slice(124, 135), 8);
    const name = header.slice(0, 100).replace(/\0+$/, "");
    time ??= Number.parseInt(header.slice(136, 147), 8);
    if (header !== headerOf(name, size, time)) throw new Refused("archive-form", `another header than belongs at byte ${at}`);
    const end = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (end > bytes.length) throw new Refused("archive-form", "the archive ends within a record");
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (bytes.subarray(at + BLOCK + size, end).some((byte) => byte !== 0)) {
      throw new Refused("archive-form", `the padding before byte ${end} is not empty`);
    }
    yield { name, content, time, end };
    at = end;
  }
}

function checkFirst({ value: first, done }) {
  if (done || first.name !== "BELENIOS") throw new Refused("archive-form", "this is no Belenios archive");
  const text = textOf(first.content);
  const { timestamp } = objectOf(text, "archive-form");
  const right = isFormOf(text, { version: 1, timestamp }) && String(timestamp) === String(first.time);
  if (!right) throw new Refused("archive-form", "the first record has another version, time or form");
}

/** Checks one event against its parent; returns {kind, height, digest, payloads, owner}. */
function eventOf(digest, content, parent, waiting) {
  const text = textOf(content);
  const { parent: before, height, type, payload } = objectOf(text, "archive-form");
  if (!isFormOf(text, { parent: before, height, type, payload }) || !Object.hasOwn(PAYLOADS, type)) {
    throw new Refused("archive-form", "an event is not written in its one form");
  }
  const expected = parent ? parent.height + 1 : 0;
  if (height !== expected) throw new Refused("archive-chain", `event ${expected} says it is number ${height}`);
  if (before !== parent?.digest) throw new Refused("archive-chain", `event ${height} does not follow the event before it`);
  if (!AFTER[parent?.kind ?? ""].includes(type)) throw new Refused("archive-order", `${type} cannot come after ${parent?.kind ?? "nothing"}`);
  if (waiting.length !== PAYLOADS[type] || payload !== waiting.at(-1)?.digest) {
    throw new Refused("archive-order", `event ${height} does not bring the records before it`);
  }
  return { kind: type, height, digest, payloads: waiting, owner: ownerOf(type, waiting) };
}

/** Checks that a record which names others names those before it; returns the trustee's number where there is one. */
function ownerOf(kind, waiting) {
  const named = waiting.at(-1)?.text;
  if (kind === "Setup") {
    const [election, trustees, credentials] = waiting.map(({ digest }) => digest);
    if (named !== JSON.stringify({ election, trustees, credentials })) {
      throw new Refused("archive-order", "the setup record does not name the records before it");
    }
  } else if (kind === "Shuffle" || kind === "PartialDecryption") {
    const { owner } = objectOf(named, "archive-order");
    if (!Number.isInteger(owner) || named !== JSON.stringify({ owner, payload: waiting[0].digest })) {
      throw new Refused("archive-order", `the ${kind} record does not name the record before it`);
    }
    return owner;
  } else if (kind === "EncryptedTally") {
    const { num_tallied, total_weight, encrypted_tally } = objectOf(named, "archive-order");
    const right = encrypted_tally === waiting[0].digest
      && isFormOf(named, { num_tallied, total_weight, encrypted_tally });
    if (!right) throw new Refused("archive-order", "the sized tally does not name the tally before it");
  }
  return 0;
}

/** Notes what may stand only once: all but partial decryptions, which are equal when nobody ranked. */
function noteRecords(seen, { kind, payloads }) {
  for (const { digest } of payloads.slice(kind === "PartialDecryption" ? 1 : 0)) {
    if (seen.has(digest)) throw new Refused("ballot-repeated", "the same record stands twice");
    seen.add(digest);
  }
}

/** The events of an archive in order; yields the byte reached after each member, returns the list. */
export function* eventsOf(bytes) {
  const all = members(bytes);
  checkFirst(all.next());
  const events = [];
  const seen = new Set();
  let waiting = [];
  for (const { name, content, end } of all) {
    const [, digest, kind] = /^([0-9a-f]{64})\.(data|event)\.json$/.exec(name) ?? [];
    if (!digest) throw new Refused("archive-form", "a member has another name than its digest");
    if (hex(sha256(content)) !== digest) throw new Refused("archive-hash", `the record before byte ${end} is not what its name says`);
    if (kind === "data") {
      waiting.push({ digest, bytes: content, get text() { return textOf(content); } });
    } else {
      events.push(eventOf(digest, content, events.at(-1), waiting));
      noteRecords(seen, events.at(-1));
      waiting = [];
    }
    if (waiting.length > PAYLOADS.Setup) throw new Refused("archive-order", "more records wait for an event than any event brings");
    yield end;
  }
  if (waiting.length || !events.length) throw new Refused("archive-order", "the archive ends before the event that brings its last record");
  return events;
}
