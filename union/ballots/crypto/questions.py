"""What is asked: homomorphic and ranked questions, and lists.

Pure. Spec 4.9. A homomorphic question and one on lists reveal only the sum of all answers; a ranked one
reveals each answer, shuffled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from union.ballots.crypto.canonical import fields, integer, items, text
from union.ballots.crypto.failures import Check, Refused

_CHECK = Check.ELECTION_FORM
MOST_ANSWERS = 1000


@dataclass(frozen=True)
class Homomorphic:
    """Choose min..max of the answers; with `blank`, none of them by a separate choice (spec 4.9.1)."""

    question: str
    answers: tuple[str, ...]
    min: int
    max: int
    blank: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.max <= len(self.answers) <= MOST_ANSWERS or not self.answers:
            raise Refused(_CHECK, "a question needs 0 <= min <= max <= number of answers")

    @property
    def slots(self) -> int:
        """How many encrypted values an answer holds; the blank choice comes first."""
        return len(self.answers) + self.blank

    def json(self) -> dict[str, Any]:
        """As written in the election record."""
        return {
            "answers": list(self.answers),
            **({"blank": True} if self.blank else {}),
            "min": self.min,
            "max": self.max,
            "question": self.question,
        }

    def check_choice(self, choice: list[int]) -> None:
        """Raise Refused(BALLOT_CHOICES) unless a voter may answer so."""
        if len(choice) != self.slots or any(value not in (0, 1) for value in choice):
            raise Refused(Check.BALLOT_CHOICES, f"an answer here is {self.slots} times 0 or 1")
        if self.blank and choice[0]:
            if any(choice[1:]):
                raise Refused(Check.BALLOT_CHOICES, "a blank answer chooses nothing else")
        elif not self.min <= sum(choice) <= self.max:
            raise Refused(Check.BALLOT_CHOICES, f"between {self.min} and {self.max} answers may be chosen")


SCHULZE, STV, JUDGEMENT = "Schulze", "STV", "MajorityJudgment"


@dataclass(frozen=True)
class Counting:
    """How decrypted answers are counted; stands in the record, so the fingerprint covers it.

    method: SCHULZE, STV or JUDGEMENT. seats: of STV. grades: their names, best first, of JUDGEMENT.
    """

    method: str
    seats: int = 0
    grades: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """As written beside the question (`extra`); an answer of nothing but zeros is blank."""
        kind = "ScoreVoting" if self.method == JUDGEMENT else "PreferentialVoting"
        facts = {"seats": self.seats} if self.seats else {}
        named = {"grades": list(self.grades)} if self.grades else {}
        return {"type": kind, "method": self.method, "blank": True, **facts, **named}


@dataclass(frozen=True)
class Ranked:
    """A small number for each answer: a rank or a grade (spec 4.9.2).

    counting: how the answers are counted afterwards; None where the record does not say.
    """

    question: str
    answers: tuple[str, ...]
    counting: Counting | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.answers) <= MOST_ANSWERS:
            raise Refused(_CHECK, "a question needs answers")

    def json(self) -> dict[str, Any]:
        """As written in the election record."""
        return {
            "type": "NonHomomorphic",
            "value": {"answers": list(self.answers), "question": self.question},
            **({"extra": self.counting.json()} if self.counting else {}),
        }

    def check_choice(self, choice: list[int]) -> None:
        """Raise Refused(BALLOT_CHOICES) unless a voter may answer so."""
        if len(choice) != len(self.answers) or not all(0 <= value <= 255 for value in choice):  # noqa: PLR2004
            raise Refused(
                Check.BALLOT_CHOICES, f"an answer here is {len(self.answers)} numbers from 0 to 255"
            )


@dataclass(frozen=True)
class Lists:
    """Choose one list and at least one of its names (FORMAT.md, section 9). Verified, not asked here.

    lists: each is what the list is called, then who stands on it.
    """

    question: str
    lists: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.lists or not all(self.lists) or self.slots > MOST_ANSWERS:
            raise Refused(_CHECK, "a question on lists needs lists, each with what it is called")

    @property
    def answers(self) -> tuple[str, ...]:
        """What each encrypted value stands for, list after list."""
        return tuple(name for one in self.lists for name in one)

    @property
    def slots(self) -> int:
        """How many encrypted values an answer holds."""
        return sum(map(len, self.lists))

    def json(self) -> dict[str, Any]:
        """As written in the election record."""
        answers = [list(one) for one in self.lists]
        return {"type": "Lists", "value": {"answers": answers, "question": self.question}}


Question = Homomorphic | Ranked | Lists


def nested(question: Question, row: Sequence[Any]) -> list[Any]:
    """What is kept for each encrypted value, as records write it: a list for each list that was asked."""
    if not isinstance(question, Lists):
        return list(row)
    each = iter(row)
    return [list(islice(each, len(one))) for one in question.lists]


def nested_rows(questions: Sequence[Question], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """`nested`, by question."""
    return [nested(question, row) for question, row in zip(questions, rows, strict=True)]


def cells(question: Question, value: object, check: Check, length: int | None) -> list[Any]:
    """The inverse of `nested`: one cell for each encrypted value, `length` of them. Raises Refused(check)."""
    if not isinstance(question, Lists):
        return items(value, check, length)
    rows = zip(items(value, check, len(question.lists)), question.lists, strict=True)
    return [cell for row, one in rows for cell in items(row, check, len(one))]


def read_question(value: object) -> Question:
    """Parse one question of an election record. Raises Refused(ELECTION_FORM).

    Later releases than 3.3, and 3.x where `extra` is used, name the type of a homomorphic question too.
    """
    parts = fields(value, (), _CHECK, exact=False)
    if parts.get("type") == "Homomorphic":
        parts = fields(parts.get("value"), (), _CHECK, exact=False)
    elif parts.get("type") == "Lists":
        inner = fields(parts.get("value"), ("answers", "question"), _CHECK, exact=False)
        lists = items(inner["answers"], _CHECK)
        return Lists(text(inner["question"], _CHECK), tuple(map(_answers, lists)))
    elif "type" in parts:
        if parts["type"] != "NonHomomorphic":
            raise Refused(_CHECK, f"questions of type {str(parts['type'])[:40]!r} cannot be checked here")
        inner = fields(parts.get("value"), ("answers", "question"), _CHECK, exact=False)
        counting = _read_counting(parts.get("extra"))
        return Ranked(text(inner["question"], _CHECK), _answers(inner["answers"]), counting)
    fields(parts, ("answers", "min", "max", "question"), _CHECK, exact=False)
    blank = parts.get("blank", False)
    if not isinstance(blank, bool):
        raise Refused(_CHECK, "blank is true or false")
    return Homomorphic(
        text(parts["question"], _CHECK),
        _answers(parts["answers"]),
        integer(parts["min"], _CHECK),
        integer(parts["max"], _CHECK),
        blank,
    )


def _read_counting(value: object) -> Counting | None:
    """Parse `extra`. Whatever is not known here says nothing: it does not touch what is verified."""
    if not isinstance(value, dict) or value.get("method") not in {SCHULZE, STV, JUDGEMENT}:
        return None
    seats, grades = value.get("seats", 0), value.get("grades", [])
    if not isinstance(seats, int) or not isinstance(grades, list):
        return None
    return Counting(str(value["method"]), seats, tuple(map(str, grades)))


def _answers(value: object) -> tuple[str, ...]:
    return tuple(text(answer, _CHECK) for answer in items(value, _CHECK))
