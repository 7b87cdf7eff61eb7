"""What every verb on actions needs: the locked row, a change of state, messages to those who take part."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Delete, Update, delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from union.actions import outlook, standing
from union.actions.models import Action, ActionZoneFiring, CheckinOnce
from union.actions.rules import chasing, pacing
from union.actions.rules.states import State, require_next
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Lane

OPEN_ENDED = timedelta(hours=12)
"""How long a start or end message is of use when the action has no fixed end."""

TEST_IS_USEFUL = timedelta(hours=1)


def locked(session: Session, slug: str) -> Action:
    """Return the action, locked until the transaction ends; raises NotFound."""
    action = session.scalar(
        select(Action).where(Action.slug == slug).with_for_update().execution_options(populate_existing=True)
    )
    if action is None:
        raise NotFound(msg("There is no such action."))
    return action


def locked_for(session: Session, slug: str, actor: Actor, permission: Permission) -> Action:
    """Return the action, locked, for an actor who may do that where it is held; raises NotAllowed."""
    allow(actor, permission, *actor.places)
    action = locked(session, slug)
    allow(actor, permission, *standing.places(action))
    return action


def locked_shared(session: Session, slug: str) -> Action:
    """Return the action, kept from changing its state but free for others to read alike; raises NotFound."""
    action = session.scalar(
        select(Action)
        .where(Action.slug == slug)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if action is None:
        raise NotFound(msg("There is no such action."))
    return action


def locked_if_free(session: Session, slug: str, states: Collection[State]) -> Action | None:
    """Return the action, locked, when it is in one of `states` and no other process holds it; None else."""
    return session.scalar(
        select(Action)
        .where(Action.slug == slug, Action.state.in_(states))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def changed(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE and return how many rows it met."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def become(action: Action, state: State) -> None:
    """Move the action on; raises Conflict where the table of states does not allow it."""
    require_next(action.state, state)
    action.state = state


def unsign(action: Action) -> None:
    """Take both organizers' signatures off, and whatever rested on them."""
    action.armed_by = action.armed_at = action.confirmed_by = action.confirmed_at = None
    action.cleared_at = action.briefed_at = None


def take_signatures_off(session: Session, action: Action) -> None:
    """Take the signatures off a planned action that changed; who was briefed stays briefed."""
    briefed = action.briefed_at
    unsign(action)
    action.briefed_at = briefed
    clear_firings(session, action)
    if action.state is State.ARMED:
        become(action, State.SCHEDULED)


def clear_firings(session: Session, action: Action) -> None:
    """Forget the planned starts; a new signature plans them anew."""
    session.execute(delete(ActionZoneFiring).where(ActionZoneFiring.action_id == action.id))
    session.expire_all()


def wipe_marks(session: Session, action: Action, now: datetime) -> None:
    """Forget who was counted: the keyed hashes, the key they were made with, and who was reminded."""
    session.execute(delete(CheckinOnce).where(CheckinOnce.action_id == action.id))
    action.checkin_key = None
    notify.unlink(session, now=now, ref=standing.ref_of(action), kinds=chasing.KINDS)


@dataclass(frozen=True)
class Reason:
    """Why something was called off: a person's words, or a message id with facts."""

    text: str
    facts: Mapping[str, object]

    def stored(self) -> dict[str, object]:
        """Return what is kept on the action."""
        return {"text": self.text, "facts": dict(self.facts)}


@dataclass(frozen=True)
class Notice:
    """One all-hands message. expires_at None: each member's own start."""

    kind: str
    template: str
    expires_at: datetime | None
    lane: Lane = Lane.ALERT


BRIEFING = Notice("briefing", standing.BRIEFING, None)


def tell(
    session: Session,
    action: Action,
    notice: Notice,
    *,
    now: datetime,
    site: str,
    member_ids: Iterable[str],
    zones: Collection[str] | None = None,
) -> int:
    """Write one message per channel for each of `member_ids` and return how many are new.

    site: the public address links begin with. zones: only members whose window is of one of these.
    """
    planned = standing.windows_of(session, action)
    contacts = members.contacts(session, list(member_ids))
    fanout = notify.enqueue_many(
        session,
        now=now,
        ref=standing.ref_of(action),
        kind=notice.kind,
        template=notice.template,
        lane=notice.lane,
        expires_at=notice.expires_at or action.starts_at,
        recipients=outlook.recipients(
            session, action, contacts, planned, site=site, own_start=notice.expires_at is None, zones=zones
        ),
        per_second=pacing.stagger(action.sms_route),
    )
    return fanout.written
