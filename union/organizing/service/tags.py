"""Tags: made, put on members and taken off, singly and many at once, retired."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import slugify
from union.core.permissions import Permission, allow
from union.organizing import scope
from union.organizing.models import Tag, Tagging
from union.organizing.rules.talks import MEANING_LENGTH, tidy_tag


def make_tag(
    session: Session, *, actor: Actor, name: str, meaning: str, harmless: bool, now: datetime
) -> str:
    """Make a tag that all organizers can use, and return its slug.

    harmless: whoever makes it says that it tells nothing about health, belief, origin, politics or sexual
    life. Raises Invalid (field name, meaning or harmless), Conflict for a name that is there.
    """
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    name, meaning = tidy_tag(name), " ".join(meaning.split())
    if not meaning or len(meaning) > MEANING_LENGTH:
        raise Invalid(msg("Say what it means, so that everybody uses it alike."), field="meaning")
    if not harmless:
        raise Invalid(
            msg("A tag that tells of health, belief, origin, politics or sexual life may not be made."),
            field="harmless",
        )
    slug = slugify(name)
    if session.get(Tag, slug) is not None:
        raise Conflict(msg("There is a tag with that name already."), field="name")
    session.add(Tag(slug=slug, name=name, meaning=meaning, created_at=now))
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.make_tag", subject=f"tag/{slug}")
    return slug


def _usable(session: Session, slug: str) -> Tag:
    tag = session.get(Tag, slug)
    if tag is None:
        raise NotFound(msg("There is no such tag."))
    return tag


def put_tag(session: Session, *, actor: Actor, slug: str, member_ids: list[str], now: datetime) -> int:
    """Put a tag on members and return how many have it newly; those of other places are left alone.

    Raises NotFound, Conflict for a retired tag, Invalid for nobody chosen.
    """
    here = scope.people_here(session, actor, member_ids)
    if _usable(session, slug).retired_at is not None:
        raise Conflict(msg("That tag is retired; it goes on nobody new."))
    if not here:
        raise Invalid(msg("Choose at least one person."))
    have = set(
        session.scalars(
            select(Tagging.member_id).where(Tagging.tag_slug == slug, Tagging.member_id.in_(here))
        )
    )
    new = [member_id for member_id in here if member_id not in have]
    session.add_all(
        Tagging(member_id=member_id, tag_slug=slug, by_id=actor.member_id, at=now) for member_id in new
    )
    session.flush()
    if new:
        audit.record(session, actor=actor, now=now, act="organizing.tag", subject=f"tag/{slug}", n=len(new))
    return len(new)


def take_tag(session: Session, *, actor: Actor, slug: str, member_ids: list[str], now: datetime) -> int:
    """Take a tag off members and return how many had it; raises NotFound, Invalid for nobody chosen."""
    here = scope.people_here(session, actor, member_ids)
    _usable(session, slug)
    if not here:
        raise Invalid(msg("Choose at least one person."))
    gone = session.execute(
        delete(Tagging)
        .where(Tagging.tag_slug == slug, Tagging.member_id.in_(here))
        .returning(Tagging.member_id)
    ).all()
    if gone:
        audit.record(
            session, actor=actor, now=now, act="organizing.untag", subject=f"tag/{slug}", n=len(gone)
        )
    return len(gone)


def retire_tag(session: Session, *, actor: Actor, slug: str, now: datetime) -> None:
    """Let a tag go on nobody new, or use it again where it was retired; the whole union's organizers only."""
    allow(actor, Permission.ORGANIZING_PEOPLE)
    tag = _usable(session, slug)
    tag.retired_at = None if tag.retired_at else now
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="organizing.retire_tag",
        subject=f"tag/{slug}",
        retired=tag.retired_at is not None,
    )
