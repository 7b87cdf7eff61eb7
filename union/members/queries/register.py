"""The register as organizers see it: names and states, never addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Role
from union.core.errors import Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.members.models import Affiliation, Chapter, Member, MemberRole, Vouch
from union.members.rules.contact import Reach, address_of, key
from union.members.rules.membership import State, Work
from union.platforms import queries as platforms

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member in a list. vouches: words given for an applicant so far."""

    id: str
    name: str
    state: State
    chapter: str
    platforms: tuple[tuple[str, Work], ...]
    roles: tuple[Role, ...]
    applied_at: datetime
    joined_at: datetime | None
    vouches: int


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One member as an organizer sees them, without addresses. vouchers: names."""

    card: MemberCard
    language: str
    zone: str
    verified_by: str | None
    reason: str | None
    left_at: datetime | None
    vouchers: tuple[str, ...]
    has_email: bool
    has_phone: bool


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """One page of the register. counts: members per state, the filters aside."""

    cards: tuple[MemberCard, ...]
    total: int
    page: int
    pages: int
    counts: dict[State, int]


def register_page(
    session: Session,
    *,
    actor: Actor,
    page: int = 1,
    state: State | None = None,
    chapter: str = "",
    platform: str = "",
    contact: str = "",
) -> RegisterPage:
    """Return a page of the register, newest application first; applicants alone come oldest first.

    contact: an exact email address or mobile number; what cannot be one finds nobody. page counts from 1.
    """
    allow(actor, Permission.MEMBER_READ)
    query = _filtered(select(Member), state, chapter, platform, contact)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    order = Member.applied_at.asc() if state == State.APPLICANT else Member.applied_at.desc()
    rows = session.scalars(
        query.order_by(order, Member.id).limit(PAGE_SIZE).offset((max(page, 1) - 1) * PAGE_SIZE)
    ).all()
    counts = session.execute(
        select(Member.state, func.count()).where(Member.erased_at.is_(None)).group_by(Member.state)
    )
    return RegisterPage(
        cards=tuple(_cards(session, list(rows))),
        total=total,
        page=max(page, 1),
        pages=max(1, -(-total // PAGE_SIZE)),
        counts=dict.fromkeys(State, 0) | {State(name): n for name, n in counts},
    )


def _filtered(
    query: Select[Member], state: State | None, chapter: str, platform: str, contact: str
) -> Select[Member]:
    query = query.where(Member.erased_at.is_(None))
    if state is not None:
        query = query.where(Member.state == state.value)
    if chapter:
        query = query.where(Member.chapter_slug == chapter)
    if platform:
        query = query.where(
            Member.id.in_(select(Affiliation.member_id).where(Affiliation.platform_slug == platform))
        )
    if contact.strip():
        query = query.where(_has(contact))
    return query


def _has(contact: str) -> ColumnElement[bool]:
    """Find by keyed hash: the database cannot tell whether the address is nearly right."""
    try:
        reach, address = address_of(contact)
    except Invalid:
        return false()
    if reach == Reach.EMAIL:
        return Member.email_hash == vault().lookup(key(address), "member.email")
    return Member.phone_hash == vault().lookup(key(address), "member.phone")


def member_page(session: Session, *, actor: Actor, member_id: str) -> MemberPage:
    """Return one member; raises NotFound for nobody and for the erased."""
    allow(actor, Permission.MEMBER_READ)
    row = session.get(Member, member_id)
    if row is None or row.erased_at is not None:
        raise NotFound(msg("There is no such member."))
    names = session.scalars(
        select(Member.name).join(Vouch, Vouch.voucher_id == Member.id).where(Vouch.member_id == member_id)
    )
    return MemberPage(
        card=_cards(session, [row])[0],
        language=row.language,
        zone=row.zone,
        verified_by=row.verified_by,
        reason=row.state_reason,
        left_at=row.left_at,
        vouchers=tuple(sorted(name for name in names if name)),
        has_email=row.email_hash is not None,
        has_phone=row.phone_hash is not None,
    )


def cards(session: Session, member_ids: Sequence[str]) -> list[MemberCard]:
    """Return members' cards in the order of `member_ids`; erased and unknown ids are left out.

    For higher rooms that have authorized their reader.
    """
    rows = session.scalars(select(Member).where(Member.id.in_(member_ids), Member.erased_at.is_(None)))
    place = {member_id: n for n, member_id in enumerate(member_ids)}
    return _cards(session, sorted(rows, key=lambda row: place[row.id]))


def _cards(session: Session, rows: list[Member]) -> list[MemberCard]:
    ids = [row.id for row in rows]
    chapters = dict(session.execute(select(Chapter.slug, Chapter.name)).all())
    roles: dict[str, list[Role]] = {}
    for member_id, role in session.execute(
        select(MemberRole.member_id, MemberRole.role).where(MemberRole.member_id.in_(ids))
    ):
        roles.setdefault(member_id, []).append(Role(role))
    found = session.execute(
        select(Affiliation.member_id, Affiliation.platform_slug, Affiliation.kind)
        .where(Affiliation.member_id.in_(ids))
        .order_by(Affiliation.platform_slug, Affiliation.kind)
    ).all()
    names = platforms.names(session, [slug for _, slug, _ in found])
    work: dict[str, list[tuple[str, Work]]] = {}
    for member_id, slug, kind in found:
        work.setdefault(member_id, []).append((names.get(slug, slug), Work(kind)))
    given = session.execute(
        select(Vouch.member_id, func.count()).where(Vouch.member_id.in_(ids)).group_by(Vouch.member_id)
    )
    vouches = dict(given.all())
    return [
        MemberCard(
            id=row.id,
            name=row.name or "",
            state=State(row.state),
            chapter=chapters.get(row.chapter_slug or "", ""),
            platforms=tuple(work.get(row.id, ())),
            roles=tuple(sorted(roles.get(row.id, ()))),
            applied_at=row.applied_at,
            joined_at=row.joined_at,
            vouches=vouches.get(row.id, 0),
        )
        for row in rows
    ]


def addresses(session: Session, member_id: str) -> tuple[str, ...]:
    """Return a member's addresses, confirmed or not.

    Only beside `service.reveal_contact`, which notes why.
    """
    row = session.get(Member, member_id)
    return tuple(address for address in (row.email, row.phone) if address) if row else ()


def find_member(session: Session, who: str) -> str | None:
    """Return the id of who has this id, or this exact email address or mobile number, and has not left."""
    if session.get(Member, who) is not None:
        return who
    return session.scalar(select(Member.id).where(_has(who), Member.state != State.LEFT.value))
