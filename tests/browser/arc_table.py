"""The walk from the table to a promise that is watched: offers, ratification, obligations, grievances, renewal."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.arc import BETTER_WORDS, DEMAND, TITLE, fits
from tests.browser.arc_action import open_cast_close
from tests.browser.steps import ask_for_keys, local, move, until
from union.bargaining.models import Meeting, Obligation, TableReminder
from union.core import db
from union.core.clock import utcnow
from union.members import queries as members
from union.notify import queries as messages

OFFERED = "From the first of next month Bolt shows the fare after the ride."
ANSWERED = "From the first of next month Bolt shows the fare before the ride, with its own share."


def sit_down(walk):
    organizer, second = walk.organizer, walk.second
    organizer.open(f"{walk.campaign}/organize")
    organizer.follow("Bargain")
    row = organizer.page.locator("li", has_text=TITLE)
    organizer.press("Set the table", within=row)
    organizer.heading("Team and mandates")
    with db.reading() as session:
        name = members.display_names(session, [walk.union.people.organizers[1]])
    organizer.pick("Member", next(iter(name.values())))
    organizer.fill("Mandate", "The fare before the ride. Anything less goes back to members.")
    organizer.press("Seat them")
    organizer.reads("Anything less goes back to members.")
    second.open(walk.table)
    second.follow("Plan a meeting")
    second.set_time("Starts", local(utcnow()) + timedelta(days=1))
    second.fill("Place", "By video")
    second.fill("Agenda", "The fare")
    second.press("Save")
    second.follow("Meeting")
    second.reads("By video")
    move(Meeting, Meeting.place == "By video", starts_at=utcnow() - timedelta(hours=1))
    second.page.reload()
    second.follow("Write the minutes")
    second.fill("Minutes for all members", "They say drivers never asked. We brought 62 names.")
    second.press("Save the minutes")
    second.reads("We brought 62 names.")
    walk.member.open(walk.table)
    walk.member.reads("By video", within="section:has(#minutes)")


def offer_and_counter(walk):
    sitter, member = walk.second, walk.member
    sitter.open(walk.table)
    for page, button, words in (
        ("Make an offer", "Put the offer on the table", BETTER_WORDS),
        ("Write down their offer", "Keep their offer", OFFERED),
        ("Make an offer", "Put the offer on the table", ANSWERED),
        ("Write down their offer", "Keep their offer", ANSWERED),
    ):
        sitter.follow(page)
        sitter.heading(page)
        sitter.fill(DEMAND, words)
        sitter.press(button)
        sitter.heading(re.compile(r"^Offer \d"))
        sitter.follow("Back to the table")
    member.page.reload()
    member.follow("Offer 4 · Theirs")
    expect(member.page.locator("ins").first).to_be_visible()
    fits(member)
    sitter.follow("Offer 4 · Theirs")
    sitter.agree("Accept it")
    sitter.reads("Make it an agreement")


def write_and_ratify(walk):
    sitter, organizer, member, today = walk.second, walk.organizer, walk.member, local(utcnow()).date()
    sitter.open(walk.table)
    sitter.follow("Offer 4 · Theirs")
    sitter.press("Make it an agreement")
    sitter.heading("Write the agreement")
    sitter.set_day("First day", today)
    sitter.set_day("Last day", today + timedelta(days=200))
    clause = sitter.page.get_by_role("group", name="Clause 1")
    sitter.pick("Which demand does it answer?", DEMAND, within=clause)
    sitter.pick("What does it do with that demand?", "They concede it", within=clause)
    duty = sitter.page.get_by_role("group", name="Obligation 1")
    sitter.fill("What must be done", "Show the fare to ten drivers we name", within=duty)
    sitter.fill("By which clause (number)", "1", within=duty)
    sitter.set_day("By which day", today + timedelta(days=20), within=duty)
    fits(sitter)
    sitter.press("Save")
    sitter.page.wait_for_url(re.compile(r"/agreements/[^/]+$"))
    walk.agreement = sitter.page.url
    sitter.reads(ANSWERED)
    sitter.agree("We have a tentative agreement")
    sitter.reads("Fingerprint of the words")

    organizer.open(walk.agreement)
    organizer.follow("Let members vote")
    organizer.choose(re.compile("^Accept an agreement: simple majority"))
    organizer.tick("The union's server holds a share too")
    organizer.choose(re.compile("^Ed25519"))
    ballot = ask_for_keys(organizer)
    open_cast_close(walk, ballot)
    until(ballot, "concluded")
    member.open(walk.agreement)
    member.waits_for("In force", tries=240)
    member.reads("Accepted")
    member.follow(re.compile("^Demand: "))
    member.reads("Conceded")


def hold_them_to_it(walk):
    sitter, member = walk.second, walk.member
    move(
        Obligation, Obligation.title.startswith("Show the fare to ten"), due_at=utcnow() - timedelta(hours=1)
    )
    sitter.open(walk.agreement)
    sitter.reads("Overdue")
    sitter.follow("Show the fare to ten drivers we name")
    sitter.choose("Breached")
    sitter.fill("What you saw, and where", "Ten drivers looked; seven saw no fare.")
    sitter.press("Write it down")
    sitter.reads("seven saw no fare")

    member.open(walk.agreement)
    member.follow("Something is not kept")
    member.choose(re.compile("^1"))
    member.fill("What happened?", "On Tuesday the fare came after the ride.")
    member.press("Tell the team")
    member.heading(re.compile("^Grievance: "))
    case = member.page.url
    sitter.open(f"{walk.union.url}/grievances")
    sitter.page.locator(f"a[href='{case.removeprefix(walk.union.url)}']").first.wait_for()
    sitter.use(sitter.page.locator(f"a[href='{case.removeprefix(walk.union.url)}']").first)
    sitter.choose("Take it up")
    sitter.fill("Line in the log", "We ask Bolt for the record of that ride.")
    sitter.press("Write it down")
    sitter.reads("Taken up")
    member.page.reload()
    member.reads("We ask Bolt for the record of that ride.")
    fits(member)


def renew_in_time(walk):
    """The reminder that is due ninety days before the end reaches the team."""
    ref = f"agreement/{walk.agreement.rpartition('/')[2]}"
    with db.reading() as session:
        planned = session.scalars(
            select(TableReminder.id).filter_by(ref=ref).order_by(TableReminder.due_at)
        ).all()
    assert len(planned) == 3
    move(TableReminder, TableReminder.id == planned[0], due_at=utcnow())
    for _ in range(180):
        with db.reading() as session:
            if messages.messages(session, ref=f"reminder:{planned[0]}", page=1).rows:
                break
        walk.organizer.page.wait_for_timeout(500)
    else:
        raise AssertionError("nobody was reminded to renew")
    walk.second.open(walk.agreement)
    walk.second.reads("to renew it in time")
