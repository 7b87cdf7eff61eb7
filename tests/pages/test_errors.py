"""What a person sees when something cannot be done: what happened, what to do next, and nothing typed is lost."""

import re

import pytest
from sqlalchemy import text

from tests.factories.members import make_member
from union.core.db import reading, transaction
from union.web.guards import public

TYPED = "We have waited for months,\nand nobody called."


@pytest.fixture
def member(database):
    with transaction() as session:
        return make_member(session, name="Ayla")


@pytest.fixture
def home(app):
    return {"Origin": app.config["SETTINGS"].public_url, "Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def strict(client, app):
    app.config["WTF_CSRF_ENABLED"] = True
    return client


def test_a_stale_form_keeps_what_was_typed_and_goes_again(strict, sign_in, member, home):
    sign_in(strict, member)
    answer = strict.post("/vouch", data={"code": TYPED, "csrf_token": "stale"}, headers=home)
    assert answer.status_code == 400
    assert "nobody called." in answer.text
    assert 'action="/vouch"' in answer.text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', answer.text)[-1]
    again = strict.post("/vouch", data={"code": TYPED, "csrf_token": token}, headers=home)
    assert "Not sent yet" not in again.text
    assert again.status_code in {200, 404, 422}


def test_who_was_signed_out_is_led_to_sign_in_with_everything_kept(client, home):
    answer = client.post("/account/details", data={"name": TYPED}, headers=home)
    assert answer.status_code == 403
    assert "nobody called." in answer.text
    assert 'href="/sign-in" target="_blank"' in answer.text


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}])
def test_what_another_site_sent_is_never_offered_again(strict, sign_in, member, origin):
    sign_in(strict, member)
    answer = strict.post("/vouch", data={"code": TYPED}, headers={"Accept": "text/html", **origin})
    assert answer.status_code == 400
    assert "nobody called." not in answer.text


def test_programs_get_a_short_answer(strict, home):
    answer = strict.post("/vouch", json={"code": TYPED}, headers=home)
    assert answer.get_json()["error"] == "StaleForm"


def test_an_error_says_what_to_do_next(client, sign_in, member):
    assert 'href="/sign-in"' in client.get("/nowhere").text
    sign_in(client, member)
    refused = client.get("/console")
    assert refused.status_code == 403
    assert "Ask an organizer" in refused.text
    assert 'href="/home"' in refused.text


class TestWhatNoDatabaseTakes:
    @pytest.fixture
    def broken(self, app, client):
        """A page whose code makes a number that no column holds, whatever was asked."""

        def view():
            with reading() as session:
                session.execute(text("SELECT :n"), {"n": 2**70})

        app.add_url_rule("/broken", "broken", public(view), methods=["GET", "POST"])
        return client

    def test_a_fault_of_ours_is_ours(self, broken, caplog):
        answer = broken.get("/broken?name=Anna")
        assert answer.status_code == 500
        assert "in view" in caplog.text
        assert "Anna" not in caplog.text
        assert str(2**70) not in caplog.text

    @pytest.mark.parametrize("value", ["9" * 30, "-" + "9" * 12, "a\0b", "9" * 5000])
    def test_what_the_visitor_sent_is_the_visitors(self, broken, value):
        assert broken.get("/broken", query_string={"page": value}).status_code == 400
        assert broken.post("/broken", data={"page": ["1", value]}).status_code == 400

    @pytest.mark.parametrize("value", ["1", "2026-11-27", "ünion", "12345", "٩" * 30])
    def test_what_a_column_takes_is_no_excuse(self, broken, value):
        assert broken.get("/broken", query_string={"page": value}).status_code == 500


def test_a_form_of_a_hundred_thousand_fields_is_refused_unread(client, monkeypatch):
    """The planted fault: without the limit the form is taken apart, which on a real server costs seconds."""
    many = {"data": b"a=&" * 100_000, "content_type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", **many).status_code == 413
    monkeypatch.setattr("union.web.guards.MOST_FIELDS", 10**9)
    assert client.post("/sign-in", **many).status_code != 413
