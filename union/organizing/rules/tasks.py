"""When a task is due and when its reminder goes out. Pure."""

from datetime import datetime, timedelta

from union.core.errors import Invalid
from union.core.i18n import msg

REMIND_BEFORE = timedelta(hours=24)
STILL_USEFUL = timedelta(hours=24)
TITLE_LENGTH = 120
DONE_KEPT = timedelta(days=90)
DUE_KEPT = timedelta(days=180)
_LATEST = timedelta(days=732)


def tidy_task(text: str) -> str:
    """Return what is to be done without surplus space; raises Invalid (field title)."""
    title = " ".join(text.split())
    if not title or not title.isprintable():
        raise Invalid(msg("Say what is to be done."), field="title")
    if len(title) > TITLE_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="title", n=TITLE_LENGTH)
    return title


def check_due(due_at: datetime, now: datetime) -> None:
    """Raise Invalid (field due) for a moment that is past or more than two years away."""
    if not now < due_at <= now + _LATEST:
        raise Invalid(msg("Choose a moment to come, within two years."), field="due")


def reminder_due(due_at: datetime, now: datetime, reminded_for: datetime | None) -> bool:
    """Tell whether to remind now: a day ahead or as soon as known, once for each due moment, never late."""
    return due_at - REMIND_BEFORE <= now < due_at and reminded_for != due_at
