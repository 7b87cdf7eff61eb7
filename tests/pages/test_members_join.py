"""Joining and signing in through the pages, every page linted."""

import base64
import re
import zlib

import pytest

from tests.factories.members import letters, make_chapter, make_member, token_of
from tests.factories.platforms import make_platform
from union.core import db
from union.members import queries
from union.members.views.base import local


@pytest.fixture(autouse=True)
def _places(database):
    with db.transaction() as session:
        make_chapter(session)
        make_platform(session, "uber", name="Uber")
        make_platform(session, "youtube", name="YouTube")


def post(client, path, expected=303, **fields):
    answer = client.post(path, data=fields)
    assert answer.status_code == expected, answer.get_data(as_text=True)[:3000]
    return answer


def written(kind=None):
    with db.reading() as session:
        return letters(session, kind)


def page_of(answer, address=""):
    """Return the page without what differs by chance (the form's token) or because it was typed (the address)."""
    html = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.get_data(as_text=True))
    return html.replace(address, "ADDRESS") if address else html


def walk(client, **other):
    """Answer everything up to the page with all answers."""
    assert client.get("/join?for=fair-pay").status_code == 200
    facts = {"name": "Anna", "email": "anna@example.org", "phone": "", **other}
    assert post(client, "/join/name", name=facts["name"]).location == "/join/contact"
    assert (
        post(client, "/join/contact", email=facts["email"], phone=facts["phone"]).location == "/join/chapter"
    )
    assert post(client, "/join/chapter", chapter="amsterdam").location == "/join/platforms"
    assert post(client, "/join/platforms", platforms=["uber", "youtube"]).location == "/join/work"
    work = {"work_uber": ["driver", "user"], "work_youtube": ["creator"]}
    assert post(client, "/join/work", **work).location == "/join/language"
    return post(client, "/join/language", language="nl", zone="Europe/Amsterdam").location


def test_joining_by_code(client):
    assert walk(client) == "/join/check"
    page = client.get("/join/check").get_data(as_text=True)
    assert "anna@example.org" in page
    assert "Uber (driver, user), YouTube (creator)" in page
    assert post(client, "/join/check").location == "/join/confirm"
    letter = written()[0]
    post(client, "/join/confirm", 422, code="1")
    assert post(client, "/join/confirm", code=letter["fields"]["code"]).location == "/campaigns/fair-pay"
    page = client.get("/account").get_data(as_text=True)
    assert "Anna" in page
    assert "0 van de 2" in page
    assert client.get("/join/name").get_data(as_text=True).count("Anna") == 0, "the draft is gone"


def test_joining_by_link_on_another_device(client, app):
    walk(client)
    post(client, "/join/check")
    token = token_of(written()[0])
    phone = app.test_client()
    for _ in range(2):
        assert phone.get(f"/join/confirm/{token}").status_code == 200
    assert post(phone, f"/join/confirm/{token}").location == "/campaigns/fair-pay"
    assert phone.post(f"/join/confirm/{token}").status_code == 409
    assert "no longer works" in phone.get(f"/join/confirm/{token}?lang=en").get_data(as_text=True)


def test_a_number_brings_the_question_about_texts_unticked(client):
    assert walk(client, phone="06 12345678") == "/join/sms"
    page = client.get("/join/sms").get_data(as_text=True)
    assert 'type="checkbox"' in page
    assert " checked" not in page
    assert post(client, "/join/sms", sms="y").location == "/join/check"
    post(client, "/join/check")
    assert (
        post(client, "/join/confirm", code=written("join")[0]["fields"]["code"]).location
        == "/account/confirm"
    )
    assert (
        post(client, "/account/confirm", code=written("channel")[0]["fields"]["code"]).location == "/account"
    )
    with db.reading() as session:
        contact = queries.contacts(session, [queries.find_member(session, "anna@example.org")])[0]
    assert (contact.phone, contact.sms_ok) == ("+31612345678", True)


def test_answers_stay_going_back_and_can_be_changed_at_the_end(client):
    walk(client)
    assert 'value="Anna"' in client.get("/join/name").get_data(as_text=True)
    assert 'value="anna@example.org"' in client.get("/join/contact").get_data(as_text=True)
    assert post(client, "/join/name?from=check", name="Anneke").location == "/join/check"
    assert "Anneke" in client.get("/join/check").get_data(as_text=True)
    assert post(client, "/join/platforms?from=check", platforms=["uber"]).location == "/join/check"


def test_nobody_skips_ahead(client):
    assert client.get("/join/check").location == "/join/name"
    post(client, "/join/name", name="Anna")
    assert client.get("/join/work").location == "/join/contact"
    assert client.get("/join/confirm").location == "/join"
    assert client.get("/join/elsewhere").status_code == 404


