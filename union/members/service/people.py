"""Finding members by address, and what more than one verb does to a member."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from union.core.actor import Role
from union.core.errors import Conflict, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.sealing import vault
from union.members.models import Affiliation, Chapter, Member, MemberRole
from union.members.rules.contact import Reach, key
from union.members.rules.membership import State, Work
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.platforms import queries as platforms

NOTICE_LASTS = timedelta(days=2)
CHANNEL = {Reach.EMAIL: Channel.EMAIL, Reach.SMS: Channel.SMS}


def hash_of(reach: Reach, address: str) -> bytes:
    """Return the keyed hash under which the registry finds an address."""
    column = "member.email" if reach == Reach.EMAIL else "member.phone"
    return vault().lookup(key(address), column)


def find(session: Session, reach: Reach, address: str) -> Member | None:
    """Return who has the address and has not left."""
    column = Member.email_hash if reach == Reach.EMAIL else Member.phone_hash
    return session.scalar(
        select(Member).where(column == hash_of(reach, address), Member.state != State.LEFT.value)
    )


def locked(session: Session, member_id: str | None) -> Member:
    """Return the member, locked until the transaction ends; raises NotFound for nobody and for the erased."""
    member = (
        session.get(Member, member_id, with_for_update=True, populate_existing=True) if member_id else None
    )
    if member is None or member.erased_at is not None:
        raise NotFound(msg("There is no such member."))
    return member


def known_chapter(session: Session, slug: str | None) -> str | None:
    """Return the slug of a chapter that exists, None for none; raises NotFound."""
    if not slug:
        return None
    if session.get(Chapter, slug) is None:
        raise NotFound(msg("There is no such chapter."), field="chapter")
    return slug


def affiliate(session: Session, member_id: str, chosen: list[tuple[str, Work]]) -> None:
    """Make `chosen` the member's platforms; raises NotFound for one that is not in the directory."""
    known = platforms.names(session, [slug for slug, _ in chosen])
    if any(slug not in known for slug, _ in chosen):
        raise NotFound(msg("We do not know that platform."), field="platforms")
    session.execute(delete(Affiliation).where(Affiliation.member_id == member_id))
    session.add_all(
        Affiliation(member_id=member_id, platform_slug=slug, kind=kind.value) for slug, kind in chosen
    )
    session.flush()


def give_vouch_code(member: Member) -> None:
    """Give an applicant the code that colleagues need to vouch."""
    code = new_id()[:8]
    member.vouch_code = code
    member.vouch_hash = vault().lookup(code, "member.vouch_code")


def keep_an_officer(session: Session, member_id: str) -> None:
    """Raise Conflict when the member is the only officer left."""
    officers = (
        select(MemberRole.member_id)
        .join(Member, Member.id == MemberRole.member_id)
        .where(MemberRole.role == Role.OFFICER.value, Member.state == State.ACTIVE.value)
    )
    mine = session.scalar(select(func.count()).select_from(officers.where(Member.id == member_id).subquery()))
    others = list(session.scalars(officers.where(Member.id != member_id).with_for_update()))
    if mine and not others:
        raise Conflict(msg("The union needs an officer. Make somebody else an officer first."))


def reach_of(member: Member) -> tuple[Reach, str] | None:
    """Return how the member is best reached: confirmed email, else confirmed phone, else None."""
    if member.email and member.email_confirmed_at:
        return Reach.EMAIL, member.email
    if member.phone and member.phone_confirmed_at:
        return Reach.SMS, member.phone
    return None


def tell(session: Session, member: Member, *, now: datetime, kind: str, fields: dict[str, str | int]) -> None:
    """Write a notice about the membership to the member, by email or else by SMS.

    Nothing where neither holds.
    """
    reach = reach_of(member)
    if reach is None:
        return
    notify.enqueue(
        session,
        now=now,
        ref=f"member:{member.id}:{new_id()[:8]}",
        kind=kind,
        member_id=member.id,
        channel=CHANNEL[reach[0]],
        to=reach[1],
        language=member.language,
        zone=member.zone,
        template=f"members/{kind}",
        fields=fields,
        lane=Lane.LOGIN,
        expires_at=now + NOTICE_LASTS,
    )


def tell_bounced(session: Session, *, now: datetime, site: str) -> int:
    """Tell members whose email comes back, by SMS where they have a number; return how many were told."""
    done = 0
    for one in notify.untold(session):
        member = session.get(Member, one.member_id)
        if member is not None and member.phone and member.phone_confirmed_at:
            notify.enqueue(
                session,
                now=now,
                ref=f"member:{member.id}:{new_id()[:8]}",
                kind="bounced",
                member_id=member.id,
                channel=Channel.SMS,
                to=member.phone,
                language=member.language,
                zone=member.zone,
                template="members/bounced",
                fields={"link": f"{site}/account"},
                lane=Lane.BALLOT,
                expires_at=now + NOTICE_LASTS,
            )
            done += 1
        notify.told(session, now=now, address_hash=one.address_hash)
    return done


def tell_known(session: Session, member: Member, *, reach: Reach, now: datetime, site: str) -> None:
    """Tell a member that somebody gave their address on a form.

    It goes to the address as the register has it.
    """
    notify.enqueue(
        session,
        now=now,
        ref=f"member:{member.id}:{new_id()[:8]}",
        kind="known",
        member_id=member.id,
        channel=CHANNEL[reach],
        to=str(member.email if reach == Reach.EMAIL else member.phone),
        language=member.language,
        zone=member.zone,
        template="members/known",
        fields={"link": f"{site}/sign-in"},
        lane=Lane.LOGIN,
        expires_at=now + NOTICE_LASTS,
    )
