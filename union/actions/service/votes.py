"""Plan votes that go with an action, move them with its times, give them up with it.

Each is a ballot of its own, secret and verifiable, under the rule that was chosen, among those whom the
action may call: its chapter's members, or everybody on the campaign's platform. Its trustees make their keys
before the action starts, so that nothing has to be improvised while it runs.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action, ActionVote
from union.actions.rules import going_on
from union.actions.rules.going_on import VotePlan
from union.actions.rules.states import PLANNING, VoteState
from union.actions.service import common
from union.audit import service as audit
from union.ballots import presets
from union.ballots import queries as ballots
from union.ballots import service as voting
from union.campaigns import queries as campaigns
from union.campaigns.service.votes import KIND
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg, span, translate
from union.core.permissions import Permission, permits

OVER = frozenset({"closed", "concluded", "cancelled"})
"""States in which a ballot cannot be called off any more."""


def plan_vote(session: Session, *, actor: Actor, now: datetime, slug: str, vote: VotePlan, site: str) -> int:
    """Plan a vote before the action starts: draft its ballot, ask for its keys; return its number.

    Takes signatures off, for they stood under another plan. Raises Closed once the action runs, Invalid with
    the field for a vote that could not be held or would change nothing.
    """
    action = _plannable(session, slug, actor)
    going_on.check(vote, action.starts_at, action.ends_at)
    common.take_signatures_off(session, action)
    ballot = _draft_ballot(session, action, vote, actor=actor, now=now)
    voting.ask_for_keys(session, actor=actor, now=now, slug=ballot, public_url=site)
    last = session.scalar(select(func.max(ActionVote.number)).where(ActionVote.action_id == action.id))
    row = ActionVote(
        action_id=action.id,
        number=(last or 0) + 1,
        title=vote.title.strip(),
        question=vote.question.strip(),
        steps=list(vote.steps),
        more=vote.more,
        after=vote.after,
        window=vote.window,
        by_clock=vote.by_clock,
        hold=vote.hold,
        ballot_slug=ballot,
        state=VoteState.PLANNED,
    )
    session.add(row)
    session.flush()
    record(session, action, row, "plan_vote", actor, now)
    return row.number


def _plannable(session: Session, slug: str, actor: Actor) -> Action:
    action = common.locked_for(session, slug, actor, Permission.ACTION_PLAN)
    if action.state not in PLANNING:
        raise Closed(
            msg("Votes on going on are planned before an action starts, so that nobody is surprised.")
        )
    return action


def _draft_ballot(session: Session, action: Action, vote: VotePlan, *, actor: Actor, now: datetime) -> str:
    planned = going_on.hours(action.starts_at, vote.after, vote.window)
    day = planned.opens_at.astimezone(ZoneInfo(action.zone)).date()
    if presets.in_force(vote.preset, day).stale(day) and not vote.rule_confirmed:
        raise Invalid(
            msg("This rule is past its review date on that day: an officer must confirm it."),
            field="rule_confirmed",
        )
    card = campaigns.card_by_id(session, action.campaign_id)
    words = [translate(actor.language, msg("If it passes: %(what)s"), what=_what(vote, actor.language))]
    words += [f"{n}. {translate(actor.language, step)}" for n, step in enumerate(vote.steps, 1)]
    return voting.draft(
        session,
        actor=actor,
        now=now,
        kind=KIND,
        subject=f"action/{action.slug}",
        title=vote.title,
        intro="\n".join(words),
        questions=[voting.decision(vote.question, actor.language)],
        preset=vote.preset,
        group=vote.group,
        opens_at=planned.opens_at,
        closes_at=planned.closes_at,
        zone=action.zone,
        platform_slug=card.platform_slug,
        chapter_slug=action.chapter_slug or None,
        trustee_ids=list(vote.trustee_ids),
        server_trustee=vote.server_trustee,
        threshold=vote.threshold,
        rule_confirmed=vote.rule_confirmed,
    )


def _what(vote: VotePlan, language: str) -> str:
    if vote.more is None:
        return translate(language, msg("we go on until we call it off."))
    if vote.more:
        return translate(language, msg("we go on for longer: %(much)s."), much=span(vote.more, language))
    return translate(language, msg("the next steps are in force."))


def drop_vote(session: Session, *, actor: Actor, now: datetime, slug: str, number: int, site: str) -> None:
    """Take a vote out of the plan before the action starts; signatures come off. Raises Closed later."""
    action = _plannable(session, slug, actor)
    row = found(session, action, number)
    if row.state is not VoteState.PLANNED:
        raise Conflict(msg("This vote is not planned any more."))
    common.take_signatures_off(session, action)
    drop(session, action, row, actor=actor, now=now, site=site)


def found(session: Session, action: Action, number: int) -> ActionVote:
    """Return the row of a vote, locked; raises NotFound."""
    row = session.get(ActionVote, (action.id, number), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(msg("There is no such vote."))
    return row


def drop(
    session: Session, action: Action, row: ActionVote, *, actor: Actor, now: datetime, site: str
) -> None:
    """Give a vote up, and its ballot with it unless that is over."""
    card = ballots.by_slug(session, row.ballot_slug)
    if card is not None and card.state not in OVER:
        voting.cancel(session, actor=_with_it(actor), now=now, slug=row.ballot_slug, public_url=site)
    row.state = VoteState.DROPPED
    record(session, action, row, "drop_vote", actor, now)


def _with_it(actor: Actor) -> Actor:
    """Return in whose name a planned ballot moves or falls with its action.

    Whoever runs the action at one place runs no ballots, and can always stop it all the same.
    """
    return actor if permits(actor, Permission.BALLOT_RUN) else SYSTEM


def drop_all(session: Session, action: Action, *, actor: Actor, now: datetime, site: str, held: bool) -> None:
    """Drop the votes of an action that stops: those planned, and if `held` those being held."""
    states = {VoteState.PLANNED, VoteState.LAUNCHED} if held else {VoteState.PLANNED}
    for row in standing.votes(session, action):
        if row.state not in states:
            continue
        card = ballots.by_slug(session, row.ballot_slug)
        if row.state is VoteState.LAUNCHED and card is not None and card.state == "closed":
            continue  # members have voted: it is counted, and its outcome told
        drop(session, action, row, actor=actor, now=now, site=site)


def move(session: Session, action: Action, *, actor: Actor, now: datetime) -> None:
    """Move the planned votes with the action's new times, and to those whom it now calls.

    Raises Invalid for one that would come too late, Conflict for one that changes hands once its voting codes
    were made.
    """
    for row in standing.votes(session, action):
        if row.state is VoteState.PLANNED:
            planned = going_on.hours(action.starts_at, row.after, row.window)
            going_on.require_in_time(planned, action.ends_at, row.title)
            voting.reschedule(
                session,
                actor=_with_it(actor),
                now=now,
                slug=row.ballot_slug,
                opens_at=planned.opens_at,
                closes_at=planned.closes_at,
            )
            voting.hold_among(
                session,
                actor=_with_it(actor),
                now=now,
                slug=row.ballot_slug,
                chapter_slug=action.chapter_slug,
            )


def record(
    session: Session,
    action: Action,
    row: ActionVote,
    act: str,
    actor: Actor,
    now: datetime,
    **facts: str | int | bool | None,
) -> None:
    """Write one act about a vote to the audit log."""
    audit.record(
        session,
        actor=actor,
        now=now,
        act=f"action.{act}",
        subject=f"action/{action.slug}",
        number=row.number,
        ballot=row.ballot_slug,
        **facts,
    )
