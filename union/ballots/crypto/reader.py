"""Reading an archive: a stream of events, each with the records it brings.

Pure but for the open file. Spec 4.4, FORMAT.md section 7. Every byte is accounted for: headers are
compared with the only ones that could stand there, contents with the digests that name them, events with
the chain. So what is read equals what a rebuild from the chain would write, without building it.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from union.ballots.crypto.archive import BLOCK, HEADER_NAME, PROTOCOL, Head, member_header
from union.ballots.crypto.ballot import BIGGEST_BALLOT
from union.ballots.crypto.canonical import compact, fields, integer, read_json, text
from union.ballots.crypto.distinct import Distinct
from union.ballots.crypto.failures import Check, Refused

BIGGEST_RECORD = 128 * 2**20
_BIGGEST_SETUP = (2 * 2**20, 8 * 2**20, BIGGEST_RECORD, 2048)
"""Of the election, the trustees, the credentials and the record that names them."""
_BIGGEST_HEADER = 128
_BIGGEST_EVENT = 512
_SMALL = 2048
"""Records up to this size are kept while scanning; setup_data and owned payloads are smaller."""
_CHUNK = 2**20
_FORM = Check.ARCHIVE_FORM
_NAME = re.compile(rb"([0-9a-f]{64})\.(data|event)\.json\0+\Z")
_OCTAL = re.compile(rb"[0-7]{11}\0")

_PAYLOADS = {
    "Setup": 4,
    "Ballot": 1,
    "EndBallots": 0,
    "EncryptedTally": 2,
    "Shuffle": 2,
    "EndShuffles": 0,
    "PartialDecryption": 2,
    "Result": 1,
}
_MOST_PAYLOADS = 2
"""What an event after the setup brings at most."""
_AFTER = {
    None: {"Setup"},
    "Setup": {"Ballot", "EndBallots"},
    "Ballot": {"Ballot", "EndBallots"},
    "EndBallots": {"EncryptedTally"},
    "EncryptedTally": {"Shuffle", "PartialDecryption"},
    "Shuffle": {"Shuffle", "EndShuffles"},
    "EndShuffles": {"PartialDecryption"},
    "PartialDecryption": {"PartialDecryption", "Result"},
    "Result": set[str](),
}


class Span(NamedTuple):
    """Where a record's content lies. digest: its SHA-256, checked."""

    digest: str
    offset: int
    size: int


@dataclass(frozen=True)
class Event:
    """One event of the chain.

    payloads: the records it brings, in the order of the archive. content: those of them that are small
    enough to have been kept, or a ballot. owner: the trustee's number for shuffles and partial decryptions.
    end: the offset behind the event.
    """

    kind: str
    head: Head
    payloads: tuple[Span, ...]
    content: bytes
    owner: int
    end: int


class _Member(NamedTuple):
    name: bytes
    span: Span
    content: bytes | None


