"""A text to many: whom it finds is asked when it is sent, and it leaves through the outbox like everything.

Opt-outs and quiet hours are the outbox's. Nobody sees who is on a text list, so it may ask who is called by a
settled round; then it has to find at least ten people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.members import queries as members
from union.members.queries import Contact
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Fanout, Recipient
from union.organizing.audience import audience
from union.organizing.models import CallList
from union.organizing.rules.calling import Kind
from union.organizing.rules.talks import SMALL
from union.organizing.rules.wanted import Wanted
from union.organizing.service.lists import check_open, place_of, run_here

GRACE = timedelta(minutes=5)
USEFUL_FOR = timedelta(hours=24)
TEMPLATE = "organizing/text"


@dataclass(frozen=True)
class Reached:
    """Whom a text would reach. nobody: found, but without a channel they agreed to."""

    found: int
    by_sms: tuple[Contact, ...]
    by_email: tuple[Contact, ...]

    @property
    def nobody(self) -> int:
        """How many it cannot reach."""
        return self.found - len(self.by_sms) - len(self.by_email)


def ref_of(list_id: str) -> str:
    """Return what the messages of a text list are about."""
    return f"organizing:{list_id}"


def reached(session: Session, row: CallList, now: datetime) -> Reached:
    """Return whom the list finds now, by the way each is reached.

    Raises Invalid for too few to stay unseen.
    """
    wanted = Wanted.read(row.wanted)
    ids = audience(session, place_of(row), wanted, now)
    if wanted.called_in and len(ids) < SMALL:
        raise Invalid(msg("This finds fewer than ten people, and would tell who is called. Ask for more."))
    contacts = members.contacts(session, ids)
    by_sms = tuple(one for one in contacts if one.sms_ok)
    by_email = tuple(one for one in contacts if not one.sms_ok and one.email and row.by_email)
    return Reached(len(ids), by_sms, by_email)


def send_text(session: Session, *, actor: Actor, list_id: str, now: datetime) -> Fanout:
    """Write the messages of a text list, to leave five minutes from now, and return what became of them.

    Raises Conflict when it was sent, Closed, Invalid when nobody can be reached.
    """
    row = run_here(session, actor, list_id)
    check_open(row, now)
    if row.kind != Kind.TEXT or row.sent_at is not None:
        raise Conflict(msg("This text has been sent already."))
    people = reached(session, row, now)
    if not people.by_sms and not people.by_email:
        raise Invalid(msg("Nobody whom this finds can be reached. Ask for others."))
    sends_at = now + GRACE
    fanout = notify.enqueue_many(
        session,
        now=now,
        ref=ref_of(row.id),
        kind="text",
        template=TEMPLATE,
        lane=Lane.NEWS,
        not_before=sends_at,
        expires_at=sends_at + USEFUL_FOR,
        recipients=_recipients(people, row),
    )
    row.sent_at, row.sends_at = now, sends_at
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="organizing.send_text",
        subject=f"list/{row.id}",
        messages=fanout.written,
        suppressed=fanout.suppressed,
    )
    return fanout


def _recipients(people: Reached, row: CallList) -> Iterator[Recipient]:
    fields: dict[str, str | int] = {"text": row.script, "title": row.title}
    for one in people.by_sms:
        yield Recipient(one.member_id, Channel.SMS, str(one.phone), one.language, one.zone, fields)
    for one in people.by_email:
        yield Recipient(one.member_id, Channel.EMAIL, str(one.email), one.language, one.zone, fields)


def cancel_text(session: Session, *, actor: Actor, list_id: str, now: datetime) -> int:
    """Stop what has not left yet and return how many messages; raises Closed when all have left."""
    row = run_here(session, actor, list_id)
    stopped = notify.cancel(session, now=now, ref=ref_of(row.id))
    if not stopped:
        raise Closed(msg("Nothing of this text waits any more; what has left cannot be called back."))
    row.closed_at = row.closed_at or now
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="organizing.cancel_text",
        subject=f"list/{row.id}",
        messages=stopped,
    )
    return stopped
