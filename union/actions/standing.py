"""How an action stands: who takes part, under which mandate, and what readiness is judged by.

Reads rows for `service` and `queries` alike; writes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from union.actions.models import Action, ActionChoice, ActionVote, ActionZoneFiring, CheckinOnce
from union.actions.rules import chasing, readiness, tally, windows
from union.actions.rules.going_on import hours
from union.actions.rules.retaliation import WATCH
from union.actions.rules.states import Choice, FiringState, Mark, Mode, VoteState
from union.ballots import queries as ballots
from union.campaigns import queries as campaigns
from union.campaigns.queries.page import my_pledge
from union.core.actor import Actor, Place, PlaceKind
from union.core.i18n import msg, translate, when
from union.core.zones import NoSuchLocalTime
from union.members import queries as members
from union.notify import queries as notify

SCHEDULER = "scheduler"
"""The process whose heartbeat must be fresh."""

LATE = timedelta(seconds=5)
"""A start that comes so long after its moment is told as late."""

BRIEFING = "actions/briefing"
ANYWHERE = "https://as-long-as-most-addresses.example"
"""Stands for our own address in a forecast whose asker does not know it."""

UNTIL_CALLED_OFF = msg("until we call it off")
SAME_EVERYWHERE = msg("the same local time everywhere")


def ref_of(action: Action) -> str:
    """Return what the messages of this version are about, for `notify`."""
    return f"action:{action.slug}:v{action.version}"


def test_ref_of(action: Action, member_id: str) -> str:
    """Return what an organizer's test message of this version is about."""
    return f"test:{action.slug}:v{action.version}:{member_id[:8]}"


def places(action: Action) -> tuple[Place, ...]:
    """Return where the action is held, as `allow` takes it: its campaign, and its chapter if it has one."""
    return places_of(action.campaign_id, action.chapter_slug)


def places_of(campaign_id: str, chapter_slug: str) -> tuple[Place, ...]:
    """Return where an action of a campaign would be held. chapter_slug: "" for everybody's."""
    campaign = Place(PlaceKind.CAMPAIGN, campaign_id)
    return (campaign, Place(PlaceKind.CHAPTER, chapter_slug)) if chapter_slug else (campaign,)


def places_on_paper(action: Action, chapter_slug: str) -> tuple[Place, ...]:
    """Return where somebody must organize to count a chapter's paper list.

    Where the action is held; and in an action that calls every chapter, that chapter.
    """
    own = () if action.chapter_slug else (Place(PlaceKind.CHAPTER, chapter_slug),)
    return (*places(action), *own)


def called(session: Session, action: Action) -> list[str]:
    """Return the active members whom the campaign calls to it: those of its chapter, if it has one."""
    here = set(members.eligible(session, chapter_slug=action.chapter_slug or None))
    return [one for one in campaigns.called(session, action.campaign_id) if one in here]


def audience(session: Session, action: Action) -> list[str]:
    """Return the active members who take part now.

    Called by their pledge or in by choice, and not out by choice.
    """
    asked = set(called(session, action))
    said = choices(session, action)
    joined = {member_id for member_id, choice in said.items() if choice is Choice.IN}
    left = {member_id for member_id, choice in said.items() if choice is Choice.OUT}
    return [one for one in members.eligible(session) if one in asked or one in joined if one not in left]


def choices(session: Session, action: Action) -> dict[str, Choice]:
    """Return what members said.

    Those who left stay out in every version, those who joined said so for this one.
    """
    rows = session.execute(
        select(ActionChoice.member_id, ActionChoice.choice, ActionChoice.version).where(
            ActionChoice.action_id == action.id
        )
    )
    return {one: choice for one, choice, version in rows if choice is Choice.OUT or version == action.version}


def takes_part(session: Session, action: Action, member_id: str) -> bool:
    """Tell whether one active member takes part now."""
    said = session.get(ActionChoice, (action.id, member_id))
    if said is not None and said.choice is Choice.OUT:
        return False
    if said is not None and said.version == action.version:
        return True
    mine = my_pledge(session, action.campaign_id, Actor(member_id=member_id, active=True))
    if mine is None or mine.called is not True:
        return False
    return not action.chapter_slug or members.chapter_of(session, member_id) == action.chapter_slug


def said_in(session: Session, action: Action, member_id: str) -> bool:
    """Tell whether the member said "I'm in" to this very version."""
    said = session.get(ActionChoice, (action.id, member_id))
    return said is not None and said.choice is Choice.IN and said.version == action.version


def mandate_facts(session: Session, action: Action) -> readiness.MandateFacts | None:
    """Return the mandate in force at the start, else the campaign's newest, whose dates tell what is wrong.

    None when there is none at all, or the campaign has ended.
    """
    found = campaigns.mandate_in_force(session, action.campaign_id, action.starts_at)
    if found is None and not campaign_ended(session, action.campaign_id):
        # Newest first; one that had to begin by a date and did not is as good as expired on that date.
        found = next(iter(campaigns.mandates_of(session, action.campaign_id)), None)
    if found is None:
        return None
    expires_at = found.expires_at
    if found.must_start_by is not None and found.used_at is None:
        expires_at = min(expires_at, found.must_start_by)
    return readiness.MandateFacts(found.ballot_slug, found.granted_at, expires_at)


def campaign_ended(session: Session, campaign_id: str) -> bool:
    """Tell whether the campaign is won or closed."""
    return campaigns.card_by_id(session, campaign_id).ended_at is not None


