"""Notifications: one row beside the others for who has a device, neutral unless asked, gone devices forgotten."""

import json
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import WHO, rows, states, write
from union.core import db
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.errors import Conflict, NotFound
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.channels.web_push import WebPush, public_key
from union.notify.models import PushDevice
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import devices
from union.notify.testing import push_server

PRIVATE = bytes(range(1, 33))
MEMBER = Actor("m0", "Mo", frozenset({Role.MEMBER}), active=True)
OTHER = Actor("m1", "Ot", frozenset({Role.MEMBER}), active=True)


@pytest.fixture
def hand(hand):
    hand.now = utcnow() + timedelta(seconds=30)  # the push service's clock is the real one
    return hand


@pytest.fixture
def service():
    with push_server.running(push_server.PushServer(public_key(PRIVATE))) as running:
        yield running


@pytest.fixture
def push(service):
    made = WebPush(
        private=PRIVATE, contact="mailto:union@example.org", hosts=service.origin, gone=jobs._gone, callers=2
    )
    yield made
    made.close()


def subscribe(service, actor=MEMBER):
    browser, subscription = service.subscribe()
    with db.transaction() as session:
        made = devices.subscribe(session, actor=actor, now=NOW, subscription=subscription, label="Firefox")
    return browser, subscription, made


def owned(actor=MEMBER):
    with db.reading() as session:
        return queries.own_messages(session, actor=actor)


def fan_out(**facts):
    facts.setdefault("now", utcnow())
    return write(2, template="actions/briefing", fields=FIELDS, **facts)


FIELDS = {"title": "Fair pay", "start": "Tue 1 Dec 18:00", "official": "x", "end": "y",
          "link": "https://union.example/actions/x", "reason": "z"}  # fmt: skip


def test_a_device_gets_a_notification_beside_the_text(database, hand, service, push):
    browser, _, _ = subscribe(service)
    fan_out()
    assert sorted((row.member_id, row.channel) for row in rows()) == [
        ("m0", "push"), ("m0", "sms"), ("m1", "sms"),
    ]  # fmt: skip
    assert jobs.deliver_due((push,), WHO, clock=hand).accepted == 1
    [shown] = browser.shown
    assert shown.told["title"] == "New message"
    assert shown.told["body"] == "Open it to read."
    assert shown.told["url"] == "/actions/x"
    assert "Fair pay" not in json.dumps(shown.told)


def test_written_twice_it_is_sent_once(database, hand, service, push):
    browser, _, _ = subscribe(service)
    fan_out()
    fan_out()
    jobs.deliver_due((push,), WHO, clock=hand)
    jobs.deliver_due((push,), WHO, clock=hand)
    assert len(browser.shown) == 1


def test_who_asked_sees_from_whom_and_what(database, hand, service, push):
    browser, _, _ = subscribe(service)
    with db.transaction() as session:
        devices.set_named(session, actor=MEMBER, now=NOW, named=True)
    write(1, now=hand(), channel=Channel.EMAIL, template="actions/briefing", fields=FIELDS)
    assert {row.channel: row.named for row in rows()} == {"email": True, "push": True}
    jobs.deliver_due((push,), WHO, clock=hand)
    assert browser.shown[0].told["title"] == "Datavakbond"
    assert "Tue 1 Dec 18:00" in browser.shown[0].told["body"]
    with db.transaction() as session:
        devices.set_named(session, actor=MEMBER, now=NOW, named=False)
    assert not owned().named


@pytest.mark.parametrize("facts", [{"secret": True}, {"lane": Lane.LOGIN}])
def test_secrets_and_sign_in_make_no_notification(database, service, facts):
    subscribe(service)
    fan_out(**facts)
    assert {row.channel for row in rows()} == {"sms"}


