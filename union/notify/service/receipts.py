"""What the carrier reports afterwards: delivered, undelivered, expired.

Receipts come late, twice, out of order, and for rows in any state; final states never change.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.notify.models import Outbox, SendAttempt
from union.notify.rules.causes import Remedy, of
from union.notify.rules.kinds import Channel, Mailing, State, may_become
from union.notify.service.consent import refuse

ONCE_MORE_AFTER = timedelta(minutes=10)
_ONCE_MORE = 2
_BAD = frozenset({State.FAILED, State.EXPIRED, State.SUPPRESSED})


def record_status(
    session: Session,
    *,
    now: datetime,
    outbox_id: int,
    attempt: int,
    provider_id: str,
    state: State,
    code: str | None = None,
) -> bool:
    """Apply a receipt for our row `outbox_id`, attempt `attempt`; tell whether it changed anything.

    That an older attempt did arrive settles the row; that it did not says nothing about the try that is under
    way or waits, so a repeated bad receipt cannot undo it.
    """
    row = session.get(Outbox, outbox_id, with_for_update=True)
    if row is None or row.attempts < attempt or attempt < 1:
        return False
    tried = session.get(SendAttempt, (outbox_id, attempt))
    if tried is not None and not tried.provider_id:
        tried.provider_id = provider_id
    if not may_become(State(row.state), state):
        return False
    if state in _BAD and (attempt < row.attempts or row.state == State.CREATED.value):
        return False
    if _tries_again(row, state, code, now):
        return True
    row.state = state.value
    row.provider_id = provider_id
    row.error_code = code
    row.changed_at = now
    row.lease_until = None
    if row.secret:
        row.sealed = None
    if code and row.address_hash and of(code).remedy is Remedy.OPTED_OUT:
        refuse(
            session, now=now, channel=Channel(row.channel), hashed=row.address_hash, lists=tuple(Mailing),
            reason="carrier",
        )  # fmt: skip
    return True


def _tries_again(row: Outbox, state: State, code: str | None, now: datetime) -> bool:
    """Give a phone that was switched off one later try, where there is time for it."""
    if state is not State.FAILED or of(code).remedy is not Remedy.ONCE_MORE:
        return False
    again = now + ONCE_MORE_AFTER
    if row.attempts >= _ONCE_MORE or again >= row.expires_at or row.sealed is None:
        return False
    row.state = State.CREATED.value
    row.not_before = again
    row.error_code = code
    row.changed_at = now
    row.lease_until = None
    return True
