from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.factories.actions import (
    SITE,
    arm,
    hand_over,
    heartbeat,
    make_armed,
    make_called,
    make_campaign,
    make_mandate,
    make_scheduled,
    plan,
)
from union.actions import queries, service
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.readiness import Gate, NotReady
from union.actions.rules.states import Choice, FiringState, Mode, State
from union.campaigns import queries as campaigns
from union.campaigns.models import Mandate
from union.core.actor import SYSTEM
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.core.zones import NoSuchLocalTime
from union.members import queries as members
from union.members.models import Member
from union.notify import queries as notify_queries
from union.notify import service as notify
from union.notify.models import Outbox, Wording
from union.notify.rules.kinds import Channel, Keyword, Mailing

SEVEN_DAYS = {"jurisdiction": "internal", "action_notice": {"n": 7, "unit": "days"}}
SWEDEN = {"jurisdiction": "SE", "action_notice": {"n": 7, "unit": "working_days"}}


def the(session, slug):
    return session.scalars(
        select(Action).filter_by(slug=slug).execution_options(populate_existing=True)
    ).one()


def messages(session, kind):
    return list(session.scalars(select(Outbox).where(Outbox.kind == kind)))


def gates(refused):
    return {check.gate for check in refused.value.checks}


def test_without_a_mandate_it_stays_a_draft(session, now, first, called):
    campaign = make_campaign(session, now, called=called, mandate=False)
    slug = service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=plan())
    assert the(session, slug).state is State.DRAFT
    with pytest.raises(NotReady) as refused:
        service.authorize(session, actor=first, now=now, slug=slug)
    assert gates(refused) == {Gate.MANDATE}
    make_mandate(session, the(session, slug).campaign_id, now)
    service.authorize(session, actor=first, now=now, slug=slug)
    assert the(session, slug).state is State.AUTHORIZED


def test_a_mandate_that_ends_before_the_start_does_not_arm(session, now, first, called):
    campaign = make_campaign(session, now, called=called, mandate=False)
    campaign_id = campaigns.card(session, campaign).id
    make_mandate(session, campaign_id, now, until=now + timedelta(hours=20))
    slug = service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=plan())
    assert the(session, slug).state is State.DRAFT, "in force now, but not at the start"
    with pytest.raises(NotReady):
        service.authorize(session, actor=first, now=now, slug=slug)


@pytest.mark.parametrize("given", [None, timedelta(0)])
def test_inside_the_notice_period_it_is_not_even_scheduled(session, now, first, called, given):
    campaign = make_campaign(session, now, called=called, rule=SEVEN_DAYS)
    slug = service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=plan())
    if given is not None:
        service.give_notice(session, actor=first, now=now, slug=slug, given_at=now - given)
    with pytest.raises(Closed, match="inside the notice period"):
        service.schedule(session, actor=first, now=now, slug=slug)


def test_notice_must_have_been_given_long_enough_before(session, now, first, second, called):
    campaign = make_campaign(session, now, called=called, rule=SEVEN_DAYS)
    later = {"wall_start": "2026-12-01T18:00", "wall_end": "2026-12-01T20:00"}
    slug = make_scheduled(session, now, actor=first, campaign=campaign, **later)
    with pytest.raises(NotReady) as refused:
        arm(session, now, slug, first, second)
    assert gates(refused) == {Gate.NOTICE}
    with pytest.raises(Invalid):
        service.give_notice(session, actor=first, now=now, slug=slug, given_at=now + timedelta(minutes=1))
    start = the(session, slug).starts_at
    service.give_notice(
        session, actor=first, now=start, slug=slug, given_at=start - timedelta(days=7, seconds=-1)
    )
    with pytest.raises(NotReady, match="may start from"):
        service.arm(session, actor=first, now=now, slug=slug)
    service.give_notice(session, actor=first, now=start, slug=slug, given_at=start - timedelta(days=7))
    service.arm(session, actor=first, now=now, slug=slug)


def test_working_days_follow_the_place_of_the_rule(session, now, first, called):
    campaign = make_campaign(session, now, called=called, rule=SWEDEN)
    # Monday 23 November plus seven whole working days: from Thursday 3 December.
    early = plan(wall_start="2026-12-02T18:00", wall_end=None, zone="Europe/Stockholm")
    slug = service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=early)
    with pytest.raises(Closed, match="2026-12-03"):
        service.schedule(session, actor=first, now=now, slug=slug)
    late = plan(wall_start="2026-12-03T00:00", wall_end=None, zone="Europe/Stockholm")
    service.edit(session, actor=first, now=now, slug=slug, plan=late, site=SITE)
    service.schedule(session, actor=first, now=now, slug=slug)


