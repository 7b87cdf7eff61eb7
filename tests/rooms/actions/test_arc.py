from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories.actions import (
    SITE,
    arm,
    heartbeat,
    make_armed,
    make_called,
    make_scheduled,
    plan,
)
from union.actions import queries, service
from union.actions.models import Action, ActionChoice, CheckinOnce, CheckinTally, Debrief
from union.actions.rules.states import Choice, State
from union.core.actor import SYSTEM
from union.core.errors import Closed, Conflict, NotAllowed
from union.members import queries as members
from union.notify.models import Outbox


def the(session, slug):
    return session.scalars(select(Action).filter_by(slug=slug)).one()


def sent(session, slug, kind):
    rows = session.scalars(
        select(Outbox).where(Outbox.ref.startswith(f"action:{slug}:"), Outbox.kind == kind)
    )
    return list(rows)


def live(session, slug, now):
    """Let the clock brief, decide and start; return the moment of the start."""
    action = the(session, slug)
    service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
    service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE)
    start = action.starts_at
    assert service.fire(session, actor=SYSTEM, now=start, slug=slug, site=SITE)
    return start


def test_from_draft_to_debrief(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    action = the(session, slug)
    assert action.state is State.ARMED
    assert service.brief(session, actor=SYSTEM, now=now, slug=slug, site=SITE) == 0, "not before it is due"
    briefing = action.starts_at - timedelta(hours=24)
    assert service.brief(session, actor=SYSTEM, now=briefing, slug=slug, site=SITE) == 24
    assert service.brief(session, actor=SYSTEM, now=briefing, slug=slug, site=SITE) == 0, "once"
    assert service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE) is True
    start = action.starts_at
    assert service.fire(session, actor=SYSTEM, now=start, slug=slug, site=SITE) == ("*",)
    assert service.fire(session, actor=SYSTEM, now=start, slug=slug, site=SITE) == ()
    assert len(sent(session, slug, "start")) == 24
    assert the(session, slug).state is State.LIVE
    for member_id in called:
        actor = members.actor_of(session, member_id)
        service.check_in(session, actor=actor, now=start + timedelta(minutes=2), slug=slug)
    service.complete(session, actor=members.actor_of(session, called[0]), now=start, slug=slug)
    board = queries.live(session, action.campaign_id)[0]
    assert (board.out, board.of, board.cells) == (12, 12, (("Amsterdam", 12),))
    assert board.done is None, "one is too few to tell"
    assert service.end(session, actor=SYSTEM, now=action.ends_at, slug=slug, site=SITE) is True
    assert len(sent(session, slug, "end")) == 24
    found = session.get_one(Debrief, action.id)
    assert (found.pledged, found.checked_in, found.completed, found.in_time) == (12, 12, 1, 12)
    service.debrief(
        session,
        actor=first,
        now=action.ends_at,
        slug=slug,
        went_well="Op tijd",
        went_badly="",
        learn="Vroeger",
        publish=True,
    )
    assert the(session, slug).state is State.DEBRIEFED


