"""The token bucket of a provider: how many segments may leave now, whoever sends from wherever.

Kept in a row that is locked for the length of a claim. Counted in whole micro-segments, so nothing is lost
to rounding; a text of several segments may overdraw it, and the next seconds pay the debt.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from union.core.db import MICROSECOND
from union.notify.models import Credit
from union.notify.service.statements import insert_or_leave

ONE: Final = 1_000_000
"""Micro-segments of a segment."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a provider may be fed. per_second: segments; burst: seconds' worth that may leave at once.

    The burst outlasts the second between two ticks, or a sender would idle between them.
    """

    per_second: float
    burst: float = 2.0

    @property
    def full(self) -> int:
        """Micro-segments of a full bucket: never less than one segment."""
        return max(ONE, int(self.per_second * self.burst * ONE))


def credit(session: Session, provider: str, pace: Pace, now: datetime) -> int:
    """Fill the bucket for the time since it was last looked at; return how many segments it holds, locked."""
    chosen = select(Credit).where(Credit.provider == provider).with_for_update()
    row = session.scalar(chosen.execution_options(populate_existing=True))
    if row is None:
        session.execute(
            insert_or_leave(session, Credit), [{"provider": provider, "credit": pace.full, "at": now}]
        )
        row = session.scalars(chosen).one()
    earned = int(max(0, (now - row.at) // MICROSECOND) * pace.per_second)
    row.credit, row.at = min(pace.full, row.credit + earned), max(row.at, now)
    session.flush()
    return max(0, row.credit // ONE)


def spend(session: Session, provider: str, segments: int) -> None:
    """Take what was claimed out of the bucket."""
    if segments:
        session.execute(
            update(Credit)
            .where(Credit.provider == provider)
            .values(credit=Credit.credit - segments * ONE)
            .execution_options(synchronize_session=False)
        )
