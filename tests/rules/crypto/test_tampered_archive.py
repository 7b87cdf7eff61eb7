"""The file itself tampered with: other tar dialects, bytes that nobody asked for, histories that were rewritten."""

import gzip
import io
import json
import tarfile

import pytest

from tests.rules.crypto.elections import STRIKE, TIMESTAMP, World, forged
from tests.rules.crypto.tampering import CURVE, Tape, archive_of, tape
from tests.rules.crypto.test_attacks import draw
from union.ballots.crypto import Check, Head, Listed, make_credential, public_of, verify, verify_difference
from union.ballots.crypto.archive import BLOCK, Record, ballot_step, end_ballots_step, entry, header, member
from union.ballots.crypto.canonical import compact, sha256_hex
from union.ballots.crypto.credentials import credentials_record

SECOND = 2 * BLOCK
"""Where the second member's header begins."""


def summed(head):
    """A tar header with its checksum made right."""
    blank = head[:148] + b" " * 8 + head[156:]
    return head[:148] + f"{sum(blank):06o}\0 ".encode() + head[156:]


def patched(content, offset, new, start=SECOND):
    """Bytes of a member's header replaced, the checksum made right."""
    head = content[start : start + BLOCK]
    return (
        content[:start] + summed(head[:offset] + new + head[offset + len(new) :]) + content[start + BLOCK :]
    )


def of_type(letter, content=b"30 path=elsewhere.data.json\n"):
    """A member of another type, in front of the second one."""
    return lambda archive: (
        archive[:SECOND] + patched(member("PaxHeader", content, TIMESTAMP), 156, letter, 0) + archive[SECOND:]
    )


def remade(form):
    """The same records packed by Python's tarfile."""

    def pack(content):
        packed = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(content)) as old,
            tarfile.open(fileobj=packed, mode="w", format=form) as new,
        ):
            for one in old:
                new.addfile(one, old.extractfile(one))
        return packed.getvalue()

    return pack


def padded(content):
    """One bit in the padding behind the first record."""
    return content[: SECOND - 1] + b"\x01" + content[SECOND:]


def linked(letter):
    """A member that says it is a link to the one before."""
    return lambda c: patched(patched(c, 156, letter), 157, b"BELENIOS")


FILES = {
    "a byte behind": lambda c: c + b"\0",
    "a letter behind": lambda c: c + b"x",
    "a block of zeros behind": lambda c: c + bytes(BLOCK),
    "the end of a tar behind": lambda c: c + bytes(2 * BLOCK),
    "itself behind": lambda c: c + c,
    "zeros before": lambda c: bytes(BLOCK) + c,
    "a byte less": lambda c: c[:-1],
    "a block less": lambda c: c[:-BLOCK],
    "first member gone": lambda c: c[SECOND:],
    "first member twice": lambda c: c[:SECOND] + c,
    "second header gone": lambda c: c[:SECOND] + c[SECOND + BLOCK :],
    "nothing": lambda _: b"",
    "zeros only": lambda c: bytes(len(c)),
    "packed": gzip.compress,
    "padding used": padded,
    "posix tar": remade(tarfile.USTAR_FORMAT),
    "gnu tar": remade(tarfile.GNU_FORMAT),
    "pax tar": remade(tarfile.PAX_FORMAT),
    "pax header": of_type(b"x"),
    "pax header for all": of_type(b"g", b"18 size=999999999\n"),
    "pax size": of_type(b"x", b"13 size=1024\n"),
    "long name of gnu": of_type(b"L", b"0" * 64 + b".data.json\0"),
    "sparse of gnu": of_type(b"S"),
    "directory": of_type(b"5", b""),
    "hard link": linked(b"1"),
    "soft link": linked(b"2"),
    "type nul": lambda c: patched(c, 156, b"\0"),
    "magic": lambda c: patched(c, 257, b"ustar\x0000"),
    "owner": lambda c: patched(c, 265, b"root"),
    "prefix": lambda c: patched(c, 345, b"x"),
    "mode": lambda c: patched(c, 100, b"0000755\0"),
    "user": lambda c: patched(c, 108, b"0001750\0"),
    "group": lambda c: patched(c, 116, b"0001750\0"),
    "time": lambda c: patched(c, 136, f"{TIMESTAMP + 1:011o}\0".encode()),
    "size in base 256": lambda c: patched(c, 124, b"\x80" + bytes(10) + b"\x01"),
    "size with spaces": lambda c: patched(c, 124, c[SECOND + 124 : SECOND + 135].replace(b"0", b" ", 1)),
    "size without an end": lambda c: patched(c, 135, b" "),
    "size one more": lambda c: patched(c, 124, f"{int(c[SECOND + 124 : SECOND + 135], 8) + 1:011o}".encode()),
    "size of eight gigabytes": lambda c: patched(c, 124, b"77777777777"),
    "name with a folder": lambda c: patched(c, 0, b"./" + c[SECOND : SECOND + 98]),
    "name in capitals": lambda c: patched(c, 0, c[SECOND : SECOND + 64].upper()),
    "name with something behind": lambda c: patched(c, 90, b"x"),
    "name of an event": lambda c: patched(c, 65, b"event.json"),
    "checksum without its space": lambda c: c[: SECOND + 155] + b"\0" + c[SECOND + 156 :],
    "checksum": lambda c: c[: SECOND + 148] + b"000000\0 " + c[SECOND + 156 :],
}