def test_a_floor_above_the_roll_is_refused(session, now, first, campaign):
    with pytest.raises(Invalid, match="above the roll") as refused:
        service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=plan(floor=500))
    assert refused.value.field == "floor"


def test_too_few_and_a_silent_scheduler_keep_it_from_being_armed(
    session, now, first, second, campaign, called
):
    slug = make_scheduled(session, now, actor=first, campaign=campaign, floor=12)
    leaver = members.actor_of(session, called[0])
    service.choose(session, actor=leaver, now=now, slug=slug, choice=Choice.OUT, site=SITE)
    service.send_test(session, actor=first, now=now, slug=slug)
    hand_over(session)
    with pytest.raises(NotReady) as refused:
        service.arm(session, actor=first, now=now, slug=slug)
    assert gates(refused) == {Gate.FLOOR, Gate.HEARTBEAT}
    assert "1 too few" in str(refused.value)


def test_a_test_message_that_was_not_handed_over_is_not_enough(session, now, first, campaign):
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    heartbeat(session, now)
    service.send_test(session, actor=first, now=now, slug=slug)
    with pytest.raises(NotReady) as refused:
        service.arm(session, actor=first, now=now, slug=slug)
    assert gates(refused) == {Gate.TEST}


def test_things_that_change_between_the_two_signatures_are_seen(
    session, now, first, second, campaign, called
):
    slug = make_scheduled(session, now, actor=first, campaign=campaign, floor=12)
    heartbeat(session, now)
    for actor in (first, second):
        service.send_test(session, actor=actor, now=now, slug=slug)
    hand_over(session)
    service.arm(session, actor=first, now=now, slug=slug)
    leaver = members.actor_of(session, called[0])
    service.choose(session, actor=leaver, now=now, slug=slug, choice=Choice.OUT, site=SITE)
    with pytest.raises(NotReady) as refused:
        service.confirm(session, actor=second, now=now, slug=slug)
    assert gates(refused) == {Gate.FLOOR}


@pytest.mark.parametrize("what", ["mandate", "floor"])
def test_a_no_go_puts_it_off_and_tells_why(session, now, first, second, called, campaign, what):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, floor=12)
    action = the(session, slug)
    if what == "mandate":
        session.scalars(select(Mandate)).one().expires_at = action.starts_at
    else:
        session.get_one(Member, called[0]).state = "suspended"
    session.flush()
    assert service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE) is False
    assert the(session, slug).state is State.POSTPONED
    assert len(messages(session, "postponed")) == (24 if what == "mandate" else 22)
    page = queries.action_page(session, slug, members.actor_of(session, called[1]), now, "nl")
    assert ("mandaat" in page.reason) == (what == "mandate")
    assert service.fire(session, actor=SYSTEM, now=action.starts_at, slug=slug, site=SITE) == ()


def test_a_mandate_gone_between_go_and_start_stops_it(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    action = the(session, slug)
    assert service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE) is True
    session.scalars(select(Mandate)).one().expires_at = action.starts_at
    session.flush()
    assert service.fire(session, actor=SYSTEM, now=action.starts_at, slug=slug, site=SITE) == ()
    assert the(session, slug).state is State.POSTPONED
    assert messages(session, "start") == []


def test_a_mandate_that_ends_while_it_is_live_ends_it(session, now, first, second, called):
    campaign = make_campaign(session, now, called=called, mandate=False)
    campaign_id = campaigns.card(session, campaign).id
    until = now + timedelta(days=1, hours=6)
    make_mandate(session, campaign_id, now, until=until)
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, wall_end=None)
    start = run(session, slug)
    assert service.end(session, actor=SYSTEM, now=start + timedelta(minutes=1), slug=slug, site=SITE) is False
    assert queries.due(session, until).end == (slug,)
    assert service.end(session, actor=SYSTEM, now=until, slug=slug, site=SITE) is True
    assert the(session, slug).state is State.ENDED


def test_a_mandate_renewed_by_a_vote_carries_it_on(session, now, first, second, called):
    campaign = make_campaign(session, now, called=called, mandate=False)
    campaign_id = campaigns.card(session, campaign).id
    until = now + timedelta(days=1, hours=6)
    make_mandate(session, campaign_id, now, until=until)
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, wall_end=None)
    run(session, slug)
    make_mandate(session, campaign_id, until - timedelta(hours=1), granted_at=until - timedelta(hours=1))
    assert service.end(session, actor=SYSTEM, now=until, slug=slug, site=SITE) is False
    assert the(session, slug).state is State.LIVE
    assert the(session, slug).mandate_expires_at > until


def test_a_postponed_action_is_not_authorized_without_a_new_time(session, now, first, campaign):
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    service.postpone(session, actor=first, now=now, slug=slug, reason="Onweer", site=SITE)
    for verb in (service.authorize, service.schedule):
        with pytest.raises(Conflict, match="put off"):
            verb(session, actor=first, now=now, slug=slug)


