"""What is asked: homomorphic and ranked questions.

Pure. Spec 4.9. A homomorphic question reveals only the sum of all answers; a ranked one reveals each answer,
shuffled.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Ranked:
    """A small number for each answer: a rank or a grade (spec 4.9.2)."""

    question: str
    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.answers) <= MOST_ANSWERS:
            raise Refused(_CHECK, "a question needs answers")

    def json(self) -> dict[str, Any]:
        """As written in the election record."""
        return {
            "type": "NonHomomorphic",
            "value": {"answers": list(self.answers), "question": self.question},
        }

    def check_choice(self, choice: list[int]) -> None:
        """Raise Refused(BALLOT_CHOICES) unless a voter may answer so."""
        if len(choice) != len(self.answers) or not all(0 <= value <= 255 for value in choice):  # noqa: PLR2004
            raise Refused(
                Check.BALLOT_CHOICES, f"an answer here is {len(self.answers)} numbers from 0 to 255"
            )


Question = Homomorphic | Ranked


def read_question(value: object) -> Question:
    """Parse one question of an election record. Raises Refused(ELECTION_FORM)."""
    parts = fields(value, (), _CHECK, exact=False)
    if "type" in parts:
        if parts["type"] != "NonHomomorphic":
            raise Refused(_CHECK, f"questions of type {str(parts['type'])[:40]!r} cannot be checked here")
        inner = fields(parts.get("value"), ("answers", "question"), _CHECK, exact=False)
        return Ranked(text(inner["question"], _CHECK), _answers(inner["answers"]))
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


def _answers(value: object) -> tuple[str, ...]:
    return tuple(text(answer, _CHECK) for answer in items(value, _CHECK))
