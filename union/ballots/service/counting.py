"""Ask the trustees of a closed ballot for their shares of the decryption, check each and take it in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.archive import partial_decryption_step
from union.ballots.crypto.decryption import (
    check_partial,
    check_strong,
    decrypt_partially,
    read_partial,
)
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.group import Scalar
from union.ballots.crypto.tally import read_tally
from union.ballots.models import Ballot, BallotTrustee
from union.ballots.models import PartialDecryption as StoredDecryption
from union.ballots.rules import State
from union.ballots.service import board, mixing, words
from union.ballots.service.concluding import conclude, missing_shares
from union.ballots.service.keys import seat_of, trustees_of
from union.ballots.service.mixing import tally_of
from union.ballots.service.refusals import Refusal, decryption_refusal
from union.core.actor import SYSTEM, Actor
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class ShareTaken:
    """A trustee's share is in. waiting: how many are still missing. unneeded: the result was out already."""

    waiting: int
    unneeded: bool = False


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
    waiting = missing_shares(session, ballot)
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