class Reader:
    """A strict reader over an open binary file; `events` yields the chain, `read` fetches a record."""

    def __init__(self, file: BinaryIO) -> None:
        """Check the first member. Raises Refused(ARCHIVE_FORM)."""
        self._file = file
        self.size = file.seek(0, 2)
        self._most = BIGGEST_RECORD
        file.seek(0)
        head = file.read(BLOCK)
        if len(head) < BLOCK or not _OCTAL.match(head[124:136]) or not _OCTAL.match(head[136:148]):
            raise Refused(_FORM, "this is no Belenios archive")
        self.timestamp = int(head[136:147], 8)
        length = int(head[124:135], 8)
        if length > _BIGGEST_HEADER:
            raise Refused(Check.ARCHIVE_LIMIT, "the first record is too big")
        member = self._member(head, HEADER_NAME.encode().ljust(100, b"\0"), keep=_BIGGEST_HEADER)
        record = fields(read_json(member.content or b"", _FORM), ("version", "timestamp"), _FORM)
        stamp = record["timestamp"]
        if not isinstance(stamp, str | int) or str(stamp) != str(self.timestamp):
            raise Refused(_FORM, "the first record has another time than the archive")
        if compact({"version": PROTOCOL, "timestamp": stamp}) != member.content:
            raise Refused(_FORM, "the first record has another version or another form")
        self._first = file.tell()

    def _member(self, head: bytes, name: bytes, keep: int) -> _Member:
        """Check header, content and padding of the member that starts with `head`."""
        start = self._file.tell()
        if not _OCTAL.match(head[124:136]):
            raise Refused(_FORM, f"no member starts at byte {start - BLOCK}")
        size = int(head[124:135], 8)
        if head != member_header(name.rstrip(b"\0").decode(), size, self.timestamp):
            raise Refused(
                _FORM, f"the member header at byte {start - BLOCK} is not the one that belongs there"
            )
        if size > self._most:
            raise Refused(Check.ARCHIVE_LIMIT, f"the record at byte {start} is too big for its place")
        padding = -size % BLOCK
        if start + size + padding > self.size:
            raise Refused(_FORM, "the archive ends within a record")
        digest, content = self._digest(size, keep)
        if self._file.read(padding).strip(b"\0"):
            raise Refused(_FORM, f"the padding before byte {self._file.tell()} is not empty")
        return _Member(name, Span(digest, start, size), content)

    def _digest(self, size: int, keep: int) -> tuple[str, bytes | None]:
        if size <= keep:
            content = self._file.read(size)
            return hashlib.sha256(content).hexdigest(), content
        digest = hashlib.sha256()
        while size:
            chunk = self._file.read(min(size, _CHUNK))
            if not chunk:
                raise Refused(_FORM, "the archive ends within a record")
            digest.update(chunk)
            size -= len(chunk)
        return digest.hexdigest(), None

    def _members(self) -> Iterator[_Member]:
        while head := self._file.read(BLOCK):
            name = head[:100]
            parsed = _NAME.match(name)
            if len(head) < BLOCK or not parsed:
                raise Refused(_FORM, f"no member starts at byte {self._file.tell() - len(head)}")
            member = self._member(head, name, keep=BIGGEST_BALLOT)
            if member.span.digest.encode() != parsed[1]:
                raise Refused(
                    Check.ARCHIVE_HASH, f"the record at byte {member.span.offset} is not what its name says"
                )
            yield member

    def events(self) -> Iterator[Event]:
        """The events in order, each checked against the chain and the order of the protocol.

        Raises Refused with ARCHIVE_FORM, ARCHIVE_HASH, ARCHIVE_CHAIN, ARCHIVE_ORDER or ARCHIVE_LIMIT.
        """
        self._file.seek(self._first)
        head: Head | None = None
        last: str | None = None
        waiting: list[_Member] = []
        records = Distinct()
        self._most = _BIGGEST_SETUP[0]
        for member in self._members():
            if member.name[64:70] == b".data.":
                waiting.append(member)
                if len(waiting) > (_PAYLOADS["Setup"] if last is None else _MOST_PAYLOADS):
                    raise Refused(Check.ARCHIVE_ORDER, "more records wait for an event than any event brings")
            else:
                event = _read_event(member, head, last, waiting, self._file.tell())
                _note_records(records, event)
                head, last, waiting = event.head, event.kind, []
                yield event
            self._most = _BIGGEST_SETUP[len(waiting) % 4] if last is None else BIGGEST_RECORD
        if waiting or last is None:
            raise Refused(
                Check.ARCHIVE_ORDER, "the archive ends before the event that brings its last record"
            )
        place = records.repeated()
        if place is not None:
            raise Refused(Check.BALLOT_REPEATED, f"the record at byte {place} stands in the archive before")

    def read(self, span: Span, most: int = BIGGEST_RECORD) -> bytes:
        """The content of a record of at most so many bytes, checked again against its digest.

        Raises Refused(ARCHIVE_LIMIT or ARCHIVE_HASH).
        """
        if span.size > most:
            raise Refused(
                Check.ARCHIVE_LIMIT, f"the record at byte {span.offset} is too big for this election"
            )
        self._file.seek(span.offset)
        content = self._file.read(span.size)
        if hashlib.sha256(content).hexdigest() != span.digest:
            raise Refused(Check.ARCHIVE_HASH, "the archive changed while it was read")
        return content


