"""What other releases and other people's programs publish, and we must therefore accept."""

import pytest

from tests.rules.crypto.elections import ACTIONS, RANKING, STRIKE, World
from tests.rules.crypto.tampering import CURVE, tape
from tests.rules.crypto.test_attacks import draw, passes, verdict
from union.ballots.crypto import (
    Check,
    Homomorphic,
    KeyPair,
    Scalar,
    Trustees,
    group_named,
    make_ballot,
    verify,
)
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.proofs import prove_knowledge
from union.ballots.crypto.trustees import key_of, read_trustees

ORDERS = ["Ed25519", "RFC-3526-2048"]


def unsigned(key):
    """A verification key as release 2.5.1 publishes it: the ceremony is signed, the keys are not yet."""
    return {name: value for name, value in key.items() if name != "signature"}


def test_a_block_of_release_2_5(tmp_path):
    old = tape("block").edit(
        "Setup", 0, 1, "verification_keys", to=lambda keys: list(map(unsigned, keys)), index=1
    )
    passes(tmp_path, old.bytes())
    passes(tmp_path, old.edit("Setup", 0, 1, "verification_keys", 0, "name", to="Ann", index=1).bytes())


def test_a_block_of_release_2_5_with_another_ceremonys_signatures(tmp_path):
    old = tape("block").edit(
        "Setup", 0, 1, "verification_keys", to=lambda keys: list(map(unsigned, keys)), index=1
    )
    report = verdict(tmp_path, old.swap("Setup", 0, 1, "signatures", index=1).bytes())
    assert [finding.failed for finding in report.failures] == [Check.TRUSTEE_SIGNATURE.value]


def bare_block(group=CURVE):
    """A ceremony of release 2.0, three trustees of whom two are needed: the block, and what each keeps."""
    pairs, polynomials = (
        [tuple(group.draw_scalar(draw) for _ in range(2)) for _ in range(3)] for _ in range(2)
    )

    def signed(x, message):
        said = compact(message).decode()
        proof = prove_knowledge(group, x, f"sigmsg|{said}|", draw)
        return {"message": said, "signature": proof.json()}

    kept = [Scalar(sum(a + b * j for a, b in polynomials) % group.q) for j in range(1, len(polynomials) + 1)]
    block = {
        "threshold": 2,
        "certs": [
            signed(x, {"verification": str(group.gpow(x)), "encryption": str(group.gpow(y))})
            for x, y in pairs
        ],
        "coefexps": [
            signed(x, {"coefexps": [str(group.gpow(a)) for a in coefficients]})
            for (x, _), coefficients in zip(pairs, polynomials, strict=True)
        ],
        "verification_keys": [key_of(group, x, draw).public.json() for x in kept],
    }
    return block, kept


def bare_world():
    """An election that such trustees opened, one part more than needed."""
    block, kept = bare_block()
    singles = Trustees.singles
    Trustees.singles = lambda group, _: read_trustees(group, compact([["Pedersen", block]]))
    try:
        world = World(CURVE, questions=(STRIKE,), trustees=1)
    finally:
        Trustees.singles = singles
    world.keys = [KeyPair(x, None) for x in kept]
    for voter, choice in enumerate([[1, 0, 0], [0, 1, 0]]):
        world.cast(voter, [choice])
    world.close()
    world.decrypt((1, 2, 3))
    world.publish()
    return world


def test_a_block_of_release_2_0(tmp_path):
    passes(tmp_path, bare_world().archive())


def typed_world(monkeypatch, questions=(STRIKE, ACTIONS), **beside):
    """An election whose record names the type of every question, as releases after 3.3 write it."""
    plain = Homomorphic.json
    with monkeypatch.context() as later:
        later.setattr(
            Homomorphic, "json", lambda self: {"type": "Homomorphic", "value": plain(self), **beside}
        )
        world = World(CURVE, questions=questions)
    world.cast(0, [[1, 0, 0], [0, 1, 0, 1]])
    world.close()
    world.decrypt()
    world.publish()
    assert b'"type":"Homomorphic"' in world.election.record
    return world


@pytest.mark.parametrize("beside", [{}, {"extra": ["Anything", {"a": 1}]}], ids=["plain", "extra"])
def test_a_question_that_names_its_type(tmp_path, monkeypatch, beside):
    world = typed_world(monkeypatch, **beside)
    report = verify(world.write(tmp_path))
    assert report.holds, report.lines()
    assert report.result == [[1, 0, 0], [0, 1, 0, 1]]


@pytest.mark.parametrize("value", [None, [], {"answers": ["A"]}])
def test_a_question_that_names_its_type_and_asks_nothing(tmp_path, value):
    entry = {"type": "Homomorphic", "value": value}
    report = verdict(tmp_path, tape("plain").edit("Setup", "questions", 0, to=entry).bytes())
    assert [finding.failed for finding in report.failures] == [Check.ELECTION_FORM.value]


def test_a_trustee_with_a_name(tmp_path):
    passes(tmp_path, tape("plain").edit("Setup", 0, 1, "name", to="Ann", index=1).bytes())


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("questions", [(RANKING,), (STRIKE, RANKING)], ids=["ranked", "both"])
def test_nobody_voted(tmp_path, name, questions):
    """Two trustees then hand in the same part, byte for byte."""
    world = World(group_named(name), questions=questions, trustees=2)
    world.close()
    world.shuffle()
    world.decrypt()
    world.publish()
    report = verify(world.write(tmp_path))
    assert report.holds, report.lines()
    assert report.result[-1] == []


def test_nobody_voted_on_questions_that_are_added_up(tmp_path):
    world = World(CURVE, questions=(STRIKE, ACTIONS), trustees=1)
    world.close()
    world.decrypt()
    assert world.publish() == [[0, 0, 0], [0, 0, 0, 0]]
    assert verify(world.write(tmp_path)).holds


def test_a_weight_of_nought(tmp_path):
    world = World(CURVE, questions=(STRIKE,), weights=(0, 2, 1, 1))
    world.cast(0, [[1, 0, 0]])
    world.cast(1, [[0, 1, 0]])
    world.close()
    world.decrypt()
    assert world.publish() == [[0, 2, 0]]
    assert verify(world.write(tmp_path)).holds


@pytest.mark.parametrize("name", ORDERS)
def test_one_voter_cannot_stop_the_count_of_orders(tmp_path, monkeypatch, name):
    """Any element can be encrypted, whatever it stands for; it opens to some order, and the others count."""
    group = group_named(name)
    world = World(group, questions=(RANKING,), voters=2, trustees=1)
    world.cast(0, [[1, 2, 3, 4]])
    with monkeypatch.context() as own_program:
        own_program.setattr(type(group), "encode", lambda self, _: self.gpow(Scalar(123456789)))
        spoilt = make_ballot(world.election, world.credentials[1], [[1, 2, 3, 4]], draw)
    world.accept(spoilt)
    world.close()
    world.shuffle()
    world.decrypt()
    (orders,) = world.publish()
    assert [1, 2, 3, 4] in orders
    assert all(len(order) == 4 and max(order) <= 255 for order in orders)
    assert verify(world.write(tmp_path)).holds


@pytest.mark.parametrize("form", [int, str])
def test_the_first_record_with_its_time_as_number_or_text(tmp_path, form):
    from tests.rules.crypto.elections import TIMESTAMP
    from union.ballots.crypto.archive import BLOCK, member

    first = member("BELENIOS", compact({"version": 1, "timestamp": form(TIMESTAMP)}), TIMESTAMP)
    passes(tmp_path, first + tape("plain").bytes()[2 * BLOCK :])
