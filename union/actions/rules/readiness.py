"""Whether an action may be armed, may go on at its go/no-go, and what is missing.

Which condition, by how much, whose turn.

Pure: facts in, checks out. A check's texts are message ids with facts; the edge translates them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from union.actions.rules.notice import NONE, UNIT_NAMES, Notice, Unit, earliest_start
from union.actions.rules.reach import Reach
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg
from union.notify.rules import beats

MILLISECOND = timedelta(milliseconds=1)
FRESH = timedelta(seconds=60)
"""A scheduler that has not ticked for this long is taken for dead."""

OFF = timedelta(milliseconds=100)
"""A scheduler whose clock is further off the database's starts actions too early or too late."""


class Gate(StrEnum):
    """The conditions of arming, in the order in which they are shown."""

    MANDATE = "mandate"
    FLOOR = "floor"
    NOTICE = "notice"
    START = "start"
    TEST = "test"
    HEARTBEAT = "heartbeat"
    FORECAST = "forecast"
    VOTES = "votes"
    ORGANIZERS = "organizers"


GO_NO_GO = frozenset({Gate.MANDATE, Gate.FLOOR})
"""What is looked at again before the start; without both an action does not run."""


@dataclass(frozen=True)
class Check:
    """One condition. ok None: it waits for somebody. detail says by how much, who says whose turn it is."""

    gate: Gate
    ok: bool | None
    label: str
    detail: str = ""
    who: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class NotReady(Conflict):
    """An action cannot be armed or run; `checks` are the conditions that fail, the text is of the first."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = tuple(checks)
        first = self.checks[0]
        super().__init__(first.detail)
        self.facts = dict(first.facts)


@dataclass(frozen=True)
class MandateFacts:
    """The mandate in question. ballot: the strike vote that gave it."""

    ballot: str
    granted_at: datetime
    expires_at: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether it is in force at `instant`."""
        return self.granted_at <= instant < self.expires_at


@dataclass(frozen=True)
class Facts:
    """What readiness is judged by.

    committed: members who take part now; roll: active members it may concern. tested: organizer → whether a
    test message was handed over. mandate: the campaign's newest, in force or not. votes: of each planned with
    it, its title and the trustees whose keys are missing. trial: texts reach officers only.
    """

    now: datetime
    starts_at: datetime
    zone: str
    mandate: MandateFacts | None
    notice: Notice = NONE
    notice_given_at: datetime | None = None
    floor: int = 0
    committed: int = 0
    roll: int = 0
    armed_by: str | None = None
    confirmed_by: str | None = None
    asking: str | None = None
    tested: Mapping[str, bool] = field(default_factory=dict)
    heartbeat_at: datetime | None = None
    clock_off: timedelta = timedelta(0)
    reach: Reach | None = None
    votes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    trial: bool = False


def checks(facts: Facts) -> tuple[Check, ...]:
    """Return every condition with its state, in the order of Gate."""
    return (
        mandate_check(facts.mandate, facts.starts_at, facts.zone),
        floor_check(facts.floor, facts.committed, facts.roll),
        _notice(facts),
        _start(facts),
        _test(facts),
        _heartbeat(facts),
        _forecast(facts),
        _votes(facts),
        _organizers(facts),
    )


def failing(found: Iterable[Check], *, without: Iterable[Gate] = ()) -> tuple[Check, ...]:
    """Return the checks that do not hold, leaving out the gates in `without`."""
    left_out = set(without)
    return tuple(check for check in found if not check.ok and check.gate not in left_out)


def require(found: Iterable[Check], *, without: Iterable[Gate] = ()) -> None:
    """Let pass when all hold, or raise NotReady."""
    if missing := failing(found, without=without):
        raise NotReady(missing)


class Moment(str):
    """An instant as a fact of a text: reads the same in every language, and a page may show it in its own."""

    __slots__ = ("instant", "zone")

    instant: datetime
    zone: str


def local(instant: datetime, zone: str) -> Moment:
    """Return an instant as date and time on the wall of `zone`."""
    moment = Moment(f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})")
    moment.instant, moment.zone = instant, zone
    return moment


class Count(str):
    """A number of things as a fact of a text: reads by itself, and a page may say it in its own language."""

    __slots__ = ("forms", "n")

    forms: tuple[str, str]
    n: int


def counted(forms: tuple[str, str], n: int) -> Count:
    """Return `n` of what `forms` name, for one and for more."""
    count = Count(forms[n != 1] % {"n": n})
    count.forms, count.n = forms, n
    return count


