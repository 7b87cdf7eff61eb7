"""An action as its organizers see it: what is ready, who is reached, how the count stands."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from union.actions import outlook, standing
from union.actions.models import Action
from union.actions.queries.board import Numbers, lesson, numbers, tallies
from union.actions.queries.cards import ActionCard, card_of
from union.actions.queries.page import DebriefView, debrief_view, found
from union.actions.queries.votes import VoteView, votes
from union.actions.rules import chasing, notice, readiness, tally
from union.actions.rules.plan import Plan
from union.actions.rules.planning import Factor, Lesson
from union.actions.rules.reach import Reach
from union.actions.rules.readiness import Check, Gate
from union.actions.rules.states import PLANNING, FiringState, State, may_become
from union.core.actor import Actor
from union.core.permissions import Permission, allow, permits
from union.members import queries as members
from union.members.queries import Contact
from union.notify import queries as notify
from union.notify.queries import Heartbeat, Progress

KINDS = ("briefing", "changed", "start", *chasing.KINDS, "goes_on", "end", "postponed", "called_off")


@dataclass(frozen=True)
class ChapterRow:
    """One chapter of the table. part, out: None for too small to tell; "" is the merged rest."""

    name: str
    active: int
    part: int | None
    out: int | None


@dataclass(frozen=True)
class ZoneRow:
    """One start. told: how many messages went out at it; late: how long after its moment, 0 where in time."""

    zone: str
    starts_at: datetime
    ends_at: datetime | None
    state: FiringState
    told: int
    late: timedelta


@dataclass(frozen=True)
class ConsolePage:
    """All the console shows. blocked: the first reason why the next signature is refused, else None.

    lifted: what `reach` would be without the trial, None for a union that is on none; chapter_lessons: by
    chapter's name, what its past actions teach.
    """

    card: ActionCard
    floor: int
    reason: str
    checks: tuple[Check, ...]
    blocked: Check | None
    armed_by: str
    armed_by_me: bool
    confirmed_by: str
    reach: Reach | None
    lifted: Reach | None
    sms_route: str
    reachable_sms: int
    numbers: Numbers
    lesson: Lesson
    chapter_lessons: tuple[tuple[str, Factor], ...]
    votes: tuple[VoteView, ...]
    chapters: tuple[ChapterRow, ...]
    zones: tuple[ZoneRow, ...]
    messages: tuple[tuple[str, Progress], ...]
    messages_ref: str
    tests: Progress
    heartbeat: Heartbeat | None
    trial: bool
    notice: notice.Notice
    notice_given_at: datetime | None
    briefing_at: datetime
    go_no_go_at: datetime
    briefed_at: datetime | None
    cleared_at: datetime | None
    meeting_code: str
    debrief: DebriefView | None
    may: frozenset[str]


def console(
    session: Session,
    slug: str,
    actor: Actor,
    now: datetime,
    language: str,
    site: str = standing.ANYWHERE,
) -> ConsolePage:
    """Return the console of an action; raises NotFound, and NotAllowed for others than organizers.

    site: where the texts' links begin, for their length.
    """
    action = _for(session, slug, actor, Permission.ACTION_READ)
    taking_part = standing.audience(session, action)
    contacts = members.contacts(session, taking_part)
    facts = outlook.facts(session, action, now=now, asking=actor.member_id, site=site, contacts=contacts)
    checks = readiness.checks(facts)
    names = members.display_names(session, [one for one in (action.armed_by, action.confirmed_by) if one])
    taught = lesson(session, action.kind, without=action.id)
    chapters = {one.slug: one.name for one in members.chapters(session)}
    return ConsolePage(
        card=card_of(session, action),
        floor=action.floor,
        reason=standing.reason_in(action, language),
        checks=checks,
        blocked=_blocked(action, checks),
        armed_by=names.get(action.armed_by or "", ""),
        armed_by_me=action.armed_by is not None and action.armed_by == actor.member_id,
        confirmed_by=names.get(action.confirmed_by or "", ""),
        reach=facts.reach,
        lifted=outlook.reach_of(session, contacts, action, now=now, site=site, lifted=True)
        if facts.trial
        else None,
        sms_route=action.sms_route,
        reachable_sms=facts.reach.texts if facts.reach else 0,
        numbers=numbers(session, action, taking_part),
        lesson=taught,
        chapter_lessons=tuple(
            (chapters[slug], factor) for slug, factor in taught.chapters.items() if slug in chapters
        ),
        votes=votes(session, action),
        chapters=chapter_rows(session, action, contacts),
        zones=tuple(
            ZoneRow(row.zone, row.starts_at, row.ends_at, row.state, row.told, standing.late(row))
            for row in standing.firings(session, action)
        ),
        messages=messages(session, action),
        messages_ref=standing.ref_of(action),
        tests=notify.progress(session, standing.test_ref_of(action, actor.member_id or "")),
        heartbeat=notify.heartbeat(session, standing.SCHEDULER),
        trial=facts.trial,
        notice=facts.notice,
        notice_given_at=action.notice_given_at,
        briefing_at=action.briefing_at,
        go_no_go_at=action.go_no_go_at,
        briefed_at=action.briefed_at,
        cleared_at=action.cleared_at,
        meeting_code=action.meeting_code,
        debrief=debrief_view(session, action, published_only=False),
        may=_may(action, actor),
    )


def _for(session: Session, slug: str, actor: Actor, permission: Permission) -> Action:
    """Return the row for an actor who may do that where the action is held."""
    allow(actor, permission, *actor.places)
    action = found(session, slug)
    allow(actor, permission, *standing.places(action))
    return action


def _blocked(action: Action, checks: tuple[Check, ...]) -> Check | None:
    """Return why the next signature is refused; None when it can be given."""
    missing = readiness.failing(checks, without=[Gate.ORGANIZERS])
    return missing[0] if missing and action.state is State.SCHEDULED else None


NEEDS = {
    "arm": (Permission.ACTION_ARM,),
    "confirm": (Permission.ACTION_ARM,),
    "test": (Permission.ACTION_ARM,),
    "disarm": (Permission.ACTION_CANCEL,),
    "postpone": (Permission.ACTION_CANCEL,),
    "cancel": (Permission.ACTION_CANCEL,),
    "end": (Permission.ACTION_CANCEL,),
    "vote": (Permission.ACTION_PLAN, Permission.BALLOT_PLAN),
    "launch": (Permission.ACTION_PLAN, Permission.BALLOT_RUN),
}
"""What a button asks of who presses it; planning where it is not listed."""


def _may(action: Action, actor: Actor) -> frozenset[str]:
    """Return the buttons that make sense in the action's state and that `actor` may press."""
    state = action.state
    found_ = {
        "edit": state in PLANNING,
        "authorize": state is State.DRAFT,
        "schedule": state is State.AUTHORIZED,
        "arm": state is State.SCHEDULED and action.armed_by is None,
        "confirm": state is State.SCHEDULED and action.armed_by is not None,
        "disarm": state is State.ARMED or (state is State.SCHEDULED and action.armed_by is not None),
        "test": state in {State.AUTHORIZED, State.SCHEDULED, State.ARMED},
        "notice": state in PLANNING,
        "vote": state in PLANNING,
        "launch": state is State.LIVE,
        "postpone": may_become(state, State.POSTPONED),
        "cancel": may_become(state, State.CANCELLED),
        "end": state is State.LIVE,
        "paper": state is State.LIVE,
        "debrief": state in {State.ENDED, State.DEBRIEFED},
    }
    return frozenset(
        name
        for name, holds in found_.items()
        if holds
        and all(
            permits(actor, need, *standing.places(action))
            for need in NEEDS.get(name, (Permission.ACTION_PLAN,))
        )
    )


