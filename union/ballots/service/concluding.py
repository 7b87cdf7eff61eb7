"""Open the tally once enough shares are in, publish the result and apply the frozen rule."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import holders, rules
from union.ballots.crypto.archive import result_step
from union.ballots.crypto.decryption import (
    PartialDecryption,
    Result,
    check_result,
    compute_result,
    read_partial,
    result_record,
)
from union.ballots.crypto.election import Election
from union.ballots.crypto.questions import Question, Ranked
from union.ballots.crypto.tally import Pairs, read_tally
from union.ballots.models import Ballot, RollEntry
from union.ballots.models import PartialDecryption as StoredDecryption
from union.ballots.orders import distinct
from union.ballots.papers import Asked, Part
from union.ballots.rules import Counts, Rule, State, Verdict
from union.ballots.service import board, words
from union.ballots.service.keys import trustees_of
from union.ballots.service.mixing import tally_of
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed
from union.core.i18n import msg
from union.core.permissions import Permission, allow


def missing_shares(session: Session, ballot: Ballot) -> int:
    """Return how many trustees' shares the count still waits for."""
    session.flush()
    there = set(
        session.scalars(select(StoredDecryption.position).where(StoredDecryption.ballot_id == ballot.id))
    )
    seats = [(seat.member_id is None, seat.position in there) for seat in board.seats(session, ballot)]
    return holders.shares_missing(ballot.threshold, seats)


def conclude(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> Verdict:
    """Open the tally with the shares that are in, publish the result and decide by the frozen rule.

    Raises Closed when the ballot is not closed or too few shares are in.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.CLOSED)
    if missing := missing_shares(session, ballot):
        raise Closed(msg("The result waits for %(missing)s more trustees."), missing=missing)
    election = board.election_of(ballot)
    counts = _open_tally(session, ballot, election)
    board.append(session, ballot, result_step(board.head_of(ballot), result_record(election, counts)))
    return _settle(session, ballot, counts, actor, now, public_url)


def conclude_empty(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    """Conclude a ballot of orders in which nobody voted: there is nothing to shuffle or to decrypt.

    Its board ends with the empty tally: shares of nothing would be the same bytes from every trustee.
    """
    questions = board.election_of(ballot).questions
    counts = [[] if isinstance(question, Ranked) else [0] * question.slots for question in questions]
    _settle(session, ballot, counts, SYSTEM, now, public_url)


def _settle(
    session: Session, ballot: Ballot, counts: Result, actor: Actor, now: datetime, public_url: str
) -> Verdict:
    """Keep the counts, decide by the frozen rule, and tell everybody on the roll."""
    election = board.election_of(ballot)
    board.move(ballot, State.CONCLUDED)
    verdict = _verdict(ballot, counts)
    ballot.counts = [_kept(question, row) for question, row in zip(election.questions, counts, strict=True)]
    ballot.verdict, ballot.concluded_at, ballot.given_up = verdict.as_json(), now, None
    for seat in board.seats(session, ballot):
        seat.own_key = None
    words.tell(
        session,
        ballot,
        now=now,
        kind="result",
        template="result",
        member_ids=_roll(session, ballot),
        expires_at=now + timedelta(days=7),
        common={"title": ballot.title, "link": words.address(public_url, ballot)},
    )
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.conclude",
        subject=f"ballot/{ballot.slug}",
        passed=verdict.passed,
        cast=ballot.cast,
        head=ballot.head,
    )
    return verdict


def _roll(session: Session, ballot: Ballot) -> list[str]:
    return list(session.scalars(select(RollEntry.member_id).where(RollEntry.ballot_id == ballot.id)))


def _kept(question: Question, row: list[Any]) -> list[Any]:
    """Return what is kept of a result: the counts, or each order with how many gave it."""
    return distinct(row) if isinstance(question, Ranked) else [int(count) for count in row]


def _open_tally(session: Session, ballot: Ballot, election: Election) -> Result:
    pairs: Pairs = read_tally(election, tally_of(session, ballot), trusted=True)
    stored = session.scalars(select(StoredDecryption).where(StoredDecryption.ballot_id == ballot.id))
    partials: dict[int, PartialDecryption] = {
        s.position: read_partial(election, pairs, bytes(s.payload)) for s in stored
    }
    trustees = trustees_of(session, ballot)
    weight = ballot.cast_weight or 0
    result = compute_result(election, trustees, pairs, partials, weight)
    check_result(election, trustees, pairs, partials, result, weight)
    return result


def _verdict(ballot: Ballot, counts: Result) -> Verdict:
    """Apply the frozen rule with whole numbers: to members, or to votes where they weigh differently."""
    rule = Rule.frozen(ballot.rule)
    first = Asked.from_json(ballot.questions[0])
    eligible = ballot.total_weight if ballot.total_weight is not None else ballot.eligible
    if first.part is Part.DECISION:
        yes, no, abstain = counts[0]
        found = rules.decide(rule, Counts(yes, no, abstain), eligible)
    else:
        found = rules.decide_choice(rule, ballot.cast_weight or 0, eligible)
    return rules.in_votes(found) if ballot.weighting else found
