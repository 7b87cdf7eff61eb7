"""Which credential to strike when one member needs a new code: known from the hand-out to the opening.

A row is found by a hash and holds a digest, both under a key of this hand-out alone: a file outside the
database (docs/adr/0026). The file goes with the opening; from then on no copy of the database, with the data
key or without, says whose credential is whose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from union.ballots.models import Ballot, CredentialTag
from union.ballots.rules import State
from union.core import passing
from union.core.sealing import CannotOpen, Vault

_BATCH = 5_000
_TAG, _DIGEST = "credential_tag", "credential_tag.digest"


@dataclass(frozen=True)
class Tagged:
    """One member's row, opened. digest: of the public credential to strike."""

    row: CredentialTag
    digest: str
    vault: Vault

    @property
    def times(self) -> int:
        """How often the member's code was replaced."""
        return self.row.times

    def becomes(self, digest: str) -> None:
        """Point at another credential: the code was replaced once more."""
        self.row.digest = _closed(self.vault, self.row.tag, digest)
        self.row.times += 1


def _name(ballot: Ballot) -> str:
    return f"{ballot.id}-{ballot.issue}"


def _tag(vault: Vault, member_id: str) -> str:
    return vault.lookup(member_id, _TAG).hex()


def _closed(vault: Vault, tag: str, digest: str) -> str:
    """Seal under the passing key, bound to the row; the column seals once more under the data key."""
    return vault.seal(digest, f"{_DIGEST}:{tag}").hex()


def keep(session: Session, ballot: Ballot, credentials: Iterable[tuple[str, str]]) -> None:
    """Keep which credential is whose, (member id, digest) each, under a new key; rows in the tags' order."""
    vault = Vault(passing.keys().make(_name(ballot)))
    tagged = sorted((_tag(vault, member_id), digest) for member_id, digest in credentials)
    rows = [
        {"ballot_id": ballot.id, "tag": tag, "digest": _closed(vault, tag, digest), "times": 0}
        for tag, digest in tagged
    ]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(CredentialTag), rows[start : start + _BATCH])


def find(session: Session, ballot: Ballot, member_id: str) -> Tagged | None:
    """Return the member's row, None where the key or the row is not here: then nobody can tell."""
    key = passing.keys().find(_name(ballot))
    if key is None:
        return None
    vault = Vault(key)
    row = session.get(CredentialTag, (ballot.id, _tag(vault, member_id)))
    if row is None:
        return None
    try:
        digest = vault.open(bytes.fromhex(row.digest), f"{_DIGEST}:{row.tag}")
    except (ValueError, CannotOpen):
        return None
    return Tagged(row, digest, vault)


def forget(session: Session, ballot: Ballot) -> None:
    """Delete the rows, and with the commit the key that opened them."""
    session.execute(delete(CredentialTag).where(CredentialTag.ballot_id == ballot.id))
    passing.keys().remove_after(session, _name(ballot))


def sweep_keys(session: Session, *, now: datetime) -> int:
    """Remove keys that a killed process left behind; return how many."""
    handed = select(Ballot).where(Ballot.state == State.CREDENTIALS)
    return passing.keys().sweep({_name(ballot) for ballot in session.scalars(handed)}, now)
