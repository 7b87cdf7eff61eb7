"""The walk from people who are called to a debrief: the strike vote, its mandate, an action of two signatures."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.arc import local, move
from tests.browser.ballots import close_now, give_a_share, make_a_key, until, vote_yes
from union.actions.models import Action, ActionZoneFiring
from union.core import db
from union.core.clock import utcnow
from union.members import queries as members


def call_the_vote(walk, tmp_path):
    """Call, key, open, cast, count, by trustees with keys of their own; until the mandate."""
    organizer, now = walk.organizer, local(utcnow())
    organizer.follow("Organize this campaign")
    organizer.follow("Launch the strike vote")
    organizer.heading("Launch the strike vote")
    organizer.choose(re.compile("^Simple majority"))
    with db.reading() as session:
        names = members.display_names(session, walk.union.people.trustees)
    for one in walk.union.people.trustees[:2]:
        organizer.tick(names[one])
    organizer.choose(re.compile("^Ed25519"))
    organizer.set_time("Opens", now + timedelta(days=2))
    organizer.set_time("Closes", now + timedelta(days=9))
    organizer.press("Draft the vote")
    organizer.reads("Next the trustees make their keys.")
    organizer.follow("Run this ballot")
    organizer.page.wait_for_url("**/run")
    ballot = organizer.page.url.removesuffix("/run").rpartition("/")[2]
    organizer.press("Ask the trustees for their keys")
    organizer.reads("The trustees are asked for their keys.")
    kept = [make_a_key(one, ballot, walk.union, tmp_path / str(n)) for n, one in enumerate(walk.trustees)]
    open_cast_close(walk, ballot)
    for trustee, path in zip(walk.trustees, kept, strict=True):
        give_a_share(trustee, ballot, walk.union, path)
    until(ballot, "concluded")
    walk.member.open(walk.campaign)
    walk.member.waits_for("In force", tries=120, within="#mandate")
    walk.member.reads("2 of")


def open_cast_close(walk, ballot):
    organizer = walk.organizer
    organizer.page.reload()
    organizer.agree("Freeze the roll and hand out voting codes")
    organizer.reads("members get a voting code")
    organizer.agree("Open voting now")
    organizer.reads("Voting is open.")
    for name in ("member", "other"):
        vote_yes(getattr(walk, name), walk.union, ballot, walk.ids[name])
    close_now(ballot)


def plan_and_release(walk):
    organizer, second = walk.organizer, walk.second
    organizer.open(f"{walk.campaign}/organize")
    organizer.follow("Act")
    organizer.choose(re.compile("^Log-off"))
    organizer.press("Continue")
    organizer.heading("Plan an action")
    starts = local(utcnow()) + timedelta(hours=1)
    organizer.fill("Name", "Friday off")
    organizer.fill("What we do and why", "We stay away until ten.")
    organizer.set_time("Start", starts)
    organizer.set_time("End", starts + timedelta(hours=3))
    organizer.fill("Floor", "3")
    organizer.pick("The last member must know", "at the start")
    organizer.press("Save the plan")
    organizer.heading("Friday off")
    console = organizer.page.url
    walk.action = console.removesuffix("/console")
    organizer.press("Put on the calendar")
    organizer.reads("Members see it on their page now.")
    organizer.press("Send me a test")
    organizer.reads("A test message is on its way to you", within="body")
    second.open(console)
    second.press("Send me a test")
    second.reads("A test message is on its way to you", within="body")
    sign(organizer, "Release the action")
    organizer.reads("another organizer confirms")
    sign(second, "Confirm the release")
    second.reads("Released. The clock starts it.")
    slug = walk.action.rpartition("/")[2]
    soon = utcnow() + timedelta(seconds=5)
    with db.reading() as session:
        action = session.scalars(select(Action.id).filter_by(slug=slug)).one()
    move(Action, Action.id == action, starts_at=soon, briefing_at=utcnow(), go_no_go_at=utcnow())
    move(ActionZoneFiring, ActionZoneFiring.action_id == action, starts_at=soon)


def sign(organizer, name):
    """Sign once the test message has arrived: until then the button is off."""
    for _ in range(120):
        organizer.page.reload()
        if organizer.page.locator("details.confirm > summary").get_by_text(name, exact=True).count():
            return organizer.agree(name)
        organizer.page.wait_for_timeout(500)
    raise AssertionError(organizer.page.locator("#ready").inner_text())


def act_and_learn(walk):
    organizer, member = walk.organizer, walk.member
    member.open(walk.action)
    member.press("I have read it: I'm in")
    member.reads("You are in.")
    member.waits_for("It is on", tries=500)
    member.press("I'm out")
    member.reads("You are counted")
    member.press("I have done all steps")
    member.reads("All steps done: counted.")
    organizer.page.reload()
    expect(organizer.page.locator(".number [data-live=checked_in]")).to_have_text("1")
    organizer.agree("End it now")
    organizer.reads("The action has ended. Everybody is told.")
    organizer.follow("Write the debrief")
    organizer.fill("What we do differently, or again", "Begin an hour earlier.")
    organizer.tick("Show the debrief on the campaign page")
    organizer.press("Save the debrief")
    organizer.reads("Begin an hour earlier.")
    member.page.reload()
    member.follow("Read the debrief")
    member.reads("Begin an hour earlier.")
