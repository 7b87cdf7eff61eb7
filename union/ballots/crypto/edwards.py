"""The prime-order subgroup of edwards25519, under the name Ed25519.

Pure, on libsodium through PyNaCl. Protocol page, section 1: a point is written as the 32 bytes of RFC 8032
reversed, in lower-case hexadecimal. libsodium's multiplication refuses what lies outside the subgroup.
"""

# ruff: noqa: D102 - the interface says what these methods do

import functools
import hashlib
import re
from collections.abc import Sequence
from typing import cast

import nacl.bindings as sodium
import nacl.exceptions

from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.finite_field import BITS_PER_INT, packed, unpacked
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


def _raw_pow(raw: bytes, e: int) -> bytes:
    if e == 0 or raw == _IDENTITY:
        return _IDENTITY
    try:
        return sodium.crypto_scalarmult_ed25519_noclamp(e.to_bytes(32, "little"), raw)
    except nacl.exceptions.RuntimeError:
        raise Refused(Check.POINT_SUBGROUP, "a point lies outside the subgroup of Ed25519") from None


def _raw_gpow(e: int) -> bytes:
    return sodium.crypto_scalarmult_ed25519_base_noclamp(e.to_bytes(32, "little")) if e else _IDENTITY


class _Base(Power):
    """The base point, whose table libsodium carries."""

    __slots__ = ()

    def pow(self, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow(e))

    def shifted(self, value: int, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow((1 - value) * e % ED25519.q))

    def check(self) -> None:
        """Do nothing: the base point has order q."""


class _Shared(Power):
    """Any other point."""

    __slots__ = ("_raw", "_shifted")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._shifted = {0: raw}

    def pow(self, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_pow(self._raw, e))

    def shifted(self, value: int, e: Scalar) -> EdwardsPoint:
        raw = self._shifted.get(value)
        if raw is None:
            raw = sodium.crypto_core_ed25519_sub(self._raw, _raw_gpow(value))
            self._shifted[value] = raw
        return EdwardsPoint(_raw_pow(raw, e))

    def check(self) -> None:
        ED25519.check_point(EdwardsPoint(self._raw))


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
        if raw != _IDENTITY and not sodium.crypto_core_ed25519_is_valid_point(raw):
            raise Refused(Check.POINT_SUBGROUP, "a point lies outside the subgroup of Ed25519")

    def mul(self, a: Point, b: Point) -> EdwardsPoint:
        try:
            return EdwardsPoint(
                sodium.crypto_core_ed25519_add(cast("EdwardsPoint", a).raw, cast("EdwardsPoint", b).raw)
            )
        except nacl.exceptions.RuntimeError:
            raise Refused(Check.POINT_SUBGROUP, "a point does not lie on the curve") from None

    def inv(self, a: Point) -> EdwardsPoint:
        raw = cast("EdwardsPoint", a).raw
        return EdwardsPoint(raw if raw == _IDENTITY else raw[:31] + bytes([raw[31] ^ _TOP_BIT]))

    def pow(self, a: Point, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_pow(cast("EdwardsPoint", a).raw, e))

    def gpow(self, e: Scalar) -> EdwardsPoint:
        return EdwardsPoint(_raw_gpow(e))

    def fixed(self, base: Point) -> Power:
        return _Base() if base == self.g else _Shared(cast("EdwardsPoint", base).raw)

    def shared(self, base: Point) -> Power:
        return _Shared(cast("EdwardsPoint", base).raw)

    def order_key(self, point: Point) -> bytes:
        return cast("EdwardsPoint", point).raw

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - the group is a constant
    def generator(self, i: int) -> EdwardsPoint:
        x = int.from_bytes(hashlib.sha256(f"ggen|{i}".encode()).digest(), "big") >> 2
        while True:
            raw = x.to_bytes(32, "little")
            if _is_on_curve(raw):
                for _ in range(3):
                    raw = sodium.crypto_core_ed25519_add(raw, raw)
                if raw in (_IDENTITY, cast("EdwardsPoint", self.g).raw):
                    raise Refused(Check.SHUFFLE_FORM, f"generator {i} is degenerate")
                return EdwardsPoint(raw)
            x += 1

    def encode(self, values: Sequence[int]) -> EdwardsPoint:
        number = packed(values, self.longest_ranking) << PADDING
        for epsilon in range(1 << PADDING):
            raw = (number + epsilon).to_bytes(32, "little")
            if raw == _IDENTITY or sodium.crypto_core_ed25519_is_valid_point(raw):
                return EdwardsPoint(raw)
        raise Refused(Check.BALLOT_CHOICES, "this ranking has no encoding")

    def decode(self, point: Point, length: int) -> list[int]:
        number = int.from_bytes(cast("EdwardsPoint", point).raw, "little")
        if number >> (BITS_PER_INT * length + PADDING):
            raise Refused(Check.RESULT_CONTENT, "a decrypted ranking holds too many values")
        return unpacked(number >> PADDING, length)


def _is_on_curve(raw: bytes) -> bool:
    try:
        sodium.crypto_core_ed25519_add(raw, _IDENTITY)
    except nacl.exceptions.RuntimeError:
        return False
    return True


ED25519 = Edwards25519()
