"""People as an organizer of their place sees them: names, tags, talks, the assessment; never addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members.queries import MemberCard
from union.organizing import scope
from union.organizing.audience import audience
from union.organizing.models import NoContact, SavedFilter, Tag, Tagging, Talk
from union.organizing.queries.tasks import TaskCard, cards_about
from union.organizing.rules.talks import EDIT_FOR
from union.organizing.rules.wanted import Wanted

PAGE = 50
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TagCard:
    """A tag. worn: on how many of the people whom the reader may see."""

    slug: str
    name: str
    meaning: str
    retired: bool
    worn: int = 0


@dataclass(frozen=True, slots=True)
class SavedFilterCard:
    """A kept filter of the reader."""

    id: str
    name: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody in the list. rating: of the latest talk that has one; refused: wants no calls."""

    card: MemberCard
    tags: tuple[str, ...]
    rating: int | None
    last_talk: datetime | None
    refused: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of people, who was never talked with first, then who longest ago. ids: everybody found."""

    rows: tuple[PersonRow, ...]
    ids: tuple[str, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class TalkCard:
    """A talk. mine_until: until when the reader can change it, None where it is another's or too old."""

    id: str
    member_id: str
    at: datetime
    by: str
    note: str | None
    rating: int | None
    mine_until: datetime | None


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person: who it is, tags (slug, name), talks newest first, tasks about them."""

    row: PersonRow
    tags: tuple[tuple[str, str], ...]
    talks: tuple[TalkCard, ...]
    tasks: tuple[TaskCard, ...]


def tags(session: Session, *, actor: Actor) -> list[TagCard]:
    """Return the tags in use, by name."""
    return [one for one in tag_page(session, actor=actor) if not one.retired]


def tag_page(session: Session, *, actor: Actor) -> list[TagCard]:
    """Return all tags by name, with how many people of the reader's places wear each."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    worn: dict[str, int] = {}
    if actor.can(Permission.ORGANIZING_PEOPLE):
        slugs = scope.chapters_of(actor)
        pairs = session.execute(select(Tagging.tag_slug, Tagging.member_id)).all()
        here = members.chapters_of(session, {member_id for _, member_id in pairs})
        for slug, member_id in pairs:
            if member_id in here and (slugs is None or here[member_id] in slugs):
                worn[slug] = worn.get(slug, 0) + 1
    rows = session.scalars(select(Tag).order_by(func.lower(Tag.name)))
    return [
        TagCard(row.slug, row.name, row.meaning, row.retired_at is not None, worn.get(row.slug, 0))
        for row in rows
    ]


def saved_filters(session: Session, *, actor: Actor) -> list[SavedFilterCard]:
    """Return the reader's kept filters by name."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    rows = session.scalars(select(SavedFilter).where(SavedFilter.owner_id == actor.member_id))
    cards = [SavedFilterCard(row.id, row.name, Wanted.read(row.wanted)) for row in rows]
    return sorted(cards, key=lambda card: card.name)  # names are sealed: the database cannot sort them


def people_page(
    session: Session, *, actor: Actor, wanted: Wanted, now: datetime, page: int = 1
) -> PeoplePage:
    """Return a page of the people whom the filter finds within the reader's chapters; page counts from 1.

    Raises Invalid for a filter that would tell who is called by a round.
    """
    slugs = scope.chapters_of(actor)
    wanted.seen_by_name()
    found = audience(session, None, wanted, now, reachable=False)
    if slugs is not None:
        here = members.chapters_of(session, found)
        found = [one for one in found if here.get(one) in slugs]
    last = dict(session.execute(select(Talk.member_id, func.max(Talk.at)).group_by(Talk.member_id)).all())
    found.sort(key=lambda one: (last.get(one, _NEVER), one))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return PeoplePage(_rows(session, actor, shown), tuple(found), page, pages)


def _rows(session: Session, actor: Actor, ids: Sequence[str]) -> tuple[PersonRow, ...]:
    worn: dict[str, list[str]] = {}
    for member_id, name in session.execute(
        select(Tagging.member_id, Tag.name)
        .join(Tag, Tag.slug == Tagging.tag_slug)
        .where(Tagging.member_id.in_(ids))
        .order_by(Tag.name)
    ):
        worn.setdefault(member_id, []).append(name)
    seen = [one for one in _talks(session, ids) if scope.sees(actor, one.chapter_slug)]
    last = {one.member_id: one.at for one in seen}
    rated = {one.member_id: one.rating for one in seen if one.rating is not None}
    refused = set(session.scalars(select(NoContact.member_id).where(NoContact.member_id.in_(ids))))
    return tuple(
        PersonRow(
            card, tuple(worn.get(card.id, ())), rated.get(card.id), last.get(card.id), card.id in refused
        )
        for card in members.cards(session, ids)
    )


def _talks(session: Session, ids: Sequence[str]) -> list[Talk]:
    """Return the talks with these members, oldest first."""
    return list(session.scalars(select(Talk).where(Talk.member_id.in_(ids)).order_by(Talk.at, Talk.id)))


def person_page(session: Session, *, actor: Actor, member_id: str, now: datetime) -> PersonPage:
    """Return one person of the reader's places; raises NotFound for others."""
    scope.person_here(session, actor, member_id)
    [row] = _rows(session, actor, [member_id])
    seen = [one for one in reversed(_talks(session, [member_id])) if scope.sees(actor, one.chapter_slug)]
    names = members.display_names(session, {one.by_id for one in seen if one.by_id})
    worn = session.execute(
        select(Tag.slug, Tag.name)
        .join(Tagging, Tagging.tag_slug == Tag.slug)
        .where(Tagging.member_id == member_id)
        .order_by(Tag.name)
    ).all()
    return PersonPage(
        row=row,
        tags=tuple((slug, name) for slug, name in worn),
        talks=tuple(_card(one, actor, names, now) for one in seen),
        tasks=cards_about(session, actor, member_id),
    )


def _card(one: Talk, actor: Actor, names: dict[str, str], now: datetime) -> TalkCard:
    until = one.written_at + EDIT_FOR
    mine = one.by_id == actor.member_id and now < until
    return TalkCard(
        one.id, one.member_id, one.at, names.get(one.by_id or "", ""), one.note, one.rating,
        until if mine else None,
    )  # fmt: skip


def talk(session: Session, *, actor: Actor, talk_id: str, now: datetime) -> TalkCard:
    """Return a talk that the reader can still change; raises NotFound for others."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    row = session.get(Talk, talk_id)
    if row is None or not scope.sees(actor, row.chapter_slug):
        raise NotFound(msg("There is no such talk of yours."))
    card = _card(row, actor, {}, now)
    if card.mine_until is None:
        raise NotFound(msg("There is no such talk of yours."))
    return card
