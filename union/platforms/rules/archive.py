"""One company record of the datenanfragen archive, read and judged. Pure.

Format: https://github.com/datenanfragen/data, schema.json (JSON Schema draft-07); the data is CC0 1.0.
"""

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from union.core.errors import Invalid
from union.core.i18n import msg
from union.platforms.rules import SLUG, Facts, Kind

LARGEST_RECORD = 262_144
_TEXTS = {"slug": 80, "name": 160, "address": 2_000}
_OPTIONAL_TEXTS = {"phone": 40, "email": 120, "web": 300, "webform": 300, "quality": 20}
_KINDS = {
    "social media": Kind.SOCIAL,
    "entertainment": Kind.MEDIA,
    "travel": Kind.TRAVEL,
    "telecommunication": Kind.TELECOM,
    "utility": Kind.TELECOM,
    "finance": Kind.MONEY,
    "insurance": Kind.MONEY,
    "credit agency": Kind.MONEY,
    "collection agency": Kind.MONEY,
    "ads": Kind.ADS,
    "addresses": Kind.ADS,
    "public body": Kind.PUBLIC,
    "school": Kind.PUBLIC,
    "church": Kind.PUBLIC,
    "political party": Kind.PUBLIC,
    "commerce": Kind.MARKET,
}


def is_company(path: str) -> bool:
    """Tell whether a path inside the archive names a company record."""
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and parts[-2] == "companies" and parts[-1].endswith(".json")


def read(path: str, content: bytes) -> dict[str, Any]:
    """Return the record in the file `path`; raises Invalid with what is wrong in it."""
    if len(content) > LARGEST_RECORD:
        raise Invalid(msg("the file is larger than a record can be"))
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise Invalid(msg("this is not JSON in UTF-8")) from problem
    if not isinstance(record, dict):
        raise Invalid(msg("a record is one JSON object"))
    _check(record)
    if PurePosixPath(path).stem != record["slug"]:
        raise Invalid(msg("the slug %(slug)s differs from the name of the file"), slug=record["slug"])
    return record


def _check(record: dict[str, Any]) -> None:
    for name, longest in _TEXTS.items():
        _text(record, name, longest, needed=True)
    for name, longest in _OPTIONAL_TEXTS.items():
        _text(record, name, longest, needed=False)
    if not SLUG.fullmatch(record["slug"]):
        raise Invalid(
            msg("the slug %(slug)s has other characters than a-z, 0-9 and -"), slug=ascii(record["slug"])
        )
    for name in ("relevant-countries", "sources", "categories"):
        if not _texts(record.get(name, [] if name == "categories" else None)):
            raise Invalid(msg("%(part)s has to be a list of texts"), part=name)


def flaws(record: dict[str, Any]) -> list[Invalid]:
    """Return what in a checked record cannot be used, though the rest can."""
    return [
        Invalid(msg("%(part)s is no web address"), part=name)
        for name in ("web", "webform")
        if record.get(name) and not web_address(record[name])
    ]


def _text(record: dict[str, Any], name: str, longest: int, *, needed: bool) -> None:
    value = record.get(name)
    if value is None and not needed:
        return
    if value is None:
        raise Invalid(msg("%(part)s is missing"), part=name)
    if not _text_we_can_keep(value):
        raise Invalid(msg("%(part)s has to be a text"), part=name)
    if needed and not value.strip():
        raise Invalid(msg("%(part)s is empty"), part=name)
    if len(value) > longest:
        raise Invalid(msg("%(part)s is longer than %(n)s characters"), part=name, n=longest)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(_text_we_can_keep(one) for one in value)


def _text_we_can_keep(value: object) -> bool:
    """JSON can spell half a surrogate pair and a null, which no database keeps as text."""
    return isinstance(value, str) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)


def web_address(text: str) -> bool:
    """Tell whether `text` is an http or https address with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def facts(record: dict[str, Any]) -> Facts:
    """Return what a checked record says, in our words."""
    countries = record["relevant-countries"]
    sources = [source for source in record["sources"] if web_address(source)]
    return Facts(
        slug=record["slug"],
        name=record["name"],
        kind=next((_KINDS[c] for c in record.get("categories", []) if c in _KINDS), Kind.OTHER),
        legal_name=record["name"],
        country=countries[0].upper() if len(countries) == 1 and countries[0] != "all" else "",
        web=_address(record, "web"),
        email=record.get("email") or "",
        phone=record.get("phone") or "",
        postal=record["address"],
        webform=_address(record, "webform"),
        source=sources[0] if sources else "",
    )


def _address(record: dict[str, Any], name: str) -> str:
    text = record.get(name) or ""
    return text if web_address(text) else ""
