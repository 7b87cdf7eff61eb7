"""How long and how often: sessions, links and codes, tries. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SIGN_IN_LASTS = timedelta(minutes=10)
CHANNEL_LASTS = timedelta(minutes=10)
JOIN_LASTS = timedelta(hours=24)
CODE_TRIES = 5

SESSION_ABSOLUTE = timedelta(days=30)
SESSION_IDLE = timedelta(days=14)
SESSION_IDLE_WITH_ROLE = timedelta(hours=12)
SESSION_SEEN_EVERY = timedelta(hours=1)


def whole_hour(moment: datetime) -> datetime:
    """Return the hour of `moment`: enough for a device, too coarse to lay beside other times."""
    return moment.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Limit:
    """At most `times` within `window`."""

    name: str
    times: int
    window: timedelta


ASK_PER_ADDRESS = Limit("ask/address", 5, timedelta(minutes=15))
ASK_PER_ADDRESS_DAILY = Limit("ask/address/day", 20, timedelta(days=1))
ASK_PER_DEVICE = Limit("ask/device", 30, timedelta(minutes=15))
CODES_PER_DEVICE = Limit("code/device", 40, timedelta(minutes=15))
WRONG_CODES = Limit("code/wrong", 10, timedelta(days=1))
"""Whoever knows five thousand numbers guesses one code of six digits in some weeks, not every second day."""
TEXTS_PER_RANGE_ABROAD = Limit("text/range", 10, timedelta(days=1))
TEXTS_PER_COUNTRY_ABROAD = Limit("text/abroad", 20, timedelta(hours=1))
TEXTS_PER_COUNTRY_AT_HOME = Limit("text/home", 2_000, timedelta(hours=1))
"""Texts to numbers that are nobody's yet: who earns on them asks for many in a row, far away."""
AT_HOME_OF_MEMBERS = 4
"""On a strike day one member in so many asks for a text within the same hour."""
RANGE_DIGITS = 3
LOOK_UPS = Limit("look-up/member", 20, timedelta(hours=1))
VOUCH_CODES = Limit("vouch/member", 20, timedelta(hours=1))
LONGEST_WINDOW = timedelta(days=1)

IMPORT_DRAFT_LASTS = timedelta(hours=1)
ERASED_AFTER_LEAVING = timedelta(days=30)


def texts_at_home(members: int) -> Limit:
    """Return how many texts may go to the numbers of a home country: more in a large union.

    members: how many are active.
    """
    least = TEXTS_PER_COUNTRY_AT_HOME
    return replace(least, times=max(least.times, members // AT_HOME_OF_MEMBERS))


def session_holds(
    *, now: datetime, seen_at: datetime, expires_at: datetime, revoked_at: datetime | None, with_role: bool
) -> bool:
    """Tell whether a device is still signed in; with a role in the union, idling ends it sooner."""
    idle = SESSION_IDLE_WITH_ROLE if with_role else SESSION_IDLE
    return revoked_at is None and now < expires_at and now < seen_at + idle
