"""Comparing a saved archive with a later one.

Pure but for reading the files. FORMAT.md, section 7: an archive only grows, so a saved copy is a
prefix of every later one. No single archive can show a ballot dropped, or a credential added, before it was
first saved.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from union.ballots.crypto.archive import Head
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.reader import Reader

_CHUNK = 2**20


@dataclass
class Difference:
    """The outcome. added: how many events of each kind the later archive adds."""

    holds: bool = False
    failed: str | None = None
    detail: str = ""
    old_height: int = -1
    old_head: str = ""
    new_height: int = -1
    new_head: str = ""
    added: dict[str, int] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """In plain words."""
        if not self.holds:
            return [
                f"  FAILS  {self.failed}: {self.detail}",
                "The later archive does NOT continue the earlier one.",
            ]
        added = ", ".join(f"{count} {kind}" for kind, count in self.added.items()) or "nothing"
        return [
            f"  holds  the first {self.old_height + 1} events are the same; added: {added}",
            f"  head {self.old_head} is in the chain of {self.new_head}",
            "The later archive continues the earlier one.",
        ]


def verify_difference(old: Path | str, new: Path | str) -> Difference:
    """Check that `new` continues `old`: same bytes, then more events of a valid chain.

    Checks no proof: run `verify` on the later archive too. Raises OSError when a file cannot be read.
    """
    difference = Difference()
    with Path(old).open("rb") as old_file, Path(new).open("rb") as new_file:
        try:
            _compare(old_file, new_file, difference)
        except Refused as refused:
            difference.failed, difference.detail = refused.check.value, refused.detail
        except RecursionError:
            difference.failed, difference.detail = Check.RECORD_FORM.value, "a record nests too deep"
        else:
            difference.holds = True
    return difference


def _compare(old_file: BinaryIO, new_file: BinaryIO, difference: Difference) -> None:
    old_reader, new_reader = Reader(old_file), Reader(new_file)
    for event in old_reader.events():
        difference.old_height, difference.old_head = event.head
    head_there = False
    for event in new_reader.events():
        difference.new_height, difference.new_head = event.head
        if event.head == Head(difference.old_height, difference.old_head):
            head_there = True
        elif head_there:
            difference.added[event.kind] = difference.added.get(event.kind, 0) + 1
    if not head_there:
        raise Refused(
            Check.HISTORY_PREFIX, f"event {difference.old_height} of the saved archive is gone or changed"
        )
    old_file.seek(0)
    new_file.seek(0)
    while chunk := old_file.read(_CHUNK):
        if new_file.read(len(chunk)) != chunk:
            raise Refused(Check.HISTORY_PREFIX, "the saved archive is not the beginning of the later one")
