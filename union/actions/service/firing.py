"""What the clock does.

Brief, decide go or no-go, start each zone once, end, and put off what was never armed.

Every verb takes one action, locks it unless another process holds it, looks again at what is due, and writes
the
change of state and the messages in one transaction: all of it happens, once, or nothing does.
"""

import secrets
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Update, or_, select, update
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules import readiness, windows
from union.actions.rules.states import FiringState, Mode, State
from union.actions.service import common
from union.actions.service.calling import put_off
from union.actions.service.closing import close
from union.audit import service as audit
from union.campaigns import queries as mandates
from union.campaigns import service as campaigns
from union.core.actor import Actor
from union.core.errors import Closed
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

NOT_ARMED = msg("Two organizers did not release it before the start.")
TOO_LATE = msg("Our scheduler stood still when it should have started, and nobody is told too late.")
MANDATE_ENDED = msg("The mandate of the members ended.")


def brief(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> int:
    """Send the briefing of an armed action when it is due; return how many messages were written.

    Each is of no more use once the member's own start has come.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.ARMED])
    if action is None or action.briefed_at is not None or not action.briefing_at <= now < action.starts_at:
        return 0
    action.briefed_at = now
    written = common.tell(
        session, action, common.BRIEFING, now=now, site=site, member_ids=standing.audience(session, action)
    )
    audit.record(
        session, actor=actor, now=now, act="action.brief", subject=f"action/{slug}", messages=written
    )
    return written


def decide(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> bool | None:
    """Go or no-go: look at mandate and floor once more. True: it goes on; False: put off; None: not due.

    A no-go puts the action off with its reason and tells everybody; it is never run in silence.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.ARMED])
    if action is None or action.cleared_at is not None or action.go_no_go_at > now:
        return None
    if not _still_good(session, action, actor=actor, now=now, site=site):
        return False
    action.cleared_at = now
    audit.record(session, actor=actor, now=now, act="action.go", subject=f"action/{slug}")
    return True


def lapse(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> int:
    """Put off an action whose start has come though two organizers never released it.

    Return messages written.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.SCHEDULED])
    if action is None or action.starts_at > now:
        return 0
    return put_off(session, action, actor=actor, now=now, text=NOT_ARMED, facts={}, site=site)


def fire(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> tuple[str, ...]:
    """Start every zone of the action whose moment has come, exactly once; return the zones started.

    The audience is taken anew: who left, withdrew or lost membership since is not told. A start that comes
    due after its own end is missed, never sent late.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.ARMED, State.LIVE])
    if action is None or action.cleared_at is None or action.starts_at > now:
        return ()
    taking_part = standing.audience(session, action)
    _add_zones(session, action, taking_part)
    if not _due(session, action, now):
        return ()
    if action.state is State.ARMED and not _still_good(session, action, actor=actor, now=now, site=site):
        return ()
    started, missed = _claim(session, action, now)
    if not started:
        if missed and action.state is State.ARMED:
            put_off(session, action, actor=actor, now=now, text=TOO_LATE, facts={}, site=site)
        return ()
    if action.state is State.ARMED:
        _go_live(session, action, actor=actor, now=now)
    told = 0
    for zone, ends_at in started.items():
        until = ends_at or now + common.OPEN_ENDED
        notice = common.Notice("start", "actions/start", until)
        told += (
            count := common.tell(
                session, action, notice, now=now, site=site, member_ids=taking_part, zones={zone}
            )
        )
        session.execute(_row(action, zone).values(told=count))
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.fire",
        subject=f"action/{slug}",
        zones=" ".join(started),
        told=told,
        late_ms=_late(session, action, started, now),
    )
    return tuple(started)


