"""A helper calls from a list on a phone, by keyboard alone; and every page of organizing work as Chromium sees it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser import looking
from tests.browser.looking import DESK, PHONE, Ear
from tests.browser.person import PATIENCE, Person
from tests.factories.organizing import awake_zone
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.members import queries as members
from union.members import service as registry
from union.organizing import scope, service
from union.organizing.models import CallAttempt, CallEntry, CallList, Talk
from union.organizing.rules.calling import Kind
from union.organizing.rules.wanted import Wanted
from union.organizing.service import ListDraft

pytestmark = pytest.mark.browser
PEOPLE = ("Nadia Jansen", "Piet Smit", "Kim Bos")


@pytest.fixture
def calling(union):
    """A list of three people who are awake now, which the demo's member helps to call; return its id."""
    now = utcnow()
    with db.transaction() as session:
        organizer = members.actor_of(session, union.people.organizers[0], now=now)
        place = registry.add_chapter(session, actor=SYSTEM, name=f"Garage {now:%H%M%S}", zone="UTC", now=now)
        for n, name in enumerate(PEOPLE):
            registry.create_member(
                session, actor=SYSTEM, name=name, phone=f"+316123{now:%M%S}{n}", chapter=place,
                zone=awake_zone(now), now=now,
            )  # fmt: skip
        made = service.make_list(
            session,
            actor=organizer,
            now=now,
            draft=ListDraft(
                Kind.CALL, "Ask for Friday", "Hello.\nDo you come on Friday?", scope.chapter(place), Wanted(),
                now + timedelta(days=2),
            ),
        )  # fmt: skip
        service.add_helper(
            session,
            actor=organizer,
            list_id=made,
            member_id=union.people.member,
            until=now + timedelta(days=1),
            now=now,
        )
    return made


def picture(page, name):
    """Keep a picture where somebody asked for it."""
    if folder := os.environ.get("UNION_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_session_on_a_phone_by_keyboard_alone(chromium, union, calling):
    context = chromium.new_context(viewport={"width": 375, "height": 800}, locale="en-GB")
    context.add_init_script(path=looking.AXE)
    page = context.new_page()
    ear = Ear().listen(page)
    helper = Person(page, "keyboard")
    helper.open(union.link(union.people.member, "/home"))
    helper.use(page.locator("main form button"))
    page.wait_for_url("**/home")
    helper.follow("Call people: Ask for Friday")

    helper.heading("Ask for Friday")
    expect(page.get_by_role("button", name="Next person")).to_be_focused(timeout=PATIENCE)
    assert "+316" not in page.content()
    page.keyboard.press("Enter")
    helper.reads("Call +316")
    first = page.locator("h1").inner_text()
    assert first in {name.split()[0] for name in PEOPLE}
    assert looking.everything(page) == []
    picture(page, "on-the-line")

    page.keyboard.press("2")  # no answer
    helper.reads("Written down: No answer.")
    helper.reads("Call +316")
    second = page.locator("h1").inner_text()
    assert second not in {first, "Ask for Friday"}

    helper.use(page.locator("summary", has_text="Assessment and note"))
    helper.pick("Assessment, if you reached them", "2 · Supporter: takes part")
    helper.fill("Note, if you reached them", "brings 2 or 3 others")  # digits typed here press nothing
    helper.heading(second)
    picture(page, "a-note")
    helper.press("Reached")
    helper.reads("Written down: Reached.")
    helper.reads("Call +316")

    helper.use(page.get_by_role("button", name="Call back later"))
    helper.reads("Say when to call back.")
    assert looking.everything(page) == []
    picture(page, "refused")
    page.locator("body").press("2")
    helper.reads("Nobody can be called right now.")
    picture(page, "nobody-left")
    helper.press("Undo my last call")
    helper.reads("Taken back. They are on your line again.")
    page.locator("body").press("3")
    helper.reads("2 of 3 done")
    assert [line for line in ear.heard() if "422" not in line] == []
    context.close()

    with db.reading() as session:
        entries = session.scalars(select(CallEntry).where(CallEntry.list_id == calling)).all()
        assert sorted(one.outcome for one in entries) == ["no_answer", "reached", "wrong_number"]
        talk = session.scalars(select(Talk).where(Talk.by_id == union.people.member)).one()
        assert (talk.rating, talk.note) == (2, "brings 2 or 3 others")
        assert all(
            one.ended_at
            for one in session.scalars(
                select(CallAttempt).where(CallAttempt.entry_id.in_([e.id for e in entries]))
            )
        )


def test_the_keys_can_be_switched_off(chromium, union, calling):
    context = chromium.new_context(viewport={"width": 375, "height": 800}, locale="en-GB")
    page = context.new_page()
    page.goto(union.link(union.people.member, f"/organizing/calling/{calling}"))
    page.locator("main form button").click()
    page.get_by_role("button", name="Next person").click()
    page.get_by_label("Keys 1 to 5 press the five buttons").uncheck()
    page.locator("body").press("3")
    page.wait_for_timeout(300)
    assert "Call +316" in page.locator("main").inner_text()
    page.reload()
    expect(page.get_by_label("Keys 1 to 5 press the five buttons")).not_to_be_checked()
    context.close()


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_and_is_accessible(chromium, union, screen):
    with db.reading() as session:
        lists = {
            one.kind: one.id for one in session.scalars(select(CallList).order_by(CallList.created_at.desc()))
        }
        person = session.scalars(select(Talk.member_id).where(Talk.note.is_not(None))).first()
    paths = (
        "/organizing", "/organizing/people?rating=2", f"/organizing/people/{person}", "/organizing/tags",
        "/organizing/lists", f"/organizing/lists/{lists['call']}", f"/organizing/texts/{lists['text']}",
        "/organizing/lists/new/call", "/organizing/lists/new/text", "/organizing/tasks", "/organizing/prospects",
        "/organizing/import", "/account/noted", "/tasks", "/invited/nothing",
    )  # fmt: skip
    context = chromium.new_context(
        viewport={"width": screen[0], "height": screen[1]}, color_scheme="dark" if screen == DESK else "light"
    )
    context.add_init_script(path=looking.AXE)
    page = context.new_page()
    page.goto(union.link(union.people.organizers[0], "/home"))
    page.locator("main form button").click()
    page.wait_for_url("**/home")
    wrong = {}
    for path in paths:
        page.goto(union.url + path)
        if found := looking.everything(page):
            wrong[path] = found
    context.close()
    assert wrong == {}
