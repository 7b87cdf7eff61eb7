"""Nothing that is thrown at the reader, the verifier or the ballot box makes them crash, hang or agree."""

import json
import os
import resource
import secrets
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.crypto.elections import STRIKE, TIMESTAMP, VECTORS, events_of, forged, whole
from tests.rules.crypto.tampering import Tape
from union.ballots.crypto import (
    Check,
    Election,
    Refused,
    accept_ballot,
    group_named,
    make_ballot,
    read_trustees,
    verify,
)
from union.ballots.crypto.archive import BLOCK, header, member, member_header
from union.ballots.crypto.canonical import compact, read_json

CURVE = group_named("Ed25519")
ARCHIVES = [path.read_bytes() for path in sorted(VECTORS.glob("*/*.bel"))]
quick = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def world():
    return whole(CURVE, questions=(STRIKE,), voters=4)


@pytest.fixture
def refuse(tmp_path):
    def check(content, *names):
        path = tmp_path / "bad.bel"
        path.write_bytes(content)
        started = time.process_time()
        report = verify(path)
        assert time.process_time() - started < 2
        assert not report.holds
        failed = [finding.failed for finding in report.failures]
        assert len(failed) == 1
        assert failed[0] in set(Check)
        if names:
            assert failed[0] in {name.value for name in names}, report.lines()

    return check


@quick
@given(
    which=st.integers(0, len(ARCHIVES) - 1), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7)
)
def test_one_flipped_bit_anywhere_is_found(refuse, which, where, bit):
    content = bytearray(ARCHIVES[which])
    content[int(where * len(content))] ^= 1 << bit
    refuse(bytes(content))


@settings(quick, max_examples=50)
@given(
    which=st.integers(0, len(ARCHIVES) - 1), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7)
)
def test_one_flipped_bit_in_a_payload_is_found_with_every_digest_made_right(tmp_path, which, where, bit):
    """A cheating server can recompute the chain; then the proofs must find the bit."""
    content = ARCHIVES[which]
    events, waiting, offset = [], [], 0
    while offset < len(content):
        name, size = (
            content[offset : offset + 100].rstrip(b"\0"),
            int(content[offset + 124 : offset + 135], 8),
        )
        data = content[offset + BLOCK : offset + BLOCK + size]
        offset += BLOCK + size + -size % BLOCK
        if name.endswith(b".data.json"):
            waiting.append(data)
        elif name.endswith(b".event.json"):
            events.append((json.loads(data)["type"], waiting))
            waiting = []
    places = [(i, j) for i, (_, payloads) in enumerate(events) for j in range(len(payloads))]
    i, j = places[int(where * len(places))]
    kind, payloads = events[i]
    changed = bytearray(payloads[j])
    spot = int(where * len(places) * 7919) % len(changed)
    changed[spot] ^= 1 << bit
    payloads = [*payloads[:j], bytes(changed), *payloads[j + 1 :]]
    try:
        bad = forged([*events[:i], (kind, payloads), *events[i + 1 :]])
    except (ValueError, TypeError):
        return  # the naming record is no JSON any more: nothing could be linked
    if bad == forged(events):
        return  # the bit lay in a digest, which was made right again
    path = tmp_path / "bad.bel"
    path.write_bytes(bad)
    report = verify(path)
    assert not report.holds
    assert [finding.failed in set(Check) for finding in report.failures] == [True]


@quick
@given(where=st.floats(0, 1, exclude_max=True))
def test_an_archive_cut_within_an_event_is_refused(refuse, where):
    content = ARCHIVES[0]
    cut = int(where * len(content))
    if cut % BLOCK:
        refuse(content[:cut], Check.ARCHIVE_FORM, Check.ARCHIVE_ORDER)


def test_an_archive_cut_between_events_is_an_earlier_stage(tmp_path, world):
    events = events_of(world.records)
    for count in range(1, len(events)):
        path = tmp_path / "part.bel"
        path.write_bytes(forged(events[:count]))
        report = verify(path)
        assert report.holds, report.lines()
        assert report.stage != "tallied"
        assert report.result is None


