"""Close a ballot exactly once, take the trustees' shares, open the tally and apply the frozen rule."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import holders, rules
from union.ballots.crypto.archive import end_ballots_step, partial_decryption_step, result_step, tally_step
from union.ballots.crypto.ballot import read_ballot
from union.ballots.crypto.canonical import sha256_hex
from union.ballots.crypto.credentials import read_credentials
from union.ballots.crypto.decryption import (
    PartialDecryption,
    Result,
    check_partial,
    check_result,
    check_strong,
    compute_result,
    decrypt_partially,
    read_partial,
    result_record,
)
from union.ballots.crypto.election import Election
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.group import Scalar
from union.ballots.crypto.questions import Question, Ranked
from union.ballots.crypto.tally import Pairs, Tally, read_tally
from union.ballots.models import Ballot, BallotTrustee, BoardRecord, CastBallot, RollEntry
from union.ballots.models import PartialDecryption as StoredDecryption
from union.ballots.orders import distinct
from union.ballots.papers import Asked, Part
from union.ballots.rules import Counts, Rule, State, Verdict
from union.ballots.service import board, extending, mixing, words
from union.ballots.service.keys import seat_of, trustees_of
from union.ballots.service.mixing import tally_of
from union.ballots.service.refusals import Refusal, decryption_refusal
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed
from union.core.i18n import msg
from union.core.permissions import Permission, allow

_BATCH = 5_000
_CREDENTIALS = 2
"""Where the list of public credentials stands on a board: after the election and the trustees."""


@dataclass(frozen=True)
class ShareTaken:
    """A trustee's share is in. waiting: how many are still missing. unneeded: the result was out already."""

    waiting: int
    unneeded: bool = False


