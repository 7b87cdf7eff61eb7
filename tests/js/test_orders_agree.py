"""Orders and grades: the browser seals, shuffles and decrypts the very bytes the server's library makes."""

import json
import secrets

import pytest

from tests.js.test_python_agrees import browser
from tests.rules.crypto.elections import STRIKE, World
from union.ballots import crypto as c

ORDER = c.Ranked("Put them in order «ü, \"'\\»", ("Pay", "Hours", "Appeal", "Data"), c.Counting("Schulze"))
GRADES = c.Ranked("Grade them", ("One", "Two"), c.Counting("MajorityJudgment", grades=("Good", "Bad")))
CHOICES = [
    [[1, 0, 0], [1, 2, 3, 4], [1, 2]],
    [[0, 1, 0], [4, 0, 1, 2], [2, 2]],
    [[0, 0, 1], [0, 0, 0, 0], [0, 0]],
]


class Remembered:
    """A source of randomness that keeps what it drew."""

    def __init__(self):
        self.drawn = []

    def __call__(self, below):
        self.drawn.append(secrets.randbelow(below))
        return self.drawn[-1]

    def texts(self):
        return [str(x) for x in self.drawn]


@pytest.fixture(params=["Ed25519", "RFC-3526-2048"])
def group(request):
    return c.group_named(request.param)


def test_generators(group):
    numbers = [-1, 0, 1, 2, 7]
    assert browser(act="generators", group=group.name, numbers=numbers) == [
        str(group.generator(i)) for i in numbers
    ]


def test_ballots_byte_for_byte(group):
    world = World(group, questions=(STRIKE, ORDER, GRADES), voters=3)
    for voter, choices in enumerate(CHOICES):
        draw = Remembered()
        ours = c.make_ballot(world.election, world.credentials[voter], choices, draw)
        theirs = browser(
            act="seal",
            group=group.name,
            record=world.election.record.decode(),
            credential=world.credentials[voter],
            votes=[choices],
            draws=draw.texts(),
        )
        assert [sealed["ballot"] for sealed in theirs] == [ours.decode()]


def test_shuffles_byte_for_byte_then_the_whole_count(group, tmp_path):
    world = World(group, questions=(STRIKE, ORDER, GRADES), voters=3)
    for voter, choices in enumerate(CHOICES):
        world.cast(voter, choices)
    world.close()
    facts = {"group": group.name, "record": world.election.record.decode()}
    draw = Remembered()
    ours = c.make_shuffle(world.election, world.pairs, draw).record()
    tally = c.EncryptedTally(world.pairs, 3, 3, world.questions).record().decode()
    theirs = browser(act="shuffle", **facts, tally=tally, draws=draw.texts())
    assert theirs == ours.decode()
    for owner in (1, 2):
        tally = c.EncryptedTally(world.pairs, 3, 3, world.questions).record().decode()
        made = browser(act="shuffle", **facts, tally=tally).encode()
        shuffle = c.read_shuffle(world.election, made)
        assert shuffle.record() == made
        c.check_shuffle(world.election, world.pairs, shuffle)
        world.pairs = c.merge_shuffled(world.election, world.pairs, shuffle)
        world.append(c.shuffle_step(world.head, owner, made))
    world.append(c.end_shuffles_step(world.head))
    world.decrypt()
    result = world.publish()
    assert sorted(result[1]) == sorted(choices[1] for choices in CHOICES)
    report = c.verify(world.write(tmp_path))
    assert report.holds, report.lines()


def test_an_element_outside_the_group_is_not_shuffled():
    """It would carry a mark through: the server could follow its ballot."""
    from tests.js.test_node import HERE

    group = c.group_named("Ed25519")
    world = World(group, questions=(ORDER,), voters=1)
    world.cast(0, [[1, 2, 3, 4]])
    world.close()
    known = json.loads((HERE.parent / "vectors/kat/ballots-and-groups.json").read_text())
    tally = json.loads(c.EncryptedTally(world.pairs, 1, 1, world.questions).record())
    tally[0][0]["alpha"] = known["Ed25519"]["reject"]["g_plus_order8"]
    with pytest.raises(AssertionError, match="point-subgroup"):
        browser(
            act="shuffle",
            group=group.name,
            record=world.election.record.decode(),
            tally=json.dumps(tally),
        )
