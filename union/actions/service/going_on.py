"""Open votes on going on while an action runs, and carry out what members decided.

A vote that passes gives a mandate of its own (a chapter's vote: for this action alone), moves the end and
puts the planned next steps in force; nobody but the members decides that.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionVote
from union.actions.rules import going_on, windows
from union.actions.rules.states import FiringState, State, VoteState
from union.actions.service import common, votes
from union.actions.service.closing import close
from union.ballots import queries as ballots
from union.ballots import service as voting
from union.ballots.queries import Outcome
from union.campaigns import service as campaigns
from union.core.actor import Actor
from union.core.errors import Closed, Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow

NOT_GOING_ON = msg("The members voted not to go on.")


def launch_vote(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    number: int,
    site: str,
    untested: Collection[int] = (),
) -> None:
    """Open a planned vote now, while the action is live: freeze the roll, hand out voting codes.

    untested: places of the trustees without a test decryption, as the organizer saw and confirmed them.
    Raises Closed when the action does not run, Conflict for a vote that ran before or whose keys are missing.
    """
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state is not State.LIVE:
        raise Closed(msg("A vote on going on opens while the action runs."))
    row = votes.found(session, action, number)
    if row.state is not VoteState.PLANNED:
        raise Conflict(msg("This vote is not planned any more."))
    if missing := ballots.keys_missing(session, row.ballot_slug):
        raise Conflict(msg("The keys of %(names)s are missing."), names=", ".join(missing))
    _launch(session, action, row, actor=actor, now=now, site=site, untested=untested)


def _launch(
    session: Session,
    action: Action,
    row: ActionVote,
    *,
    actor: Actor,
    now: datetime,
    site: str,
    untested: Collection[int] = (),
) -> None:
    closes_at = now + timedelta(minutes=row.window)
    if not row.hold and action.ends_at is not None and closes_at > action.ends_at:
        closes_at = action.ends_at
    ballot = row.ballot_slug
    voting.reschedule(session, actor=actor, now=now, slug=ballot, opens_at=now, closes_at=closes_at)
    voting.issue_credentials(session, actor=actor, now=now, slug=ballot, public_url=site)
    voting.open_ballot(session, actor=actor, now=now, slug=ballot, untested=untested)
    row.state = VoteState.LAUNCHED
    votes.record(session, action, row, "launch_vote", actor, now)


def launch_due(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> int:
    """Open the votes whose time has come; return how many. One without its keys waits for them."""
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, [State.LIVE])
    due = [] if action is None else [row for row in standing.votes(session, action) if row.by_clock]
    opened = 0
    for row in due:
        assert action is not None  # noqa: S101 - else there is none due
        if standing.vote_due(session, action, row, now):
            _launch(session, action, row, actor=actor, now=now, site=site)
            opened += 1
    return opened


def settle_votes(session: Session, *, actor: Actor, now: datetime, slug: str, site: str) -> int:
    """Carry out what members decided, once; return how many votes were settled."""
    allow(actor, Permission.ACTION_FIRE)
    action = common.locked_if_free(session, slug, list(State))
    if action is None:
        return 0
    settled = 0
    for row in standing.votes(session, action):
        if row.state is VoteState.REFUSED:
            settled += _follow_repeat(session, action, row)
        if row.state is VoteState.LAUNCHED:
            settled += _settle(session, action, row, actor=actor, now=now, site=site)
    return settled


def _follow_repeat(session: Session, action: Action, row: ActionVote) -> bool:
    """Let a refused vote that is held again count while the action runs; it holds the end no longer."""
    again = ballots.held_again(session, f"action/{action.slug}")
    if action.state is not State.LIVE or again is None or again.title != row.title:
        return False
    row.ballot_slug, row.state, row.hold, row.decided_at = again.slug, VoteState.LAUNCHED, False, None
    return True


def _settle(
    session: Session, action: Action, row: ActionVote, *, actor: Actor, now: datetime, site: str
) -> bool:
    outcome = ballots.outcome(session, row.ballot_slug)
    if outcome is None:
        card = ballots.by_slug(session, row.ballot_slug)
        if card is not None and card.without_result:
            row.state = VoteState.DROPPED
            votes.record(session, action, row, "drop_vote", actor, now)
            return True
        return False
    row.decided_at, row.late = outcome.decided_at, action.state is not State.LIVE
    row.state = VoteState.PASSED if outcome.passed else VoteState.REFUSED
    votes.record(session, action, row, "settle_vote", actor, now, passed=outcome.passed, late=row.late)
    if outcome.passed:
        _go_on(session, action, row, outcome, actor=actor, now=now, site=site)
    elif not row.late and action.ends_at is None:
        action.reason = common.Reason(NOT_GOING_ON, {}).stored()
        close(session, action, actor=actor, now=now, site=site)
    return True


def _go_on(
    session: Session,
    action: Action,
    row: ActionVote,
    outcome: Outcome,
    *,
    actor: Actor,
    now: datetime,
    site: str,
) -> None:
    until = campaigns.extend_mandate(
        session,
        campaign_id=action.campaign_id,
        actor=actor,
        now=now,
        outcome=outcome,
        in_use=not row.late,
        everywhere=not action.chapter_slug,
    )
    if row.late or until is None:
        return
    if action.mandate_expires_at is None or until > action.mandate_expires_at:
        action.mandate_ballot, action.mandate_expires_at = outcome.slug, until
        action.mandate_rule = dict(outcome.rule)
    _move_end(session, action, row.more, now)
    notice = common.Notice(f"goes-on-{row.number}", "actions/goes_on", now + common.OPEN_ENDED)
    common.tell(session, action, notice, now=now, site=site, member_ids=standing.audience(session, action))


def _move_end(session: Session, action: Action, more: int | None, now: datetime) -> None:
    """Move the end of everything that still runs or waits; an end that has passed is moved from now."""
    for firing in standing.firings(session, action):
        if firing.state in {FiringState.LIVE, FiringState.WAITING}:
            firing.ends_at = going_on.later(firing.ends_at, more, now)
    before, action.ends_at = action.ends_at, going_on.later(action.ends_at, more, now)
    if before is None or action.ends_at is None or action.wall_end is None:
        action.wall_end = None
    else:
        wall = windows.read_wall(action.wall_end) + (action.ends_at - before)
        action.wall_end = windows.write_wall(wall)
    session.flush()
