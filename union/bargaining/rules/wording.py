"""The words of an agreement and of letters: put together, filled in, hashed. Pure."""

import hashlib
import re
from collections.abc import Callable, Mapping

from union.bargaining.rules.agreements import Every, Side, Terms
from union.core.errors import Invalid
from union.core.i18n import msg

_PLACE = re.compile(r"\(\(\s*([a-z][a-z_]*)\s*\)\)")

EVERY = {
    Every.ONCE: msg("once"),
    Every.MONTH: msg("every month"),
    Every.QUARTER: msg("every three months"),
    Every.YEAR: msg("every year"),
}
WHO = {Side.UNION: msg("the union"), Side.PLATFORM: msg("the platform")}

Translate = Callable[..., str]


def agreement_text(terms: Terms, say: Translate) -> str:
    """Return the whole text as plain lines, the same for the same terms: what is voted on, signed and hashed.

    say: translates a message id into the language of the agreement.
    """
    lines = [terms.title.strip(), ""]
    lines += [
        say(msg("Between")),
        f"{terms.union_party.strip()}",
        say(msg("and")),
        terms.platform_party.strip(),
    ]
    if terms.preamble.strip():
        lines += ["", tidy(terms.preamble)]
    lines += ["", say(msg("In force from %(day)s."), day=terms.starts_on.isoformat())]
    lines.append(
        say(msg("Ends after %(day)s."), day=terms.ends_on.isoformat())
        if terms.ends_on
        else say(msg("Without a fixed end."))
    )
    for clause in terms.clauses:
        lines += ["", f"{clause.number}. {clause.heading.strip()}", tidy(clause.text)]
    if terms.obligations:
        lines += ["", say(msg("What is to be done, and by when"))]
        lines += [
            f"- {o.due_on.isoformat()}: {say(WHO[o.who])}: {o.title.strip()} ({say(EVERY[o.every])},"
            f" {say(msg('clause %(number)s'), number=o.clause)})"
            for o in sorted(terms.obligations, key=lambda o: (o.due_on, o.clause, o.title))
        ]
    return "\n".join(lines) + "\n"


def tidy(text: str) -> str:
    """Return text with plain line ends and no blanks at the ends of lines: what browsers send differs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def digest(text: str) -> str:
    """Return the SHA-256 (hex) of the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def places(text: str) -> frozenset[str]:
    """Return the names of the ((places)) that are to be filled."""
    return frozenset(_PLACE.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its ((places)) filled; raises Invalid naming one that nothing fills."""

    def value(place: re.Match[str]) -> str:
        if place.group(1) not in values:
            raise Invalid(msg("The letter has a place ((%(name)s)) that nothing fills."), name=place.group(1))
        return values[place.group(1)]

    return _PLACE.sub(value, text)
