"""An action's place on its campaign's page: the start while it is announced, the count while it is live."""

from datetime import datetime

from flask import render_template, url_for
from markupsafe import Markup

from union.actions import queries
from union.actions.queries import LiveBoard
from union.actions.rules.states import State
from union.campaigns import queries as campaigns
from union.campaigns.queries import Turnout
from union.core.actor import Actor
from union.core.db import Session
from union.web import picket
from union.web.i18n import gettext, number, when

UPCOMING = frozenset({State.SCHEDULED, State.ARMED})


def panel(session: Session, campaign_id: str, actor: Actor, now: datetime) -> Markup | None:
    """Return what the campaign page shows of its actions; None for nothing to show."""
    boards = queries.live(session, campaign_id)
    upcoming = queries.upcoming(session, campaign_id, actor, now)
    if not boards and not upcoming:
        return None
    slug = campaigns.card_by_id(session, campaign_id).slug
    return Markup(  # noqa: S704 - the template escapes
        render_template(
            "actions/panel.html",
            boards=[(board, count_words(board), meter_of(board)) for board in boards[:1]],
            upcoming=upcoming,
            actor=actor,
            live_url=url_for(
                "actions.live_json", campaign_slug=slug, action=boards[0].slug if boards else None
            ),
        )
    )


def turnout(session: Session, campaign_id: str) -> Turnout | None:
    """Return who took part in the campaign's latest action, for its four numbers; None before the first."""
    boards = queries.live(session, campaign_id)
    if not boards:
        return None
    return Turnout(boards[0].title, boards[0].out, boards[0].done, boards[0].of)


def count_words(board: LiveBoard) -> dict[str, str | int]:
    """Return the numbers of a board as live.mjs writes them."""
    out = gettext("fewer than 10") if board.out is None else number(board.out)
    done = gettext("fewer than 10") if board.done is None else number(board.done)
    of = gettext("of %(n)s who take part", n=number(board.of))
    as_of = gettext("Counted %(when)s", when=when(board.as_of)) if board.as_of else ""
    strokes = picket.strokes(board.out or 0, board.of)
    return {"out": out, "done": done, "of": of, "as_of": as_of, "strokes": strokes}


def meter_of(board: LiveBoard) -> Markup:
    """Draw the picket meter of those who are out."""
    words = count_words(board)
    title = gettext("%(out)s are out, %(of)s", out=words["out"], of=words["of"])
    return picket.meter(board.out or 0, max(board.of, 1), title=title, live="strokes")
