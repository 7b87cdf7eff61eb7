"""A ballot from the draft to the result in real Chromium against the real application: nothing is simulated.

The trustee's key and share are made on the trustee's page, the votes are sealed in the booth.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect, sync_playwright
from pypdf import PdfReader
from sqlalchemy import select, update

from tests.browser.booth_pages import Served
from tests.factories import ballots as make
from union.app import create_app
from union.ballots import jobs, queries
from union.ballots.crypto import verify
from union.ballots.models import Ballot, BoardRecord, CastBallot
from union.ballots.queries.board import tracker_of
from union.core import db
from union.members import service as members

CHROMIUM = "/usr/bin/chromium"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: the journey is LEFT OUT")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("group", ["BELENIOS-2048", "Ed25519"])
def test_from_key_to_result(chromium, settings, database, tmp_path, group):
    now = make.real_now()
    with db.transaction() as session:
        hand = make.make_ballot_draft(
            session, now, trustees=1, voters=2, group=group, demands=True, opens_in=timedelta(minutes=5)
        )
        uuid = make.row(session, hand).uuid
        tokens = {
            who: members.start_session(session, member_id=who, now=now, device="test")
            for who in (hand.organizer, *hand.trustees, *hand.voters)
        }
    app = create_app(settings)
    said = []

    def cookie(member):
        with app.test_client() as client:
            with client.session_transaction() as kept:
                kept["_user_id"] = tokens[member]
                kept["_fresh"] = True
            return client.get_cookie("union").value

    def enter(url, member, path):
        context = chromium.new_context(
            viewport={"width": 375, "height": 800}, locale="en", accept_downloads=True
        )
        context.add_cookies([{"name": "union", "value": cookie(member), "url": url}])
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"pageerror: {error}"))
        page.goto(f"{url}{path}")
        return page

    def press(page, text):
        page.locator("button:visible, a:visible, summary:visible").filter(has_text=text).first.click()

    def heading(page, text):
        expect(page.locator("h1")).to_have_text(text, timeout=20_000)

    with Served(app) as served:
        organizer = enter(served.url, hand.organizer, f"/ballots/{hand.slug}/run")
        press(organizer, "Ask the trustees for their keys")
        expect(organizer.locator("body")).to_contain_text("The trustees are asked for their keys.")

        trustee = enter(served.url, hand.trustees[0], f"/ballots/{uuid}/key")
        press(trustee, "Make my key")
        heading(trustee, "Save your key")
        trustee.check("#saved")
        with trustee.expect_download() as download:
            press(trustee, "Save the key file")
        download.value.save_as(tmp_path / "key.json")
        trustee.set_input_files("#file", tmp_path / "key.json")
        press(trustee, "Register my key")
        heading(trustee, "Your key is registered")

        organizer.goto(f"{served.url}/ballots/{hand.slug}/run")
        press(organizer, "Freeze the roll and hand out voting codes")
        press(organizer, "Yes: Freeze the roll")
        expect(organizer.locator("body")).to_contain_text("The roll is frozen: 2 members")
        with db.reading() as session:
            make.read_credentials(session, hand)
        press(organizer, "Open voting now")
        press(organizer, "Yes: Open voting now")
        expect(organizer.locator("body")).to_contain_text("Voting is open.")

        for voter, answer in zip(hand.voters, ("#answer-0", "#answer-1"), strict=True):
            booth = enter(served.url, voter, f"/ballots/{uuid}/booth#{hand.credentials[voter]}")
            heading(booth, make.QUESTION)
            booth.check(answer)
            press(booth, "Continue")
            heading(booth, "Which demands come first?")
            booth.check("#answer-1")
            press(booth, "Continue")
            press(booth, "Seal my ballot")
            heading(booth, "Your ballot is sealed")
            press(booth, "Cast my ballot")
            heading(booth, "Your ballot is cast")
            expect(booth.locator("[data-part=signature-holds]")).to_be_visible()
            booth.locator("[data-part=board-link]").click()
            expect(booth.locator("#found")).to_contain_text("It counts")

        with db.transaction() as session:
            times = {"opens_at": now, "closes_at": make.real_now()}
            session.execute(update(Ballot).where(Ballot.uuid == uuid).values(**times))
        assert jobs.close_due(make.real_now(), settings) == 1
        trustee.goto(f"{served.url}/ballots/{uuid}/decrypt")
        heading(trustee, "Give your share of the count")
        trustee.set_input_files("#file", tmp_path / "key.json")
        press(trustee, "Compute and send my share")
        heading(trustee, "Your share is received")

        organizer.goto(f"{served.url}/ballots/{hand.slug}")
        expect(organizer.locator("body")).to_contain_text("Not adopted")
    with db.reading() as session:
        assert make.row(session, hand).counts == [[1, 1, 0], [0, 2, 0, 0]]
        path = tmp_path / f"{uuid}.bel"
        path.write_bytes(b"".join(queries.archive(session, hand.slug)))
    assert verify(path).holds
    assert said == []


def test_the_board_checks_the_whole_archive_in_the_browser(chromium, settings, database):
    """A tracker typed in capitals with gaps is found in the archive too; a group of bytes taken out is noticed."""
    with db.transaction() as session:
        hand = make.make_concluded_ballot(session, make.real_now() - timedelta(days=8))
        digest = session.scalars(select(CastBallot.ballot_hash).order_by(CastBallot.height)).first()
    tracker = tracker_of(digest)
    typed = " ".join(tracker[i : i + 4] for i in range(0, 43, 4)).upper()
    said = []
    with Served(create_app(settings)) as served:
        page = chromium.new_context(viewport={"width": 375, "height": 800}, locale="en").new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{served.url}/ballots/{hand.slug}/board?{urlencode({'tracker': typed})}")
        page.get_by_role("button", name="Check the archive").click()
        verdict = page.locator("[data-part=verdict]")
        expect(verdict).to_have_text("Everything that is there holds", timeout=60_000)
        expect(page.locator("[data-part=list]")).to_contain_text("5 ballots of 5 voters")
        expect(page.locator("[data-part=list]")).to_contain_text("Your ballot is in the archive")
        expect(page.locator("[data-part=result]")).to_contain_text("Yes: 3")
        with db.transaction() as session:
            session.execute(update(BoardRecord).where(BoardRecord.name == digest).values(content=b"{}"))
        page.get_by_role("button", name="Check the archive").click()
        expect(verdict).to_have_text("This archive does not hold", timeout=60_000)
    assert said == []


def test_the_report_prints_as_a_document(chromium, settings, database, tmp_path):
    """Saved as PDF by the browser: every fact is in it, with page numbers and lines to sign, without the site's frame."""
    with db.transaction() as session:
        hand = make.make_concluded_ballot(session, make.real_now() - timedelta(days=8))
        ballot = make.row(session, hand)
        facts = [ballot.uuid + ".bel", ballot.fingerprint, ballot.head, ballot.roll_hash]
    with Served(create_app(settings)) as served:
        page = chromium.new_context(locale="en").new_page()
        page.goto(f"{served.url}/ballots/{hand.slug}/report")
        expect(page.get_by_role("button", name="Print")).to_be_visible()
        page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    sheets = [sheet.extract_text() for sheet in PdfReader(tmp_path / "report.pdf").pages]
    text = "\n".join(sheets)
    whole = "".join(text.split())
    assert [fact for fact in facts if fact not in whole] == []
    for words in ("Adopted", "Scrutineer: name", "Certified", "union ballots verify"):
        assert words in text
    for frame in ("Sign in", "Skip to", "Download as PDF"):
        assert frame not in text
    assert "1 / " in text
    assert len(sheets) <= 4
