"""What comes due: rounds to settle, counts to refresh, outcomes to take, mandates to expire, replies.

Each thing is one transaction of its own, decided again under its lock, so several schedulers do it once.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns.service import announcing, demands, keeping, measuring, replies, scrub, settling, votes
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
    """Settle every round whose deadline has passed, then tell the members; close signing that is over."""
    with reading() as session:
        slugs, signed = settling.due(session, now), keeping.due_to_close(session, now)
    done = 0
    for slug in slugs:
        # Worked out without a lock, so that nobody waits for it.
        with reading() as session:
            weighed = settling.weigh(session, slug=slug, actor=SYSTEM, now=now)
        with transaction() as session:
            done += bool(
                settling.settle(
                    session, slug=slug, actor=SYSTEM, now=now, public_url=settings.public_url, weighed=weighed
                )
            )
    write_outcomes()
    if done:
        scrub.scrub(installed().engine)
    done += _each(signed, lambda s, slug: keeping.close_signing(s, slug=slug, actor=SYSTEM, now=now))
    return done + announce(now, settings)


def write_outcomes() -> None:
    """Put the outcome of large rounds on their pledges, a part a transaction; goes on after a crash."""
    with reading() as session:
        slugs = settling.unwritten(session)
    for slug in slugs:
        more = True
        while more:
            with reading() as session:
                part = settling.outcome_part(session, slug=slug, actor=SYSTEM)
            with transaction() as session:
                more = part is not None and settling.write_part(session, slug=slug, actor=SYSTEM, part=part)


def announce(now: datetime, settings: Settings) -> int:
    """Tell members how their round came out, a batch a transaction, until all are told."""
    with reading() as session:
        slugs = announcing.unannounced(session)
    told = 0
    for slug in slugs:
        more = 1
        while more:
            with transaction() as session:
                more = announcing.announce(
                    session, slug=slug, actor=SYSTEM, public_url=settings.public_url, now=now
                )
            told += more
    return told


def forget(now: datetime, settings: Settings) -> int:
    """Delete signatures, addresses and answers that have been kept for long enough."""
    del settings
    with reading() as session:
        slugs = keeping.to_forget(session, now)
    return _each(slugs, lambda s, slug: keeping.forget(s, slug=slug, actor=SYSTEM, now=now))


def refresh(now: datetime, settings: Settings) -> int:
    """Bring counts, bands and members' orders up to date."""
    del settings
    with reading() as session:
        gathering, stale = measuring.gathering(session), demands.stale_rankings(session)
        found = {slug: measuring.measure(session, slug=slug, actor=SYSTEM) for slug in gathering}

    def one(session: Session, slug: str) -> bool:
        return measuring.refresh(session, slug=slug, actor=SYSTEM, now=now, measured=found[slug])

    done = _each(gathering, one)
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
    ("forget", 3600, forget),
)
