"""Who is in the union and how they are reached: what every higher room asks."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.sealing import vault
from union.members.models import Affiliation, Chapter, LocalRole, Member, MemberRole
from union.members.rules.contact import Reach, key
from union.members.rules.membership import State, Work

_BATCH = 5_000
_Id = TypeVar("_Id", str, bytes)
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


@dataclass(frozen=True, slots=True)
class LocalRoleCard:
    """A role that a member has at one place, until when."""

    id: str
    member_id: str
    role: Role
    place: Place
    granted_at: datetime
    until: datetime


def actor_of(session: Session, member_id: str, now: datetime | None = None) -> Actor:
    """Return the member as an actor; raises NotFound for nobody, and for who left.

    now: when given, with the roles that hold at one place at that moment.
    """
    member = session.get(Member, member_id)
    if member is None or member.state == State.LEFT:
        raise NotFound(msg("There is no such member."))
    active = member.state == State.ACTIVE
    held = session.scalars(select(MemberRole.role).where(MemberRole.member_id == member_id)) if active else ()
    roles = {Role(role) for role in held} | ({Role.MEMBER} if active else set())
    duties = local_roles(session, now=now, member_id=member_id) if active and now is not None else ()
    return Actor(
        member.id,
        member.name or "",
        frozenset(roles),
        active,
        member.language,
        member.zone,
        duties=frozenset((one.role, one.place) for one in duties),
    )


def local_roles(
    session: Session, *, now: datetime, member_id: str | None = None, place: Place | None = None
) -> list[LocalRoleCard]:
    """Return the roles in force that hold at one place (of a member, at a place), the first to end first."""
    query = (
        select(LocalRole)
        .where(LocalRole.ended_at.is_(None), LocalRole.granted_at <= now, LocalRole.until > now)
        .order_by(LocalRole.until, LocalRole.id)
    )
    if member_id is not None:
        query = query.where(LocalRole.member_id == member_id)
    if place is not None:
        query = query.where(LocalRole.place_kind == place.kind.value, LocalRole.place_key == place.key)
    return [
        LocalRoleCard(
            row.id,
            row.member_id,
            Role(row.role),
            Place(PlaceKind(row.place_kind), row.place_key),
            row.granted_at,
            row.until,
        )
        for row in session.scalars(query)
    ]


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


def _batches(ids: list[_Id]) -> Iterator[list[_Id]]:
    """Split: a statement takes at most 32,766 values on SQLite."""
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def eligible(
    session: Session,
    *,
    platform_slug: str | None = None,
    chapter_slug: str | None = None,
    work: Work | None = None,
) -> list[str]:
    """Return the ids of active members (of the platform, of the chapter, as that), in order of id."""
    query = _active(select(Member.id), platform_slug).order_by(Member.id)
    if chapter_slug is not None:
        query = query.where(Member.chapter_slug == chapter_slug)
    if work is not None:
        as_that = select(Affiliation.member_id).where(Affiliation.kind == work.value)
        if platform_slug is not None:
            as_that = as_that.where(Affiliation.platform_slug == platform_slug)
        query = query.where(Member.id.in_(as_that))
    return list(session.scalars(query))


def active_among(session: Session, member_ids: Collection[str]) -> set[str]:
    """Return those of the members who are active now."""
    found: set[str] = set()
    for batch in _batches(sorted(set(member_ids))):
        found |= set(session.scalars(_active(select(Member.id), None).where(Member.id.in_(batch))))
    return found


def owners(session: Session, addresses: Collection[tuple[Reach, str]]) -> dict[tuple[Reach, str], str]:
    """Return address → id of the member who has it and has not left.

    For comparing lists with the register.
    """
    found: dict[tuple[Reach, str], str] = {}
    for reach, column, purpose in (
        (Reach.EMAIL, Member.email_hash, "member.email"),
        (Reach.SMS, Member.phone_hash, "member.phone"),
    ):
        asked = {vault().lookup(key(to), purpose): (one, to) for one, to in addresses if one == reach}
        for batch in _batches(list(asked)):
            rows = session.execute(
                select(column, Member.id).where(column.in_(batch), Member.state != State.LEFT)
            )
            found |= {asked[bytes(hashed)]: member_id for hashed, member_id in rows if hashed}
    return found


def chapters_of(session: Session, member_ids: Collection[str]) -> dict[str, str]:
    """Return member id → slug of the chapter, "" for none; erased and unknown ids are left out."""
    found: dict[str, str] = {}
    for batch in _batches(sorted(set(member_ids))):
        rows = session.execute(
            select(Member.id, Member.chapter_slug).where(Member.id.in_(batch), Member.erased_at.is_(None))
        )
        found |= {member_id: slug or "" for member_id, slug in rows}
    return found


def eligible_ids(platform_slug: str) -> Select[str]:
    """Select the ids of active members of the platform, to be compared with other ids in one query."""
    return _active(select(Member.id), platform_slug)


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
