"""The forecast on the console, and the rows of the outbox once the briefing is written: they say the same."""

import html
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from tests.factories import actions as factory
from tests.factories.members import make_member
from union.actions import service, standing
from union.actions.models import Action
from union.actions.rules import pacing
from union.actions.rules.states import Mode, State
from union.core.actor import SYSTEM, Role
from union.core.db import reading, transaction
from union.core.i18n import when
from union.members.models import Member
from union.members.queries import actor_of, contacts
from union.notify import service as notify
from union.notify import texts
from union.notify.models import BadAddress, Outbox, Trial
from union.notify.rules.kinds import Channel, Mailing
from union.notify.rules.push import Subscription
from union.notify.service import devices, wording

ZONES = ["Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham"]
HERE = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def settings(settings):
    return replace(settings, sms_price="0.0790 EUR")


@pytest.fixture
def now():
    """Pages ask the real clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def wall(moment):
    return moment.astimezone(HERE).strftime("%Y-%m-%dT%H:%M")


def notified(session, member_id, now):
    """Let a browser of the member show notifications."""
    told = Subscription(f"https://push.example/{member_id}", "B" * 87, "a" * 22)
    devices.subscribe(session, actor=actor_of(session, member_id), now=now, subscription=told, label="phone")


def make_union(session, now):
    """Everybody there is: in four zones, by one way or three, refusing, failing, and with no way at all."""
    first, second = factory.make_organizer(session), factory.make_organizer(session)
    many = [
        factory.make_called(session, 1, zone=ZONES[n % 4], language="nl" if n % 3 else "en", email=n % 2 > 0)[
            0
        ]
        for n in range(16)
    ]
    mailed = [make_member(session, platforms=["rijder"], zone=ZONES[n]) for n in range(4)]
    stopped, failing, silent, pushed, beside, officer = (
        make_member(session, platforms=["rijder"], sms=True, email=False),
        make_member(session, platforms=["rijder"]),
        make_member(session, platforms=["rijder"], confirmed=False),
        make_member(session, platforms=["rijder"], phone=True, email=False),
        make_member(session, platforms=["rijder"], sms=True),
        make_member(session, platforms=["rijder"], sms=True, roles=[Role.OFFICER]),
    )
    [one, bad] = contacts(session, [stopped]) + contacts(session, [failing])
    notify.opt_out(
        session, now=now, channel=Channel.SMS, to=one.phone, lists=[Mailing.CAMPAIGNS], reason="stop"
    )
    session.add(
        BadAddress(
            address_hash=notify.address_hash(Channel.EMAIL, bad.email), channel="email", member_id=failing,
            hard=True, soft=0, code="5.1.1", last_at=now, last_outbox_id=0,
        )
    )  # fmt: skip
    notified(session, pushed, now)
    notified(session, beside, now)
    called = [*many, *mailed, stopped, failing, silent, pushed, beside, officer]
    return first, second, officer, factory.make_campaign(session, now, called=called)


def try_out(session, now, officer):
    notify.begin_trial(session, now=now)
    notify.trust(session, now=now, member_id=officer)


def foretold(page):
    """Return what the console says: name of the way → cells of its row; and the list of costs."""
    part = page.split('id="forecast"')[1].split("</section>")[0]
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', part.split("</table>")[0], re.DOTALL)
    cells = {name: re.findall(r"<td[^>]*>([^<]*)</td>", row) for name, row in rows}
    listed = dict(re.findall(r"<dt>([^<]*)</dt>\s*<dd>([^<]*)</dd>", part))
    return {html.unescape(k): [html.unescape(c) for c in v] for k, v in cells.items()}, listed


def numbers(told, column=0):
    return {name: int(cells[column]) for name, cells in told.items()}


NAMES = {"sms": "Text message", "email": "Email", "push": "Notification"}


def written(slug):
    """Write the briefing when it is due; return its rows."""
    with transaction() as session:
        action = session.scalars(select(Action).where(Action.slug == slug)).one()
        service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site="http://localhost")
    with reading() as session:
        return session.scalars(select(Outbox).where(Outbox.kind == "briefing").order_by(Outbox.id)).all()


def counted(rows, called):
    """Return what became of it, as the console would foretell it."""
    leaving = [one for one in rows if one.state == "created"]
    found = Counter(NAMES[one.channel] for one in leaving)
    return {**found, "Nothing reaches them": called - len({one.member_id for one in leaving})}


def segments(rows):
    return sum(one.segments for one in rows if one.state == "created" and one.channel == "sms")


def price(rows):
    n = segments(rows)
    euros = (Decimal("0.0790") * n).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"about €{euros} for {n} segment{'s' * (n != 1)}"


@pytest.mark.parametrize("mode", [Mode.INSTANT, Mode.WALL_CLOCK])
@pytest.mark.parametrize("trial", [False, True], ids=["lifted", "trial"])
def test_what_is_foretold_before_arming_is_written_then(client, sign_in, database, now, trial, mode):
    with transaction() as session:
        first, second, officer, campaign = make_union(session, now)
        if trial:
            try_out(session, now, officer)
        slug = factory.make_scheduled(
            session, now, actor=first, campaign=campaign, mode=mode, sms_route="toll-free",
            wall_start=wall(now + timedelta(days=3)), wall_end=wall(now + timedelta(days=3, hours=2)),
        )  # fmt: skip
    sign_in(client, first.member_id)
    told, costs = foretold(client.get(f"/actions/{slug}/console").text)
    with transaction() as session:
        factory.arm(session, now, slug, first, second)
        called = len(standing.audience(session, session.scalars(select(Action)).one()))
    rows = written(slug)
    assert called == 26
    assert numbers(told) == counted(rows, called)
    assert costs["Cost of the briefing"] == price(rows)
    texted = [one for one in rows if one.channel == "sms" and one.state == "created"]
    assert len(texted) == (1 if trial else 18)
    last = max(one.not_before + timedelta(seconds=one.segments / 2.7) for one in texted)
    there = last + timedelta(seconds=pacing.claim(len(rows)) + pacing.CHOICES["toll-free"].slowest)
    near = {when(there + timedelta(seconds=n), "Europe/Amsterdam", "en") for n in (-1, 1)}
    assert told["Text message"][1].split(" (")[0] in near
    assert told["Text message"][1].endswith(" UTC)")


def in_three_days(session, now, actor, campaign):
    """Plan an action of two hours over a slow route; return its slug."""
    begins = now + timedelta(days=3)
    return factory.make_scheduled(
        session, now, actor=actor, campaign=campaign, sms_route="toll-free",
        wall_start=wall(begins), wall_end=wall(begins + timedelta(hours=2)),
    )  # fmt: skip


def test_beside_it_stands_what_it_would_be_once_the_trial_is_lifted(client, sign_in, database, now):
    with transaction() as session:
        first, second, officer, campaign = make_union(session, now)
        try_out(session, now, officer)
        slug = in_three_days(session, now, first, campaign)
    sign_in(client, first.member_id)
    page = client.get(f"/actions/{slug}/console").text
    told, costs = foretold(page)
    assert numbers(told)["Text message"] == 1
    assert "only a text would reach them, and on trial texts go to officers only: 8" in page
    with transaction() as session:
        session.execute(update(Trial).values(lifted_at=now))
        factory.arm(session, now, slug, first, second)
    rows = written(slug)
    assert numbers(told, column=3) == counted(rows, 26)
    assert costs["Cost without the trial"] == price(rows)
    with transaction() as session:
        session.execute(update(Action).values(briefed_at=None))
    assert "Without the trial" not in client.get(f"/actions/{slug}/console").text


def overfull(session, now, mode=Mode.INSTANT):
    """An action a minute after its briefing, over a sender that carries 162 segments in it; texts of five each."""
    first = factory.make_organizer(session)
    words = wording.Words("", "It begins ((start)). " + "x" * 640 + " ((link))")
    base = texts.find(standing.BRIEFING, "en", Channel.SMS)
    wording.save_text(session, actor=first, now=now, base=base, words=words)
    both = factory.make_called(session, 20)
    only = factory.make_called(session, 20, email=False)
    campaign = factory.make_campaign(session, now, called=[*both, *only])
    slug = factory.make_scheduled(
        session, now, actor=first, campaign=campaign, sms_route="toll-free", briefing=1, decision=1, to_act=0,
        mode=mode, wall_start=wall(now + timedelta(days=2)), wall_end=wall(now + timedelta(days=2, hours=2)),
    )  # fmt: skip
    return first, slug, both, only


def test_what_does_not_fit_goes_by_email_and_says_so(client, sign_in, database, now):
    with transaction() as session:
        first, slug, both, only = overfull(session, now)
    sign_in(client, first.member_id)
    page = client.get(f"/actions/{slug}/console").text
    told, _ = foretold(page)
    with transaction() as session:
        session.execute(update(Action).values(state=State.ARMED))
    rows = written(slug)
    assert numbers(told) == counted(rows, 40)
    late = [one for one in rows if one.error_code == "late"]
    assert late
    assert told["Text message"][2] == f"{len(late)} do not fit before the start"
    assert f"and {len(late)} would come only after the start: they are not sent" in page
    assert {one.member_id for one in late} <= set(both), "who has no other way comes first"
    assert {one.member_id for one in rows if one.state == "created"} == {*both, *only}
    assert numbers(told)["Nothing reaches them"] == 0


def test_texts_that_do_not_fit_and_have_no_other_way_keep_it_from_being_released(
    client, sign_in, database, now
):
    with transaction() as session:
        first, slug, both, _ = overfull(session, now)
        session.execute(update(Member).where(Member.id.in_(both)).values(email_confirmed_at=None))
    sign_in(client, first.member_id)
    page = client.get(f"/actions/{slug}/console").text
    told, _ = foretold(page)
    lost = numbers(told)["Nothing reaches them"]
    assert lost > 0
    assert f"{lost} texts do not fit before the start, and nothing else reaches those members." in page
    assert f"only a text would reach them, and it does not fit before the start: {lost}" in page
    assert "does not fit" in page
    with transaction() as session:
        session.execute(update(Action).values(state=State.ARMED))
    assert numbers(told) == counted(written(slug), 40)


def test_the_figure_and_its_table_say_the_same(client, sign_in, database, now):
    with transaction() as session:
        first, _, _, campaign = make_union(session, now)
        slug = in_three_days(session, now, first, campaign)
    sign_in(client, first.member_id)
    page = client.get(f"/actions/{slug}/console").text
    drawing = page.split("How many have the briefing over time")[1].split("</svg>\n")[0]
    assert {"way1", "way2", "way3", "spare", "night"} <= set(re.findall(r"way\d|spare|night", drawing))
    assert all(name in drawing for name in NAMES.values())
    table = page.split("<summary>How many have it by when, as a table</summary>")[1].split("</table>")[0]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", table, re.DOTALL)
    told, _ = foretold(page)
    by_then = [[int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", row)] for _, row in rows]
    assert by_then[0] == [0, 0, 0]
    assert by_then == sorted(by_then)
    assert by_then[-1] == [numbers(told)[name] for name in NAMES.values()]
    assert "the action starts" in rows[-1][0]
    assert all("UTC" in at for at, _ in rows)


def test_at_night_it_says_whom_it_wakes(client, sign_in, database, now):
    """A call to act does not wait for the morning, so the organizer must know."""
    start = (now + timedelta(days=3)).astimezone(HERE).replace(hour=4, minute=0)
    with transaction() as session:
        first = factory.make_organizer(session)
        called = factory.make_called(session, 5) + factory.make_called(session, 4, zone="Asia/Tokyo")
        campaign = factory.make_campaign(session, now, called=called)
        slug = factory.make_scheduled(
            session, now, actor=first, campaign=campaign, wall_start=wall(start), wall_end=None, floor=5
        )
    sign_in(client, first.member_id)
    page = client.get(f"/actions/{slug}/console").text
    assert "5 messages arrive between 21:00 and 8:00 where their members live" in page
