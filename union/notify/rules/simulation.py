"""Who would have a call when: members in many zones, over given routes, by the rules of real ones.

Pure, and by groups rather than by members, so a million take no longer than a thousand. Texts first, the
zone whose permitted hours end first before the others; what fits no permitted hour goes by email.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from union.notify.rules.capacity import Load, Route, forecast
from union.notify.rules.hours import QUIET, Plan, Quiet, Zone, plan

WORLD: dict[str, int] = {
    "Etc/GMT+12": 1, "Pacific/Pago_Pago": 1, "Pacific/Honolulu": 4, "Pacific/Marquesas": 1,
    "America/Anchorage": 3, "America/Los_Angeles": 60, "America/Denver": 25, "America/Chicago": 95,
    "America/New_York": 130, "America/Halifax": 20, "America/St_Johns": 2, "America/Sao_Paulo": 70,
    "America/Noronha": 1, "Atlantic/Azores": 1, "Europe/London": 60, "Europe/Paris": 130,
    "Africa/Cairo": 50, "Europe/Istanbul": 40, "Asia/Tehran": 8, "Asia/Dubai": 12, "Asia/Kabul": 2,
    "Asia/Karachi": 25, "Asia/Kolkata": 110, "Asia/Kathmandu": 4, "Asia/Dhaka": 18, "Asia/Yangon": 4,
    "Asia/Bangkok": 40, "Asia/Manila": 45, "Australia/Eucla": 1, "Asia/Tokyo": 25, "Australia/Darwin": 2,
    "Australia/Brisbane": 10, "Australia/Lord_Howe": 1, "Pacific/Guadalcanal": 1, "Pacific/Auckland": 5,
    "Pacific/Chatham": 1, "Pacific/Tongatapu": 1, "Pacific/Kiritimati": 1,
}  # fmt: skip
"""One zone for each of the 38 offsets from UTC that are in use, with made-up weights. Bring your own."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be known. to_act and margin: how long before `starts_at` the last one must have it.

    segments: of one text. phones and emails: shares of members who can be reached that way.
    """

    starts_at: datetime
    begins_at: datetime
    to_act: timedelta = timedelta(minutes=15)
    margin: timedelta = timedelta(minutes=5)
    segments: int = 1
    phones: Fraction = Fraction(9, 10)
    emails: Fraction = Fraction(8, 10)

    @property
    def latest(self) -> datetime:
        """When the last one must have it."""
        return self.starts_at - self.to_act - self.margin


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one zone. texts, mails, nobody: members; first and last: when handsets have it.

    moved: of the mails, those to members whose text fits no permitted hour. nobody: no channel, or a text
    that does not fit and no email.
    """

    zone: str
    members: int
    texts: int
    mails: int
    moved: int
    nobody: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """The whole of it. mails_at: when the last email arrives; used: route → segments; in_time: members."""

    call: Call
    fates: tuple[Fate, ...]
    plan: Plan
    used: Mapping[str, int]
    mails_at: datetime | None

    @property
    def texts_at(self) -> datetime | None:
        """When the last text is on the slowest handset."""
        return max((fate.last for fate in self.fates if fate.last), default=None)

    @property
    def mails_in_time(self) -> bool:
        """Whether the emails arrive before the latest moment."""
        return self.mails_at is None or self.mails_at <= self.call.latest

    def count(self, what: str) -> int:
        """Sum one number of all zones."""
        return sum(int(getattr(fate, what)) for fate in self.fates)


def spread(members: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide `members` by weight in whole numbers that add up: largest remainders get what is left over."""
    whole = sum(weights.values())
    shares = {zone: divmod(members * weight, whole) for zone, weight in weights.items()}
    left = members - sum(count for count, _ in shares.values())
    more = sorted(shares, key=lambda zone: (-shares[zone][1], zone))[:left]
    return {zone: count + (zone in more) for zone, (count, _) in shares.items()}


def simulate(
    crowd: Mapping[str, int],
    call: Call,
    *,
    routes: Sequence[Route],
    email: Route,
    quiet: Quiet = QUIET,
) -> Told:
    """Plan the call to `crowd` (zone → members). A text is there when the slowest handset has it."""
    phones = {zone: round(members * call.phones) for zone, members in crowd.items()}
    slowest = timedelta(seconds=max((route.slowest for route in routes), default=0.0))
    found = plan(
        [Zone(zone, count * call.segments) for zone, count in phones.items()],
        since=call.begins_at, deadline=call.latest - slowest, routes=routes, quiet=quiet,
    )  # fmt: skip
    fates = tuple(_fate(zone, crowd[zone], phones[zone], call, found, slowest) for zone in crowd)
    mails = sum(fate.mails for fate in fates)
    lasts = forecast(Load(mails, mails), email).total
    mails_at = call.begins_at + timedelta(seconds=lasts) if mails else None
    return Told(call, fates, found, {name: round(sent) for name, sent in found.used.items()}, mails_at)


def _fate(zone: str, members: int, phones: int, call: Call, found: Plan, slowest: timedelta) -> Fate:
    # A text that is not whole before the deadline is not sent.
    short = -int(-found.left.get(zone, 0.0) // call.segments)
    texts = phones - min(phones, short)
    moved = round((phones - texts) * call.emails)
    others = round((members - phones) * call.emails)
    mine = [slot for slot in found.slots if slot.zone == zone and texts]
    return Fate(
        zone, members, texts, moved + others, moved, members - texts - moved - others,
        mine[0].starts + slowest if mine else None, mine[-1].ends + slowest if mine else None,
    )  # fmt: skip


def growth(told: Told, points: int = 240) -> tuple[tuple[datetime, int], ...]:
    """Return how many members have a text at evenly spaced instants from the beginning to the start."""
    first, span = told.call.begins_at, told.call.starts_at - told.call.begins_at
    slots = [(slot.starts, slot.ends, slot.segments / told.call.segments) for slot in told.plan.slots]
    return tuple(
        (at, round(sum(_share(at, starts, ends) * texts for starts, ends, texts in slots)))
        for at in (first + span * n / points for n in range(points + 1))
    )


def _share(at: datetime, starts: datetime, ends: datetime) -> float:
    return min(1.0, max(0.0, (at - starts) / (ends - starts))) if ends > starts else float(at >= ends)
