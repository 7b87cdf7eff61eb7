"""Who is awake, and the circuit breaker: heartbeats, and a pause when carriers block what we send."""

import os
import socket
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from union.core.db import MICROSECOND
from union.notify.models import Heartbeat, Outbox
from union.notify.rules.beats import AHEAD
from union.notify.rules.causes import TWILIO, Remedy
from union.notify.rules.kinds import State
from union.notify.service.outbox import pause
from union.notify.service.statements import insert_or_leave, postgresql

BLOCKED_AT_LEAST = 20
BLOCKED_SHARE = 20
"""One in this many texts blocked within the window pauses what they are about."""
BLOCKED_WINDOW = timedelta(minutes=15)

FORGOTTEN = timedelta(hours=1)
"""After so long a process that is silent is no longer listed."""
REPLACED = timedelta(seconds=3)

_BLOCKED = [code for code, cause in TWILIO.items() if cause.remedy is Remedy.BLOCKED]


def beat(session: Session, *, now: datetime, process: str, offset: timedelta = timedelta(0)) -> None:
    """Say that `process` is alive here: one row per running process, its ticks counted.

    offset: by how much this machine's clock is ahead of the database's.
    """
    pid, host = os.getpid(), socket.gethostname()[:120]
    told = {"at": now, "offset_us": offset // MICROSECOND}
    this = {"process": process, "instance": f"{host}/{pid}"}
    ticked = session.scalars(
        update(Heartbeat)
        .filter_by(**this)
        .values(ticks=Heartbeat.ticks + 1, **told)
        .returning(Heartbeat.process)
        .execution_options(synchronize_session=False)
    ).first()
    if ticked is None:
        # Whoever ran here before us is gone; were it not, it would list itself again with its next tick.
        # So would one that ticks by a clock ahead of ours; one left from before a clock was set right would
        # keep actions from being armed until that time has come.
        before = and_(Heartbeat.process == process, Heartbeat.host == host, Heartbeat.at < now - REPLACED)
        future = Heartbeat.at > now + AHEAD
        session.execute(delete(Heartbeat).where(or_(before, future, Heartbeat.at < now - FORGOTTEN)))
        row = {**this, "ticks": 1, "pid": pid, "host": host, **told}
        session.execute(insert_or_leave(session, Heartbeat), [row])


def database_clock(session: Session) -> datetime | None:
    """Return what the database's own machine takes for the time; None where it is this machine."""
    if not postgresql(session):
        return None
    told: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


def certain_offset(before: datetime, there: datetime | None, after: datetime) -> timedelta:
    """Return by how much our clock is surely ahead of one that said `there` between `before` and `after`.

    Nothing as long as `there` lies between the two: a slow answer proves no wrong clock.
    """
    if there is None or before <= there <= after:
        return timedelta(0)
    return before - there if there < before else after - there


def pause_blocked(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Pause each `ref` of whose recent texts carriers blocked many; return those paused now."""
    recent = Outbox.changed_at > now - BLOCKED_WINDOW
    blocked = session.execute(
        select(Outbox.ref, func.count())
        .where(recent, Outbox.state == State.FAILED.value, Outbox.error_code.in_(_BLOCKED))
        .group_by(Outbox.ref)
        .having(func.count() >= BLOCKED_AT_LEAST)
    ).all()
    paused = []
    for ref, count in blocked:
        sent = session.scalar(
            select(func.count()).where(Outbox.ref == ref, recent, Outbox.state != State.CREATED.value)
        )
        if count * BLOCKED_SHARE >= (sent or 0):
            pause(session, now=now, ref=ref, reason="blocked")
            paused.append(ref)
    return tuple(paused)
