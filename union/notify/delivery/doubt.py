"""Messages in doubt: find out what became of them; never send one again that may have gone out.

Rows whose sender died become unknown; unknown rows wait for a receipt with our id, are looked up after 90
seconds and again later, and only a call to action that the provider surely does not have is tried once more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, literal, literal_column, or_, select, update
from sqlalchemy.orm import Session

from union.core.db import transaction
from union.notify import texts
from union.notify.channels.base import Blind, Found, LookUp, Message, Missing, Ways
from union.notify.channels.desk import NAME as DESK
from union.notify.delivery.claim import FIRST_LOOK
from union.notify.models import Outbox, SendAttempt, Wording
from union.notify.rules.kinds import Lane, State, may_become
from union.notify.service.rows import read_sealed

NEXT_LOOK: Final = timedelta(seconds=150)
SURE_AFTER: Final = timedelta(minutes=5)
GIVE_UP_AFTER: Final = timedelta(hours=1)
AGAIN: Final = frozenset({Lane.ALERT})
"""Lanes whose messages are tried once more when the provider surely does not have them."""
_TRIES: Final = 2
_AT_ONCE: Final = 100


def reap(session: Session, *, now: datetime) -> int:
    """Take messages from senders whose lease ran out; return how many.

    They become unknown, not created: the sender may have died after the provider took them. At the desk
    there is no provider, so they simply wait again.
    """
    taken = session.scalars(
        update(Outbox)
        .where(Outbox.state == literal_column("'sending'"), Outbox.lease_until <= now)
        .values(
            state=case((Outbox.provider == DESK, literal(State.CREATED.value)), else_=State.UNKNOWN.value),
            error_code="lease",
            changed_at=now,
            # From here the lease is when to look it up. The attempt itself is older than the lease.
            lease_until=now + FIRST_LOOK,
        )
        .returning(Outbox.id)
        .execution_options(synchronize_session=False)
    )
    return len(taken.all())


@dataclass(frozen=True, slots=True)
class _Doubt:
    """One message to look up."""

    message: Message
    since: datetime
    taken: frozenset[str]


def resolve(ways: tuple[Ways, ...], *, now: datetime) -> int:
    """Look up messages in doubt at their provider; return of how many we know more now."""
    by_name = {route.name: route for way in ways for route in way.parts}
    with transaction() as session:
        doubts = _take(session, now)
    known = 0
    for provider, doubt in doubts:
        route = by_name.get(provider)
        told: LookUp = (
            Blind("no route") if route is None else route.look_up(doubt.message, doubt.since, doubt.taken)
        )
        with transaction() as session:
            known += _apply(session, doubt, told, now)
    return known


def _take(session: Session, now: datetime) -> list[tuple[str, _Doubt]]:
    """Return what is to be looked up now; another process finds the next look-up later."""
    rows = session.scalars(
        select(Outbox)
        .where(Outbox.state == literal_column("'unknown'"), Outbox.lease_until <= now)
        .order_by(Outbox.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    found = []
    for row in rows:
        row.lease_until = now + NEXT_LOOK
        tried = session.get(SendAttempt, (row.id, row.attempts))
        if row.sealed is None or tried is None:
            row.lease_until = None
            continue
        to, fields = read_sealed(row.sealed)
        wording = session.get_one(Wording, row.wording_id)
        body = texts.fill(wording.body, {"union": "", "stop": "", **fields})
        message = Message(
            id=row.id, attempt=row.attempts, to=to, subject="", body=body, lane=Lane(row.lane),
            language=row.language, expires_at=row.expires_at, validity=0, ref=row.ref,
        )  # fmt: skip
        found.append((row.provider or "", _Doubt(message, tried.started_at, _taken(session, row))))
    return found


def _taken(session: Session, row: Outbox) -> frozenset[str]:
    """Return the provider's ids of our other messages to this address."""
    others = select(Outbox.provider_id).where(
        Outbox.address_hash == row.address_hash, Outbox.id != row.id, Outbox.provider_id.is_not(None)
    )
    tries = (
        select(SendAttempt.provider_id)
        .join(Outbox, Outbox.id == SendAttempt.outbox_id)
        .where(
            Outbox.address_hash == row.address_hash,
            SendAttempt.provider_id.is_not(None),
            or_(SendAttempt.outbox_id != row.id, SendAttempt.n != row.attempts),
        )
    )
    return frozenset(str(found) for found in (*session.scalars(others), *session.scalars(tries)))


def _apply(session: Session, doubt: _Doubt, told: LookUp, now: datetime) -> int:
    row = session.get(Outbox, doubt.message.id, with_for_update=True, populate_existing=True)
    if row is None or row.state != State.UNKNOWN.value or row.attempts != doubt.message.attempt:
        return 0
    match told:
        case Found():
            if not may_become(State.UNKNOWN, told.state):
                return 0
            row.state, row.provider_id, row.error_code = told.state.value, told.provider_id, told.code
            row.changed_at, row.lease_until = now, None
            tried = session.get_one(SendAttempt, (row.id, row.attempts))
            tried.provider_id, tried.outcome = told.provider_id, "looked up"
            if row.secret:
                row.sealed = None
            return 1
        case Missing():
            if now - doubt.since < SURE_AFTER:
                return 0
            row.error_code, row.lease_until = "not_found", None
            if doubt.message.lane in AGAIN and row.attempts < _TRIES and now < row.expires_at:
                row.state, row.changed_at, row.not_before = State.CREATED.value, now, now
            return 1
        case Blind():
            if now - doubt.since >= GIVE_UP_AFTER:
                row.lease_until = None
            return 0
