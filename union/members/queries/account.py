"""What a member sees of the own membership, what a link would do, and what others see before they vouch."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Role
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.members.models import Affiliation, Challenge, Chapter, Member, MemberRole, Vouch
from union.members.rules.contact import masked
from union.members.rules.membership import VOUCHES_NEEDED, State, Work
from union.members.rules.tokens import hashed
from union.platforms import queries as platforms


@dataclass(frozen=True, slots=True)
class Account:
    """A member's own page. vouch_code: for an applicant to hand to colleagues; platforms: slug → kinds."""

    id: str
    name: str
    state: State
    reason: str | None
    language: str
    zone: str
    chapter_slug: str
    chapter: str
    email: str | None
    email_confirmed: bool
    phone: str | None
    phone_confirmed: bool
    sms_opt_in_at: datetime | None
    sms_opt_in_text: str | None
    platforms: dict[str, tuple[Work, ...]]
    platform_names: dict[str, str]
    roles: tuple[Role, ...]
    vouch_code: str | None
    vouches: int
    vouches_needed: int
    applied_at: datetime
    joined_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link or code would do. address: masked. name: whose it is, where it is a member's."""

    id: str
    purpose: str
    address: str
    name: str
    usable: bool


@dataclass(frozen=True, slots=True)
class Applicant:
    """An applicant as a colleague sees them before vouching."""

    name: str
    chapter: str
    platforms: tuple[tuple[str, Work], ...]
    vouched: bool
    own: bool


def account(session: Session, *, actor: Actor) -> Account:
    """Return the actor's own membership; raises NotFound for the erased."""
    allow(actor, Permission.ACCOUNT_OWN)
    row = session.get(Member, actor.member_id)
    if row is None or row.erased_at is not None:
        raise NotFound(msg("There is no such member."))
    work: dict[str, tuple[Work, ...]] = {}
    for slug, kind in session.execute(
        select(Affiliation.platform_slug, Affiliation.kind)
        .where(Affiliation.member_id == row.id)
        .order_by(Affiliation.platform_slug, Affiliation.kind)
    ):
        work[slug] = (*work.get(slug, ()), Work(kind))
    held = session.scalars(select(MemberRole.role).where(MemberRole.member_id == row.id))
    chapter = session.get(Chapter, row.chapter_slug) if row.chapter_slug else None
    return Account(
        id=row.id,
        name=row.name or "",
        state=State(row.state),
        reason=row.state_reason,
        language=row.language,
        zone=row.zone,
        chapter_slug=row.chapter_slug or "",
        chapter=chapter.name if chapter else "",
        email=row.email,
        email_confirmed=row.email_confirmed_at is not None,
        phone=row.phone,
        phone_confirmed=row.phone_confirmed_at is not None,
        sms_opt_in_at=row.sms_opt_in_at,
        sms_opt_in_text=row.sms_opt_in_text,
        platforms=work,
        platform_names=platforms.names(session, list(work)),
        roles=tuple(sorted(Role(role) for role in held)),
        vouch_code=row.vouch_code if row.state == State.APPLICANT else None,
        vouches=_vouches(session, row.id),
        vouches_needed=VOUCHES_NEEDED,
        applied_at=row.applied_at,
        joined_at=row.joined_at,
    )


def _vouches(session: Session, member_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Vouch).where(Vouch.member_id == member_id)) or 0


def asked_by_link(session: Session, *, purpose: str, token: str, now: datetime) -> Asked | None:
    """Return what the link would do, changing nothing: link scanners open links too.

    None for no such link.
    """
    row = session.scalar(
        select(Challenge).where(Challenge.token_hash == hashed(token), Challenge.purpose == purpose)
    )
    if row is None:
        return None
    member = session.get(Member, row.member_id) if row.member_id else None
    return Asked(
        row.id,
        row.purpose,
        masked(row.address) if row.address else "",
        (member.name or "") if member else "",
        row.used_at is None and now < row.expires_at,
    )


def draft_by_link(session: Session, *, purpose: str, token: str) -> str | None:
    """Return what whoever sent the link kept with it; None for no such link."""
    return session.scalar(
        select(Challenge.draft).where(Challenge.token_hash == hashed(token), Challenge.purpose == purpose)
    )


def applicant(session: Session, *, actor: Actor, code: str) -> Applicant:
    """Return who waits with this code; raises NotFound when nobody does."""
    allow(actor, Permission.MEMBER_VOUCH)
    row = session.scalar(
        select(Member).where(
            Member.vouch_hash == vault().lookup(code, "member.vouch_code"),
            Member.state == State.APPLICANT.value,
        )
    )
    if row is None:
        raise NotFound(msg("Nobody waits with that code. Ask your colleague for it again."))
    work = session.execute(
        select(Affiliation.platform_slug, Affiliation.kind).where(Affiliation.member_id == row.id)
    ).all()
    names = platforms.names(session, [slug for slug, _ in work])
    chapter = session.get(Chapter, row.chapter_slug) if row.chapter_slug else None
    return Applicant(
        name=row.name or "",
        chapter=chapter.name if chapter else "",
        platforms=tuple(sorted((names.get(slug, slug), Work(kind)) for slug, kind in work)),
        vouched=session.get(Vouch, (row.id, actor.member_id)) is not None,
        own=row.id == actor.member_id,
    )
