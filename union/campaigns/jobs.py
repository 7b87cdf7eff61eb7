"""What comes due: rounds to settle, counts to refresh, outcomes to take, mandates to expire, replies.

Each thing is one transaction of its own, decided again under its lock, so several schedulers do it once.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns.service import demands, replies, scrub, settling, votes
from union.core.actor import SYSTEM
from union.core.db import installed, reading, transaction
from union.core.settings import Settings


def _each(slugs: list[str], do: Callable[[Session, str], object]) -> int:
    done = 0
    for slug in slugs:
        with transaction() as session:
            done += bool(do(session, slug))
    return done


def settle_due(now: datetime, settings: Settings) -> int:
    """Settle every round whose deadline has passed."""
    with reading() as session:
        slugs = settling.due(session, now)
    done = _each(
        slugs,
        lambda s, slug: settling.settle(s, slug=slug, actor=SYSTEM, now=now, public_url=settings.public_url),
    )
    if done:
        scrub.scrub(installed().engine)
    return done


def refresh(now: datetime, settings: Settings) -> int:
    """Bring counts, bands and members' orders up to date."""
    del settings
    with reading() as session:
        gathering, stale = settling.gathering(session), demands.stale_rankings(session)
        found = {slug: settling.measure(session, slug=slug, actor=SYSTEM) for slug in gathering}
    done = _each(
        gathering, lambda s, slug: settling.refresh(s, slug=slug, actor=SYSTEM, now=now, measured=found[slug])
    )
    return done + _each(stale, lambda s, slug: demands.refresh_ranking(s, slug=slug, actor=SYSTEM, now=now))


def take_outcomes(now: datetime, settings: Settings) -> int:
    """Grant mandates from concluded strike votes or record refusals; follow votes held again."""
    del settings
    with reading() as session:
        slugs, refused = votes.voting_campaigns(session), votes.refused_campaigns(session)
    followed = _each(refused, lambda s, slug: votes.follow_repeated_vote(s, slug=slug, actor=SYSTEM, now=now))
    return followed + _each(slugs, lambda s, slug: votes.grant_mandates(s, slug=slug, actor=SYSTEM, now=now))


def expire(now: datetime, settings: Settings) -> int:
    """Let unused mandates expire."""
    del settings
    with reading() as session:
        slugs = votes.expiring(session, now)
    return _each(slugs, lambda s, slug: votes.expire_mandates(s, slug=slug, actor=SYSTEM, now=now))


def scrub_settled(now: datetime, settings: Settings) -> int:
    """Clear what the database still keeps of wiped minimums, for a day after each settlement."""
    del settings
    with reading() as session:
        if not settling.settled_lately(session, now):
            return 0
    scrub.scrub(installed().engine)
    return 0


def answer_pledges(now: datetime, settings: Settings) -> int:
    """Answer members who text that they are in."""
    with transaction() as session:
        return replies.answer_pledges(session, now=now, public_url=settings.public_url)


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("settle", 2, settle_due),
    ("refresh", 30, refresh),
    ("outcomes", 5, take_outcomes),
    ("pledges", 5, answer_pledges),
    ("expire", 60, expire),
    ("scrub", 600, scrub_settled),
)
