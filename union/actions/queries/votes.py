"""The votes planned with an action, as its pages show them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionVote
from union.actions.queries.cards import chapter_name
from union.actions.rules.going_on import hours
from union.actions.rules.states import VoteState
from union.ballots import queries as ballots


@dataclass(frozen=True)
class VoteView:
    """One vote. missing: trustees whose key is not there. open: members can vote now.

    untested: place → name of trustees who have not shown that their key opens things.

    chapter: the name of the only one that votes, empty for all.

    more: minutes longer if it passes, None for no end any more. late: decided when the action was over.
    """

    number: int
    title: str
    question: str
    chapter: str
    steps: tuple[str, ...]
    more: int | None
    opens_at: datetime
    closes_at: datetime
    by_clock: bool
    hold: bool
    state: VoteState
    late: bool
    ballot_slug: str
    open: bool
    missing: tuple[str, ...]
    untested: dict[int, str]


def votes(session: Session, action: Action) -> tuple[VoteView, ...]:
    """Return the votes of an action in their order."""
    return tuple(_view(session, action, row) for row in standing.votes(session, action))


def _view(session: Session, action: Action, row: ActionVote) -> VoteView:
    planned = hours(action.starts_at, row.after, row.window)
    card = ballots.by_slug(session, row.ballot_slug)
    held = card is not None and row.state is not VoteState.PLANNED
    return VoteView(
        number=row.number,
        title=row.title,
        question=row.question,
        chapter=chapter_name(session, action.chapter_slug),
        steps=tuple(row.steps),
        more=row.more,
        opens_at=card.opens_at if card and held else planned.opens_at,
        closes_at=card.closes_at if card and held else planned.closes_at,
        by_clock=row.by_clock,
        hold=row.hold,
        state=row.state,
        late=row.late,
        ballot_slug=row.ballot_slug,
        open=card is not None and card.state == "open",
        missing=ballots.keys_missing(session, row.ballot_slug) if row.state is VoteState.PLANNED else (),
        untested=ballots.keys_untested(session, row.ballot_slug) if row.state is VoteState.PLANNED else {},
    )
