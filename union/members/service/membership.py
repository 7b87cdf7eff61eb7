"""Who belongs: vouching, admitting, declining, suspending, roles, chapters."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor, Role
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import slugify
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.core.zones import is_zone
from union.members.models import Chapter, Member, MemberRole, Vouch
from union.members.rules.limits import VOUCH_CODES
from union.members.rules.membership import GRANTABLE, VOUCHES_NEEDED, Proof, State, move
from union.members.service.limits import count
from union.members.service.people import give_vouch_code, keep_an_officer, locked, tell
from union.members.service.sessions import end_all
from union.notify import service as notify

REASON_LENGTH = 200


def look_up_vouch_code(session: Session, *, actor: Actor, code: str, now: datetime) -> str | None:
    """Return the code in the form of its page's address, None for nobody's; raises TooMany for many tries.

    The try counts when the caller's transaction commits, so a wrong code is an answer and not an error.
    """
    allow(actor, Permission.MEMBER_VOUCH)
    count(session, VOUCH_CODES, str(actor.member_id), now)
    try:
        return _applicant(session, code).vouch_code
    except NotFound:
        return None


def _applicant(session: Session, code: str) -> Member:
    plain = "".join(c for c in code.casefold() if c.isalnum())
    found = session.scalar(
        select(Member)
        .where(Member.vouch_hash == vault().lookup(plain, "member.vouch_code"))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None or found.state != State.APPLICANT:
        raise NotFound(msg("Nobody waits with that code. Ask your colleague for it again."))
    return found


def vouch(session: Session, *, actor: Actor, code: str, now: datetime, site: str) -> State:
    """Give one's word for the applicant with this code; the second word makes an active member.

    Returns the applicant's state afterwards. Raises NotFound, Invalid for oneself, Conflict the second time.
    """
    allow(actor, Permission.MEMBER_VOUCH)
    applicant = _applicant(session, code)
    if applicant.id == actor.member_id:
        raise Invalid(msg("Nobody vouches for themselves."))
    if session.get(Vouch, (applicant.id, actor.member_id)) is not None:
        raise Conflict(msg("You have vouched for this person already."))
    session.add(Vouch(member_id=applicant.id, voucher_id=str(actor.member_id), at=now))
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.vouch", subject=f"member/{applicant.id}")
    words = session.scalar(
        select(func.count())
        .select_from(Vouch)
        .join(Member, Member.id == Vouch.voucher_id)
        .where(Vouch.member_id == applicant.id, Member.state == State.ACTIVE.value)
    )
    if (words or 0) >= VOUCHES_NEEDED:
        _activate(session, applicant, Proof.VOUCHED, now, site)
    return State(applicant.state)


def admit(session: Session, *, actor: Actor, member_id: str, now: datetime, site: str) -> None:
    """Make an applicant an active member; raises NotFound, Conflict when no applicant any more."""
    allow(actor, Permission.MEMBER_ADMIT)
    member = locked(session, member_id)
    if member.state != State.APPLICANT:
        raise Conflict(msg("This membership has changed meanwhile. Look again."))
    _activate(session, member, Proof.ADMITTED, now, site)
    audit.record(session, actor=actor, now=now, act="members.admit", subject=f"member/{member.id}")


def _activate(session: Session, member: Member, proof: Proof, now: datetime, site: str) -> None:
    member.state = move(State(member.state), State.ACTIVE).value
    member.verified_by, member.joined_at = proof.value, now
    member.vouch_code = member.vouch_hash = None
    session.flush()
    tell(session, member, now=now, kind="welcome", fields={"name": member.name or "", "link": f"{site}/home"})


def decline(session: Session, *, actor: Actor, member_id: str, reason: str, now: datetime) -> None:
    """Turn an applicant down, with a reason they are told.

    Raises NotFound, Conflict, Invalid (field reason).
    """
    allow(actor, Permission.MEMBER_ADMIT)
    member = locked(session, member_id)
    if member.state != State.APPLICANT:
        raise Conflict(msg("This membership has changed meanwhile. Look again."))
    member.state_reason = tidy_reason(reason)
    tell(session, member, now=now, kind="declined", fields={"reason": member.state_reason})
    member.state = move(State(member.state), State.LEFT).value
    member.left_at = now
    end_all(session, member_id=member.id, now=now)
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.decline", subject=f"member/{member.id}")


def tidy_reason(text: str) -> str:
    """Return the reason without surplus space; raises Invalid (field reason) for none and for a long one."""
    reason = " ".join(text.split())
    if not reason:
        raise Invalid(msg("Give the reason."), field="reason")
    if len(reason) > REASON_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="reason", n=REASON_LENGTH)
    return reason


def suspend(session: Session, *, actor: Actor, member_id: str, reason: str, now: datetime) -> None:
    """Take part no more, until reinstated; the member is told the reason and can still reach the own account.

    Raises NotFound, Conflict for who is not active and for the last officer, Invalid (field reason).
    """
    allow(actor, Permission.MEMBER_SUSPEND)
    member = locked(session, member_id)
    keep_an_officer(session, member.id)
    member.state_reason = tidy_reason(reason)
    member.state = move(State(member.state), State.SUSPENDED).value
    end_all(session, member_id=member.id, now=now)
    session.flush()
    tell(session, member, now=now, kind="suspended", fields={"reason": member.state_reason})
    audit.record(session, actor=actor, now=now, act="members.suspend", subject=f"member/{member.id}")


def reinstate(session: Session, *, actor: Actor, member_id: str, now: datetime, site: str) -> None:
    """Make a suspended member active again; raises NotFound, Conflict."""
    allow(actor, Permission.MEMBER_SUSPEND)
    member = locked(session, member_id)
    if member.state != State.SUSPENDED:
        raise Conflict(msg("This membership has changed meanwhile. Look again."))
    member.state = move(State(member.state), State.ACTIVE).value
    member.state_reason = None
    session.flush()
    tell(session, member, now=now, kind="welcome", fields={"name": member.name or "", "link": f"{site}/home"})
    audit.record(session, actor=actor, now=now, act="members.reinstate", subject=f"member/{member.id}")


def grant_role(session: Session, *, actor: Actor, member_id: str, role: Role, now: datetime) -> None:
    """Ask an active member to be organizer, trustee or officer; a second time changes nothing.

    Raises NotFound, Conflict for who is not active, Invalid for another role.
    """
    allow(actor, Permission.ROLE_GRANT)
    member = locked(session, member_id)
    if role not in GRANTABLE:
        raise Invalid(msg("That role cannot be granted."), field="role")
    if member.state != State.ACTIVE:
        raise Conflict(msg("Only an active member can have a role."))
    if session.get(MemberRole, (member.id, role.value)) is not None:
        return
    session.add(MemberRole(member_id=member.id, role=role.value, granted_at=now))
    session.flush()
    if role == Role.OFFICER:
        notify.trust(session, now=now, member_id=member.id)
    audit.record(
        session, actor=actor, now=now, act="members.grant", subject=f"member/{member.id}", role=role.value
    )


def revoke_role(session: Session, *, actor: Actor, member_id: str, role: Role, now: datetime) -> None:
    """Take a role back; raises NotFound for one not held, Conflict for the last officer."""
    allow(actor, Permission.ROLE_GRANT)
    member = locked(session, member_id)
    held = session.get(MemberRole, (member.id, role.value))
    if held is None:
        raise NotFound(msg("This member does not have that role."))
    if role == Role.OFFICER:
        keep_an_officer(session, member.id)
    session.delete(held)
    session.flush()
    if role == Role.OFFICER:
        notify.distrust(session, member_id=member.id)
    audit.record(
        session, actor=actor, now=now, act="members.revoke", subject=f"member/{member.id}", role=role.value
    )


def reveal_contact(session: Session, *, actor: Actor, member_id: str, reason: str, now: datetime) -> None:
    """Note that an organizer looks at a member's addresses, and why.

    Raises NotFound, Invalid (field reason).
    """
    allow(actor, Permission.MEMBER_READ)
    member = locked(session, member_id)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="members.reveal_contact",
        subject=f"member/{member.id}",
        reason=audit.Words(tidy_reason(reason)),
    )


def add_chapter(
    session: Session, *, actor: Actor, name: str, zone: str, now: datetime, slug: str = ""
) -> str:
    """Found a chapter and return its slug; raises Invalid (field name or zone), Conflict when it is there."""
    allow(actor, Permission.MEMBER_IMPORT)
    name = " ".join(name.split())
    if not name or len(name) > 120:  # noqa: PLR2004 - the column's width
        raise Invalid(msg("Give the chapter a name of at most 120 characters."), field="name")
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)
    slug = slugify(slug or name)
    if session.get(Chapter, slug) is not None:
        raise Conflict(msg("There is a chapter with that name already."), field="name")
    session.add(Chapter(slug=slug, name=name, zone=zone))
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.add_chapter", subject=f"chapter/{slug}")
    return slug


def make_applicant_code(session: Session, *, actor: Actor, now: datetime) -> None:
    """Give an applicant a fresh code, when the old one went to the wrong hands.

    Raises Conflict for others.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    if member.state != State.APPLICANT:
        raise Conflict(msg("You are a member already; you need no code."))
    give_vouch_code(member)
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.new_code", subject=f"member/{member.id}")
