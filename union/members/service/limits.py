"""Counting tries: an address or a device may ask only so often.

What is counted is a keyed hash, never the thing.
"""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from union.core.errors import TooMany
from union.core.i18n import msg
from union.core.sealing import vault
from union.members.models import Attempt
from union.members.rules.limits import LONGEST_WINDOW, Limit


def count(session: Session, limit: Limit, what: str, now: datetime) -> None:
    """Note one more try of `what`; raises TooMany when the window is full."""
    check(session, limit, what, now)
    note(session, limit, what, now)


def check(session: Session, limit: Limit, what: str, now: datetime) -> None:
    """Raise TooMany when the window is full, noting nothing."""
    bucket = _bucket(limit, what)
    tries = session.scalar(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.bucket == bucket, Attempt.at > now - limit.window)
    )
    if (tries or 0) >= limit.times:
        minutes = int(limit.window.total_seconds() // 60)
        raise TooMany(msg("That was often enough for now. Wait %(n)s minutes and try again."), n=minutes)


def note(session: Session, limit: Limit, what: str, now: datetime) -> None:
    """Note one more try of `what`."""
    session.add(Attempt(bucket=_bucket(limit, what), at=now))
    session.flush()


def _bucket(limit: Limit, what: str) -> bytes:
    return vault().lookup(what, f"attempt.{limit.name}")


def wipe_attempts(session: Session, *, now: datetime) -> int:
    """Forget tries that no longer count."""
    gone = session.scalars(delete(Attempt).where(Attempt.at < now - LONGEST_WINDOW).returning(Attempt.id))
    return len(list(gone))
