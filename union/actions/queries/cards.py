"""Actions in lists, and what is due: for the member's page, the organizer's console and the clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionVote, ActionZoneFiring
from union.actions.rules import windows
from union.actions.rules.kits import KITS
from union.actions.rules.retaliation import WATCH
from union.actions.rules.states import (
    SHOWN,
    STATE_NAMES,
    STATE_TAGS,
    TOLD,
    FiringState,
    Kind,
    Mark,
    Mode,
    State,
    VoteState,
)
from union.campaigns import queries as campaigns
from union.core.actor import Actor
from union.core.permissions import Permission, permits
from union.members import queries as members

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class ActionCard:
    """One action in a list.

    starts_at, ends_at: where the reader lives. chapter: the name of the only one it calls. mine: takes part.
    next: what to do now.

    next: "look", "check_in", "complete", "watch" or "" for nothing.
    """

    id: str
    slug: str
    title: str
    kind: Kind
    kind_name: str
    state: State
    state_name: str
    tag: str
    mode: Mode
    zone: str
    starts_at: datetime
    ends_at: datetime | None
    campaign_id: str
    campaign_slug: str
    campaign_title: str
    version: int
    chapter: str = ""
    mine: bool = False
    next: str = ""


def card_of(
    session: Session, action: Action, *, zone: str | None = None, mine: bool = False, next_: str = ""
) -> ActionCard:
    """Return the card of a row.

    zone: where the reader lives, for an action at the same local time everywhere.
    """
    campaign = campaigns.card_by_id(session, action.campaign_id)
    window = windows.window_of(standing.windows_of(session, action), zone or action.zone)
    return ActionCard(
        id=action.id,
        slug=action.slug,
        title=action.title,
        kind=action.kind,
        kind_name=KITS[action.kind].name,
        state=action.state,
        state_name=STATE_NAMES[action.state],
        tag=STATE_TAGS[action.state],
        mode=action.mode,
        zone=action.zone,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        campaign_id=action.campaign_id,
        campaign_slug=campaign.slug,
        campaign_title=campaign.title,
        version=action.version,
        chapter=chapter_name(session, action.chapter_slug),
        mine=mine,
        next=next_,
    )


def chapter_name(session: Session, slug: str) -> str:
    """Return the name of a chapter, empty for none."""
    return next((one.name for one in members.chapters(session) if one.slug == slug), slug) if slug else ""


def mine(session: Session, member_id: str, now: datetime) -> list[ActionCard]:
    """Return a member's actions that are coming, live, or over for less than the watch, next first."""
    rows = session.scalars(
        select(Action)
        .where(
            Action.state.in_(SHOWN),
            or_(Action.state.in_(TOLD), standing.over_at() > now - 2 * WATCH),
        )
        .order_by(Action.starts_at)
    )
    found = members.contacts(session, [member_id])
    zone = found[0].zone if found else None
    cards = []
    for row in rows:
        if not _recent(row, now) or not standing.takes_part(session, row, member_id):
            continue
        cards.append(card_of(session, row, zone=zone, mine=True, next_=_next(session, row, member_id, now)))
    return cards


def _recent(row: Action, now: datetime) -> bool:
    if row.state in {State.ENDED, State.DEBRIEFED}:
        return standing.watched(row, now)
    if row.state in {State.CANCELLED, State.POSTPONED}:
        return now < row.starts_at + RECENT
    return True


def _next(session: Session, row: Action, member_id: str, now: datetime) -> str:
    if row.state in {State.SCHEDULED, State.ARMED}:
        return "look"
    if row.state is State.LIVE:
        if not standing.counted(session, row, Mark.OUT, member_id):
            return "check_in"
        return "" if standing.counted(session, row, Mark.DONE, member_id) else "complete"
    return "watch" if standing.watched(row, now) else ""


def listing(
    session: Session,
    *,
    campaign_id: str | None = None,
    states: Collection[State] = (),
    actor: Actor | None = None,
) -> list[ActionCard]:
    """Return all actions (of a campaign, in some states), the latest start first; for organizers.

    actor: only those held where this actor runs them.
    """
    query = select(Action).order_by(Action.starts_at.desc()).limit(200)
    if campaign_id is not None:
        query = query.where(Action.campaign_id == campaign_id)
    if states:
        query = query.where(Action.state.in_(states))
    return [
        card_of(session, row)
        for row in session.scalars(query)
        if actor is None or permits(actor, Permission.ACTION_READ, *standing.places(row))
    ]


def where_planned(session: Session, campaign_id: str, actor: Actor) -> dict[str, str]:
    """Return for whom the actor may plan in a campaign: slug → name of a chapter, "" → "" for everybody."""
    chapters = {one.slug: one.name for one in members.chapters(session)}
    return {
        slug: name
        for slug, name in {"": "", **chapters}.items()
        if permits(actor, Permission.ACTION_PLAN, *standing.places_of(campaign_id, slug))
    }


@dataclass(frozen=True)
class Due:
    """The actions the clock must look at now, by what is due."""

    brief: tuple[str, ...]
    decide: tuple[str, ...]
    lapse: tuple[str, ...]
    fire: tuple[str, ...]
    end: tuple[str, ...]
    show: tuple[str, ...]
    chase: tuple[str, ...]
    launch: tuple[str, ...]
    settle: tuple[str, ...]


