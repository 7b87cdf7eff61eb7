"""What organizers' own words must keep to. Pure: words in, cleaned words or a refusal out."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from union.core.errors import Invalid
from union.core.i18n import msg

FIELD: Final = re.compile(r"\(\(\s*([a-z][a-z0-9_]*)\s*\)\)")
_ANY_FIELD: Final = re.compile(r"\(\(\s*(.*?)\s*\)\)")
LONGEST_SUBJECT: Final = 150
LONGEST_BODY: Final = {False: 1600, True: 20_000}
"""Characters: what a provider of texts takes in one message, and more than anybody reads in an email."""
ESSENTIAL: Final = ("link", "start", "code", "stop")
"""Places without which a message is of no use: where the built-in text has one, the own text keeps it."""
_NOT_OURS: Final = (
    "members/", "notify/", "ballots/credential", "ballots/receipt", "ballots/trustee",
    "ballots/head", "ballots/observe", "bargaining/letter",
)  # fmt: skip
"""Texts that sign somebody in, let them vote, answer a keyword or go to others than members."""

EXAMPLES: Final[Mapping[str, str]] = {
    "title": "Fair pay per ride",
    "link": "https://union.example/actions/fair-pay",
    "reason": "The company came to the table.",
    "union": "Union",
    "stop": "https://union.example/u/…",
}
"""Values for a preview before any such message was ever written."""


def editable(name: str) -> bool:
    """Tell whether organizers may word the text `room/name`."""
    return not name.startswith(_NOT_OURS)


def clean(subject: str, body: str, *, email: bool) -> tuple[str, str]:
    """Return subject and body with plain line ends and no space around.

    Raises Invalid (field subject or body) for a line break or control character where none may stand, for
    nothing and for too much.
    """
    subject, body = subject.strip(), body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise Invalid(msg("Write the text."), field="body")
    if email and not subject:
        raise Invalid(msg("Write the subject."), field="subject")
    if not email and subject:
        raise Invalid(msg("A text message has no subject."), field="subject")
    if not subject.isprintable():
        raise Invalid(msg("The subject is one line without control characters."), field="subject")
    if not all(character.isprintable() or character == "\n" for character in body):
        raise Invalid(msg("The text holds a control character. Type it again, or paste it as plain text."),
                      field="body")  # fmt: skip
    if len(subject) > LONGEST_SUBJECT:
        raise Invalid(
            msg("A subject has at most %(most)s characters."), field="subject", most=LONGEST_SUBJECT
        )
    if len(body) > LONGEST_BODY[email]:
        raise Invalid(
            msg("The text has %(length)s characters; at most %(most)s fit."), field="body",
            length=len(body), most=LONGEST_BODY[email],
        )  # fmt: skip
    return subject, body + ("\n" if email else "")


def check_fields(text: str, field: str, offered: Collection[str]) -> None:
    """Raise Invalid (on `field`) naming a place that nothing fills, and those that there are."""
    for place in _ANY_FIELD.finditer(text):
        name = place.group(1)
        if name not in offered or not FIELD.fullmatch(place.group(0)):
            raise Invalid(
                msg("Nothing fills ((%(name)s)). You can use: %(known)s."), field=field, name=name[:40],
                known=", ".join(f"(({one}))" for one in sorted(offered)),
            )  # fmt: skip


def check_kept(body: str, built_in: Collection[str]) -> None:
    """Raise Invalid naming a place that the built-in text has and no member can do without."""
    used = set(FIELD.findall(body))
    for name in ESSENTIAL:
        if name in built_in and name not in used:
            raise Invalid(msg("Keep ((%(name)s)): members cannot do without it."), field="body", name=name)
