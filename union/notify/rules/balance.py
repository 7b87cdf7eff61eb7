"""How messages are shared out between two providers of one channel, and when a share moves.

Pure. A provider that fails or is slow loses ten points of a hundred to the other, at most once a minute
(slow: once in five); when nothing has moved for a while both tend back to the middle. A share held by hand
stays. Moving a little at a time keeps a single bad answer from tipping everything over.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WHOLE = 100
STEP = 10
ERRORS = 10
"""More faults of the provider's than this within ERROR_WINDOW move the share."""
ERROR_WINDOW = timedelta(seconds=60)
SLOW_AFTER = timedelta(minutes=5)
SLOW_WINDOW = timedelta(minutes=15)
SLOW_PERCENT = 15
AFTER_ERRORS = timedelta(minutes=1)
AFTER_SLOW = timedelta(minutes=5)
TOWARD_MIDDLE = timedelta(minutes=5)


class Reason(StrEnum):
    """Why a share moved."""

    START = "start"
    ERRORS = "errors"
    SLOW = "slow"
    MIDDLE = "middle"
    HAND = "hand"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Share:
    """A provider's share of a hundred. changed_at: when it last moved; held: by hand."""

    provider: str
    weight: int
    changed_at: datetime
    held: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What was seen of a provider lately.

    errors: faults of its own in ERROR_WINDOW. slow of judged: texts of SLOW_WINDOW that took longer than
    SLOW_AFTER, among those that can be judged.
    """

    errors: int = 0
    slow: int = 0
    judged: int = 0

    @property
    def failing(self) -> bool:
        """Whether its faults are too many."""
        return self.errors > ERRORS

    @property
    def late(self) -> bool:
        """Whether too many of its texts were slow."""
        return self.judged > 0 and self.slow * 100 >= self.judged * SLOW_PERCENT


@dataclass(frozen=True, slots=True)
class Move:
    """New weights, which add up to a hundred, and why."""

    weights: Mapping[str, int]
    reason: Reason


def middle(providers: list[str]) -> dict[str, int]:
    """Return equal shares of a hundred; the first takes what does not divide."""
    each, rest = divmod(WHOLE, len(providers))
    return {name: each + (rest if name == providers[0] else 0) for name in providers}


def decide(shares: list[Share], health: Mapping[str, Health], now: datetime) -> Move | None:
    """Return how the shares of two providers move now; None when they stay as they are."""
    if len(shares) != 2 or any(share.held for share in shares):  # noqa: PLR2004 - one and the other
        return None
    since = now - max(share.changed_at for share in shares)
    one, other = shares
    for bad, good in ((one, other), (other, one)):
        ours, theirs = health.get(bad.provider, Health()), health.get(good.provider, Health())
        if ours.failing and ours.errors > theirs.errors and since >= AFTER_ERRORS:
            return _moved(bad, good, Reason.ERRORS)
        if ours.late and not theirs.late and not theirs.failing and since >= AFTER_SLOW:
            return _moved(bad, good, Reason.SLOW)
    calm = not any(found.failing or found.late for found in health.values())
    if calm and since >= TOWARD_MIDDLE:
        return _back(one, other)
    return None


def _moved(bad: Share, good: Share, reason: Reason) -> Move | None:
    points = min(STEP, bad.weight)
    if not points:
        return None
    return Move({bad.provider: bad.weight - points, good.provider: good.weight + points}, reason)


def _back(one: Share, other: Share) -> Move | None:
    """Return both a step nearer to their middle."""
    rest = middle([one.provider, other.provider])
    off = one.weight - rest[one.provider]
    if not off:
        return None
    step = max(-STEP, min(STEP, off))
    return Move({one.provider: one.weight - step, other.provider: other.weight + step}, Reason.MIDDLE)


def draw(weights: Mapping[str, int], ticket: int | None = None) -> str:
    """Return a provider, each as often as its weight says. ticket: from 0 up to the sum of the weights."""
    if ticket is None:
        ticket = secrets.randbelow(max(1, sum(weights.values())))
    name = ""
    for name, weight in weights.items():
        if ticket < weight:
            return name
        ticket -= weight
    return name
