"""Delivery as organizers walk it, with texts over a server that speaks Twilio's API: trial, forecast, calling off.

One union for the file. The walks go in the order in which they stand, as a union would: first two officers lift
its trial, then it acts.
"""

import os
import re
import time
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from tests.browser import looking
from tests.browser.conftest import brought_up
from tests.browser.steps import announce, in_english, local, mailed, move, plan, release, sign
from tests.rooms.notify import processes
from union.actions import service as acting
from union.actions.models import Action, ActionZoneFiring
from union.campaigns import queries as campaigns
from union.core import db
from union.core.actor import SYSTEM, Role
from union.core.clock import utcnow
from union.members import queries as members
from union.members import service as registry
from union.members.models import Member
from union.notify import service as notify
from union.notify.delivery.claim import BATCH
from union.notify.models import Outbox
from union.notify.rules.kinds import State
from union.notify.rules.push import Subscription
from union.notify.service import devices
from union.notify.testing import twilio_server
from union.notify.testing.faults import Faults

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ACTING = "pay-for-waiting-time"
PRICE = "0.0790 EUR"
TOLL_FREE = "Toll-free number, 3 a second"


@pytest.fixture(scope="module")
def twilio():
    with twilio_server.running(twilio_server.TwilioServer(faults=Faults(receipts=False))) as server:
        yield server


@pytest.fixture(scope="module")
def running_union(seeded, tmp_path_factory, twilio):
    """A union of the file's own whose texts leave over the server, at a price."""
    more = {name: value for name, value in processes.twilio(twilio).items() if name != "UNION_PUBLIC_URL"} | {
        "UNION_SMS_PRICE": PRICE
    }
    with brought_up(seeded, tmp_path_factory.mktemp("running") / "home", **more) as up:
        yield up


def picture(person, name, *, unsure="\0"):
    """Look at the page, and keep a picture where somebody asked for it. unsure: what axe cannot decide here."""
    person.page.evaluate(looking.AXE.read_text())
    assert [one for one in looking.everything(person.page) if unsure not in one] == [], name
    if folder := os.environ.get("UNION_PICTURES"):
        person.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def texted(twilio, phone):
    return len(twilio.by_number.get(phone, ()))


def until(holds):
    for _ in range(600):
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def contact_of(member_id):
    with db.reading() as session:
        [found] = members.contacts(session, [member_id])
    return found


# --- the trial


@pytest.fixture
def officers(union):
    """Begin the trial, as a new union does; return two officers."""
    known = {*union.people.organizers, *union.people.trustees, union.people.officer}
    second = in_english(mailed("bolt", but=known)[0]).member_id
    with db.transaction() as session:
        registry.grant_role(session, actor=SYSTEM, member_id=second, role=Role.OFFICER, now=utcnow())
        notify.begin_trial(session, now=utcnow())
        notify.trust(session, now=utcnow(), member_id=union.people.officer)
        called = campaigns.called(session, campaigns.card(session, ACTING).id)
        # so that a text to an organizer can be told from an email
        for one in union.people.organizers:
            session.execute(update(Member).where(Member.id == one).values(email_confirmed_at=None))
        acting.cancel(
            session, actor=members.actor_of(session, union.people.organizers[0]), now=utcnow(),
            slug="two-hours-offline-together", reason="Another evening", site=union.url,
        )  # fmt: skip
    assert called
    return union.people.officer, second


