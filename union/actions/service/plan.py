"""Plan an action: draft it, change it, tie it to a mandate, put it on the calendar, record the notice given.

A change of time or target is a new version: whoever was told is asked again, whoever had signed must sign
again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, CheckinPulse, CheckinTally
from union.actions.rules import notice, readiness, windows
from union.actions.rules.pacing import CHOICES
from union.actions.rules.plan import Plan
from union.actions.rules.states import PLANNING, REFUSED_IN, Mode, State
from union.actions.service import common, votes
from union.audit import service as audit
from union.campaigns import queries as campaigns
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.platforms import queries as platforms

SLUG_LENGTH = 28
RESERVED = {"new", "live"}
_CODE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class _Times:
    starts_at: datetime
    ends_at: datetime | None
    briefing_at: datetime
    go_no_go_at: datetime


def draft(session: Session, *, actor: Actor, now: datetime, campaign_slug: str, plan: Plan) -> str:
    """Write down a new action of a campaign and return its slug; authorized at once under a mandate in force.

    Raises Invalid for what cannot be (with the field), NoSuchLocalTime with candidates around a clock change.
    """
    allow(actor, Permission.ACTION_PLAN, *actor.places)
    campaign = campaigns.card(session, campaign_slug)
    allow(actor, Permission.ACTION_PLAN, *standing.places_of(campaign.id, plan.chapter))
    action = Action(
        id=new_id(),
        slug=_free_slug(session, plan.title),
        campaign_id=campaign.id,
        state=State.DRAFT,
        version=1,
        created_by=actor.member_id or "",
        created_at=now,
        meeting_code="".join(secrets.choice(_CODE) for _ in range(6)),
    )
    _write(session, action, plan, now)
    if action.starts_at <= now:
        raise Invalid(msg("The start has passed. Choose a later one."), field="wall_start")
    session.add(action)
    session.flush()
    _take_mandate(session, action)
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="action.draft", subject=f"action/{action.slug}", kind=plan.kind
    )
    return action.slug


def edit(session: Session, *, actor: Actor, now: datetime, slug: str, plan: Plan, site: str) -> int:
    """Change a planned action and return its version.

    Any change takes both signatures off. A change of time, target or kind after members were told makes a new
    version: what was to be sent is cancelled, all hands are told, and who joined by choice is asked again.
    Raises Closed for an action that runs or is over.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state not in PLANNING:
        raise Closed(msg("An action that runs or is over cannot be changed; it can only be called off."))
    before = _material(action)
    allow(actor, Permission.ACTION_PLAN, *standing.places_of(action.campaign_id, plan.chapter))
    told = action.state in {State.SCHEDULED, State.ARMED, State.POSTPONED}
    asked = standing.audience(session, action) if told else []
    old_ref = standing.ref_of(action)
    was_briefed = action.briefed_at
    _write(session, action, plan, now)
    common.unsign(action)
    common.clear_firings(session, action)
    if action.state is State.ARMED:
        action.state = State.SCHEDULED
    votes.move(session, action, actor=actor, now=now)
    if _material(action) != before and told:
        action.version += 1
        action.notice_given_at = None
        notify.cancel(session, now=now, ref=old_ref)
        if action.state is not State.POSTPONED:
            notice_ = common.Notice("changed", "actions/changed", action.starts_at)
            common.tell(session, action, notice_, now=now, site=site, member_ids=asked)
    else:
        action.briefed_at = was_briefed
    if action.state is State.POSTPONED and action.starts_at > now:
        _renew(session, action)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.edit",
        subject=f"action/{slug}",
        version=action.version,
        starts_at=action.starts_at.isoformat(),
    )
    return action.version


