"""How a call list goes on after each call, and when people may be called. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from union.core.errors import Invalid
from union.core.i18n import msg
from union.notify.rules.hours import Quiet, is_quiet

HELD_FOR = timedelta(minutes=20)
UNDO_FOR = timedelta(minutes=10)
REST = timedelta(hours=4)
MOST_TRIES = 3
KEPT_AFTER_CLOSING = timedelta(days=30)
LIST_LASTS = timedelta(days=90)
SCRIPT_LENGTH = 3000
TITLE_LENGTH = 80
NIGHT = Quiet(time(21, 0), time(9, 0))
"""People are called from nine to nine, where they are."""


class Kind(StrEnum):
    """How the people of a list are reached."""

    CALL = "call"
    TEXT = "text"


class Outcome(StrEnum):
    """What came of a call."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    CALL_BACK = "call_back"
    REFUSED = "refused"


OUTCOME_WORDS = {
    Outcome.REACHED: msg("Reached"),
    Outcome.NO_ANSWER: msg("No answer"),
    Outcome.WRONG_NUMBER: msg("Wrong number"),
    Outcome.CALL_BACK: msg("Call back later"),
    Outcome.REFUSED: msg("Do not contact"),
}


@dataclass(frozen=True)
class Next:
    """Where an entry stands after a call. done: nobody calls again; after: not before then."""

    done: bool
    after: datetime
    promised: bool = False


def next_step(outcome: Outcome, *, tries: int, now: datetime, again_at: datetime | None) -> Next:
    """Return how an entry goes on that was tried `tries` times, this call included.

    Raises Invalid (field again_at) for a call-back without a moment to come.
    """
    if outcome is Outcome.CALL_BACK:
        if again_at is None:
            raise Invalid(msg("Say when to call back."), field="again_at")
        if not now < again_at <= now + LIST_LASTS:
            raise Invalid(msg("Call back at a moment to come, within three months."), field="again_at")
        return Next(done=False, after=again_at, promised=True)
    if outcome is Outcome.NO_ANSWER:
        return Next(done=tries >= MOST_TRIES, after=now + REST)
    return Next(done=True, after=now)


def may_call(now: datetime, zone: str) -> bool:
    """Tell whether people in `zone` may be called at `now`."""
    return not is_quiet(now, zone, NIGHT)


def tidy_title(text: str) -> str:
    """Return the title of a list without surplus space; raises Invalid (field title)."""
    title = " ".join(text.split())
    if not title or not title.isprintable():
        raise Invalid(msg("Give the list a title."), field="title")
    if len(title) > TITLE_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="title", n=TITLE_LENGTH)
    return title


def first_name(name: str) -> str:
    """Return the part of a name that a helper is shown."""
    return name.strip().split(maxsplit=1)[0] if name.strip() else ""
