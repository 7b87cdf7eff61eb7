"""The demo's campaigns: published with their demands, pledged to, settled."""

from collections.abc import Collection
from datetime import datetime, timedelta

from union.campaigns import service as campaigning
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.demo.seed import ZONE, Seed
from union.demo.texts import DEMANDS, DEMANDS_STAND, Story
from union.members import queries as members


def publish(seed: Seed, story: Story, organizer: str) -> str:
    """Create and publish a campaign as long ago as its story says, with its demands."""
    began = seed.now - timedelta(days=story.days_ago)
    with transaction() as session:
        actor = seed.actor(session, organizer)
        unit = members.count_active(session, story.platform)
        slug = campaigning.create(
            session,
            actor=actor,
            now=began,
            draft=campaigning.Draft(
                platform_slug=story.platform,
                title=story.title,
                demand=story.demand,
                summary=story.summary,
                reasons=story.reasons,
                pledge_text=story.pledge,
                unit=unit,
                goal=story.goal or unit,
                threshold=min(story.threshold, unit * 3 // 4),
                pledge_deadline=began + timedelta(days=story.round_days),
                zone=ZONE,
            ),
        )
        if story.stage == "draft":
            return slug
        campaigning.publish(session, slug=slug, actor=actor, now=began)
        for place, (title, text) in enumerate(DEMANDS.get(story.platform, ())):
            demand = campaigning.propose(
                session, slug=slug, actor=actor, title=title, text=text, public=True, now=began
            )
            for member_id in members.eligible(session, platform_slug=story.platform)[: 9 - 2 * place]:
                campaigning.endorse(
                    session, demand_id=demand, actor=seed.actor(session, member_id), now=began
                )
            for status in DEMANDS_STAND.get(story.stage, ("adopted",)):
                campaigning.move_demand(
                    session, demand_id=demand, actor=actor, status=status, now=began, note=""
                )
    return slug


def pledge(
    seed: Seed, slug: str, platform: str, share: float, days_ago: int, *, without: Collection[str] = ()
) -> None:
    """Let a share of the platform's members pledge, each with a minimum of their own."""
    at = seed.now - timedelta(days=days_ago)
    with reading() as session:
        unit = members.eligible(session, platform_slug=platform)
    chosen = [m for n, m in enumerate(unit) if n < len(unit) * share and m not in without]
    with transaction() as session:
        most = max(2, min(20, len(unit) // 2))
        for n, member_id in enumerate(chosen):
            actor = seed.actor(session, member_id)
            campaigning.pledge(session, slug=slug, actor=actor, at_least=1 + n * 7 % most, now=at)
        campaigning.refresh(session, slug=slug, actor=SYSTEM, now=at)


def settle(seed: Seed, slug: str, when: datetime) -> None:
    """End the pledge round at `when`."""
    with transaction() as session:
        campaigning.settle(session, slug=slug, actor=SYSTEM, now=when, public_url=seed.settings.public_url)
    seed.deliver(when)
