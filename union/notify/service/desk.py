"""What organizers do with messages: hold and release them, settle replies, play a member at the desk.

Each verb authorizes first and is written to the audit log; the rest of the house uses the verbs beside these.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.notify.rules.keywords import plain
from union.notify.service.inbound import Inbound, receive, settle
from union.notify.service.outbox import pause, resume

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