def end(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> bool:
    """End the zones whose end has come, and the action with its last one; all of it when the mandate ended.

    A vote on going on that is not counted yet holds the end, where it was planned so.
    Returns whether the whole action is over now.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.LIVE])
    if action is None:
        return False
    if not _mandate_goes_on(session, action, now):
        action.reason = common.Reason(MANDATE_ENDED, {}).stored()
        return close(session, action, actor=actor, now=now, site=site)
    if standing.held(session, action):
        return False
    over = session.scalars(
        update(ActionZoneFiring)
        .where(
            ActionZoneFiring.action_id == action.id,
            ActionZoneFiring.state == FiringState.LIVE,
            ActionZoneFiring.ends_at <= now,
        )
        .values(state=FiringState.ENDED)
        .returning(ActionZoneFiring.zone)
        .execution_options(synchronize_session=False)
    ).all()
    session.expire_all()
    open_ = [
        row
        for row in standing.firings(session, action)
        if row.state in {FiringState.WAITING, FiringState.LIVE}
    ]
    if over and open_:
        notice = common.Notice("end", "actions/end", now + common.OPEN_ENDED)
        taking_part = standing.audience(session, action)
        common.tell(session, action, notice, now=now, site=site, member_ids=taking_part, zones=set(over))
    return False if open_ else close(session, action, actor=actor, now=now, site=site)


def _mandate_goes_on(session: Session, action: Action, now: datetime) -> bool:
    """Tell whether a live action may go on.

    A mandate that members renewed by a vote meanwhile carries it on.
    """
    if action.mandate_expires_at is None or now < action.mandate_expires_at:
        return True
    renewed = mandates.mandate_in_force(session, action.campaign_id, now)
    if renewed is None:
        return False
    action.mandate_ballot, action.mandate_expires_at = renewed.ballot_slug, renewed.expires_at
    return True


def _still_good(session: Session, action: Action, *, actor: Actor, now: datetime, site: str) -> bool:
    """Tell whether mandate and floor hold; put the action off with the reason where they do not."""
    committed = len(standing.audience(session, action))
    found = (
        readiness.mandate_check(standing.mandate_facts(session, action), action.starts_at, action.zone),
        readiness.floor_check(action.floor, committed, max(standing.roll(session, action), action.floor)),
    )
    missing = readiness.failing(found)
    if not missing:
        return True
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.no_go",
        subject=f"action/{action.slug}",
        gates=" ".join(check.gate for check in missing),
    )
    put_off(session, action, actor=actor, now=now, text=missing[0].detail, facts=missing[0].facts, site=site)
    return False


def _go_live(session: Session, action: Action, *, actor: Actor, now: datetime) -> None:
    common.become(action, State.LIVE)
    action.fired_at = now
    action.checkin_key = secrets.token_bytes(32)
    with suppress(Closed):
        # A campaign that votes on something else meanwhile keeps its stage; its mandate is in force all the
        # same.
        campaigns.start_acting(session, actor=actor, now=now, campaign_id=action.campaign_id)


def _add_zones(session: Session, action: Action, taking_part: list[str]) -> None:
    """Plan the start of zones that members moved to, or joined from, since the action was armed."""
    if action.mode is not Mode.WALL_CLOCK:
        return
    known = {row.zone for row in standing.firings(session, action)}
    for zone in sorted({one.zone for one in members.contacts(session, taking_part)} - known):
        window = windows.late_window(action.wall_start, action.wall_end, zone)
        session.add(
            ActionZoneFiring(
                action_id=action.id,
                zone=zone,
                starts_at=window.starts_at,
                ends_at=window.ends_at,
                state=FiringState.WAITING,
            )
        )
        if action.ends_at is not None and window.ends_at is not None:
            action.ends_at = max(action.ends_at, window.ends_at)
    session.flush()


def _due(session: Session, action: Action, now: datetime) -> bool:
    query = select(ActionZoneFiring.zone).where(
        ActionZoneFiring.action_id == action.id,
        ActionZoneFiring.state == FiringState.WAITING,
        ActionZoneFiring.starts_at <= now,
    )
    return session.scalars(query.limit(1)).first() is not None


def _claim(session: Session, action: Action, now: datetime) -> tuple[dict[str, datetime | None], list[str]]:
    """Turn due starts live, and those whose end has passed missed, by conditional updates; return both."""
    waiting = (
        ActionZoneFiring.action_id == action.id,
        ActionZoneFiring.state == FiringState.WAITING,
        ActionZoneFiring.starts_at <= now,
    )
    started = session.execute(
        update(ActionZoneFiring)
        .where(*waiting, or_(ActionZoneFiring.ends_at.is_(None), ActionZoneFiring.ends_at > now))
        .values(state=FiringState.LIVE, fired_at=now)
        .returning(ActionZoneFiring.zone, ActionZoneFiring.ends_at)
        .execution_options(synchronize_session=False)
    ).all()
    missed = session.scalars(
        update(ActionZoneFiring)
        .where(*waiting)
        .values(state=FiringState.MISSED)
        .returning(ActionZoneFiring.zone)
        .execution_options(synchronize_session=False)
    ).all()
    return dict(started), list(missed)


def _row(action: Action, zone: str) -> Update:
    return (
        update(ActionZoneFiring)
        .where(ActionZoneFiring.action_id == action.id, ActionZoneFiring.zone == zone)
        .execution_options(synchronize_session=False)
    )


def _late(session: Session, action: Action, started: dict[str, datetime | None], now: datetime) -> int:
    """Return by how many milliseconds the latest of these starts came after its moment."""
    session.expire_all()
    planned = [row.starts_at for row in standing.firings(session, action) if row.zone in started]
    return int((now - min(planned)).total_seconds() * 1000)
