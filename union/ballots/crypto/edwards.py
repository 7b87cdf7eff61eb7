"""The prime-order subgroup of edwards25519, under the name Ed25519.

Pure, on the libsodium that PyNaCl carries, called without PyNaCl's argument checks: lengths are right by
construction here, and a twentieth of the time went into them. FORMAT.md, section 1: a point is written as
the 32 bytes of RFC 8032 reversed, in lower-case hexadecimal. libsodium's multiplication refuses what lies
outside the subgroup.
"""

# ruff: noqa: ARG002, D102 - the interface says what these methods do and take

import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import cast

from nacl._sodium import ffi, lib

from union.ballots.crypto.edwards_arithmetic import Table, progression
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.finite_field import packed, unpacked
from union.ballots.crypto.group import Group, Point, Power, Scalar

_POINT = re.compile(r"[0-9a-f]{64}\Z")
_P = 2**255 - 19
_IDENTITY = b"\x01" + bytes(31)
_TOP_BIT = 0x80
PADDING = 14


class EdwardsPoint(Point):
    """A curve point in the 32 bytes of RFC 8032."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def __str__(self) -> str:
        return self.raw[::-1].hex()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EdwardsPoint) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


_new, _buffer = ffi.new, ffi.buffer
_multiply = lib.crypto_scalarmult_ed25519_noclamp
_multiply_base = lib.crypto_scalarmult_ed25519_base_noclamp
_add, _subtract = lib.crypto_core_ed25519_add, lib.crypto_core_ed25519_sub
_OUTSIDE = "a point lies outside the subgroup of Ed25519"


def _raw_pow(raw: bytes, e: int) -> bytes:
    if e == 0 or raw == _IDENTITY:
        return _IDENTITY
    out = _new("unsigned char[32]")
    if _multiply(out, e.to_bytes(32, "little"), raw):
        raise Refused(Check.POINT_SUBGROUP, _OUTSIDE)
    return cast("bytes", _buffer(out)[:])


def _raw_gpow(e: int) -> bytes:
    if e == 0:
        return _IDENTITY
    out = _new("unsigned char[32]")
    _multiply_base(out, e.to_bytes(32, "little"))
    return cast("bytes", _buffer(out)[:])


def _raw_mul(a: bytes, b: bytes) -> bytes:
    out = _new("unsigned char[32]")
    if _add(out, a, b):
        raise Refused(Check.POINT_SUBGROUP, "a point does not lie on the curve")
    return cast("bytes", _buffer(out)[:])


def _raw_div(a: bytes, b: bytes) -> bytes:
    out = _new("unsigned char[32]")
    if _subtract(out, a, b):
        raise Refused(Check.POINT_SUBGROUP, "a point does not lie on the curve")
    return cast("bytes", _buffer(out)[:])


def _is_valid(raw: bytes) -> bool:
    return bool(lib.crypto_core_ed25519_is_valid_point(raw))


@functools.lru_cache(maxsize=256)
def _small_gpow(value: int) -> bytes:
    return _raw_gpow(value)


class _Base(Power):
    """The base point, whose table libsodium carries."""

    __slots__ = ()

    def pow(self, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow(e))

    def shifted(self, value: int, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow((1 - value) * e % ED25519.q))

    def check(self) -> None:
        """Do nothing: the base point has order q."""


_WORTH_A_TABLE = 500
"""Making a table takes as long as so many multiplications save with it."""


class _Fixed(Power):
    """A trusted point that gets a table of its own once it is used often."""

    __slots__ = ("_raw", "_table", "_used")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._table: Table | None = None
        self._used = 0

    def pow(self, e: Scalar) -> EdwardsPoint:
        if self._table:
            return EdwardsPoint(self._table.multiply(e))
        self._used += 1
        if self._used > _WORTH_A_TABLE:
            self._table = Table(self._raw)
        return EdwardsPoint(_raw_pow(self._raw, e))

    def shifted(self, value: int, e: Scalar) -> EdwardsPoint:
        return _Shared(self._raw).shifted(value, e)

    def check(self) -> None:
        """Do nothing: tables are made of trusted bases only."""


class _Shared(Power):
    """Any other point. libsodium checks its order at each multiplication, so once is enough."""

    __slots__ = ("_checked", "_raw", "_shifted")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._shifted = {0: raw}
        self._checked = raw == _IDENTITY

    def pow(self, e: Scalar) -> EdwardsPoint:
        result = EdwardsPoint(_raw_pow(self._raw, e))
        self._checked = self._checked or e != 0
        return result

    def shifted(self, value: int, e: Scalar) -> EdwardsPoint:
        if value == 0:
            return self.pow(e)
        raw = self._shifted.get(value)
        if raw is None:
            raw = _raw_div(self._raw, _small_gpow(value))
            self._shifted[value] = raw
        return EdwardsPoint(_raw_pow(raw, e))

    def check(self) -> None:
        if not self._checked:
            ED25519.check_point(EdwardsPoint(self._raw))
            self._checked = True


class Edwards25519(Group):
    """The subgroup of order q of edwards25519; the base point of RFC 8032 generates it."""

    name = "Ed25519"
    q = 2**252 + 27742317777372353535851937790883648493
    longest_ranking = 30

    def __init__(self) -> None:
        self.g = EdwardsPoint(_raw_gpow(1))
        self.one = EdwardsPoint(_IDENTITY)

    def point_unchecked(self, text: str) -> EdwardsPoint:
        if not _POINT.match(text):
            raise Refused(Check.POINT_FORM, "a point is written as 64 lower-case hexadecimal digits")
        raw = bytes.fromhex(text)[::-1]
        y = int.from_bytes(raw, "little") & (2**255 - 1)
        if y >= _P or (y in (1, _P - 1) and raw[31] & _TOP_BIT):
            raise Refused(Check.POINT_FORM, "a point has one canonical form, and this is another")
        return EdwardsPoint(raw)

    def check_point(self, point: Point) -> None:
        raw = cast("EdwardsPoint", point).raw
        if raw != _IDENTITY and not _is_valid(raw):
            raise Refused(Check.POINT_SUBGROUP, _OUTSIDE)

    def mul(self, a: Point, b: Point) -> EdwardsPoint:
        return EdwardsPoint(_raw_mul(cast("EdwardsPoint", a).raw, cast("EdwardsPoint", b).raw))

    def inv(self, a: Point) -> EdwardsPoint:
        raw = cast("EdwardsPoint", a).raw
        return EdwardsPoint(raw if raw == _IDENTITY else raw[:31] + bytes([raw[31] ^ _TOP_BIT]))

    def pow(self, a: Point, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_pow(cast("EdwardsPoint", a).raw, e))

    def gpow(self, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow(e))

    def fixed(self, base: Point) -> Power:
        return _fixed(cast("EdwardsPoint", base).raw)

    def shared(self, base: Point, uses: int = 3) -> Power:
        return _Shared(cast("EdwardsPoint", base).raw)

    def shared_product(self, powers: Sequence[Power], product: Point, uses: int) -> Power:
        return _Shared(cast("EdwardsPoint", product).raw)

    def progression(self, start: Point, step: Point) -> Iterator[Point]:
        raws = progression(cast("EdwardsPoint", start).raw, cast("EdwardsPoint", step).raw)
        return map(EdwardsPoint, raws)

    def order_key(self, point: Point) -> bytes:
        return cast("EdwardsPoint", point).raw

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - the group is a constant
    def generator(self, i: int) -> EdwardsPoint:
        x = int.from_bytes(hashlib.sha256(f"ggen|{i}".encode()).digest(), "big") >> 2
        while True:
            raw = x.to_bytes(32, "little")
            if _is_on_curve(raw):
                for _ in range(3):
                    raw = _raw_mul(raw, raw)
                if raw in (_IDENTITY, cast("EdwardsPoint", self.g).raw):
                    raise Refused(Check.SHUFFLE_FORM, f"generator {i} is degenerate")
                return EdwardsPoint(raw)
            x += 1

    def encode(self, values: Sequence[int]) -> EdwardsPoint:
        number = packed(values, self.longest_ranking) << PADDING
        for epsilon in range(1 << PADDING):
            raw = (number + epsilon).to_bytes(32, "little")
            if raw == _IDENTITY or _is_valid(raw):
                return EdwardsPoint(raw)
        raise Refused(Check.BALLOT_CHOICES, "this ranking has no encoding")

    def decode(self, point: Point, length: int) -> list[int]:
        number = int.from_bytes(cast("EdwardsPoint", point).raw, "little")
        return unpacked(number >> PADDING, length)


@functools.lru_cache(maxsize=16)
def _fixed(raw: bytes) -> Power:
    return _Base() if raw == _raw_gpow(1) else _Fixed(raw)


def _is_on_curve(raw: bytes) -> bool:
    try:
        _raw_mul(raw, _IDENTITY)
    except Refused:
        return False
    return True


ED25519 = Edwards25519()
