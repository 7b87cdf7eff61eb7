"""The account and the organizers' register through the pages, every page linted."""

import io

import pytest

from tests.factories.members import letters, make_chapter, make_member
from tests.factories.platforms import make_platform
from union.audit import queries as audit
from union.core import db
from union.members import queries
from union.members.models import Member
from union.members.service.people import give_vouch_code


@pytest.fixture(autouse=True)
def _places(database):
    with db.transaction() as session:
        make_chapter(session)
        make_chapter(session, "utrecht")
        make_platform(session, "uber", name="Uber")


def make(**facts):
    with db.transaction() as session:
        return make_member(session, **facts)


@pytest.fixture
def as_(client, sign_in):
    """as_(**facts): sign the client in as a new member."""

    def become(**facts):
        member = make(**facts)
        sign_in(client, member)
        return member

    return become


def post(client, path, expected=303, **fields):
    answer = client.post(path, data=fields)
    assert answer.status_code == expected, answer.get_data(as_text=True)[:3000]
    return answer


def text(answer):
    return answer.get_data(as_text=True)


def test_the_account_of_a_full_member(client, as_):
    as_(name="Anna", phone=True, sms=True, platforms=["uber"], roles=["organizer"])
    page = text(client.get("/account"))
    for says in ("Anna", "Uber (driver)", "Organizer", "Confirmed", "This device", "Stop the texts"):
        assert says in page


def test_changing_details_and_platforms(client, as_):
    as_()
    assert client.get("/account/details").status_code == 200
    post(client, "/account/details", name="Zoë", language="nl", zone="Europe/Berlin", chapter="utrecht")
    page = text(client.get("/account"))
    assert "Zoë" in page
    assert "Veranderd." in page, "the new language at once"
    assert client.get("/account/platforms").status_code == 200
    assert post(client, "/account/platforms", platforms=["uber"]).location == "/account/platforms/work"
    assert client.get("/account/platforms/work").status_code == 200
    post(client, "/account/platforms/work", 422)
    post(client, "/account/platforms/work", work_uber=["seller"])
    assert "Uber (verkoper)" in text(client.get("/account"))
    post(client, "/account/platforms", submitted="y")  # a browser sends its token at least
    assert "Uber" not in text(client.get("/account"))


def test_changing_an_address(client, as_):
    as_(email="old@example.org")
    assert client.get("/account/address/email").status_code == 200
    post(client, "/account/address/email", 422, address="nothing")
    assert post(client, "/account/address/email", address="new@example.org").location == "/account/confirm"
    with db.reading() as session:
        letter = letters(session, "channel")[0]
    assert client.get(letter["fields"]["link"].removeprefix("http://localhost")).status_code == 200
    post(client, "/account/confirm", 422, code="1")
    post(client, "/account/confirm", code=letter["fields"]["code"])
    assert "new@example.org" in text(client.get("/account"))
    assert client.post("/account/address/email/remove").status_code == 409
    assert client.get("/account/address/pigeon").status_code == 404


def test_texts_on_and_off(client, as_):
    as_(phone=True)
    post(client, "/account/sms/on")
    assert "Stop the texts" in text(client.get("/account"))
    post(client, "/account/sms/off")
    assert "Stop the texts" not in text(client.get("/account"))


def test_devices(client, as_, app, sign_in):
    member = as_()
    other = app.test_client()
    sign_in(other, member)
    with db.reading() as session:
        from datetime import UTC, datetime

        keys = [one.key for one in queries.devices(session, member, now=datetime.now(UTC), current=None)]
    assert len(keys) == 2
    assert text(client.get("/account")).count("This device") == 1
    for key in keys:
        if key in text(client.get("/account")):
            post(client, f"/account/devices/{key}")
    assert other.get("/account").status_code == 303
    assert client.get("/account").status_code == 200


def test_leaving_and_erasing_ask_first(client, as_):
    as_(roles=["officer"])
    assert client.get("/account/leave").status_code == 200
    assert client.post("/account/leave").status_code == 409, "the last officer"
    member = as_()
    page = text(client.get("/account/erase"))
    assert "What stays" in page
    assert post(client, "/account/erase").location == "/goodbye/erased"
    assert client.get("/goodbye/erased").status_code == 200
    with db.reading() as session:
        assert session.get(Member, member).name is None
    assert client.get("/account").status_code == 303
    as_()
    assert post(client, "/account/leave").location == "/goodbye/left"
    assert client.get("/goodbye/left").status_code == 200


