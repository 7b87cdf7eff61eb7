"""Web push over real HTTP to a service that opens what it gets as a browser would."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from union.notify.channels.base import Accepted, Ambiguous, Message, Refused, Retry
from union.notify.channels.web_push import PADDED, WebPush, public_key
from union.notify.rules.kinds import Lane
from union.notify.testing import push_server

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """The provider's clock is the real one, and a long run of tests was collected a while ago."""
    monkeypatch.setattr(f"{__name__}.NOW", datetime.now(UTC))


PRIVATE = bytes(range(1, 33))


@pytest.fixture
def service():
    with push_server.running(push_server.PushServer(public_key(PRIVATE))) as running:
        yield running


@pytest.fixture
def gone():
    return []


@pytest.fixture
def push(service, gone):
    made = WebPush(
        private=PRIVATE, contact="mailto:union@example.org", hosts=service.origin, gone=gone.append, callers=2
    )
    yield made
    made.close()


def notice(*devices, body="Open it to read. https://union.example/actions/x", **facts):
    made = Message(
        id=7, attempt=1, to=json.dumps([one.stored() for one in devices]), subject="New message", body=body,
        lane=Lane.ALERT, language="en", expires_at=NOW + timedelta(hours=1), validity=600, ref="action:x",
    )  # fmt: skip
    return made._replace(**facts)


def test_a_browser_opens_what_we_sent(service, push):
    browser, device = service.subscribe()
    answer = push.send(notice(device), NOW)
    assert isinstance(answer, Accepted)
    assert "/message/" in answer.provider_id
    [shown] = browser.shown
    assert shown.told == {
        "title": "New message", "body": "Open it to read.", "url": "/actions/x", "tag": "7", "language": "en",
    }  # fmt: skip
    assert shown.headers["ttl"] == "3600"
    assert shown.headers["urgency"] == "high"
    assert shown.headers["content-encoding"] == "aes128gcm"


def test_its_length_tells_nothing(service, push):
    browser, device = service.subscribe()
    for body in ("a", "b" * 500, "Ça va? 😀 " * 20):
        push.send(notice(device, body=body), NOW)
    assert len({shown.size for shown in browser.shown}) == 1
    assert browser.shown[0].size > PADDED


def test_a_topic_replaces_on_one_device_and_joins_nobody(service, push):
    (one, first), (other, second) = service.subscribe(), service.subscribe()
    for ref in ("action:x", "action:x", "action:y"):
        push.send(notice(first, second, ref=ref), NOW)
    topics = [shown.headers["topic"] for shown in one.shown]
    assert topics[0] == topics[1] != topics[2]
    assert all(len(topic) <= 32 for topic in topics)
    assert not set(topics) & {shown.headers["topic"] for shown in other.shown}


def test_the_last_second_has_no_time_to_live(service, push):
    browser, device = service.subscribe()
    push.send(notice(device, expires_at=NOW - timedelta(seconds=3), lane=Lane.NEWS), NOW)
    assert (browser.shown[0].headers["ttl"], browser.shown[0].headers["urgency"]) == ("0", "low")


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(service, push, gone, status):
    browser, device = service.subscribe()
    browser.answer = status
    assert push.send(notice(device), NOW) == Refused("push gone")
    assert gone == [device.endpoint]


def test_one_device_gone_does_not_keep_it_from_another(service, push, gone):
    (one, first), (other, second) = service.subscribe(), service.subscribe()
    one.answer = 410
    assert isinstance(push.send(notice(first, second), NOW), Accepted)
    assert gone == [first.endpoint]
    assert len(other.shown) == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (429, Retry(7.0, "push 429", slower=True)),
        (500, Ambiguous("http 500")),
        (413, Refused("push 413")),
        (403, Refused("push account")),
        (302, Refused("push 302")),
        (0, Ambiguous("dropped")),
    ],
)
def test_what_a_push_service_may_say(service, push, gone, status, answer):
    browser, device = service.subscribe()
    browser.answer = status
    assert push.send(notice(device), NOW) == answer
    assert not gone


def test_another_key_is_refused(service, gone):
    _, device = service.subscribe()
    other = WebPush(
        private=bytes(range(2, 34)), contact="mailto:a@b.org", hosts=service.origin, gone=gone.append
    )
    assert other.send(notice(device), NOW) == Refused("push account")
    other.close()


def test_an_address_that_is_not_allowed_is_never_called(service, gone):
    browser, device = service.subscribe()
    strict = WebPush(private=PRIVATE, contact="mailto:a@b.org", hosts="fcm.googleapis.com", gone=gone.append)
    assert strict.send(notice(device), NOW) == Refused("push host")
    assert not browser.shown
    strict.close()


@pytest.mark.parametrize("found", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fe80::1"])
def test_a_known_name_that_stands_for_a_private_address_is_not_called(push, service, monkeypatch, found):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (found, 443))])
    strict = WebPush(private=PRIVATE, contact="mailto:a@b.org", hosts="push.example", gone=lambda _: None)
    _, device = service.subscribe()
    inside = replace(device, endpoint="https://push.example/x")
    assert strict.send(notice(inside), NOW) == Refused("push host")
    strict.close()


def test_nobody_there_is_provably_unsent(service, gone):
    _, device = service.subscribe()
    away = replace(device, endpoint="http://127.0.0.1:9/push/x")
    push = WebPush(private=PRIVATE, contact="mailto:a@b.org", hosts="http://127.0.0.1:9", gone=gone.append)
    assert push.send(notice(away), NOW) == Retry(30.0, "connect")
    push.close()


def test_keys_that_are_no_keys_are_forgotten(service, push, gone):
    _, device = service.subscribe()
    assert push.send(notice(replace(device, p256dh="AAAA")), NOW) == Refused("push gone")
    assert gone == [device.endpoint]
