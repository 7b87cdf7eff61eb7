"""Private and public credentials: how a member's right to vote is carried.

Pure. Spec 4.8 in the form of releases 2.4 and later (FORMAT.md, section 4). A private credential is
22 base-58 characters; its public half g^s is all that is published.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from union.ballots.crypto.canonical import compact, items, read_json, text
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_GROUPS = (5, 6, 5, 6)
_CREDENTIAL = re.compile("-".join(f"[{BASE58}]{{{length}}}" for length in _GROUPS) + r"\Z")
_LONG = 2**20
_LINE = re.compile(rb'"([^"\\]{1,720})"')
_UUID = re.compile(f"[{BASE58}]{{14,64}}\\Z")


def make_uuid(draw: Draw) -> str:
    """A new election identifier: 14 base-58 characters (spec 4.2)."""
    return "".join(BASE58[draw(58)] for _ in range(14))


def check_uuid(uuid: object, check: Check) -> str:
    """The identifier if it is one (spec 4.2). Raises Refused(check)."""
    if not isinstance(uuid, str) or not _UUID.match(uuid):
        raise Refused(check, "an election identifier has at least 14 base-58 characters")
    return uuid


def make_credential(draw: Draw) -> str:
    """A new private credential, XXXXX-XXXXXX-XXXXX-XXXXXX: 128 bits of randomness."""
    return "-".join("".join(BASE58[draw(58)] for _ in range(length)) for length in _GROUPS)


def secret_of(group: Group, uuid: str, credential: str) -> Scalar:
    """The secret exponent s of a private credential. Raises Refused(CREDENTIAL_FORM)."""
    if not _CREDENTIAL.match(credential):
        raise Refused(Check.CREDENTIAL_FORM, "a credential is written XXXXX-XXXXXX-XXXXX-XXXXXX")
    halves = (
        hashlib.sha256(f"derive_credential|{uuid}|{i}|{credential}".encode()).hexdigest() for i in (0, 1)
    )
    return Scalar(int("".join(halves), 16) % group.q)


def public_of(group: Group, uuid: str, credential: str) -> Point:
    """The public credential g^s. Raises Refused(CREDENTIAL_FORM)."""
    return group.gpow(secret_of(group, uuid, credential))


class Listed(NamedTuple):
    """One line of the published list."""

    public: Point
    weight: int


def credentials_record(group: Group, listed: Iterable[Listed], *, weighted: bool = False) -> bytes:
    """The published list of public credentials: sorted, no names (spec 4.8).

    weighted: write each weight, as an election in which weights differ must.
    """
    lines = sorted(listed, key=lambda line: group.order_key(line.public))
    return compact([f"{line.public},{line.weight}" if weighted else str(line.public) for line in lines])


def read_credentials(group: Group, record: bytes, *, trusted: bool = False) -> dict[str, int]:
    """The published list as {public credential as written: weight}.

    trusted: the points' order was checked before; only the form is.
    Raises Refused with CREDENTIALS_FORM, CREDENTIALS_DISTINCT, CREDENTIALS_ORDER, POINT_FORM or
    POINT_SUBGROUP.
    """
    weights: dict[str, int] = {}
    last, in_order = b"", True
    for line in _lines(record):
        public, comma, weight = line.partition(",")
        point = group.point_unchecked(public)
        if point == group.one:
            raise Refused(Check.CREDENTIALS_FORM, "the identity is nobody's credential")
        if not trusted:
            group.check_point(point)
        if public in weights:
            raise Refused(Check.CREDENTIALS_DISTINCT, "a public credential is listed twice")
        weights[public] = _weight(weight) if comma else 1
        key = group.order_key(point)
        last, in_order = key, in_order and last < key
    if not in_order:
        raise Refused(Check.CREDENTIALS_ORDER, "the list is not sorted, so its order may tell who is who")
    return weights


def _lines(record: bytes) -> Iterator[str]:
    """The strings of the list; those of a long one as they come, so that a bad one ends it early."""
    check = Check.CREDENTIALS_FORM
    if len(record) <= _LONG:
        yield from (text(line, check) for line in items(read_json(record, check), check))
        return
    before, place = b"[", 0
    while record[place : place + 1] == before and (found := _LINE.match(record, place + 1)):
        yield found[1].decode("ascii", "replace")
        before, place = b",", found.end()
    if record[place:] != b"]":
        raise Refused(check, f"the list of credentials is broken at byte {place}")


def _weight(digits: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", digits):
        raise Refused(Check.CREDENTIALS_FORM, "a weight is a whole number of at least 0")
    return int(digits)


def total_weight(weights: Mapping[str, int]) -> int:
    """What all credentials weigh together: the bound of every count."""
    return sum(weights.values())
