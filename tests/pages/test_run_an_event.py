"""An event can be run without seeing the member list: every address there is, asked by who runs one campaign."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import actions as factory
from tests.factories.members import make_chapter, make_member
from tests.factories.organizing import actor_at, make_list
from tests.pages.test_actions import form_of
from tests.pages.test_two_persons import fitting
from union.campaigns import queries as campaigns
from union.core.actor import Place, PlaceKind
from union.core.db import reading, transaction
from union.core.permissions import Permission
from union.web import guards

SECRET = ("Zelda", "zelda", "+31655500", "Quirijn")


class Event:
    """One campaign with its runner and an action, another campaign with its own; members nobody may list."""

    def __init__(self, now):
        with transaction() as session:
            make_chapter(session, "amsterdam")
            people = [
                make_member(
                    session, name=f"Zelda {n}", email=f"zelda{n}@example.org", phone=f"+3165550000{n}", sms=True,
                    platforms=["rijder"],
                )
                for n in range(9)
            ]  # fmt: skip
            chief = factory.make_organizer(session, name="Olga")
            self.member = people[0]
            make_member(session, name="Quirijn", state="applicant")
            self.campaign = factory.make_campaign(session, now, called=people)
            self.other = factory.make_campaign(session, now, called=people)
            place = Place(PlaceKind.CAMPAIGN, campaigns.card(session, self.campaign).id)
            until = now + timedelta(days=30)
            self.runner = actor_at(session, place, now=now, until=until, sms=True, platforms=["rijder"])
            start = f"{now + timedelta(days=2):%Y-%m-%dT%H:%M}"
            self.action, self.elsewhere = (
                factory.make_scheduled(
                    session, now, actor=chief, campaign=one, wall_start=start, wall_end=None
                )
                for one in (self.campaign, self.other)
            )
            self.list = make_list(
                session, self.runner, place=place, now=now, closes_at=now + timedelta(days=9)
            )


@pytest.fixture
def event(database):
    return Event(datetime.now(UTC).replace(second=0, microsecond=0))


def pages(app, event, action):
    """Yield the address of every page there is, filled with what the event knows."""
    adapter = app.url_map.bind("localhost")
    known = {
        "campaign_slug": event.campaign, "kind": "log_off", "member_id": event.member, "list_id": event.list,
        "number": 1, "position": 1, "language": "nl",
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint.endswith("static"):
            continue
        own = action if rule.endpoint.startswith("actions.") else event.campaign
        values = {name: fitting(rule._converters[name], known.get(name, own)) for name in rule.arguments}
        yield rule.endpoint, adapter.build(rule.endpoint, values, method="GET")


def told(client, app, event):
    """Return the pages on which the runner reads of a member."""
    found = []
    for endpoint, path in pages(app, event, event.action):
        if endpoint == "home.source_file":
            continue  # the program, packed; nothing of the database
        answer = client.get(path)
        if answer.status_code == 200 and any(word.encode() in answer.data for word in SECRET):
            found.append(endpoint)
    return sorted(found)


@pytest.mark.slow
def test_no_page_names_a_member_to_who_runs_one_campaign(client, app, sign_in, event):
    sign_in(client, event.runner.member_id)
    for path in ("console", "edit", "poster", "cancel", "paper-sheets"):
        assert client.get(f"/actions/{event.action}/{path}").status_code == 200, path
        assert client.get(f"/actions/{event.elsewhere}/{path}").status_code == 403, path
    assert client.get(f"/actions/new/{event.campaign}/log_off").status_code == 200
    assert client.get(f"/actions/new/{event.other}/log_off").status_code == 403
    listed = client.get("/actions").get_data(as_text=True)
    assert event.action in listed
    assert event.elsewhere not in listed
    assert told(client, app, event) == []


@pytest.mark.slow
def test_planted_fault_a_register_left_open_is_found(client, app, sign_in, event, monkeypatch):
    from union.core import permissions

    sign_in(client, event.runner.member_id)
    monkeypatch.setitem(permissions.TABLE, Permission.MEMBER_READ, ((permissions.active,),))
    assert "members.register" in told(client, app, event) or told(client, app, event) != []
    assert guards.guard_of(app.view_functions["actions.console"]) is Permission.ACTION_READ


def test_the_plan_is_written_and_stopped_by_its_runner(client, sign_in, event):
    sign_in(client, event.runner.member_id)
    now = datetime.now(UTC)
    typed = {**form_of(now), "title": "At the gate", "floor": "1"}
    answer = client.post(f"/actions/new/{event.campaign}/log_off", data=typed)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert client.post(f"/actions/new/{event.other}/log_off", data=typed).status_code == 403
    assert client.post(f"/actions/{event.elsewhere}/cancel", data={"reason": "No"}).status_code == 403
    assert client.post(f"/actions/{event.action}/cancel", data={"reason": "Rain"}).status_code == 303
    with reading() as session:
        assert campaigns.card(session, event.campaign).ended_at is None
