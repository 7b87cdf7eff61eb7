"""A test decryption before the ballot opens: does the key at hand still open things?

Pure. The dummy's randomness follows from the dummy's own fingerprint, so that everybody can make the
ciphertext anew: nobody can slip a real vote in as a test, because nobody knows the randomness of one. What
tells is the proof that comes with the factor.
"""

from dataclasses import dataclass

from union.ballots.crypto.decryption import check_partial, check_strong, read_partial
from union.ballots.crypto.election import Election
from union.ballots.crypto.elgamal import encrypt
from union.ballots.crypto.group import Group, Point
from union.ballots.crypto.proofs import H
from union.ballots.crypto.questions import Homomorphic
from union.ballots.crypto.tally import Pairs


@dataclass(frozen=True)
class Rehearsal:
    """An election of one answer and its tally, which holds the number 1: `compute_result` gives [[1]]."""

    election: Election
    pairs: Pairs


def rehearsal(group: Group, public_key: Point, uuid: str, ceremony: int) -> Rehearsal:
    """The test of the keys that ceremony number `ceremony` of ballot `uuid` made."""
    election = Election.make(
        uuid=uuid,
        name="Rehearsal",
        description=f"A test decryption before the ballot opens, of key {ceremony}.",
        group=group,
        public_key=public_key,
        questions=[Homomorphic("Do all parts fit?", ("Yes",), 0, 1)],
    )
    r = H(group, f"rehearsal|{election.fingerprint}|", [])
    return Rehearsal(election, ((encrypt(group, group.shared(public_key, uses=1), r, 1),),))


def check_test(test: Rehearsal, X: Point, record: bytes, strong: bytes) -> None:
    """Check what the trustee with public key X sent: the part with both its proofs.

    Raises Refused with the name of what does not hold.
    """
    partial = read_partial(test.election, test.pairs, record)
    check_partial(test.election, test.pairs, X, partial)
    check_strong(test.election, test.pairs, X, partial, strong)
