"""What a machine takes for local time shifts nothing: every page, file and export is the same to the byte."""

import re
import time
from datetime import UTC, datetime

import pytest
import time_machine

from tests.pages.test_others_things import PARAMETER, address
from tests.pages.things import make_side
from union.core import db
from union.web.guards import public

ZONES = (
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)
TOKEN = re.compile(rb'((?:name="csrf_token" value|data-csrf)=")[^"]+')
# One is a plain night, on which it is tomorrow in the east; the other is within the hour in which Lord Howe's clocks change.
MOMENTS = (
    datetime(2026, 11, 23, 23, 40, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 40, tzinfo=UTC),
)


@pytest.fixture
def machine(monkeypatch):
    """machine(zone): from here on this machine stands there."""

    def move(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def seen(app, client, side):
    """Everything an organizer can get: address → status and body."""
    found = {}
    for rule in app.url_map.iter_rules():
        there = address(rule.rule, side.things) if PARAMETER.search(rule.rule) else rule.rule
        if "GET" in rule.methods and there and rule.endpoint.rpartition(".")[2] != "static":
            answer = client.get(there)
            found[there] = (answer.status_code, TOKEN.sub(rb"\1", answer.data))
    return found


def shifted(app, sign_in, machine, zones):
    """What differs in one of `zones` from what a machine in UTC shows, and how many pages were there."""
    app.config["WTF_CSRF_ENABLED"] = False
    with db.transaction() as session:
        side = make_side(session, "amsterdam", 1)
    client = app.test_client()
    sign_in(client, side.people["organizer"])
    machine("UTC")
    here = seen(app, client, side)
    found = []
    for zone in zones:
        machine(zone)
        there = seen(app, client, side)
        found += [(zone, page) for page in here if there[page] != here[page]]
    return found, sum(status == 200 for status, _ in here.values())


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment:%m-%d}")
def test_no_page_depends_on_the_machine_s_zone(app, sign_in, machine, moment):
    with time_machine.travel(moment, tick=False):
        found, pages = shifted(app, sign_in, machine, ZONES)
    assert found == []
    assert pages > 100


def test_planted_fault_a_page_that_asks_the_machine_is_seen(app, sign_in, machine):
    app.add_url_rule("/clock", "clock", public(lambda: {"here": time.strftime("%H:%M")}))
    with time_machine.travel(MOMENTS[0], tick=False):
        found, _ = shifted(app, sign_in, machine, ZONES[1:2])
    assert found == [("Pacific/Apia", "/clock")]