def close_ballot(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> bool:
    """Close the ballot at its time: no ballot comes after, the encrypted tally is public, trustees are told.

    Where the frozen rule has a clause and its condition holds, the close moves instead, once; then it returns
    False. Raises Closed when it is not open (so a second call changes nothing) or the time has not come.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.OPEN)
    if now < ballot.closes_at:
        raise Closed(msg("The ballot closes at its time, not before."))
    if extending.move_close(session, ballot, now):
        return False
    board.move(ballot, State.CLOSED)
    ballot.closed_at = now
    board.append(session, ballot, end_ballots_step(board.head_of(ballot)))
    _publish_tally(session, ballot)
    session.flush()
    shuffle_marks(session, ballot)
    audit.record(
        session, actor=actor, now=now, act="ballots.close", subject=f"ballot/{ballot.slug}", cast=ballot.cast
    )
    if mixing.needed(ballot) and not ballot.cast:
        _conclude_empty(session, ballot, now, public_url)
    elif mixing.advance(session, ballot, now, public_url):
        ask_for_shares(session, ballot, now, public_url)
    return True


def ask_for_shares(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    """Tell the trustees that the count waits for them; the server gives its own share at once."""
    seats = board.seats(session, ballot)
    words.tell(
        session,
        ballot,
        now=now,
        kind="decrypt",
        template="trustee_decrypt",
        member_ids=[seat.member_id for seat in seats if seat.member_id],
        expires_at=now + timedelta(days=14),
        common={"title": ballot.title, "link": words.address(public_url, ballot, "/decrypt")},
    )
    for seat in seats:
        if seat.own_key is not None:
            _decrypt_ourselves(session, ballot, seat, now)
    if not any(seat.member_id for seat in seats):
        conclude(session, actor=SYSTEM, now=now, slug=ballot.slug, public_url=public_url)


def _publish_tally(session: Session, ballot: Ballot) -> None:
    """Multiply the last ballot of every credential and put the tally on the board."""
    election = board.election_of(ballot)
    last = (
        select(func.max(CastBallot.position).label("position"))
        .where(CastBallot.ballot_id == ballot.id)
        .group_by(CastBallot.credential)
        .subquery()
    )
    records = session.scalars(
        select(BoardRecord.content)
        .join(last, last.c.position == BoardRecord.position)
        .where(BoardRecord.ballot_id == ballot.id)
        .execution_options(yield_per=500)
    )
    weights = _weights(session, ballot)
    tally = Tally.of(election)
    for record in records:
        cast = read_ballot(election, bytes(record))
        tally.add(cast, weights.get(cast.credential, 1))
    finished = tally.finished()
    content = finished.record()
    step = tally_step(board.head_of(ballot), content, finished.sized_record(sha256_hex(content)))
    ballot.tally_at = ballot.length
    board.append(session, ballot, step)
    ballot.cast, ballot.cast_weight = finished.num_tallied, finished.total_weight


def _weights(session: Session, ballot: Ballot) -> dict[str, int]:
    """Return what each public credential weighs, as the board published it; nothing where all weigh 1."""
    if ballot.weighting is None:
        return {}
    published = bytes(session.get_one(BoardRecord, (ballot.id, _CREDENTIALS)).content)
    return read_credentials(board.group_of(ballot), published, trusted=True)


def shuffle_marks(session: Session, ballot: Ballot) -> None:
    """Write the whole roll anew in random order: no row's age or place tells any more when somebody voted."""
    rows = [
        {"ballot_id": ballot.id, **entry}
        for entry in session.execute(
            select(RollEntry.member_id, RollEntry.chapter_slug, RollEntry.weight, RollEntry.voted).where(
                RollEntry.ballot_id == ballot.id
            )
        ).mappings()
    ]
    secrets.SystemRandom().shuffle(rows)
    session.execute(
        delete(RollEntry).where(RollEntry.ballot_id == ballot.id),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(RollEntry), rows[start : start + _BATCH])


def submit_decryption(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    decryption: str,
    strong_proofs: str,
    public_url: str,
) -> ShareTaken | Refusal:
    """Take a trustee's share of the decryption with both its proofs; with enough of them, conclude.

    decryption: the record to publish, byte for byte. strong_proofs: kept beside the archive. Returns a
    Refusal that names the trustee when a proof does not hold. Sent again, a share that is in changes nothing;
    one that comes after the result is not needed, and said so.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    seat = seat_of(session, ballot, actor)
    board.require(ballot, State.CLOSED, State.CONCLUDED)
    if session.get(StoredDecryption, (ballot.id, seat.position)) is None:
        if board.state_of(ballot) is State.CONCLUDED:
            return ShareTaken(0, unneeded=True)
        mixing.require_shuffled(ballot)
        try:
            _take_share(session, ballot, seat, decryption.encode(), strong_proofs.encode(), now)
        except Refused as refused:
            _name_refused(session, ballot, seat, actor, now, refused, public_url)
            return decryption_refusal(refused, seat.name)
        audit.record(session, actor=actor, now=now, act="ballots.decryption", subject=f"ballot/{ballot.slug}")
    waiting = _missing(session, ballot)
    if not waiting and board.state_of(ballot) is State.CLOSED:
        conclude(session, actor=SYSTEM, now=now, slug=ballot.slug, public_url=public_url)
    return ShareTaken(waiting)


def _name_refused(
    session: Session,
    ballot: Ballot,
    seat: BallotTrustee,
    actor: Actor,
    now: datetime,
    refused: Refused,
    public_url: str,
) -> None:
    """Count a wrong share, and tell the organizer whose it was."""
    board.count_refusal(session, ballot, refused.check)
    seat.refused, seat.refused_check = seat.refused + 1, str(refused.check)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.decryption_refused",
        subject=f"ballot/{ballot.slug}",
        trustee=seat.member_id,
        check=str(refused.check),
    )
    words.tell_organizer(
        session,
        ballot,
        now=now,
        kind=f"trustee-refused-{seat.position}",
        template="share_refused",
        expires_at=now + words.USEFUL,
        common={"title": ballot.title, "name": seat.name, "link": words.address(public_url, ballot, "/run")},
    )


def _missing(session: Session, ballot: Ballot) -> int:
    session.flush()
    there = set(
        session.scalars(select(StoredDecryption.position).where(StoredDecryption.ballot_id == ballot.id))
    )
    seats = [(seat.member_id is None, seat.position in there) for seat in board.seats(session, ballot)]
    return holders.shares_missing(ballot.threshold, seats)


def _take_share(
    session: Session, ballot: Ballot, seat: BallotTrustee, payload: bytes, strong: bytes, now: datetime
) -> None:
    election = board.election_of(ballot)
    pairs = read_tally(election, tally_of(session, ballot), trusted=True)
    partial = read_partial(election, pairs, payload)
    key = trustees_of(session, ballot).verification_keys[seat.position - 1]
    check_partial(election, pairs, key, partial)
    check_strong(election, pairs, key, partial, strong)
    board.append(session, ballot, partial_decryption_step(board.head_of(ballot), seat.position, payload))
    session.add(
        StoredDecryption(
            ballot_id=ballot.id,
            position=seat.position,
            payload=payload,
            strong_proofs=strong,
            received_at=now,
        )
    )


def _decrypt_ourselves(session: Session, ballot: Ballot, seat: BallotTrustee, now: datetime) -> None:
    election = board.election_of(ballot)
    pairs = read_tally(election, tally_of(session, ballot), trusted=True)
    partial, strong = decrypt_partially(election, pairs, Scalar(int(seat.own_key or "0")), secrets.randbelow)
    _take_share(session, ballot, seat, partial.record(), strong, now)


def conclude(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> Verdict:
    """Open the tally with the shares that are in, publish the result and decide by the frozen rule.

    Raises Closed when the ballot is not closed or too few shares are in.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.CLOSED)
    if missing := _missing(session, ballot):
        raise Closed(msg("The result waits for %(missing)s more trustees."), missing=missing)
    election = board.election_of(ballot)
    counts = _open_tally(session, ballot, election)
    board.append(session, ballot, result_step(board.head_of(ballot), result_record(election, counts)))
    return _settle(session, ballot, counts, actor, now, public_url)


def _conclude_empty(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
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
