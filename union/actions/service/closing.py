"""End an action, forget who was counted, keep what was learned.

The debrief's numbers are frozen in the transaction that wipes the hashes and their key; after it no row joins
a member to a check-in.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import (
    Action,
    ActionChoice,
    CheckinOnce,
    CheckinPulse,
    CheckinTally,
    Debrief,
    RetaliationReport,
)
from union.actions.rules import chasing, tally
from union.actions.rules.retaliation import SORTS
from union.actions.rules.states import TOLD, Choice, FiringState, State
from union.actions.service import common, votes
from union.audit import service as audit
from union.campaigns import service as campaigns
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify

KEEP_CHOICES = timedelta(days=30)


def close(session: Session, action: Action, *, actor: Actor, now: datetime, site: str) -> bool:
    """End a locked live action: tell everybody who was not told yet, freeze the numbers, wipe the marks."""
    taking_part = standing.audience(session, action)
    notice = common.Notice("end", "actions/end", now + common.OPEN_ENDED)
    written = common.tell(session, action, notice, now=now, site=site, member_ids=taking_part)
    _freeze(session, action, taking_part)
    common.become(action, State.ENDED)
    action.ended_at = now
    common.wipe_marks(session, action, now)
    votes.drop_all(session, action, actor=actor, now=now, site=site, held=False)
    for row in standing.firings(session, action):
        row.state = FiringState.MISSED if row.state is FiringState.WAITING else FiringState.ENDED
    session.execute(
        update(CheckinTally)
        .where(CheckinTally.action_id == action.id)
        .values(shown_out=CheckinTally.out, shown_done=CheckinTally.done)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="action.end", subject=f"action/{action.slug}", told=written
    )
    return True


def end_now(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> None:
    """End a live action before its end, or one without a fixed end; any one organizer can."""
    action = common.locked_for(session, slug, actor, Permission.ACTION_CANCEL)
    if action.state is not State.LIVE:
        raise Conflict(msg("Only an action that is live can be ended."))
    close(session, action, actor=actor, now=now, site=site)


def _freeze(session: Session, action: Action, taking_part: list[str]) -> None:
    """Keep the totals of the action, and its chapters as far as they may ever be shown."""
    rows = session.scalars(select(CheckinTally).where(CheckinTally.action_id == action.id)).all()
    pulse = {
        row.span: row.count for row in session.scalars(select(CheckinPulse).filter_by(action_id=action.id))
    }
    said = standing.choices(session, action)
    cells = tally.cells({row.chapter_slug: row.out for row in rows})
    session.merge(
        Debrief(
            action_id=action.id,
            eligible=standing.roll(session, action),
            pledged=len(standing.called(session, action)),
            taking_part=len(taking_part),
            verified=sum(1 for one in taking_part if said.get(one) is Choice.IN),
            checked_in=sum(row.out for row in rows),
            completed=sum(row.done for row in rows),
            # Whoever took a check-in back is still in the pulse, which knows no members.
            in_time=min(tally.in_time(pulse), sum(row.out for row in rows)),
            by_chapter=[[cell.chapter, cell.count] for cell in cells],
            part_by_chapter=[[cell.chapter, cell.count] for cell in _part(session, taking_part)],
        )
    )
    # The chapters' own small numbers are of no more use: one row without a chapter keeps the sums.
    _merge_small(session, action, rows)


def _part(session: Session, taking_part: list[str]) -> tuple[tally.Cell, ...]:
    return tally.cells(Counter(one.chapter_slug for one in members.contacts(session, taking_part)))


def _merge_small(session: Session, action: Action, rows: Sequence[CheckinTally]) -> None:
    small = [row for row in rows if 0 < row.out < tally.SMALL or 0 < row.done < tally.SMALL]
    if not small:
        return
    rest = session.get(CheckinTally, (action.id, tally.OTHER))
    if rest is None:
        rest = CheckinTally(action_id=action.id, chapter_slug=tally.OTHER, out=0, done=0, paper=0, point=0)
        session.add(rest)
    for row in small:
        if row is rest:
            continue
        for name in ("out", "done", "paper", "point"):
            setattr(rest, name, getattr(rest, name) + getattr(row, name))
        session.delete(row)
    session.flush()


def debrief(
    session: Session, *, actor: Actor, now: datetime, slug: str, went_well: str, went_badly: str, learn: str,
    publish: bool,
) -> None:  # fmt: skip
    """Write down what the action taught; publish puts it on the campaign page.

    Raises Closed before the end.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state not in {State.ENDED, State.DEBRIEFED}:
        raise Closed(msg("The debrief is written once the action has ended."))
    found = session.get_one(Debrief, action.id)
    if not learn.strip():
        raise Invalid(msg("Write at least one thing to do differently or again."), field="learn")
    found.went_well, found.went_badly, found.learn = went_well.strip(), went_badly.strip(), learn.strip()
    found.published, found.written_by, found.written_at = publish, actor.member_id, now
    if action.state is State.ENDED:
        common.become(action, State.DEBRIEFED)
    audit.record(
        session, actor=actor, now=now, act="action.debrief", subject=f"action/{slug}", published=publish,
    )  # fmt: skip


