"""A briefing leaves at its route's pace, who starts first comes first, and the last one has it in time."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from tests.factories.actions import SITE, make_armed, make_called, make_campaign, make_organizer
from union.actions import outlook, service, standing
from union.actions.models import Action
from union.actions.rules import pacing
from union.actions.rules.readiness import Gate, checks
from union.actions.rules.states import Mode
from union.core.actor import SYSTEM
from union.core.db import transaction
from union.members import queries as members
from union.notify import queries, texts
from union.notify import service as notify
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel
from union.notify.service import wording

ZONES = ["America/New_York", "Europe/Amsterdam", "Asia/Kathmandu", "Pacific/Chatham"]


def briefed(session, now, *, count=40, zones=ZONES, **facts):
    first, second = make_organizer(session), make_organizer(session)
    called = [make_called(session, 1, zone=zones[n % len(zones)])[0] for n in range(count)]
    campaign = make_campaign(session, now, called=called)
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, **facts)
    action = session.scalars(select(Action)).one()
    reach = outlook.reach_of(session, members.contacts(session, called), action, now=action.briefing_at)
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    chosen = (
        select(Outbox).where(Outbox.kind == "briefing", Outbox.channel == "sms").order_by(Outbox.not_before)
    )
    return action, reach, session.scalars(chosen).all()


def test_texts_leave_at_the_route_s_pace_and_the_last_is_there_in_time(database, now):
    with transaction() as session:
        action, reach, texts = briefed(session, now, sms_route="alphanumeric")
        gaps = [b.not_before - a.not_before for a, b in pairwise(texts)]
        each = timedelta(seconds=1 / 9)  # nine tenths of ten a second
        assert all(abs(gap - each) < timedelta(microseconds=2) for gap in gaps)
        assert texts[0].not_before == action.briefing_at
        there = texts[-1].not_before + timedelta(seconds=pacing.CHOICES["alphanumeric"].slowest)
        assert there <= reach.last_at <= reach.latest


def test_a_briefing_in_two_segments_takes_twice_as_long(database, now):
    words = wording.Words("", "It begins ((start)). " + "x" * 150 + " ((link))")
    with transaction() as session:
        wording.save_text(
            session,
            actor=make_organizer(session),
            now=now,
            base=texts.find(standing.BRIEFING, "en", Channel.SMS),
            words=words,
        )
        action, reach, sent = briefed(session, now, sms_route="alphanumeric")
        assert {text.segments for text in sent} == {2}
        assert reach.fits
        assert (reach.last_at - action.briefing_at).total_seconds() > 2 * len(sent) / 9 + 30
        assert sent[-1].not_before + timedelta(seconds=30) <= reach.last_at


def test_at_the_desk_nothing_waits(database, now):
    with transaction() as session:
        action, _, texts = briefed(session, now)
        assert {text.not_before for text in texts} == {action.briefing_at}


def test_whoever_starts_first_is_texted_first(database, now):
    with transaction() as session:
        _, _, texts = briefed(session, now, sms_route="toll-free", mode=Mode.WALL_CLOCK)
        starts = [text.expires_at for text in texts]
        assert starts == sorted(starts)
        assert texts[0].zone == "Pacific/Chatham"
        assert texts[-1].zone == "America/New_York"


def test_held_in_the_middle_what_has_not_left_stays(database, now):
    with transaction() as session:
        action, _, texts = briefed(session, now, sms_route="alphanumeric")
        ref, half = standing.ref_of(action), texts[20].not_before
    with transaction() as session:
        from union.notify.delivery.claim import claim

        def take(at):
            return claim(session, provider="desk", channel=Channel.SMS, now=at, size=100, who="x")

        assert len(take(half)) == 21
        notify.pause(session, now=half, ref=ref)
        assert not take(half + timedelta(hours=1))
        assert queries.progress(session, ref).created >= 19


@pytest.mark.parametrize(("off", "refused"), [(0, False), (99, False), (-101, True), (250, True)])
def test_a_scheduler_with_a_wrong_clock_keeps_actions_from_being_armed(database, now, off, refused):
    with transaction() as session:
        first, second = make_organizer(session), make_organizer(session)
        campaign = make_campaign(session, now, called=make_called(session, 6))
        make_armed(session, now, first=first, second=second, campaign=campaign)
        notify.beat(session, now=now, process="scheduler", offset=timedelta(milliseconds=off))
        action = session.scalars(select(Action)).one()
        [found] = [
            one for one in checks(outlook.facts(session, action, now=now)) if one.gate is Gate.HEARTBEAT
        ]
        assert found.ok is not refused
        if refused:
            assert found.facts["off"] == abs(off)
