from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from union.actions.rules import readiness
from union.actions.rules.notice import Notice, Unit
from union.actions.rules.reach import reach
from union.actions.rules.readiness import Facts, Gate, MandateFacts, NotReady
from union.core.errors import Conflict
from union.core.i18n import translate
from union.notify.rules.kinds import Channel
from union.notify.rules.pace import Foreseen, Line, microseconds

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = NOW + timedelta(days=8)


def texted(n, *, begins, rate=9.0, route="alphanumeric"):
    """Return the reach of `n` texts one after the other to members whom nothing else reaches."""
    line, foreseen = Line(rate), []
    for one in range(n):
        at = line.next(begins)
        line.take(at, 1)
        cause = None if at < START else "late"
        foreseen.append(Foreseen(f"m{one}", Channel.SMS, "Europe/Amsterdam", 1, microseconds(at), cause))
    return reach(
        foreseen, [one.member_id for one in foreseen], route=route, begins_at=begins, starts_at=START,
        to_act=timedelta(minutes=10),
    )  # fmt: skip


REACH = texted(100, begins=NOW)
READY = Facts(
    now=NOW, starts_at=START, zone="Europe/Amsterdam",
    mandate=MandateFacts("stemming", NOW - timedelta(days=1), START + timedelta(days=1)),
    notice=Notice(7, Unit.DAYS), notice_given_at=NOW - timedelta(minutes=1), floor=50, committed=60, roll=100,
    armed_by="ayla", confirmed_by="bakker", asking="bakker", tested={"ayla": True, "bakker": True},
    heartbeat_at=NOW - timedelta(seconds=2), reach=REACH,
)  # fmt: skip


def failing(**facts):
    found = readiness.failing(readiness.checks(replace(READY, **facts)))
    return {check.gate: check for check in found}


def test_all_green():
    assert failing() == {}
    assert [check.gate for check in readiness.checks(READY)] == list(Gate)


@pytest.mark.parametrize(
    ("gate", "facts", "told"),
    [
        (Gate.MANDATE, {"mandate": None}, "no mandate in force"),
        (Gate.MANDATE, {"mandate": MandateFacts("s", NOW, START)}, "1 day too late"),
        (
            Gate.MANDATE,
            {"mandate": MandateFacts("s", START + timedelta(1), START + timedelta(9))},
            "lies before",
        ),
        (Gate.FLOOR, {"committed": 49}, "1 too few: 49 take part, the floor is 50"),
        (Gate.FLOOR, {"floor": 101, "committed": 100}, "above the roll of 100"),
        (Gate.NOTICE, {"notice_given_at": None}, "asks for 7 days"),
        (
            Gate.NOTICE,
            {"notice_given_at": NOW, "starts_at": NOW + timedelta(days=7, seconds=-1)},
            "may start from",
        ),
        (Gate.NOTICE, {"notice": Notice(2, Unit.WORKING_DAYS, "")}, "holidays"),
        (Gate.START, {"starts_at": NOW}, "has passed"),
        (Gate.TEST, {"tested": {"ayla": True}}, "No test message to you"),
        (Gate.TEST, {"tested": {"bakker": True}}, "first organizer"),
        (Gate.HEARTBEAT, {"heartbeat_at": None}, "never run"),
        (Gate.HEARTBEAT, {"heartbeat_at": NOW + timedelta(seconds=40)}, "lies 40 seconds ahead"),
        (Gate.HEARTBEAT, {"heartbeat_at": NOW - timedelta(seconds=61)}, "61 seconds ago"),
        (Gate.FORECAST, {"reach": None}, "nobody to tell"),
        (Gate.ORGANIZERS, {"armed_by": None}, "Nobody has signed"),
        (Gate.ORGANIZERS, {"confirmed_by": None}, "another organizer must confirm"),
    ],
)
def test_each_condition_says_which_by_how_much_and_who(gate, facts, told):
    found = failing(**facts)
    check = found[gate]
    assert told in translate("en", check.detail, **check.facts)
    assert translate("nl", check.detail, **check.facts) != translate("en", check.detail, **check.facts)
    with pytest.raises(NotReady) as refused:
        readiness.require(readiness.checks(replace(READY, **facts)))
    assert gate in {one.gate for one in refused.value.checks}


def test_a_forecast_that_comes_too_late_says_by_how_much():
    late = texted(6_480, begins=START - timedelta(minutes=15))
    check = failing(reach=late)[Gate.FORECAST]
    assert check.facts["minutes"] == 8, (
        "12 minutes at nine tenths of the rate and the slowest handset, instead of 5"
    )


def test_texts_that_do_not_fit_before_the_start_are_counted():
    over = texted(1_000, begins=START - timedelta(minutes=1), rate=10)
    check = failing(reach=over)[Gate.FORECAST]
    assert check.facts["untold"] == 1_000 - 10 * 60


def test_two_person_rule():
    readiness.require_second("ayla", "bakker")
    for first, second in [("ayla", "ayla"), (None, "bakker"), ("ayla", None)]:
        with pytest.raises(Conflict):
            readiness.require_second(first, second)
