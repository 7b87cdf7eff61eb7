"""Organizing work through pages alone, in both languages: people, talks, lists, calls, tasks, prospects, roles."""

import io
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tests.factories.campaigns import make_campaign
from tests.factories.members import make_member
from tests.factories.organizing import (
    actor_at,
    awake_zone,
    chapter_organizer,
    log,
    make_list,
    make_tag,
    organizer,
)
from union.campaigns import queries as campaigns
from union.cli import main
from union.core.actor import Place, PlaceKind, Role
from union.core.db import reading, transaction
from union.members import queries as members
from union.notify.models import Outbox
from union.organizing import scope, service
from union.organizing.models import CallEntry, CallList, ListExport, Prospect, Tagging, Talk, Task
from union.organizing.rules.calling import Kind


@pytest.fixture
def now():
    """Browsers live in real time."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def work(database, now):
    """A chapter with people who are awake, its organizer, the union's, an officer, a list, a text, a task."""
    zone = awake_zone(now)
    with transaction() as session:
        chief = organizer(session, name="Olga Organizer", email="olga@example.org")
        local = chapter_organizer(session, name="Lea Local", until=now + timedelta(days=30), now=now)
        boss = make_member(session, name="Otto", roles=(Role.OFFICER,))
        people = [
            make_member(
                session, name=f"Ann {n}", phone=True, sms=True, zone=zone, email=f"ann{n}@example.org"
            )
            for n in range(3)
        ]
        stranger = make_member(session, name="Uma", chapter="utrecht", phone=True)
        make_tag(session)
        log(session, chief, people[0], rating=2, note="comes on Friday", at=now, now=now)
        ends = now + timedelta(days=7)
        calls = make_list(session, chief, now=now, closes_at=ends)
        text = make_list(
            session, chief, now=now, closes_at=ends, kind=Kind.TEXT, script="See you.", by_email=True
        )
        task = service.add_task(
            session, actor=chief, title="Print posters", due_at=now + timedelta(days=1), zone="Europe/London",
            place=scope.chapter("amsterdam"), assignee_id=people[1], about_id=people[0], now=now,
        )  # fmt: skip
    return {
        "chief": chief.member_id, "local": local.member_id, "boss": boss, "people": people, "stranger": stranger,
        "calls": calls, "text": text, "task": task,
    }  # fmt: skip


def one(query):
    with reading() as session:
        return session.scalars(query).first()


def wall(moment, zone="Europe/Amsterdam"):
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


