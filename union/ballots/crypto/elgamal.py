"""ElGamal pairs in the exponent.

Pure. Spec 4.3 and 4.11.1: alpha = g^r, beta = y^r g^m; products of pairs add their plaintexts.
"""

from typing import NamedTuple

from union.ballots.crypto.canonical import fields
from union.ballots.crypto.failures import Check
from union.ballots.crypto.group import Group, Point, Power, Scalar


class Ciphertext(NamedTuple):
    """A pair of points."""

    alpha: Point
    beta: Point

    def __str__(self) -> str:
        return f"{self.alpha},{self.beta}"

    def json(self) -> dict[str, str]:
        """As written in records."""
        return {"alpha": str(self.alpha), "beta": str(self.beta)}


def encrypt(group: Group, y: Power, r: Scalar, m: int) -> Ciphertext:
    """Encrypt the whole number m under y with randomness r."""
    beta = y.pow(r)
    return Ciphertext(group.gpow(r), group.mul(beta, group.gpow(Scalar(m % group.q))) if m else beta)


def multiply(group: Group, a: Ciphertext, b: Ciphertext) -> Ciphertext:
    """Pointwise product."""
    return Ciphertext(group.mul(a.alpha, b.alpha), group.mul(a.beta, b.beta))


def raise_to(group: Group, a: Ciphertext, weight: int) -> Ciphertext:
    """Pointwise power: the ballot counts `weight` times (spec 4.16)."""
    if weight == 1:
        return a
    e = Scalar(weight % group.q)
    return Ciphertext(group.pow(a.alpha, e), group.pow(a.beta, e))


def neutral(group: Group) -> Ciphertext:
    """The pair that multiplies to nothing."""
    return Ciphertext(group.one, group.one)


def read_ciphertext(group: Group, value: object, check: Check, *, trusted: bool = False) -> Ciphertext:
    """Parse a pair; with `trusted` the subgroup checks are left to the caller.

    Raises Refused(check), Refused(POINT_FORM) or Refused(POINT_SUBGROUP).
    """
    parts = fields(value, ("alpha", "beta"), check)
    if trusted:
        return Ciphertext(
            group.point_unchecked(str(parts["alpha"])), group.point_unchecked(str(parts["beta"]))
        )
    return Ciphertext(group.point(parts["alpha"]), group.point(parts["beta"]))
