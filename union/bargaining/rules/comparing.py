"""How two versions of a text differ: word by word for a clause, line by line for a long page. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORDS = re.compile(r"\s+|[^\s]+")
_MOST_PAIRS = 1_000_000


class Change(StrEnum):
    """What became of a run of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    GAP = "gap"


@dataclass(frozen=True)
class Piece:
    """A run of words or lines. For a gap, `text` is empty and `lines` says how much is left out."""

    change: Change
    text: str
    lines: int = 0


def words(before: str, then: str) -> tuple[Piece, ...]:
    """Return `then` against `before` word by word; same and added joined give `then` back."""
    old, new = _WORDS.findall(before), _WORDS.findall(then)
    pieces: list[Piece] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(Change.SAME, "".join(new[j1:j2])))
            continue
        if i2 > i1:
            pieces.append(Piece(Change.REMOVED, "".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(Piece(Change.ADDED, "".join(new[j1:j2])))
    return tuple(pieces)


def _codes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return difflib's steps from old to new, in bounded time: what differs too widely is one step."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    codes: list[tuple[str, int, int, int, int]] = [("equal", 0, head, 0, head)] if head else []
    if len(left) * len(right) > _MOST_PAIRS:
        codes.append(("replace", head, len(old) - tail, head, len(new) - tail))
    else:
        codes += [
            (kind, i1 + head, i2 + head, j1 + head, j2 + head)
            for kind, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
        ]
    if tail:
        codes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return codes


def lines(before: str, then: str, *, context: int = 2) -> tuple[Piece, ...]:
    """Return `then` against `before` line by line; long runs that are the same become gaps.

    context: how many lines that are the same stay beside a change.
    """
    old, new = before.splitlines(), then.splitlines()
    pieces: list[Piece] = []
    codes = _codes(old, new)
    for place, (kind, i1, i2, j1, j2) in enumerate(codes):
        if kind != "equal":
            pieces += [Piece(Change.REMOVED, line) for line in old[i1:i2]]
            pieces += [Piece(Change.ADDED, line) for line in new[j1:j2]]
            continue
        head = new[j1 : j1 + context] if place else []
        tail = new[max(j1 + len(head), j2 - context) : j2] if place < len(codes) - 1 else []
        left_out = (j2 - j1) - len(head) - len(tail)
        pieces += [Piece(Change.SAME, line) for line in head]
        if left_out:
            pieces.append(Piece(Change.GAP, "", left_out))
        pieces += [Piece(Change.SAME, line) for line in tail]
    return tuple(pieces)
