"""The trustees' shuffles: checked before taken; who sends a wrong one is named, who stays away left out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.canonical import sha256_hex
from union.ballots.crypto.election import Election
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.mixnet import check_shuffle, read_shuffle
from union.ballots.crypto.tally import read_tally
from union.ballots.models import Ballot, BallotShuffle, BallotTrustee
from union.ballots.rules import State
from union.ballots.service import board, counting, mixing
from union.ballots.service.keys import seat_of
from union.ballots.service.refusals import Refusal, shuffle_refusal
from union.core.actor import Actor
from union.core.errors import Closed, Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class Work:
    """What a trustee shuffles, to check a shuffle without a transaction. tally: the record it starts from."""

    election: bytes
    tally: bytes
    trustee: str

    @property
    def base(self) -> str:
        """The digest of what the shuffle starts from."""
        return sha256_hex(self.tally)


@dataclass(frozen=True)
class Checked:
    """A shuffle whose proof holds. base: the digest of what it started from."""

    base: str
    payload: bytes


@dataclass(frozen=True)
class ShuffleTaken:
    """A shuffle is on the board. waiting: how many trustees are still to shuffle."""

    waiting: int


def shuffle_work(session: Session, *, actor: Actor, slug: str) -> Work:
    """Return what the actor has to shuffle now.

    Raises Closed when shuffling is not on or another trustee's turn, NotAllowed for who is no trustee.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.found(session, slug)
    seat = seat_of(session, ballot, actor)
    _require_turn(session, ballot, seat)
    return _work(session, ballot, seat)


def _work(session: Session, ballot: Ballot, seat: BallotTrustee) -> Work:
    return Work(board.election_of(ballot).record, mixing.tally_of(session, ballot), seat.name)


def _require_turn(session: Session, ballot: Ballot, seat: BallotTrustee) -> None:
    board.require(ballot, State.CLOSED)
    if not mixing.needed(ballot):
        raise Closed(msg("Nothing is shuffled in this ballot."))
    if ballot.shuffled:
        raise Closed(msg("The shuffles are over."))
    over = mixing.turns(session, ballot)
    if seat.position in over:
        raise Closed(
            msg("You were left out of the shuffles. Ask an organizer to let you in again.")
            if over[seat.position] is None
            else msg("Your shuffle is on the board already.")
        )
    turn = mixing.whose_turn(session, ballot)
    if turn is not None and turn.position != seat.position:
        raise Closed(msg("It is the turn of %(name)s now; we write to you when it is yours."), name=turn.name)


def examine_shuffle(work: Work, text: str) -> Checked | Refusal:
    """Check a shuffle's form and proof: seconds of arithmetic, done before any lock is taken."""
    election = board.read_election(work.election)
    try:
        _check(election, work.tally, text.encode())
    except Refused as refused:
        return shuffle_refusal(refused, work.trustee)
    return Checked(work.base, text.encode())


def _check(election: Election, tally: bytes, payload: bytes) -> None:
    shuffle = read_shuffle(election, payload)
    check_shuffle(election, read_tally(election, tally, trusted=True), shuffle)


def submit_shuffle(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    text: str,
    public_url: str,
    examined: Checked | Refusal | None = None,
) -> ShuffleTaken | Refusal:
    """Take a trustee's shuffle in its turn, and go on to the next trustee or to the decryption.

    text: the record to publish, byte for byte. examined: what `examine_shuffle` said of it. Returns a
    Refusal that names the trustee when the proof does not hold. Sent again, a shuffle that is in changes
    nothing. Raises Closed out of turn.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    seat = seat_of(session, ballot, actor)
    if not _is_in(session, ballot, seat, text):
        _require_turn(session, ballot, seat)
        work = _work(session, ballot, seat)
        if not isinstance(examined, Checked) or (examined.base, examined.payload) != (
            work.base,
            text.encode(),
        ):
            examined = examined if isinstance(examined, Refusal) else examine_shuffle(work, text)
        if isinstance(examined, Refusal):
            return _refuse(session, ballot, seat, actor, now, examined)
        mixing.put_on_board(session, ballot, seat, examined.payload)
        audit.record(session, actor=actor, now=now, act="ballots.shuffle", subject=f"ballot/{ballot.slug}")
        _go_on(session, ballot, now, public_url)
    waiting = len(board.seats(session, ballot)) - len(mixing.turns(session, ballot))
    return ShuffleTaken(0 if ballot.shuffled else waiting)


def _is_in(session: Session, ballot: Ballot, seat: BallotTrustee, text: str) -> bool:
    record = mixing.turns(session, ballot).get(seat.position)
    return record is not None and mixing.record(session, ballot, record) == text.encode()


def _refuse(
    session: Session, ballot: Ballot, seat: BallotTrustee, actor: Actor, now: datetime, found: Refusal
) -> Refusal:
    board.count_refusal(session, ballot, found.code)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.shuffle_refused",
        subject=f"ballot/{ballot.slug}",
        trustee=seat.member_id,
        check=found.code,
    )
    return found


def _go_on(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    if mixing.advance(session, ballot, now, public_url):
        counting.ask_for_shares(session, ballot, now, public_url)


def leave_out(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> str:
    """Go on without the shuffle of the trustee whose turn it is, and return the name.

    At least one other shuffle must be there or still to come: without any, everybody could see which ballot
    holds which order. Raises Closed when nobody's shuffle is waited for, Conflict when it is the only one.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot, seat = _waited_for(session, slug)
    over = mixing.turns(session, ballot)
    others = [s.position for s in board.seats(session, ballot) if s.position != seat.position]
    if all(position in over and over[position] is None for position in others):
        raise Conflict(msg("Somebody must shuffle: else everybody could see which ballot holds which order."))
    session.add(BallotShuffle(ballot_id=ballot.id, position=seat.position, record=None))
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.shuffle_left_out",
        subject=f"ballot/{ballot.slug}",
        trustee=seat.member_id,
    )
    _go_on(session, ballot, now, public_url)
    return seat.name


def let_in(
    session: Session, *, actor: Actor, now: datetime, slug: str, position: int, public_url: str
) -> None:
    """Give a trustee who was left out another turn, while shuffling is not over."""
    allow(actor, Permission.BALLOT_RUN)
    ballot, _ = _waited_for(session, slug)
    row = session.get(BallotShuffle, (ballot.id, position))
    if row is None or row.record is not None:
        raise Conflict(msg("This trustee was not left out."))
    session.delete(row)
    session.flush()
    audit.record(session, actor=actor, now=now, act="ballots.shuffle_let_in", subject=f"ballot/{ballot.slug}")
    _go_on(session, ballot, now, public_url)


def remind_shuffler(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> int:
    """Write to the trustee whose turn it is, at most once a day. Returns how many messages are written."""
    allow(actor, Permission.BALLOT_RUN)
    ballot, seat = _waited_for(session, slug)
    return mixing.ask(session, ballot, seat, now, public_url)


def _waited_for(session: Session, slug: str) -> tuple[Ballot, BallotTrustee]:
    ballot = board.locked(session, slug)
    board.require(ballot, State.CLOSED)
    seat = mixing.whose_turn(session, ballot)
    if seat is None:
        raise Closed(msg("Nobody's shuffle is waited for."))
    return ballot, seat
