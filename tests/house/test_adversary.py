"""What the platform may try from outside and from within, each first shown to work somewhere, then refused here."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask, request
from sqlalchemy import event, func, select, update

from tests.factories import organizing as make
from tests.factories.members import make_chapter, make_member
from union.app import create_app
from union.ballots.views import counts
from union.campaigns.views import organize
from union.cli import main
from union.core import db, keyring
from union.core.errors import TooMany
from union.ledger import rules
from union.members import service as members
from union.members.models import Challenge
from union.members.rules import limits
from union.members.rules.joining import Draft
from union.notify.delivery import clean
from union.notify.models import Outbox
from union.organizing import scope
from union.web import origin

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SITE = "https://union.example"


@pytest.fixture
def production(settings, database):
    """The application as members reach it: over TLS, behind a proxy."""
    for path in (settings.secret_key_file, settings.data_key_file):
        keyring.make_key(path)
    safe = replace(settings, environment="production", public_url=SITE)
    safe.require_safe()
    return create_app(safe)


class TestNamesAndCookies:
    def test_a_page_is_given_under_our_own_name_only(self, production):
        browser = production.test_client()
        assert browser.get("/", base_url=SITE).status_code == 200
        evil = browser.get("/sign-in", base_url="https://evil.example")
        assert evil.status_code == 400
        assert "evil.example" not in evil.text
        forwarded = browser.get("/", base_url=SITE, headers={"X-Forwarded-Host": "evil.example"})
        assert forwarded.status_code == 400

    def test_the_danger_is_real_without_it(self):
        bare = Flask("bare")
        bare.add_url_rule("/", "front", lambda: request.host)
        assert bare.test_client().get("/", base_url="https://evil.example").text == "evil.example"

    def test_no_neighbour_can_plant_our_cookie(self, production):
        answer = production.test_client().get("/?lang=nl", base_url=SITE)
        [cookie] = answer.headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-union=")
        assert {part.strip() for part in cookie.split(";")} >= {
            "Secure",
            "HttpOnly",
            "Path=/",
            "SameSite=Lax",
        }
        assert "Domain" not in cookie

    @pytest.mark.parametrize("path", ["/platforms?page=" + "9" * 30, "/campaigns/x/updates/" + "9" * 30])
    def test_a_number_no_row_can_have_is_not_our_fault(self, client, path):
        assert client.get(path).status_code in {400, 404}


class TestCountingTries:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("::ffff:203.0.113.9", "203.0.113.9", True),
            ("203.0.113.9", "203.0.113.8", False),
        ],
    )
    def test_one_connection_is_counted_once(self, one, other, same):
        assert one != other  # the danger: a line of IPv6 has more addresses than there are limits
        assert (origin.counted(one) == origin.counted(other)) is same

    def test_no_address_is_nobodys(self):
        assert origin.counted("") == origin.counted("\0") == "unknown"


def guess(session, member, device, code="000000"):
    """One attacker's try, from an address of its own: ask for a code, type one."""
    asked = members.request_sign_in(session, contact=member, device=device, now=NOW, site=SITE)
    return members.sign_in_by_code(session, challenge_id=asked, code=code, device=device, now=NOW, label="x")