def test_the_whole_file(client, as_):
    me = as_(email="anna@example.org")
    answer = client.get("/account/everything.json")
    assert answer.json["member"] == me
    assert answer.json["kept"]["member"]["rows"][0]["email"] == "anna@example.org"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "/account/everything.json" in client.get("/account").text


def test_vouching(client, as_, app, sign_in):
    applicant = make(state="applicant", name="Bob", platforms=["uber"])
    with db.transaction() as session:
        give_vouch_code(session.get(Member, applicant))
        code = session.get(Member, applicant).vouch_code
    theirs = app.test_client()
    sign_in(theirs, applicant)
    assert code in text(theirs.get("/account"))
    assert theirs.get(f"/vouch/{code}").status_code == 403
    for n in range(2):
        as_(name=f"Voucher {n}")
        post(client, "/vouch", 422, code="nothing")
        assert post(client, "/vouch", code=code.upper()).location == f"/vouch/{code}"
        page = text(client.get(f"/vouch/{code}"))
        assert "Bob" in page
        assert "Uber (driver)" in page
        post(client, f"/vouch/{code}")
    with db.reading() as session:
        assert queries.actor_of(session, applicant).active
    assert client.get(f"/vouch/{code}").status_code == 404
    assert theirs.get("/account").status_code == 200


def test_applicants_and_members_do_not_see_the_register(client, as_):
    for facts in ({}, {"state": "applicant"}, {"state": "suspended"}):
        member = as_(**facts)
        for path in (
            "/members",
            "/members/waiting",
            f"/members/{member}",
            "/members/export",
            "/members/import",
            "/members/chapters",
        ):
            assert client.get(path).status_code == 403, path


def test_the_register_shows_names_and_no_address(client, as_):
    as_(roles=["organizer"], email="organizer@example.org")
    anna = make(name="Anna", email="anna@example.org", phone="+31612345678", platforms=["uber"])
    make(name="Bob", state="applicant", chapter="utrecht")
    page = text(client.get("/members"))
    assert "Anna" in page
    assert "@example.org" not in page
    assert "Bob" not in text(client.get("/members?state=active&platform=uber"))
    assert "Anna" in text(client.get("/members?state=active&platform=uber&chapter=amsterdam"))
    assert "Nobody like that" in text(client.get("/members?state=left"))
    found = text(post(client, "/members", 200, contact="0612345678"))
    assert "Anna" in found
    assert "Bob" not in found
    page = text(client.get(f"/members/{anna}"))
    assert "anna@" not in page
    post(client, f"/members/{anna}/contact", 422, reason=" ")
    assert "anna@example.org" in text(
        post(client, f"/members/{anna}/contact", 200, reason="missed the meeting")
    )
    with db.reading() as session:
        assert audit.newest(session)[0].act == "members.reveal_contact"
    for path in ("suspend", "roles/organizer/grant"):
        assert client.post(f"/members/{anna}/{path}").status_code == 403


def test_the_waiting_list(client, as_):
    as_(roles=["organizer"])
    assert "Nobody waits" in text(client.get("/members/waiting"))
    anna, bob = make(name="Anna", state="applicant"), make(name="Bob", state="applicant")
    assert "Anna" in text(client.get("/members/waiting"))
    post(client, f"/members/{anna}/admit")
    assert client.post(f"/members/{anna}/admit").status_code == 409
    assert client.get(f"/members/{bob}/decline").status_code == 200
    post(client, f"/members/{bob}/decline", 422, reason="")
    post(client, f"/members/{bob}/decline", reason="a manager")
    with db.reading() as session:
        assert queries.actor_of(session, anna).active
        assert [letter["kind"] for letter in letters(session)] == ["welcome", "declined"]


def test_officers_suspend_and_grant(client, as_):
    officer = as_(roles=["officer"])
    anna = make(name="Anna")
    assert "Grant" in text(client.get(f"/members/{anna}"))
    post(client, f"/members/{anna}/roles/trustee/grant")
    assert "Take back" in text(client.get(f"/members/{anna}"))
    post(client, f"/members/{anna}/roles/trustee/revoke")
    assert client.post(f"/members/{anna}/roles/king/grant").status_code == 422
    assert client.post(f"/members/{officer}/roles/officer/revoke").status_code == 409
    assert client.get(f"/members/{anna}/suspend").status_code == 200
    post(client, f"/members/{anna}/suspend", reason="leaked")
    assert "leaked" in text(client.get(f"/members/{anna}"))
    post(client, f"/members/{anna}/reinstate")
    with db.reading() as session:
        assert queries.actor_of(session, anna).active


