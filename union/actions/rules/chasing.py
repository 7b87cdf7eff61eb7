"""When members who have not said that they are done hear of the steps once more. Pure.

Each reminder comes twice as long after the start as the one before it, and there are few: a reminder is of
use to who forgot and a nuisance to who will not.
"""

from datetime import datetime, timedelta

MOST = 3


def due_at(starts_at: datetime, every: int, sent: int) -> datetime | None:
    """Return when the next reminder is due after `sent` of them; None when there is none any more.

    every: minutes from the start to the first, 0 for none at all.
    """
    if every <= 0 or sent >= MOST:
        return None
    return starts_at + timedelta(minutes=every * 2**sent)


def passed(starts_at: datetime, every: int, now: datetime) -> int:
    """Return how many reminders should have gone out by `now`: who slept through two sends one."""
    count = 0
    while (at := due_at(starts_at, every, count)) is not None and at <= now:
        count += 1
    return count


KINDS = tuple(f"chase-{n}" for n in range(1, MOST + 1))
"""How the messages are called in the outbox."""
