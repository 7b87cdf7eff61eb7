"""What organizers do with messages: hold and release them, settle replies, play a member at the desk.

Each verb authorizes first and is written to the audit log; the rest of the house uses the verbs beside these.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.notify.models import InboundMessage
from union.notify.rules import wording
from union.notify.rules.keywords import plain
from union.notify.rules.kinds import Channel, Lane
from union.notify.service.consent import refusals
from union.notify.service.inbound import Inbound, last_spoken, receive, settle, shown
from union.notify.service.outbox import enqueue, pause, resume

LONGEST_ANSWER: Final = 459
"""Characters of an answer: three segments."""
ANSWER_LASTS: Final = timedelta(days=1)
_SHORTEST, _LONGEST = 8, 15


def hold(session: Session, *, actor: Actor, now: datetime, ref: str) -> None:
    """Hold every message about `ref` that has not left."""
    allow(actor, Permission.MESSAGES_SEND)
    pause(session, now=now, ref=ref, reason="person")
    audit.record(session, actor=actor, now=now, act="notify.hold", subject=ref)


def release(session: Session, *, actor: Actor, now: datetime, ref: str) -> None:
    """Let messages about `ref` go again."""
    allow(actor, Permission.MESSAGES_SEND)
    if resume(session, ref=ref):
        audit.record(session, actor=actor, now=now, act="notify.release", subject=ref)


def settle_reply(session: Session, *, actor: Actor, now: datetime, inbound_id: int) -> None:
    """Mark a reply as read and dealt with; raises NotFound."""
    allow(actor, Permission.MESSAGES_READ)
    settle(session, now=now, inbound_id=inbound_id, note="read")


def assign_reply(
    session: Session, *, actor: Actor, now: datetime, inbound_id: int, organizer_id: str | None
) -> None:
    """Say which organizer deals with a reply, or that nobody does; raises NotFound, Conflict when done."""
    allow(actor, Permission.MESSAGES_SEND)
    row = _waiting(session, inbound_id)
    row.assigned_to = organizer_id
    audit.record(
        session, actor=actor, now=now, act="notify.assign_reply", subject=f"reply/{inbound_id}",
        to=organizer_id or "",
    )  # fmt: skip


def answer_reply(session: Session, *, actor: Actor, now: datetime, inbound_id: int, text: str) -> None:
    """Text back to whoever sent a reply, and mark it as dealt with.

    Raises Invalid (field text) for nothing, control characters or too much, NotFound, and Conflict when it is
    done already or the sender has opted out.
    """
    allow(actor, Permission.MESSAGES_SEND)
    row = _waiting(session, inbound_id)
    _, words = wording.clean("", text, email=False)
    if len(words) > LONGEST_ANSWER:
        raise Invalid(msg("An answer has at most %(most)s characters."), field="text", most=LONGEST_ANSWER)
    reply = shown(row)
    if refusals(session, addresses=[reply.sender], channel=Channel.SMS, lane=Lane.ALERT):
        raise Conflict(msg("This person wants no texts from us, so nothing can be answered."))
    language, zone = last_spoken(session, reply.sender)
    enqueue(
        session, now=now, ref=f"reply:{row.id}", kind="answer", member_id=reply.member_id or "",
        channel=Channel.SMS, to=reply.sender, language=language, zone=zone, template="notify/answer",
        fields={"text": words}, lane=Lane.ALERT, expires_at=now + ANSWER_LASTS,
    )  # fmt: skip
    settle(session, now=now, inbound_id=inbound_id, note="answered")
    audit.record(session, actor=actor, now=now, act="notify.answer_reply", subject=f"reply/{inbound_id}")


def _waiting(session: Session, inbound_id: int) -> InboundMessage:
    row = session.get(InboundMessage, inbound_id, with_for_update=True)
    if row is None:
        raise NotFound(msg("There is no such reply."))
    if row.handled_at is not None:
        raise Conflict(msg("This reply has been dealt with already."))
    return row


def play_reply(
    session: Session, *, actor: Actor, now: datetime, sender: str, body: str, link: str
) -> Inbound:
    """Take a reply as if a member had texted it: the same path as the carrier's.

    For unions without a carrier. Raises Invalid for a sender that is no number and for an empty text.
    """
    allow(actor, Permission.MESSAGES_SEND)
    number = sender.replace(" ", "")
    if not (number.startswith("+") and number[1:].isdigit() and _SHORTEST <= len(number) - 1 <= _LONGEST):
        raise Invalid(msg("Write the number with its country code, such as +31612345678."), field="sender")
    if not plain(body):
        raise Invalid(msg("Write what the member answers."), field="body")
    found = receive(session, now=now, sender=number, body=body, provider_id=f"desk-{new_id()}", link=link)
    audit.record(session, actor=actor, now=now, act="notify.play_reply", subject=f"reply/{found.id}")
    return found
