"""The encrypted tally: what the trustees decrypt.

Pure. Spec 4.15 (last), 4.16. Homomorphic answers are multiplied, each raised to its ballot's weight; ranked
ones are collected and sorted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from union.ballots.crypto.ballot import Ballot, read_ballot
from union.ballots.crypto.canonical import (
    compact,
    fields,
    integer,
    items,
    read_compact,
    read_json,
    text,
    weight_json,
    weight_value,
)
from union.ballots.crypto.election import Election
from union.ballots.crypto.elgamal import Ciphertext, multiply, neutral, raise_to, read_ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group
from union.ballots.crypto.questions import Question, Ranked, cells, nested_rows

_FORM = Check.TALLY_FORM
Pairs = tuple[tuple[Ciphertext, ...], ...]
"""Ciphertexts by question and answer; for a ranked question, by ballot."""


def sort_pairs(group: Group, pairs: Iterable[Ciphertext]) -> tuple[Ciphertext, ...]:
    """Order of the ciphertexts of a ranked question: by alpha, then beta (FORMAT.md, section 1)."""
    return tuple(sorted(pairs, key=lambda c: (group.order_key(c.alpha), group.order_key(c.beta))))


@dataclass
class Tally:
    """A tally in the making: add each voter's last ballot once, in any order; merge partial tallies."""

    group: Group
    questions: tuple[Question, ...]
    num_tallied: int = 0
    total_weight: int = 0
    columns: list[list[Ciphertext]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.columns:
            self.columns = [
                [] if isinstance(q, Ranked) else [neutral(self.group)] * q.slots for q in self.questions
            ]

    @classmethod
    def of(cls, election: Election) -> "Tally":
        """An empty tally of the election."""
        return cls(election.group, election.questions)

    def add(self, ballot: Ballot, weight: int = 1) -> None:
        """Count a ballot that was checked. Raises Refused(TALLY_FORM) for a weighted ranked answer."""
        for question, column, pairs in zip(self.questions, self.columns, ballot.ciphertexts, strict=True):
            if not isinstance(question, Ranked):
                for j, pair in enumerate(pairs):
                    column[j] = multiply(self.group, column[j], raise_to(self.group, pair, weight))
            elif weight != 1:
                raise Refused(_FORM, "a ranked answer cannot be weighted")
            else:
                column.extend(pairs)
        self.num_tallied += 1
        self.total_weight += weight

    def merge(self, other: "Tally") -> None:
        """Add another part of the same tally."""
        for question, column, pairs in zip(self.questions, self.columns, other.columns, strict=True):
            if isinstance(question, Ranked):
                column.extend(pairs)
            else:
                column[:] = [multiply(self.group, a, b) for a, b in zip(column, pairs, strict=True)]
        self.num_tallied += other.num_tallied
        self.total_weight += other.total_weight

    def finished(self) -> "EncryptedTally":
        """The tally as it is published."""
        pairs = tuple(
            sort_pairs(self.group, column) if isinstance(question, Ranked) else tuple(column)
            for question, column in zip(self.questions, self.columns, strict=True)
        )
        return EncryptedTally(pairs, self.num_tallied, self.total_weight, self.questions)


@dataclass(frozen=True)
class EncryptedTally:
    """A finished tally."""

    pairs: Pairs
    num_tallied: int
    total_weight: int
    questions: tuple[Question, ...]

    def record(self) -> bytes:
        """The encrypted_tally record."""
        return pairs_record(self.pairs, self.questions)

    def sized_record(self, tally_hash: str) -> bytes:
        """The sized_encrypted_tally record, naming the other by its digest."""
        return compact(
            {
                "num_tallied": self.num_tallied,
                "total_weight": weight_json(self.total_weight),
                "encrypted_tally": tally_hash,
            }
        )


def tally_board(election: Election, weights: Mapping[str, int], records: Iterable[bytes]) -> EncryptedTally:
    """Tally a board of accepted ballots, in board order: each credential's last one counts (spec 4.15).

    weights: {public credential: weight}, as `read_credentials` gives them. Points and proofs are not checked
    again. Raises Refused as `read_ballot` does.
    """
    last: dict[str, Ballot] = {}
    for record in records:
        ballot = read_ballot(election, record)
        last[ballot.credential] = ballot
    tally = Tally.of(election)
    for credential, ballot in last.items():
        tally.add(ballot, weights[credential])
    return tally.finished()


def pairs_json(pairs: Sequence[Sequence[Ciphertext]]) -> list[list[dict[str, str]]]:
    """Ciphertexts as written in shuffles."""
    return [[pair.json() for pair in row] for row in pairs]


def pairs_record(pairs: Sequence[Sequence[Ciphertext]], questions: Sequence[Question]) -> bytes:
    """Ciphertexts as a record of their own."""
    return compact(nested_rows(questions, pairs_json(pairs)))


def read_pairs(election: Election, value: object, check: Check, *, trusted: bool = False) -> Pairs:
    """Parse ciphertexts by question and answer. Raises Refused(check, POINT_FORM or POINT_SUBGROUP)."""
    group = election.group
    rows = []
    for question, row in zip(election.questions, items(value, check, len(election.questions)), strict=True):
        length = None if isinstance(question, Ranked) else question.slots
        pairs = cells(question, row, check, length)
        rows.append(tuple(read_ciphertext(group, pair, check, trusted=trusted) for pair in pairs))
    return tuple(rows)


def read_tally(election: Election, record: bytes, *, trusted: bool = False) -> Pairs:
    """Parse an encrypted_tally record. Raises Refused(TALLY_FORM, POINT_FORM or POINT_SUBGROUP)."""
    pairs = read_pairs(election, read_json(record, _FORM), _FORM, trusted=trusted)
    if pairs_record(pairs, election.questions) != record:
        raise Refused(_FORM, "the tally is not written in its one form")
    return pairs


def read_sized(record: bytes) -> dict[str, Any]:
    """Parse a sized_encrypted_tally: num_tallied, total_weight, encrypted_tally.

    Raises Refused(TALLY_FORM).
    """
    parts = fields(read_compact(record, _FORM), ("num_tallied", "total_weight", "encrypted_tally"), _FORM)
    return {
        "num_tallied": integer(parts["num_tallied"], _FORM),
        "total_weight": weight_value(parts["total_weight"], _FORM),
        "encrypted_tally": text(parts["encrypted_tally"], _FORM),
    }


def check_tally(election: Election, computed: EncryptedTally, pairs: Pairs, sized: dict[str, Any]) -> None:
    """Compare a published tally with the one computed from the board.

    Raises Refused(TALLY_CONTENT or TALLY_COUNT).
    """
    if (sized["num_tallied"], sized["total_weight"]) != (computed.num_tallied, computed.total_weight):
        raise Refused(
            Check.TALLY_COUNT,
            f"the board holds {computed.num_tallied} counted ballots of weight {computed.total_weight}",
        )
    for i in range(len(election.questions)):
        if pairs[i] != computed.pairs[i]:
            raise Refused(
                Check.TALLY_CONTENT, f"the tally of question {i + 1} is not that of the board's ballots"
            )