def report_retaliation(session: Session, *, actor: Actor, now: datetime, slug: str, sort: str) -> None:
    """Count one member's report that the platform hit back; kept by sort, without who or words.

    Raises Closed outside the thirty days after the end, Invalid for an unknown sort.
    """
    allow(actor, Permission.ACTION_CHECK_IN)
    action = common.locked(session, slug)
    if not standing.watched(action, now):
        raise Closed(msg("We watch for retaliation in the thirty days after an action."))
    if sort not in SORTS:
        raise Invalid(msg("Choose what happened."), field="sort")
    row = session.get(RetaliationReport, (action.id, sort))
    if row is None:
        row = RetaliationReport(action_id=action.id, sort=sort, count=0)
        session.add(row)
    row.count += 1
    session.flush()


def wipe(session: Session, *, actor: Actor, now: datetime) -> int:
    """Forget who said in or out of actions over for thirty days, and any mark of one that is not live.

    One that was put off and got no new time is over, too.
    """
    allow(actor, Permission.ACTION_FIRE)
    ended = standing.over_at()
    over = select(Action.id).where(Action.state.not_in(TOLD), ended < now - KEEP_CHOICES)
    resting = select(Action.id).where(Action.state != State.LIVE)
    gone = common.changed(session, delete(ActionChoice).where(ActionChoice.action_id.in_(over)))
    gone += common.changed(session, delete(CheckinOnce).where(CheckinOnce.action_id.in_(resting)))
    session.execute(
        update(Action)
        .where(Action.state != State.LIVE, Action.checkin_key.is_not(None))
        .values(checkin_key=None)
    )
    # A reminder that was being handed over as the action ended still names its member.
    chased = select(Action).where(
        Action.state.in_([State.ENDED, State.DEBRIEFED, State.CANCELLED, State.POSTPONED]),
        Action.chase_every > 0,
        ended > now - KEEP_CHOICES,
    )
    for action in session.scalars(chased):
        gone += notify.unlink(session, now=now, ref=standing.ref_of(action), kinds=chasing.KINDS)
    return gone


def forget_pledges(session: Session, *, actor: Actor, now: datetime) -> int:
    """Forget who pledged in campaigns over for a month, once no action of theirs is to come or runs.

    Whoever is called must hear of its end. Return how many campaigns.
    """
    allow(actor, Permission.ACTION_FIRE)
    old = campaigns.with_old_pledges(session, now)
    needed = select(Action.campaign_id).where(Action.campaign_id.in_(old), Action.state.in_(TOLD))
    done = sorted({*old} - {*session.scalars(needed)})
    return sum(campaigns.forget_pledges(session, campaign_id=one, actor=actor, now=now) for one in done)
