"""Texts that organizers may word, their versions, and a preview with a member's own values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session, undefer

from union.core.i18n import LANGUAGES, when
from union.core.sealing import CannotOpen
from union.notify import texts
from union.notify.models import Outbox, OwnText, Wording
from union.notify.rules import capacity, segments, wording
from union.notify.rules.kinds import Channel
from union.notify.rules.segments import Segments
from union.notify.service.wording import allowed_fields, own_text

CHANNELS = (Channel.SMS, Channel.EMAIL)


@dataclass(frozen=True, slots=True)
class TextLine:
    """One text in the list. version: of the own wording in use, None for the built-in text."""

    name: str
    language: str
    channel: Channel
    first_words: str
    version: int | None


def texts_listed(session: Session) -> tuple[TextLine, ...]:
    """Return every text that organizers may word, with what is in use."""
    newest = select(OwnText.template, OwnText.language, OwnText.channel, func.max(OwnText.version)).group_by(
        OwnText.template, OwnText.language, OwnText.channel
    )
    versions = {(t, lang, ch): v for t, lang, ch, v in session.execute(newest)}
    found = []
    for channel in CHANNELS:
        for name, language in texts.every(channel):
            if not wording.editable(name) or language not in LANGUAGES:
                continue
            base = texts.find(name, language, channel)
            version = versions.get((name, language, channel.value))
            own = own_text(session, base) if version else None
            text = own or base
            found.append(
                TextLine(name, language, channel, text.subject or text.body, version if own else None)
            )
    return tuple(sorted(found, key=lambda line: (line.name, line.channel, line.language)))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an own wording."""

    version: int
    at: datetime
    author_id: str
    subject: str
    body: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class TextPage:
    """One text: what is in use, what comes with the software, what can be filled, earlier versions."""

    base: texts.Text
    used: texts.Text
    own: bool
    fields: tuple[str, ...]
    kept: tuple[str, ...]
    versions: tuple[Version, ...]


def text_page(session: Session, base: texts.Text) -> TextPage:
    """Return all about one text."""
    own = own_text(session, base)
    rows = session.scalars(
        select(OwnText)
        .where(
            OwnText.template == base.name,
            OwnText.language == base.language,
            OwnText.channel == base.channel.value,
        )
        .order_by(OwnText.version.desc())
    )
    offered = allowed_fields(base.name) | ({"union", "stop"} if base.channel is Channel.EMAIL else set())
    return TextPage(
        base, own or base, own is not None, tuple(sorted(offered)),
        tuple(name for name in wording.ESSENTIAL if name in base.fields),
        tuple(Version(r.version, r.at, r.author_id, r.subject, r.body, r.withdrawn) for r in rows),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drain:
    """How long a kind of sender takes for all of them, in seconds, and whether they fit its queue."""

    route: str
    seconds: float
    fits: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as one member would get it. real: the values are of a message that was written before.

    segments: of this text, None for email. cost: of `recipients` such texts, in the price's currency.
    """

    subject: str
    body: str
    values: Mapping[str, str | int]
    real: bool
    segments: Segments | None
    recipients: int
    cost: Decimal | None
    drains: tuple[Drain, ...]


def preview(
    session: Session,
    text: texts.Text,
    *,
    member_id: str | None,
    zone: str,
    union_name: str,
    now: datetime,
    recipients: int,
    price: Decimal | None,
) -> Preview:
    """Return `text` with the values of the newest such message, else with examples.

    member_id: whose message; None for whoever got it last. zone: for the examples' moments.
    """
    known = _values(session, text, member_id)
    values = {**_examples(text, zone, union_name, now), **(known or {})}
    values = {name: values.get(name, f"(({name}))") for name in sorted(text.fields)}
    subject, body = text.render(values)
    counted = segments.count(body) if text.channel is Channel.SMS else None
    drains: tuple[Drain, ...] = ()
    cost = None
    if counted is not None:
        load = capacity.Load(recipients, recipients * counted.segments)
        told = {name: capacity.forecast(load, route) for name, route in capacity.ROUTES.items()}
        drains = tuple(Drain(name, one.total, one.feasible) for name, one in told.items())
        cost = price * load.segments if price is not None else None
    return Preview(subject, body, values, known is not None, counted, recipients, cost, drains)


def _values(session: Session, text: texts.Text, member_id: str | None) -> Mapping[str, str | int] | None:
    """Return the values of the newest messages with this template that still have them."""
    chosen = (
        select(Outbox)
        .join(Wording, Wording.id == Outbox.wording_id)
        .where(
            Wording.template == text.name,
            Wording.language == text.language,
            Outbox.member_id == member_id if member_id is not None else true(),
            Outbox.sealed.is_not(None),
            ~Outbox.secret,
        )
        .order_by(Outbox.id.desc())
        .limit(3)
        .options(undefer(Outbox.sealed))
    )
    found: dict[str, str | int] = {}
    try:
        for row in session.scalars(chosen):
            found = {**json.loads(row.sealed or "{}").get("fields", {}), **found}
    except CannotOpen:
        return None
    return found or None


def _examples(text: texts.Text, zone: str, union_name: str, now: datetime) -> dict[str, str | int]:
    """Return example values, moments in the member's own zone and language."""
    start = (now + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    moments = {"start": start, "official": start, "end": start + timedelta(hours=4), "closes": start,
               "opens": now, "time": now, "when": now, "until": start}  # fmt: skip
    told = {name: when(at, zone, text.language) for name, at in moments.items()}
    return {**wording.EXAMPLES, **told, "union": union_name}
