"""Who gets which message about a ballot, over which channel: outbox rows, written with the fact."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.ballots.models import Ballot
from union.ballots.service.board import ref
from union.core.i18n import when
from union.members import queries as members
from union.members.queries import Contact
from union.notify import service as notify
from union.notify.rules.hours import is_quiet
from union.notify.rules.kinds import Channel, Lane

USEFUL = timedelta(days=2)
"""How long a message to an organizer is worth sending at least."""


def route(contact: Contact) -> tuple[Channel, str] | None:
    """Return the member's own channel for ballots: email if there is one, else SMS; None without."""
    if contact.email:
        return Channel.EMAIL, contact.email
    if contact.phone:
        return Channel.SMS, contact.phone
    return None


def recipients(
    contacts: Iterable[Contact],
    fields: Mapping[str, Mapping[str, str | int]] | None = None,
    shared: Mapping[str, datetime] | None = None,
    common: Mapping[str, str | int] | None = None,
) -> list[notify.Recipient]:
    """Return one recipient per reachable contact.

    fields: values per member id. shared: instants to render in each one's language and zone. common: the same
    for all. Members with the same language and zone share one mapping, so that a text is rendered once.
    """
    found = []
    rendered: dict[tuple[str, str], dict[str, str | int]] = {}
    for contact in contacts:
        way = route(contact)
        if way is None:
            continue
        key = (contact.language, contact.zone)
        if key not in rendered:
            moments = {name: when(at, contact.zone, contact.language) for name, at in (shared or {}).items()}
            rendered[key] = {**(common or {}), **moments}
        own = fields.get(contact.member_id) if fields else None
        values = {**rendered[key], **own} if own else rendered[key]
        found.append(
            notify.Recipient(contact.member_id, way[0], way[1], contact.language, contact.zone, values)
        )
    return found


def awake(contacts: Iterable[Contact], now: datetime) -> list[Contact]:
    """Return those who can be written to now: everybody with email, and phones whose night is over."""
    return [
        contact
        for contact in contacts
        if (way := route(contact)) and (way[0] is Channel.EMAIL or not is_quiet(now, contact.zone))
    ]


def tell(
    session: Session,
    ballot: Ballot,
    *,
    now: datetime,
    kind: str,
    template: str,
    member_ids: Collection[str],
    expires_at: datetime,
    shared: Mapping[str, datetime] | None = None,
    common: Mapping[str, str | int] | None = None,
) -> int:
    """Write one message to each of the members and return how many there are; safe to repeat."""
    people = recipients(members.contacts(session, member_ids), shared=shared, common=common)
    written = notify.enqueue_many(
        session,
        now=now,
        ref=ref(ballot),
        kind=kind,
        template=f"ballots/{template}",
        lane=Lane.BALLOT,
        expires_at=expires_at,
        recipients=people,
    )
    return written.written


def tell_organizer(
    session: Session,
    ballot: Ballot,
    *,
    now: datetime,
    kind: str,
    template: str,
    expires_at: datetime,
    shared: Mapping[str, datetime] | None = None,
    common: Mapping[str, str | int] | None = None,
) -> int:
    """Write to whoever drafted the ballot; nobody when that was the system. Safe to repeat."""
    drafted_by = [ballot.created_by] if ballot.created_by else []
    return tell(
        session,
        ballot,
        now=now,
        kind=kind,
        template=template,
        member_ids=drafted_by,
        expires_at=expires_at,
        shared=shared,
        common=common,
    )


def code_kinds(ballot: Ballot) -> list[str]:
    """Return the kinds of the messages that hold this issue's voting codes, replaced ones included."""
    latest = f"credential-{ballot.issue}"
    return [latest, *(f"{latest}-{n}" for n in range(1, ballot.reissued + 1))]


def address(public_url: str, ballot: Ballot, page: str = "") -> str:
    """Return a link for messages. It holds the uuid: a slug tells whoever glances at a phone too much."""
    return f"{public_url.rstrip('/')}/ballots/{ballot.uuid}{page}"
