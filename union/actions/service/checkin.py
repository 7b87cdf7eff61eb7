"""Check in without surveillance: counted once by a keyed hash, kept as a tally by chapter.

No row says who, where or when. While the action is live the server can still tell whether it counted
somebody, so that nobody is counted twice and a slip can be undone; when it ends the key and the hashes are
wiped.
"""

import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionChoice, CheckinOnce, CheckinPulse, CheckinTally
from union.actions.rules import tally, windows
from union.actions.rules.states import Choice, FiringState, Mark, State
from union.actions.service import common
from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Keyword

MOST_ON_PAPER = 1000
_NEAR = timedelta(days=3)


def check_in(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Say "I'm out": count the member once.

    Raises Conflict the second time, Closed while the action is not live.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    action = _live(session, slug)
    _count_out(session, action, str(actor.member_id), now)


def check_in_at_point(session: Session, *, actor: Actor, now: datetime, slug: str, code: str) -> None:
    """Check in with the code shown at a meeting point; whoever turns up takes part, called or not.

    Raises Invalid for a wrong code.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    action = _live(session, slug)
    typed = code.replace(" ", "").replace("-", "").upper()
    if not hmac.compare_digest(typed.encode(), action.meeting_code.encode()):
        raise Invalid(msg("That is not the code of this meeting point."), field="code")
    if not standing.takes_part(session, action, str(actor.member_id)):
        session.merge(
            ActionChoice(
                action_id=action.id, member_id=str(actor.member_id), choice=Choice.IN, version=action.version
            )
        )
        session.flush()
    _count_out(session, action, str(actor.member_id), now, point=1)


def complete(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Say that all steps are done: a second count, and the first one too for who had not said "I'm out".

    Raises Conflict the second time, Closed while the action is not live.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    _count_done(session, _live(session, slug), str(actor.member_id), now)


def undo(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take a check-in back, and a completion with it, while the action is live.

    Raises Conflict without one.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    del now
    action = _live(session, slug)
    member_id = str(actor.member_id)
    out, done = (_unmark(session, action, mark, member_id) for mark in (Mark.OUT, Mark.DONE))
    if not out:
        raise Conflict(msg("We have not counted you."))
    _add(session, action, members.chapter_of(session, member_id), out=-1, done=-1 if done else 0)


def add_paper(
    session: Session, *, actor: Actor, now: datetime, slug: str, chapter_slug: str, count: int
) -> None:
    """Add people without a phone, counted on a paper list of a chapter; recorded with the organizer who did.

    count: may be negative to correct an earlier entry, never below what paper has added.
    """
    allow(actor, Permission.ACTION_PLAN, *actor.places)
    action = _live(session, slug)
    allow(actor, Permission.ACTION_PLAN, *standing.places_on_paper(action, chapter_slug))
    if chapter_slug not in {one.slug for one in members.chapters(session)}:
        raise Invalid(msg("Choose a chapter."), field="chapter")
    row = session.get(CheckinTally, (action.id, chapter_slug), with_for_update=True)
    so_far = row.paper if row else 0
    if count == 0 or abs(count) > MOST_ON_PAPER or so_far + count < 0:
        raise Invalid(
            msg(
                "Give a number between 1 and %(most)s;"
                " to correct, take off at most the %(so_far)s from paper."
            ),
            field="count",
            most=MOST_ON_PAPER,
            so_far=so_far,
        )
    _add(session, action, chapter_slug, out=count, paper=count)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="action.paper",
        subject=f"action/{slug}",
        chapter=chapter_slug,
        count=count,
    )


def take_replies(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Count replies such as "OUT" or "DONE" for the live action the sender takes part in.

    Returns how many were read. What is kept of a reply no longer tells who sent it. Far from any action
    "done" answers something else, and a person reads it.
    """
    replies = notify.waiting(session, keywords={Keyword.OUT, Keyword.DONE}, limit=limit)
    if replies and not _any_near(session, now):
        for reply in replies:
            notify.hand_to_people(session, inbound_id=reply.id)
        return len(replies)
    live = _live_slugs(session) if replies else []
    for reply in replies:
        count = _count_done if reply.keyword is Keyword.DONE else _count_out
        _take_reply(session, live, reply.member_id, now, count)
        notify.settle(session, now=now, inbound_id=reply.id, note="read", forget=True)
    return len(replies)


def _take_reply(
    session: Session,
    live: Sequence[str],
    member_id: str | None,
    now: datetime,
    count: Callable[[Session, Action, str, datetime], None],
) -> None:
    """Count the sender in the newest live action that counts them; nobody hears which, or whether."""
    with suppress(NotFound):  # a number we do not know, or of somebody who left
        if member_id is None or not members.actor_of(session, member_id).active:
            return
        for slug in live:
            with suppress(Conflict, Closed, NotAllowed):
                count(session, common.locked_shared(session, slug), member_id, now)
                return


def show(session: Session, *, actor: Actor, now: datetime, slug: str) -> bool:
    """Let the public see the counts as they are now, when the chosen delay has passed.

    Tell whether it did.
    """
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.LIVE])
    if action is None or not standing.show_due(action, now):
        return False
    session.execute(
        update(CheckinTally)
        .where(CheckinTally.action_id == action.id)
        .values(shown_out=CheckinTally.out, shown_done=CheckinTally.done)
        .execution_options(synchronize_session=False)
    )
    action.shown_at = now
    return True


