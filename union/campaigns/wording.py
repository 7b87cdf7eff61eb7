"""Words that pledges rest on: their hash, and how two versions of a text differ.

Pure: values in, values out. What is hashed is canonical JSON that anybody can fetch and hash again.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

_PIECES = re.compile(r"\s+|[^\s]+")


def canonical(*, pledge: str, demand: str, demands: Iterable[str], unit: int, threshold: int) -> bytes:
    """Return the bytes hashed at publication. demands: hashes of the frozen demands, in any order."""
    facts = {
        "demand": demand,
        "demands": sorted(demands),
        "pledge": pledge,
        "threshold": threshold,
        "unit": unit,
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def demand_hash(title: str, text: str) -> str:
    """Return the SHA-256 (hex) of a demand's title, a line feed, and its text."""
    return hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()


def digest(content: bytes) -> str:
    """Return the SHA-256 (hex) of `content`."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Piece:
    """A run of words of a comparison. kind: same, added or removed."""

    kind: str
    text: str


def compare(before: str, then: str) -> list[Piece]:
    """Return `then` against `before` word by word; joining same and added gives `then` back."""
    old, new = _PIECES.findall(before), _PIECES.findall(then)
    pieces: list[Piece] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(new[j1:j2])))
            continue
        if i2 > i1:
            pieces.append(Piece("removed", "".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(Piece("added", "".join(new[j1:j2])))
    return pieces