def test_two_officers_lift_the_trial_and_then_texts_reach_an_organizer(people, union, officers, twilio):
    first, second = (people(one, "/console") for one in officers)
    organizer = people(union.people.organizers[0], "/console")
    phone = contact_of(union.people.organizers[0]).phone
    before = texted(twilio, phone)
    organizer.reads("This union is on trial")
    organizer.follow("See and lift the trial")
    organizer.heading("Trial")
    organizer.reads("Texts to anybody else are written down as not sent on purpose.")
    assert organizer.page.get_by_role("checkbox").count() == 0, "it is the officers' to lift"
    picture(organizer, "trial-organizer")
    organizer.open(f"{union.url}/actions/new/{ACTING}")
    starts = local(utcnow()) + timedelta(days=2)
    console = plan(organizer, "A quiet morning", starts=starts, ends=starts + timedelta(hours=3), floor="3")
    announce(organizer)
    organizer.reads("Texts about this action reach officers only")
    told = forecast(organizer)
    phones, texts = told["Text message"][2], told["Text message"][0]
    assert texts < phones, "on trial officers only; beside it those whom it would reach"
    organizer.reads("Cost without the trial")
    organizer.press("Send me a test")
    organizer.reads("A test message is on its way to you", within="body")
    organizer.page.reload()
    organizer.reads("or once two officers have lifted the trial")
    picture(organizer, "trial-console")

    first.follow("See and lift the trial")
    first.press("Sign to lift the trial")
    first.reads("Say that you know texts now go to members and cost money.")
    picture(first, "trial-refused")
    first.tick("I know that texts now go to members and cost money")
    first.press("Sign to lift the trial")
    first.reads("You signed. Another officer has to confirm it.")
    assert first.page.get_by_role("checkbox").count() == 0
    picture(first, "trial-signed")
    organizer.page.reload()
    organizer.reads("This union is on trial")
    assert texted(twilio, phone) == before, "during the trial no text reaches an organizer"

    second.follow("See and lift the trial")
    second.reads("Another officer signed. With your signature the trial ends.")
    second.tick("I know that texts now go to members and cost money")
    picture(second, "trial-second")
    second.press("Confirm: lift the trial")
    second.reads("The trial is over", within="body")
    second.reads("Texts go to every member who asked for them.")
    picture(second, "trial-over")

    organizer.open(console)
    expect(organizer.page.locator("main")).not_to_contain_text("on trial")
    assert forecast(organizer)["Text message"][0] == phones, "as it stood beside it"
    organizer.press("Send me a test")
    organizer.reads("A test message is on its way to you", within="body")
    until(lambda: texted(twilio, phone) == before + 1)
    organizer.waits_for(re.compile("Test message handed over$"))
    organizer.open(f"{union.url}/console")
    expect(organizer.page.locator("main")).not_to_contain_text("on trial")


# --- before arming, and after


def forecast(person):
    """Return what the console says of each way: name → (members, what else it says, members without a trial)."""
    rows = person.page.locator("[aria-labelledby=forecast] tbody tr")
    found = {}
    for row in rows.all():
        name = row.locator("th").inner_text()
        cells = row.locator("td").all_inner_texts()
        found[name] = (int(cells[0]), row.inner_text(), int(cells[3]) if len(cells) > 3 else None)
    return found


def slug_of(console):
    return console.split("/")[-2]


def nobody_s_way(session, member_id):
    session.execute(
        update(Member).where(Member.id == member_id).values(email_confirmed_at=None, phone_confirmed_at=None)
    )


def notified(session, member_id):
    """Let a browser show the member's notifications."""
    told = Subscription(f"https://127.0.0.1:9/{member_id}", "B" * 87, "a" * 22)
    devices.subscribe(
        session, actor=members.actor_of(session, member_id), now=utcnow(), subscription=told, label="phone"
    )


def narrow(person, name):
    """Keep pictures of the forecast on a phone, by day and by night, with its table open."""
    person.page.set_viewport_size({"width": 375, "height": 800})
    person.page.get_by_text("How many have it by when, as a table").click()
    for scheme in ("light", "dark"):
        person.page.emulate_media(color_scheme=scheme)
        picture(person, f"{name}-375-{scheme}")
    person.page.emulate_media(color_scheme="light")
    person.page.set_viewport_size({"width": 1280, "height": 900})


