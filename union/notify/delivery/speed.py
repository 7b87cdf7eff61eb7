"""How fast the messages about something leave, and when the last of them will have left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.notify.models import Outbox, SendAttempt
from union.notify.rules.kinds import State

WINDOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Speed:
    """per_minute: handed over in the last minute. done_at: an estimate, None when nothing waits or moves."""

    per_minute: int
    left: int
    done_at: datetime | None


def speed(session: Session, ref: str, now: datetime) -> Speed:
    """Measure the last minute and look at what is planned: whichever ends later says when it is done."""
    recent = (
        select(func.count())
        .select_from(SendAttempt)
        .join(Outbox, Outbox.id == SendAttempt.outbox_id)
        .where(Outbox.ref == ref, SendAttempt.finished_at > now - WINDOW)
    )
    left, last = session.execute(
        select(func.count(), func.max(Outbox.not_before)).where(
            Outbox.ref == ref, Outbox.state == State.CREATED.value
        )
    ).one()
    per_minute = session.scalar(recent) or 0
    if not left or not (per_minute or last > now):
        return Speed(per_minute, left, None)
    by_rate = now + WINDOW * left / per_minute if per_minute else now
    return Speed(per_minute, left, max(by_rate, last))
