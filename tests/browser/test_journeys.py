"""Three journeys through a running union in Chromium, on a phone and on a desk, by mouse and by keyboard alone.

Nothing stands in for a part: the seed's members, two web workers, the scheduler, the message desk, real encryption.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.looking import DESK, PHONE
from tests.browser.steps import (
    announce,
    ask_for_keys,
    end_it,
    in_english,
    local,
    mailed,
    make_a_key,
    open_voting,
    plan,
    release,
    tick_trustees,
    vote_yes,
)
from union.actions import service as acting
from union.ballots.models import Ballot
from union.campaigns import queries as campaigns
from union.core import db
from union.core.clock import utcnow
from union.core.errors import Conflict
from union.core.zones import instant
from union.demo import rounds
from union.demo.seed import ZONE, Seed
from union.demo.texts import Story
from union.demo.votes import CODE
from union.members import queries as members

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAYS = [(screen, means) for screen in (PHONE, DESK) for means in ("mouse", "keyboard")]
NAMES = [f"{screen[0]}-{means}" for screen, means in WAYS]
ways = pytest.mark.parametrize("way", range(len(WAYS)), ids=NAMES)

GATHERING = "our-photos-are-not-training-data"
ACTING = "pay-for-waiting-time"
SHOWN_FROM = 10  # smaller counts are nobody's business
SOON = timedelta(seconds=75)


@pytest.fixture
def screen_and_means(way):
    return WAYS[way]


def desk_message(organizer, union, to, containing):
    """Let the organizer find the newest message to `to` that holds a text, at the desk; return what it says."""
    for turn in range(120):
        organizer.open(f"{union.url}/desk?page={1 + turn % 4}")
        rows = organizer.page.locator("tbody tr", has_text=to)
        for n in range(3):
            if rows.count() <= n:  # newer messages may have pushed it to the next page
                break
            organizer.use(rows.nth(n).get_by_role("link"))
            organizer.page.wait_for_url("**/desk/*")
            text = organizer.page.locator("main").inner_text()
            if re.search(containing, text):
                return text
            organizer.page.go_back()
        organizer.page.wait_for_timeout(100)
    raise AssertionError(f"no message with {containing!r} to {to} at the desk")


# --- an action is planned first, so that its clock runs while the others walk


@dataclass
class Planned:
    """The action that starts while these tests run: the first that two organizers released."""

    slug: str
    title: str
    starts_at: object


SOONEST: list[Planned] = []


def london_driver(way):
    """Somebody in London who is called to act and can be texted: another one for each way."""
    with db.reading() as session:
        called = campaigns.called(session, campaigns.card(session, ACTING).id)
        found = [
            one for one in members.contacts(session, called) if one.zone == "Europe/London" and one.sms_ok
        ]
    return sorted(found, key=lambda one: one.member_id)[way]


def only_ours(union):
    """Call the seed's action off: it would start among ours, on the same page."""
    with db.transaction() as session:
        organizer = members.actor_of(session, union.people.organizers[0])
        acting.cancel(
            session, actor=organizer, now=utcnow(), slug="two-hours-offline-together", reason="Another evening",
            site=union.url,
        )  # fmt: skip


def plan_an_action(people, union, way):
    """From the campaign to the release: plan, calendar, tests, two signatures. The first starts soon."""
    if not SOONEST:
        only_ours(union)
    first, second = (people(one, "/console") for one in union.people.organizers)
    title = f"Evening off {NAMES[way]}"
    first.follow("Plan an action")
    first.follow("Pay for waiting time")
    ahead = timedelta(hours=2 + way) if SOONEST else SOON
    starts = local(utcnow() + ahead) + timedelta(minutes=1)
    console = plan(
        first, title, starts=starts, ends=starts + timedelta(hours=2), floor="10",
        at_the_latest="at the start", decides="2 minutes before",
    )  # fmt: skip
    announce(first)
    release(first, second, console)
    contact = london_driver(way)
    moment = instant(starts, ZONE)
    here = f"{moment.astimezone(ZoneInfo(contact.zone)):%H:%M}"
    assert here != f"{starts:%H:%M}"
    desk_message(first, union, contact.phone, rf"It begins .* {here}, London time\. What to do")
    if not SOONEST:
        SOONEST.append(Planned(console.removesuffix("/console").rpartition("/")[2], title, moment))