def mandate_check(mandate: MandateFacts | None, starts_at: datetime, zone: str) -> Check:
    """Return whether a mandate is in force when the action starts."""
    label = msg("Mandate of the members")
    who = msg("The members decide, by a strike vote of this campaign.")
    if mandate is None:
        detail = msg("There is no mandate in force: the campaign needs a strike vote that passes.")
        return Check(Gate.MANDATE, False, label, detail, who)
    facts = {
        "ballot": mandate.ballot,
        "until": local(mandate.expires_at, zone),
        "start": local(starts_at, zone),
        "since": local(mandate.granted_at, zone),
        "late": counted(UNIT_NAMES[Unit.DAYS], (starts_at - mandate.expires_at).days + 1),
    }
    if mandate.covers(starts_at):
        return Check(Gate.MANDATE, True, label, msg("until %(until)s"), facts=facts)
    if starts_at < mandate.granted_at:
        detail = msg("The start, %(start)s, lies before the mandate, which was given %(since)s.")
        return Check(
            Gate.MANDATE, False, label, detail, msg("Any organizer can choose a later start."), facts
        )
    detail = msg("The mandate ends %(until)s; the start, %(start)s, comes %(late)s too late.")
    return Check(Gate.MANDATE, False, label, detail, who, facts)


def floor_check(floor: int, committed: int, roll: int) -> Check:
    """Return whether enough members take part, and whether the floor is possible at all."""
    label = msg("Floor of %(floor)s members")
    facts = {"floor": floor, "committed": committed, "missing": floor - committed, "roll": roll}
    if floor > roll:
        detail = msg("The floor of %(floor)s is above the roll of %(roll)s members, so it can never be met.")
        return Check(Gate.FLOOR, False, label, detail, msg("Any organizer can set a lower floor."), facts)
    if committed < floor:
        detail = msg("%(missing)s too few: %(committed)s take part, the floor is %(floor)s.")
        who = msg("Members change this by taking part; an organizer by a new version with another floor.")
        return Check(Gate.FLOOR, False, label, detail, who, facts)
    return Check(Gate.FLOOR, True, label, msg("%(committed)s take part"), facts=facts)


def _notice(facts: Facts) -> Check:
    label = msg("Notice period")
    if facts.notice.length <= 0:
        return Check(Gate.NOTICE, True, label, msg("the rule of the mandate asks for none"))
    who = msg("Any organizer can record when notice was given, or choose a later start.")
    given = facts.notice_given_at
    if given is None:
        detail = msg("No notice was given yet: the rule asks for %(length)s.")
        length = counted(UNIT_NAMES[facts.notice.unit], facts.notice.length)
        return Check(Gate.NOTICE, None, label, detail, who, {"length": length})
    try:
        earliest = earliest_start(given, facts.notice, facts.zone)
    except Invalid as problem:
        who = msg("Any organizer can give the action a place whose holidays are known.")
        return Check(Gate.NOTICE, False, label, problem.text, who, problem.facts)
    told = {
        "given": local(given, facts.zone),
        "earliest": local(earliest, facts.zone),
        "start": local(facts.starts_at, facts.zone),
    }
    if facts.starts_at < earliest:
        detail = msg(
            "Notice was given %(given)s, so the action may start from %(earliest)s; it is set for %(start)s."
        )
        return Check(Gate.NOTICE, False, label, detail, who, told)
    return Check(Gate.NOTICE, True, label, msg("given %(given)s"), facts=told)


def _start(facts: Facts) -> Check:
    label = msg("Start still ahead")
    told = {"start": local(facts.starts_at, facts.zone)}
    if facts.starts_at <= facts.now:
        detail = msg("The start, %(start)s, has passed.")
        return Check(Gate.START, False, label, detail, msg("Any organizer can choose a later start."), told)
    return Check(Gate.START, True, label, "%(start)s", facts=told)


def _test(facts: Facts) -> Check:
    """Ask for a test message to everybody who signs.

    Whoever armed, and whoever is about to arm or confirm.
    """
    label = msg("Test message handed over")
    signers = {one for one in (facts.armed_by, facts.asking) if one}
    missing = [one for one in signers if not facts.tested.get(one)]
    who = msg("Each organizer who signs sends one to themselves from this page.")
    if not signers or missing:
        detail = msg("No test message to you was handed over yet; send one and wait a moment.")
        if facts.asking and facts.asking not in missing:
            detail = msg("The test message to the first organizer was not handed over.")
        elif facts.trial:
            detail = msg(
                "No test message to you was handed over yet. While the union is on trial texts reach "
                "officers only: a test reaches you by email, or once two officers have lifted the trial."
            )
        return Check(Gate.TEST, None, label, detail, who)
    return Check(Gate.TEST, True, label)


