"""Check a sealed ballot by itself: milliseconds of arithmetic, before a transaction and its lock."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from union.ballots.crypto.ballot import Ballot as SealedBallot
from union.ballots.crypto.ballot import check_ballot, read_ballot
from union.ballots.crypto.canonical import sha256_hex
from union.ballots.crypto.failures import Check, Refused
from union.ballots.models import Ballot, CastBallot
from union.ballots.rules import State
from union.ballots.service import board
from union.ballots.service.refusals import Refusal, refusal
from union.core.db import table_of
from union.core.errors import NotFound
from union.core.i18n import msg


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


_ballot, _cast = table_of(Ballot), table_of(CastBallot)
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
