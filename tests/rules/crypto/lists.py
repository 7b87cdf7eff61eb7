"""Voters who answer questions on lists, honest or not: the provers of FORMAT.md, section 9."""

from tests.rules.crypto.elections import World
from union.ballots.crypto import Homomorphic, Scalar, group_named, make_ballot, secret_of
from union.ballots.crypto.answers import joined, make_answer, multiplied
from union.ballots.crypto.canonical import compact, sha256_base64
from union.ballots.crypto.elgamal import encrypt
from union.ballots.crypto.proofs import H, Witness, prove_disjunction, prove_knowledge
from union.ballots.crypto.questions import Lists, nested

COMMITTEE = Lists("Who bargains?", (("Red", "Ann", "Bo"), ("Blue", "Cy"), ("Green", "Di", "Eva", "Flo")))
HOURS = Homomorphic("Shorter hours?", ("Yes", "No"), 1, 1)
VOTES = {
    0: [[0, 0, 0], [1, 1], [0, 0, 0, 0]],
    1: [[0, 0, 0], [0, 0], [1, 1, 1, 1]],
    2: [[1, 1, 0], [0, 0], [0, 0, 0, 0]],
    3: [[1, 0, 1], [0, 0], [0, 0, 0, 0]],
}


def nonzero(group, y, prefix, pair, r, draw):
    """That the pair, encrypted with r, does not hold 0."""
    s, w1, w2 = (group.draw_scalar(draw) for _ in range(3))
    commitment = group.div(group.pow(pair.beta, s), y.pow(Scalar(s * r % group.q)))
    A1 = group.mul(group.pow(pair.alpha, w1), group.gpow(w2))
    A2 = group.mul(group.pow(pair.beta, w1), y.pow(w2))
    c = H(group, prefix, [commitment, A1, A2])
    t1, t2 = (w1 - s * c) % group.q, (w2 + s * r * c) % group.q
    return {"commitment": str(commitment), "challenge": str(c), "response": [str(t1), str(t2)]}


def answer(group, y, question, choice, S0, draw):
    """An answer of 0 and 1 by list; what does not hold is proven as far as it goes."""
    ms = [m for row in choice for m in row]
    rs = [group.draw_scalar(draw) for _ in ms]
    pairs = [encrypt(group, y, r, m) for r, m in zip(rs, ms, strict=True)]
    each = [
        prove_disjunction(group, y, f"prove|{S0}|{pair}|", [(Witness(r, m), 0), (Witness(r, m), 1)], m, draw)
        for r, m, pair in zip(rs, ms, pairs, strict=True)
    ]
    S = joined(S0, pairs)
    rows = nested(question, list(zip(rs, ms, pairs, strict=True)))

    def summed(cells):
        known = Witness(Scalar(sum(r for r, _, _ in cells) % group.q), sum(m for _, m, _ in cells))
        return known, multiplied(group, [pair for _, _, pair in cells])

    known, total = summed([row[0] for row in rows])
    overall = prove_disjunction(group, y, f"prove|{S}|{total}|", [(known, 1)], 0, draw)
    by_list = []
    for own, *others in rows:
        sides = [(Witness(*own[:2]), 1), (summed(others)[0], 0)]
        by_list.append(prove_disjunction(group, y, f"lproof|{S}|", sides, 0 if own[1] else 1, draw))
    known, chosen = summed([cell for row in rows for cell in row[1:]])
    return {
        "choices": nested(question, [pair.json() for pair in pairs]),
        "individual_proofs": nested(question, [[proof.json() for proof in proofs] for proofs in each]),
        "overall_proof": overall[0].json(),
        "list_proofs": [[proof.json() for proof in proofs] for proofs in by_list],
        "nonzero_proof": nonzero(group, y, f"nonzero|{S}|", chosen, known.r, draw),
    }


def lists_ballot(election, credential, choices, draw):
    """As `make_ballot`, also where lists are asked."""
    if not any(isinstance(question, Lists) for question in election.questions):
        return make_ballot(election, credential, choices, draw)
    group = election.group
    s = secret_of(group, election.uuid, credential)
    public = group.gpow(s)
    S0 = f"{election.fingerprint}|{public}"
    answers = [
        answer(group, election.y, question, choice, S0, draw)
        if isinstance(question, Lists)
        else make_answer(group, election.y, election.public_key, question, choice, S0, draw).json()
        for question, choice in zip(election.questions, choices, strict=True)
    ]
    return signed(group, election, s, {"credential": str(public), "answers": answers}, draw)


def signed(group, election, s, parts, draw):
    """The ballot of these parts under the voter's signature."""
    record = {"election_uuid": election.uuid, "election_hash": election.fingerprint, **parts}
    covered = sha256_base64(compact(record))
    proof = prove_knowledge(group, s, f"sig|{covered}|", draw)
    return compact({**record, "signature": {"hash": covered, "proof": proof.json()}})


class ListsWorld(World):
    """A world whose voters answer lists too."""

    def cast(self, voter, choices):
        record = lists_ballot(self.election, self.credentials[voter], choices, self.draw)
        self.accept(record)
        return record


def lists_world(name="Ed25519", questions=(COMMITTEE,), **facts):
    """Four voters, one of whom votes again; told how it ends."""
    world = ListsWorld(group_named(name), questions=questions, **facts)
    for voter, vote in ((0, VOTES[3]), *VOTES.items()):
        world.cast(voter, [vote if question is COMMITTEE else [1, 0] for question in questions])
    world.close()
    world.decrypt()
    world.publish()
    return world
