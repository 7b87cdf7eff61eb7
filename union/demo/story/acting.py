"""The story's third part: an action planned, armed, started at its moment, checked in to, debriefed."""

import time
from datetime import timedelta
from functools import partial

from union.actions import queries as acted
from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.audit import queries as audit
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo.story.stage import PLATFORM, Somebody, Story, wall
from union.demo.visitor import Unexpected
from union.members import queries as members


def plan(story: Story) -> None:
    """Plan an action seconds away; two organizers test and sign it over HTTP."""
    now = utcnow().replace(microsecond=0)
    starts = (now + timedelta(seconds=13) + story.pace * 20).replace(microsecond=0)
    ends = starts + timedelta(seconds=5) + story.pace * story.count * 0.8
    story.starts_at = starts
    kit = KITS[Kind.LOG_OFF]
    with transaction() as session:
        organizer = members.actor_of(session, story.staff["organizer"].member_id)
        story.action = acting.draft(
            session,
            actor=organizer,
            now=now,
            campaign_slug=story.slug,
            plan=Plan(
                kind=Kind.LOG_OFF,
                title="Offline together",
                summary="We log off at the same moment.",
                targets=(PLATFORM,),
                before=kit.before,
                steps=kit.steps,
                wall_start=wall(starts, story.zone),
                wall_end=wall(ends, story.zone),
                zone=story.zone,
                floor=story.count // 2,
                briefing=60,
                decision=0,
                to_act=0,
                sms_route="desk",
            ),
        )
    console = f"/actions/{story.action}/console"
    first, second = story.staff["organizer"], story.staff["second"]
    first.visitor.open(console)
    first.visitor.send("/schedule")
    for person in (first, second):
        person.visitor.open(console)
        person.visitor.send("/test")
    for person in (first, second):
        story.post.wait_for(person.address, "(Test|test)")
    time.sleep(1)
    first.visitor.open(console)
    first.visitor.send("/arm")
    second.visitor.open(console)
    second.visitor.send("/confirm")
    story.say("an action was planned, tested and armed by two organizers")


def act(story: Story) -> None:
    """Wait for the moment, then check in: half by button, half by answering the text."""
    story.wait("the action to start", lambda: _state(story) == "live", patience=90)
    with reading() as session:
        entries = audit.newest(session, subject=f"action/{story.action}")
    late = next(e.at for e in entries if e.act == "action.fire") - story.starts_at
    story.say(f"the action started for everybody, {late.total_seconds() * 1000:.0f} ms after its moment")
    for person in story.people[: len(story.people) // 3]:
        story.post.wait_for(person.address, rf"(/actions/{story.action})")
    inside = [p for p in story.people if p.number % 4]
    story.all_do("checking in", partial(check_in, story), inside)
    story.say(f"{len(inside)} checked in: by button or by text message OUT")


def check_in(story: Story, person: Somebody) -> None:
    """Say "I'm out"."""
    if "@" in person.address:
        person.visitor.open(f"/actions/{story.action}")
        person.visitor.send("/out")
    elif story.post.twilio.reply(f"{story.base}/twilio/inbound", sender=person.address, body="OUT") >= 300:  # noqa: PLR2004
        raise Unexpected("the reply was not taken")


def _state(story: Story) -> str:
    with reading() as session:
        return str(acted.action_page(session, story.action, SYSTEM, utcnow(), "en").card.state)


def debrief(story: Story) -> None:
    """Write what was learnt and keep the page."""
    story.wait("the action to end", lambda: _state(story) in {"ended", "debriefed"}, patience=90)
    organizer = story.staff["organizer"].visitor
    organizer.open(f"/actions/{story.action}/debrief/write")
    organizer.send(
        went_well="Everybody knew the moment beforehand.",
        went_badly="Two chapters had no meeting point.",
        learn="Brief a day ahead and name a meeting point per chapter.",
        publish="y",
    )
    page = organizer.http.get(f"{story.base}/actions/{story.action}/debrief.html")
    (story.out / "debrief.html").write_bytes(page.content)
    texts, mails = story.post.count()
    story.say(f"ended and debriefed; {texts} texts and {mails} emails were delivered")
