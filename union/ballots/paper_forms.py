"""The questions of a draft as fields of its form: as many as are asked, each with what its kind needs.

The form works without script: buttons add and remove questions, and what was typed moves along.
"""

from collections.abc import Sequence
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.ballots import papers
from union.ballots.forms import BallotForm
from union.ballots.papers import (
    GRADES,
    LONGEST_QUESTION,
    MOST_ANSWERS,
    MOST_QUESTIONS,
    Asked,
    Method,
    Part,
    field,
)
from union.core.i18n import msg, translate
from union.web.fields import FILLED, options
from union.web.i18n import gettext

APPROVAL = "approval"
KINDS: dict[str, str] = {
    Part.DECISION: msg("Yes, no or abstain"),
    APPROVAL: msg("Approve as many as one likes"),
    Part.CHOICE: msg("Choose some"),
    Part.RANKING: msg("Put in order"),
    Part.GRADING: msg("Give grades"),
}
"""What can be asked; approval is a choice without a limit."""
METHOD_WORDS = {
    Method.SCHULZE: msg("By duels (Schulze): one order of all answers"),
    Method.STV: msg("By transfers (single transferable vote): several seats, shared fairly"),
}
_FIELDS: dict[str, tuple[str, ...]] = {
    Part.DECISION: ("question",),
    APPROVAL: ("question", "answers", "seats"),
    Part.CHOICE: ("question", "answers", "least", "most", "blank", "seats"),
    Part.RANKING: ("question", "answers", "method", "seats"),
    Part.GRADING: ("question", "answers", "grades"),
}


def _fields(kind: str) -> dict[str, Any]:
    number = [Optional(), NumberRange(1, MOST_ANSWERS)]
    made = {
        "question": StringField(
            msg("Question"),
            [InputRequired(FILLED), Length(max=LONGEST_QUESTION)],
            description=msg("Voters answer yes, no or abstain; the rule is applied to it.")
            if kind == Part.DECISION
            else "",
        ),
        "answers": TextAreaField(
            msg("Answers"),
            [InputRequired(FILLED), Length(max=6000)],
            description=msg("One a line. More than 6 make rare orders recognizable.")
            if kind in {Part.RANKING, Part.GRADING}
            else msg("One a line."),
        ),
        "least": IntegerField(
            msg("How many must a voter choose at least?"),
            [Optional(), NumberRange(0, MOST_ANSWERS)],
            default=0,
        ),
        "most": IntegerField(msg("How many may a voter choose?"), number, default=3),
        "blank": BooleanField(msg("Voters may vote blank: for none of these")),
        "seats": IntegerField(
            msg("How many win?"),
            number,
            default=1,
        ),
        "method": RadioField(
            msg("How is it counted?"),
            choices=options((method.value, text) for method, text in METHOD_WORDS.items()),
            default=Method.SCHULZE.value,
        ),
        "grades": TextAreaField(
            msg("Grades"),
            [InputRequired(FILLED), Length(max=1000)],
            description=msg("Best first, one a line."),
        ),
    }
    return {name: made[name] for name in _FIELDS[kind]}


def kinds_in(text: str) -> list[str]:
    """Return the kinds of questions a form asks for; unknown ones are left out."""
    return [kind for kind in text.split(",") if kind in KINDS][:MOST_QUESTIONS]


def ballot_form(kinds: Sequence[str]) -> type[BallotForm]:
    """Return the class of a draft's form with the fields of these questions."""
    fields = {
        field(place, name): made for place, kind in enumerate(kinds) for name, made in _fields(kind).items()
    }
    return type("BallotForm", (BallotForm,), fields)


def rearranged(
    typed: MultiDict[str, str],
    kinds: Sequence[str],
    *,
    add: str = "",
    remove: int | None = None,
    language: str,
) -> MultiDict[str, str]:
    """Return what was typed with a question more or fewer; a question that decides comes first."""
    rows = [(kind, _row(typed, place)) for place, kind in enumerate(kinds)]
    if remove is not None and 0 <= remove < len(rows):
        rows.pop(remove)
    if add in KINDS and len(rows) < MOST_QUESTIONS:
        rows.insert(0 if add == Part.DECISION else len(rows), (add, _started(add, language)))
    kept = MultiDict((k, v) for k, v in typed.items(multi=True) if not _is_of_question(k))
    kept["asks"] = ",".join(kind for kind, _ in rows)
    for place, (_, row) in enumerate(rows):
        for name, values in row.items():
            kept.setlist(field(place, name), values)
    return kept


def _is_of_question(name: str) -> bool:
    head, _, tail = name.partition("_")
    return head[:1] == "q" and head[1:].isdecimal() and bool(tail)


def _row(typed: MultiDict[str, str], place: int) -> dict[str, list[str]]:
    start = field(place, "")
    return {name.removeprefix(start): typed.getlist(name) for name in typed if name.startswith(start)}


def _started(kind: str, language: str) -> dict[str, list[str]]:
    """Return the values of a new question's fields: a form that was sent takes no defaults."""
    known = {
        "least": "0",
        "most": "3",
        "seats": "1",
        "method": Method.SCHULZE.value,
        "grades": "\n".join(translate(language, grade) for grade in GRADES),
    }
    return {name: [known[name]] for name in _FIELDS[kind] if name in known}


def questions(form: BallotForm, kinds: Sequence[str], language: str) -> list[Asked]:
    """Return what the form asks."""
    return [_asked(form, place, kind, language) for place, kind in enumerate(kinds)]


def _asked(form: BallotForm, place: int, kind: str, language: str) -> Asked:
    def said(name: str) -> Any:  # noqa: ANN401 - text, number or truth, as the field is
        return form[field(place, name)].data

    question = said("question") or ""
    if kind == Part.DECISION:
        return papers.decision(question, language)
    answers = _lines(said("answers"))
    if kind == Part.GRADING:
        return papers.grading(question, answers, _lines(said("grades")))
    seats = int(said("seats") or 0)
    if kind == Part.RANKING:
        return papers.ranking(question, answers, Method(said("method") or Method.SCHULZE), seats)
    if kind == APPROVAL:
        return papers.approval(question, answers, seats)
    return papers.choice(
        question,
        answers,
        int(said("most") or 0),
        least=int(said("least") or 0),
        blank=bool(said("blank")),
        seats=seats,
    )


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def title_of(place: int, kind: str) -> str:
    """Return the heading of a question in the form."""
    return gettext(msg("Question %(n)s: %(kind)s"), n=place + 1, kind=gettext(KINDS[kind]))
