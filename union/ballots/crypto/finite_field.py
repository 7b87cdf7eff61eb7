"""Subgroups of prime order in the integers modulo p: BELENIOS-2048 and RFC-3526-2048.

Pure, on gmpy2. Spec 5.1 and 5.2. An element is written in base 10, without a leading zero.
"""

# ruff: noqa: D102 - the interface says what these methods do

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import gmpy2
from gmpy2 import mpz

from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group, Point, Power, Scalar

_ELEMENT = re.compile(r"[1-9][0-9]{0,619}\Z")
BITS_PER_INT = 8
PADDING = 8


class FieldPoint(Point):
    """An integer 0 < x < p."""

    __slots__ = ("_text", "raw")

    def __init__(self, raw: mpz, text: str = "") -> None:
        self.raw = raw
        self._text = text

    def __str__(self) -> str:
        if not self._text:
            self._text = str(self.raw)
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldPoint) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class _Table(Power):
    """Fixed base: one row of powers for each window of the exponent."""

    __slots__ = ("_bits", "_group", "_rows")

    def __init__(self, group: "FiniteField", base: mpz) -> None:
        self._group = group
        self._bits = 8 if group.q.bit_length() <= 512 else 4  # noqa: PLR2004 - memory: 2.4 MB a table either way
        p = group.p
        rows = []
        for _ in range((group.q.bit_length() + self._bits - 1) // self._bits):
            row = [mpz(1)]
            for _ in range((1 << self._bits) - 1):
                row.append(row[-1] * base % p)
            rows.append(row)
            base = row[-1] * base % p
        self._rows = rows

    def raw_pow(self, e: int) -> mpz:
        p, low, high, fold = self._group.folding
        if self._bits == 8:  # noqa: PLR2004
            digits: Iterable[int] = e.to_bytes(len(self._rows), "little")
        else:
            digits = (int(digit, 16) for digit in reversed(f"{e:0{len(self._rows)}x}"))
        result = mpz(1)
        for row, digit in zip(self._rows, digits, strict=True):
            if digit:
                result *= row[digit]
                result = ((result & low) + (result >> high) * fold) % p
        return result

    def pow(self, e: Scalar) -> FieldPoint:
        return FieldPoint(self.raw_pow(e))

    def shifted(self, value: int, e: Scalar) -> FieldPoint:
        group = self._group
        return FieldPoint(self.raw_pow(e) * group.base.raw_pow(-value * e % group.q) % group.p)

    def check(self) -> None:
        """Do nothing: tables are made of trusted bases only."""


class _Shared(Power):
    """A base met a few times: its powers share the squarings (Yao 1976).

    squares[k] is the base to the power 2^k. The exponent is cut into odd windows, and the squares at which
    windows start are multiplied in by falling window in one pass. A product of such bases takes the squares
    of them all.
    """

    __slots__ = ("_base", "_group", "_parts", "_squares", "_uses")

    def __init__(self, group: "FiniteField", base: mpz, uses: int, parts: "Sequence[_Shared]" = ()) -> None:
        self._group = group
        self._base = base
        self._uses = uses
        self._parts = parts if len(parts) * uses <= _JOINT else ()
        self._squares: list[mpz] = []

    def squares(self) -> list[mpz]:
        if not self._squares:
            p, low, high, fold = self._group.folding
            x, squares = self._base, self._squares
            for _ in range(self._group.q.bit_length()):
                squares.append(x)
                x *= x
                x = ((x & low) + (x >> high) * fold) % p
        return self._squares

    def raw_pow(self, e: int) -> mpz:
        """Of the running products from window 15 down the one at 2i + 1 enters twice, but once for i = 0."""
        p, low, high, fold = self._group.folding
        if self._uses == 1 and not self._parts:
            return gmpy2.powmod(self._base, e, p)
        bases = [part.squares() for part in self._parts or (self,)]
        running = twice = mpz(1)
        for places in _windows(e):
            twice = twice * running % p
            for squares in bases:
                for place in places:
                    running *= squares[place]
                    running = ((running & low) + (running >> high) * fold) % p
        return twice * twice % p * running % p

    def pow(self, e: Scalar) -> FieldPoint:
        return FieldPoint(self.raw_pow(e))

    def shifted(self, value: int, e: Scalar) -> FieldPoint:
        group = self._group
        result = self.raw_pow(e)
        if value:
            result = result * group.base.raw_pow(-value * e % group.q) % group.p
        return FieldPoint(result)

    def check(self) -> None:
        group = self._group
        if not group.inside(self._base, self):
            raise Refused(Check.POINT_SUBGROUP, f"an element lies outside the subgroup of {group.name}")


_JOINT = 6
"""Up to so many bases times powers, a product of bases does without squares of its own."""
_WIDTH = 4


@functools.lru_cache(maxsize=16)
def _windows(e: int) -> list[list[int]]:
    """Where the windows 15, 13, .. 1 start in e: the sum of window * 2^start over them all is e.

    Kept, because a pair's alpha and beta are raised to the same challenges and every element to q.
    """
    found: list[list[int]] = [[] for _ in range(1 << _WIDTH - 1)]
    place = 0
    while e:
        zeros = (e & -e).bit_length() - 1
        e >>= zeros
        place += zeros
        found[-1 - (e % (1 << _WIDTH) >> 1)].append(place)
        e >>= _WIDTH
        place += _WIDTH
    return found


class FiniteField(Group):
    """The subgroup of order q of the integers modulo p."""

    def __init__(self, name: str, p: int, q: int, g: int, longest_ranking: int) -> None:
        self.name = name
        self.p = mpz(p)
        self.q = q
        self.g = FieldPoint(mpz(g))
        self.one = FieldPoint(mpz(1))
        self.longest_ranking = longest_ranking
        self._safe_prime = p == 2 * q + 1
        self.fixed = functools.lru_cache(maxsize=16)(self._fixed)  # type: ignore[method-assign]

    @functools.cached_property
    def folding(self) -> tuple[mpz, mpz, int, mpz]:
        """What reduces a product x quicker than x % p: p, low, high and fold of (x & low) + (x >> high) fold.

        A division by p takes twice as long as a multiplication as long as its quotient. So what stands above
        one and a half times the length of p comes down by a multiplication, and the division is half as long.
        """
        high = self.p.bit_length() * 3 // 2
        return self.p, (mpz(1) << high) - 1, high, gmpy2.powmod(2, high, self.p)

    @functools.cached_property
    def base(self) -> _Table:
        """The table of g."""
        return _Table(self, cast("FieldPoint", self.g).raw)

    def point_unchecked(self, text: str) -> FieldPoint:
        if not _ELEMENT.match(text):
            raise Refused(Check.POINT_FORM, "an element is a decimal number without a leading zero")
        raw = mpz(text)
        if raw >= self.p:
            raise Refused(Check.POINT_FORM, "an element is below p")
        return FieldPoint(raw, text)

    def inside(self, raw: mpz, shared: _Shared | None = None) -> bool:
        """Whether x lies in the subgroup. shared: x prepared for powers, if it is."""
        if self._safe_prime:
            # With p = 2q + 1 the subgroup is that of the squares: one Legendre symbol instead of a power.
            return bool(gmpy2.jacobi(raw, self.p) == 1)
        return bool((shared.raw_pow(self.q) if shared else gmpy2.powmod(raw, self.q, self.p)) == 1)

    def check_point(self, point: Point) -> None:
        if not self.inside(cast("FieldPoint", point).raw):
            raise Refused(Check.POINT_SUBGROUP, f"an element lies outside the subgroup of {self.name}")

    def mul(self, a: Point, b: Point) -> FieldPoint:
        return FieldPoint(cast("FieldPoint", a).raw * cast("FieldPoint", b).raw % self.p)

    def inv(self, a: Point) -> FieldPoint:
        return FieldPoint(gmpy2.invert(cast("FieldPoint", a).raw, self.p))

    def pow(self, a: Point, e: Scalar) -> FieldPoint:
        return FieldPoint(gmpy2.powmod(cast("FieldPoint", a).raw, e, self.p))

    def gpow(self, e: Scalar) -> FieldPoint:
        return self.base.pow(e)

    def _fixed(self, base: Point) -> Power:
        return _Table(self, cast("FieldPoint", base).raw)

    def fixed(self, base: Point) -> Power:
        return self._fixed(base)

    def shared(self, base: Point, uses: int = 3) -> Power:
        return _Shared(self, cast("FieldPoint", base).raw, uses)

    def shared_product(self, powers: Sequence[Power], product: Point, uses: int) -> Power:
        parts = cast("Sequence[_Shared]", powers)
        return _Shared(self, cast("FieldPoint", product).raw, uses, parts)

    def progression(self, start: Point, step: Point) -> Iterator[Point]:
        raw, factor = cast("FieldPoint", start).raw, cast("FieldPoint", step).raw
        while True:
            yield FieldPoint(raw)
            raw = raw * factor % self.p

    def order_key(self, point: Point) -> bytes:
        return int(cast("FieldPoint", point).raw).to_bytes(256, "big")

    def generator(self, i: int) -> FieldPoint:
        x = int.from_bytes(hashlib.sha256(f"ggen|{i}".encode()).digest(), "big")
        h = gmpy2.powmod(x, (self.p - 1) // self.q, self.p)
        if h in (0, 1, cast("FieldPoint", self.g).raw):
            raise Refused(Check.SHUFFLE_FORM, f"generator {i} is degenerate")
        return FieldPoint(h)

    def encode(self, values: Sequence[int]) -> FieldPoint:
        number = packed(values, self.longest_ranking)
        for epsilon in range(1 << PADDING):
            x = mpz((number << PADDING) + epsilon)
            if x and gmpy2.jacobi(x, self.p) == 1:
                return FieldPoint(x)
        raise Refused(Check.BALLOT_CHOICES, "this ranking has no encoding")

    def decode(self, point: Point, length: int) -> list[int]:
        return unpacked(int(cast("FieldPoint", point).raw) >> PADDING, length)


def packed(values: Sequence[int], longest: int) -> int:
    """The values as one number (spec 4.11.2). Raises Refused(BALLOT_CHOICES) unless 1..longest of 0..255."""
    if not 0 < len(values) <= longest:
        raise Refused(Check.BALLOT_CHOICES, f"a ranked answer holds 1 to {longest} values in this group")
    if not all(0 <= value < 1 << BITS_PER_INT for value in values):
        raise Refused(Check.BALLOT_CHOICES, "a ranked value lies between 0 and 255")
    return int.from_bytes(bytes(values), "big")


def unpacked(number: int, length: int) -> list[int]:
    """The values packed into a number (spec 4.11.2).

    A voter's own program can encrypt any element. What it puts above the values is cut off, as the reference
    program does, so that nobody can stop a count: the values are then some or other ranking.
    """
    return list((number & ((1 << BITS_PER_INT * length) - 1)).to_bytes(length, "big"))


_BELENIOS_P = int(
    "a3ef2d011fefb1b6e39e568fccdffb0fb7dc7ef3a791b6862791811d21fc35f21e6d36856b428030421f514ed40bfd4c"
    "06e092a495af8d79a2f85e0fb11c0ede07dd973f9c53e50930c6e82ac36de1ae3fb8c3aabfff12ce27a5022ddd8912d1"
    "07435012768a2cdd0a4091d8fa447f6c7ebc15a349fa318a6b4fe17d8d47e843a3e14dfa9b2162f4d7229abe93a188b4"
    "6b006517d6f6747ebbb29c9ec3099b607f18fb1a8bc858279aa8599411d998d3e3fada9e010840d082d8c31911acdd4a"
    "0e7992d0f18cc759cb5de0acf66a3882555bc810941e021b6a4ccfa04ee4008f878affa2375e2999b44f6cef17d70730"
    "1e59e0e6351e051ed9cec4157646e64f",
    16,
)
_BELENIOS_G = int(
    "1307c1ab5f295885d7caa3a78a42415e31fd1c5807b61fb1e781878a52230a51988b98c259597f9c5a9dfd001d26ba31"
    "d9d8976f01d95a1c8262ee68a0e92cea541e5219e0d0d094301b894236823fe1d4bc04e29f3748aefd4f10d5b1a356a8"
    "643e673fd9d215fc8fe5fb9cf9fdb8ea88fdb1a3381a697fdf9c2458570b06d26aef1be365fdd90165f397c6b870df8c"
    "1b9e519edcee8bb0f74b7a1615a274ba60a7ea574a61f552d2dde0ce514e0927c4ff49b1964c4a913731ae4268d60d7f"
    "22127b6cbba44d453ac8b72fd04e0991b7aeff04867d8724ac638f5f34100d2d47aa680d43771902743d663f42d853c0"
    "41e1c91fe3823f4bcf284308f1d7e653",
    16,
)
_BELENIOS_Q = int(
    "adb6066a73522565f4daa0f2579db7f2f0fa90c2168bc709e20263387d55c491",
    16,
)
_RFC_3526_P = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f"
    "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510"
    "15728e5a8aacaa68ffffffffffffffff",
    16,
)
_RFC_3526_G = 2
_RFC_3526_Q = int(
    "7fffffffffffffffe487ed5110b4611a62633145c06e0e68948127044533e63a0105df531d89cd9128a5043cc71a026e"
    "f7ca8cd9e69d218d98158536f92f8a1ba7f09ab6b6a8e122f242dabb312f3f637a262174d31bf6b585ffae5b7a035bf6"
    "f71c35fdad44cfd2d74f9208be258ff324943328f6722d9ee1003e5c50b1df82cc6d241b0e2ae9cd348b1fd47e9267af"
    "c1b2ae91ee51d6cb0e3179ab1042a95dcf6a9483b84b4b36b3861aa7255e4c0278ba3604650c10be19482f23171b671d"
    "f1cf3b960c074301cd93c1d17603d147dae2aef837a62964ef15e5fb4aac0b8c1ccaa4be754ab5728ae9130c4c7d0288"
    "0ab9472d455655347fffffffffffffff",
    16,
)

BELENIOS_2048 = FiniteField("BELENIOS-2048", _BELENIOS_P, _BELENIOS_Q, _BELENIOS_G, longest_ranking=0)
"""Spec 5.1: FIPS 186-4 parameters, q of 256 bits; for homomorphic questions only."""
RFC_3526_2048 = FiniteField("RFC-3526-2048", _RFC_3526_P, _RFC_3526_Q, _RFC_3526_G, longest_ranking=254)
"""Spec 5.2: a safe prime, so that small numbers can be embedded: for ranked questions."""
