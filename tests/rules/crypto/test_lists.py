"""Questions on lists: what is proven of an answer, and every tampering refused by name."""

import json

import pytest

from tests.rules.crypto import lists
from tests.rules.crypto.elections import VECTORS
from tests.rules.crypto.lists import COMMITTEE, HOURS, VOTES, lists_world, signed
from tests.rules.crypto.tampering import (
    CURVE,
    ONE,
    PART,
    RESULT,
    TALLY,
    Tape,
    edit,
    more,
    plus_q,
    swap,
    times,
    twisted,
)
from tests.rules.crypto.test_attacks import draw
from union.ballots.crypto import Check, Election, Refused, Scalar, make_ballot, secret_of, verify
from union.ballots.crypto.questions import Lists

RESULTS = [[2, 1, 1], [1, 1], [1, 1, 1, 1]]


@pytest.fixture(scope="module")
def whole():
    return lists_world()


@pytest.mark.parametrize("name", ["Ed25519", "BELENIOS-2048"])
def test_an_election_on_lists_holds(tmp_path, name):
    report = verify(lists_world(name, questions=(HOURS, COMMITTEE)).write(tmp_path))
    assert report.holds, report.lines()
    assert report.result == [[4, 0], RESULTS]
    assert any(line.startswith("Lists are checked as") for line in report.lines())
    assert [line.split()[:2] for line in report.lines() if line.startswith("     ")][2:5] == [
        ["2", "Red"],
        ["1", "Ann"],
        ["1", "Bo"],
    ]


def test_weights_count_on_lists(tmp_path):
    report = verify(lists_world(weights=(1, 2, 3, 2**31)).write(tmp_path))
    assert report.holds, report.lines()
    assert report.result == [[[2**31 + 3, 3, 2**31], [1, 1], [2, 2, 2, 2]]]


def test_an_archive_that_another_program_verified(tmp_path):
    report = verify(VECTORS / "lists/swu4Qrxa29j7mT.bel")
    assert report.holds, report.lines()


def test_the_booth_makes_no_answer_to_lists(whole):
    with pytest.raises(Refused) as refused:
        make_ballot(whole.election, whole.credentials[0], [VOTES[0]], draw)
    assert refused.value.check is Check.BALLOT_CHOICES


# What voters with a program of their own may try

VOTERS = {
    "nobody of the list": ([[1, 0, 0], [0, 0], [0, 0, 0, 0]], "ballot-nonzero-proof"),
    "no list": ([[0, 0, 0], [0, 0], [0, 0, 0, 0]], "ballot-overall-proof"),
    "two lists": ([[1, 1, 0], [1, 1], [0, 0, 0, 0]], "ballot-overall-proof"),
    "somebody of another list": ([[1, 1, 0], [0, 1], [0, 0, 0, 0]], "ballot-list-proof"),
    "somebody without the list": ([[0, 1, 0], [1, 1], [0, 0, 0, 0]], "ballot-list-proof"),
    "somebody twice": ([[1, 2, 0], [0, 0], [0, 0, 0, 0]], "ballot-choice-proof"),
    "somebody less than not": ([[1, 1, 0], [0, 0], [0, -1, 1, 0]], "ballot-choice-proof"),
}


def proven(choices, draw_bit=0):
    """An answer whose maker proves that each value is 0 or 1 as if it were."""
    honest = lists.prove_disjunction

    def bold(group, y, prefix, sides, true, draw, **facts):
        return honest(group, y, prefix, sides, true if true in range(len(sides)) else draw_bit, draw, **facts)

    return bold, choices


@pytest.mark.parametrize("name", VOTERS)
def test_a_voter_cannot_answer_otherwise(name, monkeypatch):
    choices, expected = VOTERS[name]
    bold, choices = proven(choices)
    monkeypatch.setattr(lists, "prove_disjunction", bold)
    world = lists.ListsWorld(CURVE, questions=(COMMITTEE,))
    with pytest.raises(Refused) as refused:
        world.cast(0, [choices])
    assert refused.value.check == expected


