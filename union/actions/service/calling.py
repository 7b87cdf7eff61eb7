"""Put an action off, call it off, say whether one takes part.

One organizer can always stop; everybody who was told hears of it in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionChoice
from union.actions.rules.states import TOLD, Choice, State
from union.actions.service import common, votes
from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify import service as notify
from union.notify.queries import progress

STILL_USEFUL = timedelta(hours=24)
"""How long the news that something is off may still arrive."""


def postpone(session: Session, *, actor: Actor, now: datetime, slug: str, reason: str, site: str) -> int:
    """Put an action off, from anywhere before its end; return how many messages tell of it.

    A new time makes it a new version (`edit`). Raises Invalid without a reason, Conflict when it is over.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_CANCEL)
    return put_off(session, action, actor=actor, now=now, text=_reason(reason), facts={}, site=site)


def put_off(
    session: Session,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    text: str,
    facts: Mapping[str, object],
    site: str,
) -> int:
    """Postpone a locked action. text: a person's words, or a message id that `facts` fill."""
    return _stop(session, action, State.POSTPONED, "postponed", common.Reason(text, facts), actor, now, site)


def cancel(session: Session, *, actor: Actor, now: datetime, slug: str, reason: str, site: str) -> int:
    """Call an action off for good, from anywhere before its end; return how many messages tell of it.

    Raises Invalid without a reason, Conflict when it is over.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_CANCEL)
    stated = common.Reason(_reason(reason), {})
    return _stop(session, action, State.CANCELLED, "called_off", stated, actor, now, site)


def choose(session: Session, *, actor: Actor, now: datetime, slug: str, choice: Choice, site: str) -> None:
    """Say "I'm in" or withdraw, until the action is over; who joins late is told what the others were told.

    Raises Closed before the action is planned and after its end.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    action = common.locked_shared(session, slug)
    if action.state not in TOLD:
        raise Closed(msg("You can join or withdraw once the action is planned and until it is over."))
    said = session.get(ActionChoice, (action.id, actor.member_id))
    if said is None:
        said = ActionChoice(action_id=action.id, member_id=actor.member_id)
        session.add(said)
    said.choice, said.version = choice, action.version
    if choice is Choice.OUT:
        notify.cancel(session, now=now, ref=standing.ref_of(action), member_id=actor.member_id)
    session.flush()
    if choice is Choice.IN and action.state is State.ARMED and action.briefed_at is not None:
        common.tell(session, action, common.BRIEFING, now=now, site=site, member_ids=[str(actor.member_id)])


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid(msg("Say why: everybody who was told will read it."), field="reason")
    return reason.strip()[:1000]


def _stop(
    session: Session,
    action: Action,
    state: State,
    kind: str,
    reason: common.Reason,
    actor: Actor,
    now: datetime,
    site: str,
) -> int:
    was = action.state
    told = was in TOLD or progress(session, standing.ref_of(action)).total > 0
    asked = standing.audience(session, action) if told else []
    common.become(action, state)
    action.reason, action.ended_at = reason.stored(), now
    common.unsign(action)
    common.wipe_marks(session, action, now)
    if state is State.CANCELLED or was is State.LIVE:
        votes.drop_all(session, action, actor=actor, now=now, site=site, held=True)
    notify.cancel(session, now=now, ref=standing.ref_of(action))
    # whatever was held is cancelled; that it is off must reach everybody
    notify.resume(session, ref=standing.ref_of(action))
    notice = common.Notice(kind, f"actions/{kind}", now + STILL_USEFUL)
    written = common.tell(session, action, notice, now=now, site=site, member_ids=asked) if asked else 0
    common.clear_firings(session, action)
    audit.record(
        session,
        actor=actor,
        now=now,
        act=f"action.{'postpone' if state is State.POSTPONED else 'cancel'}",
        subject=f"action/{action.slug}",
        was=was.value,
        told=written,
    )
    return written
