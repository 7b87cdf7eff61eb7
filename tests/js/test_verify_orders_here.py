"""The browser's check of shuffled orders and grades agrees with our verifier, and refuses for the same reason."""

import json
import secrets

import pytest

from tests.js.forging import VECTORS, Board, browser, bump, failed, reports_of, swap
from tests.rules.crypto.elections import STRIKE, World
from union.ballots import crypto as c

ORDER = c.Ranked("Put them in order", ("Pay", "Hours", "Appeal", "Data"), c.Counting("Schulze"))
GRADES = c.Ranked("Grade them", ("One", "Two"), c.Counting("MajorityJudgment", grades=("Good", "Bad")))
CURVE = c.group_named("Ed25519")
MANY = 30
"""Voters enough that their elements are looked at in random halves, not one by one."""


def held(group, voters, questions=(STRIKE, ORDER, GRADES), trustees=2):
    world = World(group, questions=questions, voters=voters, trustees=trustees)
    for voter in range(voters):
        order = [1 + (voter + i) % 4 for i in range(4)]
        choices = {STRIKE: [1, 0, 0], ORDER: order, GRADES: [1 + voter % 2, 2]}
        world.cast(voter, [choices[question] for question in questions])
    world.close()
    world.shuffle()
    world.decrypt()
    world.publish()
    return world


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return held(CURVE, 3).write(tmp_path_factory.mktemp("few"))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return held(CURVE, MANY, questions=(ORDER,)).write(tmp_path_factory.mktemp("many"))


@pytest.mark.parametrize("group", ["Ed25519", "RFC-3526-2048"])
def test_orders_and_grades_hold_in_both_groups(group, tmp_path):
    path = held(c.group_named(group), 2).write(tmp_path)
    [report] = browser(path)
    ours = c.verify(path)
    assert report["holds"], report["findings"]
    assert [each["name"] for each in report["findings"]] == [each.name for each in ours.checks]
    assert report["result"] == ours.result
    print(f"\n{group}: {report['milliseconds']} ms")


def test_what_is_there_of_a_count_under_way_holds(tmp_path):
    world = World(CURVE, questions=(ORDER,), voters=2)
    world.cast(0, [[1, 2, 3, 4]])
    open_ = world.write(tmp_path).rename(tmp_path / "open.bel")
    world.cast(1, [[4, 3, 2, 1]])
    world.close()
    world.shuffle()
    shuffled = world.write(tmp_path).rename(tmp_path / "shuffled.bel")
    for report, there in zip(browser(open_, shuffled), (3, 5), strict=True):
        assert report["holds"]
        assert [each["holds"] for each in report["findings"]] == [True] * there + [None] * (7 - there)


def in_shuffle(change, nth=0):
    """Change the parsed shuffle of one trustee."""

    def edit(shuffle):
        change(shuffle)
        return shuffle

    return lambda board: board.change("Shuffle", edit, nth=nth)


def raised(path, by=1):
    """Add to the scalar at a path of the first proof."""

    def change(shuffle):
        holder = shuffle["proofs"][0]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = str((int(holder[path[-1]]) + by) % CURVE.q)

    return in_shuffle(change)


def replaced(path):
    """Put another element, itself in the group, at a path of the second proof."""

    def change(shuffle):
        holder = shuffle["proofs"][1]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = str(CURVE.gpow(c.Scalar(secrets.randbelow(CURVE.q))))

    return in_shuffle(change, nth=1)


def in_ballot(change):
    def edit(ballot):
        change(ballot["answers"][1])
        return ballot

    return lambda board: board.change("Ballot", edit, nth=1)


def owner(nth, number):
    def change(board):
        at = board.where("Shuffle")[nth]
        board.events[at] = (*board.events[at][:2], number)

    return change


def never_shuffled(board):
    for kind in ("Shuffle", "Shuffle", "EndShuffles"):
        del board.events[board.where(kind)[0]]


def first_shuffle_left_out(board):
    del board.events[board.where("Shuffle")[0]]


def other_result(change):
    def edit(record):
        change(record["result"])
        return record

    return lambda board: board.change("Result", edit)


def in_share(change):
    def edit(share):
        change(share)
        return share

    return lambda board: board.change("PartialDecryption", edit, nth=1)


def weighed(board):
    board.change("Setup", lambda lines: [f"{lines[0]},2", *lines[1:]], payload=2)