@ways
def test_two_organizers_release_an_action(people, union, way):
    plan_an_action(people, union, way)


# --- a visitor joins and pledges


@ways
def test_a_visitor_joins_and_pledges(people, union, way):
    visitor = people()
    email = f"robin.{NAMES[way]}@leden.example"
    name = f"Robin {NAMES[way]}"
    visitor.follow("Our photos are not training data")
    before = int(visitor.page.locator("[data-live=count]").inner_text())
    visitor.follow("Join and pledge")
    visitor.heading("Join us")
    visitor.follow("Begin")
    visitor.fill("What shall we call you?", name)
    visitor.press("Continue")
    visitor.fill("Email address", email)
    visitor.press("Continue")
    visitor.heading("Which chapter is near you?")
    visitor.choose("Utrecht")
    visitor.press("Continue")
    visitor.tick("Instagram")
    visitor.press("Continue")
    visitor.tick("User")
    visitor.press("Continue")
    visitor.choose("English")
    visitor.press("Continue")
    visitor.reads(email)
    visitor.press("Send")

    organizer = people(union.people.organizers[0], "/console")
    code = re.search(r"\b(\d{3} ?\d{3})\b", desk_message(organizer, union, email, "is your code"))[1]
    visitor.fill("Six-digit code", code)
    visitor.press("Confirm")
    visitor.page.wait_for_url(f"**/campaigns/{GATHERING}")

    organizer.open(f"{union.url}/members/waiting")
    organizer.heading("Waiting list")
    organizer.agree("Admit")
    organizer.reads("Nobody waits.")

    visitor.follow("I pledge")
    visitor.choose(re.compile("^If at least a number act"))
    visitor.fill("At least how many people, you included?", "20")
    visitor.press("Continue to check")
    visitor.reads("You act if at least 20 people act, you included.")
    visitor.press("I pledge")
    visitor.reads("You have pledged")
    expect(visitor.page.locator("[data-live=count]")).to_have_text(str(before + 1), timeout=60_000)
    assert visitor.page.locator(".meter .stroke.on").count() == (before + 1) * 50 // 63


# --- a strike vote, from the form to the board


@pytest.fixture
def tipped(union, way):
    """A campaign of its own that has tipped, made as the seed makes them."""
    seeder = Seed(union.settings, say=print)
    seeder.everybody = [union.people.member]
    story = Story(
        "thuisbezorgd", "tipped", f"Pay the way back {NAMES[way]}", "Every kilometre is paid, the one back as well.",
        "Nobody pays for the way back.", "On the evening we agree on I take no deliveries.",
        days_ago=25, round_days=20, share=1.0, threshold=4,
    )  # fmt: skip
    slug = rounds.publish(seeder, story, union.people.organizers[0])
    rounds.pledge(seeder, slug, story.platform, story.share, 23)
    rounds.settle(seeder, slug, seeder.now - timedelta(days=5))
    return slug


def courier(way):
    """Somebody on the roll without a phone, whose pages are in English."""
    found = mailed("thuisbezorgd")
    return in_english(found[way % len(found)])


