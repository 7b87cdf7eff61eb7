// Does on the command line what a browser would do: reads one JSON request on standard input, writes one JSON answer.

import { readFileSync } from "node:fs";
import { credentialPublic, credentialSecret, readElection, seal } from "../../union/ballots/static/crypto/ballot.mjs";
import { draw } from "../../union/ballots/static/crypto/group.mjs";
import { decrypt, makeKey, matchKey } from "../../union/ballots/static/crypto/trustee.mjs";
import { generator } from "../../union/ballots/static/crypto/embedding.mjs";
import { rankedRows, shuffle } from "../../union/ballots/static/crypto/shuffle.mjs";
import { bytes, dealt, finished, groupNamed } from "./known.mjs";

const asked = JSON.parse(readFileSync(0, "utf-8"));
const group = await groupNamed(asked.group);
const next = () => draw(group.q);

const acts = {
  key: () => makeKey(group, next),
  public: ({ uuid, credential }) => credentialPublic(group, credentialSecret(group, uuid, credential)),
  seal: ({ record, credential, votes }) => {
    const election = readElection(bytes(record));
    const secret = credentialSecret(group, election.uuid, credential);
    return votes.map((choices) => finished(seal(election, group, secret, choices, next))[0]);
  },
  sealDealt: ({ record, credential, choices, draws }) => {
    const election = readElection(bytes(record));
    const secret = credentialSecret(group, election.uuid, credential);
    const dealer = dealt(draws);
    const [{ ballot }] = finished(seal(election, group, secret, choices, dealer));
    return { ballot, left: dealer.left() };
  },
  shuffle: ({ record, tally, draws }) => {
    const election = readElection(bytes(record));
    const dealer = draws ? dealt(draws) : draw;
    const [made, yields] = finished(shuffle(group, election, rankedRows(election, JSON.parse(tally)), dealer));
    return { made, yields, left: draws ? dealer.left() : 0 };
  },
  generators: ({ numbers }) => numbers.map((i) => group.text(generator(group, i))),
  share: ({ fp, privateKey, publicKey, tally }) =>
    finished(decrypt(group, fp, matchKey(group, privateKey, publicKey), JSON.parse(tally), next))[0],
};

process.stdout.write(JSON.stringify(acts[asked.act](asked)));
