"""A ranked ballot in real Chromium against the real application: voted by keyboard, shuffled, decrypted, counted."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import update

from tests.browser.booth_pages import Served
from tests.factories import ballots as make
from tests.rooms.ballots.test_ranked import GRADE, NAMES, RANK, SEATS, kinds
from union.app import create_app
from union.ballots import jobs, queries, service
from union.ballots.crypto import verify
from union.ballots.models import Ballot
from union.core import db
from union.members import service as members

CHROMIUM = "/usr/bin/chromium"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: the walk through a ranked ballot is LEFT OUT")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Walk:
    """The application served, and a phone for everybody who comes in."""

    def __init__(self, chromium, settings, hand, now):
        with db.transaction() as session:
            people = (hand.organizer, *hand.trustees, *hand.voters)
            self.tokens = {
                who: members.start_session(session, member_id=who, now=now, device="test") for who in people
            }
        self.chromium, self.app, self.said = chromium, create_app(settings), []
        self.served = Served(self.app)

    def enter(self, member, path, width=375):
        with self.app.test_client() as client:
            with client.session_transaction() as kept:
                kept["_user_id"], kept["_fresh"] = self.tokens[member], True
            cookie = client.get_cookie("union").value
        context = self.chromium.new_context(viewport={"width": width, "height": 800}, locale="en")
        context.add_cookies([{"name": "union", "value": cookie, "url": self.served.url}])
        page = context.new_page()
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))
        page.goto(f"{self.served.url}{path}")
        return page


def press(page, text):
    page.locator("button:visible, a:visible, summary:visible").filter(has_text=text).first.click()


def heading(page, text):
    expect(page.locator("h1")).to_have_text(text, timeout=20_000)


FOCUSED = "document.activeElement.tagName === 'BODY' ? '' : document.activeElement.textContent"


def tab_to(page, text):
    """Press Tab until the control with that text has focus, as a person would, and press it."""
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED)[:40])
        if text in seen[-1]:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way to {text!r} by keyboard, only {seen}")


def faults(page, name):
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": rules})
    found = [f"{name}: {each['id']} {each['nodes'][0]['target']}" for each in results.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name}: wider than the screen")
    return found


def test_a_ranked_ballot_from_keyboard_to_result(chromium, settings, database, tmp_path):
    now = make.real_now()
    with db.transaction() as session:
        hand = make.make_open_ballot(
            session,
            now,
            trustees=2,
            voters=2,
            kind="demands",
            preset="simple-majority",
            questions=[RANK, GRADE, SEATS],
        )
        uuid = make.row(session, hand).uuid
    walk = Walk(chromium, settings, hand, now)
    bad = []
    with walk.served:
        one, two = hand.voters
        booth = walk.enter(one, f"/ballots/{uuid}/booth#{hand.credentials[one]}")
        heading(booth, "Which demands come first?")
        tab_to(booth, "Continue")
        expect(booth.locator("[data-problems]")).to_contain_text("Put the answers in your order")
        for name in ("Hours", "Pay", "Data"):
            tab_to(booth, f"Add to my order {name}")
        tab_to(booth, "Higher Pay")
        expect(booth.locator(".orders [role=status], [data-part=choices] > [role=status]")).to_have_text(
            "Pay: place 1 of 3"
        )
        tab_to(booth, "Leave out Data")
        bad += faults(booth, "ranking")
        booth.screenshot(path=tmp_path / "ranking.png", full_page=True)
        tab_to(booth, "Continue")
        heading(booth, "How good is each offer?")
        for n in (0, 4, 8):
            booth.locator(f"#answer-{n}").focus()
            booth.keyboard.press("Space")
        bad += faults(booth, "grading")
        booth.screenshot(path=tmp_path / "grading.png", full_page=True)
        tab_to(booth, "Continue")
        heading(booth, "Who speaks for us?")
        booth.check("#answer-blank")
        press(booth, "Continue")
        heading(booth, "Check your ballot")
        said = booth.locator("[data-part=summary] p").all_inner_texts()
        assert said == [
            "1. Pay",
            "2. Hours",
            "Not in the order: Appeal, Data",
            "Pay: Good",
            "Hours: Fair",
            "Appeal: Bad",
            "Blank",
        ]
        tab_to(booth, "Seal my ballot")
        heading(booth, "Your ballot is sealed")
        tab_to(booth, "Cast my ballot")
        heading(booth, "Your ballot is cast")
        expect(booth.locator("[data-part=signature-holds]")).to_be_visible()
        with db.transaction() as session:
            answer = make.vote(session, hand, two, [[1, 2, 3, 4], [1, 1, 2], [2, 1, 0, 0]], make.real_now())
            assert isinstance(answer, service.Receipt)
            times = {"opens_at": now - timedelta(days=1), "closes_at": make.real_now()}
            session.execute(update(Ballot).where(Ballot.uuid == uuid).values(**times))
        assert jobs.close_due(make.real_now(), settings) == 1
        for place, trustee in enumerate(hand.trustees):
            page = walk.enter(trustee, f"/ballots/{uuid}")
            press(page, "Shuffle the votes")
            heading(page, "Shuffle the votes")
            if not place:
                bad += faults(page, "shuffle")
                later = walk.enter(hand.trustees[1], f"/ballots/{uuid}/shuffle")
                expect(later.locator("main")).to_contain_text("It is the turn of Trustee 1 now")
            press(page, "Shuffle and send")
            heading(page, "Your shuffle is received")
        for trustee in hand.trustees:
            key = tmp_path / "key.json"
            key.write_text(json.dumps(str(int(hand.keys[trustee].private_key))))
            page = walk.enter(trustee, f"/ballots/{uuid}/decrypt")
            page.set_input_files("#file", key)
            press(page, "Compute and send my share")
            heading(page, "Your share is received")
        for width in (375, 1280):
            result = walk.enter(hand.organizer, f"/ballots/{uuid}", width)
            expect(result.locator("main")).to_contain_text(
                "Pay stands above Hours: 2 put it higher, 0 lower."
            )
            bad += faults(result, f"result {width}")
            result.screenshot(path=tmp_path / f"result-{width}.png", full_page=True)
    with db.reading() as session:
        page = queries.ballot_page(session, uuid, make.actor(session, hand.organizer), make.real_now())
        order = [NAMES[place] for (place, *_) in page.results[0].counted.places]
        assert order[:2] == ["Pay", "Hours"]
        assert page.results[2].counted.blank == 1
        assert kinds(session, hand)[-6:-2] == ["Shuffle", "Shuffle", "EndShuffles", "PartialDecryption"]
        path = tmp_path / f"{uuid}.bel"
        path.write_bytes(b"".join(queries.archive(session, hand.slug)))
    assert verify(path).holds
    assert bad == []
    assert [line for line in walk.said if not re.search("status of 4", line)] == []
