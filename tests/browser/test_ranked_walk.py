"""A ballot of orders with any two of three trustees, from key to result, in Chromium: phones, and the keyboard alone.

Nothing stands in for a part: three trustees in three browsers make the key, test it, shuffle and open; the scheduler closes.
"""

import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.steps import close_now, open_voting, seal_and_cast, until
from union.ballots import service
from union.core import db
from union.core.actor import Role
from union.core.clock import utcnow
from union.demo import votes
from union.demo.seed import ZONE, Seed
from union.members import queries as members

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 120_000
ORDERS = (("Pay", "Hours", "Data"), ("Pay", "Data"), ("Hours", "Pay", "Data"))


def shows(person, heading):
    expect(person.page.locator("h1:visible")).to_have_text(heading, timeout=PATIENCE)
    assert not person.page.evaluate("document.documentElement.scrollWidth > innerWidth"), heading


def give_code(person, code, field, button):
    """Type a key code from its sheet, and press the button of its form."""
    form = person.page.locator("form", has=person.page.locator(field))
    person.use(form.locator("summary"))
    person.reach(person.page.locator(field))
    person.page.keyboard.type(code)
    person.use(form.get_by_role("button", name=button, exact=True))


def drafted(union):
    """Draft the ballot for one chapter; return its slug."""
    with db.transaction() as session:
        actor = members.actor_of(session, union.people.organizers[0])
        return service.draft(
            session,
            actor=actor,
            now=utcnow(),
            kind="general",
            subject="",
            title="What do we ask for first?",
            intro="",
            questions=[service.ranking("What do we ask for first?", ("Pay", "Hours", "Data"))],
            preset="union-default",
            group="Ed25519",
            opens_at=utcnow() + timedelta(days=1),
            closes_at=utcnow() + timedelta(days=2),
            zone=ZONE,
            chapter_slug="london",
            trustee_ids=union.people.trustees,
            threshold=2,
        )


def hold_the_ceremony(trustees):
    """Each makes a key code and keeps it; the open pages then go on by themselves. Return the codes."""
    codes = []
    for person in trustees:
        shows(person, "Make your key code")
        person.press("Make my key code")
        shows(person, "Keep your key code")
        codes.append(person.page.locator("[data-part=code]").inner_text())
        person.press("I have kept it")
        shows(person, "Show that you kept it")
        give_code(person, codes[-1], "#kept-typed", "Finish step 1")
        shows(person, re.compile("Waiting for the others|Computing|Check and finish|The key is made"))
    for person in trustees:
        person.page.bring_to_front()
        shows(person, "The key is made")
        assert person.page.locator("[data-part=code]").inner_text() == ""
    return codes


def show_the_keys_work(trustees, codes):
    for person, code in zip(trustees, codes, strict=True):
        person.follow("Test your key")
        shows(person, "Test your key")
        give_code(person, code, "#typed", "Test my key")
        shows(person, "Your key works")


def vote(person, booth, order):
    person.open(booth)
    shows(person, "What do we ask for first?")
    for answer in order:
        person.press(f"Add to my order {answer}")
    first = person.page.locator(".orders__list li").first
    expect(first).to_contain_text(order[0])
    person.press("Continue")
    seal_and_cast(person)


def voters(union, slug):
    """Wait until the desk has the voting codes; return (member, code) of as many voters as there are orders."""
    desk = Seed(union.settings, lambda _text: None)
    with db.reading() as session:
        everybody = members.contacts(session, members.with_role(session, Role.MEMBER))
    desk.everybody = ["", *(one.member_id for one in everybody if one.language == "en")]
    for _ in range(120):
        if len(found := votes.voters(desk, slug)) >= len(ORDERS):
            return found[: len(ORDERS)]
        time.sleep(1)
    raise AssertionError("too few voting codes at the desk")


def see_the_result(person, ballot):
    person.open(ballot)
    person.reads("Pay")
    expect(person.page.locator("main svg").first).to_be_visible()
    person.open(f"{ballot}/board")
    person.press("Check the archive")
    expect(person.page.locator("[data-part=verdict]")).to_have_text(
        "Everything that is there holds", timeout=PATIENCE
    )
    expect(person.page.locator("[data-part=list] .box--agreed")).to_have_count(7)
    expect(person.page.locator("[data-part=result]")).to_contain_text("3 orders opened, 0 of them blank")


def test_from_key_to_result(people, union):
    slug = drafted(union)
    ballot = f"/ballots/{slug}"
    organizer = people(union.people.organizers[0], f"{ballot}/run")
    organizer.press("Ask the trustees for their keys")
    organizer.reads("The trustees are asked for their keys.")
    trustees = [people(one, f"{ballot}/key") for one in union.people.trustees]
    codes = hold_the_ceremony(trustees)
    show_the_keys_work(trustees, codes)
    organizer.open(f"{union.url}{ballot}/run")
    open_voting(organizer)
    for (member, code), order in zip(voters(union, slug), ORDERS, strict=True):
        vote(people(member, "/home"), f"{union.url}{ballot}/booth#{code}", order)
    close_now(slug)
    for person in trustees:
        person.open(f"{union.url}{ballot}/shuffle")
        shows(person, "Shuffle the votes")
        person.press("Shuffle and send")
        shows(person, "Your shuffle is received")
    for n in (0, 2):
        trustees[n].open(f"{union.url}{ballot}/decrypt")
        shows(trustees[n], "Give your share of the count")
        give_code(trustees[n], codes[n], "#typed", "Compute and send my share")
        shows(trustees[n], "Your share is received")
    until(slug, "concluded")
    trustees[1].open(f"{union.url}{ballot}/decrypt")
    shows(trustees[1], "Your share is not needed")
    see_the_result(organizer, f"{union.url}{ballot}")
