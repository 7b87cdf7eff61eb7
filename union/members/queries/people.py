"""Who is in the union and how they are reached: what every higher room asks."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Role
from union.core.errors import NotFound
from union.core.i18n import msg
from union.members.models import Affiliation, Chapter, Member, MemberRole
from union.members.rules.membership import State

_BATCH = 5_000
_Rows = TypeVar("_Rows", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Contact:
    """How one member is reached. email and phone only when confirmed; sms_ok: asked for alerts by SMS."""

    member_id: str
    name: str
    language: str
    zone: str
    email: str | None
    phone: str | None
    sms_ok: bool
    chapter_slug: str
    chapter_name: str


@dataclass(frozen=True, slots=True)
class ChapterCard:
    """A chapter as shown in a choice."""

    slug: str
    name: str
    zone: str


def actor_of(session: Session, member_id: str) -> Actor:
    """Return the member as an actor; raises NotFound for nobody, and for who left."""
    member = session.get(Member, member_id)
    if member is None or member.state == State.LEFT:
        raise NotFound(msg("There is no such member."))
    active = member.state == State.ACTIVE
    held = session.scalars(select(MemberRole.role).where(MemberRole.member_id == member_id)) if active else ()
    roles = {Role(role) for role in held} | ({Role.MEMBER} if active else set())
    return Actor(member.id, member.name or "", frozenset(roles), active, member.language, member.zone)


def contacts(session: Session, member_ids: Collection[str]) -> list[Contact]:
    """Return how the members are reached, in order of id; erased and unknown ids are left out."""
    names = {card.slug: card.name for card in chapters(session)}
    found: list[Contact] = []
    for batch in _batches(sorted(set(member_ids))):
        rows = session.execute(
            select(
                Member.id,
                Member.name,
                Member.language,
                Member.zone,
                # an address that is not confirmed is not even opened
                case((Member.email_confirmed_at.is_not(None), Member.email)),
                case((Member.phone_confirmed_at.is_not(None), Member.phone)),
                and_(Member.phone_confirmed_at.is_not(None), Member.sms_opt_in_at.is_not(None)),
                Member.chapter_slug,
            )
            .where(Member.id.in_(batch), Member.erased_at.is_(None))
            .order_by(Member.id)
        )
        found += [
            Contact(
                member_id,
                name or "",
                language,
                zone,
                email,
                phone,
                sms_ok=bool(sms_ok and phone),
                chapter_slug=chapter or "",
                chapter_name=names.get(chapter or "", ""),
            )
            for member_id, name, language, zone, email, phone, sms_ok, chapter in rows
        ]
    return found


def _batches(ids: list[str]) -> Iterator[list[str]]:
    """Split: a statement takes at most 32,766 values on SQLite."""
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def eligible(
    session: Session, *, platform_slug: str | None = None, chapter_slug: str | None = None
) -> list[str]:
    """Return the ids of active members (of the platform, of the chapter), in order of id."""
    query = _active(select(Member.id), platform_slug).order_by(Member.id)
    if chapter_slug is not None:
        query = query.where(Member.chapter_slug == chapter_slug)
    return list(session.scalars(query))


def _active(query: _Rows, platform_slug: str | None) -> _Rows:
    query = query.where(Member.state == State.ACTIVE)
    if platform_slug is None:
        return query
    with_it = select(Affiliation.member_id).where(Affiliation.platform_slug == platform_slug)
    return query.where(Member.id.in_(with_it))


def count_active(session: Session, platform_slug: str | None = None) -> int:
    """Return how many members are active (with the platform)."""
    return session.scalar(_active(select(func.count()).select_from(Member), platform_slug)) or 0


def active_by_chapter(session: Session, platform_slug: str | None = None) -> dict[str, int]:
    """Return active members per chapter slug; "" for those without one."""
    query = _active(select(Member.chapter_slug, func.count()), platform_slug).group_by(Member.chapter_slug)
    return {slug or "": n for slug, n in session.execute(query)}


def chapters(session: Session) -> list[ChapterCard]:
    """Return all chapters by name."""
    rows = session.scalars(select(Chapter).order_by(Chapter.name))
    return [ChapterCard(row.slug, row.name, row.zone) for row in rows]


def chapter_of(session: Session, member_id: str) -> str:
    """Return the slug of the member's chapter, "" for none; raises NotFound."""
    row = session.execute(select(Member.chapter_slug).where(Member.id == member_id)).one_or_none()
    if row is None:
        raise NotFound(msg("There is no such member."))
    return row.chapter_slug or ""


def organizers(session: Session) -> list[str]:
    """Return the ids of active organizers."""
    return with_role(session, Role.ORGANIZER)


def organizer_names(session: Session) -> dict[str, str]:
    """Return active organizers, id → the name they want to be called."""
    return display_names(session, organizers(session))


def with_role(session: Session, role: Role) -> list[str]:
    """Return the ids of active members who hold `role`, in order of id."""
    query = select(Member.id).where(Member.state == State.ACTIVE).order_by(Member.id)
    if role != Role.MEMBER:
        query = query.join(MemberRole, MemberRole.member_id == Member.id).where(MemberRole.role == role)
    return list(session.scalars(query))


def display_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return member id → the name they want to be called; erased members are left out."""
    found: dict[str, str] = {}
    for batch in _batches(sorted(set(ids))):
        for member_id, name in session.execute(select(Member.id, Member.name).where(Member.id.in_(batch))):
            found |= {member_id: name} if name is not None else {}
    return found