def test_members_out_of_order(refuse, world):
    events = events_of(world.records)
    refuse(forged([events[1], events[0], *events[2:]]), Check.ARCHIVE_ORDER)
    (kind, payloads), *rest = events
    swapped = [payloads[1], payloads[0], *payloads[2:]]
    refuse(forged([(kind, swapped), *rest]), Check.ELECTION_FORM)
    refuse(forged([*events[:-1], events[-1], events[-1]]), Check.BALLOT_REPEATED, Check.ARCHIVE_ORDER)
    content = world.archive()
    refuse(content + bytes(1024), Check.ARCHIVE_FORM)
    refuse(content[BLOCK * 2 :], Check.ARCHIVE_FORM, Check.ARCHIVE_LIMIT)


@pytest.mark.parametrize(
    "first",
    [
        b'{"version":2,"timestamp":"1790000000"}',
        b'{"version":true,"timestamp":"1790000000"}',
        b'{"version":1,"timestamp":"1790000001"}',
        b'{"timestamp":"1790000000","version":1, "x":1}',
        b'{"version":1,"version":1,"timestamp":"1790000000"}',
        b"[]",
        b"",
        b"\xff\xfe",
    ],
)
def test_another_first_record(refuse, world, first):
    refuse(member("BELENIOS", first, TIMESTAMP) + world.archive()[BLOCK * 2 :], Check.ARCHIVE_FORM)


@pytest.mark.parametrize(
    "credentials",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[1" + b"0" * 1_000_000 + b"]",
        b"[1e400]",
        b"[NaN]",
        b'["' + b"f" * 1_000_000 + b'"]',
        b'{"a":1,"a":2}',
        b'["\xff"]',
        b'["\\ud800"]',
        b"",
        b"nul",
        b'["0000000000000000000000000000000000000000000000000000000000000001"]',
        b'["0000000000000000000000000000000000000000000000000000000000000001,-1"]',
    ],
    ids=lambda content: content[:12].decode("latin-1") or "empty",
)
def test_malformed_credentials(refuse, world, credentials):
    (kind, payloads), *rest = events_of(world.records)
    refuse(
        forged([(kind, [*payloads[:2], credentials, payloads[3]]), *rest]),
        Check.CREDENTIALS_FORM,
        Check.POINT_FORM,
    )


@pytest.mark.parametrize(
    "point",
    [
        "f" * 64,
        "8000000000000000000000000000000000000000000000000000000000000001",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
        "666666666666666666666666666666666666666666666666666666666666665",
        "6666666666666666666666666666666666666666666666666666666666666658\n",
        "6666666666666666666666666666666666666666666666666666666666666658".replace("6", "６"),
        "E666666666666666666666666666666666666666666666666666666666666658",
        "",
    ],
)
def test_points_in_another_form(point):
    with pytest.raises(Refused) as refused:
        CURVE.point(point)
    assert refused.value.check is Check.POINT_FORM


@pytest.mark.parametrize("element", ["0", "01", "+1", "-1", " 1", "1\n", "１", "", "1" * 700, "0x1", "1_0"])
def test_elements_in_another_form(element):
    for name in ("BELENIOS-2048", "RFC-3526-2048"):
        with pytest.raises(Refused) as refused:
            group_named(name).point(element)
        assert refused.value.check is Check.POINT_FORM


@pytest.mark.parametrize("name", ["BELENIOS-2048", "RFC-3526-2048"])
def test_elements_out_of_the_group(name):
    group = group_named(name)
    for element in (group.p - 1, group.p - group.g.raw):
        with pytest.raises(Refused) as refused:
            group.point(str(element))
        assert refused.value.check is Check.POINT_SUBGROUP
    with pytest.raises(Refused) as refused:
        group.point(str(group.p + 1))
    assert refused.value.check is Check.POINT_FORM


@pytest.mark.parametrize("scalar", ["-1", "01", "1.0", "", "1" * 2000, str(CURVE.q), "１", None, 1, True])
def test_scalars_in_another_form(scalar):
    with pytest.raises(Refused) as refused:
        CURVE.scalar(scalar)
    assert refused.value.check is Check.SCALAR_FORM


