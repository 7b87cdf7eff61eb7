"""The counts of an action as they may be shown.

Exact totals to organizers, suppressed ones to everybody else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, CheckinPulse, CheckinTally, Debrief
from union.actions.rules import planning, tally
from union.actions.rules.planning import Factor, Lesson, Past
from union.actions.rules.states import Choice, Kind, State
from union.members import queries as members


@dataclass(frozen=True)
class LiveBoard:
    """What the public may know of one action. out, done: None for "fewer than ten"; of: how many take part.

    as_of: when the counts were taken, None for now. cells: (chapter name, count), "" for the merged rest.
    """

    slug: str
    title: str
    state: State
    out: int | None
    done: int | None
    of: int
    as_of: datetime | None
    ended: bool
    starts_at: datetime
    zone: str
    cells: tuple[tuple[str, int | None], ...]


def live(session: Session, campaign_id: str) -> tuple[LiveBoard, ...]:
    """Return the boards of a campaign's actions that are live, then of those that ended, newest first."""
    rows = session.scalars(
        select(Action)
        .where(
            Action.campaign_id == campaign_id, Action.state.in_([State.LIVE, State.ENDED, State.DEBRIEFED])
        )
        .order_by((Action.state == State.LIVE).desc(), Action.starts_at.desc(), Action.slug)
        .limit(5)
    )
    return tuple(board_of(session, row) for row in rows)


def board_of(session: Session, action: Action) -> LiveBoard:
    """Return the public board of one action."""
    counts = tallies(session, action)
    delayed = action.state is State.LIVE and action.show_delay > 0
    out = {row.chapter_slug: row.shown_out if delayed else row.out for row in counts}
    done = sum(row.shown_done if delayed else row.done for row in counts)
    names = {one.slug: one.name for one in members.chapters(session)}
    if action.state is State.LIVE:
        of = len(standing.audience(session, action))
        shown = [(cell.chapter, cell.count) for cell in tally.cells(out)]
    else:
        debrief = session.get(Debrief, action.id)
        of = debrief.taking_part if debrief else 0
        shown = [(str(chapter), count) for chapter, count in debrief.by_chapter] if debrief else []
    return LiveBoard(
        slug=action.slug, title=action.title, state=action.state, out=tally.public_total(sum(out.values())),
        done=tally.public_total(done), of=of, as_of=(action.shown_at or action.fired_at) if delayed else None,
        ended=action.state is not State.LIVE, starts_at=action.starts_at, zone=action.zone,
        cells=tuple((names.get(chapter, chapter), count) for chapter, count in shown),
    )  # fmt: skip


def tallies(session: Session, action: Action) -> list[CheckinTally]:
    """Return the counts per chapter."""
    return list(session.scalars(select(CheckinTally).where(CheckinTally.action_id == action.id)))


@dataclass(frozen=True)
class Numbers:
    """The four numbers, each with its own meaning and denominator; they are never mixed.

    roll: active members with one of its targets, in its chapter if it has one.
    pledged: called to it by their pledge, of the roll. verified: said "I'm in" to this version, of those
    taking part.
    checked_in: said "I'm out", of those taking part. completed: did all steps, of those checked in.
    in_time: checked in within the first quarter of an hour, of those checked in. expected: checked_in to
    count on, by what past actions teach: `shows_up`.
    """

    roll: int
    pledged: int
    taking_part: int
    verified: int
    checked_in: int
    completed: int
    in_time: int
    expected: int
    shows_up: Factor

    def share(self, part: int, whole: int) -> int | None:
        """Return whole percent, None of none."""
        return tally.percent(part, whole)


def numbers(session: Session, action: Action, taking_part: Collection[str] | None = None) -> Numbers:
    """Return the four numbers as of now, or as frozen at the end. taking_part: the audience, where known."""
    frozen = session.get(Debrief, action.id)
    factor = lesson(session, action.kind, without=action.id).shows_up
    if frozen is not None and action.state in {State.ENDED, State.DEBRIEFED}:
        return Numbers(
            frozen.eligible, frozen.pledged, frozen.taking_part, frozen.verified, frozen.checked_in,
            frozen.completed, frozen.in_time, factor.expect(frozen.taking_part), factor,
        )  # fmt: skip
    rows = tallies(session, action)
    pulse = {
        row.span: row.count for row in session.scalars(select(CheckinPulse).filter_by(action_id=action.id))
    }
    part = standing.audience(session, action) if taking_part is None else taking_part
    said = standing.choices(session, action)
    return Numbers(
        roll=standing.roll(session, action),
        pledged=len(standing.called(session, action)),
        taking_part=len(part),
        verified=sum(1 for one in part if said.get(one) is Choice.IN),
        checked_in=sum(row.out for row in rows),
        completed=sum(row.done for row in rows),
        in_time=min(tally.in_time(pulse), sum(row.out for row in rows)),
        expected=factor.expect(len(part)),
        shows_up=factor,
    )


def lesson(session: Session, kind: Kind | None = None, *, without: str = "") -> Lesson:
    """Return what the actions that ended teach about one of `kind`. without: the id of one to leave out."""
    rows = session.execute(select(Debrief, Action.kind).join(Action, Action.id == Debrief.action_id))
    return planning.learn((_past(row, of) for row, of in rows if row.action_id != without), kind)


def _past(row: Debrief, kind: Kind) -> Past:
    out = {str(chapter): count for chapter, count in row.by_chapter}
    part = {str(chapter): count for chapter, count in row.part_by_chapter}
    told = {chapter: (part[chapter], out[chapter]) for chapter in part.keys() & out.keys() - {tally.OTHER}}
    known = {chapter: pair for chapter, pair in told.items() if None not in pair}
    return Past(kind, row.pledged, row.taking_part, row.checked_in, row.completed, known)
