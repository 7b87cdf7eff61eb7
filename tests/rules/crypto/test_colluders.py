"""Cheats who hold keys: a voter who signs what was tampered with, a trustee who sends a wrong factor."""

import json

import pytest

from tests.rules.crypto.elections import ACTIONS, RANKING, STRIKE, World
from tests.rules.crypto.tampering import (
    CURVE,
    ONE,
    SMALL,
    Tape,
    archive_of,
    more,
    tape,
    times,
    twisted,
    with_block,
)
from tests.rules.crypto.test_attacks import draw, fails, passes, refused, signed
from union.ballots.crypto import Check, Scalar, accept_ballot, make_ballot, verifier
from union.ballots.crypto.decryption import _prefix
from union.ballots.crypto.proofs import H, Proof


def shifted(proofs):
    """One challenge more here, one less there: the sum stays."""
    first, second, *rest = proofs
    less = str((int(second["challenge"]) - 1) % CURVE.q)
    return [{**first, "challenge": more(first["challenge"])}, {**second, "challenge": less}, *rest]


def silent(proofs):
    return [{"challenge": "0", "response": "0"} for _ in proofs]


def exchanged(values):
    return [values[1], values[0], *values[2:]]


def both_exchanged(answer):
    """Two choices with their own proofs, so that each of those holds."""
    return {**answer, **{key: exchanged(answer[key]) for key in ("choices", "individual_proofs")}}


CHOICE, OVERALL = Check.BALLOT_CHOICE_PROOF, Check.BALLOT_OVERALL_PROOF
BLANK, SUBGROUP = Check.BALLOT_BLANK_PROOF, Check.POINT_SUBGROUP
SIGNED = {
    "challenges shifted": ((0, "individual_proofs", 0), shifted, CHOICE),
    "proofs all zero": ((0, "individual_proofs", 0), silent, CHOICE),
    "sides exchanged": ((0, "individual_proofs", 0), exchanged, CHOICE),
    "proofs of another choice": ((0, "individual_proofs"), exchanged, CHOICE),
    "choices without their proofs": ((0, "choices"), exchanged, CHOICE),
    "choices with their proofs": ((0,), both_exchanged, OVERALL),
    "blank exchanged for a choice": ((1,), both_exchanged, BLANK),
    "overall challenges shifted": ((1, "overall_proof"), shifted, OVERALL),
    "overall all zero": ((0, "overall_proof"), silent, OVERALL),
    "blank all zero": ((1, "blank_proof"), silent, BLANK),
    "blank sides exchanged": ((1, "blank_proof"), exchanged, BLANK),
    "one vote more": ((0, "choices", 0, "beta"), times, CHOICE),
    "another randomness": ((0, "choices", 0, "alpha"), times, CHOICE),
    "no randomness": ((0, "choices", 0, "alpha"), lambda _: ONE, CHOICE),
    "beta the identity": ((0, "choices", 0, "beta"), lambda _: ONE, CHOICE),
    "alpha twisted": ((0, "choices", 0, "alpha"), twisted, SUBGROUP),
    "beta twisted": ((0, "choices", 0, "beta"), twisted, SUBGROUP),
    "alpha small": ((0, "choices", 0, "alpha"), lambda _: SMALL, SUBGROUP),
    "blank twisted": ((1, "choices", 0, "beta"), twisted, SUBGROUP),
    "ranking twisted": ((2, "choices", "beta"), twisted, SUBGROUP),
    "ranking's randomness twisted": ((2, "choices", "alpha"), twisted, SUBGROUP),
    "ranking of another": ((2, "choices", "beta"), times, Check.BALLOT_RANKED_PROOF),
    "ranking's proof all zero": ((2, "proof"), lambda _: silent([0])[0], Check.BALLOT_RANKED_PROOF),
}


@pytest.fixture(scope="module")
def asked():
    return World(CURVE, questions=(STRIKE, ACTIONS, RANKING), voters=2)


@pytest.mark.parametrize("name", SIGNED)
def test_a_voter_signs_a_tampered_ballot(asked, name):
    way, change, check = SIGNED[name]
    record = json.loads(
        make_ballot(asked.election, asked.credentials[0], [[1, 0, 0], [0, 1, 1, 0], [1, 2, 3, 4]], draw)
    )
    inner = record["answers"]
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = change(inner[way[-1]])
    bad = signed(asked.election, asked.credentials[0], record)
    refused(check, accept_ballot, asked.election, bad, asked.roll)


def wrong_part(world, owner, private_key):
    """A part whose first factor was chosen after its challenge: the archive's proof, which does not hash it, holds."""
    group, election = world.group, world.election
    t = Tape(world)
    (place,) = (n for n in range(len(world.partials)) if t.json("PartialDecryption", n, 1)["owner"] == owner)
    w = Scalar(draw(group.q))
    A, B = group.gpow(w), group.gpow(Scalar(draw(group.q)))
    c = H(group, _prefix(election, world.block.verification_keys[owner - 1]), [A, B])
    r = Scalar((w - private_key * c) % group.q)
    inverse = Scalar(pow(c, -1, group.q))
    factor = group.pow(group.div(B, group.pow(world.pairs[0][0].alpha, r)), inverse)
    t.edit("PartialDecryption", "decryption_factors", 0, 0, to=str(factor), n=place)
    return t.edit("PartialDecryption", "decryption_proofs", 0, 0, to=Proof(c, r).json(), n=place)


def test_a_wrong_factor_that_nobody_needs_is_found(tmp_path, monkeypatch):
    """Two of three suffice: the third one's factor opens nothing, and used to be believed for its proof."""
    world = archive_of("block")
    bad = wrong_part(world, 3, world.keys[2].private_key).bytes()
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_agreement", lambda *_: None)
        passes(tmp_path, bad)
    fails(tmp_path, bad, Check.DECRYPTION_PROOF, "decryptions")


@pytest.mark.parametrize("owner", [1, 4])
def test_a_wrong_factor_that_is_needed_opens_nothing(tmp_path, owner):
    world = with_block(CURVE, parts=(1, 2, 4))
    bad = wrong_part(world, owner, world.keys[owner - 1].private_key).bytes()
    fails(tmp_path, bad, Check.RESULT_CONTENT, "result")


def test_a_surplus_part_before_the_result(tmp_path):
    world = archive_of("block")
    bad = wrong_part(world, 2, world.keys[1].private_key).drop("Result").bytes()
    fails(tmp_path, bad, Check.DECRYPTION_PROOF, "decryptions")
    passes(tmp_path, tape("block").drop("Result").bytes())
