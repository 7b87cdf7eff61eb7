"""What a visit to a page of terms means, and when to come again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from union.core.i18n import msg


class Seen(StrEnum):
    """How a page stood at the last visit. NEW: never visited."""

    NEW = "new"
    OK = "ok"
    CHANGED = "changed"
    BLOCKED = "blocked"
    GONE = "gone"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


PROBLEMS = frozenset({Seen.BLOCKED, Seen.GONE, Seen.TOO_LARGE, Seen.UNREACHABLE, Seen.REFUSED})
FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=7)


class Trouble(StrEnum):
    """Why a visit brought no text."""

    PRIVATE = "private"
    ADDRESS = "address"
    NO_NAME = "no_name"
    REDIRECTS = "redirects"
    ROBOTS = "robots"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    GONE = "gone"
    SERVER = "server"
    CONNECTION = "connection"
    ENCODING = "encoding"


WHY: dict[Trouble, str] = {
    Trouble.PRIVATE: msg("The address leads into a private network: we do not go there."),
    Trouble.ADDRESS: msg("The page sends us to an address we do not visit."),
    Trouble.NO_NAME: msg("The name of the site is not known."),
    Trouble.REDIRECTS: msg("The page sends us on more than three times."),
    Trouble.ROBOTS: msg("The site asks robots to stay away from this page (robots.txt)."),
    Trouble.TOO_LARGE: msg("The page is larger than two megabytes."),
    Trouble.TOO_SLOW: msg("The page took too long."),
    Trouble.FORBIDDEN: msg("The site does not let us in."),
    Trouble.BUSY: msg("The site asks us to come back later."),
    Trouble.GONE: msg("The page is not there any more."),
    Trouble.SERVER: msg("The site is broken at the moment."),
    Trouble.CONNECTION: msg("We could not reach the site."),
    Trouble.ENCODING: msg("The page came in a form we cannot read."),
}
_SEEN: dict[Trouble, Seen] = {
    Trouble.PRIVATE: Seen.REFUSED,
    Trouble.ADDRESS: Seen.REFUSED,
    Trouble.REDIRECTS: Seen.REFUSED,
    Trouble.ROBOTS: Seen.BLOCKED,
    Trouble.FORBIDDEN: Seen.BLOCKED,
    Trouble.BUSY: Seen.BLOCKED,
    Trouble.GONE: Seen.GONE,
    Trouble.TOO_LARGE: Seen.TOO_LARGE,
}


def seen(trouble: Trouble) -> Seen:
    """Return the state that a failed visit puts a page in."""
    return _SEEN.get(trouble, Seen.UNREACHABLE)


def trouble_of(status: int) -> Trouble | None:
    """Return what an HTTP status says is wrong, None for a page."""
    if status in {404, 410}:
        return Trouble.GONE
    if status in {401, 403, 407, 451}:
        return Trouble.FORBIDDEN
    if status in {408, 429, 503}:
        return Trouble.BUSY
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        return Trouble.SERVER
    return None if status in {200, 203, 304} else Trouble.GONE if status >= 400 else Trouble.SERVER  # noqa: PLR2004


@dataclass(frozen=True)
class Next:
    """When to visit again, and how many visits in a row brought nothing."""

    at: datetime
    failures: int


def next_visit(now: datetime, every: timedelta, failures: int, trouble: Trouble | None) -> Next:
    """Return when to come again: regularly while all is well, more rarely each time it is not."""
    if trouble is None:
        return Next(now + every, 0)
    pause = min(max(every, FIRST_PAUSE) * 2 ** min(failures, 8), max(every, LONGEST_PAUSE))
    return Next(now + pause, failures + 1)
