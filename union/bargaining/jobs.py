"""What the scheduler asks of this room: take votes, begin and end agreements, remind, read terms, forget."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from union.bargaining import service
from union.bargaining.fetching import Failed, Visitor, visitor
from union.bargaining.service.watching import Reading, Visit
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.settings import Settings

log = logging.getLogger(__name__)


def settle(now: datetime, settings: Settings) -> int:
    """Take the outcome of votes, then begin and end what is due; return how many agreements moved."""
    site = settings.public_url
    with reading() as session:
        again = service.repeatable(session)
    moved = _each(
        again,
        lambda s, slug: service.follow_repeated_vote(s, actor=SYSTEM, now=now, slug=slug, public_url=site),
    )
    with reading() as session:
        voting = service.ratifying(session)
    moved += _each(
        voting,
        lambda s, slug: service.settle_ratification(s, actor=SYSTEM, now=now, slug=slug, public_url=site),
    )
    with reading() as session:
        entering = service.entering(session, now)
    moved += _each(entering, lambda s, slug: service.enter(s, actor=SYSTEM, now=now, slug=slug))
    with reading() as session:
        ending = service.ending(session, now)
    return moved + _each(ending, lambda s, slug: service.end(s, actor=SYSTEM, now=now, slug=slug))


def _each(names: Iterable[str], step: Callable[[Session, str], object]) -> int:
    """Do a step for each in its own transaction; a refusal is logged and holds up no other."""
    done = 0
    for name in names:
        try:
            with transaction() as session:
                done += bool(step(session, name))
        except UnionError:
            log.exception("%s: a step that was due was refused", name)
    return done


def remind(now: datetime, settings: Settings) -> int:
    """Write down what comes back, let offers lapse, send the reminders that are due."""
    with reading() as session:
        rolling = service.roll_due(session, now)
    done = _each(rolling, lambda s, name: service.roll(s, actor=SYSTEM, now=now, obligation_id=name))
    with transaction() as session:
        done += service.lapse_due(session, actor=SYSTEM, now=now)
    with transaction() as session:
        return done + service.send_reminders(session, actor=SYSTEM, now=now, public_url=settings.public_url)


def read_terms(now: datetime, settings: Settings) -> int:
    """Read the pages that are due, one after the other; return how many."""
    with reading() as session:
        due = service.due(session, now)
    read = 0
    for page_id in due:
        with transaction() as session:
            visit = service.take(session, actor=SYSTEM, now=now, page_id=page_id)
        if visit is not None:
            visit_page(visit, visitor(settings), settings.public_url, now)
            read += 1
    return read


def visit_page(visit: Visit, who: Visitor, public_url: str, now: datetime) -> None:
    """Visit one page that was taken, with no transaction open meanwhile, and write down what it brought."""
    found: Reading | None = None
    trouble = None
    try:
        found = who.read(visit.url, etag=visit.etag, last_modified=visit.last_modified, robots=visit.robots)
    except Failed as failed:
        trouble = failed.trouble
    with transaction() as session:
        for name, robots in who.learned.items():
            service.learn_robots(
                session, actor=SYSTEM, now=now, name=name, robots=robots, delay=who.delay(robots)
            )
        service.visited(
            session,
            actor=SYSTEM,
            now=now,
            page_id=visit.page_id,
            reading=found,
            trouble=trouble,
            public_url=public_url,
        )


def wipe(now: datetime, settings: Settings) -> int:
    """Forget the words of old cases."""
    del settings
    with transaction() as session:
        return service.wipe(session, actor=SYSTEM, now=now)


def chase_claims(now: datetime, settings: Settings) -> int:
    """End claims on strike pay that waited too long, and tell who must decide on the others."""
    with transaction() as session:
        return service.chase_claims(session, actor=SYSTEM, now=now, public_url=settings.public_url)


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("settle", 30, settle),
    ("remind", 30, remind),
    ("terms", 60, read_terms),
    ("wipe", 3600, wipe),
    ("claims", 3600, chase_claims),
)