def authorize(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Tie a draft to the mandate in force at its start; raises NotReady without one."""
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state is not State.DRAFT:
        raise Conflict(REFUSED_IN[action.state])
    if not _take_mandate(session, action):
        held = standing.mandate_facts(session, action)
        readiness.require([readiness.mandate_check(held, action.starts_at, action.zone)])
    audit.record(session, actor=actor, now=now, act="action.authorize", subject=f"action/{slug}")


def schedule(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Put an authorized action on the members' calendar.

    Raises NotReady when the floor can never be met or the mandate does not cover the start, and Closed when
    the start has passed or lies inside the notice period even if notice went out now.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state is not State.AUTHORIZED:
        # An armed action may fall back to being scheduled, but by disarming: never with its signatures kept.
        raise Conflict(REFUSED_IN[action.state])
    _require_ahead(action, now)
    rolled = standing.roll(session, action)
    readiness.require(
        [
            readiness.mandate_check(standing.mandate_facts(session, action), action.starts_at, action.zone),
            # Who takes part is not known yet; only a floor above the roll is hopeless already.
            readiness.floor_check(action.floor, max(action.floor, 0), rolled),
        ]
    )
    _require_notice_possible(action, now)
    common.become(action, State.SCHEDULED)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.schedule",
        subject=f"action/{slug}",
        version=action.version,
        starts_at=action.starts_at.isoformat(),
    )


def give_notice(session: Session, *, actor: Actor, now: datetime, slug: str, given_at: datetime) -> None:
    """Record when the other side was given notice of this version; raises Invalid for a moment to come."""
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state not in PLANNING:
        raise Closed(msg("Notice is recorded before an action starts."))
    if given_at > now:
        raise Invalid(msg("Notice cannot have been given in the future."), field="given_at")
    action.notice_given_at = given_at
    if action.armed_by:
        common.unsign(action)
        action.state = State.SCHEDULED
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.give_notice",
        subject=f"action/{slug}",
        given_at=given_at.isoformat(),
    )


def _write(session: Session, action: Action, plan: Plan, now: datetime) -> None:
    """Put the plan on the row, once it is known to be possible."""
    _check(session, plan)
    times = _times(session, action, plan)
    if plan.floor > (rolled := standing.roll_of(session, plan.targets, plan.chapter)):
        raise Invalid(
            msg("The floor of %(floor)s is above the roll of %(roll)s members, so it can never be met."),
            field="floor",
            floor=plan.floor,
            roll=rolled,
        )
    if action.state is not State.POSTPONED and times.starts_at <= now:
        raise Invalid(msg("The start has passed. Choose a later one."), field="wall_start")
    action.kind, action.title, action.summary = plan.kind, plan.title.strip(), plan.summary.strip()
    action.targets, action.before, action.steps = list(plan.targets), list(plan.before), list(plan.steps)
    action.escalation, action.announced = plan.escalation.strip(), plan.announced
    action.mode, action.zone = plan.mode, plan.zone
    action.wall_start, action.wall_end = plan.wall_start, plan.wall_end or None
    action.starts_at, action.ends_at = times.starts_at, times.ends_at
    action.briefing_at, action.go_no_go_at = times.briefing_at, times.go_no_go_at
    action.floor, action.to_act, action.sms_route = plan.floor, plan.to_act, plan.sms_route
    action.place, action.show_delay = notice.check_place(plan.place), plan.show_delay
    action.chapter_slug = plan.chapter
    action.chase_every = plan.chase


def _check(session: Session, plan: Plan) -> None:
    if not plan.title.strip():
        raise Invalid(msg("Give the action a name."), field="title")
    if not plan.targets:
        raise Invalid(msg("Name at least one platform."), field="targets")
    for target in plan.targets:
        _check_target(session, target)
    if plan.chapter and plan.chapter not in {one.slug for one in members.chapters(session)}:
        raise Invalid(msg("Choose a chapter."), field="chapter")
    if not plan.steps:
        raise Invalid(msg("Write at least one step: what is everybody to do?"), field="steps")
    if plan.floor < 1:
        raise Invalid(msg("The floor is at least one member."), field="floor")
    if plan.sms_route not in CHOICES:
        raise Invalid(msg("Choose one of the senders."), field="sms_route")
    for name in ("briefing", "decision", "to_act", "show_delay", "chase"):
        if getattr(plan, name) < 0:
            raise Invalid(msg("Minutes are counted before the start, so not below nought."), field=name)


def _check_target(session: Session, slug: str) -> None:
    try:
        platforms.platform_card(session, slug)
    except NotFound as unknown:
        raise Invalid(
            msg("We do not know the platform %(slug)s. Look it up in the directory."),
            field="more_targets",
            slug=slug,
        ) from unknown


def _times(session: Session, action: Action, plan: Plan) -> _Times:
    zones: set[str] = set()
    if plan.mode is Mode.WALL_CLOCK:
        action.chapter_slug = plan.chapter
        zones = {one.zone for one in members.contacts(session, standing.called(session, action))}
    planned = windows.plan(plan.mode, plan.wall_start, plan.wall_end, plan.zone, zones)
    start = windows.first_start(planned)
    return _Times(
        start,
        windows.last_end(planned),
        start - timedelta(minutes=plan.briefing),
        start - timedelta(minutes=plan.decision),
    )


def _material(action: Action) -> tuple[object, ...]:
    """Return what members agreed to: the time, the target and the kind."""
    when = (action.mode, action.zone, action.wall_start, action.wall_end)
    return (*when, sorted(action.targets), action.chapter_slug, action.kind)


def _take_mandate(session: Session, action: Action) -> bool:
    """Freeze the mandate in force at the start on the action; tell whether there is one."""
    found = campaigns.mandate_in_force(session, action.campaign_id, action.starts_at)
    if found is None:
        return False
    action.mandate_ballot, action.mandate_expires_at = found.ballot_slug, found.expires_at
    action.mandate_rule = dict(found.rule)
    if action.state in {State.DRAFT, State.POSTPONED}:
        common.become(action, State.AUTHORIZED)
    return True


def _renew(session: Session, action: Action) -> None:
    """Give a postponed action its next life.

    No counts of the last one, the mandate that holds at the new start.
    """
    for table in (CheckinTally, CheckinPulse):
        session.query(table).filter_by(action_id=action.id).delete()
    action.reason = action.fired_at = action.ended_at = action.shown_at = None
    if not _take_mandate(session, action):
        readiness.require(
            [readiness.mandate_check(standing.mandate_facts(session, action), action.starts_at, action.zone)]
        )


def _require_ahead(action: Action, now: datetime) -> None:
    if action.starts_at <= now:
        raise Closed(msg("The start has passed. Choose a later one."))


def _require_notice_possible(action: Action, now: datetime) -> None:
    wanted = notice.notice_of(action.mandate_rule or {}, action.place)
    earliest = notice.earliest_start(action.notice_given_at or now, wanted, action.zone)
    if action.starts_at < earliest:
        raise Closed(
            msg("The start lies inside the notice period: it can be %(earliest)s at the earliest."),
            earliest=readiness.local(earliest, action.zone),
        )


def _free_slug(session: Session, title: str) -> str:
    base = slugify(title)[:SLUG_LENGTH].strip("-")
    taken = RESERVED | set(session.scalars(select(Action.slug).where(Action.slug.startswith(base))))
    if base not in taken:
        return base
    return next(name for n in range(2, len(taken) + 3) if (name := f"{base}-{n}") not in taken)
