"""Write, cancel, pause and forget messages.

A message is a row written in the transaction of the fact it announces; the unique key (ref, kind, member,
channel) makes writing it twice harmless. Sending is the delivery's work.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import String, cast, delete, func, literal, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from union.core.db import Instant
from union.notify import texts
from union.notify.models import BadAddress, InboundMessage, Outbox, Paused, PushDevice, ShownAs
from union.notify.rules.kinds import Channel, Lane, State
from union.notify.rules.pace import Foreseen, Line
from union.notify.service.rows import COLUMNS, Batch, Recipient
from union.notify.service.statements import insert_all, insert_one, insert_or_leave, roomy

CHUNK = 10_000
UNLINKED = "unlinked:"
"""What stands before a row's own number where a member stood."""


@dataclass(frozen=True, slots=True)
class Fanout:
    """What became of recipients. present: had a row already; suppressed: written, but not to be sent."""

    written: int
    present: int
    suppressed: int


def enqueue(  # noqa: PLR0913 - each fact stands in a column
    session: Session,
    *,
    now: datetime,
    ref: str,
    kind: str,
    member_id: str,
    channel: Channel,
    to: str,
    language: str,
    zone: str,
    template: str,
    fields: texts.Fields,
    expires_at: datetime,
    lane: Lane,
    not_before: datetime | None = None,
    secret: bool = False,
) -> int | None:
    """Write one message and return its row's id, or None when (ref, kind, member, channel) has one already.

    expires_at: until when it is useful; it is never sent later. secret: the text signs somebody in or lets
    them vote, so it is wiped as soon as it is handed over. Raises Invalid for a text with a place that
    nothing fills and for an address that cannot be one.
    """
    batch = Batch(session, now, ref, kind, template, lane, not_before or now, expires_at, secret=secret)
    asked, *beside = batch.rows([Recipient(member_id, channel, to, language, zone, fields)])
    written = insert_one(session, Outbox, COLUMNS, asked)
    insert_all(session, Outbox, COLUMNS, beside)
    return written


def enqueue_many(
    session: Session,
    *,
    now: datetime,
    ref: str,
    kind: str,
    template: str,
    lane: Lane,
    expires_at: datetime,
    recipients: Iterable[Recipient],
    not_before: datetime | None = None,
    secret: bool = False,
    per_second: float | None = None,
) -> Fanout:
    """Write one message per recipient, 100,000 in a few seconds; those that have one already are left alone.

    Members whose browsers show notifications get one beside it, unless the lane signs somebody in.

    per_second: segments that the texts' route carries. Each text then waits for those before it, in the order
    of `recipients`, so that the carrier's queue stays empty and what is held or cancelled has not left; what
    would leave too late is written as not sent.

    Raises Invalid as `enqueue` does, before anything of the batch concerned is written.
    """
    batch = Batch(
        session, now, ref, kind, template, lane, not_before or now, expires_at,
        secret=secret, line=Line(per_second) if per_second else None,
    )  # fmt: skip
    asked = written = 0
    with roomy(session):
        for chunk in _chunks(recipients):
            rows = batch.rows(chunk)
            asked += len(rows)
            written += insert_all(session, Outbox, COLUMNS, rows)
    return Fanout(written, asked - written, batch.suppressed)


def foresee(
    session: Session,
    *,
    now: datetime,
    template: str,
    lane: Lane,
    expires_at: datetime,
    recipients: Iterable[Recipient],
    per_second: float | None = None,
    lifted: bool = False,
) -> Iterator[Foreseen]:
    """Yield what `enqueue_many` would make of `recipients` at `now`, by the same rules; writes nothing.

    lifted: as if the union were not on trial.
    """
    batch = Batch(
        session, now, "", "", template, lane, now, expires_at,
        secret=False, line=Line(per_second) if per_second else None, dry=True, lifted=lifted,
    )  # fmt: skip
    for chunk in _chunks(recipients):
        yield from batch.foreseen(chunk)


def _chunks(recipients: Iterable[Recipient]) -> Iterator[list[Recipient]]:
    left = iter(recipients)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


def cancel(
    session: Session,
    *,
    now: datetime,
    ref: str,
    kinds: Collection[str] | None = None,
    member_id: str | None = None,
) -> int:
    """Stop what is about `ref` and has not left yet; return how many. What left cannot be called back."""
    which = update(Outbox).where(Outbox.ref == ref, Outbox.state == State.CREATED.value)
    if kinds is not None:
        which = which.where(Outbox.kind.in_(kinds))
    if member_id is not None:
        which = which.where(Outbox.member_id == member_id)
    return _count(
        session.execute(
            which.values(
                state=State.SUPPRESSED.value, error_code="cancelled", sealed=None, changed_at=now
            ).execution_options(synchronize_session=False)
        )
    )


def pause(session: Session, *, now: datetime, ref: str, reason: str = "") -> None:
    """Hold what is about `ref`; takes effect within one batch. A second time changes nothing."""
    session.execute(insert_or_leave(session, Paused), [{"ref": ref, "reason": reason[:120], "at": now}])


def resume(session: Session, *, ref: str) -> bool:
    """Let what is about `ref` go again; tell whether it was held."""
    return _count(session.execute(delete(Paused).where(Paused.ref == ref))) > 0


def unlink(session: Session, *, now: datetime, ref: str, kinds: Collection[str]) -> int:
    """Cut what was written about `ref` loose from members: cancel what waits, wipe who it was for.

    Returns how many rows name nobody any more. One that is being handed over right now keeps its member; call
    again.
    """
    cancel(session, now=now, ref=ref, kinds=kinds)
    return _count(
        session.execute(
            update(Outbox)
            .where(
                Outbox.ref == ref,
                Outbox.kind.in_(kinds),
                Outbox.state != State.SENDING.value,
                Outbox.member_id.not_like(f"{UNLINKED}%"),
            )
            .values(sealed=None, address_hash=None, member_id=literal(UNLINKED) + cast(Outbox.id, String))
            .execution_options(synchronize_session=False)
        )
    )


def forget_member(session: Session, *, now: datetime, member_id: str) -> None:
    """Erase a member: cancel what waits, wipe addresses and values, unlink rows and replies, forget devices.

    Opt-outs stay: they name no member and must hold for the address.
    """
    for table in (PushDevice, ShownAs, BadAddress):
        session.execute(delete(table).where(table.member_id == member_id))
    ours = (Outbox.member_id == member_id,)
    session.execute(
        update(Outbox)
        .where(*ours, Outbox.state == State.CREATED.value)
        .values(state=State.SUPPRESSED.value, error_code="cancelled", changed_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Outbox)
        .where(*ours)
        .values(sealed=None, address_hash=None, member_id=literal("erased:") + cast(Outbox.id, String))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(InboundMessage)
        .where(InboundMessage.member_id == member_id)
        .values(
            sealed=None,
            sender_hash=b"",
            member_id=None,
            handled_at=func.coalesce(InboundMessage.handled_at, literal(now, Instant)),
        )
        .execution_options(synchronize_session=False)
    )


def _count(result: Any) -> int:  # noqa: ANN401 - SQLAlchemy types execute() as Result; an UPDATE gives a CursorResult
    assert isinstance(result, CursorResult)  # noqa: S101
    return int(result.rowcount)
