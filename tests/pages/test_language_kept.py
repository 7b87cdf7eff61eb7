"""Whoever changes the language on a page that answered a form keeps what they typed, and does nothing by it."""

import json
import re
from html import unescape

import pytest
from sqlalchemy import text

from tests.factories.members import make_member
from union.core import db
from union.core.actor import Role
from union.web.guards import public
from union.web.i18n import REFUSALS, SWITCH

TYPED = "Anna\u00e9 & <Zoë> says: “it is mine”"


def fields(page):
    """What the switch sends along: the form that ends in its button, as a browser would read it."""
    (form,) = (one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if SWITCH in one)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    (code,) = re.findall(rf'name="{SWITCH}" value="(\w+)"', form)
    address = unescape(re.search(r'action="([^"]+)"', form)[1])
    return address, {**{unescape(n): unescape(v) for n, v in hidden}, SWITCH: code}


@pytest.fixture
def officer(client, sign_in):
    with db.transaction() as session:
        who = make_member(session, name="Ada", roles=[Role.OFFICER, Role.ORGANIZER])
    sign_in(client, who)
    return client


def rows(*tables):
    with db.reading() as session:
        return {t: session.execute(text(f"SELECT * FROM {t}")).all() for t in tables}


def test_a_failed_form_is_drawn_again_with_all_of_it(client):
    first = client.post("/sign-in", data={"contact": TYPED})
    assert '<html lang="en"' in first.text
    address, sent = fields(first.text)
    assert (address, sent["contact"], sent[SWITCH]) == ("/sign-in", TYPED, "nl")
    again = client.post(address, data=sent)
    assert '<html lang="nl"' in again.text
    assert TYPED in unescape(again.text)
    assert SWITCH not in again.request.url
    back_address, back = fields(again.text)
    assert (back_address, back["contact"], back[SWITCH]) == ("/sign-in", TYPED, "en")


def test_a_form_that_holds_is_not_acted_on(client, database):
    """The danger: what failed a moment ago may hold now, and a language is no yes."""
    was = rows("challenge", "outbox")
    answer = client.post("/sign-in", data={"contact": "anna@example.org", SWITCH: "nl"})
    assert '<html lang="nl"' in answer.text
    assert "anna@example.org" in answer.text
    assert rows("challenge", "outbox") == was
    client.post("/sign-in", data={"contact": "anna@example.org"})
    assert rows("challenge", "outbox") != was


def test_a_view_that_asks_no_form_cannot_write_either(app, client, database):
    """The planted fault: a view that acts on every POST. It is stopped, and what was typed is shown."""

    @public
    def acts():
        with db.transaction() as session:
            make_member(session, name="Written")
        return "done", 200, {"Content-Type": "text/plain"}

    app.add_url_rule("/acts", "acts", acts, methods=["POST"])
    answer = client.post("/acts", data={"note": TYPED, SWITCH: "nl"})
    assert answer.status_code == 200
    assert TYPED in unescape(answer.text)
    assert "Alleen de taal is veranderd" in answer.text
    assert rows("member")["member"] == []
    assert client.post("/acts", data={"note": TYPED}).text == "done"
    assert len(rows("member")["member"]) == 1


def test_an_officers_pages_keep_it_too(officer):
    first = officer.post("/fund/books/statement", data={"lines": f"not a day,1,{TYPED}"})
    assert first.status_code == 422
    address, sent = fields(first.text)
    was = rows("journal_entry")
    again = officer.post(address, data=sent)
    assert '<html lang="nl"' in again.text
    assert TYPED in unescape(again.text)
    assert rows("journal_entry") == was


TAG = {"name": "Night shift", "meaning": TYPED, "harmless": "y"}
REFUSED = {"en": "There is a tag with that name already.", "nl": "Er is al een label met die naam."}


def test_what_a_service_refused_is_said_again(officer):
    """The switch asks no service: what it said before comes along, and back again."""
    officer.post("/organizing/tags", data=TAG)
    page = officer.post("/organizing/tags", data=TAG)
    assert REFUSED["en"] in page.text
    was = rows("tag", "audit_entry")
    for language in ("nl", "en"):
        address, sent = fields(page.text)
        page = officer.post(address, data=sent)
        assert f'<html lang="{language}"' in page.text
        assert unescape(page.text).count(REFUSED[language]) == 2, "above the form, and at its field"
        assert TYPED in unescape(page.text)
    assert rows("tag", "audit_entry") == was
    mended = officer.post("/organizing/tags", data={**TAG, "name": "Day shift"}, follow_redirects=True)
    assert REFUSED["en"] not in mended.text


def test_only_what_we_said_ourselves_is_said_again(officer):
    officer.post("/organizing/tags", data=TAG)
    _, sent = fields(officer.post("/organizing/tags", data=TAG).text)
    made_up = [["TagForm", "Send us your code", "name", {}]]
    for forged in ("", "x", json.dumps(made_up), sent[REFUSALS][:-1], sent[REFUSALS][::-1]):
        page = officer.post("/organizing/tags", data={**sent, REFUSALS: forged})
        assert '<html lang="nl"' in page.text
        assert "Send us your code" not in page.text
        assert REFUSED["nl"] not in unescape(page.text)
    elsewhere = officer.post("/sign-in", data={"contact": "", SWITCH: "nl", REFUSALS: sent[REFUSALS]})
    assert REFUSED["nl"] not in unescape(elsewhere.text), "another form was not refused"


def test_without_a_change_of_language_nothing_old_is_said(officer):
    officer.post("/organizing/tags", data=TAG)
    _, sent = fields(officer.post("/organizing/tags", data=TAG).text)
    del sent[SWITCH]
    page = officer.post("/organizing/tags", data={**sent, "name": "Day shift"}, follow_redirects=True)
    assert REFUSED["en"] not in page.text
    assert "The tag is there." in page.text


def test_what_another_site_sent_is_not_passed_on(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post(
        "/sign-in", data={"contact": TYPED, SWITCH: "nl"}, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 400
    assert TYPED not in unescape(answer.text)


def test_a_page_that_was_only_read_has_links(client):
    page = client.get("/sign-in").text
    assert SWITCH not in page
    assert "/sign-in?lang=nl" in page
