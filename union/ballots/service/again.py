"""Hold a ballot again that settled nothing: the same paper, rule, trustees and electorate, as a new draft."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from union.ballots import rules
from union.ballots.extension import Clause, Move
from union.ballots.holders import threshold_problem
from union.ballots.models import Ballot
from union.ballots.outcomes import tied
from union.ballots.papers import Asked, Part
from union.ballots.service import board
from union.ballots.service.drafting import draft
from union.ballots.service.weighing import weighting_of
from union.core.actor import Actor, Role
from union.core.errors import Closed, Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

SOON = timedelta(days=7)
"""How long after the draft the repeated ballot opens, unless its times are changed."""


def hold_again(session: Session, *, actor: Actor, now: datetime, slug: str) -> str:
    """Draft a ballot that repeats one which settled nothing or cannot be counted, and return the new slug.

    It opens a week from now for as long as the first was to; the rule's version of that day is taken. A
    member who is no trustee of the union any more is left out; where no more are left than were needed,
    all of them are. Raises Closed when the ballot is not over or did settle something, Conflict when it is
    held again already or another ballot on its subject is under way.
    """
    allow(actor, Permission.BALLOT_PLAN)
    ballot = board.locked(session, slug)
    if not _settled_nothing(ballot):
        raise Closed(msg("Only a ballot that is over and settled nothing can be held again."))
    _refuse_second(session, ballot)
    seats = board.seats(session, ballot)
    holders = set(members.with_role(session, Role.TRUSTEE))
    again = [s.member_id for s in seats if s.member_id in holders and s.member_id is not None]
    enough = ballot.threshold is not None and threshold_problem(ballot.threshold, len(again)) is None
    opens_at = (now + SOON).replace(minute=0, second=0, microsecond=0)
    made = draft(
        session,
        actor=actor,
        now=now,
        kind=ballot.kind,
        subject=ballot.subject,
        title=ballot.title,
        intro=ballot.intro,
        questions=[Asked.from_json(q) for q in ballot.questions],
        preset=ballot.preset,
        group=ballot.group_name,
        opens_at=opens_at,
        closes_at=opens_at + (_planned(ballot) - ballot.opens_at),
        zone=ballot.zone,
        platform_slug=ballot.platform_slug,
        chapter_slug=ballot.chapter_slug,
        trustee_ids=again,
        server_trustee=any(s.member_id is None for s in seats),
        threshold=ballot.threshold if enough else None,
        contest_days=ballot.contest_days,
        clause=Clause.of(ballot.rule),
        weighting=weighting_of(ballot),  # a file is brought anew: the roll may have changed
    )
    board.locked(session, made).rerun_of = ballot.id
    session.flush()
    return made


def _planned(ballot: Ballot) -> datetime:
    """Return the close as it was announced, before a clause moved it."""
    return Move.from_json(ballot.extended).planned if ballot.extended else ballot.closes_at


def _settled_nothing(ballot: Ballot) -> bool:
    asked = [Asked.from_json(q) for q in ballot.questions]
    counted = zip(asked, ballot.counts or [], strict=False)
    return rules.may_be_held_again(
        board.state_of(ballot),
        decides=asked[0].part is Part.DECISION,
        passed=bool(ballot.verdict and ballot.verdict["passed"]),
        tied=any(tied(q, n) for q, n in counted),
    )


def _refuse_second(session: Session, ballot: Ballot) -> None:
    again = (Ballot.rerun_of == ballot.id) & Ballot.state.not_in(rules.WITHOUT_RESULT)
    under_way = (Ballot.subject == ballot.subject) & (Ballot.subject != "") & Ballot.state.not_in(rules.OVER)
    if session.scalars(select(Ballot.id).where(or_(again, under_way))).first() is not None:
        raise Conflict(msg("This is voted on again already."))