def _note_records(records: Distinct, event: Event) -> None:
    """Note what may stand only once: all but partial decryptions, which are equal when nobody ranked."""
    for span in event.payloads[event.kind == "PartialDecryption" :]:
        records.add(span.digest.encode(), span.offset)


def _read_event(
    member: _Member, parent: Head | None, last: str | None, waiting: list[_Member], end: int
) -> Event:
    content = member.content
    if content is None or len(content) > _BIGGEST_EVENT:
        raise Refused(Check.ARCHIVE_LIMIT, "an event is not that big")
    names = ("height", "type") if parent is None else ("parent", "height", "type")
    record = fields(read_json(content, _FORM), names, Check.ARCHIVE_CHAIN, optional=("payload",))
    kind = text(record["type"], _FORM)
    if (
        compact({k: record[k] for k in (*names, "payload") if k in record}) != content
        or kind not in _PAYLOADS
    ):
        raise Refused(_FORM, "an event is not written in its one form")
    head = Head(0 if parent is None else parent.height + 1, member.span.digest)
    if integer(record["height"], _FORM) != head.height:
        raise Refused(Check.ARCHIVE_CHAIN, f"event {head.height} says it is number {record['height']}")
    if parent is not None and record["parent"] != parent.digest:
        raise Refused(Check.ARCHIVE_CHAIN, f"event {head.height} does not follow the event before it")
    if kind not in _AFTER[last]:
        raise Refused(Check.ARCHIVE_ORDER, f"{kind} cannot come after {last or 'nothing'}")
    payloads = tuple(one.span for one in waiting)
    brought = {"payload": payloads[-1].digest} if payloads else {}
    if len(payloads) != _PAYLOADS[kind] or {k: v for k, v in record.items() if k == "payload"} != brought:
        raise Refused(Check.ARCHIVE_ORDER, f"event {head.height} does not bring the records before it")
    last_content = waiting[-1].content if waiting else b""
    owner = _check_names(kind, waiting)
    return Event(kind, head, payloads, last_content or b"", owner, end)


def _small_record(member: _Member) -> bytes:
    if member.content is None or len(member.content) > _SMALL:
        raise Refused(Check.ARCHIVE_LIMIT, "a record that names others is not that big")
    return member.content


def _check_names(kind: str, waiting: list[_Member]) -> int:
    """Check that a naming record names the records before it; the owner's number if there is one."""
    if kind == "Setup":
        content = _small_record(waiting[3])
        names = ("election", "trustees", "credentials")
        record = {name: waiting[i].span.digest for i, name in enumerate(names)}
        if content != compact(record):
            raise Refused(Check.ARCHIVE_ORDER, "the setup record does not name the records before it")
    elif kind in ("Shuffle", "PartialDecryption"):
        content = _small_record(waiting[1])
        record = fields(read_json(content, _FORM), ("owner", "payload"), _FORM)
        owner = integer(record["owner"], _FORM)
        if content != compact({"owner": owner, "payload": waiting[0].span.digest}):
            raise Refused(Check.ARCHIVE_ORDER, f"the {kind} record does not name the record before it")
        return owner
    elif kind == "EncryptedTally":
        content = _small_record(waiting[1])
        names = ("num_tallied", "total_weight", "encrypted_tally")
        record = fields(read_json(content, _FORM), names, _FORM)
        in_order = {name: record[name] for name in names}
        if record["encrypted_tally"] != waiting[0].span.digest or compact(in_order) != content:
            raise Refused(Check.ARCHIVE_ORDER, "the sized tally does not name the tally before it")
    return 0
