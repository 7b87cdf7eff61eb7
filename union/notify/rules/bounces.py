"""Read what mail servers send back: delivery reports (RFC 3464) and complaints (RFC 5965).

Pure, by the standard library's parser. Which mail a report is about is told by the mark we put into its
return path and its Message-ID; the caller checks that the mark is ours. Statuses are those of RFC 3463.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from enum import StrEnum

from union.notify.rules.causes import smtp_code

_MARK = re.compile(r"(?:^|[<+\s=])(\d{1,18})-(\d{1,6})\.([0-9a-f]{16})@")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45]\d\d)[ -]")
_TYPE = re.compile(rb"^content-type[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_RETURN_HEADERS = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Failed-Recipients")
LONGEST = 128_000
"""Bytes read of one mail: the notice stands at its beginning, what came back after it."""
_LONGEST_TYPE, _MOST_PARTS, _MOST_GROUPS = 8_000, 200, 500
"""Characters of a Content-Type, such headers, recipients of one mail: the parser takes the square of each."""

_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})

# 5.2.2 is a full mailbox and 5.7.x a policy: not the address's fault, whatever the first digit says.
_SOFT_SUBJECTS = {"2", "3", "4", "7"}


class Verdict(StrEnum):
    """What a report means. DELAYED: still trying; UNKNOWN: not about a mail of ours, or no report at all."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about one mail of ours. code: as `rules.causes` reads it."""

    outbox_id: int
    attempt: int
    verdict: Verdict
    code: str


Proves = Callable[[str, str], bool]
"""Tells whether we made this mark (`16 hex digits`) for this key (`id-attempt`)."""


def read(raw: bytes, ours: Proves) -> Bounce | None:
    """Return what a mail reports, None when it reports nothing about a mail of ours.

    A mail that the parser cannot take, for being too deep or worse, reports nothing.
    """
    try:
        return _read(raw[:LONGEST], ours)
    except (RecursionError, ValueError, LookupError, MessageError):
        return None


def _read(raw: bytes, ours: Proves) -> Bounce | None:
    types = _TYPE.findall(raw)
    if len(types) > _MOST_PARTS or any(len(one) > _LONGEST_TYPE for one in types):
        return None
    mail = message_from_bytes(raw, policy=policy.compat32)
    found = next((mark for mark in _marks(mail) if ours(f"{mark[0]}-{mark[1]}", mark[2])), None)
    if found is None:
        return None
    verdict, code = _verdict(mail)
    if verdict is Verdict.UNKNOWN:
        return None
    return Bounce(int(found[0]), int(found[1]), verdict, code)


def _marks(mail: Message) -> Iterator[tuple[str, str, str]]:
    """Yield every mark that could be ours, from the most to the least likely place."""
    for name in _RETURN_HEADERS:
        for value in mail.get_all(name, []):
            yield from _MARK.findall(str(value))
    for part in mail.walk():
        for name in ("Message-ID", "In-Reply-To", "References", "Original-Message-ID", "Original-Mail-From"):
            for value in part.get_all(name, []):
                yield from _MARK.findall(str(value))
        if part.get_content_type() in {"text/rfc822-headers", "text/plain"}:
            yield from _MARK.findall(_text(part))


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _verdict(mail: Message) -> tuple[Verdict, str]:
    kinds = {part.get_content_type() for part in mail.walk()}
    if "message/feedback-report" in kinds:
        return Verdict.COMPLAINT, "complaint"
    groups = [group for part in mail.walk() if part.get_content_type() in _REPORTS for group in _groups(part)]
    told = {_action(group): group for group in reversed(groups)}
    for action in ("failed", "delayed"):
        if (group := told.get(action)) is not None:
            return _weigh(action, str(group.get("Status", "")), str(group.get("Diagnostic-Code", "")))
    if groups:
        return Verdict.UNKNOWN, ""
    return _without_report(mail)


def _action(group: Message) -> str:
    """Return what happened to a recipient: the first word, since comments may follow it."""
    return re.split(r"[\s;(]", str(group.get("Action", "")).strip(), maxsplit=1)[0].lower()


def _groups(part: Message) -> Iterator[Message]:
    """Yield the groups of fields of a delivery-status part: one about the mail, one for each recipient.

    Put together and split anew: the parser does not when they are encoded, or UTF-8 (RFC 6533).
    """
    payload = part.get_payload()
    raw = b"\n".join(one.as_bytes() for one in payload if isinstance(one, Message)).strip()
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        raw = binascii.a2b_qp(raw)
    elif encoding == "base64" and b":" not in raw:  # with a colon it says so and is not
        with suppress(ValueError):
            raw = binascii.a2b_base64(raw)
    blocks = re.split(rb"\r?\n\s*\n", raw, maxsplit=_MOST_GROUPS)[:_MOST_GROUPS]
    yield from (message_from_bytes(block) for block in blocks)


def _weigh(action: str, status: str, diagnostic: str) -> tuple[Verdict, str]:
    found = _STATUS.search(status) or _STATUS.search(diagnostic)
    reply = _REPLY.search(diagnostic)
    number = ".".join(found.groups()) if found else "5.0.0"
    said = reply[1] if reply else ("450" if number.startswith("4") else "550")
    code = smtp_code(int(said), number)
    if action == "delayed":
        return Verdict.DELAYED, code
    family, subject, _ = number.split(".")
    hard = family == "5" and subject not in _SOFT_SUBJECTS
    return (Verdict.HARD if hard else Verdict.SOFT), code


def _without_report(mail: Message) -> tuple[Verdict, str]:
    """Read a notice in words, as older servers write them: only one that looks like a bounce counts."""
    sender = str(mail.get("From", "")).lower()
    empty = str(mail.get("Return-Path", "")).strip() == "<>"
    if not empty and not any(name in sender for name in ("mailer-daemon", "postmaster")):
        return Verdict.UNKNOWN, ""
    said = " ".join(_text(part) for part in mail.walk() if part.get_content_type() == "text/plain")
    if _STATUS.search(said) or _REPLY.search(said):
        return _weigh("failed", "", said[:2000])
    return Verdict.UNKNOWN, ""
