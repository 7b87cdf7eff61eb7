"""What the scheduler asks of actions.

Each action is one transaction, so that one in trouble holds up no other.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from union.actions import queries, service
from union.core.actor import SYSTEM
from union.core.clock import stopwatch
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.settings import Settings

log = logging.getLogger(__name__)


Step = Callable[[Session, str, datetime], object]
SOON = timedelta(seconds=1)
"""Waiting no longer than this for the database changes nothing about what is due."""


def run_due(now: datetime, settings: Settings) -> int:
    """Brief, decide, start, vote on, remind, end and put off what is due; return how many actions moved."""
    began = stopwatch()
    with reading() as session:
        due = queries.due(session, now)
    to: dict[str, Any] = {"actor": SYSTEM, "site": settings.public_url}
    steps: tuple[tuple[tuple[str, ...], Step], ...] = (
        (due.brief, lambda s, slug, at: service.brief(s, now=at, slug=slug, **to)),
        (due.decide, lambda s, slug, at: service.decide(s, now=at, slug=slug, **to)),
        (due.fire, lambda s, slug, at: service.fire(s, now=at, slug=slug, **to)),
        (due.launch, lambda s, slug, at: service.launch_due(s, now=at, slug=slug, **to)),
        (due.settle, lambda s, slug, at: service.settle_votes(s, now=at, slug=slug, **to)),
        (due.chase, lambda s, slug, at: service.chase(s, now=at, slug=slug, **to)),
        (due.end, lambda s, slug, at: service.end(s, now=at, slug=slug, **to)),
        (due.lapse, lambda s, slug, at: service.lapse(s, now=at, slug=slug, **to)),
        (due.show, lambda s, slug, at: service.show(s, actor=SYSTEM, now=at, slug=slug)),
    )
    return sum(_one(slug, step, now, began) for slugs, step in steps for slug in slugs)


def _one(slug: str, step: Step, now: datetime, began: float) -> int:
    """Do one step for one action in its own transaction; a refusal is logged and does not stop the others.

    now: when the job began, at `began` of the stopwatch. A database that stood still since does not turn the
    clock back: the step is taken as of its answer, and undone where a start it made is over already.
    """

    def moment() -> datetime:
        waited = timedelta(seconds=stopwatch() - began)
        return now + waited if waited > SOON else now

    try:
        with transaction() as session:
            queries.answers(session)
            at = moment()
            done = step(session, slug, at)
            if queries.overtaken(session, slug, since=at, now=moment()):
                session.rollback()
                log.error("action %s: its end came while it was being started", slug)
                return 0
            return 1 if done else 0
    except UnionError:
        log.exception("action %s: a step that was due was refused", slug)
        return 0


def next_moment(now: datetime) -> datetime | None:
    """Return when the next armed action starts or the next live one ends; the clock sets its alarm for it."""
    with reading() as session:
        return queries.next_moment(session, now)


def rezone(now: datetime, settings: Settings) -> int:
    """Move starts whose zone has other rules than when they were planned; tell those who were briefed."""
    began = stopwatch()
    with reading() as session:
        found = queries.by_wall_clock(session)
    site = settings.public_url

    def step(session: Session, slug: str, at: datetime) -> object:
        return service.rezone(session, actor=SYSTEM, now=at, slug=slug, site=site)

    return sum(_one(slug, step, now, began) for slug in found)


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
