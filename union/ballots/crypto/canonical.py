"""The bytes that get hashed: strict JSON in, compact JSON out, digests.

Pure. Spec 4.1, 4.2 and 4.15 (H_JSON). Invariant: what reads back differently from what it says is refused.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from union.ballots.crypto.failures import Check, Refused

LONGEST_NUMBER = 12
MOST_NESTED = 200_000
"""Lists and objects that a record may hold, besides one for every 64 bytes; each takes as many in memory."""
BIGGEST_SMALL_INTEGER = 2**30 - 1
"""Above this an integer is written as a decimal string (FORMAT.md, section 3)."""
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\Z")


def compact(value: object) -> bytes:
    """JSON without a superfluous byte, keys in the order given, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_hex(content: bytes) -> str:
    """SHA-256, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_base64(content: bytes) -> str:
    """SHA-256 in base 64 without padding, 43 characters: fingerprints and trackers."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        msg = "a key appears twice in one object"
        raise ValueError(msg)
    return fields


def _small(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        msg = "a number has too many digits"
        raise ValueError(msg)
    return int(digits)


def _no_fraction(_: str) -> NoReturn:
    msg = "only whole numbers are allowed"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_int=_small, parse_float=_no_fraction, parse_constant=_no_fraction
)


def read_json(content: bytes, check: Check = Check.RECORD_FORM) -> Any:  # noqa: ANN401
    """Parse strictly.

    Raises Refused(check) on anything but UTF-8 JSON with distinct keys and whole numbers of at most 12
    digits. What nests deeper than the interpreter's recursion limit is refused by that, and what nests too
    often before it is parsed.
    """
    if content.count(b"[") + content.count(b"{") > MOST_NESTED + len(content) // 64:
        raise Refused(check, "more lists and objects than such a record holds")
    try:
        value = _DECODER.decode(content.decode("utf-8", "strict"))
        if b"\\u" in content:
            compact(value)  # half a surrogate pair, escaped, is no text
    except (ValueError, RecursionError) as error:
        raise Refused(check, f"not the JSON it should be: {str(error)[:120]}") from None
    return value


def read_compact(content: bytes, check: Check) -> Any:  # noqa: ANN401
    """Parse what programs write without a superfluous byte; any other way to say the same is refused.

    Raises Refused(check).
    """
    value = read_json(content, check)
    if compact(value) != content:
        raise Refused(check, "the record is not written in its one form")
    return value


def fields(
    value: object, required: Sequence[str], check: Check, *, optional: Sequence[str] = (), exact: bool = True
) -> dict[str, Any]:
    """The object's fields; with `exact`, no others than those named may be there.

    Raises Refused(check) when one is missing or superfluous.
    """
    if not isinstance(value, dict):
        raise Refused(check, f"an object with {', '.join(required)} was expected")
    missing = [name for name in required if name not in value]
    if missing:
        raise Refused(check, f"{missing[0]} is missing")
    if exact:
        for name in value:
            if name not in required and name not in optional:
                raise Refused(check, f"{name[:40]!r} does not belong here")
    return value


def items(value: object, check: Check, length: int | None = None) -> list[Any]:
    """The list, of `length` elements when given. Raises Refused(check)."""
    if not isinstance(value, list):
        raise Refused(check, "a list was expected")
    if length is not None and len(value) != length:
        raise Refused(check, f"{length} elements were expected, {len(value)} are there")
    return value


def text(value: object, check: Check) -> str:
    """The string. Raises Refused(check)."""
    if not isinstance(value, str):
        raise Refused(check, "a string was expected")
    return value


def integer(value: object, check: Check) -> int:
    """The whole number 0 or above, not a boolean. Raises Refused(check)."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused(check, "a whole number was expected")
    return value


def weight_value(value: object, check: Check) -> int:
    """A weight or count: a number up to 2^30 - 1, a decimal string above. Raises Refused(check)."""
    if isinstance(value, str) and len(value) <= 2 * LONGEST_NUMBER and _DECIMAL.match(value):
        number = int(value)
        if number > BIGGEST_SMALL_INTEGER:
            return number
        raise Refused(check, "a small count must be written as a number")
    number = integer(value, check)
    if number > BIGGEST_SMALL_INTEGER:
        raise Refused(check, "a count above 2^30 - 1 must be written as a string")
    return number


def weight_json(number: int) -> int | str:
    """How a weight or count is written (FORMAT.md, section 3)."""
    return number if number <= BIGGEST_SMALL_INTEGER else str(number)
