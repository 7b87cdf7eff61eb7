"""Take what is due, with a lease; write down what came of it. The only statements that move rows while sending.

Works on SQLite (one writer at a time) and PostgreSQL (SKIP LOCKED) alike: the conditional update decides who
has a row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    bindparam,
    case,
    insert,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from union.core.db import Instant
from union.core.sealing import CannotOpen, vault
from union.notify.models import Outbox, Paused, SendAttempt
from union.notify.rules.kinds import LANES, Channel, Lane, Mailing, State
from union.notify.service.consent import refuse, refused
from union.notify.service.outbox import read_sealed

BATCH: Final = 100
"""At most so many messages are between claim and mark at once: what pause and cancel may miss."""
LEASE: Final = timedelta(minutes=3)
FIRST_LOOK: Final = timedelta(seconds=90)

_CREATED: ColumnElement[str] = literal_column(
    "'created'"
)  # a literal, or SQLite does not use the partial index


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send until `lease_until`."""

    id: int
    attempt: int
    ref: str
    channel: Channel
    lane: Lane
    to: str
    fields: Mapping[str, str | int]
    language: str
    wording_id: int
    address_hash: bytes | None
    expires_at: datetime
    lease_until: datetime
    secret: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """What a claimed message becomes. back: seconds until another try, for State.CREATED."""

    claimed: Claimed
    state: State
    at: datetime
    outcome: str
    provider_id: str | None = None
    error_code: str | None = None
    back: float = 0.0
    opted_out: bool = False
    keep_text: bool = True


def due(session: Session, channel: Channel, now: datetime) -> bool:
    """Tell whether anything of `channel` waits to be sent at `now`; takes no lock."""
    return any(session.scalar(_due(channel, lane, now).limit(1)) is not None for lane in LANES)


def _due(channel: Channel, lane: Lane, now: datetime) -> Any:  # noqa: ANN401 - a Select of ids
    return select(Outbox.id).where(
        Outbox.channel == channel.value,
        Outbox.lane == lane.value,
        Outbox.state == _CREATED,
        Outbox.not_before <= now,
        Outbox.expires_at > now,
        Outbox.ref.not_in(select(Paused.ref)),
    )


def claim(
    session: Session, *, provider: str, channel: Channel, now: datetime, size: int, who: str
) -> list[Claimed]:
    """Take up to `size` due messages, first lanes first, and write the intent to send each.

    Those whose owner opted out since, and those that no longer open, are settled here instead.
    """
    taken: list[Claimed] = []
    for lane in LANES:
        if len(taken) >= size:
            break
        taken += _claim_lane(session, provider, channel, lane, now, size - len(taken), who)
    if taken:
        session.connection().execute(
            insert(SendAttempt.__table__),  # type: ignore[arg-type]
            [{"outbox_id": one.id, "n": one.attempt, "started_at": now} for one in taken],
        )
    return taken


