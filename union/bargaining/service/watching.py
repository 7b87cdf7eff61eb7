"""Pages of terms that we read now and then: added, visited by the clock, compared, told about.

Nothing here touches the network: the job visits between `take` and `visited`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from union.bargaining.models import BargainingTable, SitePace, TermsPage, TermsVersion
from union.bargaining.rules import addresses
from union.bargaining.rules.watching import PROBLEMS, Seen, Trouble, next_visit, seen
from union.bargaining.rules.wording import digest
from union.bargaining.service import common
from union.bargaining.service.common import locked, must_be_open, record, write_to
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

LEASE = timedelta(minutes=10)
"""A visit that does not come back within this is taken up by somebody else."""
PACE = timedelta(seconds=30)
LONGEST_PACE = timedelta(hours=1)
ROBOTS_KEPT = timedelta(hours=24)
MOST_PAGES = 20
EVERY = (6, 24, 168)


@dataclass(frozen=True)
class Visit:
    """A page to read. robots: what the site's robots.txt said lately, None when we must ask."""

    page_id: str
    url: str
    etag: str
    last_modified: str
    robots: str | None


@dataclass(frozen=True)
class Reading:
    """What a visit brought. text: None when the page is as it was. robots: learned on the way, per site."""

    text: str | None
    etag: str = ""
    last_modified: str = ""


def site(url: str) -> str:
    """Return the site a page belongs to: scheme and host with port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def watch_page(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    label: str,
    url: str,
    every_hours: int,
    any_port: bool = False,
) -> str:
    """Read a page now and then, beginning soon; return its id. any_port: for a local test site only."""
    allow(actor, Permission.BARGAINING_RUN)
    table = locked(session, slug)
    must_be_open(table)
    checked = addresses.check_url(url, any_port=any_port)
    if not label.strip():
        raise Invalid(msg("Give the page a name."), field="label")
    if every_hours not in EVERY:
        raise Invalid(msg("Choose how often."), field="every")
    there = session.scalar(select(TermsPage).where(TermsPage.table_id == table.id, TermsPage.url == checked))
    if there is not None and there.stopped_at is None:
        raise Conflict(msg("We read this page already."), field="url")
    count = session.scalar(
        select(func.count())
        .select_from(TermsPage)
        .where(TermsPage.table_id == table.id, TermsPage.stopped_at.is_(None))
    )
    if (count or 0) >= MOST_PAGES:
        raise Conflict(msg("We read %(most)s pages at most for one table."), most=MOST_PAGES)
    if there is None:
        there = TermsPage(table_id=table.id, url=checked, state=Seen.NEW.value)
        session.add(there)
    there.label, there.every_hours, there.next_at, there.stopped_at = label.strip(), every_hours, now, None
    session.flush()
    record(session, table, "watch_page", actor=actor, now=now, page=there.id)
    return there.id


def _page(session: Session, page_id: str, actor: Actor) -> tuple[BargainingTable, TermsPage]:
    allow(actor, Permission.BARGAINING_RUN)
    row = session.get(TermsPage, page_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(msg("There is no such page."))
    return session.get_one(BargainingTable, row.table_id), row


def stop_page(session: Session, *, actor: Actor, now: datetime, page_id: str) -> None:
    """Stop reading a page; what was read stays."""
    table, row = _page(session, page_id, actor)
    row.stopped_at = row.stopped_at or now
    record(session, table, "stop_page", actor=actor, now=now, page=row.id)


def acknowledge(session: Session, *, actor: Actor, now: datetime, page_id: str) -> None:
    """Say that a change was read; the page is in order until the next one."""
    table, row = _page(session, page_id, actor)
    if row.state == Seen.CHANGED:
        row.state = Seen.OK.value
        record(session, table, "acknowledge_page", actor=actor, now=now, page=row.id)


def visit_soon(session: Session, *, actor: Actor, now: datetime, page_id: str) -> None:
    """Read a page at the next turn of the clock, at the pace its site allows."""
    _, row = _page(session, page_id, actor)
    row.next_at = now


def due(session: Session, now: datetime, limit: int = 10) -> list[str]:
    """Return the ids of pages that are due for a visit, the longest waiting first."""
    return list(
        session.scalars(
            select(TermsPage.id)
            .join(BargainingTable, BargainingTable.id == TermsPage.table_id)
            .where(
                TermsPage.next_at <= now, TermsPage.stopped_at.is_(None), BargainingTable.closed_at.is_(None)
            )
            .order_by(TermsPage.next_at, TermsPage.id)
            .limit(limit)
        )
    )


def take(session: Session, *, actor: Actor, now: datetime, page_id: str) -> Visit | None:
    """Take a page that is due, so that nobody else visits it, nor its site too soon; else None."""
    allow(actor, Permission.BARGAINING_TICK)
    row = session.get(TermsPage, page_id, with_for_update=True, populate_existing=True)
    if row is None or row.stopped_at is not None or row.next_at > now:
        return None
    pace = _pace(session, site(row.url), now)
    if pace.free_at > now:
        row.next_at = pace.free_at
        return None
    pace.free_at = now + PACE
    row.next_at = now + LEASE
    fresh = pace.robots_at is not None and now - pace.robots_at < ROBOTS_KEPT
    session.flush()
    return Visit(row.id, row.url, row.etag, row.last_modified, pace.robots if fresh else None)


def _pace(session: Session, name: str, now: datetime) -> SitePace:
    found = session.get(SitePace, name, with_for_update=True, populate_existing=True)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(SitePace(site=name, free_at=now))
    except IntegrityError:
        pass  # another process made the row between our look and our insert
    return session.get_one(SitePace, name, with_for_update=True, populate_existing=True)


def learn_robots(
    session: Session, *, actor: Actor, now: datetime, name: str, robots: str, delay: timedelta
) -> None:
    """Keep what a site's robots.txt says, and how much time it wants between visits."""
    allow(actor, Permission.BARGAINING_TICK)
    pace = _pace(session, name, now)
    pace.robots, pace.robots_at = robots, now
    pace.free_at = max(pace.free_at, now + min(delay, LONGEST_PACE))