def test_the_second_arm_is_refused(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    with pytest.raises(Conflict):
        service.arm(session, actor=first, now=now, slug=slug)
    with pytest.raises(Conflict):
        service.confirm(session, actor=second, now=now, slug=slug)


def test_one_organizer_alone_cannot_arm(session, now, first, campaign):
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    heartbeat(session, now)
    service.send_test(session, actor=first, now=now, slug=slug)
    for row in session.scalars(select(Outbox)):
        row.state = "delivered"
    service.arm(session, actor=first, now=now, slug=slug)
    with pytest.raises(Conflict, match="armed already"):
        service.arm(session, actor=first, now=now, slug=slug)
    with pytest.raises(Conflict, match="another organizer"):
        service.confirm(session, actor=first, now=now, slug=slug)
    assert the(session, slug).state is State.SCHEDULED
    with pytest.raises(NotAllowed):
        service.confirm(session, actor=SYSTEM, now=now, slug=slug)


def test_two_check_ins_count_once(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    actor = members.actor_of(session, called[0])
    with pytest.raises(Closed):
        service.check_in(session, actor=actor, now=now, slug=slug)
    start = live(session, slug, now)
    service.check_in(session, actor=actor, now=start, slug=slug)
    with pytest.raises(Conflict):
        service.check_in(session, actor=actor, now=start, slug=slug)
    tally = session.scalars(select(CheckinTally)).one()
    assert (tally.chapter_slug, tally.out) == ("amsterdam", 1)
    service.undo(session, actor=actor, now=start, slug=slug)
    session.refresh(tally)
    assert tally.out == 0
    service.check_in(session, actor=actor, now=start, slug=slug)
    session.refresh(tally)
    assert tally.out == 1


def test_who_does_not_take_part_is_not_counted_and_a_meeting_point_lets_them_join(
    session, now, first, second, campaign
):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    stranger = members.actor_of(session, make_called(session, 1)[0])
    with pytest.raises(NotAllowed):
        service.check_in(session, actor=stranger, now=start, slug=slug)
    code = the(session, slug).meeting_code
    service.check_in_at_point(
        session, actor=stranger, now=start, slug=slug, code=code[:3] + " " + code[3:].lower()
    )
    assert session.scalars(select(CheckinTally)).one().point == 1


def test_after_the_end_nothing_tells_who_checked_in(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    for member_id in called:
        service.check_in(session, actor=members.actor_of(session, member_id), now=start, slug=slug)
    assert len(session.scalars(select(CheckinOnce)).all()) == 12
    service.end_now(session, actor=first, now=start + timedelta(minutes=30), slug=slug, site=SITE)
    assert session.scalars(select(CheckinOnce)).all() == []
    assert the(session, slug).checkin_key is None
    page = queries.action_page(session, slug, members.actor_of(session, called[0]), start, "nl")
    assert not page.out


def test_the_audience_is_taken_anew_when_it_fires(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    leaver, suspended, withdrawn = called[:3]
    from union.members.models import Member

    session.get_one(Member, leaver).state = "left"
    session.get_one(Member, suspended).state = "suspended"
    actor = members.actor_of(session, withdrawn)
    service.choose(session, actor=actor, now=now, slug=slug, choice=Choice.OUT, site=SITE)
    session.flush()
    live(session, slug, now)
    told = {row.member_id for row in sent(session, slug, "start")}
    assert told == set(called[3:])


def test_a_change_of_time_is_a_new_version_and_asks_again(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    extra = make_called(session, 1)[0]
    actor = members.actor_of(session, extra)
    service.choose(session, actor=actor, now=now, slug=slug, choice=Choice.IN, site=SITE)
    later = plan(wall_start="2026-11-25T18:00", wall_end="2026-11-25T20:00")
    assert service.edit(session, actor=first, now=now, slug=slug, plan=later, site=SITE) == 2
    action = the(session, slug)
    assert (action.state, action.armed_by, action.confirmed_by) == (State.SCHEDULED, None, None)
    told = {row.member_id for row in sent(session, slug, "changed")}
    assert told == {*called, extra}
    assert service.fire(session, actor=SYSTEM, now=action.starts_at, slug=slug, site=SITE) == ()
    card = queries.mine(session, extra, now)
    assert card == [], "who joined the first version must join again"
    arm(session, now, slug, first, second)
    assert the(session, slug).state is State.ARMED


def test_a_change_of_words_takes_the_signatures_off_but_asks_nobody(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    assert (
        service.edit(session, actor=first, now=now, slug=slug, plan=plan(title="Samen eruit"), site=SITE) == 1
    )
    assert the(session, slug).state is State.SCHEDULED
    assert sent(session, slug, "changed") == []


def test_an_action_that_runs_or_is_over_is_not_disarmed(session, now, first, second, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    with pytest.raises(Conflict, match="not armed"):
        service.disarm(session, actor=first, now=start, slug=slug)
    assert service.end(session, actor=SYSTEM, now=the(session, slug).ends_at, slug=slug, site=SITE) is True
    with pytest.raises(Conflict, match="not armed"):
        service.disarm(session, actor=first, now=start, slug=slug)


@pytest.mark.parametrize("verb", [service.postpone, service.cancel])
def test_one_organizer_can_always_stop(session, now, first, second, campaign, verb):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    assert verb(session, actor=second, now=start, slug=slug, reason="Onweer", site=SITE) == 24
    action = the(session, slug)
    assert action.state in {State.POSTPONED, State.CANCELLED}
    assert action.checkin_key is None
    with pytest.raises(Conflict):
        verb(session, actor=second, now=start, slug=slug, reason="Nog eens", site=SITE)


def test_a_postponed_action_gets_a_new_date_and_clean_counts(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    start = live(session, slug, now)
    service.check_in(session, actor=members.actor_of(session, called[0]), now=start, slug=slug)
    service.postpone(session, actor=first, now=start, slug=slug, reason="Onweer", site=SITE)
    later = plan(wall_start="2026-12-01T18:00", wall_end="2026-12-01T20:00")
    service.edit(session, actor=first, now=start, slug=slug, plan=later, site=SITE)
    assert the(session, slug).state is State.AUTHORIZED
    assert session.scalars(select(CheckinTally)).all() == []
    service.schedule(session, actor=first, now=start, slug=slug)
    arm(session, start, slug, first, second)
    live(session, slug, start)
    assert the(session, slug).version == 2


def test_choices_are_wiped_a_month_later(session, now, first, second, called, campaign):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    actor = members.actor_of(session, called[0])
    service.choose(session, actor=actor, now=now, slug=slug, choice=Choice.IN, site=SITE)
    start = live(session, slug, now)
    service.end_now(session, actor=first, now=start, slug=slug, site=SITE)
    assert service.wipe(session, actor=SYSTEM, now=start + timedelta(days=29)) == 0
    assert service.wipe(session, actor=SYSTEM, now=start + timedelta(days=31)) == 1
    assert session.scalars(select(ActionChoice)).all() == []