def _claim_lane(
    session: Session, provider: str, channel: Channel, lane: Lane, now: datetime, size: int, who: str
) -> list[Claimed]:
    chosen = (
        _due(channel, lane, now)
        .order_by(Outbox.not_before, Outbox.id)
        .limit(size)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    until = now + LEASE
    rows = session.execute(
        update(Outbox)
        .where(Outbox.id.in_(select(chosen.c.id)))
        .values(
            state=State.SENDING.value,
            lease_until=until,
            lease_by=who,
            attempts=Outbox.attempts + 1,
            provider=provider,
            changed_at=now,
            error_code=null(),
        )  # fmt: skip
        .returning(
            Outbox.id,
            Outbox.attempts,
            Outbox.ref,
            type_coerce(Outbox.sealed, LargeBinary).label("sealed"),
            Outbox.language,
            Outbox.wording_id,
            Outbox.address_hash,
            Outbox.expires_at,
            Outbox.secret,
        )  # fmt: skip
        .execution_options(synchronize_session=False)
    ).all()
    no = refused(session, {row.address_hash for row in rows if row.address_hash}, channel, lane)
    found, settled = [], []
    for row in sorted(rows, key=lambda row: row.id):
        opened = None if row.address_hash in no else _open(row.sealed)
        to, fields = opened or ("", {})
        one = Claimed(
            row.id, row.attempts, row.ref, channel, lane, to, fields, row.language, row.wording_id,
            row.address_hash, row.expires_at, until, row.secret,
        )  # fmt: skip
        if opened is not None:
            found.append(one)
        elif row.address_hash in no:
            settled.append(Mark(one, State.SUPPRESSED, now, "", error_code="opted_out", keep_text=False))
        else:
            settled.append(Mark(one, State.FAILED, now, "", error_code="sealed"))
    mark(session, settled)
    return found


def _open(sealed: bytes | None) -> tuple[str, Mapping[str, str | int]] | None:
    """Open one row's values; one that was sealed with another key must not stop the others."""
    if sealed is None:
        return None
    try:
        return read_sealed(vault().open(bytes(sealed), "outbox.sealed"))
    except (CannotOpen, ValueError, KeyError):
        return None


_TABLE: Any = Outbox.__table__
_MARK = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("row"),
        _TABLE.c.attempts == bindparam("attempt"),
        or_(_TABLE.c.state == State.SENDING.value, _TABLE.c.state == State.UNKNOWN.value),
    )
    .values(
        state=bindparam("new_state"),
        error_code=bindparam("new_error"),
        provider_id=bindparam("new_provider_id"),
        changed_at=bindparam("at"),
        not_before=case(
            (bindparam("back", type_=Integer) == 1, bindparam("next_try", type_=Instant)),
            else_=_TABLE.c.not_before,
        ),
        lease_until=bindparam("look_at"),
        sealed=case((bindparam("keep", type_=Integer) == 1, _TABLE.c.sealed), else_=null()),
    )
)
_ATTEMPTS: Any = SendAttempt.__table__
_ATTEMPT = (
    update(_ATTEMPTS)
    .where(_ATTEMPTS.c.outbox_id == bindparam("row"), _ATTEMPTS.c.n == bindparam("attempt"))
    .values(finished_at=bindparam("at"), outcome=bindparam("outcome"), provider_id=bindparam("sid"))
)


def mark(session: Session, marks: Iterable[Mark]) -> None:
    """Write down what came of messages. A receipt that was faster than we are is not overwritten."""
    ordered = sorted(marks, key=lambda one: one.claimed.id)
    if not ordered:
        return
    connection = session.connection()
    connection.execute(_MARK, [_values(one) for one in ordered])
    tried = [one for one in ordered if one.outcome]
    if tried:
        connection.execute(
            _ATTEMPT,
            [
                {
                    "row": one.claimed.id,
                    "attempt": one.claimed.attempt,
                    "at": one.at,
                    "outcome": one.outcome[:100],
                    "sid": one.provider_id,
                }
                for one in tried
            ],  # fmt: skip
        )
    for one in ordered:
        if one.opted_out and one.claimed.address_hash:
            refuse(
                session, now=one.at, channel=one.claimed.channel, hashed=one.claimed.address_hash,
                lists=tuple(Mailing), reason="carrier",
            )  # fmt: skip


def _values(one: Mark) -> dict[str, Any]:
    back = one.state is State.CREATED
    return {
        "row": one.claimed.id,
        "attempt": one.claimed.attempt,
        "new_state": one.state.value,
        "new_error": one.error_code[:100] if one.error_code else None,
        "new_provider_id": one.provider_id,
        "at": one.at,
        "back": int(back),
        "next_try": one.at + timedelta(seconds=one.back),
        # For a message in doubt, when to look it up.
        "look_at": one.at + FIRST_LOOK if one.state is State.UNKNOWN else None,
        "keep": int(one.keep_text),
    }
