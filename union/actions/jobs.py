"""What the scheduler asks of actions.

Each action is one transaction, so that one in trouble holds up no other.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from union.actions import queries, service
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.settings import Settings

log = logging.getLogger(__name__)


def run_due(now: datetime, settings: Settings) -> int:
    """Brief, decide, start, vote on, remind, end and put off what is due; return how many actions moved."""
    with reading() as session:
        due = queries.due(session, now)
    site = settings.public_url
    steps: tuple[tuple[tuple[str, ...], Callable[[Session, str], object]], ...] = (
        (due.brief, lambda s, slug: service.brief(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.decide, lambda s, slug: service.decide(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.fire, lambda s, slug: service.fire(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.launch, lambda s, slug: service.launch_due(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.settle, lambda s, slug: service.settle_votes(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.chase, lambda s, slug: service.chase(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.end, lambda s, slug: service.end(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.lapse, lambda s, slug: service.lapse(s, actor=SYSTEM, now=now, slug=slug, site=site)),
        (due.show, lambda s, slug: service.show(s, actor=SYSTEM, now=now, slug=slug)),
    )
    return sum(_one(slug, step) for slugs, step in steps for slug in slugs)


def _one(slug: str, step: Callable[[Session, str], object]) -> int:
    """Do one step for one action in its own transaction; a refusal is logged and does not stop the others."""
    try:
        with transaction() as session:
            return 1 if step(session, slug) else 0
    except UnionError:
        log.exception("action %s: a step that was due was refused", slug)
        return 0


def next_moment(now: datetime) -> datetime | None:
    """Return when the next armed action starts or the next live one ends; the clock sets its alarm for it."""
    with reading() as session:
        return queries.next_moment(session, now)


def rezone(now: datetime, settings: Settings) -> int:
    """Move starts whose zone has other rules than when they were planned; tell those who were briefed."""
    with reading() as session:
        found = queries.by_wall_clock(session)
    site = settings.public_url
    return sum(
        _one(slug, lambda s, slug: service.rezone(s, actor=SYSTEM, now=now, slug=slug, site=site))
        for slug in found
    )


def take_replies(now: datetime, settings: Settings) -> int:
    """Count the replies that say "out"."""
    del settings
    with transaction() as session:
        return service.take_replies(session, now=now)


def wipe(now: datetime, settings: Settings) -> int:
    """Forget what need not be known any more: who was in, and who pledged in a campaign that is over."""
    del settings
    with transaction() as session:
        gone = service.wipe(session, actor=SYSTEM, now=now)
    with transaction() as session:
        return gone + service.forget_pledges(session, actor=SYSTEM, now=now)


WAKE = (next_moment, run_due)
JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("due", 1, run_due),
    ("rezone", 60, rezone),
    ("replies", 2, take_replies),
    ("wipe", 600, wipe),
)