def test_an_organizer_sees_the_forecast_before_arming(people, union, twilio):
    first, second = (people(one, "/console") for one in union.people.organizers)
    with db.transaction() as session:
        called = campaigns.called(session, campaigns.card(session, ACTING).id)
        contacts = members.contacts(session, set(called) - set(union.people.organizers))
        stopped = next(one for one in contacts if one.sms_ok and one.email)
        silent, pushed = [one for one in contacts if one.email and not one.phone][:2]
        nobody_s_way(session, silent.member_id)
        nobody_s_way(session, pushed.member_id)
        notified(session, pushed.member_id)
    first.open(f"{union.url}/actions/new/{ACTING}")
    starts = local(utcnow()) + timedelta(hours=1, minutes=1)
    console = plan(
        first, "Friday off", starts=starts, ends=starts + timedelta(hours=3), floor="3",
        at_the_latest="1 hour before", sender=TOLL_FREE,
    )  # fmt: skip
    announce(first)
    move(Action, Action.slug == slug_of(console), to_act=62)  # a minute ago: nothing can be there by then
    first.page.reload()
    before = forecast(first)
    assert before["Nothing reaches them"][0] == 1, (
        "who has nothing but a browser that shows notifications is reached"
    )
    assert before["Notification"][0] == 1
    assert "too late" in before["Text message"][1]
    first.reads("does not fit")
    first.reads("An organizer can brief earlier, start later, or choose a faster sender.")
    expect(first.page.get_by_role("button", name="Release the action")).to_be_disabled()
    picture(first, "forecast-late")

    assert twilio.reply(f"{union.url}/twilio/inbound", sender=stopped.phone, body="STOP") == 200
    first.follow("Change the plan")
    first.pick("The last member must know", "at the start")
    first.press("Save the plan")
    first.reads("in time")
    told = forecast(first)
    assert told["Text message"][0] == before["Text message"][0] - 1, "who said STOP gets no text"
    assert told["Email"][0] == before["Email"][0], "but the email"
    picture(first, "forecast-fits")
    drawn = first.page.get_by_role("img", name="How many have the briefing over time")
    expect(drawn).to_contain_text("The action starts")
    expect(drawn).to_contain_text("UTC")
    narrow(first, "forecast")
    cost = release_seeing(first, second, console, told)

    until(lambda: of_kind(slug_of(console), "briefing"))
    until(lambda: not unsettled(slug_of(console)))
    rows = [one for one in of_kind(slug_of(console), "briefing") if one.state != State.SUPPRESSED]
    assert len(rows) == told["Text message"][0], "as many as foretold"
    sent = twilio.sent()
    assert all(sent[str(one.id)] == 1 for one in rows)
    segments = sum(one.segments for one in rows)
    euros = (Decimal("0.0790") * segments).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert cost == f"about €{euros} for {segments} segments"
    first.page.reload()
    first.reads("Messages of this version")
    assert first.page.locator("#forecast").count() == 0, "what was foretold has come"
    picture(first, "forecast-after")


def release_seeing(first, second, console, told):
    """Release it; the question before a signature says what it sets going. Return the cost as the page told it."""
    cost = re.search(r"about €[\d.]+ for \d+ segments", first.page.locator("main").inner_text())[0]
    first.press("Send me a test")
    second.open(console)
    second.press("Send me a test")
    first.waits_for(re.compile("Test message handed over$"), tries=120)
    first.use(
        first.page.locator("details.confirm > summary").get_by_text("Release the action", exact=True).first
    )
    asked = first.page.get_by_role("dialog")
    expect(asked).to_contain_text(f"The briefing goes to {told['Text message'][0]} by text and to")
    expect(asked).to_contain_text(f"Cost of the briefing: {cost}.")
    expect(asked).to_contain_text("Nothing reaches 1 member.")
    picture(
        first, "forecast-asked", unsure="axe unsure of color-contrast: <p>You sign"
    )  # the page shines through
    first.press("Yes: Release the action", within=asked)
    first.reads("another organizer confirms")
    sign(second, "Confirm the release")
    second.reads("Released. The clock starts it.")
    return cost


# --- calling off while messages are under way


