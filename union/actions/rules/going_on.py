"""Votes planned with an action: whether it goes on, for how long, and with which next steps.

Pure. An action whose end is fixed can be waited out; one whose members decide beforehand when they will vote
on going on cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from union.core.errors import Invalid
from union.core.i18n import msg

SHORTEST = 10
"""Minutes a vote stays open at least: a message must arrive and somebody must find it."""

LONGEST = 60 * 24 * 60


@dataclass(frozen=True)
class VotePlan:
    """A vote as planned.

    more: minutes longer if it passes, None for no end any more. after: minutes from the start to the opening;
    window: minutes it stays open. by_clock: the clock opens it, else an organizer does. hold: the action goes
    on until the vote is counted. threshold: how many of the trustees are needed to count, None for each of
    them. rule_confirmed: an officer checked a rule that is past its review date.
    """

    title: str
    question: str
    steps: tuple[str, ...]
    more: int | None
    after: int
    window: int
    preset: str
    group: str
    trustee_ids: Sequence[str] = ()
    server_trustee: bool = False
    threshold: int | None = None
    rule_confirmed: bool = False
    by_clock: bool = True
    hold: bool = True


@dataclass(frozen=True)
class Hours:
    """When a vote opens and closes."""

    opens_at: datetime
    closes_at: datetime


def hours(starts_at: datetime, after: int, window: int) -> Hours:
    """Return when a vote opens and closes, from the action's first start."""
    opens_at = starts_at + timedelta(minutes=after)
    return Hours(opens_at, opens_at + timedelta(minutes=window))


def check(vote: VotePlan, starts_at: datetime, ends_at: datetime | None) -> None:
    """Raise Invalid, with the field, for a vote that could not change anything or comes too late."""
    if not vote.title.strip():
        raise Invalid(msg("Give the next step a name."), field="title")
    if not 0 <= vote.after <= LONGEST:
        raise Invalid(msg("The vote opens after the start, within sixty days."), field="after")
    if not SHORTEST <= vote.window <= LONGEST:
        raise Invalid(
            msg("A vote stays open for %(least)s minutes at least and sixty days at most."),
            field="window",
            least=SHORTEST,
        )
    if vote.more is not None and vote.more < 0:
        raise Invalid(msg("An action cannot go on for less than no time."), field="more")
    if not vote.steps and (vote.more == 0 or ends_at is None):
        raise Invalid(
            msg("Say what changes if the vote passes: a later end, or steps that members take."),
            field="steps",
        )
    require_in_time(hours(starts_at, vote.after, vote.window), ends_at, vote.title)


def require_in_time(planned: Hours, ends_at: datetime | None, title: str) -> None:
    """Raise Invalid for a vote that closes when the action is over already."""
    if ends_at is not None and planned.closes_at > ends_at:
        over = planned.closes_at - ends_at
        raise Invalid(
            msg("The vote “%(title)s” would close %(minutes)s minutes after the end of the action."),
            field="after",
            title=title,
            minutes=-(-int(over.total_seconds()) // 60),
        )


def later(ends_at: datetime | None, more: int | None, now: datetime) -> datetime | None:
    """Return the new end after a vote that passed, None without one. An end that passed counts from now."""
    if ends_at is None or more is None:
        return None
    return max(ends_at, now) + timedelta(minutes=more) if more else ends_at
