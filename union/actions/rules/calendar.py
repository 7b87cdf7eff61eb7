"""An action as a calendar file (RFC 5545). Pure: values in, text out.

Times are written in UTC, so that every calendar shows them in its owner's zone whatever it knows of ours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

_LINE = 75


@dataclass(frozen=True)
class Event:
    """One entry. version: counts changes, so that a calendar replaces the older entry."""

    uid: str
    version: int
    title: str
    text: str
    url: str
    starts_at: datetime
    ends_at: datetime | None
    cancelled: bool = False


def write(event: Event, *, now: datetime) -> str:
    """Return the file's text: lines end in CRLF and are folded at 75 octets (section 3.1)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Data union//Actions//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{escape(event.uid)}",
        f"SEQUENCE:{event.version}",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(event.starts_at)}",
        *([f"DTEND:{_utc(event.ends_at)}"] if event.ends_at else []),
        f"SUMMARY:{escape(event.title)}",
        f"DESCRIPTION:{escape(event.text)}",
        f"URL:{event.url}",
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}",
        "CLASS:PRIVATE",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{escape(event.title)}",
        "TRIGGER:-PT10M",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_fold(line) + "\r\n" for line in lines)


def escape(text: str) -> str:
    """Return `text` as a TEXT value: backslash, semicolon, comma and line breaks escaped (section 3.3.11)."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for raw, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(raw, written)
    return "".join(character for character in plain if character >= " ")


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _fold(line: str) -> str:
    """Break a long line between characters, never inside one's UTF-8 octets."""
    pieces, piece, room = [], "", _LINE
    for character in line:
        width = len(character.encode())
        if len(piece.encode()) + width > room:
            pieces.append(piece)
            piece, room = "", _LINE - 1
        piece += character
    return "\r\n ".join([*pieces, piece])
