"""The proofs of knowledge, each made and checked.

Pure; symbols equal the spec's. Sections: 4.5 (pok), 4.6.1 (signing), 4.11.2 (raweg), 4.12 (iprove), 4.13
(blank), 4.14 (signature), 4.18 (decrypt). A check raises Refused with the name of the
proof; it never answers False.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from union.ballots.crypto.canonical import fields
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Power, Scalar


class Proof(NamedTuple):
    """A challenge and a response (spec 4.3)."""

    challenge: Scalar
    response: Scalar

    def json(self) -> dict[str, str]:
        """As written in records."""
        return {"challenge": str(self.challenge), "response": str(self.response)}


def read_proof(group: Group, value: object, check: Check) -> Proof:
    """Parse one proof. Raises Refused(check) on another form, Refused(SCALAR_FORM) on a bad scalar."""
    parts = fields(value, ("challenge", "response"), check)
    return Proof(group.scalar(parts["challenge"]), group.scalar(parts["response"]))


def H(group: Group, prefix: str, points: Iterable[Point]) -> Scalar:  # noqa: N802
    """Challenge: SHA-256 of the prefix and the points, big-endian, modulo q (FORMAT.md, section 2)."""
    digest = hashlib.sha256((prefix + ",".join(map(str, points))).encode()).digest()
    return Scalar(int.from_bytes(digest, "big") % group.q)


def _commitment(group: Group, public: Power, proof: Proof) -> Point:
    return group.mul(group.gpow(proof.response), public.pow(proof.challenge))


def prove_knowledge(group: Group, x: Scalar, prefix: str, draw: Draw) -> Proof:
    """Knowledge of x = log_g: w drawn, A = g^w, response w - x challenge (spec 4.5, 4.6.1, 4.11.2, 4.14)."""
    w = group.draw_scalar(draw)
    challenge = H(group, prefix, [group.gpow(w)])
    return Proof(challenge, Scalar((w - x * challenge) % group.q))


def check_knowledge(group: Group, public: Power, prefix: str, proof: Proof, check: Check) -> None:
    """Check a proof made by `prove_knowledge` against public = g^x. Raises Refused(check)."""
    if H(group, prefix, [_commitment(group, public, proof)]) != proof.challenge:
        raise Refused(check, "the proof of knowledge does not hold")


def key_prefix(group: Group, public: Point) -> str:
    """Prefix of the proof that comes with a trustee's key (spec 4.5)."""
    return f"pok|{group.name}|{public}|"


class Side(NamedTuple):
    """One statement of a disjunction: the pair encrypts `value` under y."""

    alpha: Power
    beta: Power
    value: int


class Witness(NamedTuple):
    """What the prover knows of one statement: its encryption randomness r and its plaintext m."""

    r: Scalar
    m: int


def check_disjunction(
    group: Group, y: Power, prefix: str, sides: Sequence[Side], proofs: Sequence[Proof], check: Check
) -> None:
    """One of the sides is true (spec 4.12 and 4.13.3). Raises Refused(check).

    A_j = g^response alpha^challenge and B_j = y^response (beta / g^value)^challenge; the challenges add
    up to H.
    """
    if len(proofs) != len(sides):
        raise Refused(check, f"{len(sides)} proofs were expected, {len(proofs)} are there")
    points: list[Point] = []
    total = 0
    for side, proof in zip(sides, proofs, strict=True):
        points.append(_commitment(group, side.alpha, proof))
        points.append(group.mul(y.pow(proof.response), side.beta.shifted(side.value, proof.challenge)))
        total += proof.challenge
    if H(group, prefix, points) != total % group.q:
        raise Refused(check, "the proof that the encrypted value is allowed does not hold")


def prove_disjunction(
    group: Group,
    y: Power,
    prefix: str,
    sides: Sequence[tuple[Witness, int]],
    true: int,
    draw: Draw,
    *,
    true_first: bool = False,
) -> list[Proof]:
    """Prove that side number `true` holds without telling which (spec 4.12, 4.13.1, 4.13.2).

    Each side is (what the prover knows of its pair, the value it states). Knowing r, the simulated
    commitments need fixed bases only: A = g^(response + r c), B = y^(response + r c) g^((m - value) c).
    true_first: draw w before the simulated pairs, as blank_proof does in the known answers.
    """
    q = group.q
    w = group.draw_scalar(draw) if true_first else None
    simulated: dict[int, Proof] = {}
    points: list[tuple[Point, Point] | None] = []
    for j, (known, value) in enumerate(sides):
        if j == true:
            points.append(None)
            continue
        c, s = group.draw_scalar(draw), group.draw_scalar(draw)
        simulated[j] = Proof(c, s)
        t = Scalar((s + known.r * c) % q)
        B = y.pow(t)
        if known.m != value:
            B = group.mul(B, group.gpow(Scalar((known.m - value) * c % q)))
        points.append((group.gpow(t), B))
    if w is None:
        w = group.draw_scalar(draw)
    commitments = [point for pair in points for point in (pair or (group.gpow(w), y.pow(w)))]
    challenge = Scalar((H(group, prefix, commitments) - sum(p.challenge for p in simulated.values())) % q)
    response = Scalar((w - sides[true][0].r * challenge) % q)
    return [simulated.get(j) or Proof(challenge, response) for j in range(len(sides))]


def prove_decryption(group: Group, x: Scalar, alpha: Point, prefix: str, draw: Draw) -> Proof:
    """The factor alpha^x was made with the key x (spec 4.18). The prefix says which statement is hashed."""
    w = group.draw_scalar(draw)
    challenge = H(group, prefix, [group.gpow(w), group.pow(alpha, w)])
    return Proof(challenge, Scalar((w - x * challenge) % group.q))


def check_decryption(
    group: Group, X: Power, alpha: Point, factor: Point, prefix: str, proof: Proof, check: Check
) -> None:
    """Check a proof made by `prove_decryption`: A = g^r X^c, B = alpha^r factor^c. Raises Refused(check)."""
    A = _commitment(group, X, proof)
    B = group.mul(group.pow(alpha, proof.response), group.pow(factor, proof.challenge))
    if H(group, prefix, [A, B]) != proof.challenge:
        raise Refused(check, "the proof of a decryption factor does not hold")
