"""Writing the published archive, one event at a time.

Pure. Spec 4.4, FORMAT.md section 7. The archive only grows: each step below takes the head of the chain
and gives the records to append, so that a web server can insert them in one transaction and later write the
same bytes into the .bel file.
"""

from dataclasses import dataclass
from typing import NamedTuple

from union.ballots.crypto.canonical import compact, sha256_hex

BLOCK = 512
HEADER_NAME = "BELENIOS"
PROTOCOL = 1


class Record(NamedTuple):
    """One member of the archive. kind: data or event. digest: SHA-256 of the content, its name."""

    kind: str
    digest: str
    content: bytes

    @property
    def name(self) -> str:
        """The member's file name."""
        return f"{self.digest}.{self.kind}.json"


class Head(NamedTuple):
    """Where the chain stands: the last event's height (from 0) and digest."""

    height: int
    digest: str


@dataclass(frozen=True)
class Step:
    """The records to append, the event last, and the head after them."""

    records: tuple[Record, ...]
    head: Head


def _step(head: Head | None, kind: str, payloads: list[bytes]) -> Step:
    records = [Record("data", sha256_hex(content), content) for content in payloads]
    event: dict[str, str | int] = {} if head is None else {"parent": head.digest}
    event["height"] = 0 if head is None else head.height + 1
    event["type"] = kind
    if records:
        event["payload"] = records[-1].digest
    content = compact(event)
    records.append(Record("event", sha256_hex(content), content))
    return Step(tuple(records), Head(0 if head is None else head.height + 1, records[-1].digest))


def setup_step(election: bytes, trustees: bytes, credentials: bytes) -> Step:
    """The first event: election, trustees, credentials and the record that names them."""
    names = {
        "election": sha256_hex(election),
        "trustees": sha256_hex(trustees),
        "credentials": sha256_hex(credentials),
    }
    return _step(None, "Setup", [election, trustees, credentials, compact(names)])


def ballot_step(head: Head, ballot: bytes) -> Step:
    """A ballot that was checked and accepted."""
    return _step(head, "Ballot", [ballot])


def end_ballots_step(head: Head) -> Step:
    """No ballot comes after this."""
    return _step(head, "EndBallots", [])


def tally_step(head: Head, tally: bytes, sized: bytes) -> Step:
    """The encrypted tally and its sized record, which must name it."""
    return _step(head, "EncryptedTally", [tally, sized])


def _owned(owner: int, payload: bytes) -> list[bytes]:
    return [payload, compact({"owner": owner, "payload": sha256_hex(payload)})]


def shuffle_step(head: Head, owner: int, shuffle: bytes) -> Step:
    """One trustee's shuffle of the ranked ciphertexts. owner: the trustee's number, from 1."""
    return _step(head, "Shuffle", _owned(owner, shuffle))


def end_shuffles_step(head: Head) -> Step:
    """All shuffles are there; only elections with ranked questions have this event."""
    return _step(head, "EndShuffles", [])


def partial_decryption_step(head: Head, owner: int, partial: bytes) -> Step:
    """One trustee's partial decryption. owner: the trustee's number, from 1."""
    return _step(head, "PartialDecryption", _owned(owner, partial))


def result_step(head: Head, result: bytes) -> Step:
    """The result: the last event."""
    return _step(head, "Result", [result])


def header(timestamp: int) -> bytes:
    """The bytes every archive starts with.

    timestamp: Unix seconds of the election's beginning, the date of every member.
    """
    return member(HEADER_NAME, compact({"version": PROTOCOL, "timestamp": str(timestamp)}), timestamp)


def entry(record: Record, timestamp: int) -> bytes:
    """The bytes of one record in the archive. timestamp: as in `header`."""
    return member(record.name, record.content, timestamp)


def member_header(name: str, size: int, timestamp: int) -> bytes:
    """The 512-byte header of an old-style tar member."""
    before = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2
    before += f"{size:011o}\0{timestamp:011o}\0".encode()
    after = b"0".ljust(BLOCK - len(before) - 8, b"\0")
    checksum = sum(before) + 8 * ord(" ") + sum(after)
    return before + f"{checksum:06o}\0 ".encode() + after


def member(name: str, content: bytes, timestamp: int) -> bytes:
    """Header, content and padding to a full block."""
    return member_header(name, len(content), timestamp) + content + bytes(-len(content) % BLOCK)
