"""When the rules of a zone's clock change after an action was armed: the same wall time, another instant.

Only for actions that start at one local time everywhere; one instant for everybody stays that instant. A
process reads new rules when it starts, so restart the scheduler after an update of tzdata.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action
from union.actions.rules import windows
from union.actions.rules.states import FiringState, Mode, State
from union.actions.service import common
from union.audit import service as audit
from union.core.actor import Actor
from union.core.permissions import Permission, allow


def rezone(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> tuple[str, ...]:
    """Move the starts that are still ahead to what their wall time means now; return the zones moved.

    Members of these zones who were briefed with the old instant are told.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.ARMED, State.LIVE])
    if action is None or action.mode is not Mode.WALL_CLOCK:
        return ()
    moved = []
    for row in standing.firings(session, action):
        window = windows.late_window(action.wall_start, action.wall_end, row.zone)
        if row.state is FiringState.WAITING and (row.starts_at, row.ends_at) != (
            window.starts_at,
            window.ends_at,
        ):
            row.starts_at, row.ends_at = window.starts_at, window.ends_at
            moved.append(row.zone)
    if not moved:
        return ()
    session.flush()
    _follow(session, action)
    if action.briefed_at is not None:
        notice = common.Notice("rezoned", common.BRIEFING.template, None)
        people = standing.audience(session, action)
        common.tell(session, action, notice, now=now, site=site, member_ids=people, zones=set(moved))
    zones = " ".join(moved)
    audit.record(session, actor=actor, now=now, act="action.rezone", subject=f"action/{slug}", zones=zones)
    return tuple(moved)


def _follow(session: Session, action: Action) -> None:
    """Let the action's own instants follow its first start, those that are still ahead."""
    planned = standing.windows_of(session, action)
    later = windows.first_start(planned) - action.starts_at
    action.starts_at, action.ends_at = windows.first_start(planned), windows.last_end(planned)
    if action.briefed_at is None:
        action.briefing_at += later
    if action.cleared_at is None:
        action.go_no_go_at += later
