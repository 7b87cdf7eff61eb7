"""What the scheduler asks of the books: close rounds in time, forget bank details in time."""

from collections.abc import Callable
from datetime import datetime

from union.core.actor import SYSTEM
from union.core.db import transaction
from union.core.settings import Settings
from union.ledger import service


def close(now: datetime, settings: Settings) -> int:
    """Close the rounds whose last moment to claim has passed."""
    del settings
    with transaction() as session:
        return service.close_due(session, actor=SYSTEM, now=now)


def wipe(now: datetime, settings: Settings) -> int:
    """Forget bank details that are no longer needed."""
    del settings
    with transaction() as session:
        return service.wipe(session, actor=SYSTEM, now=now)


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("close", 30, close),
    ("wipe", 3600, wipe),
)
