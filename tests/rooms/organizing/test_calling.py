"""A calling session: one person at a time, never two helpers with the same, outcomes, undo."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.conftest import NOW
from tests.factories.members import make_member
from tests.factories.organizing import chapter_organizer, helper, log, make_list, organizer
from union.core import db
from union.core.errors import Closed, Conflict, Invalid
from union.members import queries as members
from union.members import service as registry
from union.organizing import queries, scope, service
from union.organizing.models import CallAttempt, CallEntry, CallHold, NoContact, Talk
from union.organizing.rules.calling import HELD_FOR, Outcome
from union.organizing.rules.wanted import Wanted
from union.organizing.service import Said, calling

REACHED = Said(Outcome.REACHED, 2, "comes on Friday")


@pytest.fixture
def room(session):
    """A chapter with three people to call, its organizer, two helpers, and the list."""
    people = [make_member(session, name=f"Ann {n} Jansen", phone=True) for n in range(3)]
    make_member(session, name="Without a number")
    local = chapter_organizer(session)
    made = make_list(session, local)
    return {
        "people": people,
        "local": local,
        "list": made,
        "ada": helper(session, made, by=local, name="Ada"),
        "bea": helper(session, made, by=local, name="Bea"),
    }


def take(session, actor, list_id, now=NOW):
    return service.next_call(session, actor=actor, list_id=list_id, now=now)


def say(session, actor, list_id, entry, said, now=NOW):
    service.record_outcome(session, actor=actor, list_id=list_id, entry_id=entry, said=said, now=now)


def person(session, entry):
    return session.get(CallEntry, entry, populate_existing=True).person_id


def test_two_helpers_get_two_people_and_a_third_call_the_last(session, room):
    a, b = (take(session, room[who], room["list"]) for who in ("ada", "bea"))
    assert a
    assert b
    assert a != b
    assert take(session, room["ada"], room["list"]) == a  # asked again, the same person
    assert take(session, room["local"], room["list"]) not in {a, b, None}
    line = queries.call_page(session, actor=room["ada"], list_id=room["list"], now=NOW).on_line
    assert (line.name, line.entry_id, line.number[:4]) == ("Ann", a, "+316")


def test_a_person_on_two_lists_is_on_one_line_only(session, room):
    other = make_list(session, room["local"], title="Another")
    held = {person(session, take(session, room[who], room["list"])) for who in ("ada", "bea")}
    third = take(session, room["local"], other)
    assert person(session, third) not in held
    cara = helper(session, other, by=room["local"], name="Cara")
    assert take(session, cara, other) is None


def test_planted_fault_a_lost_race_is_a_refused_hold(session, room):
    """The row keyed by the person refuses the second helper even when both saw the person free."""
    entry = session.get(CallEntry, take(session, room["ada"], room["list"]))
    assert not calling.hold(session, entry, room["bea"], NOW)
    assert calling.hold(session, entry, room["bea"], NOW + HELD_FOR)


def test_a_hold_runs_out_and_the_outcome_then_belongs_to_the_next(session, room):
    entry = take(session, room["ada"], room["list"])
    for _ in range(2):
        entry_b = take(session, room["bea"], room["list"])
        say(session, room["bea"], room["list"], entry_b, Said(Outcome.WRONG_NUMBER))
    late = NOW + HELD_FOR
    assert take(session, room["bea"], room["list"], late) == entry
    with pytest.raises(Conflict):
        say(session, room["ada"], room["list"], entry, REACHED, late)
    assert not session.scalar(select(Talk.id))


def test_reached_with_an_assessment_becomes_a_talk_of_the_members_chapter(session, room):
    entry = take(session, room["ada"], room["list"])
    say(session, room["ada"], room["list"], entry, REACHED)
    talk = session.scalars(select(Talk)).one()
    assert (talk.member_id, talk.chapter_slug, talk.rating, talk.note) == (
        person(session, entry),
        "amsterdam",
        2,
        "comes on Friday",
    )
    page = queries.list_page(session, actor=room["local"], list_id=room["list"], now=NOW)
    assert (page.card.done, page.outcomes) == (1, {"reached": 1, "waiting": 2})


def test_no_answer_rests_four_hours_and_ends_after_three(session, room):
    for other in ("bea", "local"):
        assert take(session, room[other], room["list"])
    entry = take(session, room["ada"], room["list"])
    now = NOW
    for n in range(3):
        say(session, room["ada"], room["list"], entry, Said(Outcome.NO_ANSWER), now)
        assert take(session, room["ada"], room["list"], now + timedelta(minutes=1)) is None
        if n < 2:
            now += timedelta(hours=4) if n == 0 else timedelta(hours=20)
            session.query(CallHold).update({CallHold.until: now + timedelta(hours=9)})
            assert take(session, room["ada"], room["list"], now) == entry
    assert session.get(CallEntry, entry, populate_existing=True).done


def test_a_promised_call_comes_first_at_its_moment(session, room):
    entry = take(session, room["ada"], room["list"])
    at = NOW + timedelta(hours=1)
    say(session, room["ada"], room["list"], entry, Said(Outcome.CALL_BACK, again_at=at))
    assert take(session, room["bea"], room["list"], at - timedelta(minutes=1)) != entry
    assert take(session, room["ada"], room["list"], at) == entry
    assert queries.call_page(session, actor=room["ada"], list_id=room["list"], now=at).on_line.promised


def test_a_call_back_needs_a_moment_and_nothing_is_lost_meanwhile(session, room):
    entry = take(session, room["ada"], room["list"])
    with db.Session.begin_nested(session) as save, pytest.raises(Invalid):
        say(session, room["ada"], room["list"], entry, Said(Outcome.CALL_BACK))
    assert save is not None
    session.expire_all()


def test_do_not_contact_takes_a_member_off_every_list_for_good(session, room):
    other = make_list(session, room["local"], title="Another")
    entry = take(session, room["ada"], room["list"])
    refused = person(session, entry)
    say(session, room["ada"], room["list"], entry, Said(Outcome.REFUSED))
    seen = {person(session, one) for one in iter(lambda: _call_all(session, room, other), None)}
    assert refused not in seen
    assert len(seen) == 2
    later = make_list(session, room["local"], title="Later")
    assert queries.list_page(session, actor=room["local"], list_id=later, now=NOW).card.people == 2
    service.allow_contact(session, actor=members.actor_of(session, refused), now=NOW)
    again = make_list(session, room["local"], title="Again")
    assert queries.list_page(session, actor=room["local"], list_id=again, now=NOW).card.people == 3


def _call_all(session, room, list_id):
    entry = take(session, room["local"], list_id)
    if entry:
        say(session, room["local"], list_id, entry, Said(Outcome.WRONG_NUMBER))
    return entry


def test_who_left_or_was_suspended_is_not_called(session, room):
    gone, barred, left = room["people"]
    registry.leave(session, actor=members.actor_of(session, gone), now=NOW)
    chief = organizer(session)
    assert chief
    from tests.factories.organizing import officer

    registry.suspend(session, actor=officer(session), member_id=barred, reason="x", now=NOW)
    entry = take(session, room["ada"], room["list"])
    assert person(session, entry) == left
    say(session, room["ada"], room["list"], entry, Said(Outcome.REACHED))
    assert take(session, room["ada"], room["list"]) is None
    assert (
        queries.list_page(session, actor=room["local"], list_id=room["list"], now=NOW).outcomes["gone"] == 2
    )


def test_undo_puts_the_person_back_on_the_line_with_nothing_left(session, room):
    entry = take(session, room["ada"], room["list"])
    say(session, room["ada"], room["list"], entry, REACHED)
    assert (
        service.undo_outcome(session, actor=room["ada"], list_id=room["list"], now=NOW + timedelta(minutes=9))
        == entry
    )
    row = session.get(CallEntry, entry, populate_existing=True)
    assert (row.done, row.tries, row.outcome, session.scalar(select(Talk.id))) == (False, 0, None, None)
    say(session, room["ada"], room["list"], entry, Said(Outcome.REFUSED), NOW + timedelta(minutes=10))
    assert session.scalar(select(NoContact.member_id)) == row.person_id
    service.undo_outcome(session, actor=room["ada"], list_id=room["list"], now=NOW + timedelta(minutes=12))
    assert session.scalar(select(NoContact.member_id)) is None


def test_undo_has_an_end_and_waits_for_the_line(session, room):
    entry = take(session, room["ada"], room["list"])
    say(session, room["ada"], room["list"], entry, REACHED)
    with pytest.raises(Closed):
        service.undo_outcome(
            session, actor=room["ada"], list_id=room["list"], now=NOW + timedelta(minutes=10)
        )
    assert take(session, room["ada"], room["list"])
    with pytest.raises(Conflict):
        service.undo_outcome(session, actor=room["ada"], list_id=room["list"], now=NOW)
    with pytest.raises(Closed):
        service.undo_outcome(session, actor=room["bea"], list_id=room["list"], now=NOW)


def test_given_back_goes_to_the_end_of_the_queue(session, room):
    entry = take(session, room["ada"], room["list"])
    service.give_back(session, actor=room["ada"], list_id=room["list"], entry_id=entry, now=NOW)
    others = [take(session, room[who], room["list"]) for who in ("ada", "bea")]
    assert entry not in others
    assert take(session, room["local"], room["list"]) == entry
    assert session.scalars(select(CallAttempt.outcome).where(CallAttempt.entry_id == entry)).all() == [
        None,
        None,
    ]


def test_nobody_is_called_at_night(session, room):
    night = NOW.replace(hour=20, minute=1)  # 21:01 in Amsterdam
    assert take(session, room["ada"], room["list"], night) is None
    page = queries.call_page(session, actor=room["ada"], list_id=room["list"], now=night)
    assert (page.night, page.now_waiting) == (True, 0)


def test_a_closed_list_is_closed_to_everybody(session, room):
    entry = take(session, room["ada"], room["list"])
    service.close_list(session, actor=room["local"], list_id=room["list"], now=NOW)
    with pytest.raises(Closed):
        take(session, room["bea"], room["list"])
    with pytest.raises(Conflict):
        say(session, room["ada"], room["list"], entry, REACHED)
    assert queries.my_lists(session, actor=room["ada"], now=NOW) == []


def test_a_filter_narrows_a_list(session, room):
    log(session, room["local"], room["people"][0], rating=1)
    made = make_list(session, room["local"], wanted=Wanted(rating="1"))
    assert queries.list_page(session, actor=room["local"], list_id=made, now=NOW).card.people == 1
    with pytest.raises(Invalid):
        make_list(session, room["local"], wanted=Wanted(rating="5"))


def test_many_helpers_at_once_never_get_the_same_person(database):
    """Eight threads, each on its own connection, empty two lists of the same people: no person twice at a time."""
    with db.transaction() as session:
        people = [make_member(session, name=f"Person {n}", phone=True) for n in range(12)]
        local = chapter_organizer(session)
        lists = [make_list(session, local, title=f"List {n}") for n in range(2)]
        crowd = [
            (made, helper(session, made, by=local, name=f"Helper {n} of {made[:3]}"))
            for made in lists
            for n in range(4)
        ]
    start = threading.Barrier(len(crowd))
    got, failed = [], []

    def work(list_id, actor):
        start.wait()
        try:
            with db.transaction() as session:
                entry = take(session, actor, list_id)
                got.append(entry and person(session, entry))
        except Exception as problem:
            failed.append(problem)

    threads = [threading.Thread(target=work, args=pair) for pair in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(got) == 8
    assert None not in got
    assert max(Counter(got).values()) == 1
    assert set(got) <= set(people)
    with db.reading() as session:
        assert len(session.scalars(select(CallHold.person_id)).all()) == 8


def test_scope_names_a_list_as_a_place():
    assert scope.at(None) == ()