@pytest.mark.parametrize("live", [False, True], ids=["armed", "going-on"])
def test_nothing_more_leaves_once_an_action_is_called_off(people, union, twilio, live):
    first, second = (people(one, "/console") for one in union.people.organizers)
    with db.reading() as session:
        called = campaigns.called(session, campaigns.card(session, ACTING).id)
        contacts = members.contacts(session, set(called) - set(union.people.organizers))
    reader = in_english(next(one for one in reversed(contacts) if one.email))
    member = people(reader.member_id, "/home")
    title = "Evening off" if live else "Night off"
    first.open(f"{union.url}/actions/new/{ACTING}")
    starts = local(utcnow()) + timedelta(hours=2)
    console = plan(
        first, title, starts=starts, ends=starts + timedelta(hours=3), floor="3", sender=TOLL_FREE,
        at_the_latest="at the start",
    )  # fmt: skip
    slug, kind = slug_of(console), "start" if live else "briefing"
    announce(first)
    release(first, second, console)
    if live:
        begin(slug)
    until(lambda: len(taken(twilio, slug, kind)) > 2)
    first.open(console)
    first.follow("Call it off")
    first.heading("Call it off for good?")
    first.reads(re.compile(r"messages about it have not left yet: they are taken back"))
    first.reads(re.compile(r"nothing calls (it|them) back"))
    picture(first, f"off-asked-{title}")
    first.press("Yes, call it off")
    first.reads("Say why", within="body")
    first.fill("Why?", "They answered.")
    first.press("Yes, call it off")
    first.reads(re.compile(r"\d+ messages tell of it"), within="body")

    withheld = {str(one.id) for one in of_kind(slug, kind) if one.state == State.SUPPRESSED}
    left = {str(one.id) for one in of_kind(slug, kind)} - withheld
    assert withheld, "it was called off while they were under way"
    assert len(left) <= len(taken(twilio, slug, kind)) + BATCH
    picture(first, f"off-console-{title}")
    until(lambda: not unsettled(slug))
    assert withheld.isdisjoint(twilio.sent()), "what was taken back has left"
    assert {str(one.id) for one in of_kind(slug, kind) if one.state == State.SUPPRESSED} == withheld
    told = [one for one in of_kind(slug, "called_off") if one.state != State.SUPPRESSED]  # but for STOP
    assert all(twilio.sent()[str(one.id)] == 1 for one in told)
    assert len(told) >= len(left), "whoever was told hears that it is off"

    first.page.reload()
    first.reads("called off")
    first.reads("They answered.")
    picture(first, f"off-after-{title}")
    member.open(console.removesuffix("/console"))
    member.reads("They answered.")
    member.reads("Nothing is asked of you any more.")
    for step in ("Before you start", "What we do", "are out"):
        assert step not in member.page.locator("main").inner_text(), "nobody is told to act"
    for gone in ("I'm out", "I have read it: I'm in", "I'm in"):
        assert member.page.get_by_role("button", name=gone, exact=True).count() == 0
    picture(member, f"off-member-{title}")
    member.open(f"{union.url}/home")
    assert "Action starts in" not in member.page.locator("main").inner_text()
    picture(member, f"off-home-{title}")


def begin(slug):
    """Let the start of an action that is released be now, once its briefing is out."""
    until(lambda: of_kind(slug, "briefing"))
    with db.reading() as session:
        action = session.scalars(select(Action.id).filter_by(slug=slug)).one()
    until(lambda: not unsettled(slug))
    soon = utcnow() + timedelta(seconds=4)
    move(Action, Action.id == action, starts_at=soon, go_no_go_at=utcnow())
    move(ActionZoneFiring, ActionZoneFiring.action_id == action, starts_at=soon)


def of_kind(slug, kind):
    with db.reading() as session:
        wanted = select(Outbox).where(
            Outbox.ref.startswith(f"action:{slug}:"), Outbox.kind == kind, Outbox.channel == "sms"
        )
        return list(session.scalars(wanted))


def taken(twilio, slug, kind):
    """The rows of which the provider's server has a text."""
    sent = twilio.sent()
    return [one for one in of_kind(slug, kind) if sent[str(one.id)]]


def unsettled(slug):
    """How many texts about it still move."""
    with db.reading() as session:
        moving = select(Outbox.id).where(
            Outbox.ref.startswith(f"action:{slug}:"), Outbox.channel == "sms",
            Outbox.state.in_([State.CREATED.value, State.SENDING.value]),
        )  # fmt: skip
        return len(session.scalars(moving).all())