def over_at() -> ColumnElement[datetime]:
    """Select when an action was over, put off or called off; of one that is not, when it is planned to be."""
    return func.coalesce(Action.ended_at, Action.ends_at, Action.starts_at)


def watched(action: Action, now: datetime) -> bool:
    """Tell whether members may still say that the platform hit back: thirty days after what did start."""
    ended, fired = action.ended_at, action.fired_at is not None
    return fired and ended is not None and ended <= now < ended + WATCH


def roll(session: Session, action: Action) -> int:
    """Return how many active members the action may concern: those with one of its targets, where it is."""
    if len(action.targets) == 1 and not action.chapter_slug:
        return members.count_active(session, action.targets[0])
    return roll_of(session, action.targets, action.chapter_slug)


def roll_of(session: Session, targets: Iterable[str], chapter_slug: str) -> int:
    """Return how many active members have one of `targets`, in the chapter if there is one."""
    here = chapter_slug or None
    return len(
        set().union(*(members.eligible(session, platform_slug=one, chapter_slug=here) for one in targets))
    )


def fields_of(
    action: Action, window: windows.Window, language: str, zone: str, site: str
) -> dict[str, str | int]:
    """Return what the texts may name.

    The start and end in the member's zone and in the action's, link, reason.
    """
    everywhere = action.mode is Mode.WALL_CLOCK
    here = window.zone if everywhere else zone
    end = when(window.ends_at, here, language) if window.ends_at else translate(language, UNTIL_CALLED_OFF)
    official = (
        translate(language, SAME_EVERYWHERE) if everywhere else when(action.starts_at, action.zone, language)
    )
    return {
        "title": action.title,
        "start": when(window.starts_at, here, language),
        "official": official,
        "end": end,
        "link": f"{site}/actions/{action.slug}",
        "reason": reason_in(action, language),
    }


def tested(session: Session, action: Action, signers: set[str]) -> Mapping[str, bool]:
    """Return for each organizer whether a test message of this version was handed over."""
    found = {one: notify.progress(session, test_ref_of(action, one)) for one in signers}
    return {one: progress.accepted + progress.delivered > 0 for one, progress in found.items()}


def firings(session: Session, action: Action) -> list[ActionZoneFiring]:
    """Return the action's starts, first one first."""
    rows = session.scalars(select(ActionZoneFiring).where(ActionZoneFiring.action_id == action.id))
    return sorted(rows, key=lambda row: (row.starts_at, row.zone))


def late(row: ActionZoneFiring) -> timedelta:
    """Return how long after its moment a start came; 0 for one in time and for one that has not come."""
    behind = (row.fired_at or row.starts_at) - row.starts_at
    return behind if behind >= LATE else timedelta(0)


def windows_of(session: Session, action: Action, zones: Collection[str] = ()) -> tuple[windows.Window, ...]:
    """Return the action's windows as armed, or as they would be for its own zone while it is only planned.

    zones: where members live, for a plan in which each zone has its own; skipped where a clock change leaves
    one without, which arming refuses.
    """
    rows = firings(session, action)
    if rows:
        return tuple(windows.Window(row.zone, row.starts_at, row.ends_at) for row in rows)
    try:
        return windows.plan(action.mode, action.wall_start, action.wall_end, action.zone, zones)
    except NoSuchLocalTime:
        return windows.plan(action.mode, action.wall_start, action.wall_end, action.zone)


def counted(session: Session, action: Action, mark: Mark, member_id: str) -> bool:
    """Tell whether the member was counted; always False once the action has ended."""
    if action.checkin_key is None:
        return False
    digest = tally.mark_of(action.checkin_key, mark, member_id)
    return session.get(CheckinOnce, (action.id, mark, digest)) is not None


def reason_in(action: Action, language: str) -> str:
    """Return why the action was put off or called off, in `language`; empty without a reason."""
    if not action.reason:
        return ""
    return translate(language, action.reason["text"], **action.reason["facts"])


def show_due(action: Action, now: datetime) -> bool:
    """Tell whether the public numbers of a live action lag by more than the chosen delay."""
    since = action.shown_at or action.fired_at or now
    return action.show_delay > 0 and now - since >= timedelta(minutes=action.show_delay)


def chase_due(action: Action, row: ActionZoneFiring, now: datetime) -> bool:
    """Tell whether a reminder of the steps is due where it runs."""
    due_at = chasing.due_at(row.starts_at, action.chase_every, row.chased)
    return row.state is FiringState.LIVE and due_at is not None and due_at <= now


def votes(session: Session, action: Action) -> list[ActionVote]:
    """Return the votes planned with the action, in their order."""
    query = select(ActionVote).where(ActionVote.action_id == action.id).order_by(ActionVote.number)
    return list(session.scalars(query))


def vote_due(session: Session, action: Action, row: ActionVote, now: datetime) -> bool:
    """Tell whether the clock opens a vote now: it is time, and its keys are there."""
    if row.state is not VoteState.PLANNED or not row.by_clock or action.fired_at is None:
        return False
    if hours(action.starts_at, row.after, row.window).opens_at > now:
        return False
    return not ballots.keys_missing(session, row.ballot_slug)


def held(session: Session, action: Action) -> bool:
    """Tell whether the action goes on past its end because a vote on it is not counted yet."""
    return any(row.hold and row.state is VoteState.LAUNCHED for row in votes(session, action))