def _heartbeat(facts: Facts) -> Check:
    label = msg("The scheduler is awake")
    who = msg("Whoever runs the server must start the scheduler.")
    if facts.heartbeat_at is None:
        return Check(Gate.HEARTBEAT, False, label, msg("The scheduler has never run."), who)
    if beats.ahead(facts.now - facts.heartbeat_at):
        detail = msg(
            "The clock is off: the scheduler's last tick lies %(ahead)s seconds ahead of this server's time."
        )
        who = msg("Whoever runs the server must set its clock right.")
        return Check(
            Gate.HEARTBEAT,
            False,
            label,
            detail,
            who,
            {"ahead": int((facts.heartbeat_at - facts.now).total_seconds())},
        )
    seconds = max(0, int((facts.now - facts.heartbeat_at).total_seconds()))
    told = {"seconds": seconds, "fresh": int(FRESH.total_seconds())}
    if facts.now - facts.heartbeat_at > FRESH:
        detail = msg(
            "The scheduler ticked %(seconds)s seconds ago; more than %(fresh)s means that it stands still."
        )
        return Check(Gate.HEARTBEAT, False, label, detail, who, told)
    if abs(facts.clock_off) > OFF:
        detail = msg("A scheduler's clock is %(off)s ms off the database's; more than %(most)s is too much.")
        who = msg("Whoever runs the server must set its clock right.")
        off = {"off": round(abs(facts.clock_off) / MILLISECOND), "most": OFF // MILLISECOND}
        return Check(Gate.HEARTBEAT, False, label, detail, who, off)
    return Check(Gate.HEARTBEAT, True, label, msg("ticked %(seconds)s seconds ago"), facts=told)


def _forecast(facts: Facts) -> Check:
    label = msg("Everybody knows in time")
    found = facts.reach
    if found is None:
        who = msg("Members change this by taking part.")
        return Check(Gate.FORECAST, None, label, msg("There is nobody to tell yet."), who)
    told = {
        "last": local(found.known_at, facts.zone),
        "silent": found.silent,
        "untold": found.untold,
        "latest": local(found.latest, facts.zone),
        "minutes": -(-found.late_seconds // 60),
    }
    who = msg("An organizer can brief earlier, start later, or choose a faster sender.")
    if found.untold:
        detail = msg("%(untold)s texts do not fit before the start, and nothing else reaches those members.")
        return Check(Gate.FORECAST, False, label, detail, who, told)
    if not found.fits:
        detail = msg("The last member would know at %(last)s, %(minutes)s min later than %(latest)s.")
        return Check(Gate.FORECAST, False, label, detail, who, told)
    return Check(
        Gate.FORECAST, True, label, msg("the last one at %(last)s; nothing reaches %(silent)s"), facts=told
    )


def _votes(facts: Facts) -> Check:
    """Ask that the votes planned with the action can open while it runs."""
    label = msg("Planned votes can open")
    who = msg("The trustees named make their keys on the page of that vote; or an organizer drops the vote.")
    for title, missing in facts.votes:
        if missing:
            told = {"title": title, "names": ", ".join(missing)}
            detail = msg("The vote “%(title)s” waits for the keys of %(names)s.")
            return Check(Gate.VOTES, None, label, detail, who, told)
    detail = "" if facts.votes else msg("no vote on going on is planned")
    return Check(Gate.VOTES, True, label, detail)


def _organizers(facts: Facts) -> Check:
    label = msg("Two organizers agree")
    if facts.armed_by is None:
        detail = msg("Nobody has signed yet.")
        return Check(
            Gate.ORGANIZERS, None, label, detail, msg("Any organizer can arm; another one confirms.")
        )
    if facts.confirmed_by is None:
        detail = msg("One has signed; another organizer must confirm.")
        return Check(Gate.ORGANIZERS, None, label, detail, msg("Any organizer but the first."))
    return Check(Gate.ORGANIZERS, True, label)


def require_second(armed_by: str | None, confirming: str | None) -> None:
    """Let pass when `confirming` is another than the one who armed; raise Conflict else."""
    if armed_by is None:
        raise Conflict(msg("Nobody has armed this action yet."))
    if confirming is None or confirming == armed_by:
        raise Conflict(msg("You armed this action; another organizer must confirm it."))
