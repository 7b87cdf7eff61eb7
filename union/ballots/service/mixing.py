"""Where the trustees' shuffles stand: whose turn it is, what they work on, and when all are done.

Every order is published after decryption, so the way from a ballot to its order must be cut before. Each
trustee in turn re-encrypts and permutes what the one before left, and proves it. One honest shuffle hides
everything; nobody can tell which one was honest.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import papers
from union.ballots.crypto.archive import end_shuffles_step, shuffle_step
from union.ballots.crypto.mixnet import make_shuffle, merge_rows, read_shuffled
from union.ballots.crypto.tally import Pairs, pairs_record, read_tally
from union.ballots.models import Ballot, BallotShuffle, BallotTrustee, BoardRecord
from union.ballots.papers import Asked
from union.ballots.rules import State
from union.ballots.service import board, words
from union.core.errors import Closed
from union.core.i18n import msg

ASK_AGAIN = timedelta(days=1)
USEFUL = timedelta(days=14)


def needed(ballot: Ballot) -> bool:
    """Tell whether the ballot asks something whose answers are shuffled before they are decrypted."""
    return papers.has_ranked([Asked.from_json(q) for q in ballot.questions])


def shuffling(ballot: Ballot) -> bool:
    """Tell whether the count waits for the trustees' shuffles."""
    return ballot.state == State.CLOSED and needed(ballot) and not ballot.shuffled


def require_shuffled(ballot: Ballot) -> None:
    """Raise Closed while the trustees' shuffles are not all there."""
    if shuffling(ballot):
        raise Closed(msg("The trustees still shuffle the votes. Your share is asked for after that."))


def tally_of(session: Session, ballot: Ballot) -> bytes:
    """Return the record of what is decrypted: the tally, orders as the last shuffle left them.

    Raises Closed before the close.
    """
    if ballot.tally_at is None:
        raise Closed(msg("The ballot is not closed yet."))
    tally = record(session, ballot, ballot.tally_at)
    last = _last(session, ballot)
    if last is None:
        return tally
    election = board.election_of(ballot)
    pairs = read_tally(election, tally, trusted=True)
    shuffled = read_shuffled(election, record(session, ballot, last))
    return pairs_record(merge_rows(election, pairs, shuffled), election.questions)


def pairs_of(session: Session, ballot: Ballot) -> Pairs:
    """Return the same, parsed."""
    return read_tally(board.election_of(ballot), tally_of(session, ballot), trusted=True)


def record(session: Session, ballot: Ballot, position: int) -> bytes:
    """Return what stands at a place of the board."""
    return bytes(session.get_one(BoardRecord, (ballot.id, position)).content)


def turns(session: Session, ballot: Ballot) -> dict[int, int | None]:
    """Return {trustee's place: where the shuffle stands on the board, None when left out}."""
    session.flush()
    rows = session.execute(
        select(BallotShuffle.position, BallotShuffle.record).where(BallotShuffle.ballot_id == ballot.id)
    )
    return {position: record for position, record in rows}  # noqa: C416 - dict() does not know rows


def _last(session: Session, ballot: Ballot) -> int | None:
    return max((at for at in turns(session, ballot).values() if at is not None), default=None)


def whose_turn(session: Session, ballot: Ballot) -> BallotTrustee | None:
    """Return the trustee everybody waits for; None when nobody has to shuffle any more."""
    if not needed(ballot) or ballot.shuffled:
        return None
    over = turns(session, ballot)
    return next((seat for seat in board.seats(session, ballot) if seat.position not in over), None)


def put_on_board(session: Session, ballot: Ballot, seat: BallotTrustee, payload: bytes) -> None:
    """Publish a shuffle that was checked, and note that the trustee's turn is over."""
    at = ballot.length
    board.append(session, ballot, shuffle_step(board.head_of(ballot), seat.position, payload))
    session.add(BallotShuffle(ballot_id=ballot.id, position=seat.position, record=at))


def advance(session: Session, ballot: Ballot, now: datetime, public_url: str) -> bool:
    """Go on to the next trustee and tell whose turn it is; return True once decryption can begin.

    The server shuffles at once when its turn comes. After the last one the board says that shuffling ended.
    """
    if not needed(ballot):
        return True
    while (seat := whose_turn(session, ballot)) is not None:
        if seat.member_id is not None:
            ballot.shuffle_turn_at = now
            ask(session, ballot, seat, now, public_url)
            return False
        election = board.election_of(ballot)
        made = make_shuffle(election, pairs_of(session, ballot), secrets.randbelow)
        put_on_board(session, ballot, seat, made.record())
    board.append(session, ballot, end_shuffles_step(board.head_of(ballot)))
    ballot.shuffled, ballot.shuffle_turn_at = True, None
    return True


def ask(session: Session, ballot: Ballot, seat: BallotTrustee, now: datetime, public_url: str) -> int:
    """Tell a trustee that it is their turn; once a day at most, so asking again is safe. Returns how many."""
    day = (now - (ballot.shuffle_turn_at or now)) // ASK_AGAIN
    return words.tell(
        session,
        ballot,
        now=now,
        kind=f"shuffle-{seat.position}-{now.toordinal()}" if day else f"shuffle-{seat.position}",
        template="trustee_shuffle",
        member_ids=[seat.member_id] if seat.member_id else [],
        expires_at=now + USEFUL,
        common={"title": ballot.title, "link": words.address(public_url, ballot, "/shuffle")},
    )