@ways
def test_an_organizer_launches_a_strike_vote_and_a_member_votes(people, union, way, tipped, tmp_path):
    voter = courier(way)
    organizer = people(union.people.organizers[0], f"/campaigns/{tipped}/organize")
    organizer.follow("Launch the strike vote")
    organizer.heading("Launch the strike vote")
    organizer.choose(re.compile("^Two thirds"))
    holders = union.people.trustees[:2]
    tick_trustees(organizer, holders)
    organizer.choose(re.compile("^Ed25519" if way % 2 else "^BELENIOS-2048"))
    today = local(utcnow()).replace(hour=9, minute=0)
    organizer.set_time("Opens", today + timedelta(days=2))
    organizer.set_time("Closes", today + timedelta(days=9))
    ballot = ask_for_keys(organizer)
    for one in holders:
        make_a_key(people(one, f"/ballots/{ballot}"), ballot, union, tmp_path)
    open_voting(organizer)

    with db.reading() as session:
        uuid = session.scalars(select(Ballot.uuid).filter_by(slug=ballot)).one()
    letter = desk_message(organizer, union, voter.email, f"/{uuid}/booth#")
    link = re.search(r"http://\S+/booth#\S+", letter)[0]
    assert CODE.search(link)
    member = people(voter.member_id, "/home")
    tracker = vote_yes(member, link, "Do you give the union a mandate for a data strike at Thuisbezorgd?")
    expect(member.page.locator("[data-part=signature-holds]")).to_be_visible()
    member.follow("Find your ballot on the public board")
    member.reads("Your vote is here")
    visitor = people()
    visitor.open(f"{union.url}/ballots/{ballot}/board")
    visitor.fill("Your tracker", tracker)
    visitor.press("Find my vote")
    visitor.reads("It counts")
    assert re.sub(r"\s", "", visitor.page.locator("#tracker-found").inner_text()) == tracker


# --- the action starts, and a member answers


def nine_others(planned):
    """Let nine be out already: the page tells numbers from ten."""
    with db.reading() as session:
        called = campaigns.called(session, campaigns.card(session, ACTING).id)
    answering = {london_driver(way).member_id for way in range(len(WAYS))}
    for one in sorted(set(called) - answering)[: SHOWN_FROM - 1]:
        with suppress(Conflict), db.transaction() as session:
            acting.check_in(session, actor=members.actor_of(session, one), now=utcnow(), slug=planned.slug)


@ways
def test_a_member_hears_of_the_start_and_answers_out(people, union, way):
    if not SOONEST:
        plan_an_action(people, union, way)
    [planned] = SOONEST
    contact = london_driver(way)
    member = people(contact.member_id, f"/actions/{planned.slug}")
    console = f"/actions/{planned.slug}/console"
    organizer = people(union.people.organizers[0], console)
    organizer.waits_for("Watch the count, and help members who are stuck.", tries=400)
    assert utcnow() >= planned.starts_at
    nine_others(planned)
    member.page.reload()
    member.reads("It is on")
    desk_message(
        organizer,
        union,
        contact.phone,
        rf"It is time\..*/actions/{planned.slug} Reply OUT once you are out\.",
    )
    public = people()
    public.open(f"{union.url}/campaigns/{ACTING}")
    shown = public.page.locator("section", has_text=planned.title).locator("[data-live=out]")
    watching = people(union.people.organizers[1], console)
    counted = watching.page.locator(".number [data-live=checked_in]")
    before = int(counted.inner_text())
    expect(shown).to_have_text(str(before) if before >= SHOWN_FROM else "fewer than 10")

    organizer.fill("What the member answers", "OUT")
    organizer.press("Send the reply")
    organizer.reads("Taken in as a reply")
    expect(counted).to_have_text(str(before + 1), timeout=30_000)
    expect(shown).to_have_text(str(before + 1), timeout=30_000)
    member.page.reload()
    member.reads("You are counted")


@pytest.mark.parametrize("way", [1], ids=[NAMES[1]])
def test_an_organizer_ends_the_action(people, union, way):
    if not SOONEST:
        pytest.skip("run with the rest of the file")
    organizer = people(union.people.organizers[1], f"/actions/{SOONEST[0].slug}/console")
    end_it(organizer)
    visitor = people()
    visitor.open(f"{union.url}/campaigns/{ACTING}")
    visitor.reads(re.compile(rf"{SOONEST[0].title}.*ended"))