PAGES = (
    "/organizing", "/organizing/people", "/organizing/people?tag=nights&rating=2&talked=never", "/organizing/tags",
    "/organizing/people?rating=2", "/organizing/lists", "/organizing/lists/new/call?tag=nights",
    "/organizing/lists/new/text", "/organizing/tasks", "/organizing/prospects", "/organizing/import",
    "/organizing/people/{person}", "/organizing/lists/{calls}", "/organizing/texts/{text}",
    "/organizing/calling/{calls}", "/organizing/tasks/{task}", "/account/noted", "/tasks", "/home",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("who", ["chief", "local"])
def test_every_page_is_sound_in_both_languages(client, sign_in, work, who, language):
    sign_in(client, work[who])
    for page in PAGES:
        path = page.format(person=work["people"][0], **work)
        answer = client.get(path + ("&" if "?" in path else "?") + f"lang={language}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}"' in answer.text


@pytest.mark.parametrize("language", ["en", "nl"])
def test_empty_pages_say_what_to_do(client, sign_in, database, language):
    with transaction() as session:
        chief = organizer(session).member_id
    sign_in(client, chief)
    for path in PAGES:
        if "{" not in path:
            assert client.get(path + ("&" if "?" in path else "?") + f"lang={language}").status_code == 200
    assert 'class="empty"' in client.get("/organizing").text


class TestWalls:
    def test_a_chapters_organizer_meets_them_on_every_page(self, client, sign_in, work, now):
        sign_in(client, work["local"])
        assert "Uma" not in client.get("/organizing/people").text
        assert "Ann 0" in client.get("/organizing/people").text
        for path in (f"/organizing/people/{work['stranger']}", "/organizing/people/nobody"):
            assert client.get(path).status_code == 404
        for path in ("/members", f"/members/{work['people'][0]}", "/console", "/organizing/roles", "/desk"):
            assert client.get(path).status_code == 403, path
        assert 'href="/organizing"' in client.get("/home").text
        assert client.post(f"/members/{work['people'][0]}/contact", data={"reason": "x"}).status_code == 403

    def test_a_campaigns_organizer_runs_it_without_the_member_list(self, client, sign_in, work, now):
        with transaction() as session:
            slug = make_campaign(session, now=now, pledge_deadline=now + timedelta(days=7))
            place = Place(PlaceKind.CAMPAIGN, campaigns.card(session, slug).id)
            runner = actor_at(session, place, until=now + timedelta(days=9), now=now).member_id
            make_member(session, name="Rider One", phone=True, platforms=("rijder",), zone=awake_zone(now))
        sign_in(client, runner)
        page = client.get("/organizing").text
        assert "the list of members stays closed" in page
        assert "/organizing/people" not in page
        for path in ("/organizing/people", "/organizing/tags", "/organizing/prospects", "/members"):
            assert client.get(path).status_code == 403
        made = client.post(
            "/organizing/lists/new/call",
            data={
                "title": "Ask riders", "place": f"campaign:{place.key}", "script": "Hello",
                "closes": wall(now + timedelta(days=3)),
            },
        )  # fmt: skip
        assert made.status_code == 303
        page = client.get(made.location).text
        assert "Rider" not in page
        assert "The list as a file" not in page
        assert client.get(f"/organizing/calling/{work['calls']}").status_code == 404

    def test_an_expired_role_opens_nothing(self, client, sign_in, work, now):
        with transaction() as session:
            for held in members.local_roles(session, now=now, member_id=work["local"]):
                service.end_role(
                    session, actor=members.actor_of(session, work["boss"]), grant_id=held.id, now=now
                )
        sign_in(client, work["local"])
        assert client.get("/organizing").status_code == 403

    def test_a_plain_member_and_a_visitor(self, client, sign_in, work):
        assert "/sign-in" in client.get("/organizing").location
        sign_in(client, work["people"][0])
        for path in ("/organizing", f"/organizing/calling/{work['calls']}", "/organizing/people"):
            assert client.get(path).status_code == 403


class TestPeople:
    def test_tags_go_on_several_and_on_everybody_found(self, client, sign_in, work):
        sign_in(client, work["chief"])
        first, second, _ = work["people"]
        tag = {"tag": "nights", "act": "put"}
        assert (
            client.post("/organizing/people/tag", data={**tag, "person": [first, second]}).status_code == 303
        )
        assert {one_.member_id for one_ in _all(Tagging)} == {first, second}
        page = client.post("/organizing/people/tag", data=tag)
        assert (page.status_code, "Choose at least one person." in page.text) == (422, True)
        client.post(
            "/organizing/people/tag",
            data={"tag": "nights", "act": "take", "everybody": "1", "wanted_tag": "nights"},
        )
        assert _all(Tagging) == []

    def test_one_person_tag_talk_change_take_back(self, client, sign_in, work, now):
        sign_in(client, work["local"])
        who = f"/organizing/people/{work['people'][1]}"
        client.post(f"{who}/tags", data={"tag": "nights"})
        assert "Nights" in client.get(who).text
        bad = client.post(
            f"{who}/talks", data={"at": wall(now + timedelta(days=2)), "note": "typed", "rating": "1"}
        )
        assert (bad.status_code, "in the future" in bad.text, "typed" in bad.text) == (422, True, True)
        half = client.post(f"{who}/talks", data={"at": wall(now), "note": "typed", "follow_up": "Call again"})
        assert (half.status_code, "Give a date and a time." in half.text) == (422, True)
        due = wall(now + timedelta(days=3))
        client.post(
            f"{who}/talks",
            data={"at": wall(now), "note": "typed", "rating": "1", "follow_up": "Call again", "due": due},
        )
        talk = one(select(Talk).where(Talk.by_id == work["local"]))
        assert (talk.rating, talk.note) == (1, "typed")
        task = one(select(Task).where(Task.about_id == work["people"][1]))
        assert (task.title, task.assignee_id, task.place_key) == ("Call again", work["local"], "amsterdam")
        change = f"/organizing/talks/{talk.id}"
        assert "typed" in client.get(change).text
        client.post(change, data={"at": wall(now), "note": "better", "rating": "2"})
        assert one(select(Talk).where(Talk.id == talk.id)).note == "better"
        client.post(f"{change}/undo")
        assert one(select(Talk).where(Talk.id == talk.id)) is None

    def test_a_filter_is_kept_and_forgotten(self, client, sign_in, work):
        sign_in(client, work["chief"])
        client.post("/organizing/filters", data={"name": "My supporters", "wanted_rating": "2"})
        page = client.get("/organizing/people").text
        assert "My supporters" in page
        assert "/organizing/people?rating=2" in page
        [action] = set(re.findall(r'action="(/organizing/filters/\w+/forget)"', page))
        client.post(action)
        assert "My supporters" not in client.get("/organizing/people").text

    def test_a_tag_needs_its_promise_and_nothing_typed_is_lost(self, client, sign_in, work):
        sign_in(client, work["chief"])
        said = {"name": "Can lend a van", "meaning": "Has one, and said so"}
        page = client.post("/organizing/tags", data=said)
        assert (page.status_code, "Has one, and said so" in page.text) == (422, True)
        assert client.post("/organizing/tags", data={**said, "harmless": "y"}).status_code == 303
        client.post("/organizing/tags/can-lend-a-van/retire")
        assert "retired" in client.get("/organizing/tags").text

    def test_the_member_reads_what_is_noted_and_refuses_calls(self, client, sign_in, work):
        sign_in(client, work["people"][0])
        page = client.get("/account/noted").text
        assert "with a note and an assessment" in page
        assert "comes on Friday" not in page  # the words are in the file
        assert client.get("/account/noted.json").json["talks"][0]["note"] == "comes on Friday"
        client.post("/account/noted/calls/no")
        assert "You may call me again" in client.get("/account/noted").text
        client.post("/account/noted/calls/yes")
        assert "Do not call or text me" in client.get("/account/noted").text


def _all(model):
    with reading() as session:
        return list(session.scalars(select(model)))


class TestCalling:
    def test_a_session_from_the_first_call_to_the_last(self, client, sign_in, work, now):
        sign_in(client, work["chief"])
        base = f"/organizing/lists/{work['calls']}"
        wrong = client.post(
            f"{base}/helpers", data={"who": "nobody@example.org", "until": wall(now + timedelta(days=2))}
        )
        assert (wrong.status_code, "nobody@example.org" in wrong.text) == (422, True)
        helper = work["stranger"]
        with reading() as session:
            address = members.addresses(session, helper)[0]
        assert (
            client.post(
                f"{base}/helpers", data={"who": address, "until": wall(now + timedelta(days=2))}
            ).status_code
            == 303
        )
        assert "Uma" in client.get(base).text

        client.post("/sign-out")
        sign_in(client, helper)
        calling = f"/organizing/calling/{work['calls']}"
        assert f'href="{calling}"' in client.get("/home").text
        page = client.get(calling).text
        assert "+316" not in page  # the number comes with the call
        client.post(f"{calling}/next")
        page = client.get(calling).text
        assert re.search(r'href="tel:\+316\d+"', page)
        assert "<h1>Ann</h1>" in page
        assert "Ann 0" not in page
        entry = re.search(r'name="entry" value="(\w+)"', page)[1]
        late = client.post(
            f"{calling}/outcome", data={"entry": entry, "outcome": "call_back", "note": "typed"}
        )
        assert (late.status_code, "Say when to call back." in late.text, "typed" in late.text) == (
            422,
            True,
            True,
        )
        done = client.post(f"{calling}/outcome", data={"entry": entry, "outcome": "reached", "rating": "1"})
        assert done.status_code == 303
        assert one(select(CallEntry).where(CallEntry.id == entry)).outcome == "reached"
        entry = re.search(r'name="entry" value="(\w+)"', client.get(calling).text)[1]
        client.post(f"{calling}/back", data={"entry": entry})
        client.post(f"{calling}/undo")
        assert re.search(r"You finished 0 calls", client.get(calling).text)
        stale = client.post(f"{calling}/outcome", data={"entry": entry, "outcome": "reached"})
        assert stale.status_code == 409
        for path in (base, "/organizing/people", "/organizing/tags"):
            assert client.get(path).status_code == 403
        assert client.post(f"{calling}/outcome", data={"outcome": "reached"}).status_code == 422

    def test_closing_tells_the_helper(self, client, sign_in, work):
        sign_in(client, work["chief"])
        client.post(f"/organizing/lists/{work['calls']}/close")
        assert "This list is closed." in client.get(f"/organizing/calling/{work['calls']}").text
        assert client.post(f"/organizing/calling/{work['calls']}/next").status_code == 409

    def test_a_list_needs_somebody_to_call_and_keeps_what_was_typed(self, client, sign_in, work, now):
        sign_in(client, work["chief"])
        said = {
            "title": "Nobody", "place": "union", "script": "my words", "closes": wall(now + timedelta(days=3)),
            "rating": "5",
        }  # fmt: skip
        page = client.post("/organizing/lists/new/call", data=said)
        assert page.status_code == 422
        assert "my words" in page.text
        assert "Nobody whom this finds has a number" in page.text
        assert re.search(r'<option value="5" selected>', page.text)
        assert one(select(CallList).where(CallList.title == "Nobody")) is None

    def test_the_file_takes_two_people(self, client, sign_in, work):
        sign_in(client, work["chief"])
        base = f"/organizing/lists/{work['calls']}"
        assert client.post(f"{base}/export", data={"reason": ""}).status_code == 422
        client.post(f"{base}/export", data={"reason": "paper list for the van"})
        asked = one(select(ListExport)).id
        assert client.post(f"/organizing/exports/{asked}/agree").status_code == 409
        assert client.post(f"/organizing/exports/{asked}/file").status_code == 409
        client.post("/sign-out")
        sign_in(client, work["boss"])
        assert "paper list for the van" in client.get("/organizing/exports").text
        client.post(f"/organizing/exports/{asked}/agree")
        client.post("/sign-out")
        sign_in(client, work["chief"])
        assert "Download CSV" in client.get("/organizing").text
        answer = client.post(f"/organizing/exports/{asked}/file")
        assert (answer.mimetype, answer.text.count("+316")) == ("text/csv", 3)


class TestTexts:
    def test_preview_send_stop(self, client, sign_in, work):
        sign_in(client, work["chief"])
        path = f"/organizing/texts/{work['text']}"
        page = client.get(path).text
        assert "See you. Reply STOP to stop." in page
        assert "3 segments in all" in page
        assert client.post(path).status_code == 303
        assert len(_all(Outbox)) == 6  # three by SMS; organizers and officer by email
        assert client.post(path).status_code == 422
        assert "Stop what has not left" in client.get(path).text
        client.post(f"{path}/stop")
        assert {row.state for row in _all(Outbox)} == {"suppressed"}


class TestTasks:
    def test_given_done_undone_changed(self, client, sign_in, work, now):
        sign_in(client, work["chief"])
        said = {
            "title": "Bring coffee", "due": wall(now + timedelta(days=2)), "place": "chapter:amsterdam",
            "assignee": "ann2@example.org",
        }  # fmt: skip
        assert (
            client.post("/organizing/tasks", data={**said, "assignee": "who@example.org"}).status_code == 422
        )
        assert client.post("/organizing/tasks", data={**said, "due": wall(now)}).status_code == 422
        assert client.post("/organizing/tasks", data=said).status_code == 303
        task = next(one_ for one_ in _all(Task) if one_.title == "Bring coffee")
        client.post(
            f"/organizing/tasks/{task.id}",
            data={"title": "Bring tea", "due": wall(now + timedelta(days=3)), "assignee": ""},
        )
        changed = one(select(Task).where(Task.id == task.id))
        assert (changed.title, changed.assignee_id) == ("Bring tea", work["people"][2])
        client.post("/sign-out")
        sign_in(client, work["people"][2])
        assert "Do: Bring tea" in client.get("/home").text
        client.post(f"/tasks/{task.id}/done", data={"own": "1"})
        assert "Do: Bring tea" not in client.get("/home").text
        assert client.post(f"/tasks/{task.id}/done").status_code == 409
        client.post(f"/tasks/{task.id}/open", data={"own": "1"})
        assert "Bring tea" in client.get("/tasks").text
        assert client.post(f"/tasks/{work['task']}/done").status_code == 404


class TestProspects:
    def upload(self, client, text, **facts):
        data = {
            "file": (io.BytesIO(text.encode()), "list.csv"),
            "chapter": "amsterdam",
            "source": "stand",
            **facts,
        }
        return client.post("/organizing/import", data=data, content_type="multipart/form-data")

    def test_dry_run_import_invitation_no(self, client, sign_in, work):
        sign_in(client, work["local"])
        assert self.upload(client, "nothing").status_code == 422
        sent = self.upload(
            client, "name,email,tags\nIvo,ivo@example.org,\n,ann1@example.org,nights\nBad,x@,\n"
        )
        page = client.get(sent.location).text
        assert re.search(r"Line 4.*?email.*?not complete", page, re.DOTALL)
        assert client.post(sent.location, data={}).status_code == 422
        assert client.post(sent.location, data={"skip_bad": "y"}).status_code == 303
        assert len(_all(Prospect)) == len(_all(Tagging)) == 1
        assert "Invite them" in client.get("/organizing/prospects").text
        client.post("/organizing/prospects/invite", data={"chapter": "amsterdam"})
        assert client.post("/organizing/prospects/invite", data={"chapter": "utrecht"}).status_code == 403
        from tests.factories.members import letters

        with reading() as session:
            [letter] = letters(session, "invite")
        client.post("/sign-out")
        path = letter["fields"]["link"].removeprefix("http://localhost")
        page = client.get(path).text
        assert "Welcome, Ivo" in page
        assert 'href="/join"' in page
        assert "Nothing of you is here" in client.post(f"{path}/no").text
        assert _all(Prospect) == []
        assert client.get(path).status_code == 404

    def test_a_prospect_is_called_without_an_assessment(self, client, sign_in, work, now):
        sign_in(client, work["local"])
        sent = self.upload(client, "name,phone\nIvo,0612345678\n")
        client.post(sent.location)
        with transaction() as session:
            session.scalars(select(Prospect)).one().zone = awake_zone(now)
        made = client.post(
            "/organizing/lists/new/call",
            data={
                "title": "Stand", "place": "chapter:amsterdam", "script": "Hello", "prospects": "y",
                "closes": wall(now + timedelta(days=3)),
            },
        )  # fmt: skip
        calling = made.location.replace("/lists/", "/calling/")
        client.post(f"{calling}/next")
        page = client.get(calling).text
        assert "agreed to be contacted: stand" in page
        assert 'name="rating"' not in page
        entry = re.search(r'name="entry" value="(\w+)"', page)[1]
        assert (
            client.post(f"{calling}/outcome", data={"entry": entry, "outcome": "refused"}).status_code == 303
        )
        assert _all(Prospect) == []
        assert client.post(f"{calling}/undo").status_code == 409

    def test_an_organizer_erases_one(self, client, sign_in, work):
        sign_in(client, work["local"])
        sent = self.upload(client, "name,phone\nIvo,0612345678\n")
        client.post(sent.location)
        [found] = _all(Prospect)
        client.post(f"/organizing/prospects/{found.id}/erase")
        assert _all(Prospect) == []
        dropped = self.upload(client, "name,phone\nIvo,0612345678\n")
        client.post(f"{dropped.location}/drop")
        assert client.get(dropped.location).status_code == 404


class TestRoles:
    def test_an_officer_gives_and_ends_a_role(self, client, sign_in, work):
        sign_in(client, work["boss"])
        said = {"who": "ann2@example.org", "role": "organizer", "place": "chapter:utrecht", "days": "30"}
        assert client.post("/organizing/roles", data={**said, "days": "0"}).status_code == 422
        assert client.post("/organizing/roles", data={**said, "who": "x@example.org"}).status_code == 422
        assert client.post("/organizing/roles", data=said).status_code == 303
        page = client.get("/organizing/roles?lang=nl").text
        assert "Ann 2" in page
        actions = re.findall(r'action="(/organizing/roles/\w+/end)"', page)
        assert len(set(actions)) == 2  # Lea's and the new one
        for action in set(actions):
            client.post(action)
        assert "/end" not in client.get("/organizing/roles").text


def test_the_command_line(settings, work, tmp_path, monkeypatch, now):
    settings.home.mkdir(parents=True, exist_ok=True)
    from union.core import db

    monkeypatch.setenv("UNION_ENV", "development")
    monkeypatch.setenv("UNION_HOME", str(settings.home))
    monkeypatch.setenv("UNION_DATABASE_URL", str(db.installed().engine.url))
    (settings.home / "data.key").write_text(bytes(range(32)).hex())
    database = db.installed()

    def run(*words):
        done = CliRunner().invoke(main, ["organizing", *words])
        if db.installed() is not database:
            db.installed().engine.dispose()
        db.install(database)
        return done

    made = run("grant", "ann2@example.org", "organizer", "chapter/utrecht", "--days", "9")
    assert made.exit_code == 0, made.output
    listed = run("roles").output
    assert made.output.strip() in listed
    assert "chapter/utrecht" in listed
    assert run("end", made.output.strip()).exit_code == 0
    assert run("grant", "ann2@example.org", "organizer", "moon/x").exit_code == 1
    file = tmp_path / "list.csv"
    file.write_text("name,email\nIvo,ivo@example.org\nBad,x@\n")
    words = ("import", str(file), "--chapter", "amsterdam", "--source", "stand")
    bad = run(*words)
    assert (bad.exit_code, "line 3, column email" in bad.output) == (1, True)
    assert "nothing written" in run(*words, "--skip-bad", "--dry-run").output
    assert _all(Prospect) == []
    assert run(*words, "--skip-bad").exit_code == 0
    assert len(_all(Prospect)) == 1
