"""What is too late is never sent, and what was said is forgotten: expiry and wiping."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, and_, case, cast, literal, literal_column, or_, select, update
from sqlalchemy.orm import Session

from union.notify.channels.desk import NAME as DESK
from union.notify.models import Outbox
from union.notify.rules.kinds import FINAL, LANES, Channel, Lane, State
from union.notify.service.inbound import wipe_handled
from union.notify.service.outbox import UNLINKED

GRACE: Final = timedelta(hours=24)
"""How long the text of a settled message is kept, to answer "what did you send me?"."""
OPEN_GRACE: Final = timedelta(hours=72)
"""The same for messages whose receipt never came."""
HASH_GRACE: Final = timedelta(days=90)
REPLY_GRACE: Final = timedelta(days=30)
REPLY_KEPT: Final = timedelta(days=180)
"""How long a reply waits for somebody to deal with it."""
_OPEN: Final = (State.ACCEPTED.value, State.UNKNOWN.value)
_AT_ONCE: Final = 5_000


def expire(session: Session, *, now: datetime) -> int:
    """Give up on what was not sent while it was useful; return how many."""
    count = 0
    for channel in Channel:
        for lane in LANES:
            late = session.scalars(
                update(Outbox)
                .where(
                    Outbox.channel == channel.value,
                    Outbox.lane == lane.value,
                    Outbox.state == literal_column("'created'"),
                    Outbox.not_before <= now,
                    Outbox.expires_at <= now,
                )
                .values(state=State.EXPIRED.value, error_code="late", sealed=None, changed_at=now)
                .returning(Outbox.id)
                .execution_options(synchronize_session=False)
            )
            count += len(late.all())
    return count


def _forget_sign_ins(session: Session, now: datetime) -> int:
    """Cut old links and codes loose from members: who signed in when is nobody's to know."""
    old = (
        Outbox.lane == Lane.LOGIN.value,
        Outbox.secret,
        Outbox.member_id != "",
        Outbox.address_hash.is_not(None),
        Outbox.expires_at <= now - GRACE,
        Outbox.state.in_([state.value for state in FINAL]) | (Outbox.provider == DESK),
    )
    cut = session.scalars(
        update(Outbox)
        .where(Outbox.id.in_(select(Outbox.id).where(*old).limit(_AT_ONCE).scalar_subquery()))
        .values(member_id=literal(UNLINKED) + cast(Outbox.id, String), address_hash=None, sealed=None)
        .returning(Outbox.id)
        .execution_options(synchronize_session=False)
    )
    return len(cut.all())


def wipe(session: Session, *, now: datetime) -> int:
    """Forget addresses and values of what is settled and old, and later whose it was; return how many rows.

    Messages at the desk are read there, so they stay until they expire and a day more; secret ones until
    they expire.
    """
    final = Outbox.state.in_([state.value for state in FINAL])
    at_desk = Outbox.provider == DESK
    settled = or_(
        and_(at_desk, Outbox.secret, Outbox.expires_at <= now),
        and_(at_desk, Outbox.expires_at <= now - GRACE),
        and_(~at_desk, final, Outbox.changed_at <= now - GRACE),
        and_(~at_desk, Outbox.secret, Outbox.state == State.UNKNOWN.value, Outbox.expires_at <= now - GRACE),
        and_(
            ~at_desk,
            Outbox.state.in_(_OPEN),
            Outbox.changed_at <= now - OPEN_GRACE,
            Outbox.expires_at <= now,
        ),
    )
    chosen = select(Outbox.id).where(Outbox.sealed.is_not(None), settled).limit(_AT_ONCE)
    wiped = session.scalars(
        update(Outbox)
        .where(Outbox.id.in_(chosen.scalar_subquery()))
        .values(sealed=None)
        .returning(Outbox.id)
        .execution_options(synchronize_session=False)
    )
    # What never got a receipt is over when it is of no use any more.
    over = or_(final, Outbox.state.in_(_OPEN) & (Outbox.expires_at <= now))
    nobody = case((Outbox.member_id == "", ""), else_=literal(UNLINKED) + cast(Outbox.id, String))
    unlinked = session.scalars(
        update(Outbox)
        .where(
            Outbox.id.in_(
                select(Outbox.id)
                .where(Outbox.changed_at <= now - HASH_GRACE, Outbox.address_hash.is_not(None), over)
                .limit(_AT_ONCE)
                .scalar_subquery()
            )
        )
        .values(address_hash=None, member_id=nobody)
        .returning(Outbox.id)
        .execution_options(synchronize_session=False)
    )
    return (
        len(wiped.all())
        + len(unlinked.all())
        + _forget_sign_ins(session, now)
        + wipe_handled(session, now=now, handled=now - REPLY_GRACE, came=now - REPLY_KEPT)
    )
