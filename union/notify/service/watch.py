"""Who is awake, and the circuit breaker: heartbeats, and a pause when carriers block what we send."""

import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from union.notify.models import Heartbeat, Outbox
from union.notify.rules.causes import TWILIO, Remedy
from union.notify.rules.kinds import State
from union.notify.service.outbox import pause
from union.notify.service.statements import insert_or_leave

BLOCKED_AT_LEAST = 20
BLOCKED_SHARE = 20
"""One in this many texts blocked within the window pauses what they are about."""
BLOCKED_WINDOW = timedelta(minutes=15)

_BLOCKED = [code for code, cause in TWILIO.items() if cause.remedy is Remedy.BLOCKED]


def beat(session: Session, *, now: datetime, process: str) -> None:
    """Say that `process` is alive: one row per process, its ticks counted."""
    told = {"at": now, "pid": os.getpid(), "host": socket.gethostname()[:120]}
    ticked = session.scalars(
        update(Heartbeat)
        .where(Heartbeat.process == process)
        .values(ticks=Heartbeat.ticks + 1, **told)
        .returning(Heartbeat.process)
        .execution_options(synchronize_session=False)
    ).first()
    if ticked is None:
        session.execute(insert_or_leave(session, Heartbeat), [{"process": process, "ticks": 1, **told}])


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