def due(session: Session, now: datetime) -> Due:
    """Return what is due. Cheap: the clock asks every second; each verb looks again under its lock."""
    rows = session.scalars(
        select(Action).where(Action.state.in_([State.SCHEDULED, State.ARMED, State.LIVE]))
    ).all()
    armed = [row for row in rows if row.state is State.ARMED]
    starting = set(
        session.scalars(
            select(ActionZoneFiring.action_id).where(
                ActionZoneFiring.state == FiringState.WAITING, ActionZoneFiring.starts_at <= now
            )
        )
    )
    ending = set(
        session.scalars(
            select(ActionZoneFiring.action_id).where(
                ActionZoneFiring.state == FiringState.LIVE, ActionZoneFiring.ends_at <= now
            )
        )
    )
    return Due(
        brief=tuple(
            row.slug for row in armed if row.briefed_at is None and row.briefing_at <= now < row.starts_at
        ),
        decide=tuple(row.slug for row in armed if row.cleared_at is None and row.go_no_go_at <= now),
        lapse=tuple(row.slug for row in rows if row.state is State.SCHEDULED and row.starts_at <= now),
        fire=tuple(row.slug for row in rows if row.id in starting and row.state is not State.SCHEDULED),
        end=tuple(
            row.slug
            for row in rows
            if row.state is State.LIVE
            and (row.id in ending or (row.mandate_expires_at is not None and row.mandate_expires_at <= now))
        ),
        show=tuple(row.slug for row in rows if row.state is State.LIVE and standing.show_due(row, now)),
        **_due_while_live(session, [row for row in rows if row.state is State.LIVE], now),
        settle=_to_settle(session),
    )


def answers(session: Session) -> None:
    """Return once the database answers: what time it is for a step is asked after that."""
    session.execute(select(1))


def overtaken(session: Session, slug: str, *, since: datetime, now: datetime) -> bool:
    """Tell whether a start made at `since` is over by `now`: the database stood still in between."""
    if now == since:
        return False
    query = select(ActionZoneFiring.zone).join(Action, Action.id == ActionZoneFiring.action_id)
    begun = ActionZoneFiring.state == FiringState.LIVE, ActionZoneFiring.fired_at == since
    over = query.where(Action.slug == slug, *begun, ActionZoneFiring.ends_at <= now)
    return session.scalars(over.limit(1)).first() is not None


def _due_while_live(session: Session, rows: list[Action], now: datetime) -> dict[str, tuple[str, ...]]:
    chased = [row for row in rows if row.chase_every]
    return {
        "chase": tuple(
            row.slug
            for row in chased
            if any(standing.chase_due(row, one, now) for one in standing.firings(session, row))
        ),
        "launch": tuple(
            row.slug
            for row in rows
            if any(standing.vote_due(session, row, vote, now) for vote in standing.votes(session, row))
        ),
    }


def _to_settle(session: Session) -> tuple[str, ...]:
    """Return the actions with a vote under way, and live ones whose refused vote may be held again."""
    under_way = ActionVote.state == VoteState.LAUNCHED
    refused = (ActionVote.state == VoteState.REFUSED) & (Action.state == State.LIVE)
    query = select(Action.slug).join(ActionVote, ActionVote.action_id == Action.id).where(under_way | refused)
    return tuple(session.scalars(query.distinct().order_by(Action.slug)))


def titles(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Return slug → title of those actions that there are."""
    rows = session.execute(select(Action.slug, Action.title).where(Action.slug.in_(slugs)))
    return {row.slug: row.title for row in rows}


def by_wall_clock(session: Session) -> tuple[str, ...]:
    """Return the armed and live actions that start at one local time everywhere."""
    chosen = select(Action.slug).where(
        Action.state.in_([State.ARMED, State.LIVE]), Action.mode == Mode.WALL_CLOCK
    )
    return tuple(session.scalars(chosen))


def next_moment(session: Session, now: datetime) -> datetime | None:
    """Return the earliest start or end still ahead of `now`, None where nothing is planned."""
    starts = select(func.min(ActionZoneFiring.starts_at)).where(
        ActionZoneFiring.state == FiringState.WAITING, ActionZoneFiring.starts_at > now
    )
    ends = select(func.min(ActionZoneFiring.ends_at)).where(
        ActionZoneFiring.state == FiringState.LIVE, ActionZoneFiring.ends_at > now
    )
    return min((at for at in (session.scalar(starts), session.scalar(ends)) if at is not None), default=None)


def upcoming(session: Session, campaign_id: str, actor: Actor, now: datetime) -> list[ActionCard]:
    """Return the campaign's actions to come that `actor` may know of: announced ones, and their own."""
    rows = session.scalars(
        select(Action)
        .where(Action.campaign_id == campaign_id, Action.state.in_([State.SCHEDULED, State.ARMED]))
        .order_by(Action.starts_at)
    )
    found = []
    for row in rows:
        mine_ = actor.active and standing.takes_part(session, row, str(actor.member_id))
        if row.starts_at > now and (row.announced or mine_):
            found.append(card_of(session, row, zone=actor.zone, mine=mine_))
    return found