def test_import_by_dry_run(client, as_):
    as_(roles=["officer"])
    assert client.get("/members/import").status_code == 200
    post(client, "/members/import", 422)
    content = "naam;e-mail;telefoon;schoenmaat\nZoë;zoe@example.org;;38\nBob;geen;;40\n".encode("utf-16")
    sent = client.post("/members/import", data={"file": (io.BytesIO(content), "leden.csv")})
    assert sent.status_code == 303
    page = text(client.get(sent.location))
    for says in ("schoenmaat", "An email address has an @ in it", "bad rows"):
        assert says in page
    post(client, sent.location, 422)
    post(client, sent.location, skip_bad="y", confirmed="y")
    page = text(client.get("/members"))
    assert "Zoë" in page
    assert "1 member imported." in page
    assert client.get(sent.location).status_code == 404


def test_an_upload_can_be_forgotten(client, as_):
    as_(roles=["officer"])
    sent = client.post(
        "/members/import", data={"file": (io.BytesIO(b"name,email\nA,a@example.org\n"), "a.csv")}
    )
    post(client, f"{sent.location}/drop")
    assert client.get(sent.location).status_code == 404


def test_export_asks_why(client, as_):
    as_(roles=["officer"], email="anna@example.org")
    assert client.get("/members/export").status_code == 200
    post(client, "/members/export", 422, reason="")
    answer = post(client, "/members/export", 200, reason="annual check")
    assert answer.mimetype == "text/csv"
    assert "anna@example.org" in text(answer)
    assert "no-store" in answer.headers["Cache-Control"]


def test_chapters(client, as_):
    as_(roles=["officer"])
    post(client, "/members/chapters", name="Den Haag", zone="Europe/Amsterdam")
    assert "Den Haag" in text(client.get("/members/chapters"))
    post(client, "/members/chapters", 422, name="Den Haag", zone="Europe/Amsterdam")


def test_pages_in_dutch(client, as_):
    member = as_(roles=["officer", "organizer"], language="nl")
    for path in (
        "/account",
        "/members",
        f"/members/{member}",
        "/members/waiting",
        "/account/erase",
        "/join",
        "/vouch",
    ):
        page = text(client.get(path))
        assert '<html lang="nl"' in page


def test_a_register_of_many_pages(client, as_):
    as_(roles=["organizer"])
    with db.transaction() as session:
        for _ in range(60):
            make_member(session)
    assert "Page 1 of 2" in text(client.get("/members"))
    assert "Page 2 of 2" in text(client.get("/members?page=2"))


def test_officers_begin_a_union_from_the_command_line(database, settings, tmp_path):
    import dataclasses

    from click.testing import CliRunner

    from union.core import sealing
    from union.members.cli import members

    own = dataclasses.replace(settings, database_url=str(database.engine.url))
    vault = sealing.vault()

    def run(*args, status=0):
        done = CliRunner().invoke(members, list(args), obj=own)
        assert done.exit_code == status, done.output + repr(done.exception)
        return done.output

    try:
        run("add-chapter", "Den Haag")
        out = run("create-officer", "--name", "Ria", "--email", "ria@example.org", "--chapter", "den-haag")
        assert "http://localhost/sign-in/" in out
        file = tmp_path / "leden.csv"
        file.write_text("name,email,state\nAnna,anna@example.org,applicant\nBob,bob,active\n")
        assert "line 3, column email" in run("import", str(file), status=1)
        assert "nothing written" in run("import", str(file), "--dry-run", "--skip-bad")
        assert "1 imported" in run("import", str(file), "--skip-bad", "--confirmed")
        assert "admitted" in run("admit", "anna@example.org")
        run("grant", "anna@example.org", "trustee")
        listed = run("list", "--state", "active")
        assert "Anna" in listed
        assert "example.org" not in listed
        assert "/sign-in/" in run("sign-in-link", "anna@example.org", "--minutes", "60", "--next", "/console")
        out = tmp_path / "out.csv"
        run("export", "--reason", "backup", "-o", str(out))
        assert out.stat().st_mode & 0o077 == 0
        assert "anna@example.org" in out.read_text()
        with db.reading() as session:
            assert len(queries.with_role(session, "officer")) == 1
    finally:
        db.installed().engine.dispose()
        db.install(database)
        sealing.install(vault)
