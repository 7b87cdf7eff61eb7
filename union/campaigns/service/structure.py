"""Structure tests: a private show of hands before anything is public.

Organizers see a count, and areas of ten or more; everybody sees it once the agreed majority is reached.
Thirty days after a test its answers become what organizers saw of them.
"""

from datetime import datetime

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from union.campaigns import rules, tipping
from union.campaigns.models import Campaign, StructureTest, StructureTestYes
from union.campaigns.service.common import locked, locked_by_id, record, stage, tell
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members


def open_test(
    session: Session,
    *,
    slug: str,
    actor: Actor,
    ask: str,
    closes_at: datetime,
    majority: tuple[int, int],
    now: datetime,
) -> str:
    """Ask members who would, until `closes_at`; return the test's id.

    majority: the share of the platform's active members (numerator, denominator) that reveals the count.
    Raises Conflict while another test runs.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    if closes_at <= now:
        raise Invalid(msg("The test must end in the future."), field="closes")
    if closes_at > now + rules.LONGEST_TEST:
        raise Invalid(
            msg("A test runs for %(days)s days at most."), field="closes", days=rules.LONGEST_TEST.days
        )
    num, den = majority
    if not 0 < num <= den:
        raise Invalid(msg("The majority is a share between nobody and everybody."), field="majority")
    running = select(StructureTest.id).where(
        StructureTest.campaign_id == campaign.id, StructureTest.closes_at > now
    )
    if session.scalar(running.limit(1)):
        raise Conflict(msg("A test of this campaign is still running."))
    unit = members.count_active(session, campaign.platform_slug)
    if unit == 0:
        raise Invalid(msg("No active member uses this platform yet: there is nobody to ask."))
    test = StructureTest(
        campaign_id=campaign.id, ask=ask, closes_at=closes_at, unit=unit, majority_num=num, majority_den=den
    )
    session.add(test)
    session.flush()
    record(session, campaign, "test_open", actor=actor, now=now, test=test.id)
    return test.id


def answer_test(session: Session, *, test_id: str, actor: Actor, would: bool, now: datetime) -> None:
    """Say that the member would, or take it back; who reaches the majority reveals the count, once."""
    allow(actor, Permission.CAMPAIGN_PLEDGE)
    found = session.get(StructureTest, test_id)
    if found is None:
        raise NotFound(msg("There is no such test."))
    campaign = locked_by_id(session, found.campaign_id)
    test = session.get_one(StructureTest, test_id, populate_existing=True)
    if now >= test.closes_at or stage(campaign) in rules.ENDED:
        raise Closed(msg("This test has ended."))
    mine = session.get(StructureTestYes, (test.id, actor.member_id))
    if would and mine is None:
        chapter = members.chapter_of(session, str(actor.member_id))
        session.add(StructureTestYes(test_id=test.id, member_id=actor.member_id, chapter_slug=chapter))
        test.yes_count += 1
    elif not would and mine is not None:
        session.delete(mine)
        test.yes_count -= 1
    session.flush()
    if test.revealed_at is None and test.yes_count * test.majority_den >= test.unit * test.majority_num:
        test.revealed_at = now
        if campaign.published_at:
            tell(session, campaign, "test_reached", now=now, facts={"yes": test.yes_count, "unit": test.unit})


def areas_of(session: Session, test: StructureTest) -> dict[str, int | None]:
    """Return how many would by chapter, None for those that stay hidden; nothing where nobody would."""
    if test.areas is not None:
        return test.areas
    rows = session.execute(
        select(StructureTestYes.chapter_slug, func.count())
        .where(StructureTestYes.test_id == test.id)
        .group_by(StructureTestYes.chapter_slug)
    )
    # Chapters where nobody would are there as well: that one is listed must not tell that somebody would.
    cells = {one.slug: 0 for one in members.chapters(session)} | {chapter: n for chapter, n in rows}  # noqa: C416 - rows are no pairs to mypy
    return tipping.suppressed(cells) if test.yes_count else {}


def old_tests(now: datetime) -> Select[StructureTest]:
    """Select the tests over for thirty days, by their own time or with their campaign, not counted yet."""
    before = now - rules.ANSWERS_KEPT
    return (
        select(StructureTest)
        .join(Campaign, Campaign.id == StructureTest.campaign_id)
        .where(
            StructureTest.areas.is_(None), or_(StructureTest.closes_at < before, Campaign.ended_at < before)
        )
    )


def fold_tests(session: Session, campaign: Campaign, now: datetime) -> None:
    """Keep of a locked campaign's old tests what organizers saw, and forget who would."""
    for test in session.scalars(old_tests(now).where(Campaign.id == campaign.id)):
        test.areas = areas_of(session, test)
        session.execute(delete(StructureTestYes).where(StructureTestYes.test_id == test.id))
    session.flush()
