"""A trustee shows that a share it got in the key ceremony does not fit, so that nobody is accused by hearsay.

Pure. The envelope of that one share is opened to everybody: the recipient gives the factor alpha^dk with the
proof that it was made with its own key. Nothing else can be read with it, and the ceremony is made anew after
a complaint, so a share shown in one is worth nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from union.ballots.crypto.canonical import compact, fields, integer, read_json
from union.ballots.crypto.ceremony import Polynomial, keys_of, read_envelope, read_share, unseal
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point
from union.ballots.crypto.pedersen import Certificate
from union.ballots.crypto.proofs import Proof, check_decryption, prove_decryption, read_proof

_CHECK = Check.TRUSTEE_COMPLAINT


@dataclass(frozen=True)
class Complaint:
    """accused: number of the trustee whose share is opened (from 1). factor: alpha^dk of its envelope."""

    accused: int
    factor: Point
    proof: Proof

    def record(self) -> bytes:
        """What the recipient of the share hands in."""
        return compact({"accused": self.accused, "factor": str(self.factor), "proof": self.proof.json()})


def _prefix(recipient: Point, alpha: Point, factor: Point) -> str:
    return f"complaint|{recipient}|{alpha}|{factor}|"


def make_complaint(group: Group, seed: str, envelope: str, accused: int, draw: Draw) -> Complaint:
    """Open the envelope that trustee number `accused` sent to the holder of this seed."""
    dk = keys_of(group, seed).dk
    alpha = read_envelope(group, envelope).alpha
    factor = group.pow(alpha, dk)
    proof = prove_decryption(group, dk, alpha, _prefix(group.gpow(dk), alpha, factor), draw)
    return Complaint(accused, factor, proof)


def check_complaint(
    group: Group, certs: Sequence[Certificate], polynomials: Sequence[Polynomial], index: int, record: bytes
) -> int:
    """Return the number of the trustee whose share to trustee number `index` does not fit.

    Raises Refused(TRUSTEE_COMPLAINT) when the complaint is not proven or the share does fit.
    """
    parts = fields(read_json(record, _CHECK), ("accused", "factor", "proof"), _CHECK)
    accused = integer(parts["accused"], _CHECK)
    if not 1 <= accused <= len(certs):
        raise Refused(_CHECK, f"there is no trustee {accused}")
    factor, proof = group.point(parts["factor"]), read_proof(group, parts["proof"], _CHECK)
    recipient = certs[index - 1].encryption
    sent = polynomials[accused - 1]
    envelope = read_envelope(group, sent.secrets[index - 1])
    prefix = _prefix(recipient, envelope.alpha, factor)
    check_decryption(group, group.shared(recipient, uses=1), envelope.alpha, factor, prefix, proof, _CHECK)
    try:
        opened = unseal(group, envelope, factor, certs[accused - 1].verification, recipient)
        read_share(group, sent.coefficients, index, opened)
    except Refused:
        return accused
    raise Refused(_CHECK, f"the share of trustee {accused} fits")
