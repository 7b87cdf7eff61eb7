"""An action as a member sees it: what, when, how, and their own part in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, Debrief, RetaliationReport
from union.actions.queries.board import LiveBoard, Numbers, board_of, numbers
from union.actions.queries.cards import ActionCard, card_of
from union.actions.queries.votes import VoteView, votes
from union.actions.rules import windows
from union.actions.rules.retaliation import SORTS
from union.actions.rules.states import SHOWN, TOLD, FiringState, Mark, Mode, State
from union.actions.rules.tally import SMALL
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.members import queries as members
from union.platforms import queries as platforms


@dataclass(frozen=True)
class DebriefView:
    """What an action came to. by_chapter: (chapter slug, count or None for too small).

    retaliation: (what, how many), sorts with fewer than ten reports left out.
    """

    numbers: Numbers
    by_chapter: tuple[tuple[str, int | None], ...]
    went_well: str
    went_badly: str
    learn: str
    published: bool
    written_at: datetime | None
    retaliation: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ActionPage:
    """All a member's page shows. live_here: it runs where the reader lives. reason: why it is off.

    paper: the reader may count paper lists. votes: planned with it; held: it goes on past its end until
    one of them is counted.

    retaliation: (what, how many), sorts with fewer than ten reports left out.
    """

    card: ActionCard
    summary: str
    before: tuple[str, ...]
    steps: tuple[str, ...]
    escalation: str
    votes: tuple[VoteView, ...]
    held: bool
    targets: tuple[str, ...]
    official_start: datetime
    everywhere_local: bool
    reason: str
    can_choose: bool
    said: bool
    live_here: bool
    paper: bool
    out: bool
    done: bool
    board: LiveBoard | None
    debrief: DebriefView | None
    watching: bool
    retaliation: tuple[tuple[str, int], ...]


def found(session: Session, slug: str) -> Action:
    """Return the row; raises NotFound."""
    action = session.scalar(select(Action).where(Action.slug == slug))
    if action is None:
        raise NotFound(msg("There is no such action."))
    return action


def action_page(session: Session, slug: str, actor: Actor, now: datetime, language: str) -> ActionPage:
    """Return the action as `actor` sees it.

    Raises NotFound for one that is not planned yet, save to organizers.
    """
    action = found(session, slug)
    if action.state not in SHOWN and not permits(actor, Permission.ACTION_PLAN, *standing.places(action)):
        raise NotFound(msg("There is no such action."))
    member_id = actor.member_id or ""
    mine = standing.takes_part(session, action, member_id)
    here = windows.window_of(standing.windows_of(session, action), actor.zone)
    return ActionPage(
        card=card_of(session, action, zone=actor.zone, mine=mine),
        summary=action.summary,
        before=tuple(action.before),
        steps=tuple(action.steps),
        escalation=action.escalation,
        votes=votes(session, action),
        held=action.state is State.LIVE
        and action.ends_at is not None
        and action.ends_at <= now
        and standing.held(session, action),
        targets=tuple(platforms.platform_card(session, one).name for one in action.targets),
        official_start=action.starts_at,
        everywhere_local=action.mode is Mode.WALL_CLOCK,
        reason=standing.reason_in(action, language),
        can_choose=action.state in TOLD,
        said=standing.said_in(session, action, member_id),
        paper=action.state is State.LIVE and bool(_counted_by(session, action, actor)),
        live_here=mine and _runs_in(session, action, here.zone),
        out=standing.counted(session, action, Mark.OUT, member_id),
        done=standing.counted(session, action, Mark.DONE, member_id),
        board=board_of(session, action) if action.fired_at and action.state is not State.POSTPONED else None,
        debrief=debrief_view(session, action, published_only=True),
        watching=standing.watched(action, now),
        retaliation=retaliation(session, action),
    )


@dataclass(frozen=True)
class OnPaper:
    """For which chapters somebody may count paper lists: slug → name. console: may open the console too."""

    card: ActionCard
    chapters: dict[str, str]
    console: bool


def on_paper(session: Session, slug: str, actor: Actor) -> OnPaper:
    """Return what somebody may count on paper; raises NotFound, and NotAllowed for no chapter at all."""
    allow(actor, Permission.ACTION_PLAN, *actor.places)
    action = found(session, slug)
    chapters = _counted_by(session, action, actor)
    if not chapters:
        allow(actor, Permission.ACTION_PLAN, *standing.places(action))
    reads = permits(actor, Permission.ACTION_READ, *standing.places(action))
    return OnPaper(card_of(session, action), chapters, reads)


def _counted_by(session: Session, action: Action, actor: Actor) -> dict[str, str]:
    return {
        one.slug: one.name
        for one in members.chapters(session)
        if permits(actor, Permission.ACTION_PLAN, *standing.places_on_paper(action, one.slug))
    }


def _runs_in(session: Session, action: Action, zone: str) -> bool:
    return action.state is State.LIVE and any(
        row.zone == zone and row.state is FiringState.LIVE for row in standing.firings(session, action)
    )


def debrief_view(session: Session, action: Action, *, published_only: bool) -> DebriefView | None:
    """Return the debrief once there is one (that is published)."""
    row = session.get(Debrief, action.id)
    if row is None or (published_only and not row.published):
        return None
    return DebriefView(
        numbers(session, action), tuple((str(chapter), count) for chapter, count in row.by_chapter),
        row.went_well, row.went_badly, row.learn, row.published, row.written_at,
        retaliation(session, action),
    )  # fmt: skip


def debrief_page(session: Session, slug: str, actor: Actor) -> tuple[ActionCard, DebriefView]:
    """Return the published debrief, or to organizers any; raises NotFound without one."""
    action = found(session, slug)
    plans = permits(actor, Permission.ACTION_PLAN, *standing.places(action))
    view = debrief_view(session, action, published_only=not plans)
    if view is None:
        raise NotFound(msg("There is no debrief of this action yet."))
    return card_of(session, action), view


def retaliation(session: Session, action: Action) -> tuple[tuple[str, int], ...]:
    """Return the reports of each sort that ten or more members made."""
    rows = session.scalars(select(RetaliationReport).where(RetaliationReport.action_id == action.id))
    return tuple((SORTS[row.sort], row.count) for row in rows if row.sort in SORTS and row.count >= SMALL)
