"""Actions around the days on which clocks change, in processes that run in UTC and elsewhere."""

import shutil
import time
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from tests.factories.actions import SITE, make_armed, make_called, make_campaign, make_organizer
from union import scheduler
from union.actions import jobs, service
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.states import FiringState, Mode
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.notify.models import Outbox

# Wall times just behind the change of each zone, or on its day; the offset there and then is known.
CHANGES = [
    ("Europe/Amsterdam", "2026-10-25T03:05", datetime(2026, 10, 25, 2, 5, tzinfo=UTC)),
    ("Europe/Amsterdam", "2026-03-29T03:05", datetime(2026, 3, 29, 1, 5, tzinfo=UTC)),
    ("America/New_York", "2026-11-01T02:05", datetime(2026, 11, 1, 7, 5, tzinfo=UTC)),
    ("Australia/Lord_Howe", "2026-10-04T02:35", datetime(2026, 10, 3, 15, 35, tzinfo=UTC)),
    ("Africa/Casablanca", "2026-02-15T12:00", datetime(2026, 2, 15, 12, 0, tzinfo=UTC)),
    ("Asia/Kolkata", "2026-10-25T06:30", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ("Asia/Kathmandu", "2026-10-25T06:45", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ("Pacific/Apia", "2026-10-25T14:00", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ("Pacific/Chatham", "2026-09-27T03:50", datetime(2026, 9, 26, 14, 5, tzinfo=UTC)),
]


@pytest.fixture(
    params=[
        "UTC",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Asia/Kathmandu",
    ]
)
def process_zone(request, monkeypatch):
    """What the machine takes for local time; nothing of ours may depend on it."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def released(session, start, *, zone, wall, mode=Mode.INSTANT, homes=(), **facts):
    """An action that was planned two days ahead, armed, briefed and cleared; return its slug."""
    now = start - timedelta(days=2)
    end = (datetime.fromisoformat(wall) + timedelta(hours=2)).isoformat(timespec="minutes")
    called = [make_called(session, 1, zone=home)[0] for home in (homes or [zone] * 5)]
    campaign = make_campaign(session, now, called=called)
    slug = make_armed(
        session, now, first=make_organizer(session, zone=zone), second=make_organizer(session, zone=zone),
        campaign=campaign, wall_start=wall, wall_end=end, zone=zone, mode=mode, **facts,
    )  # fmt: skip
    action = session.scalars(select(Action).filter_by(slug=slug)).one()
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE)
    return slug


@pytest.mark.parametrize(("zone", "wall", "start"), CHANGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_it_starts_at_its_instant_and_once(database, settings, process_zone, zone, wall, start, mode):
    with transaction() as session:
        released(session, start, zone=zone, wall=wall, mode=mode)
        assert session.scalars(select(ActionZoneFiring.starts_at)).all() == [start]
    assert jobs.next_moment(start - timedelta(seconds=5)) == start
    assert jobs.run_due(start - timedelta(milliseconds=1), settings) == 0
    assert jobs.run_due(start, settings) == 1
    assert jobs.run_due(start + timedelta(seconds=1), settings) == 0
    local = start.astimezone(ZoneInfo(zone))
    with reading() as session:
        told = session.scalars(select(Outbox).where(Outbox.kind == "start")).all()
        assert len(told) == 10
        assert session.scalars(select(ActionZoneFiring.state)).all() == [FiringState.LIVE]
    assert f"{local:%Y-%m-%dT%H:%M}" == wall


@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]
)
def test_the_scheduler_ticks_on_while_clocks_change(settings, process_zone, change, monkeypatch):
    """The real scheduler, alive over the very second: its interval neither stops nor runs wild."""
    ticks = []
    monkeypatch.setattr(scheduler, "jobs", lambda: [("probe.tick", 1, lambda now, _: ticks.append(now) or 0)])
    monkeypatch.setattr(scheduler, "wakers", list)
    monkeypatch.setattr(scheduler, "beat", lambda: None)
    with time_machine.travel(change - timedelta(seconds=1.5), tick=True):
        built = scheduler.build(settings)
        built.start()
        end = time.monotonic() + 30
        while not (ticks and ticks[-1] > change + timedelta(seconds=1)):
            assert time.monotonic() < end, "it stopped"
            time.sleep(0.05)
        built.shutdown(wait=True)
    assert any(tick < change for tick in ticks)
    assert len(ticks) <= (ticks[-1] - ticks[0]).total_seconds() + 2


@pytest.fixture
def other_rules(tmp_path):
    """other_rules(zone, like): from now on `zone` keeps the time of `like`, as after an update of tzdata."""
    real = files("tzdata") / "zoneinfo"

    def change(zone, like):
        place = tmp_path / "zoneinfo" / zone
        place.parent.mkdir(parents=True)
        shutil.copy(str(real / like), place)
        zoneinfo.reset_tzpath([str(tmp_path / "zoneinfo"), *before])
        ZoneInfo.clear_cache()

    before = zoneinfo.TZPATH
    yield change
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


def test_new_rules_between_arming_and_firing_move_a_wall_time_and_tell_who_was_briefed(
    database, settings, other_rules
):
    start = datetime(2026, 12, 1, 1, 15, tzinfo=UTC)  # 07:00 in Kathmandu, the first of the two
    homes = ["Asia/Kathmandu"] * 3 + ["Europe/Amsterdam"] * 3
    with transaction() as session:
        slug = released(
            session, start, zone="Europe/Amsterdam", wall="2026-12-01T07:00", mode=Mode.WALL_CLOCK, homes=homes
        )  # fmt: skip
        before = session.scalars(select(Action).filter_by(slug=slug)).one()
        ahead = before.starts_at - before.go_no_go_at
    assert jobs.rezone(start - timedelta(hours=5), settings) == 0
    other_rules("Asia/Kathmandu", "Asia/Kolkata")
    assert jobs.rezone(start - timedelta(hours=4), settings) == 1
    assert jobs.rezone(start - timedelta(hours=4), settings) == 0
    later = start + timedelta(minutes=15)
    with reading() as session:
        rows = {row.zone: row.starts_at for row in session.scalars(select(ActionZoneFiring))}
        assert rows["Asia/Kathmandu"] == later
        assert rows["Europe/Amsterdam"] == datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
        action = session.scalars(select(Action)).one()
        assert action.starts_at == later
        assert action.starts_at - action.go_no_go_at >= ahead
        told = session.scalars(select(Outbox.zone).where(Outbox.kind == "rezoned")).all()
        assert set(told) == {"Asia/Kathmandu"}
    assert jobs.run_due(start, settings) == 0
    assert jobs.run_due(later, settings) == 1


def test_new_rules_leave_one_instant_for_everybody_alone(database, settings, other_rules):
    start = datetime(2026, 12, 1, 1, 15, tzinfo=UTC)
    with transaction() as session:
        released(session, start, zone="Asia/Kathmandu", wall="2026-12-01T07:00")
    other_rules("Asia/Kathmandu", "Asia/Kolkata")
    assert jobs.rezone(start - timedelta(hours=4), settings) == 0
    assert jobs.run_due(start, settings) == 1
