"""Take ballots: checked first, then in one short transaction locked, re-checked, put on the board, marked.

Nothing written here joins a voter to a ballot but the sealed receipt on its way out and, until the close
rewrites the roll, the transaction both rows share (docs/adr/0005).
"""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter

from sqlalchemy import bindparam, literal_column, null, select, union_all, update
from sqlalchemy.orm import Session

from union.ballots.crypto.archive import Head, Step, ballot_step
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
from union.ballots.service.examining import Booth, Examined, examine
from union.ballots.service.refusals import CLOSED, DECIDING, NOT_ON_ROLL, NOT_OPEN, Refusal, refusal
from union.core.actor import Actor
from union.core.db import insert_rows, insert_tables, table_of, together
from union.core.ids import new_id
from union.core.permissions import Permission, allow

log = logging.getLogger(__name__)


_ballot, _cast, _roll, _point, _ciphertext = map(
    table_of, (Ballot, CastBallot, RollEntry, PublicCredential, CastCiphertext)
)


@dataclass(frozen=True)
class Vote:
    """A sealed ballot that came in: its exact bytes as `text`.

    examined: what `examine` said, so that its work is done outside the lock; without it it is done there.
    """

    actor: Actor
    text: str
    examined: Examined | Refusal | None = None

    @property
    def hash(self) -> str:
        """What the ballot is called on the board."""
        return sha256_hex(self.text.encode())

    @property
    def sealed(self) -> Examined | None:
        """The ballot, if all holds that can be checked of it alone."""
        return self.examined if isinstance(self.examined, Examined) else None


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
    """Put one ballot on the board, as `cast_all` does."""
    votes = [Vote(actor, text, examined)]
    return cast_all(session, slug=slug, votes=votes, now=now, signer=signer)[0]


def cast_all(
    session: Session, *, slug: str, votes: Sequence[Vote], now: datetime, signer: Signer
) -> list[Receipt | Refusal]:
    """Put ballots on the board one after the other; return of each its signed receipt, or why not.

    The same bytes again give the same receipt and change nothing. A refusal is counted by name, without the
    voter, and keeps no other vote off the board. Whether voting is open is decided by the database's clock
    inside the lock. Raises NotFound, and NotAllowed when one has no active membership.
    """
    for vote in votes:
        allow(vote.actor, Permission.BALLOT_CAST)
    urn = board.urn(session, slug, {vote.actor.member_id for vote in votes})
    there = _look(session, urn, votes)
    sure = [_sure(session, urn, there, vote, now) for vote in votes]
    if sure != list(votes):
        there = _look(session, urn, sure)
    tray = _Tray(urn, signer)
    answers = [_answer(session, tray, there, vote, now) for vote in sure]
    refused = Counter(answer.code for answer in answers if isinstance(answer, Refusal))
    for code, times in refused.items():
        board.count_refusal(session, urn, code, times)
        log.info("a ballot was refused: %s", code)
    tray.put_on_board(session)
    return answers


@dataclass
class _There:
    """What the database says of sealed ballots once the lock is held, and what was added since.

    clock: the database's own. listed: which of their credentials are. seen: which of their ciphertexts
    stand on the board. earlier: by hash, where which of these very bytes stand.
    """

    clock: datetime
    listed: set[str]
    seen: set[str]
    earlier: dict[str, Head]


_LOOK = {
    dialect: union_all(
        select(literal_column("'clock'"), literal_column("''"), clock, literal_column("''")),
        select(literal_column("'earlier'"), _cast.c.ballot_hash, _cast.c.height, _cast.c.head).where(
            _cast.c.ballot_id == bindparam("ballot_id"),
            _cast.c.ballot_hash.in_(bindparam("hashes", expanding=True)),
        ),
        select(literal_column("'listed'"), _point.c.digest, null(), null()).where(
            _point.c.ballot_id == bindparam("ballot_id"),
            _point.c.digest.in_(bindparam("credentials", expanding=True)),
        ),
        select(literal_column("'seen'"), _ciphertext.c.digest, null(), null()).where(
            _ciphertext.c.ballot_id == bindparam("ballot_id"),
            _ciphertext.c.digest.in_(bindparam("ciphertexts", expanding=True)),
        ),
    )
    for dialect, clock in board.CLOCKS.items()
}


def _look(session: Session, urn: board.Urn, votes: Sequence[Vote]) -> _There:
    """Ask all the rest in one statement: others wait for the lock.

    Not in the one that takes the lock: that would not see what those before us wrote, and it names
    members; no statement names both a member and a ballot, so that no log of slow ones can join them.
    """
    sealed = [vote.sealed for vote in votes if vote.sealed]
    rows = session.execute(
        _LOOK[session.get_bind().dialect.name],
        {
            "ballot_id": urn.id,
            "hashes": [vote.hash for vote in votes],
            "credentials": [point_digest(one.ballot.credential) for one in sealed],
            "ciphertexts": [digest for one in sealed for digest in one.ciphertexts],
        },
    ).all()
    found: dict[str, list[str]] = {"listed": [], "seen": []}
    earlier: dict[str, Head] = {}
    clock = 0
    for what, digest, number, head in rows:
        if what == "clock":
            clock = number
        elif what == "earlier":
            earlier[digest] = Head(number, head)
        else:
            found[what].append(digest)
    return _There(board.database_clock(clock), set(found["listed"]), set(found["seen"]), earlier)


