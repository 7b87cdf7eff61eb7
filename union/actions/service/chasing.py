"""Chase completion: remind who takes part and has not said that all steps are done.

While an action is live the server can tell whom it counted, by the keyed hashes that keep anybody from being
counted twice; nothing more is stored for a reminder. A reminder's row would tell on who was not done, so it
loses its member when the hashes go.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionZoneFiring, CheckinOnce
from union.actions.rules import chasing, tally
from union.actions.rules.states import Mark, State
from union.actions.service import common
from union.audit import service as audit
from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.notify.rules.kinds import Lane


def chase(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> int:
    """Remind where it is due, and only who is not done as of now; return how many messages were written."""
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.LIVE])
    if action is None:
        return 0
    due = [row for row in standing.firings(session, action) if standing.chase_due(action, row, now)]
    if not due:
        return 0
    unfinished = _unfinished(session, action)
    written = sum(_remind(session, action, row, unfinished, now, site) for row in due)
    audit.record(
        session, actor=actor, now=now, act="action.chase", subject=f"action/{slug}", messages=written
    )
    return written


def _remind(
    session: Session, action: Action, row: ActionZoneFiring, member_ids: list[str], now: datetime, site: str
) -> int:
    row.chased = chasing.passed(row.starts_at, action.chase_every, now)
    notice = common.Notice(
        chasing.KINDS[row.chased - 1], "actions/chase", row.ends_at or now + common.OPEN_ENDED, Lane.NEWS
    )
    return common.tell(session, action, notice, now=now, site=site, member_ids=member_ids, zones={row.zone})


def _unfinished(session: Session, action: Action) -> list[str]:
    done = set(
        session.scalars(
            select(CheckinOnce.digest).where(
                CheckinOnce.action_id == action.id, CheckinOnce.mark == Mark.DONE
            )
        )
    )
    key = action.checkin_key or b""
    return [
        one for one in standing.audience(session, action) if tally.mark_of(key, Mark.DONE, one) not in done
    ]
