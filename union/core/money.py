"""Money as whole cents: read from what people type, shown in their language, shared out to the last cent.

Pure: values in, values out. No float ever holds an amount.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency

from union.core.errors import Invalid
from union.core.i18n import msg

CURRENCY = "EUR"
MOST = 100_000_000_000
"""A billion, in cents: more is a typing mistake."""

_PLAIN = re.compile(r"(\d+)(?:([.,])(\d+))?")
_GROUPED = re.compile(r"(\d{1,3}([.,' ])\d{3}(?:\2\d{3})*)(?:([.,])(\d+))?")
_CENTS = 2


def parse(text: str, *, field: str | None = None) -> int:
    """Return the cents that `text` names, such as "1250", "12,50", "12.5" or "1.234,50".

    One mark before three digits ("12.345") could be a thousand or a thousandth: refused, never guessed.
    Raises Invalid, at `field`, for that, for more than two decimals, a sign, letters, or a billion and more.
    """
    typed = text.strip().removeprefix("€").strip().replace("\u00a0", " ").replace("\u202f", " ")
    whole, decimals = _parts(typed, field)
    if len(decimals) > _CENTS:
        raise Invalid(
            msg("%(amount)s has too many decimals. Write at most two, and thousands without a mark."),
            field=field,
            amount=text.strip()[:40],
        )
    cents = int(whole) * 100 + int(decimals.ljust(_CENTS, "0"))
    if cents >= MOST:
        raise Invalid(msg("That amount is too large."), field=field)
    return cents


def _parts(typed: str, field: str | None) -> tuple[str, str]:
    """Return (whole euros, decimals) as digits."""
    if len(typed) <= 24 and typed.isascii():  # noqa: PLR2004 - far more than a billion needs
        if found := _PLAIN.fullmatch(typed):
            return found[1], found[3] or ""
        found = _GROUPED.fullmatch(typed)
        if found and found[2] != found[3]:
            return re.sub(r"\D", "", found[1]), found[4] or ""
    raise Invalid(msg("Write an amount such as 12.50, without letters or a sign."), field=field)


def estimate(amount: Decimal, language: str, currency: str) -> str:
    """Return what something costs about, to the hundredth; half a one is a whole one."""
    return show(int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)), language, currency)


def show(cents: int, language: str, currency: str = CURRENCY) -> str:
    """Return the amount as people of `language` write it, with its currency."""
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)

    return str(format_currency(Decimal(f"{sign}{euros}.{rest:02d}"), currency, locale=language))


def plain(cents: int) -> str:
    """Return the amount for machines: digits, a point, two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def share_out(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split `total` cents in proportion to `weights` to the last cent, by largest remainder.

    The order of `weights` does not matter: equal remainders are settled by name. Nobody gets more than one
    cent above, or one below, their exact share. Raises ValueError for a negative total or weight, or when
    something is to be shared and nobody weighs anything.
    """
    whole = sum(weights.values())
    if total < 0 or any(weight < 0 for weight in weights.values()):
        text = "neither a total nor a weight can be negative"
        raise ValueError(text)
    if not whole:
        if total:
            text = "nobody to share with"
            raise ValueError(text)
        return dict.fromkeys(weights, 0)
    shares = {name: divmod(total * weight, whole) for name, weight in weights.items()}
    left = total - sum(share for share, _ in shares.values())
    first = sorted(shares, key=lambda name: (-shares[name][1], name))[:left]
    return {name: share + (name in first) for name, (share, _) in shares.items()}
