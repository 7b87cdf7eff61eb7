"""Mail that came back: mark addresses that fail for good, count those that fail for now, honour complaints.

A report is believed when it carries the mark we put on that very mail; anybody can write to a mailbox.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.notify.models import BadAddress, OptOut, Outbox
from union.notify.rules.bounces import Bounce, Verdict
from union.notify.rules.kinds import Channel, Mailing, State, may_become
from union.notify.service.consent import address_hash, refuse

SOFT_LIMIT = 5
"""So many temporary failures in a row, each more than a day after the last, count as one for good."""
SOFT_APART = timedelta(days=1)
_ASK_AT_ONCE = 500


def take_bounce(session: Session, *, now: datetime, bounce: Bounce) -> Verdict:
    """Apply one report about one mail and say what came of it; a second time changes nothing."""
    row = session.get(Outbox, bounce.outbox_id, with_for_update=True)
    if row is None or row.channel != Channel.EMAIL.value:
        return Verdict.UNKNOWN
    if bounce.verdict is Verdict.DELAYED:
        return Verdict.DELAYED
    if bounce.verdict is Verdict.COMPLAINT:
        if row.address_hash:
            refuse(
                session, now=now, channel=Channel.EMAIL, hashed=row.address_hash,
                lists=(Mailing.CAMPAIGNS,), reason="complaint",
            )  # fmt: skip
        return Verdict.COMPLAINT
    if may_become(State(row.state), State.FAILED):
        row.state, row.error_code, row.changed_at = State.FAILED.value, bounce.code, now
        row.lease_until = None
    if row.address_hash is None:
        return Verdict.UNKNOWN
    return _mark(session, row, bounce, now)


def _mark(session: Session, row: Outbox, bounce: Bounce, now: datetime) -> Verdict:
    assert row.address_hash is not None  # noqa: S101 - the caller looked
    bad = session.get(BadAddress, (row.address_hash, row.channel), with_for_update=True)
    if bad is None:
        bad = BadAddress(
            address_hash=row.address_hash, channel=row.channel, member_id=row.member_id, hard=False, soft=0,
            code=bounce.code, last_at=now - SOFT_APART * 2, last_outbox_id=0,
        )  # fmt: skip
        session.add(bad)
    if bad.last_outbox_id == row.id:
        return bounce.verdict
    if bounce.verdict is Verdict.SOFT and now - bad.last_at >= SOFT_APART:
        bad.soft += 1
    bad.hard = bad.hard or bounce.verdict is Verdict.HARD or bad.soft >= SOFT_LIMIT
    bad.code, bad.last_outbox_id, bad.last_at = bounce.code, row.id, now
    session.flush()
    return Verdict.HARD if bad.hard else Verdict.SOFT


def bad_among(session: Session, hashes: Collection[bytes], channel: Channel) -> set[bytes]:
    """Return those of `hashes` to which nothing gets through any more."""
    if not hashes:
        return set()
    chosen = select(BadAddress.address_hash).where(BadAddress.channel == channel.value, BadAddress.hard)
    if len(hashes) > _ASK_AT_ONCE:
        return set(session.scalars(chosen)) & set(hashes)
    return set(session.scalars(chosen.where(BadAddress.address_hash.in_(hashes))))


@dataclass(frozen=True, slots=True)
class Untold:
    """An address that fails for good and whose member has not been told."""

    member_id: str
    address_hash: bytes


def untold(session: Session, *, limit: int = 100) -> tuple[Untold, ...]:
    """Return failed addresses whose members must still be told on another channel, locked for the caller."""
    rows = session.scalars(
        select(BadAddress)
        .where(BadAddress.hard, BadAddress.told_at.is_(None), BadAddress.member_id != "")
        .order_by(BadAddress.last_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(Untold(row.member_id, row.address_hash) for row in rows)


def told(session: Session, *, now: datetime, address_hash: bytes) -> None:
    """Note that the member was told, or that there is no other way to."""
    row = session.get(BadAddress, (address_hash, Channel.EMAIL.value))
    if row is not None:
        row.told_at = now


def works_again(session: Session, *, channel: Channel, to: str) -> None:
    """Forget that an address failed: its owner has just shown that mail arrives there."""
    session.execute(
        delete(BadAddress).where(
            BadAddress.address_hash == address_hash(channel, to), BadAddress.channel == channel.value
        )
    )


def fails(session: Session, *, channel: Channel, to: str) -> bool:
    """Tell whether nothing gets through to this address any more."""
    return bool(bad_among(session, {address_hash(channel, to)}, channel))


def complained(session: Session, *, hashed: bytes) -> bool:
    """Tell whether the owner of an address reported our mail as unwanted."""
    found = select(OptOut.mailing).where(OptOut.address_hash == hashed, OptOut.reason == "complaint")
    return session.scalars(found.limit(1)).first() is not None
