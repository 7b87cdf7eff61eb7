"""Replies: read the keyword, act on STOP, START and HELP, keep the rest for whoever it is for.

A reply is a row; rooms above fetch theirs with `waiting` and settle them. The sender's number is sealed.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from union.core.db import Instant
from union.core.errors import NotFound
from union.core.i18n import DEFAULT_LANGUAGE, LANGUAGES, msg
from union.notify.models import InboundMessage, OptOut, Outbox
from union.notify.rules import keywords
from union.notify.rules.kinds import Channel, Keyword, Lane, Mailing
from union.notify.service.consent import address_hash, opt_in, opt_out
from union.notify.service.outbox import enqueue
from union.notify.service.statements import insert_or_leave

LONGEST = 1600
_ANSWER_WITHIN = timedelta(hours=1)
_ANSWERS = {Keyword.STOP: "notify/stopped", Keyword.START: "notify/started", Keyword.HELP: "notify/help"}


@dataclass(frozen=True, slots=True)
class Inbound:
    """One reply. member_id: whom we last wrote to at this number, as far as we know."""

    id: int
    at: datetime
    sender: str
    body: str
    keyword: Keyword
    member_id: str | None
    handled_at: datetime | None = None
    note: str = ""
    assigned_to: str | None = None


def receive(
    session: Session,
    *,
    now: datetime,
    sender: str,
    body: str,
    provider_id: str,
    link: str = "",
    carrier: bool = False,
) -> Inbound:
    """Take in a reply, once per `provider_id`, and do what it asks where that is ours to do.

    link: where HELP points to. carrier: it came through a carrier that answers its own keywords itself.
    """
    keyword = keywords.read(body)
    hashed = address_hash(Channel.SMS, sender)
    if keyword is Keyword.START and not _has_opted_out(session, hashed):
        # "Yes" and "ja" answer many questions; without an opt-out to lift a person must read them.
        keyword = Keyword.OTHER
    last, member_id = _last_message(session, hashed), _member_at(session, hashed)
    own = keyword in _ANSWERS
    written = session.scalar(
        insert_or_leave(session, InboundMessage)
        .values(
            provider_id=provider_id,
            sender_hash=hashed,
            member_id=member_id or None,
            sealed=json.dumps({"from": sender, "body": body[:LONGEST]}),
            keyword=keyword.value,
            at=now,
            handled_at=now if own else None,
            note="",
        )
        .returning(InboundMessage.id)
    )
    if written is None:
        return shown(session.scalars(select(InboundMessage).filter_by(provider_id=provider_id)).one())
    if keyword is Keyword.STOP:
        opt_out(session, now=now, channel=Channel.SMS, to=sender, lists=tuple(Mailing), reason="reply")
    elif keyword is Keyword.START:
        opt_in(session, now=now, channel=Channel.SMS, to=sender)
    if own and not (carrier and keywords.carrier_answers(body)):
        enqueue(
            session, now=now, ref=f"reply:{written}", kind=keyword.value,
            member_id=member_id, channel=Channel.SMS, to=sender,
            language=_language(body, last), zone=last.zone if last else "UTC", template=_ANSWERS[keyword],
            fields={"link": link}, expires_at=now + _ANSWER_WITHIN, lane=Lane.LOGIN,
        )  # fmt: skip
    return shown(session.get_one(InboundMessage, written))


def _has_opted_out(session: Session, hashed: bytes) -> bool:
    found = select(OptOut.mailing).where(OptOut.address_hash == hashed, OptOut.channel == Channel.SMS.value)
    return session.scalars(found.limit(1)).first() is not None


def _last_message(session: Session, hashed: bytes) -> Outbox | None:
    found = select(Outbox).where(Outbox.address_hash == hashed, Outbox.channel == Channel.SMS.value)
    return session.scalars(found.order_by(Outbox.id.desc()).limit(1)).first()


def _member_at(session: Session, hashed: bytes) -> str:
    """Return the member last written to at a number, "" for none: a code for joining is nobody's yet."""
    found = select(Outbox.member_id).where(
        Outbox.address_hash == hashed, Outbox.channel == Channel.SMS.value, Outbox.member_id != ""
    )
    return session.scalars(found.order_by(Outbox.id.desc()).limit(1)).first() or ""


def last_spoken(session: Session, sender: str) -> tuple[str, str]:
    """Return language and zone in which we last wrote to a number."""
    last = _last_message(session, address_hash(Channel.SMS, sender))
    return (last.language, last.zone) if last else (DEFAULT_LANGUAGE, "UTC")


def _language(body: str, last: Outbox | None) -> str:
    """Answer in the language of the keyword where it tells one, else in the one we last wrote in."""
    spoken = keywords.language_of(body)
    if spoken in LANGUAGES:
        return str(spoken)
    return last.language if last else DEFAULT_LANGUAGE


def waiting(session: Session, *, keywords: Collection[Keyword], limit: int = 100) -> tuple[Inbound, ...]:
    """Return replies with one of `keywords` that nobody has settled, oldest first, locked for the caller."""
    chosen = (
        select(InboundMessage)
        .where(
            InboundMessage.handled_at.is_(None),
            InboundMessage.keyword.in_([keyword.value for keyword in keywords]),
        )
        .order_by(InboundMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(shown(row) for row in session.scalars(chosen))


def settle(session: Session, *, now: datetime, inbound_id: int, note: str = "", forget: bool = False) -> None:
    """Mark a reply as dealt with. A second time changes nothing; raises NotFound for an unknown one.

    forget: nothing may tell who sent it any more, as with a check-in; only its provider's number stays.
    """
    row = session.get(InboundMessage, inbound_id, with_for_update=True)
    if row is None:
        raise NotFound(msg("There is no such reply."))
    if row.handled_at is None:
        row.handled_at = now
        row.note = note[:200]
    if forget:
        row.member_id = row.sealed = None
        row.sender_hash = b""


def hand_to_people(session: Session, *, inbound_id: int) -> None:
    """Put a reply into the organizers' inbox: what it asks for nobody can do by itself."""
    row = session.get(InboundMessage, inbound_id, with_for_update=True)
    if row is not None and row.handled_at is None:
        row.keyword = Keyword.OTHER.value


def wipe_handled(session: Session, *, now: datetime, handled: datetime, came: datetime) -> int:
    """Forget the sender and words of replies settled before `handled` or sent before `came`.

    Return how many. One that nobody dealt with waits no longer.
    """
    forgotten = session.scalars(
        update(InboundMessage)
        .where(
            or_(InboundMessage.handled_at < handled, InboundMessage.at < came),
            InboundMessage.sealed.is_not(None),
        )
        .values(
            sealed=None,
            sender_hash=b"",
            member_id=None,
            handled_at=func.coalesce(InboundMessage.handled_at, literal(now, Instant)),
        )
        .returning(InboundMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(forgotten.all())


def shown(row: InboundMessage) -> Inbound:
    """Return a reply's row as other rooms and pages see it."""
    told = json.loads(row.sealed) if row.sealed else {"from": "", "body": ""}
    return Inbound(
        row.id, row.at, told["from"], told["body"], Keyword(row.keyword), row.member_id or None,
        row.handled_at, row.note, row.assigned_to,
    )  # fmt: skip
