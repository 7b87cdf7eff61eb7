"""What a cheat does to a published archive: records rewritten, events moved, every digest and link made right."""

import json
from functools import cache
from typing import NamedTuple

from tests.rules.crypto.elections import RANKING, STRIKE, World, events_of, forged, whole
from tests.rules.crypto.test_threshold import Ceremony
from union.ballots.crypto import KeyPair, Scalar, Trustees, group_named, verify
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.trustees import Single

CURVE = group_named("Ed25519")
SMALL = "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"
"""A point of order 8."""
Q, ONE, OTHER = str(CURVE.q), str(CURVE.one), str(CURVE.gpow(Scalar(7)))


@cache
def archive_of(kind):
    """A tallied election of each kind, made once."""
    if kind == "ranked":
        return whole(CURVE, questions=(STRIKE, RANKING))
    if kind == "weighted":
        return whole(CURVE, questions=(STRIKE,), weights=(5, 2**31, 3, 1))
    if kind == "field":
        return whole(group_named("BELENIOS-2048"), questions=(STRIKE,))
    if kind == "block":
        return with_block(CURVE)
    return whole(CURVE)


def with_block(group, parts=(1, 2, 3, 4)):
    """Two of three trustees and the server, all of whom have handed in a part."""
    ceremony = Ceremony(group, 3, 2).finish()
    singles = Trustees.singles
    Trustees.singles = lambda group, keys: Trustees(group, (ceremony.block, Single(keys[0])))
    try:
        world = World(group, questions=(STRIKE,), trustees=1)
    finally:
        Trustees.singles = singles
    world.keys = [*(KeyPair(x, None) for x in ceremony.keys), *world.keys]
    for voter, choice in enumerate([[1, 0, 0], [0, 1, 0]]):
        world.cast(voter, [choice])
    world.close()
    world.decrypt(parts)
    world.publish()
    return world


class Tape:
    """The events of a world as a list that can be rewritten. A place is (kind, which of that kind)."""

    def __init__(self, world):
        self.world = world
        self.events = [(kind, list(payloads)) for kind, payloads in events_of(world.records)]

    def at(self, kind, n=0):
        """The place in the list of the n-th event of this kind."""
        return [i for i, (one, _) in enumerate(self.events) if one == kind][n]

    def record(self, kind, n=0, index=0):
        return self.events[self.at(kind, n)][1][index]

    def json(self, kind, n=0, index=0):
        return json.loads(self.record(kind, n, index))

    def put(self, kind, content, n=0, index=0):
        """Replace a record, by bytes or by what becomes JSON."""
        content = content if isinstance(content, bytes) else compact(content)
        self.events[self.at(kind, n)][1][index] = content
        return self

    def edit(self, kind, *path, to, n=0, index=0):
        """Change what the path leads to in a record; `to` is a value or a function of the old one."""
        record = self.json(kind, n, index)
        *way, last = path
        inner = record
        for step in way:
            inner = inner[step]
        inner[last] = to(inner[last]) if callable(to) else to
        return self.put(kind, record, n, index)

    def swap(self, kind, *path, n=0, index=0):
        """Exchange the first two elements of a list."""
        return self.edit(kind, *path, to=lambda old: [old[1], old[0], *old[2:]], n=n, index=index)

    def drop(self, kind, n=0):
        del self.events[self.at(kind, n)]
        return self

    def insert(self, place, kind, *payloads):
        self.events.insert(place, (kind, list(payloads)))
        return self

    def again(self, kind, n=0):
        """The event once more, right behind itself."""
        place = self.at(kind, n)
        return self.insert(place + 1, kind, *self.events[place][1])

    def move(self, kind, to, n=0):
        event = self.events.pop(self.at(kind, n))
        self.events.insert(to, event)
        return self

    def inner(self, kind, *path, to, n=0, index=0):
        """As `edit`, within a signed message: JSON in a string of a record."""
        *outer, key = path[: path.index("message") + 1]
        deep = path[path.index("message") + 1 :]

        def rewrite(message):
            value = json.loads(message)
            inner = value
            for step in deep[:-1]:
                inner = inner[step]
            inner[deep[-1]] = to(inner[deep[-1]]) if callable(to) else to
            return compact(value).decode()

        return self.edit(kind, *outer, key, to=rewrite, n=n, index=index)

    def bytes(self):
        return forged(self.events)


def tape(kind):
    """A fresh tape of the election of that kind."""
    return Tape(archive_of(kind))


def check_case(kind, tamper, expected, folder):
    """The tampered archive is refused, by that one name or one of those."""
    good = archive_of(kind).archive()
    assert tape(kind).bytes() == good
    path = folder / "tampered.bel"
    path.write_bytes(tamper(tape(kind)).bytes())
    assert path.read_bytes() != good
    report = verify(path)
    assert not report.holds
    (failed,) = (finding.failed for finding in report.failures)
    assert failed in ((expected,) if isinstance(expected, str) else expected), report.lines()


# What is done, to be written down in tables


class Place(NamedTuple):
    """A record: the kind of its event, and which of the records that event brings."""

    kind: str
    index: int


ELECTION, TRUSTEES, ROLL = Place("Setup", 0), Place("Setup", 1), Place("Setup", 2)
BALLOT, TALLY, SIZED = Place("Ballot", 0), Place("EncryptedTally", 0), Place("EncryptedTally", 1)
SHUFFLE, SHUFFLER = Place("Shuffle", 0), Place("Shuffle", 1)
PART, OWNER, RESULT = Place("PartialDecryption", 0), Place("PartialDecryption", 1), Place("Result", 0)


def _way(path):
    return [int(step) if step.isdigit() else step for step in path.split()]


def edit(place, path, to, n=0):
    return lambda tape: tape.edit(place.kind, *_way(path), to=to, n=n, index=place.index)


def inner(place, path, to):
    return lambda tape: tape.inner(place.kind, *_way(path), to=to, index=place.index)


def swap(place, path):
    return lambda tape: tape.swap(place.kind, *_way(path), index=place.index)


def put(place, content):
    return lambda tape: tape.put(place.kind, content, index=place.index)


def replace(old, new):
    """Some bytes of the first ballot."""

    def tamper(tape):
        record = tape.record("Ballot")
        assert old in record
        return tape.put("Ballot", record.replace(old, new, 1))

    return tamper


def again(place):
    return lambda tape: tape.again(place[0])


def drop(place, n=0):
    return lambda tape: tape.drop(place[0], n)


def plus_q(text):
    return str(int(text) + CURVE.q)


def more(text):
    return str((int(text) + 1) % CURVE.q)


def times(text):
    """Another point than the one written: g times it."""
    return str(CURVE.mul(CURVE.point(text), CURVE.g))


def twisted(text):
    """The point plus one of order 8: on the curve, outside the subgroup."""
    return str(CURVE.mul(CURVE.point(text), CURVE.point_unchecked(SMALL)))
