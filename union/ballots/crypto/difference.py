"""Comparing a saved archive, or a head of it published earlier, with a later one.

Pure but for reading the files. FORMAT.md, section 7: an archive only grows, so a saved copy is a
prefix of every later one. No single archive can show a ballot dropped, or a credential added, before it was
first saved.
"""

import re
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from union.ballots.crypto.archive import Head
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.reader import Reader

_CHUNK = 2**20
_HEAD = re.compile("[0-9a-f]{64}")


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

    old: an archive, or the 64 digits of a chain head that was published: it names all events up to it.
    Checks no proof: run `verify` on the later archive too. Raises OSError when a file cannot be read.
    """
    difference = Difference()
    head = str(old).strip().lower()
    with ExitStack() as files:
        new_file = files.enter_context(Path(new).open("rb"))
        try:
            if _HEAD.fullmatch(head) and not Path(old).exists():
                _find(head, new_file, difference)
            else:
                _compare(files.enter_context(Path(old).open("rb")), new_file, difference)
        except Refused as refused:
            difference.failed, difference.detail = refused.check.value, refused.detail
        except RecursionError:
            difference.failed, difference.detail = Check.RECORD_FORM.value, "a record nests too deep"
        else:
            difference.holds = True
    return difference


def _find(head: str, new_file: BinaryIO, difference: Difference) -> None:
    """Look for the event with this digest, and count what comes after it. Raises Refused(HISTORY_PREFIX)."""
    difference.old_head = head
    found = False
    for event in Reader(new_file).events():
        difference.new_height, difference.new_head = event.head
        if event.head.digest == head:
            difference.old_height, found = event.head.height, True
        elif found:
            difference.added[event.kind] = difference.added.get(event.kind, 0) + 1
    if not found:
        raise Refused(Check.HISTORY_PREFIX, f"no event of this archive has the published head {head}")


def _compare(old_file: BinaryIO, new_file: BinaryIO, difference: Difference) -> None:
    head = Head(-1, "")
    for event in Reader(old_file).events():
        head = event.head
    difference.old_height = head.height
    try:
        _find(head.digest, new_file, difference)
    except Refused as refused:
        if refused.check is not Check.HISTORY_PREFIX:
            raise
        raise Refused(
            refused.check, f"event {head.height} of the saved archive is gone or changed in the later one"
        ) from None
    old_file.seek(0)
    new_file.seek(0)
    while chunk := old_file.read(_CHUNK):
        if new_file.read(len(chunk)) != chunk:
            raise Refused(Check.HISTORY_PREFIX, "the saved archive is not the beginning of the later one")