@pytest.mark.parametrize("name", FILES)
def test_a_tampered_file_is_refused_by_name(name, tmp_path):
    good = archive_of("plain").archive()
    path = tmp_path / "tampered.bel"
    path.write_bytes(FILES[name](good))
    assert path.read_bytes() != good
    report = verify(path)
    (failed,) = (finding.failed for finding in report.failures)
    assert failed.startswith("archive-"), report.lines()
    assert verify_difference(path, path).failed == failed


def chained(*events):
    """Events as written, in members with the right names, after a true setup."""
    records = archive_of("plain").records[:5]
    content = header(TIMESTAMP) + b"".join(entry(record, TIMESTAMP) for record in records)
    for event in events:
        content += entry(Record("event", sha256_hex(event), event), TIMESTAMP)
    return content


def event(**facts):
    return compact(
        {"parent": archive_of("plain").records[4].digest, "height": 1, "type": "EndBallots"} | facts
    )


EVENTS = {
    "height skipped": (lambda: event(height=2), "archive-chain"),
    "height as text": (lambda: event(height="1"), "archive-form"),
    "height with a fraction": (lambda: event(height=1.0), "archive-form"),
    "another parent": (lambda: event(parent="0" * 64), "archive-chain"),
    "parent missing": (lambda: b'{"height":1,"type":"EndBallots"}', "archive-chain"),
    "no type": (lambda: event(type=None), "archive-form"),
    "member more": (lambda: event(note=""), "archive-chain"),
    "payload that is not there": (lambda: event(payload="0" * 64), "archive-order"),
    "payload of another": (lambda: event(payload=archive_of("plain").records[0].digest), "archive-order"),
    "payload null": (lambda: event(payload=None), ("archive-order", "archive-form")),
    "other order": (lambda: compact(dict(sorted(json.loads(event()).items()))), "archive-form"),
    "space": (lambda: event() + b" ", "archive-form"),
    "member twice": (lambda: event()[:-1] + b',"type":"EndBallots"}', "archive-form"),
    "huge height": (
        lambda: event().replace(b":1,", b":" + b"9" * 4000 + b",", 1),
        ("archive-form", "archive-limit"),
    ),
    "no JSON": (lambda: b"EndBallots", "archive-form"),
    "list": (lambda: b"[]", "archive-chain"),
    "deep": (lambda: b"[" * 500, "archive-form"),
    "long": (lambda: b"[" * 5000, "archive-limit"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_a_tampered_event_is_refused_by_name(name, tmp_path):
    made, expected = EVENTS[name]
    path = tmp_path / "tampered.bel"
    path.write_bytes(chained(event()))
    assert verify(path).holds
    path.write_bytes(chained(made()))
    (failed,) = (finding.failed for finding in verify(path).failures)
    assert failed in ((expected,) if isinstance(expected, str) else expected)


# Histories. Each is an archive that holds by itself: only a saved copy or a published head can show it.


def with_credential_added(world):
    """The server puts one more voter on the roll before it publishes anew."""
    one_more = Listed(public_of(CURVE, world.election.uuid, make_credential(draw)), 1)
    old = [Listed(CURVE.point(public), weight) for public, weight in world.roll.items()]
    return Tape(world).put("Setup", credentials_record(CURVE, [*old, one_more]), index=2)


def with_credential_removed(world):
    cast = {Tape(world).json("Ballot", n)["credential"] for n in range(2)}
    return Tape(world).put("Setup", [line for line in world.roll if line in cast], index=2)


HISTORIES = {
    "ballot dropped": lambda world: Tape(world).drop("Ballot"),
    "last ballot dropped": lambda world: Tape(world).drop("Ballot", 1),
    "ballots exchanged": lambda world: Tape(world).move("Ballot", 2, n=0),
    "credential added": with_credential_added,
    "credential removed": with_credential_removed,
    "trustee renamed": lambda world: Tape(world).edit("Setup", 0, 1, "name", to="Ann", index=1),
    "another election": lambda _: Tape(World(CURVE, questions=(STRIKE,))),
    "closed one ballot earlier": lambda world: Tape(world).drop("Ballot", 1).insert(2, "EndBallots"),
}


@pytest.fixture(scope="module")
def voting():
    world = World(CURVE, questions=(STRIKE,), voters=3, trustees=1)
    world.cast(0, [[1, 0, 0]])
    world.cast(1, [[0, 1, 0]])
    return world


@pytest.mark.parametrize("name", HISTORIES)
def test_a_rewritten_history_is_shown_by_a_copy_and_by_a_head(name, tmp_path, voting):
    old, new = tmp_path / "old.bel", tmp_path / "new.bel"
    old.write_bytes(voting.archive())
    new.write_bytes(HISTORIES[name](voting).bytes())
    assert verify(new).holds
    for known in (old, voting.head.digest, voting.head.digest.upper()):
        difference = verify_difference(known, new)
        assert not difference.holds
        assert difference.failed == Check.HISTORY_PREFIX.value
        assert difference.lines()


def test_a_fork_is_shown_whichever_comes_first(tmp_path, voting):
    one, other = tmp_path / "one.bel", tmp_path / "other.bel"
    base = voting.archive()
    closed = end_ballots_step(voting.head)
    third = ballot_step(voting.head, Tape(voting).record("Ballot").replace(b"{", b"{ ", 1))
    one.write_bytes(base + b"".join(entry(record, TIMESTAMP) for record in closed.records))
    other.write_bytes(base + b"".join(entry(record, TIMESTAMP) for record in third.records))
    assert verify_difference(one, other).failed == Check.HISTORY_PREFIX.value
    assert verify_difference(other, one).failed == Check.HISTORY_PREFIX.value


def test_a_longer_history_continues_every_head_it_had(tmp_path):
    content = archive_of("ranked")
    path = tmp_path / "whole.bel"
    path.write_bytes(content.archive())
    heads = [
        Head(height, record.digest)
        for height, record in enumerate(r for r in content.records if r.kind == "event")
    ]
    for head in heads:
        difference = verify_difference(head.digest, path)
        assert difference.holds
        assert difference.old_height == head.height
        assert sum(difference.added.values()) == len(heads) - 1 - head.height
    start = tmp_path / "start.bel"
    start.write_bytes(forged(tape("ranked").events[:3]))
    assert verify_difference(start, path).holds
    assert verify_difference(path, start).failed == Check.HISTORY_PREFIX.value


def test_the_same_events_at_another_time_are_another_archive(tmp_path, voting):
    old, new = tmp_path / "old.bel", tmp_path / "new.bel"
    old.write_bytes(voting.archive())
    records = b"".join(entry(record, TIMESTAMP + 1) for record in voting.records)
    new.write_bytes(header(TIMESTAMP + 1) + records)
    assert verify(new).holds
    assert verify_difference(old, new).failed == Check.HISTORY_PREFIX.value
