"""Where the reader's chapters stand: how many were talked with, how they were assessed, how that moves.

Counts under ten are never shown, nor what a total would let a reader work out.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.organizing import scope
from union.organizing.audience import latest_ratings
from union.organizing.models import RatingCount, Talk
from union.organizing.queries.calling import MyList, my_lists
from union.organizing.queries.lists import ExportCard, ListCard, exports, lists
from union.organizing.queries.tasks import TaskCard, open_tasks
from union.organizing.rules.talks import SMALL, Period, distribution, periods, shown

MONTHS = 12
SUPPORT = (1, 2)


@dataclass(frozen=True, slots=True)
class ChapterRow:
    """A chapter's members and assessments.

    rated: None for fewer than ten; cells: 1 to 5, None where hidden.
    """

    name: str
    members: int
    rated: int | None
    cells: dict[int, int | None]


@dataclass(frozen=True, slots=True)
class Overview:
    """What an organizer starts from. total and chapters: None and empty for who runs a campaign only."""

    people: bool
    total: ChapterRow | None
    chapters: tuple[ChapterRow, ...]
    periods: tuple[Period, ...]
    lists: tuple[ListCard, ...]
    calling: tuple[MyList, ...]
    tasks: tuple[TaskCard, ...]
    exports: tuple[ExportCard, ...]


def overview(session: Session, *, actor: Actor, now: datetime) -> Overview:
    """Return what is going on at the reader's places."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    people = actor.can(Permission.ORGANIZING_PEOPLE)
    total, chapters = _assessed(session, actor) if people else (None, ())
    return Overview(
        people=people,
        total=total,
        chapters=chapters,
        periods=_periods(session, actor) if people else (),
        lists=tuple(one for one in lists(session, actor=actor, now=now) if one.open),
        calling=tuple(my_lists(session, actor=actor, now=now)),
        tasks=tuple(one for one in open_tasks(session, actor=actor) if one.done_at is None),
        exports=exports(session, actor=actor, now=now),
    )


def _assessed(session: Session, actor: Actor) -> tuple[ChapterRow, tuple[ChapterRow, ...]]:
    slugs = scope.chapters_of(actor)
    active = members.active_by_chapter(session)
    rated = latest_ratings(session)
    here = members.chapters_of(session, rated)
    eligible = set(members.eligible(session))
    by_chapter: dict[str, list[int]] = {}
    for member_id, rating in rated.items():
        if member_id in eligible:
            by_chapter.setdefault(here[member_id], []).append(rating)
    named = [(one.slug, one.name) for one in members.chapters(session)]
    if slugs is None:
        named.append(("", ""))
    rows = [
        _row(name, active.get(slug, 0), by_chapter.get(slug, []))
        for slug, name in named
        if (slugs is None or slug in slugs) and (active.get(slug) or by_chapter.get(slug))
    ]
    mine = [ratings for slug, ratings in by_chapter.items() if slugs is None or slug in slugs]
    everyone = [one for ratings in mine for one in ratings]
    size = sum(n for slug, n in active.items() if slugs is None or slug in slugs)
    return _row("", size, everyone), tuple(rows)


def _row(name: str, size: int, ratings: list[int]) -> ChapterRow:
    rated = len(ratings) if len(ratings) >= SMALL else None
    return ChapterRow(name, size, rated, shown(distribution(ratings)))


def _periods(session: Session, actor: Actor) -> tuple[Period, ...]:
    """Return how assessments moved, oldest first: from the talks we have and the counts we kept."""
    slugs = scope.chapters_of(actor)
    rated: Counter[tuple[str, int]] = Counter()
    for slug, at, rating in session.execute(
        select(Talk.chapter_slug, Talk.at, Talk.rating).where(Talk.rating.is_not(None))
    ):
        if rating is not None and (slugs is None or slug in slugs):
            rated[f"{at:%Y-%m}", rating] += 1
    for row in session.scalars(select(RatingCount)):
        if slugs is None or row.chapter_slug in slugs:
            rated[row.month, row.rating] += row.count
    months = [
        Period(
            month,
            month,
            sum(n for (one, _), n in rated.items() if one == month),
            sum(rated[month, rating] for rating in SUPPORT),
        )
        for month in sorted({month for month, _ in rated})
    ]
    return tuple(periods(months)[-MONTHS:])
