"""What a ballot paper asks: yes/no/abstain, or choose some of several. Pure: values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from union.ballots.crypto.questions import Homomorphic
from union.core.errors import Invalid
from union.core.i18n import msg, translate

FEWEST_ANSWERS = 2
MOST_ANSWERS = 30
LONGEST_QUESTION = 300
LONGEST_ANSWER = 160
MOST_QUESTIONS = 10

YES, NO, ABSTAIN = msg("Yes"), msg("No"), msg("Abstain")


class Part(StrEnum):
    """What a question is for. DECISION: yes, no, abstain; the rule is applied to it. CHOICE: pick some."""

    DECISION = "decision"
    CHOICE = "choice"


@dataclass(frozen=True)
class Asked:
    """One question. min, max: how many answers a voter may choose; seats: how many are chosen in the end."""

    part: Part
    question: str
    answers: tuple[str, ...]
    min: int = 1
    max: int = 1
    blank: bool = False
    seats: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        return {**asdict(self), "answers": list(self.answers)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave."""
        return cls(**{**stored, "part": Part(stored["part"]), "answers": tuple(stored["answers"])})

    def homomorphic(self) -> Homomorphic:
        """Return it as the election record writes it."""
        return Homomorphic(self.question, self.answers, self.min, self.max, self.blank)


def decision(question: str, language: str) -> Asked:
    """Ask yes, no or abstain; the answers are written in `language`."""
    answers = tuple(translate(language, text) for text in (YES, NO, ABSTAIN))
    return Asked(Part.DECISION, question.strip(), answers)


def choice(question: str, answers: Sequence[str], most: int) -> Asked:
    """Ask which of `answers` matter, at most `most` of them; none is allowed too."""
    return Asked(Part.CHOICE, question.strip(), tuple(a.strip() for a in answers), 0, most, seats=most)


def check(questions: Sequence[Asked]) -> None:
    """Raise Invalid, naming the form's field, unless this is a paper people can vote on."""
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise Invalid(
            msg("A ballot asks between 1 and %(most)s questions."), field="question", most=MOST_QUESTIONS
        )
    for place, asked in enumerate(questions):
        field = "question" if asked.part is Part.DECISION else "choice_question"
        answers = "question" if asked.part is Part.DECISION else "choice_answers"
        if not asked.question or len(asked.question) > LONGEST_QUESTION:
            raise Invalid(
                msg("Write a question of at most %(most)s characters."), field=field, most=LONGEST_QUESTION
            )
        if asked.part is Part.DECISION and (
            place or len(asked.answers) != len((YES, NO, ABSTAIN)) or (asked.min, asked.max) != (1, 1)
        ):
            raise Invalid(msg("The question that decides comes first: yes, no or abstain."), field=field)
        if not FEWEST_ANSWERS <= len(asked.answers) <= MOST_ANSWERS:
            raise Invalid(
                msg("Give between 2 and %(most)s answers, one a line."), field=answers, most=MOST_ANSWERS
            )
        if any(not a or len(a) > LONGEST_ANSWER for a in asked.answers):
            raise Invalid(
                msg("An answer has between 1 and %(most)s characters."), field=answers, most=LONGEST_ANSWER
            )
        if len({a.casefold() for a in asked.answers}) != len(asked.answers):
            raise Invalid(msg("Two answers are the same."), field=answers)
        if not 0 <= asked.min <= asked.max <= len(asked.answers) or not asked.max:
            raise Invalid(
                msg("Between 1 and %(most)s of these answers can be chosen."),
                field="choice_most",
                most=len(asked.answers),
            )
