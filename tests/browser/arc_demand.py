"""The walk from a demand to people who are called: debate, frozen words, a show of hands, pledges."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.arc import BETTER_WORDS, DEMAND, FIRST_WORDS, TITLE, fits
from tests.browser.steps import local, move
from union.campaigns.models import Campaign, StructureTest
from union.core.clock import utcnow


def start_a_campaign(walk):
    organizer, now = walk.organizer, local(utcnow())
    organizer.follow("Start a campaign")
    organizer.follow("Bolt")
    organizer.choose(re.compile("^Pledge to act together"))
    organizer.press("Continue")
    organizer.heading("Write the campaign")
    organizer.fill("Title", TITLE)
    organizer.fill("The demand in one sentence", "Show us the whole fare before we accept a ride.")
    organizer.fill("What it is about", "Nobody can decide on half a number.")
    organizer.fill("What members pledge to do", "On the evening we agree on I log off from Bolt.")
    organizer.fill("Threshold", "3")
    organizer.set_time("Pledge deadline", now + timedelta(days=9))
    organizer.set_time("Debate on demands until", now + timedelta(days=2))
    fits(organizer)
    organizer.press("Save the draft")
    organizer.heading(TITLE)
    walk.slug = organizer.page.url.rpartition("/campaigns/")[2].removesuffix("/organize")


def debate(walk):
    member, other = walk.member, walk.other
    member.open(f"{walk.union.url}/campaigns")
    member.follow(TITLE)
    member.follow("Propose a demand")
    member.fill("Demand", DEMAND)
    member.fill("In full", FIRST_WORDS)
    member.press("Show it to members")
    member.heading(DEMAND)

    other.open(walk.campaign)
    other.follow("Debate the demands")
    other.reads("The debate runs until")
    other.follow(DEMAND)
    other.press("I stand behind it")
    other.reads("1 member stands behind it")
    other.follow("Propose another wording")
    other.fill("In full", BETTER_WORDS)
    other.fill("Why is this better?", "The share they keep is what changes.")
    other.press("Propose it")
    other.reads("with what it changes marked")
    expect(other.page.locator("ins").filter(has_text="what Bolt keeps")).to_be_visible()
    fits(other)


def adopt_and_freeze(walk):
    organizer, member = walk.organizer, walk.member
    organizer.follow("Settle the demands")
    organizer.follow(DEMAND)
    organizer.press("Take it in")
    organizer.reads(BETTER_WORDS)
    organizer.choose("Adopt")
    organizer.press("Record it")
    organizer.reads("Adopted")
    demand = organizer.page.url

    move(Campaign, Campaign.slug == walk.slug, debate_until=utcnow())
    member.open(f"{walk.campaign}/demands")
    member.reads("The debate ended")
    assert not member.page.get_by_role("link", name="Propose a demand").count()
    organizer.follow("All demands")
    organizer.follow("Back to the campaign")
    organizer.follow("Organize this campaign")
    organizer.follow("Publish and freeze the words")
    organizer.reads(DEMAND)
    organizer.press("Publish")
    organizer.reads("Its words are frozen.")
    member.open(demand)
    member.reads("Frozen: members pledged on these words")
    member.unfold("Fingerprint of the words")
    expect(member.page.locator("#demand-hash")).to_be_visible()


def ask_for_hands(walk):
    organizer, member = walk.organizer, walk.member
    organizer.unfold("Open a structure test")
    organizer.fill("What do you ask?", "Would you log off on a Friday evening?")
    organizer.pick("From which majority is the count shown to members?", "Half")
    organizer.press("Ask members")
    organizer.reads("Would you log off on a Friday evening?")
    member.open(walk.campaign)
    member.press("I would")
    expect(member.page.get_by_role("button", name="Take it back")).to_be_visible()
    move(StructureTest, StructureTest.ask == "Would you log off on a Friday evening?", closes_at=utcnow())
    organizer.page.reload()
    organizer.reads(re.compile(r"Fewer than ten\s+of \d+ members would"), within="#tests")
    organizer.reads("Ended", within="#tests")
    member.page.reload()
    member.reads("the count stays with the organizers")


def pledge_and_tip(walk):
    for person, condition in (
        (walk.member, "If at least a number act"),
        (walk.other, "However many act"),
        (walk.organizer, "However many act"),
    ):
        person.open(walk.campaign)
        person.follow("I pledge")
        person.choose(re.compile(f"^{condition}"))
        if condition.startswith("If"):
            person.fill("At least how many people, you included?", "3")
        person.press("Continue to check")
        person.heading("Check your pledge")
        person.press("I pledge")
        person.reads("You have pledged")
    move(Campaign, Campaign.slug == walk.slug, pledge_deadline=utcnow())
    for person in (walk.member, walk.other, walk.organizer):
        person.waits_for("You are called", tries=120)
    walk.member.reads("3 members act together")