def test_every_device_of_a_member_shows_it_and_one_row_tells(database, hand, service, push):
    first, second = subscribe(service)[0], subscribe(service)[0]
    fan_out()
    jobs.deliver_due((push,), WHO, clock=hand)
    assert (len(first.shown), len(second.shown)) == (1, 1)
    assert len(rows(channel="push")) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_gave_up_is_forgotten(database, hand, service, push, status):
    browser, _, _ = subscribe(service)
    browser.answer = status
    fan_out()
    jobs.deliver_due((push,), WHO, clock=hand)
    assert [row.error_code for row in rows(channel="push")] == ["push gone"]
    assert owned().devices == ()
    fan_out(ref="action:y")
    assert not rows(channel="push", ref="action:y")


def test_what_is_too_late_is_not_pushed(database, hand, service, push):
    browser, _, _ = subscribe(service)
    fan_out(expires_at=hand() + timedelta(minutes=5))
    hand.turn(minutes=6)
    jobs.deliver_due((push,), WHO, clock=hand)
    assert not browser.shown


def test_a_vote_s_notice_waits_for_the_morning(database, service):
    subscribe(service)
    night = NOW.replace(hour=23, minute=30)
    fan_out(lane=Lane.BALLOT, now=night, expires_at=night + timedelta(hours=20))
    assert all(row.not_before > night + timedelta(hours=6) for row in rows())


def test_a_test_reaches_the_one_device(database, hand, service, push):
    browser, _, made = subscribe(service)
    other, _, _ = subscribe(service)
    with db.transaction() as session:
        devices.test_push(
            session, actor=MEMBER, now=hand(), device_id=made, zone="Europe/Amsterdam", language="nl"
        )
    jobs.deliver_due((push,), WHO, clock=hand)
    assert [shown.told["title"] for shown in browser.shown] == ["Het werkt"]
    assert not other.shown
    with db.transaction() as session, pytest.raises(NotFound):
        devices.test_push(session, actor=OTHER, now=NOW, device_id=made, zone="UTC", language="en")


def test_a_browser_belongs_to_whoever_used_it_last(database, service):
    _, subscription, _ = subscribe(service)
    with db.transaction() as session:
        devices.subscribe(session, actor=OTHER, now=NOW, subscription=subscription, label="x")
    assert owned().devices == ()
    assert len(owned(OTHER).devices) == 1


def test_others_cannot_remove_it_and_ten_are_enough(database, service):
    _, _, made = subscribe(service)
    with db.transaction() as session:
        devices.unsubscribe_device(session, actor=OTHER, device_id=made)
    assert len(owned().devices) == 1
    for _ in range(devices.MOST - 1):
        subscribe(service)
    with pytest.raises(Conflict):
        subscribe(service)
    with db.transaction() as session:
        devices.unsubscribe_device(session, actor=MEMBER, device_id=made)
    assert len(owned().devices) == devices.MOST - 1


def test_a_browser_that_moved_proves_itself_by_its_old_address(database, service):
    _, old, _ = subscribe(service)
    _, fresh = service.subscribe()
    with db.transaction() as session:
        devices.renew(session, old=old.endpoint, subscription=fresh)
    with db.transaction() as session, pytest.raises(NotFound):
        devices.renew(session, old=old.endpoint, subscription=fresh)
    with db.reading() as session:
        assert json.loads(session.query(PushDevice).one().sealed)["endpoint"] == fresh.endpoint


def test_addresses_are_sealed_and_erased_with_the_member(database, service):
    _, subscription, _ = subscribe(service)
    fan_out()
    with db.reading() as session:
        raw = session.connection().exec_driver_sql("SELECT sealed FROM push_device").scalar_one()
        waiting = (
            session.connection()
            .exec_driver_sql("SELECT sealed FROM outbox WHERE channel = 'push'")
            .scalar_one()
        )
    assert subscription.endpoint.encode() not in bytes(raw) + bytes(waiting)
    with db.transaction() as session:
        notify.forget_member(session, now=NOW, member_id="m0")
    assert owned().devices == ()
    assert states()[0] == "suppressed"
