"""Arithmetic on edwards25519 without compressing between steps: tables for fixed bases, long progressions.

Pure, on gmpy2; RFC 8032 section 5.1, formulas of Hisil, Wong, Carter and Dawson 2008. libsodium compresses
every intermediate point; where many additions follow each other this is faster. Not in constant time: for
verification, tallies and command-line tools, while voters encrypt in their browsers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import gmpy2
from gmpy2 import mpz

P = mpz(2) ** 255 - 19
D2 = 2 * (-121665 * gmpy2.invert(mpz(121666), P)) % P
_D = D2 * gmpy2.invert(mpz(2), P) % P
_ROOT_OF_MINUS_ONE = gmpy2.powmod(2, (P - 1) // 4, P)
_BLOCK = 512


class Extended(NamedTuple):
    """A point (X/Z, Y/Z) with T = XY/Z."""

    X: mpz
    Y: mpz
    Z: mpz
    T: mpz


class Prepared(NamedTuple):
    """An affine point ready to be added: y - x, y + x, 2dxy."""

    minus: mpz
    plus: mpz
    t: mpz


ZERO = Extended(mpz(0), mpz(1), mpz(1), mpz(0))


def decompress(raw: bytes) -> Extended:
    """The point of 32 bytes that are known to encode one (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(raw, "little")
    y, sign = mpz(number & (2**255 - 1)), number >> 255
    u, v = (y * y - 1) % P, (_D * y * y + 1) % P
    x = u * v**3 * gmpy2.powmod(u * v**7, (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * _ROOT_OF_MINUS_ONE % P
    if x & 1 != sign:
        x = P - x
    return Extended(x, y, mpz(1), x * y % P)


def compress(x: mpz, y: mpz) -> bytes:
    """The 32 bytes of an affine point."""
    return int(y | (x & 1) << 255).to_bytes(32, "little")


def finish(point: Extended) -> bytes:
    """The 32 bytes of a point."""
    inverse = gmpy2.invert(point.Z, P)
    return compress(point.X * inverse % P, point.Y * inverse % P)


def add(a: Extended, b: Prepared) -> Extended:
    """The sum; complete, so that equal and neutral points need no care."""
    X, Y, Z, T = a
    A = (Y - X) * b.minus
    B = (Y + X) * b.plus
    C = T * b.t % P
    D = Z + Z
    E, F, G, H = (B - A) % P, D - C, D + C, (B + A) % P
    return Extended(E * F % P, G * H % P, F * G % P, E * H % P)


def prepare(points: list[Extended]) -> list[Prepared]:
    """Many points made affine with one inversion."""
    return [Prepared((y - x) % P, (y + x) % P, D2 * x * y % P) for x, y in affine(points)]


def affine(points: list[Extended]) -> list[tuple[mpz, mpz]]:
    """Affine coordinates of many points with one inversion (Montgomery's trick)."""
    running, products = mpz(1), []
    for point in points:
        products.append(running)
        running = running * point.Z % P
    inverse = gmpy2.invert(running, P)
    result = []
    for point, product in zip(reversed(points), reversed(products), strict=True):
        one = inverse * product % P
        result.append((point.X * one % P, point.Y * one % P))
        inverse = inverse * point.Z % P
    result.reverse()
    return result


class Table:
    """Multiples of a fixed base: 32 rows of 256, so that a multiplication is 31 additions."""

    __slots__ = ("_rows",)

    def __init__(self, raw: bytes) -> None:
        base = prepare([decompress(raw)])[0]
        multiples: list[Extended] = []
        for _ in range(32):
            point = ZERO
            for _ in range(256):
                multiples.append(point)
                point = add(point, base)
            base = prepare([point])[0]
        prepared = prepare(multiples)
        self._rows = [prepared[256 * i : 256 * i + 256] for i in range(32)]

    def multiply(self, e: int) -> bytes:
        """The 32 bytes of e times the base, 0 <= e < 2^256."""
        X, Y, Z, T = ZERO
        for row, digit in zip(self._rows, e.to_bytes(32, "little"), strict=True):
            if digit:
                minus, plus, t = row[digit]
                A = (Y - X) * minus
                B = (Y + X) * plus
                C = T * t % P
                D = Z + Z
                E, F, G, H = (B - A) % P, D - C, D + C, (B + A) % P
                X, Y, Z, T = E * F % P, G * H % P, F * G % P, E * H % P
        inverse = gmpy2.invert(Z, P)
        return compress(X * inverse % P, Y * inverse % P)


def progression(start: bytes, step: bytes) -> Iterator[bytes]:
    """The points start, start + step, start + 2 step, ... without end."""
    point, prepared = decompress(start), prepare([decompress(step)])[0]
    while True:
        block = []
        for _ in range(_BLOCK):
            block.append(point)
            point = add(point, prepared)
        for x, y in affine(block):
            yield compress(x, y)