def test_the_proof_of_somebody_needs_a_commitment(whole):
    """With the identity as commitment the equations hold for 0 too."""
    world = lists.ListsWorld(CURVE, questions=(COMMITTEE,))
    record = json.loads(
        lists.lists_ballot(world.election, world.credentials[0], [VOTERS["nobody of the list"][0]], draw)
    )
    group, answers = world.group, record["answers"]
    chosen = lists.multiplied(
        group,
        [
            lists.encrypt(group, world.election.y, Scalar(0), 0)._replace(
                alpha=group.point(pair["alpha"]), beta=group.point(pair["beta"])
            )
            for row in answers[0]["choices"]
            for pair in row[1:]
        ],
    )
    S0 = f"{world.election.fingerprint}|{record['credential']}"
    S = f"{S0}|" + ",".join(f"{p['alpha']},{p['beta']}" for row in answers[0]["choices"] for p in row)
    w1, w2 = group.draw_scalar(draw), group.draw_scalar(draw)
    A1 = group.mul(group.pow(chosen.alpha, w1), group.gpow(w2))
    A2 = group.mul(group.pow(chosen.beta, w1), world.election.y.pow(w2))
    c = lists.H(group, f"nonzero|{S}|", [group.one, A1, A2])
    answers[0]["nonzero_proof"] = {"commitment": ONE, "challenge": str(c), "response": [str(w1), str(w2)]}
    s = secret_of(group, world.election.uuid, world.credentials[0])
    parts = {"credential": record["credential"], "answers": answers}
    with pytest.raises(Refused) as refused:
        world.accept(signed(group, world.election, s, parts, draw))
    assert refused.value.check is Check.BALLOT_NONZERO_PROOF


# What is changed in a ballot by its own voter, who signs it anew

ANSWERS = {
    "lists exchanged": (("choices",), lambda rows: [rows[1], rows[0], rows[2]], "ballot-form"),
    "names exchanged": (("choices", 0), lambda row: [row[0], row[2], row[1]], "ballot-choice-proof"),
    "a list less": (("choices",), lambda rows: rows[:2], "ballot-form"),
    "a name less": (("choices", 2), lambda row: row[:3], "ballot-form"),
    "one row": (("choices",), lambda rows: [pair for row in rows for pair in row], "ballot-form"),
    "value times g": (("choices", 0, 1, "beta"), times, "ballot-choice-proof"),
    "value twisted": (("choices", 0, 1, "alpha"), twisted, ("point-subgroup", "ballot-choice-proof")),
    "choice proof changed": (("individual_proofs", 2, 3, 0, "response"), more, "ballot-choice-proof"),
    "choice proofs exchanged": (("individual_proofs", 0), lambda row: row[::-1], "ballot-choice-proof"),
    "choice proof less": (("individual_proofs", 0, 0), lambda proofs: proofs[:1], "ballot-form"),
    "overall proof changed": (("overall_proof", "challenge"), more, "ballot-overall-proof"),
    "overall proof as a list": (("overall_proof",), lambda proof: [proof], "ballot-form"),
    "list proof changed": (("list_proofs", 0, 0, "response"), more, "ballot-list-proof"),
    "last list's proof changed": (("list_proofs", 2, 1, "challenge"), more, "ballot-list-proof"),
    "list proofs exchanged": (("list_proofs",), lambda proofs: proofs[::-1], "ballot-list-proof"),
    "list proof less": (("list_proofs",), lambda proofs: proofs[:2], "ballot-form"),
    "list proof more": (("list_proofs",), lambda proofs: [*proofs, proofs[0]], "ballot-form"),
    "list proof halved": (("list_proofs", 1), lambda proofs: proofs[:1], "ballot-form"),
    "commitment changed": (("nonzero_proof", "commitment"), times, "ballot-nonzero-proof"),
    "commitment twisted": (("nonzero_proof", "commitment"), twisted, "point-subgroup"),
    "commitment the identity": (("nonzero_proof", "commitment"), lambda _: ONE, "ballot-nonzero-proof"),
    "nonzero challenge changed": (("nonzero_proof", "challenge"), more, "ballot-nonzero-proof"),
    "nonzero challenge past q": (("nonzero_proof", "challenge"), plus_q, "scalar-form"),
    "first response changed": (("nonzero_proof", "response", 0), more, "ballot-nonzero-proof"),
    "second response changed": (("nonzero_proof", "response", 1), more, "ballot-nonzero-proof"),
    "responses exchanged": (("nonzero_proof", "response"), lambda t: t[::-1], "ballot-nonzero-proof"),
    "one response": (("nonzero_proof", "response"), lambda t: t[:1], "ballot-form"),
    "nonzero proof missing": (("nonzero_proof",), lambda _: None, "ballot-form"),
}