def _live(session: Session, slug: str) -> Action:
    """Return the live action, kept from ending until this transaction is over."""
    action = common.locked_shared(session, slug)
    if action.state is not State.LIVE or action.checkin_key is None:
        raise Closed(msg("Checking in is possible from the start of the action until its end."))
    return action


def _live_slugs(session: Session) -> list[str]:
    query = (
        select(Action.slug).where(Action.state == State.LIVE).order_by(Action.fired_at.desc(), Action.slug)
    )
    return list(session.scalars(query))


def _any_near(session: Session, now: datetime) -> bool:
    """Tell whether an action begins or ended within days, so that a reply may be about it."""
    over = func.coalesce(Action.ended_at, Action.ends_at)
    near = select(Action.id).where(Action.starts_at < now + _NEAR, or_(over.is_(None), over > now - _NEAR))
    return session.scalars(near.limit(1)).first() is not None


def _count_out(session: Session, action: Action, member_id: str, now: datetime, *, point: int = 0) -> None:
    if not standing.takes_part(session, action, member_id):
        raise NotAllowed(msg("You do not take part in this action. Join it first."))
    started = _started(session, action, member_id)
    if started is None:
        raise Closed(msg("The action has not started, or is over, where you live."))
    if not _mark(session, action, Mark.OUT, member_id):
        raise Conflict(msg("We counted you already."))
    _add(session, action, members.chapter_of(session, member_id), out=1, point=point)
    _pulse(session, action, tally.span_of((now - started).total_seconds()))


def _count_done(session: Session, action: Action, member_id: str, now: datetime) -> None:
    if not standing.counted(session, action, Mark.OUT, member_id):
        _count_out(session, action, member_id, now)
    if not _mark(session, action, Mark.DONE, member_id):
        raise Conflict(msg("We counted you already."))
    _add(session, action, members.chapter_of(session, member_id), done=1)


def _started(session: Session, action: Action, member_id: str) -> datetime | None:
    """Return when the action started for the member's zone; None while it does not run there."""
    rows = standing.firings(session, action)
    found = members.contacts(session, [member_id])
    zone = found[0].zone if found else action.zone
    row = next((row for row in rows if row.zone in {windows.EVERYBODY, zone}), None)
    return row.starts_at if row is not None and row.state is FiringState.LIVE else None


def _mark(session: Session, action: Action, mark: Mark, member_id: str) -> bool:
    """Write the keyed hash; False when it stands there already."""
    digest = tally.mark_of(action.checkin_key or b"", mark, member_id)
    try:
        with session.begin_nested():
            session.execute(insert(CheckinOnce).values(action_id=action.id, mark=mark, digest=digest))
    except IntegrityError:
        return False
    return True


def _unmark(session: Session, action: Action, mark: Mark, member_id: str) -> bool:
    digest = tally.mark_of(action.checkin_key or b"", mark, member_id)
    return bool(
        common.changed(
            session,
            delete(CheckinOnce).where(
                CheckinOnce.action_id == action.id, CheckinOnce.mark == mark, CheckinOnce.digest == digest
            ),
        )
    )


def _add(session: Session, action: Action, chapter_slug: str, **changes: int) -> None:
    """Change a chapter's counts in the database itself, so that two check-ins at once are both counted."""
    statement = (
        update(CheckinTally)
        .where(CheckinTally.action_id == action.id, CheckinTally.chapter_slug == chapter_slug)
        .values({name: getattr(CheckinTally, name) + change for name, change in changes.items()})
        .execution_options(synchronize_session=False)
    )
    if common.changed(session, statement):
        return
    try:
        with session.begin_nested():
            session.execute(insert(CheckinTally).values(action_id=action.id, chapter_slug=chapter_slug))
    except IntegrityError:
        pass  # somebody else of the chapter was first; the row is there
    session.execute(statement)


def _pulse(session: Session, action: Action, span: int) -> None:
    statement = (
        update(CheckinPulse)
        .where(CheckinPulse.action_id == action.id, CheckinPulse.span == span)
        .values(count=CheckinPulse.count + 1)
        .execution_options(synchronize_session=False)
    )
    if common.changed(session, statement):
        return
    try:
        with session.begin_nested():
            session.execute(insert(CheckinPulse).values(action_id=action.id, span=span, count=0))
    except IntegrityError:
        pass  # as above
    session.execute(statement)
