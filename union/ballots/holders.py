"""Who holds the key of a ballot, how many of them are needed, and whose turn it is. Pure.

The union's server, where it holds a key, is always needed; a threshold is among the members alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from union.core.i18n import msg

STEPS = 3
"""Steps of the key ceremony: certificate, shares for one another, verification key."""
REMIND_BEFORE = (timedelta(days=3), timedelta(days=1), timedelta(hours=3))
"""How long before the opening trustees are reminded of what they have to do."""
TELL_BEFORE = timedelta(days=1)
"""How long before the opening the organizer hears which keys are missing or not tested."""


def threshold_problem(threshold: int, holders: int) -> str | None:
    """Return what is wrong with `threshold` of `holders` members, as a message id; None when it can be."""
    if holders < 2:  # noqa: PLR2004 - "some of them" begins at two
        return msg("“Some are enough” needs at least two trustees besides the server. Choose more trustees.")
    if threshold < 1:
        return msg("At least one trustee must be needed to count.")
    if threshold == holders:
        return msg("With %(threshold)s of %(holders)s everybody is needed: choose “All of them” instead.")
    if threshold > holders:
        return msg("%(threshold)s cannot be needed when there are only %(holders)s trustees.")
    return None


def step_at(sent: Sequence[int]) -> int:
    """Return the step the ceremony is at: 1, 2, 3, or 4 when it is over.

    sent: by trustee, how many steps are in. Nobody can go a step ahead: each needs all of the one before.
    """
    return min(sent, default=0) + 1


def shares_missing(threshold: int | None, given: Iterable[tuple[bool, bool]]) -> int:
    """Return how many shares of the count are still missing.

    given: per trustee (is the server, share is there).
    """
    seats = list(given)
    if threshold is None:
        return sum(not done for _, done in seats)
    members = sum(done for server, done in seats if not server)
    return max(threshold - members, 0) + sum(server and not done for server, done in seats)


def reminder(since: datetime, opens_at: datetime, now: datetime) -> tuple[int, datetime] | None:
    """Return the reminder that is due before the opening, as (its number from 1, its moment); None without.

    since: since when the duty waits. Whoever was asked after a reminder's moment gets only later ones.
    """
    if now >= opens_at:
        return None
    moments = [(n, opens_at - before) for n, before in enumerate(REMIND_BEFORE, start=1)]
    return max(((n, at) for n, at in moments if since < at <= now), default=None)
