"""Arm an action: one organizer signs, another confirms, and only when every condition holds.

After that the clock starts it. Nothing here can be done by one person alone, nor by the system.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from union.actions import outlook, standing
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules import readiness, windows
from union.actions.rules.readiness import Gate
from union.actions.rules.states import FiringState, Mode, State, require_next
from union.actions.service import common
from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg, when
from union.core.permissions import Permission
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient


def send_test(session: Session, *, actor: Actor, now: datetime, slug: str) -> int:
    """Send the organizer a test message on every channel they have; return how many were written.

    Raises Invalid when there is no channel to test.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_ARM)
    found = members.contacts(session, [actor.member_id or ""])
    recipients = [
        Recipient(
            member_id=one.member_id,
            channel=channel,
            to=address,
            language=one.language,
            zone=one.zone,
            fields={"time": when(now, one.zone, one.language)},
        )
        for one in found
        for channel, address in ((Channel.SMS, one.phone), (Channel.EMAIL, one.email))
        if address
    ]
    if not recipients:
        raise Invalid(msg("You have no confirmed phone number or email address to send a test to."))
    return notify.enqueue_many(
        session,
        now=now,
        ref=standing.test_ref_of(action, actor.member_id or ""),
        kind=f"test-{now:%d%H%M%S}",
        template="actions/test",
        lane=Lane.LOGIN,
        expires_at=now + common.TEST_IS_USEFUL,
        recipients=recipients,
    ).written


def arm(session: Session, *, actor: Actor, now: datetime, slug: str, site: str = standing.ANYWHERE) -> None:
    """Sign a scheduled action as the first of two organizers. site: where the texts' links begin.

    Raises NotReady that names the first failing condition, and Conflict when somebody signed before.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_ARM)
    require_next(action.state, State.ARMED)
    if action.armed_by is not None:
        raise Conflict(msg("This action was armed already; another organizer must confirm it."))
    found = readiness.checks(outlook.facts(session, action, now=now, asking=actor.member_id, site=site))
    readiness.require(found, without=[Gate.ORGANIZERS])
    action.armed_by, action.armed_at = actor.member_id, now
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.arm",
        subject=f"action/{slug}",
        version=action.version,
    )


def confirm(
    session: Session, *, actor: Actor, now: datetime, slug: str, site: str = standing.ANYWHERE
) -> None:
    """Sign as the second organizer: from now on the clock starts the action. site: as for `arm`.

    Everything is checked once more. Raises Conflict for the organizer who signed first, NotReady as `arm`.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_ARM)
    require_next(action.state, State.ARMED)
    readiness.require_second(action.armed_by, actor.member_id)
    found = readiness.checks(outlook.facts(session, action, now=now, asking=actor.member_id, site=site))
    readiness.require(found, without=[Gate.ORGANIZERS])
    action.confirmed_by, action.confirmed_at = actor.member_id, now
    common.become(action, State.ARMED)
    _plan_firings(session, action, now)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.confirm",
        subject=f"action/{slug}",
        version=action.version,
        starts_at=action.starts_at.isoformat(),
    )


def disarm(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take the signatures off again; without two new ones the action is put off when its start comes.

    Any one organizer can.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_CANCEL)
    if action.state not in {State.SCHEDULED, State.ARMED} or action.armed_by is None:
        raise Conflict(msg("This action is not armed."))
    common.take_signatures_off(session, action)
    audit.record(session, actor=actor, now=now, act="action.disarm", subject=f"action/{slug}")


def _plan_firings(session: Session, action: Action, now: datetime) -> None:
    """Write the starts, one for all or one for each zone members live in; refuse those that have passed."""
    zones: set[str] = set()
    if action.mode is Mode.WALL_CLOCK:
        zones = {one.zone for one in members.contacts(session, standing.audience(session, action))}
    common.clear_firings(session, action)
    planned = windows.plan(action.mode, action.wall_start, action.wall_end, action.zone, zones)
    action.starts_at, action.ends_at = windows.first_start(planned), windows.last_end(planned)
    if action.starts_at <= now:
        raise Conflict(
            msg("In %(zone)s the action would have started already."),
            zone=min(planned, key=lambda window: window.starts_at).zone,
        )
    session.add_all(
        ActionZoneFiring(
            action_id=action.id,
            zone=window.zone,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            state=FiringState.WAITING,
        )
        for window in planned
    )
    session.flush()
