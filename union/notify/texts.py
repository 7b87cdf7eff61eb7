"""The texts we send: templates found by name and language, filled with a message's own values.

Reads files of the rooms' `messages` folders; no database. A template only has `((field))` places, so whoever
writes one cannot run anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path

from union.core.errors import Invalid
from union.core.i18n import DEFAULT_LANGUAGE, msg
from union.notify.rules.kinds import Channel

ROOMS = Path(__file__).parent.parent
_FIELD = re.compile(r"\(\(\s*([a-z][a-z0-9_]*)\s*\)\)")
_NAME = re.compile(r"[a-z]+/[a-z0-9_-]+")
_SUBJECT = "Subject: "

Fields = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Text:
    """A template in one language. digest: names this very version."""

    name: str
    language: str
    channel: Channel
    subject: str
    body: str
    digest: str

    @property
    def fields(self) -> frozenset[str]:
        """The places to be filled."""
        return frozenset(_FIELD.findall(self.subject)) | frozenset(_FIELD.findall(self.body))

    def render(self, fields: Fields) -> tuple[str, str]:
        """Return subject and body with every place filled; raises Invalid naming a place without a value."""
        return fill(self.subject, fields), fill(self.body, fields)


def fill(text: str, fields: Fields) -> str:
    """Return `text` with its places filled; values lose control characters, so none can start a header line.

    Raises Invalid naming the first place that has no value.
    """
    literal = _parts(text)
    if len(literal) == 1:
        return text
    filled = list(literal)
    for place in range(1, len(filled), 2):
        name = filled[place]
        if name not in fields:
            raise Invalid(msg("The text has a place ((%(name)s)) that nothing fills."), name=name)
        filled[place] = _clean(str(fields[name]))
    return "".join(filled)


@lru_cache(maxsize=512)
def _parts(text: str) -> tuple[str, ...]:
    """Return words and names of places in turns, words first."""
    return tuple(_FIELD.split(text))


def _clean(value: str) -> str:
    """Drop control characters except line breaks, which become plain ones."""
    if value.isprintable():
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in text if character.isprintable() or character == "\n")


def find(name: str, language: str, channel: Channel) -> Text:
    """Return template `room/name` for `channel` in `language`, else in English.

    Raises Invalid when there is none: a mistake in the code that asks.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(msg("There is no text called %(name)s."), name=name)
    for tried in (language, language.partition("-")[0], DEFAULT_LANGUAGE):
        if (found := _load(name, tried, channel)) is not None:
            return found
    raise Invalid(msg("There is no text called %(name)s."), name=name)


def notification(name: str, language: str, *, named: bool) -> Text:
    """Return what a browser shows for template `name`: neutral, or in the words of its SMS when `named`.

    A lock screen is read by whoever holds the phone, so neutral says only that something came.
    """
    if has(name, Channel.PUSH):
        return find(name, language, Channel.PUSH)
    if not named:
        return find("notify/push", language, Channel.PUSH)
    if has(name, Channel.SMS):
        told = find(name, language, Channel.SMS)
        return make(name, told.language, Channel.PUSH, "((union))", told.body)
    told = find(name, language, Channel.EMAIL)
    return make(name, told.language, Channel.PUSH, "((union))", f"{told.subject} ((link))")


def has(name: str, channel: Channel) -> bool:
    """Tell whether there is a text of this name for `channel`."""
    return _NAME.fullmatch(name) is not None and _load(name, DEFAULT_LANGUAGE, channel) is not None


def make(name: str, language: str, channel: Channel, subject: str, body: str) -> Text:
    """Return a text with the digest of its words."""
    digest = blake2b(f"{subject}\0{body}".encode(), digest_size=16).hexdigest()
    return Text(name, language, channel, subject, body, digest)


@cache
def _load(name: str, language: str, channel: Channel) -> Text | None:
    room, _, short = name.partition("/")
    if not language.isalnum():
        return None
    path = ROOMS / room / "messages" / language / f"{short}.{channel.value}.txt"
    if not path.is_file():
        return None
    subject, body = parse(path.read_text(encoding="utf-8"), channel)
    return make(name, language, channel, subject, body)


def parse(content: str, channel: Channel) -> tuple[str, str]:
    """Split a template file into subject and body; an email or notification begins with its subject."""
    content = content.replace("\r\n", "\n")
    if channel is Channel.SMS:
        return "", content.rstrip("\n")
    first, _, rest = content.partition("\n")
    if not first.startswith(_SUBJECT):
        raise Invalid(msg("An email text begins with a line 'Subject: …'."))
    return first.removeprefix(_SUBJECT).strip(), rest.strip("\n") + "\n"


def every(channel: Channel) -> list[tuple[str, str]]:
    """Return (name, language) of every template file there is for `channel`, in order."""
    suffix = f".{channel.value}.txt"
    return sorted(
        (f"{path.parent.parent.parent.name}/{path.name.removesuffix(suffix)}", path.parent.name)
        for path in ROOMS.glob(f"*/messages/*/*{suffix}")
    )