def test_one_way_to_write_a_ballot(world):
    good = make_ballot(world.election, world.credentials[3], [[1, 0, 0]], secrets.randbelow)
    assert accept_ballot(world.election, good, world.roll)
    record = json.loads(good)
    others = [
        good + b" ",
        b" " + good,
        json.dumps(record).encode(),
        compact(dict(reversed(record.items()))),
        good.replace(b"election_uuid", b"election\\u005fuuid", 1),
        compact({**record, "more": 1}),
        good.replace(b'"answers":[', b'"answers":[],"answers":[', 1),
    ]
    for other in others:
        assert other != good
        with pytest.raises(Refused) as refused:
            accept_ballot(world.election, other, world.roll)
        assert refused.value.check in (Check.BALLOT_CANONICAL, Check.BALLOT_FORM)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def replaced(value, path, new):
    """The value with whatever the path leads to replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = replaced(copy[key], path[1:], new)
    return copy


@quick
@given(path=st.lists(st.integers(0, 20), max_size=7), new=anything)
def test_a_ballot_with_anything_in_it_is_refused_by_name(world, path, new):
    good = json.loads(world.board()[0])
    bad = replaced(good, path, new)
    if bad != good:
        with pytest.raises(Refused):
            accept_ballot(world.election, json.dumps(bad).encode(), world.roll)
        with pytest.raises(Refused):
            accept_ballot(world.election, compact(bad), world.roll)


@quick
@given(
    path=st.lists(st.integers(0, 20), max_size=7),
    new=anything,
    where=st.sampled_from(["trustees", "election"]),
)
def test_setup_records_with_anything_in_them_never_crash(path, new, where):
    folder = VECTORS / "ed25519-threshold"
    record = json.loads((folder / f"{where}.json").read_text())
    bad = compact(replaced(record, path, new))
    try:
        read_trustees(CURVE, bad) if where == "trustees" else Election.read(bad)
    except Refused as refused:
        assert refused.check in set(Check)


@quick
@given(content=st.binary(max_size=300))
def test_bytes_are_json_or_refused(content):
    try:
        value = read_json(content)
    except Refused as refused:
        assert refused.check is Check.RECORD_FORM
    else:
        assert json.loads(content) == value


GIANTS = {
    "header": lambda _: (member_header("BELENIOS", 10**9, TIMESTAMP), 10**9),
    "member": lambda _: (
        header(TIMESTAMP) + member_header("0" * 64 + ".data.json", 10**9, TIMESTAMP),
        2 * 10**9,
    ),
    "truncated": lambda _: (header(TIMESTAMP) + member_header("0" * 64 + ".data.json", 2**27, TIMESTAMP), 0),
    "deep roll": lambda world: (swollen(world, "Setup", 2, b"[" * 20_000_000), 0),
    "roll of nothing": lambda world: (swollen(world, "Setup", 2, b"[" + b'"",' * 30_000_000 + b'""]'), 0),
    "roll of lists": lambda world: (swollen(world, "Setup", 2, b"[" + b"[]," * 30_000_000 + b"[]]"), 0),
    "roll of spaces": lambda world: (swollen(world, "Setup", 2, b"[" + b" " * 100_000_000 + b"]"), 0),
    "election of lists": lambda world: (swollen(world, "Setup", 0, b"[" + b"[]," * 600_000 + b"[]]"), 0),
    "big election": lambda world: (swollen(world, "Setup", 0, b" " * 100_000_000), 0),
    "trustees of numbers": lambda world: (
        swollen(world, "Setup", 1, b"[" + b"77777777," * 800_000 + b"7]"),
        0,
    ),
    "big tally": lambda world: (swollen(world, "EncryptedTally", 0, b"[" + b"[]," * 30_000_000 + b"[]]"), 0),
    "big part": lambda world: (swollen(world, "PartialDecryption", 0, b"[" * 100_000_000), 0),
    "big result": lambda world: (
        swollen(world, "Result", 0, b'{"result":[[' + b"1," * 40_000_000 + b"1]]}"),
        0,
    ),
}


def swollen(world, kind, index, record):
    """The election with one record replaced by a giant, every digest right."""
    return Tape(world).put(kind, record, index=index).bytes()


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("kind", GIANTS)
def test_giant_archives_are_refused_within_a_second_and_200_megabytes(tmp_path, kind, world):
    path = tmp_path / "giant.bel"
    content, size = GIANTS[kind](world)
    with path.open("wb") as file:
        file.write(content)
        file.truncate(max(size, len(content)))
    before = children_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "union.ballots.crypto", "verify", str(path)],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (200 * 2**20, 200 * 2**20)),
        timeout=30,
    )
    assert done.returncode == 1
    assert b"FAILS" in done.stdout
    assert not done.stderr
    assert children_seconds() - before < 2  # of a processor, the start of the interpreter included