SHUFFLE_SCALARS = {f"s{i + 1}": raised((1, i)) for i in range(4)}
SHUFFLE_SCALARS |= {"s hat": raised((1, 4, 1)), "s prime": raised((1, 5, 2))}
SHUFFLE_POINTS = {f"t{i + 1}": replaced((0, i)) for i in range(3)}
SHUFFLE_POINTS |= {"t41": replaced((0, 3, 0)), "t42": replaced((0, 3, 1)), "t hat": replaced((0, 4, 0))}
SHUFFLE_POINTS |= {"c": replaced((2, 2)), "c hat": replaced((3, 0)), "last c hat": replaced((3, 2))}
FORGERIES = {
    **SHUFFLE_SCALARS,
    **SHUFFLE_POINTS,
    "shuffled order replaced": in_shuffle(lambda s: swap(s["ciphertexts"][0], 0, 1)),
    "shuffle shorter": in_shuffle(lambda s: s["ciphertexts"][1].pop()),
    "shuffle without a proof": in_shuffle(lambda s: s["proofs"].pop()),
    "shuffle with a note": in_shuffle(lambda s: s.update(note="x")),
    "nobody's shuffle": owner(1, 7),
    "one trustee's two shuffles": owner(1, 1),
    "never shuffled": never_shuffled,
    "first shuffle left out": first_shuffle_left_out,
    "order's proof": in_ballot(lambda answer: bump(answer["proof"])),
    "order replaced": in_ballot(lambda answer: answer["choices"].update(beta=answer["choices"]["alpha"])),
    "order without proof": in_ballot(lambda answer: answer.pop("proof")),
    "weighed orders": weighed,
    "share of an order": in_share(lambda share: bump(share["decryption_proofs"][1][0])),
    "shares swapped": in_share(lambda share: swap(share["decryption_factors"][1], 0, 1)),
    "share of one order less": in_share(lambda share: share["decryption_factors"][1].pop()),
    "order invented": other_result(lambda result: result[1].__setitem__(0, [1, 1, 1, 1])),
    "order twice": other_result(lambda result: result[1].__setitem__(0, result[1][1])),
    "order left out": other_result(lambda result: result[1].pop()),
    "grade changed": other_result(lambda result: result[2][0].__setitem__(0, 3)),
}
# one verifier calls it the wrong form, the other not its own re-serialization or not what was decrypted
ANOTHER_NAME = {"order without proof"}


@pytest.fixture(scope="module")
def forged(few, tmp_path_factory):
    return reports_of(tmp_path_factory.mktemp("forged"), lambda: Board(few), FORGERIES)


def test_the_archive_written_anew_holds(forged):
    path, report = forged["none"]
    assert report["holds"]
    assert c.verify(path).holds


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_board_of_orders_is_refused_for_the_same_reason(forged, name):
    path, report = forged[name]
    ours = c.verify(path)
    assert not ours.holds
    assert not report["holds"]
    assert len(failed(report)) == 1
    if name not in ANOTHER_NAME:
        assert failed(report) == [finding.failed for finding in ours.failures]


def test_orders_sorted_hold_as_well(few, tmp_path):
    board = Board(few)
    board.change(
        "Result", lambda r: {"result": [r["result"][0], sorted(r["result"][1]), sorted(r["result"][2])]}
    )
    path = board.write(tmp_path / "sorted.bel")
    [report] = browser(path)
    assert report["holds"]
    assert c.verify(path).holds


def torsion(text):
    """The element with a point of order 8 added: it could carry a mark."""
    known = json.loads((VECTORS / "kat/ballots-and-groups.json").read_text())["Ed25519"]["reject"]
    return str(CURVE.mul(CURVE.point_unchecked(text), CURVE.point_unchecked(known["order8"])))


LARGE = {
    "alpha": lambda s: s["ciphertexts"][0][3].update(alpha=torsion(s["ciphertexts"][0][3]["alpha"])),
    "beta": lambda s: s["ciphertexts"][0][MANY - 1].update(
        beta=torsion(s["ciphertexts"][0][MANY - 1]["beta"])
    ),
    "t1": lambda s: s["proofs"][0][0].__setitem__(0, torsion(s["proofs"][0][0][0])),
    "c hat": lambda s: s["proofs"][0][3].__setitem__(17, torsion(s["proofs"][0][3][17])),
    "one response": lambda s: s["proofs"][0][1][5].__setitem__(29, str(int(s["proofs"][0][1][5][28]))),
}


@pytest.fixture(scope="module")
def large(many, tmp_path_factory):
    forgeries = {name: in_shuffle(change, nth=1) for name, change in LARGE.items()}
    return reports_of(tmp_path_factory.mktemp("large"), lambda: Board(many), forgeries)


def test_a_larger_board_holds(large):
    assert large["none"][1]["holds"]


@pytest.mark.parametrize("name", LARGE)
def test_one_wrong_element_among_many_is_found(large, name):
    path, report = large[name]
    ours = c.verify(path)
    assert failed(report) == [finding.failed for finding in ours.failures]
    assert failed(report) == ["shuffle-proof" if name == "one response" else "point-subgroup"]