def resigned(world, voter, path, change):
    """The voter's first ballot with one thing changed, under the voter's own signature."""
    record = Tape(world).json("Ballot", 1 + voter)
    *way, last = ("answers", 0, *path)
    inner = record
    for step in way:
        inner = inner[step]
    inner[last] = change(inner[last])
    parts = {name: record[name] for name in ("credential", "answers")}
    s = secret_of(world.group, world.election.uuid, world.credentials[voter])
    return signed(world.group, world.election, s, parts, draw)


def forgery(world, name):
    path, change, _ = ANSWERS[name]
    return Tape(world).put("Ballot", resigned(world, 0, path, change), n=1).bytes()


def judged(tmp_path, content):
    path = tmp_path / "tampered.bel"
    path.write_bytes(content)
    report = verify(path)
    assert not report.holds
    [failed] = [finding.failed for finding in report.failures]
    return failed


@pytest.mark.parametrize("name", ANSWERS)
def test_a_tampered_answer_is_refused_by_name(name, tmp_path, whole):
    expected = ANSWERS[name][2]
    assert judged(tmp_path, forgery(whole, name)) in ((expected,) if isinstance(expected, str) else expected)


ARCHIVES = {
    "tally's lists exchanged": (swap(TALLY, "0"), "tally-form"),
    "tally's names exchanged": (swap(TALLY, "0 0"), "tally-content"),
    "tally in one row": (edit(TALLY, "0", lambda rows: [p for row in rows for p in row]), "tally-form"),
    "members of a pair exchanged": (
        edit(TALLY, "0 0 0", lambda pair: dict(reversed(pair.items()))),
        "tally-form",
    ),
    "factors in one row": (
        edit(PART, "decryption_factors 0", lambda rows: [f for row in rows for f in row]),
        "decryption-form",
    ),
    "factor changed": (edit(PART, "decryption_factors 0 2 1", times), "decryption-proof"),
    "factors exchanged": (swap(PART, "decryption_factors 0 1"), "decryption-proof"),
    "decryption proof less": (edit(PART, "decryption_proofs 0 1", lambda row: row[:1]), "decryption-form"),
    "votes moved to another name": (edit(RESULT, "result 0 0", [2, 2, 0]), "result-content"),
    "votes moved to another list": (edit(RESULT, "result 0 1 0", 2), "result-content"),
    "more votes than voters": (edit(RESULT, "result 0 2 0", 9), "result-range"),
    "result in one row": (edit(RESULT, "result 0", [2, 1, 1, 1, 1, 1, 1, 1, 1]), "result-form"),
    "a list less in the result": (edit(RESULT, "result 0", lambda rows: rows[:2]), "result-form"),
    "a name less in the result": (edit(RESULT, "result 0 2", lambda row: row[:3]), "result-form"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_tampered_archive_is_refused_by_name(name, tmp_path, whole):
    tamper, expected = ARCHIVES[name]
    assert judged(tmp_path, tamper(Tape(whole)).bytes()) == expected


QUESTIONS = {
    "none": [],
    "a list without a name": [["Red"], []],
    "no lists": ["Red", "Ann"],
    "a number": [["Red", 1]],
    "nothing": None,
    "too many": [["Red", *map(str, range(1000))]],
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_no_question_on_lists(name, whole):
    record = json.loads(whole.election.record)
    record["questions"][0]["value"]["answers"] = QUESTIONS[name]
    with pytest.raises(Refused) as refused:
        Election.read(json.dumps(record).encode())
    assert refused.value.check is Check.ELECTION_FORM


def test_a_list_may_have_nobody_on_it(tmp_path):
    """It can be seen, never chosen alone: somebody must be chosen."""
    question = Lists("Who?", (("Red", "Ann"), ("Empty",)))
    world = lists.ListsWorld(CURVE, questions=(question,))
    world.cast(0, [[[1, 1], [0]]])
    world.close()
    world.decrypt()
    assert world.publish() == [[1, 1, 0]]
    assert verify(world.write(tmp_path)).result == [[[1, 1], [0]]]
    with pytest.raises(Refused) as refused:
        world.cast(1, [[[0, 0], [1]]])
    assert refused.value.check is Check.BALLOT_NONZERO_PROOF
