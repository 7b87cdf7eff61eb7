"""Who has a fan-out when, by which way, and who not at all: from the messages that would be written.

Pure. What each message is and when it leaves is decided by the outbox's own rules (`notify.service.foresee`);
here it arrives and is counted.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from union.actions.rules import pacing
from union.notify.rules.hours import MICROSECOND, windows
from union.notify.rules.kinds import BUZZING, Channel
from union.notify.rules.pace import Foreseen, instant, microseconds

WAYS = (Channel.SMS, Channel.EMAIL, Channel.PUSH)
STEPS = 40
"""Into how many equal parts the time of arriving is cut, to show how it grows."""

LATE, NO_ADDRESS = "late", "no_address"
_CAUSES = (LATE, "trial", "opted_out", "bad_address")
_SECOND = 1_000_000


@dataclass(frozen=True)
class Way:
    """A fan-out on one channel.

    last_at: when the last one has it; over: how many its sender would carry only after their start, so they
    are not sent; reached: how many have it by each of the reach's moments.
    """

    channel: Channel
    messages: int
    segments: int
    last_at: datetime
    over: int
    reached: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """How a fan-out arrives, way by way.

    last_at: when the last message is there; known_at: when the last member has the first of theirs; latest:
    when that must be; late: members who have their first later; silent: members with none, and `why` (cause →
    how many); night: how many messages buzz while it is night for whom they reach.
    """

    members: int
    begins_at: datetime
    starts_at: datetime
    latest: datetime
    last_at: datetime
    known_at: datetime
    late: int
    silent: int
    why: Mapping[str, int]
    night: int
    moments: tuple[datetime, ...]
    ways: tuple[Way, ...]

    def way(self, channel: Channel) -> Way | None:
        """Return what goes by `channel`; None when nothing would."""
        return next((way for way in self.ways if way.channel is channel), None)

    def messages(self, channel: Channel) -> int:
        """Return how many messages go by `channel`."""
        way = self.way(channel)
        return way.messages if way else 0

    @property
    def texts(self) -> int:
        """How many texts go out."""
        return self.messages(Channel.SMS)

    @property
    def over(self) -> int:
        """How many messages fit no moment before the start."""
        return sum(way.over for way in self.ways)

    @property
    def untold(self) -> int:
        """How many members have no message for the one reason that theirs do not fit."""
        return self.why.get(LATE, 0)

    @property
    def fits(self) -> bool:
        """Whether everybody whom anything reaches knows in time, by one way at least."""
        return not self.late and not self.untold

    @property
    def late_seconds(self) -> int:
        """By how many seconds the last member knows too late; 0 when they do not."""
        return max(0, int((self.known_at - self.latest).total_seconds()))


@dataclass
class _Counted:
    """What is known of a fan-out so far. first: member → (when they know, their zone); microseconds."""

    sent: dict[Channel, list[Foreseen]] = field(default_factory=dict)
    over: Counter[Channel] = field(default_factory=Counter)
    kept: dict[str, set[str]] = field(default_factory=dict)
    arrivals: dict[Channel, list[int]] = field(default_factory=dict)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)


def reach(
    foreseen: Iterable[Foreseen], member_ids: Collection[str], *, route: str, begins_at: datetime,
    starts_at: datetime, to_act: timedelta, starts: Mapping[str, datetime] | None = None,
) -> Reach:  # fmt: skip
    """Return when everybody of `member_ids` knows, if these messages are written at `begins_at`.

    to_act: how long before the start the last one must have it; starts: zone → its own start, where it has
    one.
    """
    counted = _arrived(_sorted_out(foreseen), route)
    latest = starts_at - to_act
    by = {zone: microseconds(at - to_act) for zone, at in (starts or {}).items()}
    everybody = microseconds(latest)
    begins = microseconds(begins_at)
    last_at = instant(max((arrivals[-1] for arrivals in counted.arrivals.values()), default=begins))
    moments = _moments(begins_at, last_at, latest, starts_at)
    why = Counter(_cause(counted.kept.get(one)) for one in member_ids if one not in counted.first)
    return Reach(
        len(member_ids),
        begins_at, starts_at, latest, last_at,
        instant(max((at for at, _ in counted.first.values()), default=begins)),
        sum(1 for at, zone in counted.first.values() if at > by.get(zone, everybody)),
        why.total(), dict(why), _at_night(counted, begins_at, last_at), moments,
        tuple(_way(counted, channel, begins_at, moments) for channel in WAYS
              if channel in counted.sent or counted.over[channel]),
    )  # fmt: skip


def _sorted_out(foreseen: Iterable[Foreseen]) -> _Counted:
    """Return what goes out by channel, and why the rest does not."""
    counted = _Counted()
    for one in foreseen:
        if one.cause is None:
            counted.sent.setdefault(one.channel, []).append(one)
            continue
        counted.kept.setdefault(one.member_id, set()).add(one.cause)
        if one.cause == LATE:
            counted.over[one.channel] += 1
    return counted


def _arrived(counted: _Counted, route: str) -> _Counted:
    """Note when each message is there: staggered texts when they left, the others one after the other."""
    rates = pacing.routes(route)
    claim = pacing.claim(sum(len(rows) for rows in counted.sent.values()))
    first = counted.first
    for channel, rows in counted.sent.items():
        rate = rates[channel]
        each, wait = _SECOND / rate.per_second, int((claim + rate.slowest) * _SECOND)
        lined = channel is Channel.SMS and pacing.stagger(route) is not None
        arrivals = counted.arrivals[channel] = []
        for n, one in enumerate(rows, 1):
            there = one.at + wait + int(each * (one.segments if lined else n))
            arrivals.append(there)
            known = first.get(one.member_id)
            if known is None or there < known[0]:
                first[one.member_id] = there, one.zone
    return counted


def _way(counted: _Counted, channel: Channel, begins_at: datetime, moments: tuple[datetime, ...]) -> Way:
    arrivals = sorted(counted.arrivals.get(channel, ()))
    return Way(
        channel,
        len(arrivals),
        sum(one.segments for one in counted.sent.get(channel, ())),
        instant(arrivals[-1]) if arrivals else begins_at,
        counted.over[channel],
        tuple(bisect_right(arrivals, microseconds(at)) for at in moments),
    )


def _moments(
    begins_at: datetime, last_at: datetime, latest: datetime, starts_at: datetime
) -> tuple[datetime, ...]:
    """Return when to count: in equal steps until the last has it, by when they must, at the start."""
    step = (last_at - begins_at) / STEPS
    found = {begins_at, last_at, max(latest, begins_at), max(starts_at, begins_at)}
    return tuple(sorted(found | {begins_at + step * n for n in range(1, STEPS)}))


def _cause(kept: set[str] | None) -> str:
    """Return why nothing reaches a member; the first thing that somebody could change."""
    return next((cause for cause in _CAUSES if kept and cause in kept), NO_ADDRESS)


def _at_night(counted: _Counted, begins_at: datetime, last_at: datetime) -> int:
    """Return how many messages buzz in the quiet hours of whom they reach; alerts do not wait for morning."""
    until = last_at + MICROSECOND
    by_zone: dict[str, list[int]] = {}
    for channel in BUZZING & counted.sent.keys():
        for one, there in zip(counted.sent[channel], counted.arrivals[channel], strict=True):
            by_zone.setdefault(one.zone, []).append(there)
    found = 0
    for zone, arrivals in by_zone.items():
        awake = windows(begins_at, until, zone)
        if awake == ((begins_at, until),):
            continue
        arrivals.sort()
        found += len(arrivals) - sum(
            bisect_left(arrivals, microseconds(end)) - bisect_left(arrivals, microseconds(start))
            for start, end in awake
        )
    return found