def visited(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    page_id: str,
    reading: Reading | None,
    trouble: Trouble | None,
    public_url: str,
) -> Seen:
    """Write down what a visit brought, keep a new text, tell organizers of a change or a loss."""
    allow(actor, Permission.BARGAINING_TICK)
    row = session.get_one(TermsPage, page_id, with_for_update=True, populate_existing=True)
    table = session.get_one(BargainingTable, row.table_id)
    before = Seen(row.state)
    planned = next_visit(now, timedelta(hours=row.every_hours), row.failures, trouble)
    row.next_at, row.failures, row.visited_at = planned.at, planned.failures, now
    row.trouble = trouble.value if trouble else ""
    if trouble is not None:
        row.state = seen(trouble).value
        if Seen(row.state) is not before:
            record(session, table, "page_trouble", actor=actor, now=now, page=row.id, trouble=trouble.value)
            _tell(
                session, table, row, now, f"{trouble.value}-{row.id}", "bargaining/terms_trouble", public_url
            )
        return Seen(row.state)
    assert reading is not None  # noqa: S101 - no trouble means a reading
    row.state = (Seen.OK if before in PROBLEMS | {Seen.NEW} else before).value
    if reading.text is None:
        return Seen(row.state)
    row.etag, row.last_modified = reading.etag, reading.last_modified
    fresh = digest(reading.text)
    if fresh == row.hash:
        return Seen(row.state)
    first, row.hash = row.hash is None, fresh
    session.add(TermsVersion(page_id=row.id, fetched_at=now, hash=fresh, text=reading.text))
    session.flush()
    if not first:
        row.state, row.changed_at = Seen.CHANGED.value, now
        record(session, table, "page_changed", actor=actor, now=now, page=row.id, hash=fresh)
        version = session.scalar(select(func.max(TermsVersion.id)).where(TermsVersion.page_id == row.id))
        _tell(session, table, row, now, f"changed-{version}", "bargaining/terms_changed", public_url)
    return Seen(row.state)


def _tell(
    session: Session,
    table: BargainingTable,
    row: TermsPage,
    now: datetime,
    kind: str,
    template: str,
    public_url: str,
) -> None:
    write_to(
        session,
        {*members.organizers(session), *common.team_ids(session, table.id, now)},
        now=now,
        ref=f"terms:{row.id}",
        kind=kind[:40],
        template=template,
        fields={"label": row.label, "link": f"{public_url}/bargaining/{table.slug}/terms/{row.id}"},
        moment=now,
        zone=table.zone,
    )
