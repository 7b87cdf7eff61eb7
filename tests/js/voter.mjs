// Does on the command line what a browser would do: reads one JSON request on standard input, writes one JSON answer.

import { readFileSync } from "node:fs";
import { credentialPublic, credentialSecret, readElection, seal } from "../../union/ballots/static/crypto/ballot.mjs";
import { draw } from "../../union/ballots/static/crypto/group.mjs";
import { decrypt, makeKey, matchKey } from "../../union/ballots/static/crypto/trustee.mjs";
import * as ceremony from "../../union/ballots/static/crypto/ceremony.mjs";
import { generator } from "../../union/ballots/static/crypto/embedding.mjs";
import { rankedRows, shuffle } from "../../union/ballots/static/crypto/shuffle.mjs";
import { testTally } from "../../union/ballots/static/crypto/trustee.mjs";
import { bytes, dealt, finished, groupNamed } from "./known.mjs";

const asked = JSON.parse(readFileSync(0, "utf-8"));
const group = await groupNamed(asked.group);
const next = asked.draws ? dealt(asked.draws) : (below = group.q) => draw(below);

const acts = {
  key: () => makeKey(group, next),
  public: ({ uuid, credential }) => credentialPublic(group, credentialSecret(group, uuid, credential)),
  seal: ({ record, credential, votes }) => {
    const election = readElection(bytes(record));
    const secret = credentialSecret(group, election.uuid, credential);
    return votes.map((choices) => finished(seal(election, group, secret, choices, next))[0]);
  },
  shuffle: ({ record, tally }) => {
    const election = readElection(bytes(record));
    return finished(shuffle(group, election, rankedRows(election, JSON.parse(tally)), next))[0];
  },
  generators: ({ numbers }) => numbers.map((i) => group.text(generator(group, i))),
  share: ({ fp, privateKey, publicKey, tally }) =>
    finished(decrypt(group, fp, matchKey(group, privateKey, publicKey), JSON.parse(tally), next))[0],
  certificate: ({ seed, ...facts }) => ceremony.makeCertificate(group, seed, facts, next),
  polynomial: ({ seed, certificates, ...facts }) =>
    ceremony.makePolynomial(group, ceremony.readCertificates(group, certificates, facts), seed, next),
  voutput: async ({ seed, certificates, vinput, ...facts }) => {
    const certs = ceremony.readCertificates(group, certificates, facts);
    try {
      return await ceremony.makeVoutput(group, certs, seed, vinput, next);
    } catch (failure) {
      if (!(failure instanceof ceremony.WrongShare)) throw failure;
      const made = ceremony.makeComplaint(group, seed, failure.envelope, failure.accused, next);
      return { accused: failure.accused, complaint: made };
    }
  },
  openKey: async ({ certificate, seed, sealed }) => String(await ceremony.openKey(group, certificate, seed, sealed)),
  test: ({ election, privateKey }) => {
    const { fp, tally } = testTally(group, election);
    return finished(decrypt(group, fp, BigInt(privateKey), tally, next))[0];
  },
};

const answer = await acts[asked.act](asked);
if (asked.draws && next.left()) throw new Error(`${next.left()} draws are left`);
process.stdout.write(JSON.stringify(answer));