@pytest.mark.parametrize(
    ("step", "fields", "says"),
    [
        ("name", {"name": ""}, "It need not be your legal name"),
        ("contact", {"email": "", "phone": ""}, "one is enough"),
        ("contact", {"email": "anna", "phone": ""}, "has an @"),
        ("contact", {"email": "a@example.org", "phone": "020 1234567"}, "not a mobile number"),
        ("contact", {"email": "anna", "phone": "020 1234567"}, "not a mobile number"),
        ("contact", {"email": "anna", "phone": "020 1234567"}, "has an @"),
        ("chapter", {}, "Choose a chapter"),
        ("chapter", {"chapter": "atlantis"}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(client, step, fields, says):
    post(client, "/join/name", name="Anna")
    if step == "chapter":
        post(client, "/join/contact", email="a@example.org")
    page = post(client, f"/join/{step}", 422, **fields).get_data(as_text=True)
    assert says in page
    for typed in fields.values():
        assert not typed or step == "chapter" or f'value="{typed}"' in page
    assert step == "chapter" or 'aria-invalid="true"' in page
    assert 'class="problem"' in page


def test_each_platform_needs_an_answer(client):
    walk(client)
    page = post(client, "/join/work", 422, work_uber=["driver"]).get_data(as_text=True)
    assert page.count("Choose at least one.") == 2  # at the field and in the summary


def test_the_cookie_shows_no_address(client):
    walk(client)
    cookie = client.get_cookie("union").value
    payload = cookie.lstrip(".").split(".")[0]
    plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    plain = zlib.decompress(plain) if cookie.startswith(".") else plain
    assert b"join" in plain
    assert b"anna" not in plain.lower()


def test_a_members_address_is_answered_like_any_other(client, app):
    with db.transaction() as session:
        make_member(session, email="known@example.org")
    pages = []
    for address in ("known@example.org", "fresh@example.org"):
        browser = app.test_client()
        walk(browser, email=address)
        post(browser, "/join/check")
        asked = page_of(browser.get("/join/confirm"), address)
        wrong = page_of(post(browser, "/join/confirm", 422, code="12"), address)
        pages.append((asked, wrong))
    assert pages[0] == pages[1]


def test_signing_in_by_code_goes_on_to_where_one_was_going(client):
    with db.transaction() as session:
        make_member(session, email="anna@example.org")
    assert client.get("/account").location == "/sign-in?next=/account"
    assert post(client, "/sign-in?next=/account", contact="anna@example.org").location == "/sign-in/code"
    assert post(client, "/sign-in/code", code=written()[0]["fields"]["code"]).location == "/account"
    assert client.get("/account").status_code == 200
    post(client, "/sign-out")
    assert client.get("/account").status_code == 303


def test_signing_in_by_link_needs_a_press_and_works_once(client, app):
    with db.transaction() as session:
        make_member(session, email="anna@example.org", name="Anna")
    post(client, "/sign-in", contact="anna@example.org")
    link = f"/sign-in/{token_of(written()[0])}"
    scanner = app.test_client()
    assert "Sign in as Anna" in scanner.get(link).get_data(as_text=True)
    assert scanner.get("/account").status_code == 303
    assert post(client, link).location == "/home"
    assert app.test_client().post(link).status_code == 409
    assert client.get("/sign-in").location == "/home"


def test_a_known_and_an_unknown_address_give_the_same_pages(client, app):
    with db.transaction() as session:
        make_member(session, email="known@example.org")
    pages = []
    for address in ("known@example.org", "unknown@example.org"):
        browser = app.test_client()
        asked = post(browser, "/sign-in", contact=address)
        code = page_of(browser.get("/sign-in/code"))
        wrong = page_of(post(browser, "/sign-in/code", 422, code="12"))
        pages.append((asked.get_data(), code, wrong))
    assert pages[0] == pages[1]


def test_too_many_tries_are_said_so(client):
    for _ in range(5):
        post(client, "/sign-in", contact="anna@example.org")
    page = post(client, "/sign-in", 422, contact="anna@example.org").get_data(as_text=True)
    assert "Wait 15 minutes" in page


def test_a_cookie_of_a_revoked_or_unknown_session_is_nobodys(client, sign_in):
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "made up"
    assert client.get("/account").status_code == 303
    with db.transaction() as session:
        member = make_member(session)
    sign_in(client, member)
    assert client.get("/account").status_code == 200
    post(client, "/account/devices/all")
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "javascript:alert(1)",
        "/a\\b",
        "/a\nb",
        "",
        None,
    ],
)
def test_signing_in_never_leads_elsewhere(address):
    assert local(address) == ""


def test_signing_in_leads_to_own_pages():
    assert local("/campaigns/x?y=1") == "/campaigns/x?y=1"
