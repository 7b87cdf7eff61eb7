"""Steps that people take in several walks: call, run and open a vote, cast it, plan, sign and end an action; the clock."""

import re
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update

from union.ballots import queries
from union.ballots.models import Ballot
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.demo import votes
from union.demo.seed import ZONE
from union.members import queries as members
from union.members import service as registry

LABELS = {
    "at_the_latest": "The last member must know",
    "decides": "Go or no-go, at the latest",
    "sender": "Sender of the texts",
}

# --- who walks, and what the clock says


def mailed(platform, *, but=()):
    """Members of a platform who are reached by email alone, which night does not delay; in order of id."""
    with db.reading() as session:
        roll = members.contacts(session, members.eligible(session, platform_slug=platform))
    found = [one for one in roll if not one.phone and one.email and one.member_id not in but]
    return sorted(found, key=lambda one: one.member_id)


def in_english(contact):
    """Let somebody's pages be in English; return them."""
    with db.transaction() as session:
        registry.update_details(
            session, actor=members.actor_of(session, contact.member_id), name=contact.name, language="en",
            zone=contact.zone, chapter=contact.chapter_slug, now=utcnow(),
        )  # fmt: skip
    return contact


def local(moment):
    return moment.astimezone(ZoneInfo(ZONE)).replace(second=0, microsecond=0, tzinfo=None)


def move(model, condition, **moments):
    """Let a moment that was set for later be now; the scheduler does the rest."""
    with db.transaction() as session:
        session.execute(update(model).where(condition).values(**moments))


# --- a vote


def tick_trustees(organizer, holders):
    with db.reading() as session:
        names = members.display_names(session, holders)
    for one in holders:
        organizer.tick(names[one])


def ask_for_keys(organizer):
    """Draft the vote whose form is filled in, and ask for its keys; return its slug."""
    organizer.press("Draft the vote")
    organizer.reads("Next the trustees make their keys.")
    organizer.follow("Run this ballot")
    organizer.page.wait_for_url("**/run")
    organizer.press("Ask the trustees for their keys")
    organizer.reads("The trustees are asked for their keys.")
    return organizer.page.url.removesuffix("/run").rpartition("/")[2]


def open_voting(organizer):
    """Hand out the codes and open, once the keys are there."""
    organizer.page.reload()
    organizer.agree("Freeze the roll and hand out voting codes")
    organizer.reads("The roll is frozen")
    organizer.agree("Open voting now")
    organizer.reads("Voting is open.")


def make_a_key(trustee, ballot, union, tmp_path):
    """Make the key, save it, show that it is saved, hand in its public part."""
    trustee.open(f"{union.url}/ballots/{ballot}/key")
    trustee.press("Make my key")
    with trustee.page.expect_download() as saved:
        trustee.press("Save the key file")
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    trustee.hand_over("The key file you saved", path)
    trustee.tick("I have saved my key in a safe place")
    trustee.press("Register my key")
    trustee.heading("Your key is registered")
    return path


def give_a_share(trustee, ballot, union, path):
    """Open the sums with the key that was saved."""
    trustee.open(f"{union.url}/ballots/{ballot}/decrypt")
    trustee.heading("Give your share of the count")
    trustee.hand_over("Your key file", path)
    trustee.press("Compute and send my share")
    trustee.heading("Your share is received")


def code_of(member_id, ballot):
    """Wait until the desk has the member's voting code; return it."""
    with db.reading() as session:
        [contact] = members.contacts(session, [member_id])
    for _ in range(240):
        found = votes.credentials(ballot)
        if code := found.get(contact.phone or "") or found.get(contact.email or ""):
            return code
        time.sleep(0.5)
    raise AssertionError("no voting code at the desk")


def vote_yes(member, booth, asked=re.compile(".")):
    """Read what is asked, choose, check, seal, cast; return the tracker."""
    member.open(booth)
    member.heading(asked)
    member.choose(re.compile("^Yes"))
    member.press("Continue")
    return seal_and_cast(member)


def seal_and_cast(member):
    """From the answers that are given to the receipt; return the tracker."""
    member.heading("Check your ballot")
    member.press("Seal my ballot")
    member.heading("Your ballot is sealed")
    member.press("Cast my ballot")
    member.heading("Your ballot is cast")
    return re.sub(r"\s", "", member.page.locator("[data-part=receipt-tracker]").inner_text())


def page_of(slug):
    with db.reading() as session:
        return queries.ballot_page(session, slug, SYSTEM, utcnow())


def until(slug, *states):
    """Wait until the scheduler has brought the ballot to one of these states."""
    for _ in range(240):
        if page_of(slug).state in states:
            return
        time.sleep(0.5)
    raise AssertionError(f"the ballot never came to {' or '.join(states)}")


def close_now(slug):
    """Let the closing time be now; the scheduler does the rest."""
    move(Ballot, Ballot.slug == slug, opens_at=utcnow() - timedelta(hours=1), closes_at=utcnow())
    until(slug, "closed", "concluded")  # a key that the server holds alone opens the sums at once


# --- an action


def plan(organizer, name, *, starts, ends, floor, **picks):
    """Fill in the plan of a log-off and save it; return its console's address."""
    organizer.choose(re.compile("^Log-off"))
    organizer.press("Continue")
    organizer.heading("Plan an action")
    organizer.fill("Name", name)
    organizer.fill("What we do and why", "We stay away until it is over.")
    organizer.set_time("Start", starts)
    organizer.set_time("End", ends)
    organizer.fill("Floor", floor)
    for label, option in picks.items():
        organizer.pick(LABELS[label], option)
    organizer.press("Save the plan")
    organizer.heading(name)
    return organizer.page.url


def announce(organizer):
    organizer.press("Put on the calendar")
    organizer.reads("Members see it on their page now.")


def release(first, second, console):
    """Each organizer gets a test message and signs; the first is at the console already."""
    first.press("Send me a test")
    first.reads("A test message is on its way to you", within="body")
    second.open(console)
    second.press("Send me a test")
    second.reads("A test message is on its way to you", within="body")
    sign(first, "Release the action")
    first.reads("another organizer confirms")
    sign(second, "Confirm the release")
    second.reads("Released. The clock starts it.")


def sign(organizer, name):
    """Sign once the test message has arrived: until then the button is off."""
    for _ in range(120):
        organizer.page.reload()
        if organizer.page.locator("details.confirm > summary").get_by_text(name, exact=True).count():
            return organizer.agree(name)
        organizer.page.wait_for_timeout(500)
    raise AssertionError(organizer.page.locator("#ready").inner_text())


def end_it(organizer):
    organizer.agree("End it now")
    organizer.reads("The action has ended. Everybody is told.")
