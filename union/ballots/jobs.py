"""What the scheduler runs for ballots: open, close, conclude, remind, call trustees, send receipts, forget.

Rows are the truth: each job asks which ballots are due and does each in a transaction of its own, in which
the verb locks the ballot and looks again, so that several schedulers never do a thing twice.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

import requests

from union.ballots import queries, service
from union.ballots.extension import WATCH_EVERY
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.settings import Settings

log = logging.getLogger(__name__)


def _each(slugs: Iterable[str], act: Callable[[str], object]) -> int:
    """Do `act` for each ballot; one that refuses is logged and does not stop the others."""
    done = 0
    for slug in slugs:
        try:
            done += act(slug) is not False
        except UnionError as refusal:
            log.warning("ballot %s: %s", slug, refusal)
    return done


def _told(verb: Callable[..., object], now: datetime, settings: Settings) -> Callable[[str], None]:
    """Return what does `verb`, which writes to people with links to our pages, to one ballot."""

    def act(slug: str) -> None:
        with transaction() as session:
            verb(session, actor=SYSTEM, now=now, slug=slug, public_url=settings.public_url)

    return act


def _done(verb: Callable[..., object], now: datetime) -> Callable[[str], None]:
    """Return what does `verb`, which writes to nobody, to one ballot."""

    def act(slug: str) -> None:
        with transaction() as session:
            verb(session, actor=SYSTEM, now=now, slug=slug)

    return act


def open_due(now: datetime, settings: Settings) -> int:
    """Open the ballots whose time has come."""
    del settings
    with reading() as session:
        slugs = queries.due(session, now).to_open
    return _each(slugs, _done(service.open_ballot, now))


def close_due(now: datetime, settings: Settings) -> int:
    """Close the ballots whose time is over; return how many, those aside that their rule keeps open."""
    with reading() as session:
        slugs = queries.due(session, now).to_close

    def act(slug: str) -> bool:
        with transaction() as session:
            return service.close_ballot(
                session, actor=SYSTEM, now=now, slug=slug, public_url=settings.public_url
            )

    return _each(slugs, act)


def watch(now: datetime, settings: Settings) -> int:
    """Look whether members reach the ballots whose close may move for an outage, and note where they do."""
    with reading() as session:
        slugs = queries.due(session, now).watched

    def act(slug: str) -> bool:
        if not _answers(f"{settings.public_url.rstrip('/')}/ballots/{slug}"):
            return False
        with transaction() as session:
            return service.reached(session, now=now, slug=slug)

    return _each(slugs, act)


def _answers(url: str) -> bool:
    """Tell whether the page at `url`, asked for as a member would, is served."""
    try:
        return bool(requests.get(url, timeout=10).ok)
    except requests.RequestException:
        return False


def conclude_complete(now: datetime, settings: Settings) -> int:
    """Open the tally of ballots of which enough trustees' shares are there."""
    with reading() as session:
        slugs = queries.due(session, now).to_conclude
    return _each(slugs, _told(service.conclude, now, settings))


def remind_due(now: datetime, settings: Settings) -> int:
    """Remind those who have not voted when the close is near."""
    with reading() as session:
        slugs = queries.due(session, now).to_remind
    return _each(slugs, _told(service.remind, now, settings))


def call_trustees(now: datetime, settings: Settings) -> int:
    """Remind trustees whose part is missing while the opening comes near."""
    with reading() as session:
        slugs = queries.due(session, now).to_call
    return _each(slugs, _told(service.call_trustees, now, settings))


def send_receipts(now: datetime, settings: Settings) -> int:
    """Let waiting receipts go, in shuffled batches."""
    del settings
    with reading() as session:
        slugs = queries.due(session, now).with_receipts
    sent = 0

    def act(slug: str) -> None:
        nonlocal sent
        with transaction() as session:
            sent += service.send_receipts(session, now=now, slug=slug)

    _each(slugs, act)
    return sent


def remind_shufflers(now: datetime, settings: Settings) -> int:
    """Remind trustees whose turn to shuffle began a day or more ago, once a day."""
    with reading() as session:
        slugs = queries.due(session, now).to_shuffle

    def act(slug: str) -> bool:
        with transaction() as session:
            return bool(
                service.remind_shuffler(
                    session, actor=SYSTEM, now=now, slug=slug, public_url=settings.public_url
                )
            )

    return _each(slugs, act)


def wipe_due(now: datetime, settings: Settings) -> int:
    """Forget who voted once the contest period is over."""
    del settings
    with reading() as session:
        slugs = queries.due(session, now).to_wipe
    return _each(slugs, _done(service.wipe_marks, now))


def send_heads(now: datetime, settings: Settings) -> int:
    """Send observers the heads of open boards every hour, and forget them when voting is over."""
    with transaction() as session:
        return service.send_heads(session, now=now, public_url=settings.public_url)


def lower_hands(now: datetime, settings: Settings) -> int:
    """Close the shows of hands whose time is over, and forget the names in those over for long."""
    del settings
    with transaction() as session:
        closed = service.close_polls(session, actor=SYSTEM, now=now)
    with transaction() as session:
        return closed + service.forget_hands(session, now=now)


def sweep_keys(now: datetime, settings: Settings) -> int:
    """Remove the passing keys of ballots that are open or called off, where a killed process left one."""
    del settings
    with reading() as session:
        return service.sweep_keys(session, now=now)


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("open", 1, open_due),
    ("close", 1, close_due),
    ("watch", int(WATCH_EVERY.total_seconds()), watch),
    ("conclude", 5, conclude_complete),
    ("receipts", 10, send_receipts),
    ("heads", 60, send_heads),
    ("remind", 60, remind_due),
    ("trustees", 60, call_trustees),
    ("shufflers", 600, remind_shufflers),
    ("wipe", 600, wipe_due),
    ("hands", 60, lower_hands),
    ("keys", 3600, sweep_keys),
)