def chapter_rows(session: Session, action: Action, contacts: list[Contact]) -> tuple[ChapterRow, ...]:
    """Return the table by chapter.

    Small cells are merged for organizers as for everybody: exact for nobody.
    """
    active: Counter[str] = Counter()
    for target in action.targets:
        active.update(members.active_by_chapter(session, target))
    part = Counter(one.chapter_slug for one in contacts)
    part_shown = {
        cell.chapter: cell.count for cell in tally.cells({slug: part[slug] for slug in {*active, *part}})
    }
    out = {row.chapter_slug: row.out for row in tallies(session, action)}
    out_shown = {cell.chapter: cell.count for cell in tally.cells(out)}
    names = {one.slug: one.name for one in members.chapters(session)}
    rows = [
        ChapterRow(names[slug], active[slug], part_shown.get(slug), out_shown.get(slug))
        for slug in names
        if active[slug] or part[slug]
    ]
    rest = active.get("", 0)
    if tally.OTHER in part_shown or tally.OTHER in out_shown or rest:
        rows.append(ChapterRow("", rest, part_shown.get(tally.OTHER), out_shown.get(tally.OTHER)))
    return tuple(rows)


def messages(session: Session, action: Action) -> tuple[tuple[str, Progress], ...]:
    """Return how far each kind of message of this version is, those that were written."""
    found_ = ((kind, notify.progress(session, standing.ref_of(action), [kind])) for kind in KINDS)
    return tuple((kind, progress) for kind, progress in found_ if progress.total)


def plan_of(session: Session, slug: str, actor: Actor) -> tuple[ActionCard, Plan]:
    """Return the plan as it stands, to be edited."""
    row = _for(session, slug, actor, Permission.ACTION_PLAN)

    def minutes(at: datetime) -> int:
        return int((row.starts_at - at).total_seconds() // 60)

    facts: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "kind",
            "title",
            "summary",
            "wall_start",
            "wall_end",
            "zone",
            "floor",
            "mode",
            "escalation",
            "announced",
            "to_act",
            "sms_route",
            "place",
            "show_delay",
        )
    }
    return card_of(session, row), Plan(
        targets=tuple(row.targets),
        steps=tuple(row.steps),
        before=tuple(row.before),
        briefing=minutes(row.briefing_at),
        decision=minutes(row.go_no_go_at),
        chase=row.chase_every,
        chapter=row.chapter_slug,
        **facts,
    )


def live_numbers(session: Session, slug: str, actor: Actor) -> tuple[Numbers, Heartbeat | None]:
    """Return what the console polls."""
    action = _for(session, slug, actor, Permission.ACTION_READ)
    return numbers(session, action), notify.heartbeat(session, standing.SCHEDULER)


@dataclass(frozen=True)
class Overview:
    """An action in short, for the command line."""

    card: ActionCard
    checks: tuple[Check, ...]
    numbers: Numbers
    messages: tuple[tuple[str, Progress], ...]


def overview(session: Session, slug: str, now: datetime) -> Overview:
    """Return how an action stands, whoever asks; raises NotFound."""
    action = found(session, slug)
    checks = readiness.checks(outlook.facts(session, action, now=now))
    return Overview(card_of(session, action), checks, numbers(session, action), messages(session, action))
