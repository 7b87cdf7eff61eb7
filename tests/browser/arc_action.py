"""The walk from people who are called to a debrief: the strike vote, its mandate, an action of two signatures."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.steps import (
    announce,
    ask_for_keys,
    close_now,
    code_of,
    end_it,
    give_a_share,
    local,
    make_a_key,
    move,
    open_voting,
    plan,
    release,
    tick_trustees,
    until,
    vote_yes,
)
from union.actions.models import Action, ActionZoneFiring
from union.core import db
from union.core.clock import utcnow


def call_the_vote(walk, tmp_path):
    """Call, key, open, cast, count, by trustees with keys of their own; until the mandate."""
    organizer, now = walk.organizer, local(utcnow())
    organizer.follow("Organize this campaign")
    organizer.follow("Launch the strike vote")
    organizer.heading("Launch the strike vote")
    organizer.choose(re.compile("^Simple majority"))
    tick_trustees(organizer, walk.union.people.trustees[:2])
    organizer.choose(re.compile("^Ed25519"))
    organizer.set_time("Opens", now + timedelta(days=2))
    organizer.set_time("Closes", now + timedelta(days=9))
    ballot = ask_for_keys(organizer)
    kept = [make_a_key(one, ballot, walk.union, tmp_path / str(n)) for n, one in enumerate(walk.trustees)]
    open_cast_close(walk, ballot)
    for trustee, path in zip(walk.trustees, kept, strict=True):
        give_a_share(trustee, ballot, walk.union, path)
    until(ballot, "concluded")
    walk.member.open(walk.campaign)
    walk.member.waits_for("In force", tries=120, within="#mandate")
    walk.member.reads("2 of")


def open_cast_close(walk, ballot):
    open_voting(walk.organizer)
    for name in ("member", "other"):
        code = code_of(walk.ids[name], ballot)
        vote_yes(getattr(walk, name), f"{walk.union.url}/ballots/{ballot}/booth#{code}")
    close_now(ballot)


def plan_a_vote_and_call_off(walk):
    """Plan a vote on going on beside an action; what was typed wrongly stays; call it off with its vote."""
    organizer, member, starts = walk.organizer, walk.member, local(utcnow()) + timedelta(days=3)
    organizer.open(f"{walk.campaign}/organize")
    organizer.follow("Act")
    console = plan(organizer, "A day off", starts=starts, ends=starts + timedelta(days=1), floor="3")
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
    announce(organizer)
    member.open(console.removesuffix("/console"))
    member.reads("What comes after")
    member.reads("A week off")
    member.press("I have read it: I'm in")
    member.reads("You are in.")
    organizer.follow("Call it off")
    organizer.fill("Why?", "They answered.")
    organizer.press("Yes, call it off")
    organizer.reads(re.compile(r"\d+ messages? tells? of it"))
    organizer.reads("not held")
    member.page.reload()
    member.reads("They answered.")


def plan_and_release(walk):
    organizer, starts = walk.organizer, local(utcnow()) + timedelta(hours=1)
    organizer.open(f"{walk.campaign}/organize")
    organizer.follow("Act")
    console = plan(
        organizer,
        "Friday off",
        starts=starts,
        ends=starts + timedelta(hours=3),
        floor="3",
        at_the_latest="at the start",
    )
    walk.action = console.removesuffix("/console")
    announce(organizer)
    release(organizer, walk.second, console)
    slug = walk.action.rpartition("/")[2]
    soon = utcnow() + timedelta(seconds=5)
    with db.reading() as session:
        action = session.scalars(select(Action.id).filter_by(slug=slug)).one()
    move(Action, Action.id == action, starts_at=soon, briefing_at=utcnow(), go_no_go_at=utcnow())
    move(ActionZoneFiring, ActionZoneFiring.action_id == action, starts_at=soon)


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
    organizer.fill("How many, from paper", "12")
    organizer.press("Add to the count")
    organizer.reads("Counted from paper.")
    end_it(organizer)
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
    member.reads("Begin an hour earlier.")
    member.reads("13")
