"""What the scheduler asks of this room: remind of tasks, close lists, forget."""

from collections.abc import Callable
from datetime import datetime

from union.core.actor import SYSTEM
from union.core.db import transaction
from union.core.settings import Settings
from union.organizing import service


def remind(now: datetime, settings: Settings) -> int:
    """Remind of tasks due within a day, by what holds now."""
    with transaction() as session:
        return service.remind_due(session, actor=SYSTEM, now=now, site=settings.public_url)


def forget(now: datetime, settings: Settings) -> int:
    """Forget erased members, prospects without an answer, old talks and lists; each in a transaction."""
    del settings
    done = 0
    for verb in (
        service.forget_people,
        service.forget_prospects,
        service.fold_talks,
        service.fold_lists,
        service.forget_rest,
    ):
        with transaction() as session:
            done += verb(session, actor=SYSTEM, now=now)
    return done


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("remind", 30, remind),
    ("forget", 60, forget),
)
