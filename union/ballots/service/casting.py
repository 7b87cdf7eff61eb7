"""Take a ballot: checked first, then in one short transaction locked, re-checked, put on the board, marked.

Nothing written here joins the voter to the ballot but the sealed receipt on its way out and, until the close
rewrites the roll, the transaction both rows share (docs/adr/0005).
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from union.ballots.crypto.archive import Head, ballot_step
from union.ballots.crypto.ballot import Ballot as SealedBallot
from union.ballots.crypto.ballot import check_ballot, read_ballot
from union.ballots.crypto.canonical import sha256_base64, sha256_hex
from union.ballots.crypto.failures import Check, Refused
from union.ballots.models import (
    Ballot,
    BoardRecord,
    CastBallot,
    CastCiphertext,
    PublicCredential,
    RollEntry,
    WaitingReceipt,
)
from union.ballots.receipts import Receipt, Signer, fold
from union.ballots.rules import BEFORE_OPENING, State
from union.ballots.service import board, extending
from union.ballots.service.credentials import point_digest
from union.ballots.service.refusals import CLOSED, DECIDING, NOT_ON_ROLL, NOT_OPEN, Refusal, refusal
from union.core.actor import Actor
from union.core.db import insert_rows, insert_tables, table_of, together
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


_ballot, _cast, _roll, _point, _ciphertext = map(
    table_of, (Ballot, CastBallot, RollEntry, PublicCredential, CastCiphertext)
)
_BOOTH = select(
    _ballot.c.slug,
    _ballot.c.state,
    _ballot.c.election,
    exists().where(_cast.c.ballot_id == _ballot.c.id, _cast.c.ballot_hash == bindparam("ballot_hash")),
).where(or_(_ballot.c.slug == bindparam("slug"), _ballot.c.uuid == bindparam("slug")))


def booth(reader: Connection | Session, *, slug: str, text: str) -> Booth:
    """Return what `examine` needs; reads only. Raises NotFound."""
    facts = {"slug": slug, "ballot_hash": sha256_hex(text.encode())}
    found = reader.execute(_BOOTH, facts).one_or_none()
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
    urn = board.urn(session, slug, actor.member_id)
    there = _look(session, urn, text, examined)
    if there.earlier is not None and urn.fingerprint is not None:
        return signer.receipt(
            urn.fingerprint,
            sha256_base64(text.encode()),
            there.earlier.height,
            there.earlier.digest,
            repeated=True,
        )
    found = _decide(session, urn, there, text, now, examined)
    if isinstance(found, Refusal):
        board.count_refusal(session, urn, found.code)
        log.info("a ballot was refused: %s", found.code)
        return found
    return _put_on_board(session, urn, actor, found, signer)


@dataclass(frozen=True)
class _There:
    """What the database says of a sealed ballot once the lock is held.

    clock: the database's own. earlier: where these very bytes stand. listed: the credential is.
    repeated: one of the ciphertexts was seen before.
    """

    clock: datetime
    listed: bool
    repeated: bool
    earlier: Head | None


_earlier = (_cast.c.ballot_id == bindparam("ballot_id")) & (_cast.c.ballot_hash == bindparam("ballot_hash"))
_LOOK = {
    dialect: select(
        clock,
        exists().where(
            _point.c.ballot_id == bindparam("ballot_id"), _point.c.digest == bindparam("credential")
        ),
        exists().where(
            _ciphertext.c.ballot_id == bindparam("ballot_id"),
            _ciphertext.c.digest.in_(bindparam("ciphertexts", expanding=True)),
        ),
        select(_cast.c.height).where(_earlier).scalar_subquery(),
        select(_cast.c.head).where(_earlier).scalar_subquery(),
    )
    for dialect, clock in board.CLOCKS.items()
}


def _look(session: Session, urn: board.Urn, text: str, examined: Examined | Refusal | None) -> _There:
    """Ask all the rest in one statement: others wait for the lock.

    Not in the one that takes the lock: that would not see what those before us wrote, and it names the
    member; no statement names both a member and a ballot, so that no log of slow ones can join them.
    """
    sealed = examined if isinstance(examined, Examined) else None
    clock, listed, repeated, height, head = session.execute(
        _LOOK[session.get_bind().dialect.name],
        {
            "ballot_id": urn.id,
            "ballot_hash": sha256_hex(text.encode()),
            "credential": point_digest(sealed.ballot.credential) if sealed else None,
            "ciphertexts": sealed.ciphertexts if sealed else (),
        },
    ).one()
    earlier = Head(height, head) if head is not None else None
    return _There(board.database_clock(clock), listed, repeated, earlier)


def _decide(
    session: Session,
    urn: board.Urn,
    there: _There,
    text: str,
    now: datetime,
    examined: Examined | Refusal | None,
) -> Examined | Refusal:
    shut = _shut(urn, there, now)
    if shut is not None:
        return DECIDING if shut is CLOSED and extending.may_go_on(session, urn.id) else shut
    if not isinstance(examined, Refusal) and (examined is None or examined.fingerprint != urn.fingerprint):
        election = session.scalar(select(_ballot.c.election).where(_ballot.c.id == urn.id))
        examined = examine(Booth(urn.slug, board.state_of(urn), election, known=False), text)
        there = _look(session, urn, text, examined)
    if isinstance(examined, Refusal) or examined is None:
        return examined or NOT_OPEN
    if examined.ballot.record != text.encode():
        return refusal(Refused(Check.BALLOT_FORM, "another ballot was examined"))
    return _known(there) or examined


def _shut(urn: board.Urn, there: _There, now: datetime) -> Refusal | None:
    """Return why the voter cannot vote here, or not now."""
    state = board.state_of(urn)
    if state in BEFORE_OPENING:
        return NOT_OPEN
    if state is not State.OPEN or max(now, there.clock) >= urn.closes_at:
        return CLOSED
    return None if urn.on_roll else NOT_ON_ROLL


def _known(there: _There) -> Refusal | None:
    """Check what only the database knows: that the credential is listed and no ciphertext was seen before."""
    if not there.listed:
        return refusal(Refused(Check.BALLOT_CREDENTIAL, "the credential is not listed"))
    if there.repeated:
        return refusal(Refused(Check.BALLOT_REPEATED, "a ciphertext stands on the board already"))
    return None


_MARK = (
    update(_roll)
    .where(_roll.c.ballot_id == bindparam("ballot"), _roll.c.member_id == bindparam("member"))
    .values(voted=True)
)


def _put_on_board(
    session: Session, urn: board.Urn, actor: Actor, sealed: Examined, signer: Signer
) -> Receipt:
    """Write everything a vote leaves behind in one go, and return the receipt."""
    step = ballot_step(board.head_of(urn), sealed.ballot.record)
    tracker = sealed.ballot.tracker
    receipt = signer.receipt(sealed.fingerprint, tracker, step.head.height, step.head.digest)
    place = {
        "ballot_id": urn.id,
        "ballot_hash": sealed.ballot.record_hash,
        "position": urn.length,
        "height": step.head.height,
        "head": step.head.digest,
        "credential": point_digest(sealed.ballot.credential),
        "folded": fold(tracker),
    }
    seen = [{"ballot_id": urn.id, "digest": digest} for digest in _in_order(sealed.ciphertexts)]
    waiting = {"id": new_id(), "ballot_id": urn.id, "sealed": _receipt_text(actor, receipt)}
    with together(session):
        insert_tables(
            session,
            [(table_of(BoardRecord), board.records(urn, step)), (_cast, [place]), (_ciphertext, seen)],
        )
        board.drop(session, urn, step)
        session.execute(_MARK, {"ballot": urn.id, "member": actor.member_id})
        insert_rows(session, table_of(WaitingReceipt), [waiting])
    return receipt


def _in_order(digests: Iterable[str]) -> list[str]:
    """Return them sorted: the order of rows tells nothing then."""
    return sorted(digests)


def _receipt_text(actor: Actor, receipt: Receipt) -> str:
    return json.dumps(
        [actor.member_id, receipt.tracker, receipt.height, receipt.chain_head, receipt.signature]
    )
