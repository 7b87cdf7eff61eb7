"""A million members in 38 zones: nobody at night, nobody forgotten, and a plan in seconds."""

import json
import re
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from union.cli import main
from union.notify.rules.capacity import Route
from union.notify.rules.hours import NO_QUIET, QUIET, Zone, is_quiet, plan
from union.notify.rules.simulation import WORLD, Call, growth, simulate, spread

START = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
EMAIL = Route("email", 100, slowest=60)


def call(**facts):
    return Call(**{"starts_at": START, "begins_at": START - timedelta(hours=24), **facts})


def test_the_world_has_every_offset_in_use():
    offsets = {START.astimezone(ZoneInfo(zone)).utcoffset() for zone in WORLD}
    assert len(WORLD) == 38
    assert len(offsets) >= 36, "some of them meet in one half of the year"


@given(st.integers(0, 2_000_000), st.lists(st.integers(1, 1000), min_size=1, max_size=38))
def test_nobody_is_lost_in_dividing(members, weights):
    found = spread(members, {f"z{n}": weight for n, weight in enumerate(weights)})
    assert sum(found.values()) == members
    for n, weight in enumerate(weights):
        assert abs(found[f"z{n}"] * sum(weights) - members * weight) < sum(weights)


crowds = st.dictionaries(st.sampled_from(sorted(WORLD)), st.integers(0, 50_000), min_size=1, max_size=12)
caps = st.none() | st.integers(1, 100_000)


@given(
    crowds,
    st.lists(st.tuples(st.floats(1, 300), caps), min_size=1, max_size=3),
    st.integers(1, 60),
    st.integers(1, 3),
)
def test_everybody_has_one_fate_and_nobody_is_texted_at_night_or_too_late(crowd, lines, hours, each):
    routes = [Route(f"r{n}", rate, cap) for n, (rate, cap) in enumerate(lines)]
    asked = call(begins_at=START - timedelta(hours=hours), segments=each)
    told = simulate(crowd, asked, routes=routes, email=EMAIL)
    for fate in told.fates:
        assert fate.members == crowd[fate.zone] == fate.texts + fate.mails + fate.nobody
        assert min(fate.texts, fate.mails, fate.moved, fate.nobody) >= 0
        if fate.last:
            assert fate.last <= asked.latest
            assert not is_quiet(fate.first - timedelta(seconds=30), fate.zone)
    clock = asked.begins_at
    for slot in told.plan.slots:
        assert clock <= slot.starts < slot.ends, "one after the other: the routes work as one"
        clock = slot.ends
        assert not is_quiet(slot.starts, slot.zone)
        assert not is_quiet(slot.ends - timedelta(microseconds=1), slot.zone)
    for route in routes:
        days = (asked.latest.date() - asked.begins_at.date()).days + 1
        assert told.used[route.name] <= (route.daily_cap or float("inf")) * days + 1
        seconds = (asked.latest - asked.begins_at).total_seconds()
        assert told.used[route.name] <= route.per_second * seconds + 1


def test_a_daily_cap_begins_anew_at_midnight():
    since = START - timedelta(hours=24)
    found = plan(
        [Zone("UTC", 1_000)], since=since, deadline=START, routes=[Route("r", 10, 400)], quiet=NO_QUIET
    )
    assert found.left == {"UTC": pytest.approx(200)}
    assert found.used == {"r": pytest.approx(800)}
    assert [slot.starts.hour for slot in found.slots] == [18, 0]


def test_two_routes_are_as_fast_as_both_until_one_is_spent():
    routes = [Route("a", 10), Route("b", 30, 300)]
    found = plan(
        [Zone("UTC", 1_000)], since=START, deadline=START + timedelta(hours=1), routes=routes, quiet=NO_QUIET
    )
    assert found.used == {"a": pytest.approx(700), "b": pytest.approx(300)}
    # 10 s at 40 a second, then 600 at 10 a second.
    assert (found.ends - START).total_seconds() == pytest.approx(70)


def test_what_fits_no_permitted_hour_goes_by_email_and_says_so():
    told = simulate(
        {"Asia/Tokyo": 1_000}, call(starts_at=START, begins_at=START - timedelta(hours=5), phones=Fraction(1), emails=Fraction(3, 4)),
        routes=[Route("r", 100)], email=EMAIL, quiet=QUIET,
    )  # fmt: skip
    [fate] = told.fates
    assert (fate.texts, fate.mails, fate.moved, fate.nobody) == (0, 750, 750, 250)
    assert told.mails_in_time
    assert told.texts_at is None


def test_a_million_are_planned_in_about_the_time_of_a_thousand():
    def took(members):
        began = time.process_time()
        simulate(spread(members, WORLD), call(), routes=[Route("r", 100)], email=EMAIL)
        return time.process_time() - began

    took(1_000)
    assert took(1_000_000) < 20 * max(took(1_000), 0.005)


def test_the_curve_grows_to_all_texts():
    told = simulate(spread(100_000, WORLD), call(), routes=[Route("r", 100)], email=EMAIL)
    counts = [count for _, count in growth(told)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == pytest.approx(told.count("texts"), abs=40)


def run(*arguments):
    return CliRunner().invoke(main, ["notify", "simulate", "--at", "2026-12-01T18:00", *arguments])


def test_the_command_prints_a_table_and_draws(tmp_path):
    drawing = tmp_path / "call.svg"
    done = run("--route", "short-code", "--route", "t-mobile:75:200000", "--svg", str(drawing))
    assert done.exit_code == 0, done.output
    [total] = [line for line in done.output.splitlines() if line.startswith("all ")]
    assert "1,000,000" in total
    assert "The last text is there at" in done.output
    root = ET.fromstring(drawing.read_text())
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(WORLD) <= set(words)


def test_json_says_the_same():
    told = json.loads(run("--members", "5000", "--json").output)
    assert sum(zone["members"] for zone in told["zones"]) == 5000
    assert len(told["zones"]) == 38
    assert told["mails_in_time"] is True


def test_a_file_of_zones(tmp_path):
    crowd = tmp_path / "zones.csv"
    crowd.write_text("zone,members\nEurope/Amsterdam,900\nAsia/Kathmandu,100\nEurope/Amsterdam,1\n")
    done = run("--zones", str(crowd))
    assert re.search(r"^Europe/Amsterdam +\S+ \S+ +901", done.output, re.MULTILINE), done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--route", "pigeon"], "give its rate"),
        (["--route", "a:0"], "more than nothing"),
        (["--route", "a:x"], "not NAME:SEGMENTS"),
        (["--route", "a:1", "--route", "a:2"], "differently"),
        (["--zone", "Mars"], "there is no zone"),
        (["--quiet", "x"], "two hours"),
        (["--ahead", "0.2"], "leaves no time"),
    ],
)
def test_bad_input_says_what_to_do(arguments, says):
    done = run(*arguments)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_a_bad_line_of_zones(tmp_path):
    crowd = tmp_path / "zones.csv"
    crowd.write_text("Europe/Amsterdam,many\n")
    assert "line 1" in run("--zones", str(crowd)).output
