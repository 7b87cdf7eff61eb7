"""What a ballot paper asks: yes/no/abstain, choose some, rank, or grade. Pure: values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from union.ballots.crypto.questions import JUDGEMENT, SCHULZE, STV, Counting, Homomorphic, Question, Ranked
from union.core.errors import Invalid
from union.core.i18n import msg, translate

FEWEST_ANSWERS = 2
MOST_ANSWERS = 30
LONGEST_QUESTION = 300
LONGEST_ANSWER = 160
MOST_QUESTIONS = 10
FEWEST_GRADES, MOST_GRADES = 2, 7
SAFE_VOTERS, SAFE_ANSWERS = 50, 6
"""With fewer voters or more answers than this a rare order can point to whoever gave it."""

YES, NO, ABSTAIN = msg("Yes"), msg("No"), msg("Abstain")
GRADES = (msg("Excellent"), msg("Good"), msg("Acceptable"), msg("Poor"), msg("To reject"))


class Part(StrEnum):
    """What a question is for.

    DECISION: yes, no, abstain; the rule is applied to it. CHOICE: pick some, the most chosen win.
    RANKING: put in order. GRADING: give each a grade. The last two go through the trustees' shuffles.
    """

    DECISION = "decision"
    CHOICE = "choice"
    RANKING = "ranking"
    GRADING = "grading"


RANKED = frozenset({Part.RANKING, Part.GRADING})


class Method(StrEnum):
    """How orders or grades are counted; the names of the record."""

    SCHULZE = SCHULZE
    STV = STV
    JUDGEMENT = JUDGEMENT


METHODS: dict[Part, tuple[Method, ...]] = {
    Part.RANKING: (Method.SCHULZE, Method.STV),
    Part.GRADING: (Method.JUDGEMENT,),
}


@dataclass(frozen=True)
class Asked:
    """One question.

    min, max: how many answers a voter may choose. blank: a vote for none of them has a place of its own.
    seats: how many are chosen in the end. method, grades: of questions that are ranked or graded.
    """

    part: Part
    question: str
    answers: tuple[str, ...]
    min: int = 1
    max: int = 1
    blank: bool = False
    seats: int = 0
    method: Method | None = None
    grades: tuple[str, ...] = ()

    @property
    def ranked(self) -> bool:
        """Whether each answer is published, shuffled, instead of only a sum."""
        return self.part in RANKED

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        return {**asdict(self), "answers": list(self.answers), "grades": list(self.grades)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave."""
        method = Method(stored["method"]) if stored.get("method") else None
        lists = {"answers": tuple(stored["answers"]), "grades": tuple(stored.get("grades", ()))}
        return cls(**{**stored, **lists, "part": Part(stored["part"]), "method": method})

    def recorded(self) -> Question:
        """Return it as the election record writes it."""
        if self.method is None:
            return Homomorphic(self.question, self.answers, self.min, self.max, self.blank)
        seats = self.seats if self.method is Method.STV else 0
        return Ranked(self.question, self.answers, Counting(self.method.value, seats, self.grades))


def decision(question: str, language: str) -> Asked:
    """Ask yes, no or abstain; the answers are written in `language`."""
    answers = tuple(translate(language, text) for text in (YES, NO, ABSTAIN))
    return Asked(Part.DECISION, question.strip(), answers)


def choice(
    question: str,
    answers: Sequence[str],
    most: int,
    *,
    least: int = 0,
    blank: bool = False,
    seats: int | None = None,
) -> Asked:
    """Ask which of `answers` matter: between `least` and `most` of them, or with `blank` none.

    seats: how many are chosen in the end; as many as a voter may choose unless said otherwise.
    """
    chosen = most if seats is None else seats
    return Asked(Part.CHOICE, question.strip(), _stripped(answers), least, most, blank, chosen)


def approval(question: str, answers: Sequence[str], seats: int = 1) -> Asked:
    """Ask which of `answers` a voter can live with, as many as the voter likes; the most approved win."""
    return choice(question, answers, len(answers), seats=seats)


def ranking(question: str, answers: Sequence[str], method: Method = Method.SCHULZE, seats: int = 1) -> Asked:
    """Ask for an order of `answers`, best first; what is left out stands below."""
    return Asked(Part.RANKING, question.strip(), _stripped(answers), seats=seats, method=method)


