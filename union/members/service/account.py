"""What a member does with the own membership: change details, leave, be forgotten."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Invalid
from union.core.i18n import LANGUAGES, msg
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.members.models import LocalRole, MemberRole
from union.members.rules.joining import chosen_platforms
from union.members.rules.membership import State, move, tidy_name
from union.members.service.erasing import wipe
from union.members.service.people import affiliate, keep_an_officer, known_chapter, locked
from union.members.service.sessions import end_all


def update_details(
    session: Session, *, actor: Actor, name: str, language: str, zone: str, chapter: str | None, now: datetime
) -> None:
    """Change what the member is called, the chapter, language and zone; raises Invalid, NotFound."""
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    if language not in LANGUAGES:
        raise Invalid(msg("Choose a language from the list."), field="language")
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)
    moved = member.chapter_slug != (chapter or None)
    member.name, member.language, member.zone = tidy_name(name), language, zone
    member.chapter_slug = known_chapter(session, chapter)
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="members.details", subject=f"member/{member.id}", chapter=moved
    )


def set_platforms(
    session: Session, *, actor: Actor, platforms: Mapping[str, tuple[str, ...]], now: datetime
) -> None:
    """Make these the member's platforms and kinds of work; raises Invalid, NotFound."""
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    if any(not kinds for kinds in platforms.values()):
        raise Invalid(msg("Say for each platform what you are there."), field="platforms")
    affiliate(session, member.id, chosen_platforms(platforms))
    audit.record(session, actor=actor, now=now, act="members.platforms", subject=f"member/{member.id}")


def leave(session: Session, *, actor: Actor, now: datetime) -> None:
    """End the own membership; contact data goes a month later. Raises Conflict for the last officer."""
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    keep_an_officer(session, member.id)
    member.state = move(State(member.state), State.LEFT).value
    member.left_at = now
    for held in (MemberRole, LocalRole):
        session.execute(delete(held).where(held.member_id == member.id))
    end_all(session, member_id=member.id, now=now)
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.leave", subject=f"member/{member.id}")


def erase(session: Session, *, actor: Actor, now: datetime) -> None:
    """End the own membership and forget the member at once; raises Conflict for the last officer.

    What stays: an empty row with a random id, which ballots' rolls and the audit log point at, and opt-outs
    as keyed hashes.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    keep_an_officer(session, member.id)
    audit.record(session, actor=actor, now=now, act="members.erase", subject=f"member/{member.id}")
    wipe(session, member, now=now)
