"""What breaks readers, given to the browser's check as the published archive: refused by name, soon, by the same rule."""

import hashlib
import json
import re

import pytest

from tests.js.test_verify_here import browser
from tests.wire.bombs import MB
from tests.wire.test_bombs_for_commands import VECTORS, archives

TIMES = 10
"""How many times the milliseconds of an honest archive, which proves every ballot."""


def member(name, content, time=0):
    """A member as an archive has it: header, content, padding."""
    start = f"{name:\0<100}{0o644:07o}\0{0:07o}\0{0:07o}\0{len(content):011o}\0{time:011o}\0"
    total = 8 * 32 + ord("0") + sum(start.encode())
    header = f"{start}{total:06o}\0 0".encode().ljust(512, b"\0")
    return header + content + bytes(-len(content) % 512)


FIRST = member("BELENIOS", b'{"version":1,"timestamp":"0"}')
NULL = '{"parent":null,"height":0,"type":"Setup","payload":null}'


def named(content, kind="event"):
    return member(f"{hashlib.sha256(content).hexdigest()}.{kind}.json", content)


def event(payload):
    return named(
        json.dumps({"height": 0, "type": "Setup", "payload": payload}, separators=(",", ":")).encode()
    )


def setup(*records):
    """A first event that brings these three records, whatever they say."""
    digests = [hashlib.sha256(one).hexdigest() for one in records]
    last = json.dumps(
        dict(zip(("election", "trustees", "credentials"), digests, strict=True)), separators=(",", ":")
    )
    told = hashlib.sha256(last.encode()).hexdigest()
    return FIRST + b"".join(named(one, "data") for one in (*records, last.encode())) + event(told)


def bombs():
    deep, objects = b"[" * MB, b'{"a":' * (MB // 5)
    closed = b"[" * (MB // 2) + b"]" * (MB // 2)
    return {
        **archives(),
        "first record null": member("BELENIOS", b"null"),
        "first record deep": member("BELENIOS", deep),
        "first record deep and closed": member("BELENIOS", b'{"version":1,"timestamp":' + closed + b"}"),
        "first record alone": FIRST,
        "first record twice": FIRST * 2,
        "cut within a header": FIRST + FIRST[:100],
        "cut within a record": setup(b"{}", b"[]", b"[]")[:-600],
        "a size beyond the end": FIRST + member("x", b"y").replace(b"00000000001\0", b"77777777777\0"),
        **{
            f"event {name}": FIRST + named(content)
            for name, content in {
                "null": b"null", "number": b"1", "list": b"[]", "deep": deep, "deep objects": objects,
                "deep and closed": closed, "deep parent": NULL.replace("null", closed.decode(), 1).encode(),
                "named twice": NULL.replace('"height":0', '"height":1,"height":0').encode(),
                "not UTF-8": b"\xff\xfe", "half a character": rb'"\ud800"', "a name of all objects":
                b'{"parent":null,"height":0,"type":"constructor","payload":null}',
            }.items()
        },
        **{
            f"election {name}": setup(content, b"[]", b"[]")
            for name, content in {
                "null": b"null", "number": b"1", "empty": b"{}", "deep": deep, "deep and closed": closed,
                "prototype": b'{"__proto__":{"questions":[]}}', "huge number": b"9" * MB,
                "named twice": b'{"version":1,"version":1}', "questions": b'{"questions":' + closed + b"}",
            }.items()
        },
        "many records": FIRST + b"".join(named(b"%d" % n, "data") for n in range(2000)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    paths = []
    for n, content in enumerate(bombs().values()):
        paths.append(folder / f"{n}.bel")
        paths[-1].write_bytes(content)
    return dict(zip(bombs(), browser(*paths), strict=True))


@pytest.fixture(scope="module")
def honest():
    [archive] = (VECTORS / "ed25519-single").glob("*.bel")
    [report] = browser(archive)
    assert report["holds"]
    return report["milliseconds"]


@pytest.mark.parametrize("name", bombs())
def test_it_is_refused_by_name_and_soon(name, reports, honest):
    report = reports[name]
    [failed] = [one["failed"] for one in report["findings"] if one["holds"] is False][:1]
    assert not report["holds"]
    assert re.match(r"(archive|record|election|ballot)-[a-z]+\b", failed), failed
    assert report["milliseconds"] <= TIMES * honest
