"""Whom a filter finds at a place, as ids: asked again each time, never a name, never a private minimum.

Beside the service and the queries, which both ask it. Whoever asked not to be contacted, or is no active
member any more, is never found.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.campaigns import queries as campaigns
from union.core.actor import Place, PlaceKind
from union.core.errors import Invalid
from union.core.i18n import msg
from union.members import queries as members
from union.members.rules.membership import Work
from union.organizing.models import NoContact, Prospect, Tagging, Talk
from union.organizing.rules.wanted import LONG_AGO, UNRATED, Wanted


def audience(
    session: Session, place: Place | None, wanted: Wanted, now: datetime, *, reachable: bool = True
) -> list[str]:
    """Return the ids of the active members at `place` whom the filter finds, in order of id.

    reachable: without those who asked not to be contacted.
    """
    found = set(_eligible(session, place, wanted))
    if wanted.tag:
        found &= _tagged(session, wanted.tag)
    if wanted.without:
        found -= _tagged(session, wanted.without)
    if wanted.rating:
        rated = latest_ratings(session)
        found = {one for one in found if _fits(rated.get(one), wanted.rating)}
    if wanted.talked:
        found = _by_talk(session, found, wanted.talked, now)
    if wanted.called_in:
        found = _by_round(session, found, wanted)
    if reachable:
        found -= set(session.scalars(select(NoContact.member_id)))
    return sorted(found)


def _eligible(session: Session, place: Place | None, wanted: Wanted) -> list[str]:
    chapter, platform = wanted.chapter or None, wanted.platform or None
    work = Work(wanted.work) if wanted.work else None
    if place is not None and place.kind is PlaceKind.CHAPTER:
        if chapter not in {None, place.key}:
            return []
        chapter = place.key
    ids = members.eligible(session, platform_slug=platform, chapter_slug=chapter, work=work)
    if place is not None and place.kind is PlaceKind.CAMPAIGN:
        about = campaigns.card_by_id(session, place.key).platform_slug
        return sorted(set(ids) & set(members.eligible(session, platform_slug=about)))
    return ids


def _tagged(session: Session, slug: str) -> set[str]:
    return set(session.scalars(select(Tagging.member_id).where(Tagging.tag_slug == slug)))


def latest_ratings(session: Session) -> dict[str, int]:
    """Return member id → the assessment of the latest talk that has one."""
    rows = session.execute(
        select(Talk.member_id, Talk.rating).where(Talk.rating.is_not(None)).order_by(Talk.at, Talk.id)
    )
    return {member_id: rating for member_id, rating in rows if rating is not None}


def _fits(rating: int | None, asked: str) -> bool:
    return rating is None if asked == UNRATED else str(rating) == asked


def _by_talk(session: Session, found: set[str], asked: str, now: datetime) -> set[str]:
    last = dict(session.execute(select(Talk.member_id, func.max(Talk.at)).group_by(Talk.member_id)).all())
    if asked == "never":
        return {one for one in found if one not in last}
    lately = {one for one in found if one in last and last[one] > now - LONG_AGO}
    return lately if asked == "lately" else found - lately


def _by_round(session: Session, found: set[str], wanted: Wanted) -> set[str]:
    """Keep those who are called by a settled round, or not: the one fact of a pledge that outlives it."""
    if campaigns.card_by_id(session, wanted.called_in).settled_at is None:
        raise Invalid(
            msg("That round has not settled; until then nobody is told who pledged."), field="called"
        )
    called = set(campaigns.called(session, wanted.called_in))
    return found - called if wanted.called == "no" else found & called


def prospects_to_call(session: Session, place: Place | None) -> list[tuple[str, str]]:
    """Return (id, zone) of the prospects at a place who gave a number; none for a campaign."""
    query = select(Prospect.id, Prospect.zone).where(Prospect.phone_hash.is_not(None)).order_by(Prospect.id)
    if place is not None:
        key = place.key if place.kind is PlaceKind.CHAPTER else None
        query = query.where(Prospect.chapter_slug == key)
    return [(row.id, row.zone) for row in session.execute(query)]
