"""Prospects as organizers of their chapter see them, and as they see themselves behind their invitation."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.members import queries as members
from union.members.queries import ChapterCard
from union.organizing import scope
from union.organizing.models import Prospect
from union.organizing.service.prospects import by_token


@dataclass(frozen=True, slots=True)
class ProspectCard:
    """Somebody who is no member yet. source: where they agreed to be contacted; no addresses."""

    id: str
    name: str
    chapter: str
    source: str
    agreed_on: date | None
    has_email: bool
    has_phone: bool
    invited_at: datetime | None
    erase_at: datetime


@dataclass(frozen=True, slots=True)
class ProspectPage:
    """The prospects of the reader's chapters.

    to_invite: (chapter slug, its name, how many), none left out.
    """

    cards: tuple[ProspectCard, ...]
    to_invite: tuple[tuple[str, str, int], ...]
    chapters: tuple[ChapterCard, ...]


@dataclass(frozen=True, slots=True)
class Invited:
    """What somebody who was invited may read: what we have of them."""

    name: str
    source: str
    erase_at: datetime
    zone: str


def prospect_page(session: Session, *, actor: Actor) -> ProspectPage:
    """Return the prospects whom the reader may see, those to be erased first ahead."""
    slugs = scope.chapters_of(actor)
    chapters = [one for one in members.chapters(session) if slugs is None or one.slug in slugs]
    named = {one.slug: one.name for one in chapters}
    rows = session.scalars(
        select(Prospect).where(Prospect.chapter_slug.in_(named)).order_by(Prospect.erase_at).limit(500)
    )
    cards = []
    waiting: dict[str, int] = {}
    for row in rows:
        if row.invited_at is None and row.email_hash is not None:
            waiting[row.chapter_slug] = waiting.get(row.chapter_slug, 0) + 1
        cards.append(
            ProspectCard(
                row.id,
                row.name,
                named[row.chapter_slug],
                row.source,
                row.agreed_on,
                row.email_hash is not None,
                row.phone_hash is not None,
                row.invited_at,
                row.erase_at,
            )
        )
    to_invite = tuple((slug, named[slug], n) for slug, n in sorted(waiting.items()))
    return ProspectPage(tuple(cards), to_invite, tuple(chapters))


def invited(session: Session, *, token: str) -> Invited | None:
    """Return what an invitation's address shows, changing nothing; None for one that is no longer good."""
    row = by_token(session, token)
    return None if row is None else Invited(row.name, row.source, row.erase_at, row.zone)
