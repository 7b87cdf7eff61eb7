"""Forgetting a member: what others point at stays as an empty row, everything that tells who it was goes."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.ledger import service as ledger
from union.members.models import (
    Affiliation,
    Challenge,
    ImportDraft,
    LocalRole,
    Member,
    MemberRole,
    MemberSession,
    Vouch,
)
from union.members.rules.limits import ERASED_AFTER_LEAVING
from union.members.rules.membership import State
from union.notify import service as notify

_EMPTIED = (
    "name",
    "email",
    "email_hash",
    "email_confirmed_at",
    "phone",
    "phone_hash",
    "phone_confirmed_at",
    "sms_opt_in_at",
    "sms_opt_in_text",
    "sms_opt_in_device",
    "sms_opt_out_at",
    "vouch_code",
    "vouch_hash",
    "verified_by",
    "state_reason",
    "chapter_slug",
)


def wipe(session: Session, member: Member, *, now: datetime) -> None:
    """Empty the member's row and take away all that hangs on it.

    Opt-outs stay, as hashes that name nobody.
    """
    notify.forget_member(session, now=now, member_id=member.id)
    ledger.forget_member(session, now=now, member_id=member.id)
    for table in (MemberRole, LocalRole, Affiliation, Challenge, MemberSession):
        session.execute(delete(table).where(table.member_id == member.id))
    session.execute(delete(ImportDraft).where(ImportDraft.officer_id == member.id))
    session.execute(delete(Vouch).where((Vouch.member_id == member.id) | (Vouch.voucher_id == member.id)))
    for column in _EMPTIED:
        setattr(member, column, None)
    member.language, member.zone = "en", "UTC"
    member.state = State.LEFT.value
    member.left_at = member.left_at or now
    member.erased_at = now
    session.flush()


def erase_left(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Erase those who left a month ago, some at a time; returns how many."""
    due = session.scalars(
        select(Member)
        .where(
            Member.state == State.LEFT.value,
            Member.erased_at.is_(None),
            Member.left_at < now - ERASED_AFTER_LEAVING,
        )
        .order_by(Member.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = list(due)
    for member in gone:
        wipe(session, member, now=now)
    return len(gone)
