"""Completion is chased: who is not done hears of it, at most three times, and nothing of it is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories.actions import SITE, hand_over, make_armed
from tests.rooms.actions.test_arc import live, sent, the
from union.actions import queries, service
from union.actions.models import CheckinTally
from union.actions.rules import chasing
from union.actions.rules.states import Choice
from union.core.actor import SYSTEM
from union.core.errors import Conflict
from union.members import queries as members
from union.notify import service as notify
from union.notify.models import Outbox

HOUR = timedelta(hours=1)


@pytest.fixture
def running(session, now, first, second, called, campaign):
    slug = make_armed(
        session, now, first=first, second=second, campaign=campaign, chase=60, wall_end="2026-11-25T20:00"
    )
    return slug, live(session, slug, now)


def chase(session, slug, now):
    return service.chase(session, actor=SYSTEM, now=now, slug=slug, site=SITE)


def done(session, slug, member_id, now):
    service.complete(session, actor=members.actor_of(session, member_id), now=now, slug=slug)


def test_only_who_is_not_done_is_reminded_and_each_reminder_once(session, running, called):
    slug, start = running
    for member_id in called[:4]:
        done(session, slug, member_id, start)
    service.check_in(session, actor=members.actor_of(session, called[4]), now=start, slug=slug)
    service.choose(
        session,
        actor=members.actor_of(session, called[5]),
        now=start,
        slug=slug,
        choice=Choice.OUT,
        site=SITE,
    )
    assert chase(session, slug, start + timedelta(minutes=59)) == 0, "not yet"
    assert queries.due(session, start + HOUR).chase == (slug,)
    assert chase(session, slug, start + HOUR) == 14, "seven members, by text and by mail"
    assert chase(session, slug, start + HOUR) == 0, "once"
    assert {row.member_id for row in sent(session, slug, "chase-1")} == {called[4], *called[6:]}
    done(session, slug, called[6], start + HOUR)
    assert chase(session, slug, start + 2 * HOUR) == 12, "whoever finished meanwhile hears no more"
    assert chase(session, slug, start + 3 * HOUR) == 0
    assert chase(session, slug, start + 4 * HOUR) == 12
    assert chase(session, slug, start + 20 * HOUR) == 0, "three are enough"
    assert queries.due(session, start + 20 * HOUR).chase == ()


def test_one_tap_says_out_and_done(session, running, called):
    slug, start = running
    done(session, slug, called[0], start + HOUR)
    tally = session.scalars(select(CheckinTally)).one()
    assert (tally.out, tally.done) == (1, 1)
    with pytest.raises(Conflict):
        done(session, slug, called[0], start + HOUR)


def test_a_scheduler_that_slept_sends_one(session, running):
    slug, start = running
    assert chase(session, slug, start + 5 * HOUR) == 24
    assert {row.kind for row in session.scalars(select(Outbox)) if row.kind.startswith("chase")} == {
        "chase-3"
    }
    assert chase(session, slug, start + 6 * HOUR) == 0


def test_after_the_end_no_reminder_tells_who_was_not_done(session, running, first, called):
    slug, start = running
    for member_id in called[:6]:
        done(session, slug, member_id, start)
    chase(session, slug, start + HOUR)
    hand_over(session)
    flying = sent(session, slug, "chase-1")[0]
    flying.state = "sending"
    session.flush()
    service.end_now(session, actor=first, now=start + 2 * HOUR, slug=slug, site=SITE)
    rows = sent(session, slug, "chase-1")
    session.expire_all()
    named = [row for row in rows if row.member_id in called]
    assert [row.id for row in named] == [flying.id], (
        "what is in the air right now is cut loose once it landed"
    )
    assert all(row.address_hash is None and row.sealed is None for row in rows if row.id != flying.id)
    flying.state = "accepted"
    session.flush()
    service.wipe(session, actor=SYSTEM, now=start + 3 * HOUR)
    session.expire_all()
    assert [row for row in sent(session, slug, "chase-1") if row.member_id in called] == []


def test_the_look_finds_a_planted_fault(session, running, first, called, monkeypatch):
    slug, start = running
    done(session, slug, called[0], start)
    chase(session, slug, start + HOUR)
    monkeypatch.setattr(notify, "unlink", lambda *_, **__: 0)
    service.end_now(session, actor=first, now=start + 2 * HOUR, slug=slug, site=SITE)
    told = {row.member_id for row in sent(session, slug, "chase-1")}
    assert set(called) - told == {called[0]}, "left alone, the rows would tell who was done"


def test_none_where_none_was_planned(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    assert chase(session, slug, start + 9 * HOUR) == 0
    assert the(session, slug).chase_every == 0


def test_never_more_than_three_and_never_before_the_first(now):
    found = [chasing.due_at(now, 60, sent) for sent in range(5)]
    assert found == [now + HOUR, now + 2 * HOUR, now + 4 * HOUR, None, None]
    assert chasing.due_at(now, 0, 0) is None
    for minutes, passed in ((59, 0), (60, 1), (119, 1), (120, 2), (240, 3), (9999, 3)):
        assert chasing.passed(now, 60, now + timedelta(minutes=minutes)) == passed
