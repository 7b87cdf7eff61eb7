"""The group interface: points, scalars and what may be done with them.

Pure. Spec 4.2 and 5, written multiplicatively as there. A scalar is a whole number modulo q and a point
an opaque value of one group; the types keep them apart. Randomness is an argument (Draw) everywhere.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NewType

from union.ballots.crypto.failures import Check, Refused

Scalar = NewType("Scalar", int)
Draw = Callable[[int], int]
"""Draws uniformly from 0 <= x < n, given n: `secrets.randbelow`, or a list of answers in a test."""
_SCALAR = re.compile(r"(?:0|[1-9][0-9]{0,700})\Z")


class Point(ABC):
    """An element of a group; `str()` gives the form that is hashed and written."""

    __slots__ = ()

    @abstractmethod
    def __str__(self) -> str: ...


class Power(ABC):
    """One base prepared for several exponents, so that they share the work."""

    __slots__ = ()

    @abstractmethod
    def pow(self, e: Scalar) -> Point:
        """The base to the power e."""

    @abstractmethod
    def shifted(self, value: int, e: Scalar) -> Point:
        """(base / g^value)^e, as disjunctive proofs need it (spec 4.12)."""

    @abstractmethod
    def check(self) -> None:
        """Raise Refused(POINT_SUBGROUP) unless the base lies in the group of order q."""


class Group(ABC):
    """A cyclic group of prime order q with generator g."""

    name: str
    q: int
    g: Point
    one: Point
    longest_ranking: int
    """How many values a ranked answer may hold; 0 when the group cannot carry ranked questions."""

    @abstractmethod
    def point_unchecked(self, text: str) -> Point:
        """Read the canonical string without the check of the order; call `Power.check` later.

        Raises Refused(POINT_FORM).
        """

    @abstractmethod
    def check_point(self, point: Point) -> None:
        """Raise Refused(POINT_SUBGROUP) unless the point's order divides q."""

    @abstractmethod
    def mul(self, a: Point, b: Point) -> Point:
        """The product a b."""

    @abstractmethod
    def inv(self, a: Point) -> Point:
        """The inverse of a."""

    @abstractmethod
    def pow(self, a: Point, e: Scalar) -> Point:
        """The power a^e."""

    @abstractmethod
    def gpow(self, e: Scalar) -> Point:
        """The power g^e, from tables."""

    @abstractmethod
    def fixed(self, base: Point) -> Power:
        """Tables for a base that serves thousands of powers (y, a trustee's key). The base is trusted."""

    @abstractmethod
    def shared(self, base: Point, uses: int = 3) -> Power:
        """A base that serves a handful of powers (a ciphertext's alpha). uses: about how many."""

    @abstractmethod
    def shared_product(self, powers: Sequence[Power], product: Point, uses: int) -> Power:
        """The product of bases that were prepared by `shared`, prepared itself."""

    @abstractmethod
    def progression(self, start: Point, step: Point) -> Iterator[Point]:
        """The points start, start step, start step^2, ... without end."""

    @abstractmethod
    def order_key(self, point: Point) -> bytes:
        """Sorting key of points (FORMAT.md, section 1)."""

    @abstractmethod
    def generator(self, i: int) -> Point:
        """Independent generator number i, -1 for the secondary one (spec, table 8)."""

    @abstractmethod
    def encode(self, values: Sequence[int]) -> Point:
        """Group element that carries a ranking (spec 4.11.2). Raises Refused(BALLOT_CHOICES)."""

    @abstractmethod
    def decode(self, point: Point, length: int) -> list[int]:
        """Ranking carried by an element: the inverse of `encode`, and some ranking for any other element."""

    def point(self, text: object) -> Point:
        """Read a point strictly: canonical string, order dividing q.

        Raises Refused(POINT_FORM) or Refused(POINT_SUBGROUP).
        """
        if not isinstance(text, str):
            raise Refused(Check.POINT_FORM, "a point is written as a string")
        point = self.point_unchecked(text)
        self.check_point(point)
        return point

    def scalar(self, text: object) -> Scalar:
        """Read a scalar: decimal, no leading zero, below q. Raises Refused(SCALAR_FORM)."""
        if not isinstance(text, str) or not _SCALAR.match(text):
            raise Refused(Check.SCALAR_FORM, "a scalar is a decimal number in a string")
        value = int(text)
        if value >= self.q:
            raise Refused(Check.SCALAR_FORM, "a scalar is below the group's order")
        return Scalar(value)

    def draw_scalar(self, draw: Draw) -> Scalar:
        """A uniform scalar from the given source."""
        return Scalar(draw(self.q))

    def div(self, a: Point, b: Point) -> Point:
        """The quotient a / b."""
        return self.mul(a, self.inv(b))

    def product(self, points: Iterable[Point]) -> Point:
        """The product of all points, `one` of none."""
        result = self.one
        for point in points:
            result = self.mul(result, point)
        return result

    def product_of_powers(self, bases: Sequence[Point], exponents: Sequence[Scalar]) -> Point:
        """Product of bases[i]^exponents[i]."""
        return self.product(self.pow(base, e) for base, e in zip(bases, exponents, strict=True))

    def __reduce__(self) -> tuple[Callable[[str], "Group"], tuple[str]]:
        return group_named, (self.name,)


def group_named(name: object) -> Group:
    """The group of that name: BELENIOS-2048, Ed25519 or RFC-3526-2048. Raises Refused(GROUP_KNOWN)."""
    from union.ballots.crypto import edwards, finite_field  # noqa: PLC0415 - they build on this module

    if name == edwards.ED25519.name:
        return edwards.ED25519
    for group in (finite_field.BELENIOS_2048, finite_field.RFC_3526_2048):
        if name == group.name:
            return group
    raise Refused(Check.GROUP_KNOWN, f"no group is called {str(name)[:40]!r}")
