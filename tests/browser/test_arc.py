"""From a plan to an agreement, on a telephone by keyboard alone: an organizer, another, and a member.

A union that runs, with its own scheduler; bounded, so that it runs with every other test.
"""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from union.actions import service as acting
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.campaigns import queries as campaigns
from union.core import db
from union.core.actor import Role
from union.core.clock import utcnow
from union.demo.seed import ZONE, Seed
from union.members import queries as members

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ACTING, TABLE = "pay-for-waiting-time", "fees-a-shop-can-live-on"


def wall(moment):
    return f"{moment.astimezone(ZoneInfo(ZONE)):%Y-%m-%dT%H:%M}"


def released_action(union):
    """An action that two organizers have released and that the scheduler starts within two minutes."""
    seeder, now = Seed(union.settings, say=print), utcnow()
    starts = now + timedelta(seconds=80)
    with db.transaction() as session:
        first, second = (members.actor_of(session, one) for one in union.people.organizers)
        slug = acting.draft(
            session, actor=first, now=now, campaign_slug=ACTING,
            plan=Plan(
                kind=Kind.LOG_OFF, title="One evening off", summary="We stay away.", targets=("uber",),
                steps=("Log out.",), wall_start=wall(starts), wall_end=wall(starts + timedelta(hours=3)), zone=ZONE,
                floor=10, to_act=0, sms_route="desk",
            ),
        )  # fmt: skip
        acting.schedule(session, actor=first, now=now, slug=slug)
        for one in (first, second):
            acting.send_test(session, actor=one, now=now, slug=slug)
    seeder.deliver(utcnow())
    with db.transaction() as session:
        acting.arm(session, actor=first, now=utcnow(), slug=slug)
        acting.confirm(session, actor=second, now=utcnow(), slug=slug)
    return slug


def a_called_member(session):
    """Somebody called who reads English, and no organizer."""
    called = campaigns.called(session, campaigns.card(session, ACTING).id)
    plain = [one for one in called if members.actor_of(session, one).roles == {Role.MEMBER}]
    return next(one for one in members.contacts(session, plain) if one.language == "en").member_id


def plan_with_a_vote(organizer):
    organizer.follow("Plan an action")
    organizer.follow("Pay for waiting time")
    organizer.choose(re.compile("^Log-off"))
    organizer.press("Continue")
    organizer.heading("Plan an action")
    starts = (utcnow() + timedelta(days=3)).astimezone(ZoneInfo(ZONE)).replace(second=0, tzinfo=None)
    organizer.fill("Name", "A day off")
    organizer.fill("What we do and why", "We stay away for a day.")
    organizer.set_time("Start", starts)
    organizer.set_time("End", starts + timedelta(days=1))
    organizer.fill("Floor", "10")
    organizer.press("Save the plan")
    organizer.heading("A day off")
    console = organizer.page.url
    organizer.reads("An action with a fixed end can be waited out.")
    organizer.follow("Plan a vote")
    organizer.fill("Name of the next step", "A week off")
    organizer.fill("Question", "Do we stay away for a week?")
    organizer.choose("We go on for longer")
    organizer.fill("How much longer", "0")
    organizer.tick("The union's server holds a share too")
    organizer.choose("Ed25519 Four times as fast")
    organizer.press("Plan the vote")
    organizer.reads("Say what changes if the vote passes")
    assert organizer.field("Question").input_value() == "Do we stay away for a week?", "nothing typed is lost"
    organizer.fill("How much longer", "6")
    organizer.page.get_by_label("Counted in").first.select_option(label="days")
    organizer.press("Plan the vote")
    organizer.reads("The vote is planned.")
    organizer.reads("we go on for longer: 6 days.")
    organizer.press("Put on the calendar")
    organizer.reads("Members see it on their page now.")
    return console


def test_from_the_plan_to_the_agreement(people, union):
    first_id, second_id = union.people.organizers
    live = released_action(union)
    with db.reading() as session:
        member_id = a_called_member(session)

    organizer = people(first_id, "/console")
    console = plan_with_a_vote(organizer)
    planned = console.removesuffix("/console")

    member = people(member_id, planned.removeprefix(union.url))
    member.reads("What comes after")
    member.reads("A week off")
    member.press("I have read it: I'm in")
    member.reads("You are in.")

    organizer.follow("Call it off")
    organizer.fill("Why?", "They answered.")
    organizer.press("Yes, call it off")
    organizer.reads(re.compile(r"\d+ messages tell of it"))
    organizer.reads("not held")
    member.page.reload()
    member.reads("They answered.")

    member.open(f"{union.url}/actions/{live}")
    member.waits_for("It is on", tries=240)
    member.press("I'm out")
    member.reads("You are counted")
    member.press("I have done all steps")
    member.reads("All steps done: counted.")

    organizer.open(f"{union.url}/actions/{live}/console")
    organizer.fill("How many, from paper", "12")
    organizer.press("Add to the count")
    organizer.reads("Counted from paper.")
    organizer.agree("End it now")
    organizer.reads("The action has ended. Everybody is told.")
    organizer.follow("Write the debrief")
    organizer.fill("What we do differently, or again", "Begin an hour earlier.")
    organizer.tick("Show the debrief on the campaign page")
    organizer.press("Save the debrief")
    organizer.reads("Begin an hour earlier.")
    member.page.reload()
    member.choose("Rating or ranking lowered")
    member.press("Count it")
    member.reads("Counted, without your name.")
    member.follow("Read the debrief")
    member.reads("13")

    sitter = people(second_id, f"/bargaining/{TABLE}")
    sitter.follow("Offer 4 · Theirs")
    sitter.agree("Accept it")
    sitter.press("Make it an agreement")
    sitter.heading("Write the agreement")
    sitter.press("Save")
    sitter.reads("No fee rises sooner than two months")
    agreement = sitter.page.url
    sitter.agree("We have a tentative agreement")
    sitter.reads("Fingerprint of the words")
    organizer.open(agreement)
    organizer.follow("Let members vote")
    organizer.tick("The union's server holds a share too")
    organizer.press("Draft the vote")
    organizer.reads("Next the trustees make their keys.")
    sitter.open(agreement)
    sitter.reads("Members are voting.")