class TestGuessingCodes:
    def test_many_devices_get_ten_guesses_a_day_together(self, session, monkeypatch):
        """Twenty codes a day with five tries each were a hundred guesses at every member whose number is known."""
        monkeypatch.setattr("union.members.service.challenges.new_code", lambda: "123456")
        make_member(session, email="anna@example.org")
        for n in range(limits.WRONG_CODES.times):
            if n % 4 == 0:
                session.execute(update(Challenge).values(tries=0))
                asked = members.request_sign_in(
                    session, contact="anna@example.org", device=f"d{n}", now=NOW, site=SITE
                )
            assert not members.sign_in_by_code(
                session, challenge_id=asked, code="000000", device=f"d{n}", now=NOW, label="x"
            )
        with pytest.raises(TooMany):
            guess(session, "anna@example.org", "fresh", code="123456")
        tomorrow = NOW + timedelta(days=1, seconds=1)
        asked = members.request_sign_in(
            session, contact="anna@example.org", device="own", now=tomorrow, site=SITE
        )
        assert members.sign_in_by_code(
            session, challenge_id=asked, code="123456", device="own", now=tomorrow, label="x"
        )

    def test_an_unknown_address_answers_alike(self, session):
        for n in range(limits.WRONG_CODES.times):
            if n % 4 == 0:
                asked = members.request_sign_in(
                    session, contact="nobody@example.org", device=f"d{n}", now=NOW, site=SITE
                )
            assert not members.sign_in_by_code(
                session, challenge_id=asked, code="000000", device=f"d{n}", now=NOW, label="x"
            )
        with pytest.raises(TooMany):
            guess(session, "nobody@example.org", "fresh")


def join(session, phone, device="d", now=NOW):
    """Somebody asks to join with a number."""
    draft = Draft(
        name="Anna", email="", phone=phone, chapter="", platforms={}, language="en", zone="UTC", sms=False
    )
    return members.apply(session, draft=draft, device=device, now=now, site=SITE, sms_text="")


def texts(session):
    return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.channel == "sms"))


class TestHowLongAnAnswerTakes:
    def work(self, session, contact):
        """The statements that one asking runs: reading, writing, undoing; their number is the time it takes."""
        ran = []

        def note(connection, cursor, statement, *rest):
            ran.append(" ".join(statement.split()[:3]))

        event.listen(session.get_bind(), "before_cursor_execute", note)
        members.request_sign_in(session, contact=contact, device="d", now=NOW, site=SITE)
        event.remove(session.get_bind(), "before_cursor_execute", note)
        return Counter(ran)

    def test_a_stranger_costs_as_much_as_a_member(self, session):
        make_member(session, email="anna@example.org")
        self.work(session, "anna@example.org")  # the wording is written down once
        known, unknown = self.work(session, "anna@example.org"), self.work(session, "nobody@example.org")
        assert known["INSERT INTO outbox"] == 1  # what took a third of the time, and told who is a member
        assert known - unknown == Counter()

    def test_nothing_is_left_of_the_rehearsal(self, session):
        members.request_sign_in(session, contact="nobody@example.org", device="d", now=NOW, site=SITE)
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        assert session.scalars(select(Challenge.decoy)).all() == [True]


class TestTextsThatCost:
    def test_a_range_of_numbers_abroad_gets_few(self, session):
        for n in range(limits.TEXTS_PER_RANGE_ABROAD.times):
            join(session, f"+393331234{n:03}", device=f"d{n}")
        sent = texts(session)
        with pytest.raises(TooMany):
            join(session, "+393331234999", device="fresh")
        assert texts(session) == sent
        join(session, "+393334321567", device="fresh")
        assert texts(session) == sent + 1

    def test_colleagues_with_numbers_in_a_row_are_not_kept_out(self, session):
        for n in range(5 * limits.TEXTS_PER_RANGE_ABROAD.times):
            join(session, f"+31612345{n:03}", device=f"d{n}")

    def test_a_country_without_a_chapter_gets_few(self, session):
        make_chapter(session, "london", zone="Europe/London")
        for n in range(limits.TEXTS_PER_COUNTRY_ABROAD.times):
            join(session, f"+3933312{n:02}567", device=f"d{n}")  # Italy
        with pytest.raises(TooMany):
            join(session, "+393339999567", device="fresh")
        for n in range(limits.TEXTS_PER_COUNTRY_ABROAD.times + 1):
            join(session, f"+4474001{n:02}456", device=f"h{n}")  # at home

    def test_a_members_number_answers_alike(self, session):
        """Else a full range would tell who is a member."""
        make_member(session, phone="+393331234999")
        for n in range(limits.TEXTS_PER_RANGE_ABROAD.times):
            join(session, f"+393331234{n:03}", device=f"d{n}")
        with pytest.raises(TooMany):
            join(session, "+393331234999", device="fresh")


