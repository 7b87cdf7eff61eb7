"""Take a ballot: checked first, then in one short transaction locked, re-checked, put on the board, marked.

Nothing written here joins the voter to the ballot but the sealed receipt on its way out and, until the close
rewrites the roll, the transaction both rows share (docs/adr/0005).
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from union.ballots.crypto.archive import ballot_step
from union.ballots.crypto.ballot import Ballot as SealedBallot
from union.ballots.crypto.ballot import check_ballot, read_ballot
from union.ballots.crypto.canonical import sha256_base64, sha256_hex
from union.ballots.crypto.failures import Check, Refused
from union.ballots.models import (
    Ballot,
    CastBallot,
    CastCiphertext,
    PublicCredential,
    RollEntry,
    WaitingReceipt,
)
from union.ballots.receipts import Receipt, Signer, fold
from union.ballots.rules import BEFORE_OPENING, State
from union.ballots.service import board
from union.ballots.service.credentials import point_digest
from union.ballots.service.refusals import CLOSED, NOT_ON_ROLL, NOT_OPEN, Refusal, refusal
from union.core.actor import Actor
from union.core.db import table_of
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Booth:
    """What must be known to check a ballot without a transaction. known: it is on the board already."""

    slug: str
    state: State
    election: bytes | None
    known: bool


@dataclass(frozen=True)
class Examined:
    """A ballot whose signature and every proof hold, for the election with this fingerprint."""

    fingerprint: str
    ballot: SealedBallot
    ciphertexts: tuple[str, ...]


def booth(session: Session, *, slug: str, text: str) -> Booth:
    """Return what `examine` needs; reads only. Raises NotFound."""
    known = exists().where(
        CastBallot.ballot_id == Ballot.id, CastBallot.ballot_hash == sha256_hex(text.encode())
    )
    found = session.execute(
        select(Ballot.slug, Ballot.state, Ballot.election, known).where(
            (Ballot.slug == slug) | (Ballot.uuid == slug)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(msg("There is no such ballot."))
    return Booth(found[0], State(found[1]), found[2], known=found[3])


def examine(place: Booth, text: str) -> Examined | Refusal | None:
    """Check signature and proofs: milliseconds of arithmetic, done before any lock is taken.

    Returns None where there is nothing to check: the ballot is on the board already, or voting is not open.
    """
    if place.known or place.state is not State.OPEN or place.election is None:
        return None
    election = board.read_election(place.election)
    try:
        ballot = read_ballot(election, text.encode())
        check_ballot(election, ballot)
        return Examined(election.fingerprint, ballot, _ciphertexts(ballot))
    except Refused as refused:
        return refusal(refused)


def _ciphertexts(ballot: SealedBallot) -> tuple[str, ...]:
    digests = ballot.ciphertext_digests
    if len(set(digests)) != len(digests):
        raise Refused(Check.BALLOT_REPEATED, "one ciphertext stands twice in the ballot")
    return digests


def cast(
    session: Session,
    *,
    actor: Actor,
    slug: str,
    text: str,
    now: datetime,
    signer: Signer,
    examined: Examined | Refusal | None = None,
) -> Receipt | Refusal:
    """Put a ballot on the board and return its signed receipt, or why not.

    text: the ballot's exact bytes. examined: what `examine` said, so that its work is done outside the lock;
    without it the work is done here. The same bytes again give the same receipt and change nothing. A
    refusal is counted by name, without the voter. Whether voting is open is decided by the database's clock
    inside the lock. Raises NotFound, and NotAllowed without an active membership.
    """
    allow(actor, Permission.BALLOT_CAST)
    ballot = board.locked(session, slug)
    earlier = session.get(CastBallot, (ballot.id, sha256_hex(text.encode())))
    if earlier is not None and ballot.fingerprint is not None:
        tracker = sha256_base64(text.encode())
        return signer.receipt(ballot.fingerprint, tracker, earlier.height, earlier.head, repeated=True)
    found = _decide(session, ballot, actor, text, now, examined)
    if isinstance(found, Refusal):
        board.count_refusal(session, ballot, found.code)
        log.info("a ballot was refused: %s", found.code)
        return found
    receipt = _put_on_board(session, ballot, found, signer)
    session.execute(
        update(RollEntry)
        .where(RollEntry.ballot_id == ballot.id, RollEntry.member_id == actor.member_id)
        .values(voted=True)
        .execution_options(synchronize_session=False)
    )
    waiting = {"id": new_id(), "ballot_id": ballot.id, "sealed": _receipt_text(actor, receipt)}
    session.execute(insert(table_of(WaitingReceipt)), [waiting])
    return receipt


def _decide(
    session: Session,
    ballot: Ballot,
    actor: Actor,
    text: str,
    now: datetime,
    examined: Examined | Refusal | None,
) -> Examined | Refusal:
    state = board.state_of(ballot)
    if state in BEFORE_OPENING:
        return NOT_OPEN
    if state is not State.OPEN or max(now, board.database_clock(session)) >= ballot.closes_at:
        return CLOSED
    on_roll = exists().where(RollEntry.ballot_id == ballot.id, RollEntry.member_id == actor.member_id)
    if not session.scalar(select(on_roll)):
        return NOT_ON_ROLL
    if not isinstance(examined, Refusal) and (examined is None or examined.fingerprint != ballot.fingerprint):
        examined = examine(Booth(ballot.slug, state, ballot.election, known=False), text)
    if isinstance(examined, Refusal) or examined is None:
        return examined or NOT_OPEN
    if examined.ballot.record != text.encode():
        return refusal(Refused(Check.BALLOT_FORM, "another ballot was examined"))
    return _new_to_board(session, ballot, examined) or examined


def _new_to_board(session: Session, ballot: Ballot, sealed: Examined) -> Refusal | None:
    """Check what only the database knows: that the credential is listed and no ciphertext was seen before."""
    listed = exists().where(
        PublicCredential.ballot_id == ballot.id,
        PublicCredential.digest == point_digest(sealed.ballot.credential),
    )
    seen = exists().where(
        CastCiphertext.ballot_id == ballot.id, CastCiphertext.digest.in_(sealed.ciphertexts)
    )
    is_listed, is_seen = session.execute(select(listed, seen)).one()
    if not is_listed:
        return refusal(Refused(Check.BALLOT_CREDENTIAL, "the credential is not listed"))
    if is_seen:
        return refusal(Refused(Check.BALLOT_REPEATED, "a ciphertext stands on the board already"))
    return None


def _put_on_board(session: Session, ballot: Ballot, sealed: Examined, signer: Signer) -> Receipt:
    step = ballot_step(board.head_of(ballot), sealed.ballot.record)
    position = ballot.length
    board.append(session, ballot, step)
    tracker = sealed.ballot.tracker
    session.execute(
        insert(table_of(CastBallot)),
        [
            {
                "ballot_id": ballot.id,
                "ballot_hash": sealed.ballot.record_hash,
                "position": position,
                "height": step.head.height,
                "head": step.head.digest,
                "credential": point_digest(sealed.ballot.credential),
                "folded": fold(tracker),
            }
        ],
    )
    session.execute(
        insert(table_of(CastCiphertext)),
        [{"ballot_id": ballot.id, "digest": d} for d in _in_order(sealed.ciphertexts)],
    )
    return signer.receipt(sealed.fingerprint, tracker, step.head.height, step.head.digest)


def _in_order(digests: Iterable[str]) -> list[str]:
    """Return them sorted: the order of rows tells nothing then."""
    return sorted(digests)


def _receipt_text(actor: Actor, receipt: Receipt) -> str:
    return json.dumps(
        [actor.member_id, receipt.tracker, receipt.height, receipt.chain_head, receipt.signature]
    )