def grading(question: str, answers: Sequence[str], grades: Sequence[str]) -> Asked:
    """Ask for a grade for each of `answers`. grades: best first."""
    return Asked(
        Part.GRADING,
        question.strip(),
        _stripped(answers),
        seats=1,
        method=Method.JUDGEMENT,
        grades=_stripped(grades),
    )


def _stripped(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts)


def has_ranked(questions: Sequence[Asked]) -> bool:
    """Tell whether the trustees must shuffle before they decrypt."""
    return any(asked.ranked for asked in questions)


def group_for(questions: Sequence[Asked]) -> str:
    """Return the group that suits a paper: the one any Belenios program checks, where it can carry it."""
    return "Ed25519" if has_ranked(questions) else "BELENIOS-2048"


def tells_too_much(questions: Sequence[Asked], voters: int) -> bool:
    """Tell whether rare orders may point to who gave them: few voters, or many answers to put in order."""
    return any(
        asked.ranked and (voters < SAFE_VOTERS or len(asked.answers) > SAFE_ANSWERS) for asked in questions
    )


def field(place: int, name: str) -> str:
    """Return what the draft's form calls a fact of question number `place`, from 0."""
    return f"q{place}_{name}"


def check(questions: Sequence[Asked], group: str, *, weighted: bool = False) -> None:
    """Raise Invalid, naming the form's field, unless this is a paper people can vote on in `group`."""
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise Invalid(
            msg("A ballot asks between 1 and %(most)s questions."), field="asks", most=MOST_QUESTIONS
        )
    for place, asked in enumerate(questions):
        _check_words(place, asked)
        _check_counts(place, asked)
    if not has_ranked(questions):
        return
    if group == "BELENIOS-2048":
        raise Invalid(
            msg("This mathematics cannot carry orders and grades: choose Ed25519 or RFC-3526-2048."),
            field="group",
        )
    if weighted:
        raise Invalid(
            msg("An order or a grade cannot weigh more than another: ask it in a ballot without weights."),
            field="weights",
        )


def _check_words(place: int, asked: Asked) -> None:
    if not asked.question or len(asked.question) > LONGEST_QUESTION:
        raise Invalid(
            msg("Write a question of at most %(most)s characters."),
            field=field(place, "question"),
            most=LONGEST_QUESTION,
        )
    if asked.part is Part.DECISION and (
        place or len(asked.answers) != len((YES, NO, ABSTAIN)) or (asked.min, asked.max) != (1, 1)
    ):
        raise Invalid(
            msg("The question that decides comes first: yes, no or abstain."), field=field(place, "question")
        )
    _check_list(asked.answers, FEWEST_ANSWERS, MOST_ANSWERS, field(place, "answers"))
    if asked.part is Part.GRADING:
        _check_list(asked.grades, FEWEST_GRADES, MOST_GRADES, field(place, "grades"))


def _check_list(lines: Sequence[str], least: int, most: int, name: str) -> None:
    if not least <= len(lines) <= most:
        raise Invalid(
            msg("Give between %(least)s and %(most)s, one a line."), field=name, least=least, most=most
        )
    if any(not line or len(line) > LONGEST_ANSWER for line in lines):
        raise Invalid(msg("A line has between 1 and %(most)s characters."), field=name, most=LONGEST_ANSWER)
    if len({line.casefold() for line in lines}) != len(lines):
        raise Invalid(msg("Two of these are the same."), field=name)


def _check_counts(place: int, asked: Asked) -> None:
    many = len(asked.answers)
    if asked.method is not None and asked.method not in METHODS.get(asked.part, ()):
        raise Invalid(msg("This question is not counted like that."), field=field(place, "method"))
    if (asked.method is None) is asked.ranked:
        raise Invalid(msg("Choose how the answers are counted."), field=field(place, "method"))
    if not 0 <= asked.min <= asked.max <= many or not asked.max:
        raise Invalid(
            msg("Between 1 and %(most)s of these answers can be chosen."),
            field=field(place, "most"),
            most=many,
        )
    if asked.part is not Part.DECISION and not 1 <= asked.seats <= many:
        raise Invalid(
            msg("Between 1 and %(most)s of these answers can win."), field=field(place, "seats"), most=many
        )
