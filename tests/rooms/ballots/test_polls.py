"""Shows of hands: by name, for one chapter, over when closed, and the names forgotten later."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.conftest import NOW
from tests.factories.ballots import actor
from tests.factories.members import make_chapter, make_member
from union.ballots import jobs, queries, service
from union.ballots.models import PollAnswer
from union.ballots.service.polls import NAMES_KEPT
from union.core import db
from union.core.actor import VISITOR, Role
from union.core.errors import Closed, Invalid, NotAllowed, NotFound


@pytest.fixture
def olga(session):
    for chapter in ("amsterdam", "utrecht"):
        make_chapter(session, chapter)
    return actor(session, make_member(session, roles=[Role.ORGANIZER], chapter="utrecht", name="Olga"))


DAY, MOMENT = timedelta(days=1), timedelta(seconds=1)


def ask(session, olga, now, **change):
    facts = {
        "chapter": "amsterdam",
        "question": "Soup or bread?",
        "answers": ["Soup", "Bread"],
        "lasts": DAY,
        **change,
    }
    return service.open_poll(session, actor=olga, now=now, **facts)


def raised(session, who, poll, answer, now=NOW):
    service.raise_hand(session, actor=who, now=now, poll_id=poll, answer=answer)


def test_hands_with_names_changed_counted_and_later_forgotten(session, olga, now):
    ann, bob, cas = (actor(session, make_member(session, name=name)) for name in ("Ann", "bob", "Cas"))
    poll = ask(session, olga, now)
    for who, answer in ((ann, 0), (cas, 1), (bob, 1), (ann, 1)):
        raised(session, who, poll, answer)
    page = queries.poll_page(session, poll, ann, NOW)
    assert [(h.text, h.count, h.names) for h in page.hands] == [
        ("Soup", 0, ()),
        ("Bread", 3, ("Ann", "bob", "Cas")),
    ]
    assert (page.mine, page.may_answer) == (1, True)
    assert [card.answered for card in queries.polls(session, ann, NOW)] == [True]
    service.close_poll(session, actor=olga, now=now, poll_id=poll)
    with pytest.raises(Closed):
        raised(session, bob, poll, 0)
    with pytest.raises(Closed):
        service.close_poll(session, actor=olga, now=now, poll_id=poll)
    assert service.forget_hands(session, now=now + NAMES_KEPT - timedelta(seconds=1)) == 0
    assert service.forget_hands(session, now=now + NAMES_KEPT) == 3
    assert session.scalar(select(func.count()).select_from(PollAnswer)) == 0
    page = queries.poll_page(session, poll, olga, NOW)
    assert [(h.count, h.names) for h in page.hands] == [(0, ()), (3, ())]
    assert not page.names_known


def test_one_chapter_only(session, olga, now):
    poll = ask(session, olga, now)
    other = actor(session, make_member(session, chapter="utrecht"))
    with pytest.raises(NotAllowed):
        raised(session, other, poll, 0)
    with pytest.raises(NotAllowed):
        queries.poll_page(session, poll, other, NOW)
    with pytest.raises(NotAllowed):
        queries.poll_page(session, poll, VISITOR, NOW)
    assert queries.polls(session, other, NOW) == []
    assert len(queries.polls(session, olga, NOW)) == 1
    with pytest.raises(NotAllowed):
        raised(session, olga, poll, 0)


def test_members_ask_nothing_and_close_nothing(session, olga, now):
    ann = actor(session, make_member(session))
    poll = ask(session, olga, now)
    with pytest.raises(NotAllowed):
        ask(session, ann, now)
    with pytest.raises(NotAllowed):
        service.close_poll(session, actor=ann, now=now, poll_id=poll)
    for answer in (-1, 2):
        with pytest.raises(Invalid):
            raised(session, ann, poll, answer)
    with pytest.raises(NotFound):
        raised(session, ann, "none", 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": " "}, "question"),
        ({"question": "x" * 301}, "question"),
        ({"answers": ["One", " "]}, "answers"),
        ({"answers": [str(n) for n in range(11)]}, "answers"),
        ({"answers": ["a", "A"]}, "answers"),
        ({"answers": ["a", "b" * 161]}, "answers"),
        ({"chapter": "atlantis"}, "chapter"),
        ({"lasts": timedelta(days=400)}, "lasts"),
    ],
)
def test_a_poll_that_cannot_be_is_refused_at_its_field(session, olga, now, change, field):
    with pytest.raises(Invalid) as refusal:
        ask(session, olga, now, **change)
    assert refusal.value.field == field


def test_what_nobody_closes_closes_by_itself_and_loses_its_names(database, settings, now):
    with db.transaction() as session:
        make_chapter(session)
        olga, ann = (actor(session, make_member(session, roles=roles)) for roles in ([Role.ORGANIZER], []))
        poll = ask(session, olga, now)
        raised(session, ann, poll, 1)

    def look(at):
        jobs.lower_hands(at, settings)
        with db.reading() as session:
            page = queries.poll_page(session, poll, ann, at)
            return page.closed_at, [hand.count for hand in page.hands], page.names_known

    ends = now + DAY
    assert look(ends - MOMENT) == (None, [0, 1], True)
    with db.transaction() as session, pytest.raises(Closed):
        raised(session, ann, poll, 0, now=ends)
    assert look(ends + MOMENT) == (ends, [0, 1], True)
    assert look(ends + NAMES_KEPT - MOMENT) == (ends, [0, 1], True)
    assert look(ends + NAMES_KEPT + MOMENT) == (ends, [0, 1], False)