def run(session, slug):
    action = the(session, slug)
    service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE)
    assert service.fire(session, actor=SYSTEM, now=action.starts_at, slug=slug, site=SITE)
    return action.starts_at


def test_it_never_goes_live_without_having_been_cleared(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    assert service.fire(session, actor=SYSTEM, now=the(session, slug).starts_at, slug=slug, site=SITE) == ()


def test_a_scheduler_that_slept_through_it_puts_it_off(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    woken = the(session, slug).ends_at
    service.decide(session, actor=SYSTEM, now=woken, slug=slug, site=SITE)
    assert service.fire(session, actor=SYSTEM, now=woken, slug=slug, site=SITE) == ()
    assert the(session, slug).state is State.POSTPONED
    assert messages(session, "start") == [], "nothing is sent late"


def test_what_was_never_armed_is_put_off_when_its_start_comes(session, now, first, campaign):
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    start = the(session, slug).starts_at
    assert service.lapse(session, actor=SYSTEM, now=start - timedelta(seconds=1), slug=slug, site=SITE) == 0
    assert service.lapse(session, actor=SYSTEM, now=start, slug=slug, site=SITE) == 24
    assert the(session, slug).state is State.POSTPONED


def test_every_message_ends_when_it_is_of_no_more_use(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    action = the(session, slug)
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    run(session, slug)
    assert {row.expires_at for row in messages(session, "briefing")} == {action.starts_at}
    assert {row.expires_at for row in messages(session, "start")} == {action.ends_at}


def test_who_opted_out_is_not_texted(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    contact = members.contacts(session, [called[0]])[0]
    notify.opt_out(
        session, now=now, channel=Channel.SMS, to=contact.phone, lists=[Mailing.CAMPAIGNS], reason="reply"
    )
    run(session, slug)
    rows = {(row.member_id, row.channel): row.state for row in messages(session, "start")}
    assert rows[called[0], "sms"] == "suppressed"
    assert rows[called[0], "email"] == "created"
    assert rows[called[1], "sms"] == "created"


@pytest.mark.parametrize("day", ["2026-10-25", "2026-03-29"])
def test_at_the_same_local_time_everywhere_each_zone_starts_once(session, first, second, day):
    now = datetime.fromisoformat(f"{day}T00:00+00:00") - timedelta(days=3)
    zones = ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York"]
    called = [make_called(session, 1, zone=zone)[0] for zone in zones]
    campaign = make_campaign(session, now, called=called)
    slug = make_armed(
        session, now, first=first, second=second, campaign=campaign, mode=Mode.WALL_CLOCK, floor=2,
        wall_start=f"{day}T07:00", wall_end=f"{day}T09:00",
    )  # fmt: skip
    rows = {row.zone: row for row in session.scalars(select(ActionZoneFiring))}
    assert set(rows) == set(zones)
    action = the(session, slug)
    assert service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE) is True
    fired = []
    moment = action.starts_at - timedelta(minutes=30)
    while moment <= action.ends_at:
        fired += service.fire(session, actor=SYSTEM, now=moment, slug=slug, site=SITE)
        fired_now = messages(session, "start")
        assert len({(row.member_id, row.channel) for row in fired_now}) == len(fired_now)
        service.end(session, actor=SYSTEM, now=moment, slug=slug, site=SITE)
        moment += timedelta(minutes=15)
    assert sorted(fired) == sorted(zones)
    for row in rows.values():
        assert row.starts_at.astimezone(ZoneInfo(row.zone)).hour == 7
    assert {row.zone: row.state for row in session.scalars(select(ActionZoneFiring))} == dict.fromkeys(
        zones, FiringState.ENDED
    )
    assert the(session, slug).state is State.ENDED
    assert len(messages(session, "end")) == 8


def test_a_member_who_moved_since_still_hears_at_their_own_seven(session, now, first, second, called):
    campaign = make_campaign(session, now, called=called)
    slug = make_armed(
        session, now, first=first, second=second, campaign=campaign, mode=Mode.WALL_CLOCK,
        wall_start="2026-11-25T07:00", wall_end="2026-11-25T09:00",
    )  # fmt: skip
    mover = session.get_one(Member, called[0])
    mover.zone = "America/New_York"
    session.flush()
    start = run(session, slug)
    assert mover.id not in {row.member_id for row in messages(session, "start")}
    later = start + timedelta(hours=6)
    assert service.fire(session, actor=SYSTEM, now=later, slug=slug, site=SITE) == ("America/New_York",)
    assert mover.id in {row.member_id for row in messages(session, "start")}


@pytest.mark.parametrize("start", ["2027-03-28T02:30", "2027-10-31T02:30"])
def test_a_local_time_that_is_skipped_or_repeated_is_refused(session, now, first, campaign, start):
    with pytest.raises(NoSuchLocalTime):
        service.draft(
            session, actor=first, now=now, campaign_slug=campaign, plan=plan(wall_start=start, wall_end=None)
        )


def test_replies_that_say_done_count_out_and_done_once(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = run(session, slug)
    one, two = (members.contacts(session, [called[n]])[0].phone for n in (0, 1))
    for n, (sender, body) in enumerate([(one, "UIT"), (one, "Klaar!"), (one, "done"), (two, "Done, thanks")]):
        notify.receive(session, now=start, sender=sender, body=body, provider_id=f"SM{n}")
    assert service.take_replies(session, now=start) == 4
    numbers = queries.live_numbers(session, slug, SYSTEM)[0]
    assert (numbers.checked_in, numbers.completed) == (2, 2)
    assert notify.waiting(session, keywords={Keyword.OUT, Keyword.DONE}) == ()


def test_far_from_any_action_done_is_for_a_person(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = run(session, slug)
    phone = members.contacts(session, [called[0]])[0].phone
    for n, at in enumerate([start - timedelta(days=30), start]):
        notify.receive(session, now=at, sender=phone, body="Done", provider_id=f"SM{n}")
        service.take_replies(session, now=at)
    [kept] = notify_queries.inbox(session)
    assert (kept.sender, kept.body) == (phone, "Done")
    assert queries.live_numbers(session, slug, SYSTEM)[0].completed == 1


def test_replies_that_say_out_are_counted_once(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = run(session, slug)
    phone = members.contacts(session, [called[0]])[0].phone
    for n in range(3):
        notify.receive(session, now=start, sender=phone, body="Ik ben uit!", provider_id=f"SM{n}")
    notify.receive(session, now=start, sender="+31600000000", body="UIT", provider_id="SM9")
    gone = members.contacts(session, [called[1]])[0].phone
    notify.receive(session, now=start, sender=gone, body="UIT", provider_id="SM10")
    session.get_one(Member, called[1]).state = "left"
    session.flush()
    assert service.take_replies(session, now=start) == 5
    assert service.take_replies(session, now=start) == 0
    assert notify.waiting(session, keywords={Keyword.OUT}) == ()
    assert queries.live_numbers(session, slug, SYSTEM)[0].checked_in == 1


def test_only_the_clock_fires(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    for verb in (service.fire, service.decide, service.brief, service.end, service.lapse):
        with pytest.raises(NotAllowed):
            verb(session, actor=first, now=now, slug=slug, site=SITE)


def test_a_delay_keeps_the_public_behind(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, show_delay=5)
    start = run(session, slug)
    for member_id in called:
        service.check_in(session, actor=members.actor_of(session, member_id), now=start, slug=slug)
    campaign_id = the(session, slug).campaign_id
    assert queries.live(session, campaign_id)[0].out == 0
    assert not service.show(session, actor=SYSTEM, now=start + timedelta(minutes=4), slug=slug)
    later = start + timedelta(minutes=5)
    assert queries.due(session, later).show == (slug,)
    assert service.show(session, actor=SYSTEM, now=later, slug=slug)
    assert queries.live(session, campaign_id)[0].out == 12


def test_late_joiners_hear_what_the_others_heard(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    action = the(session, slug)
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    joiner = make_called(session, 1)[0]
    actor = members.actor_of(session, joiner)
    service.choose(session, actor=actor, now=action.briefing_at, slug=slug, choice=Choice.IN, site=SITE)
    assert joiner in {row.member_id for row in messages(session, "briefing")}
    with pytest.raises(Closed):
        later = plan(wall_start="2026-12-05T18:00", wall_end=None)
        run(session, slug)
        service.edit(session, actor=first, now=now, slug=slug, plan=later, site=SITE)


def test_the_sms_texts_take_one_segment_and_say_nothing(session, now, first, second, called, campaign):
    slug = make_armed(
        session,
        now,
        first=first,
        second=second,
        campaign=campaign,
        title="Lange naam van een heel lange actie",
    )
    action = the(session, slug)
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    run(session, slug)
    service.cancel(session, actor=first, now=action.starts_at, slug=slug, reason="Onweer", site=SITE)
    texts = [row for row in session.scalars(select(Outbox)) if row.channel == "sms"]
    assert {row.kind for row in texts} >= {"briefing", "start", "called_off"}
    assert {row.segments for row in texts} == {1}
    bodies = session.scalars(select(Wording.body).where(Wording.channel == "sms")).all()
    assert len(bodies) >= 4
    for body in bodies:
        for word in ("strike", "staking", "((title))", "((union))", "((reason))"):
            assert word not in body.lower(), body