class TestAskingWhoIsAMember:
    def test_an_organizer_of_one_chapter_cannot_try_a_list_of_numbers(self, client, sign_in, database):
        with db.transaction() as session:
            now = datetime.now(UTC)  # browsers live in real time
            here = scope.chapter(make_chapter(session, "utrecht"))
            ada = make.actor_at(session, here, chapter="utrecht", now=now, until=now + timedelta(days=9))
            make_member(session, email="known@example.org", chapter="utrecht")
        sign_in(client, ada.member_id)

        soon = f"{now + timedelta(days=3):%Y-%m-%dT%H:%M}"

        def ask(address):
            return client.post(
                "/organizing/tasks",
                data={"title": "Call", "due": soon, "place": "chapter:utrecht", "assignee": address},
            )  # fmt: skip

        for n in range(limits.LOOK_UPS.times):
            assert "No member has that address" in ask(f"guess{n}@example.org").text
        for address in ("known@example.org", "unknown@example.org"):
            answer = ask(address)
            assert answer.status_code == 422
            assert "often enough" in answer.text
            assert "No member has that address" not in answer.text


def test_who_signed_in_when_is_forgotten_after_a_day(session, now):
    member = make_member(session, email="anna@example.org")
    members.request_sign_in(session, contact="anna@example.org", device="d", now=now, site=SITE)
    session.execute(update(Outbox).values(state="delivered", provider="smtp", changed_at=now))

    def named():
        return session.scalars(select(Outbox.member_id).where(Outbox.member_id == member)).all()

    assert named()  # the danger is real
    clean.wipe(session, now=now + timedelta(hours=23))
    assert named()
    clean.wipe(session, now=now + timedelta(hours=25))
    assert not named()


class TestDemosAndProduction:
    def test_a_demo_does_not_start_in_production(self, tmp_path):
        ran = CliRunner().invoke(
            main, ["demo", "run", "--fresh"], env={"UNION_ENV": "", "UNION_HOME": str(tmp_path)}
        )
        assert ran.exit_code == 1
        assert "this is production" in ran.output
        assert tmp_path.exists()

    def test_nor_does_it_wipe_a_union_it_did_not_make(self, tmp_path):
        (tmp_path / "union.db").write_text("members")
        env = {"UNION_ENV": "development", "UNION_HOME": str(tmp_path)}
        ran = CliRunner().invoke(main, ["demo", "run", "--fresh"], env=env)
        assert ran.exit_code == 1
        assert "no demo made" in ran.output
        assert (tmp_path / "union.db").read_text() == "members"


def unescaped(source):
    """Where a template lets text through as it was typed."""
    return re.findall(r"\|\s*safe\b|autoescape\s+false|=\{\{", source)


class TestWhatPeopleType:
    def test_every_template_that_a_browser_reads_escapes(self, app):
        chosen = app.jinja_env.autoescape
        for name in app.jinja_env.list_templates(extensions=["html", "xml", "svg", "xhtml"]):
            assert chosen(name), name
            source, _, _ = app.jinja_env.loader.get_source(app.jinja_env, name)
            assert unescaped(source) == [], name

    def test_planted_faults(self):
        for fault in ("{{ name|safe }}", "{% autoescape false %}", "<a href={{ url }}>"):
            assert unescaped(fault), fault

    @pytest.mark.parametrize("cell", [organize.plain, counts._safe, rules.cell])
    def test_no_cell_is_a_formula_and_an_empty_one_stays_empty(self, cell):
        assert cell("=HYPERLINK(1)").startswith("'")
        assert cell("@SUM(A1)").startswith("'")
        assert cell("") == ""
        assert cell("Anna") == "Anna"
