"""The directory as pages and higher rooms read it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from union.core.errors import NotFound
from union.core.i18n import msg
from union.platforms.models import Platform
from union.platforms.rules import PAGE_SIZE, Facts, Kind, folded


@dataclass(frozen=True, slots=True)
class PlatformCard:
    """A platform as named in a list or at the head of a campaign."""

    slug: str
    name: str
    legal_name: str
    kind: Kind
    country: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the directory. letters: letter → how many in the whole (unsearched) directory."""

    cards: tuple[PlatformCard, ...]
    total: int
    page: int
    pages: int
    letters: dict[str, int]


def platform_card(session: Session, slug: str) -> PlatformCard:
    """Return the platform's card; raises NotFound."""
    return _card(_platform(session, slug))


def platform_page(session: Session, slug: str) -> Facts:
    """Return all we know of the platform; raises NotFound."""
    row = _platform(session, slug)
    facts = {name: getattr(row, name) for name in Facts.__dataclass_fields__}
    return Facts(**{**facts, "kind": Kind(row.kind)})


def _platform(session: Session, slug: str) -> Platform:
    row = session.get(Platform, slug)
    if row is None:
        raise NotFound(msg("We do not know that platform."))
    return row


def _card(row: Platform) -> PlatformCard:
    return PlatformCard(row.slug, row.name, row.legal_name, Kind(row.kind), row.country)


def search(
    session: Session, text: str = "", kind: Kind | None = None, page: int = 1, *, letter: str | None = None
) -> Listing:
    """Return a page of the directory: those in which every word of `text` occurs, ours and short names first.

    page counts from 1; beyond the last there is nothing. letter: one of rules.LETTERS.
    """
    query = _matching(text, kind, letter)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    nearest = (Platform.own.desc(), func.length(Platform.name)) if text.strip() else ()
    rows = session.scalars(
        query.order_by(*nearest, Platform.words, Platform.slug)
        .limit(PAGE_SIZE)
        .offset((max(page, 1) - 1) * PAGE_SIZE)
    )
    letters = session.execute(select(Platform.initial, func.count()).group_by(Platform.initial))
    return Listing(
        cards=tuple(_card(row) for row in rows),
        total=total,
        page=max(page, 1),
        pages=max(1, -(-total // PAGE_SIZE)),
        letters=dict(letters.all()),
    )


def _matching(text: str, kind: Kind | None, letter: str | None) -> Select[Platform]:
    query = select(Platform)
    for word in folded(text).split():
        query = query.where(Platform.words.contains(word, autoescape=True))
    if kind is not None:
        query = query.where(Platform.kind == kind)
    if letter is not None:
        query = query.where(Platform.initial == letter)
    return query


def own(session: Session) -> list[PlatformCard]:
    """Return the hand-written directory by name: the choices when joining or starting a campaign."""
    rows = session.scalars(select(Platform).where(Platform.own))
    return sorted((_card(row) for row in rows), key=lambda card: folded(card.name))


def names(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Return slug → name of those platforms that exist."""
    rows = session.execute(select(Platform.slug, Platform.name).where(Platform.slug.in_(sorted(set(slugs)))))
    return dict(rows.all())


def slugs(session: Session) -> list[str]:
    """Return the slugs of all platforms."""
    return list(session.scalars(select(Platform.slug).order_by(Platform.slug)))


def count(session: Session) -> int:
    """Return how many platforms the directory has."""
    return session.scalar(select(func.count()).select_from(Platform)) or 0
