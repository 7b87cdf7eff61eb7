"""Observers of a board: who gets its head, how often, what is kept of them, and when it is forgotten."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import queries, service
from union.ballots.models import BoardObserver
from union.ballots.service import observers
from union.core.actor import VISITOR
from union.core.errors import Closed, Invalid, NotAllowed, NotFound, TooMany
from union.notify.models import Outbox

URL = make.PUBLIC_URL


def ask(session, hand, now, email="eva@example.net"):
    service.ask_to_observe(session, now=now, slug=hand.slug, email=email, language="nl", public_url=URL)


def rows(session):
    return list(session.scalars(select(BoardObserver)))


def letters(session, kind):
    found = session.scalars(select(Outbox).where(Outbox.kind.startswith(kind)).order_by(Outbox.id))
    return [json.loads(row.sealed) for row in found]


def send(session, now):
    return service.send_heads(session, now=now, public_url=URL)


def test_a_member_gets_the_head_every_hour_until_the_close_and_once_more(session, now):
    hand = make.make_open_ballot(session, now)
    voter = make.actor(session, hand.voters[1])
    service.observe(session, actor=voter, now=now, slug=hand.slug)
    service.observe(session, actor=voter, now=now, slug=hand.slug)
    assert len(rows(session)) == 1
    assert send(session, now) == 1
    assert send(session, now + timedelta(minutes=59)) == 0
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    session.flush()
    assert send(session, now + timedelta(hours=1)) == 1
    first, second = letters(session, "head-")
    assert [first["fields"]["height"], second["fields"]["height"]] == [0, 1]
    assert second["fields"]["head"] == queries.head(session, hand.slug).head
    make.close(session, hand)
    assert send(session, hand.closes_at) == 1
    assert rows(session) == []
    assert send(session, hand.closes_at + timedelta(hours=2)) == 0
    assert {
        row.member_id for row in session.scalars(select(Outbox).where(Outbox.kind.startswith("head-")))
    } == {""}


def test_an_outsider_is_asked_once_and_gets_nothing_before_the_link_is_followed(session, now):
    hand = make.make_open_ballot(session, now)
    ask(session, hand, now, "Eva@Example.net")
    ask(session, hand, now, " eva@example.net ")
    [letter] = letters(session, "observe-")
    assert send(session, now) == 0
    token = letter["fields"]["link"].rpartition("/")[2]
    assert not queries.observer_page(session, token).confirmed
    service.confirm_observer(session, now=now, token=token)
    session.flush()
    assert queries.observer_page(session, token).confirmed
    assert send(session, now) == 1
    [head] = letters(session, "head-")
    assert head["fields"]["leave"].endswith(token)
    assert make.row(session, hand).title not in json.dumps(head), "a glance tells nothing"
    service.stop_observing(session, token=token)
    session.flush()
    assert rows(session) == []
    with pytest.raises(NotFound):
        service.stop_observing(session, token=token)


def test_an_address_is_sealed_and_forgotten(session, now):
    hand = make.make_open_ballot(session, now)
    ask(session, hand, now)
    raw = session.connection().exec_driver_sql("SELECT address, address_hash FROM board_observer").one()
    assert b"eva" not in bytes(raw[0])
    assert b"eva" not in bytes(raw[1])
    send(session, now + observers.CONFIRM_WITHIN)
    assert rows(session) == [], "never confirmed"
    ask(session, hand, now, "other@example.net")
    make.call_off(session, hand, now)
    send(session, now)
    assert rows(session) == [], "called off"


def test_who_has_no_email_address_cannot_observe(session, now):
    hand = make.make_open_ballot(session, now)
    nobody = make_member(session, email=False, phone=True)
    with pytest.raises(Invalid):
        service.observe(session, actor=make.actor(session, nobody), now=now, slug=hand.slug)
    with pytest.raises(NotAllowed):
        service.observe(session, actor=VISITOR, now=now, slug=hand.slug)


def test_what_is_refused(session, now, monkeypatch):
    hand = make.make_open_ballot(session, now)
    with pytest.raises(Invalid) as refusal:
        ask(session, hand, now, "no address")
    assert refusal.value.field == "email"
    for token in ("", "x" * 52, observers.token_of("nobody"), "é" * 52):
        with pytest.raises(NotFound):
            observers.observer(session, token)
    monkeypatch.setattr(observers, "MOST_UNCONFIRMED", 1)
    ask(session, hand, now)
    with pytest.raises(TooMany):
        ask(session, hand, now, "second@example.net")
    make.close(session, hand)
    with pytest.raises(Closed):
        ask(session, hand, now, "third@example.net")
