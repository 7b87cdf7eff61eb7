"""Organizers' own wording: each save is a new version, the newest counts, the built-in text is never lost.

A text has `((field))` places and nothing else, so whoever writes one cannot run anything. What is already in
the outbox keeps the words it was written with.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import LANGUAGES, msg
from union.core.permissions import Permission, allow
from union.notify import texts
from union.notify.models import Outbox, OwnText
from union.notify.rules import wording
from union.notify.rules.kinds import Channel
from union.notify.service.consent import address_hash


@dataclass(frozen=True, slots=True)
class Words:
    """What an organizer typed."""

    subject: str
    body: str


def editable(name: str) -> bool:
    """Tell whether organizers may word this text: not those that sign people in or hold a voting code."""
    return wording.editable(name)


def built_in(name: str, language: str, channel: Channel) -> texts.Text:
    """Return the text that comes with the software; raises NotFound for one that cannot be worded here."""
    known = {(one, spoken) for one, spoken in texts.every(channel)}
    if not editable(name) or (name, language) not in known or language not in LANGUAGES:
        raise NotFound(msg("There is no such text to word."))
    return texts.find(name, language, channel)


def allowed_fields(name: str) -> frozenset[str]:
    """Return the places that can be filled in this text, whatever the channel and language."""
    found = frozenset[str]()
    for channel in (Channel.SMS, Channel.EMAIL):
        for one, language in texts.every(channel):
            if one == name:
                found |= texts.find(one, language, channel).fields
    return found


def checked(base: texts.Text, words: Words) -> texts.Text:
    """Return the typed words as a text; raises Invalid (field subject or body) saying what to mend."""
    subject, body = wording.clean(words.subject, words.body, email=base.channel is Channel.EMAIL)
    offered = allowed_fields(base.name) | ({"union", "stop"} if base.channel is Channel.EMAIL else set())
    wording.check_fields(subject, "subject", offered)
    wording.check_fields(body, "body", offered)
    wording.check_kept(body, base.fields)
    return texts.make(base.name, base.language, base.channel, subject, body)


def save_text(session: Session, *, actor: Actor, now: datetime, base: texts.Text, words: Words) -> int:
    """Make `words` the text from now on and return the version's number.

    Raises Invalid as `checked`, Conflict when nothing was changed.
    """
    allow(actor, Permission.MESSAGES_WORD)
    text = checked(base, words)
    newest = _newest(session, base)
    if newest and not newest.withdrawn and (newest.subject, newest.body) == (text.subject, text.body):
        raise Conflict(msg("These are the words already in use."))
    return _write(session, actor, now, text, withdrawn=False)


def withdraw_text(session: Session, *, actor: Actor, now: datetime, base: texts.Text) -> None:
    """Go back to the built-in text; raises Conflict where it is in use already."""
    allow(actor, Permission.MESSAGES_WORD)
    newest = _newest(session, base)
    if newest is None or newest.withdrawn:
        raise Conflict(msg("The built-in text is in use already."))
    _write(session, actor, now, base, withdrawn=True)


def member_at(session: Session, *, actor: Actor, now: datetime, text: texts.Text, address: str) -> str:
    """Return the member who was last written to at `address`, to show `text` with their values; logged.

    Raises NotAllowed for who may not see members, Invalid (field address) when nobody was written to there.
    """
    allow(actor, Permission.MEMBER_READ)
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    plain = address if channel is Channel.EMAIL else address.replace(" ", "")
    found = session.scalar(
        select(Outbox.member_id)
        .where(Outbox.address_hash == address_hash(channel, plain), Outbox.member_id != "")
        .order_by(Outbox.id.desc())
        .limit(1)
    )
    if found is None:
        raise Invalid(
            msg("No message was written to this address, so there are no values to show."), field="address"
        )
    audit.record(
        session, actor=actor, now=now, act="notify.preview_member", subject=f"member/{found}", text=text.name
    )
    return found


def _write(session: Session, actor: Actor, now: datetime, text: texts.Text, *, withdrawn: bool) -> int:
    last = session.scalar(select(func.max(OwnText.version)).where(*_of(text))) or 0
    session.add(
        OwnText(
            template=text.name, language=text.language, channel=text.channel.value, version=last + 1,
            subject=text.subject, body=text.body, withdrawn=withdrawn, author_id=actor.member_id or "",
            at=now,
        )
    )  # fmt: skip
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="notify.withdraw_text" if withdrawn else "notify.save_text",
        subject=f"text/{text.name}", language=text.language, channel=text.channel.value, version=last + 1,
    )  # fmt: skip
    return last + 1


def _of(text: texts.Text) -> tuple[ColumnElement[bool], ...]:
    return (
        OwnText.template == text.name,
        OwnText.language == text.language,
        OwnText.channel == text.channel.value,
    )


def _newest(session: Session, text: texts.Text) -> OwnText | None:
    chosen = select(OwnText).where(*_of(text)).order_by(OwnText.version.desc()).limit(1)
    return session.scalars(chosen).first()


def own_text(session: Session, base: texts.Text) -> texts.Text | None:
    """Return the organizers' own wording in place of `base`, None where the built-in text is in use."""
    found = _newest(session, base)
    if found is None or found.withdrawn:
        return None
    return texts.make(base.name, base.language, base.channel, found.subject, found.body)
