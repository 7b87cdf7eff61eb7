import io
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.factories import actions as factory
from union.actions import queries, service
from union.actions.models import Action, ActionZoneFiring, CheckinTally
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.members import queries as members

HERE = ZoneInfo("Europe/Amsterdam")


def wall(moment):
    return moment.astimezone(HERE).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def now():
    """Pages ask the real clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def people(database, now):
    """Two organizers and twelve called members of a campaign with a mandate."""
    with transaction() as session:
        first = factory.make_organizer(session, name="Ayla")
        second = factory.make_organizer(session, name="Bakker")
        called = factory.make_called(session, 12)
        campaign = factory.make_campaign(session, now, called=called)
    return first, second, called, campaign


@pytest.fixture
def armed(people, now):
    first, second, _, campaign = people
    with transaction() as session:
        return factory.make_armed(
            session, now, first=first, second=second, campaign=campaign,
            wall_start=wall(now + timedelta(days=2)), wall_end=wall(now + timedelta(days=2, hours=2)),
        )  # fmt: skip


@pytest.fixture
def live(people, now):
    """An action that started a minute ago."""
    first, second, _, campaign = people
    earlier = now - timedelta(days=3)
    with transaction() as session:
        slug = factory.make_armed(
            session, earlier, first=first, second=second, campaign=campaign,
            wall_start=wall(now - timedelta(minutes=1)), wall_end=wall(now + timedelta(hours=2)),
        )  # fmt: skip
        at = now - timedelta(minutes=1)
        service.decide(session, actor=SYSTEM, now=at, slug=slug, site=factory.SITE)
        assert service.fire(session, actor=SYSTEM, now=at, slug=slug, site=factory.SITE)
    return slug


def form_of(now, **facts):
    return {
        "title": "Samen uit", "summary": "We gaan uit.", "mode": "instant", "zone": "Europe/Amsterdam",
        "wall_start": wall(now + timedelta(days=3)), "wall_end": wall(now + timedelta(days=3, hours=2)),
        "floor": "5", "steps": "Ga offline\nBlijf offline", "before": "", "briefing": "1440", "decision": "60",
        "to_act": "10", "sms_route": "desk", "show_delay": "0", **facts,
    }  # fmt: skip


def test_plan_sign_and_release_through_the_pages(client, sign_in, people, now):
    first, second, _, campaign = people
    sign_in(client, first.member_id)
    assert client.get("/actions").status_code == 200
    assert client.get("/actions/new").status_code == 200
    assert client.get(f"/actions/new/{campaign}").status_code == 200
    chosen = client.post(f"/actions/new/{campaign}", data={"kind": "log_off"})
    assert chosen.location.endswith(f"/actions/new/{campaign}/log_off")
    offered = client.get(chosen.location).text
    assert "Finish the ride, delivery or job" in offered
    made = client.post(chosen.location, data=form_of(now))
    assert made.status_code == 303, re.findall(r'class="error"[^>]*>(.*?)</p>', made.text)
    console = made.location
    slug = console.split("/")[-2]
    page = client.get(console).text
    assert "authorized" in page
    assert client.post(f"/actions/{slug}/schedule").status_code == 303
    page = client.get(console).text
    assert "disabled" in page, "not before all is green"
    assert client.post(f"/actions/{slug}/arm").status_code == 409
    assert client.post(f"/actions/{slug}/test").status_code == 303
    with transaction() as session:
        factory.heartbeat(session, datetime.now(UTC))
        factory.hand_over(session)
    assert client.post(f"/actions/{slug}/arm").status_code == 303
    assert "You signed first" in client.get(console).text
    assert client.post(f"/actions/{slug}/confirm").status_code == 409
    sign_in(client, second.member_id)
    client.post(f"/actions/{slug}/test")
    with transaction() as session:
        factory.heartbeat(session, datetime.now(UTC))
        factory.hand_over(session)
    assert client.post(f"/actions/{slug}/confirm").status_code == 303
    with reading() as session:
        assert session.query(Action).one().state == "armed"
    assert "Signed by Ayla" in client.get(console).text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"wall_start": "2027-03-28T02:30", "wall_end": "2027-03-28T06:00"}, "does not exist in"),
        ({"wall_start": "2027-10-31T02:30", "wall_end": "2027-10-31T06:00"}, "happens twice in"),
        ({"floor": "5000"}, "above the roll of"),
        ({"wall_start": "2020-01-01T10:00", "wall_end": "2020-01-01T12:00"}, "has passed"),
        ({"wall_end": "2020-01-01T12:00"}, "The end must come after the start"),
        ({"steps": ""}, "Fill this in"),
        ({"place": "ATLANTIS"}, "We do not know the holidays"),
        ({"more_targets": "nergens"}, "We do not know the platform nergens"),
    ],
)
def test_what_cannot_be_planned_is_said_at_its_field(client, sign_in, people, now, wrong, told):
    first, _, _, campaign = people
    sign_in(client, first.member_id)
    answer = client.post(f"/actions/new/{campaign}/log_off", data=form_of(now, **wrong))
    assert answer.status_code == 422
    assert told in answer.text
    assert "We gaan uit." in answer.text, "what was typed stays"


def test_the_members_page_calendar_and_withdrawal(client, sign_in, people, armed):
    called = people[2]
    sign_in(client, called[0])
    page = client.get(f"/actions/{armed}").text
    assert "data-countdown" in page
    assert "You take part" in page
    file = client.get(f"/actions/{armed}.ics")
    assert file.mimetype == "text/calendar"
    assert "BEGIN:VEVENT\r\n" in file.text
    assert "DTSTART:" in file.text
    assert client.post(f"/actions/{armed}/withdraw").status_code == 303
    assert "You do not take part" in client.get(f"/actions/{armed}").text
    assert client.post(f"/actions/{armed}/join").status_code == 303
    assert "You take part" in client.get(f"/actions/{armed}").text


def test_check_in_done_and_undo(client, sign_in, people, live):
    called = people[2]
    sign_in(client, called[0])
    assert "I&#39;m out" in client.get(f"/actions/{live}").text
    assert client.post(f"/actions/{live}/out").status_code == 303
    assert client.post(f"/actions/{live}/out").status_code == 409
    assert "You are counted" in client.get(f"/actions/{live}").text
    assert client.post(f"/actions/{live}/done").status_code == 303
    assert client.post(f"/actions/{live}/undo").status_code == 303
    assert "I&#39;m out" in client.get(f"/actions/{live}").text
    answer = client.post(f"/actions/{live}/point", data={"code": "WRONG1"})
    assert answer.status_code == 422
    with reading() as session:
        code = session.query(Action).one().meeting_code
    assert client.post(f"/actions/{live}/point", data={"code": code}).status_code == 303


def test_live_numbers_for_everybody_and_for_organizers(client, sign_in, people, live, now):
    called, campaign = people[2], people[3]
    first = people[0]
    for member_id in called[:3]:
        with transaction() as session:
            service.check_in(session, actor=members.actor_of(session, member_id), now=now, slug=live)
    told = client.get(f"/actions/live/{campaign}.json").json
    assert told["out"] == "fewer than 10"
    sign_in(client, first.member_id)
    assert client.get(f"/actions/{live}/live.json").json["checked_in"] == "3"
    console = client.get(f"/actions/{live}/console").text
    assert "data-live-url" in console
    posted = client.post(f"/actions/{live}/paper", data={"paper-chapter": "amsterdam", "paper-count": "8"})
    assert posted.status_code == 303
    refused = client.post(f"/actions/{live}/paper", data={"paper-chapter": "amsterdam", "paper-count": "-9"})
    assert refused.status_code == 422
    assert client.get(f"/actions/live/{campaign}.json").json["out"] == "11"
    page = client.get(f"/campaigns/{campaign}")
    assert page.status_code == 200
    assert client.get(f"/actions/{live}/poster").status_code == 200


def test_stop_with_a_reason(client, sign_in, people, armed):
    first = people[0]
    sign_in(client, first.member_id)
    assert client.get(f"/actions/{armed}/cancel").status_code == 200
    assert client.post(f"/actions/{armed}/cancel", data={"reason": ""}).status_code == 422
    assert client.post(f"/actions/{armed}/cancel", data={"reason": "Onweer"}).status_code == 303
    sign_in(client, people[2][0])
    assert "Onweer" in client.get(f"/actions/{armed}").text


def test_debrief_and_retaliation(client, sign_in, people, live, now):
    first, called = people[0], people[2]
    with transaction() as session:
        for member_id in called:
            service.check_in(session, actor=members.actor_of(session, member_id), now=now, slug=live)
    sign_in(client, first.member_id)
    assert client.post(f"/actions/{live}/end").status_code == 303
    assert client.get(f"/actions/{live}/debrief/write").status_code == 200
    data = {"went_well": "Op tijd", "learn": "Eerder bellen", "publish": "y"}
    assert client.post(f"/actions/{live}/debrief/write", data={**data, "learn": ""}).status_code == 422
    assert client.post(f"/actions/{live}/debrief/write", data=data).status_code == 303
    client.get("/actions")
    assert "Eerder bellen" in client.get(f"/actions/{live}/debrief").text
    file = client.get(f"/actions/{live}/debrief.html")
    assert file.headers["Content-Disposition"].startswith("attachment")
    sign_in(client, called[0])
    assert client.post(f"/actions/{live}/retaliation", data={"sort": "less_work"}).status_code == 303
    assert "Did they hit back" in client.get(f"/actions/{live}").text
    with reading() as session:
        assert session.query(CheckinTally).one().out == 12


def test_others_are_kept_out(client, sign_in, people, armed):
    assert client.get(f"/actions/{armed}").status_code == 303, "visitors sign in first"
    sign_in(client, people[2][0])
    for path in ("console", "edit", "cancel", "poster", "live.json"):
        assert client.get(f"/actions/{armed}/{path}").status_code == 403, path
    for path in ("arm", "confirm", "disarm", "end", "notice", "paper", "schedule"):
        assert client.post(f"/actions/{armed}/{path}").status_code == 403, path


def test_dutch_pages_say_nothing_in_english(client, sign_in, people, live):
    sign_in(client, people[0].member_id)
    page = client.get(f"/actions/{live}/console?lang=nl").text
    assert "Regiekamer" in page
    for english in ("Control room", "Taking part", "By chapter", "Mandate of the members", "Two organizers"):
        assert english not in page, english


def test_the_control_room_says_how_late_a_start_came(client, sign_in, people, live):
    sign_in(client, people[0].member_id)
    assert "late." not in client.get(f"/actions/{live}/console").text
    with transaction() as session:
        start = session.scalars(select(ActionZoneFiring)).one()
        start.fired_at = start.starts_at + timedelta(seconds=12)
    assert "Started 12 seconds late." in client.get(f"/actions/{live}/console").text
    assert "12 seconden te laat begonnen." in client.get(f"/actions/{live}/console?lang=nl").text
    with transaction() as session:
        session.scalars(select(ActionZoneFiring)).one().fired_at = start.starts_at + timedelta(minutes=7)
    assert "7 minuten te laat begonnen." in client.get(f"/actions/{live}/console").text


def test_a_vote_is_planned_shown_and_taken_out(client, sign_in, people, now):
    first, _, called, campaign = people
    with transaction() as session:
        slug = factory.make_scheduled(
            session, now, actor=first, campaign=campaign,
            wall_start=wall(now + timedelta(days=2)), wall_end=wall(now + timedelta(days=2, hours=2)),
        )  # fmt: skip
    sign_in(client, first.member_id)
    assert "can be waited out" in client.get(f"/actions/{slug}/console").text
    form = {
        "title": "Een week langer", "question": "Gaan we een week door?", "what": "longer", "more": "7",
        "more_unit": "days", "steps": "Vertel het een collega.", "by_clock": "clock", "after": "30",
        "after_unit": "minutes", "window": "1", "window_unit": "hours", "hold": "y", "preset": "simple-majority",
        "server_trustee": "y", "group": "Ed25519",
    }  # fmt: skip
    for wrong, words in (
        ({"after": "3", "after_unit": "hours"}, "minutes after the end of the action"),
        ({"server_trustee": ""}, "at least one trustee"),
        ({"needed": "some"}, "Say how many are enough."),
        ({"needed": "some", "threshold": "1"}, "needs at least two trustees"),
        ({"more": "0", "steps": ""}, "Say what changes"),
        ({"window": "5", "window_unit": "minutes"}, "10 minutes at least"),
        ({"title": ""}, "Fill this in."),
    ):
        answer = client.post(f"/actions/{slug}/votes/new", data={**form, **wrong})
        assert (answer.status_code, words in answer.text) == (422, True), words
        assert "Gaan we een week door?" in answer.text, "nothing typed is lost"
    assert client.post(f"/actions/{slug}/votes/new", data=form).status_code == 303
    console = client.get(f"/actions/{slug}/console").text
    assert "all keys are there" in console
    assert "If it passes: we go on for longer: 7 days." in " ".join(console.split())
    assert "while the action runs" in client.post(f"/actions/{slug}/votes/1/open").text
    sign_in(client, called[0])
    page = client.get(f"/actions/{slug}").text
    assert "Een week langer" in page
    assert client.post(f"/actions/{slug}/votes/1/drop").status_code == 403
    sign_in(client, first.member_id)
    client.post(f"/actions/{slug}/votes/1/drop")
    assert "not held" in client.get(f"/actions/{slug}/console").text
    sign_in(client, called[0])
    assert "Een week langer" not in client.get(f"/actions/{slug}").text


def test_what_past_actions_teach_is_shown_where_a_floor_is_chosen(client, sign_in, people, now):
    from union.actions.models import Debrief
    from union.campaigns.models import Campaign

    first, _, _, campaign = people
    sign_in(client, first.member_id)
    form = client.get(f"/actions/new/{campaign}/log_off").text
    assert "12 members are called; count on 9 of them: three quarters, the usual share" in form
    with transaction() as session:
        session.query(Campaign).one().called_count = 12
        for n in (2, 3):
            slug = factory.make_scheduled(
                session, now, actor=first, campaign=campaign,
                wall_start=wall(now + timedelta(days=n)), wall_end=wall(now + timedelta(days=n, hours=2)),
            )  # fmt: skip
            row = session.query(Action).filter_by(slug=slug).one()
            session.add(
                Debrief(
                    action_id=row.id, eligible=50, pledged=40, taking_part=32, verified=0, checked_in=20,
                    completed=10, in_time=0, by_chapter=[["amsterdam", 20]], part_by_chapter=[["amsterdam", 32]],
                )
            )  # fmt: skip
    form = client.get(f"/actions/new/{campaign}/log_off").text
    assert "count on 6 of them: 50%, 40 of 80 in 2 past actions of this kind" in form
    console = client.get(f"/actions/{slug}/console").text
    assert "62%, 40 of 64" not in console, "an action teaches nothing about itself"
    assert "In Amsterdam, out" in client.get(f"/actions/{factory_other(first, campaign, now)}/console").text
    assert "of the verified" not in client.get(f"/campaigns/{campaign}/organize").text
    assert "50%, 40 of 80 in 2 past actions" in client.get(f"/campaigns/{campaign}/organize").text


def factory_other(first, campaign, now):
    with transaction() as session:
        return factory.make_scheduled(
            session, now, actor=first, campaign=campaign,
            wall_start=wall(now + timedelta(days=5)), wall_end=wall(now + timedelta(days=5, hours=2)),
        )  # fmt: skip


def test_paper_lists_of_many_chapters_are_tried_first(client, sign_in, people, live):
    sign_in(client, people[0].member_id)
    address = f"/actions/{live}/paper-sheets"
    assert client.get(address).status_code == 200
    wrong = client.post(address, data={"sheets": "Amsterdam, 7\nAtlantis, 3", "sure": "1"})
    assert wrong.status_code == 422
    assert "There is no such chapter." in wrong.text
    assert "Atlantis, 3" in wrong.text, "nothing typed is lost"
    tried = client.post(address, data={"file": (io.BytesIO(b"chapter;count\nAmsterdam;7\n"), "lists.csv")})
    assert tried.status_code == 200
    assert "Dry run" in tried.text
    with reading() as session:
        assert queries.overview(session, live, datetime.now(UTC)).numbers.checked_in == 0
    done = client.post(address, data={"sheets": "chapter;count\nAmsterdam;7\n", "sure": "1"})
    assert done.location == f"/actions/{live}/console"
    with reading() as session:
        assert queries.overview(session, live, datetime.now(UTC)).numbers.checked_in == 7