def _sure(session: Session, urn: board.Urn, there: _There, vote: Vote, now: datetime) -> Vote:
    """Return the vote examined for the urn's election: that is done here, unless it was before the lock."""
    examined = vote.examined
    if isinstance(examined, Refusal) or vote.hash in there.earlier or _shut(urn, there, vote, now):
        return vote
    if examined is not None and examined.fingerprint == urn.fingerprint:
        return vote
    election = session.scalar(select(_ballot.c.election).where(_ballot.c.id == urn.id))
    place = Booth(urn.slug, board.state_of(urn), election, known=False)
    return replace(vote, examined=examine(place, vote.text))


def _answer(session: Session, tray: "_Tray", there: _There, vote: Vote, now: datetime) -> Receipt | Refusal:
    """Return the vote's receipt, and lay it on the tray if it is new; or why it is refused."""
    urn, earlier = tray.urn, there.earlier.get(vote.hash)
    if earlier is not None and urn.fingerprint is not None:
        tracker = sha256_base64(vote.text.encode())
        return tray.signer.receipt(urn.fingerprint, tracker, earlier.height, earlier.digest, repeated=True)
    shut = _shut(urn, there, vote, now)
    if shut is not None:
        return DECIDING if shut is CLOSED and extending.may_go_on(session, urn.id) else shut
    if isinstance(vote.examined, Refusal) or vote.examined is None:
        return vote.examined or NOT_OPEN
    if vote.examined.ballot.record != vote.text.encode():
        return refusal(Refused(Check.BALLOT_FORM, "another ballot was examined"))
    return _known(there, vote.examined) or tray.lay(vote.actor, vote.examined, there)


def _shut(urn: board.Urn, there: _There, vote: Vote, now: datetime) -> Refusal | None:
    """Return why the voter cannot vote here, or not now."""
    state = board.state_of(urn)
    if state in BEFORE_OPENING:
        return NOT_OPEN
    if state is not State.OPEN or max(now, there.clock) >= urn.closes_at:
        return CLOSED
    return None if vote.actor.member_id in urn.on_roll else NOT_ON_ROLL


def _known(there: _There, sealed: Examined) -> Refusal | None:
    """Check what only the database knows: that the credential is listed and no ciphertext was seen before."""
    if point_digest(sealed.ballot.credential) not in there.listed:
        return refusal(Refused(Check.BALLOT_CREDENTIAL, "the credential is not listed"))
    if not there.seen.isdisjoint(sealed.ciphertexts):
        return refusal(Refused(Check.BALLOT_REPEATED, "a ciphertext stands on the board already"))
    return None


_MARK = (
    update(_roll)
    .where(
        _roll.c.ballot_id == bindparam("ballot"), _roll.c.member_id.in_(bindparam("members", expanding=True))
    )
    .values(voted=True)
)


class _Tray:
    """New ballots in the order in which they come onto the board, and all that a vote leaves behind.

    urn: as it is with what lies on the tray.
    """

    def __init__(self, urn: board.Urn, signer: Signer) -> None:
        self.urn, self.signer = urn, signer
        self._members: set[str] = set()
        self._records: list[dict[str, object]] = []
        self._places: list[dict[str, object]] = []
        self._seen: list[str] = []
        self._waiting: list[dict[str, object]] = []
        self._last: tuple[board.Urn, Step] | None = None

    def lay(self, actor: Actor, sealed: Examined, there: _There) -> Receipt:
        """Give the ballot its place and return the receipt."""
        urn, ballot = self.urn, sealed.ballot
        step = ballot_step(board.head_of(urn), ballot.record)
        receipt = self.signer.receipt(sealed.fingerprint, ballot.tracker, step.head.height, step.head.digest)
        self._records += board.records(urn, step)
        self._places.append(
            {
                "ballot_id": urn.id,
                "ballot_hash": ballot.record_hash,
                "position": urn.length,
                "height": step.head.height,
                "head": step.head.digest,
                "credential": point_digest(ballot.credential),
                "folded": fold(ballot.tracker),
            }
        )
        self._seen += sealed.ciphertexts
        self._members.add(str(actor.member_id))
        self._waiting.append({"id": new_id(), "ballot_id": urn.id, "sealed": _receipt_text(actor, receipt)})
        self._last = urn, step
        self.urn = board.moved(urn, step)
        there.earlier[ballot.record_hash] = step.head
        there.seen.update(sealed.ciphertexts)
        return receipt

    def put_on_board(self, session: Session) -> None:
        """Write everything in one go. Rows are sorted where the order of votes would tell something."""
        if self._last is None:
            return
        session.flush()
        seen = [{"ballot_id": self.urn.id, "digest": digest} for digest in sorted(self._seen)]
        waiting = sorted(self._waiting, key=itemgetter("id"))
        with together(session):
            insert_tables(
                session,
                [(table_of(BoardRecord), self._records), (_cast, self._places), (_ciphertext, seen)],
            )
            board.drop(session, *self._last)
            session.execute(_MARK, {"ballot": self.urn.id, "members": sorted(self._members)})
            insert_rows(session, table_of(WaitingReceipt), waiting)


def _receipt_text(actor: Actor, receipt: Receipt) -> str:
    return json.dumps(
        [actor.member_id, receipt.tracker, receipt.height, receipt.chain_head, receipt.signature]
    )
