"""The key ceremony in real Chromium against the real application: three trustees, two of whom count."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import update

from tests.browser.booth_pages import Served
from tests.browser.test_booth_js import faults
from tests.factories import ballots as make
from union.app import create_app
from union.ballots import jobs, queries
from union.ballots.crypto import verify
from union.ballots.models import Ballot
from union.core import db
from union.members import service as members

CHROMIUM = "/usr/bin/chromium"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: the ceremony in a browser is LEFT OUT")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, chromium, app, url, token, said):
        self.url = url
        context = chromium.new_context(
            viewport={"width": 375, "height": 800}, locale="en", accept_downloads=True
        )
        context.add_cookies([{"name": "union", "value": cookie(app, token), "url": url}])
        self.page = context.new_page()
        self.page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: said.append(f"pageerror: {error}"))

    def open(self, path):
        self.page.goto(f"{self.url}{path}")
        return self

    def press(self, text):
        self.page.locator("button:visible, a:visible, summary:visible").filter(has_text=text).first.click()

    def heading(self, text):
        expect(self.page.locator("h1")).to_have_text(text, timeout=30_000)

    def reads(self, text):
        expect(self.page.locator("body")).to_contain_text(text)

    def kept_nothing(self, code):
        stored = self.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, location.href, document.cookie])"
        )
        assert code.replace("-", "") not in stored.replace("-", "")
        assert self.page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


def cookie(app, token):
    with app.test_client() as client:
        with client.session_transaction() as kept:
            kept["_user_id"] = token
            kept["_fresh"] = True
        return client.get_cookie("union").value


def make_code(trustee, uuid, folder, typed):
    """Step 1: make, keep, prove; by file or typed from the sheet. Returns the code."""
    trustee.open(f"/ballots/{uuid}/key")
    trustee.heading("Make your key code")
    trustee.press("Make my key code")
    trustee.heading("Keep your key code")
    page = trustee.page
    code = page.locator("[data-part=code]").inner_text()
    with page.expect_download() as download:
        trustee.press("Save as a file")
    download.value.save_as(folder)
    trustee.press("I have kept it")
    trustee.heading("Show that you kept it")
    expect(page.locator("[data-part=code]")).not_to_be_visible()
    if typed:
        trustee.press("I have it on paper")
        page.fill("#kept-typed", "1" + code[1:] if code[0] != "1" else "2" + code[1:])
        trustee.press("Finish step 1")
        trustee.reads("This is not the code that was made on this page")
        page.fill("#kept-typed", code.replace("-", " "))
    else:
        page.set_input_files("#kept-file", folder)
    trustee.press("Finish step 1")
    trustee.kept_nothing(code)
    return code


@pytest.mark.parametrize("group", ["BELENIOS-2048"])
def test_three_make_the_key_and_two_count(chromium, settings, database, tmp_path, group):
    now = make.real_now()
    with db.transaction() as session:
        hand = make.make_ballot_draft(
            session, now, voters=1, group=group, threshold=2, opens_in=timedelta(minutes=5)
        )
        uuid = make.row(session, hand).uuid
        tokens = {
            who: members.start_session(session, member_id=who, now=now, device="test")
            for who in (hand.organizer, *hand.trustees, *hand.voters)
        }
    app = create_app(settings)
    said, sent = [], []
    with Served(app) as served:

        def person(member_id):
            made = Person(chromium, app, served.url, tokens[member_id], said)
            made.page.on("request", lambda request: sent.append(request.post_data or ""))
            return made

        organizer = person(hand.organizer).open(f"/ballots/{hand.slug}/run")
        organizer.reads("Any 2 of these 3 trustees can open the count together")
        organizer.press("Ask the trustees for their keys")
        organizer.reads("step 1 of 3, waits for Trustee 1, Trustee 2, Trustee 3")

        trustees = [person(member_id) for member_id in hand.trustees]
        files = [tmp_path / f"{n}.json" for n in range(3)]
        codes = []
        for n, trustee in enumerate(trustees):
            codes.append(make_code(trustee, uuid, files[n], typed=n == 0))
            if n == 0:
                trustee.heading("Waiting for the others")
                trustee.reads("Trustee 1 (you)")
                trustee.page.close()  # comes back later, as somebody who closed the page

        # the two who stayed do the second step by themselves; the first comes back with the file
        trustees[1].heading("Waiting for the others")
        trustees[0] = person(hand.trustees[0]).open(f"/ballots/{uuid}/key")
        trustees[0].heading("Give out shares")
        trustees[0].page.set_input_files("#file", files[1])
        trustees[0].press("Do this step")
        trustees[0].reads("This key code is not the one you began with")
        trustees[0].page.set_input_files("#file", files[0])
        trustees[0].press("Do this step")
        for trustee in trustees:
            trustee.heading("The key is made")

        trustees[0].press("Test your key")
        trustees[0].heading("Test your key")
        trustees[0].page.set_input_files("#file", files[0])
        trustees[0].press("Test my key")
        trustees[0].heading("Your key works")

        organizer.open(f"/ballots/{hand.slug}/run").reads("1 of 3")
        organizer.press("Freeze the roll and hand out voting codes")
        organizer.press("Yes: Freeze the roll")
        with db.reading() as session:
            make.read_credentials(session, hand)
        organizer.press("Open voting now")
        organizer.reads("still have their keys: Trustee 2, Trustee 3.")
        organizer.press("Yes: Open voting now")
        organizer.reads("Voting is open.")

        voter = person(hand.voters[0]).open(f"/ballots/{uuid}/booth#{hand.credentials[hand.voters[0]]}")
        voter.heading(make.QUESTION)
        voter.reads("Any 2 of these 3 trustees can open the count together")
        voter.page.check("#answer-0")
        voter.press("Continue")
        voter.press("Seal my ballot")
        voter.press("Cast my ballot")
        voter.heading("Your ballot is cast")

        with db.transaction() as session:
            session.execute(update(Ballot).values(opens_at=now, closes_at=make.real_now()))
        assert jobs.close_due(make.real_now() + timedelta(seconds=1), settings) == 1

        for n, typed in ((2, False), (0, True)):
            trustees[n].open(f"/ballots/{uuid}/decrypt")
            trustees[n].heading("Give your share of the count")
            if typed:
                trustees[n].press("I have it on paper")
                trustees[n].page.fill("#typed", codes[n])
            else:
                trustees[n].page.set_input_files("#file", files[n])
            trustees[n].press("Compute and send my share")
            trustees[n].heading("Your share is received")
        trustees[1].open(f"/ballots/{uuid}/decrypt").heading("Your share is not needed")
        trustees[1].press("See the result")
        trustees[1].reads("1 said yes")

    archive = tmp_path / f"{uuid}.bel"
    with db.reading() as session:
        archive.write_bytes(b"".join(queries.archive(session, hand.slug)))
    report = verify(archive)
    assert report.holds, report.lines()
    assert report.result == [[1, 0, 0]]
    if Path("/usr/bin/belenios-tool").exists():
        done = subprocess.run(
            ["belenios-tool", "election", "verify", "--dir", str(tmp_path)], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    everything = "".join(sent).replace("-", "")
    assert not any(code.replace("-", "") in everything for code in codes)
    assert [line for line in said if not line.startswith("log:")] == []


@pytest.mark.parametrize(("width", "scheme", "language"), [(375, "light", "nl"), (1280, "dark", "en")])
def test_the_ceremonys_pages_are_accessible(chromium, settings, database, width, scheme, language):
    now = make.real_now()
    with db.transaction() as session:
        hand = make.asked(session, make.make_ballot_draft(session, now, threshold=2, language=language), now)
        token = members.start_session(session, member_id=hand.trustees[0], now=now, device="test")
        organizer = members.start_session(session, member_id=hand.organizer, now=now, device="test")
    app = create_app(settings)
    said, found = [], []
    with Served(app) as served:

        def person(token):
            made = Person(chromium, app, served.url, token, said)
            made.page.emulate_media(color_scheme=scheme)
            made.page.set_viewport_size({"width": width, "height": 800})
            return made

        trustee = person(token)

        def look(part):
            trustee.page.locator(f"[data-page={part}]:not([hidden])").wait_for()
            found.extend(faults(trustee.page, part))

        def give():
            trustee.page.locator("[data-page]:not([hidden]) summary").click()
            trustee.page.fill("#typed", hand.seeds[hand.trustees[0]])
            trustee.page.locator("[data-part=form] .button--primary").click()

        trustee.open(f"/ballots/{hand.slug}/key?lang={language}")
        look("start")
        trustee.page.locator("[data-part=make]").click()
        look("made")
        code = trustee.page.locator("[data-part=code]").inner_text()
        hand.seeds[hand.trustees[0]] = code.replace("-", "")
        trustee.page.locator("[data-part=next]").click()
        trustee.page.locator("[data-page=confirm] summary").click()
        trustee.page.locator("[data-part=confirm-form] .button--primary").click()
        look("confirm")
        trustee.page.fill("#kept-typed", code)
        trustee.page.locator("[data-part=confirm-form] .button--primary").click()
        look("waiting")
        trustee.page.goto("about:blank")
        with db.transaction() as session:
            for member_id in hand.trustees[1:]:
                make.send_step(session, hand, member_id, now, *make.step_of(session, hand, member_id))
        trustee.open(f"/ballots/{hand.slug}/key")
        look("code")
        trustee.page.goto("about:blank")
        with db.transaction() as session:
            make.hold_steps(session, hand, now, 2)
        trustee.open(f"/ballots/{hand.slug}/key")
        look("done")
        trustee.open(f"/ballots/{hand.slug}/test")
        look("start")
        give()
        look("done")
        runs = person(organizer)
        runs.open(f"/ballots/{hand.slug}/run?lang={language}")
        found.extend(faults(runs.page, "run"))
        runs.open("/ballots/new")
        found.extend(faults(runs.page, "new"))
    assert found == []
    assert [line for line in said if not line.startswith("log:")] == []
