"""The second provider over real HTTP: what is asked, what is understood, what stays in doubt, what is believed."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from union.notify.channels.base import Accepted, Ambiguous, Blind, Found, Message, Missing, Refused, Retry
from union.notify.channels.sinch_sms import SinchSms, sign, state_of, valid_signature
from union.notify.rules.kinds import Lane, State
from union.notify.testing import sinch_server
from union.notify.testing.faults import Fault, Faults

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """The provider's clock is the real one, and a long run of tests was collected a while ago."""
    monkeypatch.setattr(f"{__name__}.NOW", datetime.now(UTC))


@pytest.fixture
def server():
    with sinch_server.running(sinch_server.SinchServer(faults=Faults(receipts=False))) as running:
        yield running


def make(server, *, url=None, token=sinch_server.TOKEN):
    return SinchSms(
        plan=server.plan, token=token, sender="31970000000", api_url=url or server.url,
        callback_url="http://localhost:9/sinch/status", callers=4,
    )  # fmt: skip


@pytest.fixture
def sinch(server):
    made = make(server)
    yield made
    made.close()


def text(to="+31612345678", *, row=7, body="Tomorrow 18:00", validity=600):
    return Message(
        id=row, attempt=1, to=to, subject="", body=body, lane=Lane.ALERT, language="en",
        expires_at=NOW + timedelta(hours=1), validity=validity, ref="action:x",
    )  # fmt: skip


def test_a_text_arrives_with_our_key_and_its_end(server, sinch):
    answer = sinch.send(text(body="Ça va? €5 – «oui» 😀"), NOW)
    assert isinstance(answer, Accepted)
    batch = server.batches[answer.provider_id]
    assert (batch.to, batch.body, batch.reference) == ("31612345678", "Ça va? €5 – «oui» 😀", "7-1")
    assert abs(batch.expire_at - NOW - timedelta(seconds=600)) < timedelta(milliseconds=1)
    assert batch.callback == "http://localhost:9/sinch/status"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault.TOO_MANY, Retry(1.0, "sinch 429", slower=True)),
        (Fault.REFUSE_503, Ambiguous("http 503")),
        (Fault.ACCEPT_THEN_503, Ambiguous("http 503")),
        (Fault.ACCEPT_THEN_DROP, Ambiguous("dropped")),
        (Fault.DROP, Ambiguous("dropped")),
    ],
)
def test_every_fault_has_one_meaning_and_one_request(server, sinch, fault, answer):
    server.faults.per_mille = {fault: 1000}
    assert sinch.send(text(), NOW) == answer
    assert server.requests[fault.value] == 1, "the client tried again by itself"


def test_a_hanging_provider_is_ambiguous_after_the_time_out(server, sinch, monkeypatch):
    monkeypatch.setattr("union.notify.channels.sinch_sms.TIMEOUT", (1.0, 0.5))
    server.faults.per_mille = {Fault.HANG: 1000}
    assert isinstance(sinch.send(text(), NOW), Ambiguous)
    assert len(server.batches) == 1


def test_nobody_there_is_provably_unsent(server):
    gone = make(server, url="http://127.0.0.1:9")
    assert gone.send(text(), NOW) == Retry(5.0, "connect")
    assert isinstance(gone.look_up(text(), NOW, frozenset()), Blind)
    gone.close()


def test_a_wrong_token_is_our_fault_not_the_message_s(server):
    wrong = make(server, token="wrong")
    assert wrong.send(text(), NOW) == Retry(300.0, "sinch account", slower=True)
    wrong.close()


@pytest.mark.parametrize("body", ["", "x" * 1601])
def test_a_text_it_cannot_take_is_refused_for_good(sinch, server, body):
    assert sinch.send(text(body=body), NOW) == Refused("sinch syntax_constraint_violation")
    assert not server.batches


def test_an_answer_that_is_no_json_is_ambiguous(server, sinch, monkeypatch):
    from union.notify.testing.http import Answer

    monkeypatch.setattr(Answer, "wire", lambda _: b"HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n<html>")
    assert isinstance(sinch.send(text(), NOW), Ambiguous)


def settled(server, key):
    deadline = time.monotonic() + 5
    while True:
        found = [one for one in server.batches.values() if one.reference == key]
        if found and found[0].status not in {"Queued", "Dispatched"}:
            return found[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_looking_up_is_definite_either_way(server, sinch):
    server.faults.per_mille = {Fault.ACCEPT_THEN_503: 1000}
    sinch.send(text(), NOW)
    batch = settled(server, "7-1")
    assert sinch.look_up(text(), NOW, frozenset()) == Found(batch.id, State.DELIVERED)
    assert sinch.look_up(text(row=8), NOW, frozenset()) == Missing()


@pytest.mark.parametrize(
    ("to", "state", "code"),
    [
        ("+15005550001", State.FAILED, "sinch 402"),
        ("+15005550004", State.FAILED, "sinch 408"),
        ("+15555404", State.FAILED, "sinch 404"),
        ("+15555406", State.EXPIRED, "sinch 406"),
        ("+15555499", State.FAILED, "sinch Aborted"),
    ],
)
def test_simulated_recipients_end_as_they_stand_for(server, sinch, to, state, code):
    assert isinstance(sinch.send(text(to), NOW), Accepted)
    settled(server, "7-1")
    found = sinch.look_up(text(to), NOW, frozenset())
    assert (found.state, found.code) == (state, code)


def test_an_unknown_status_means_it_was_taken():
    assert state_of({"status": "SomethingNew", "code": 999}) == (State.ACCEPTED, None)
    assert state_of({}) == (State.ACCEPTED, None)


def test_signatures():
    body = b'{"type":"mo_text","body":"\xc3\xa9"}'
    good = {
        "X-Sinch-Webhook-Signature": sign("secret", body, "n1", "1634579353"),
        "X-Sinch-Webhook-Signature-Nonce": "n1",
        "X-Sinch-Webhook-Signature-Timestamp": "1634579353",
        "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
    }
    assert valid_signature("secret", body, good)
    assert not valid_signature("other", body, good)
    assert not valid_signature(
        "", body, {**good, "X-Sinch-Webhook-Signature": sign("", body, "n1", "1634579353")}
    )
    assert not valid_signature("secret", body + b" ", good)
    for header, wrong in (("Nonce", "n2"), ("Timestamp", "1634579354"), ("Algorithm", "none"), ("Nonce", "")):
        assert not valid_signature("secret", body, {**good, f"X-Sinch-Webhook-Signature-{header}": wrong})
    assert not valid_signature("secret", body, {**good, "X-Sinch-Webhook-Signature": "é"})
    assert not valid_signature("secret", body, {})


def test_who_is_told_how_long_to_wait_waits(server, sinch):
    server.faults.per_mille, server.faults.rest = {Fault.TOO_MANY: 1000}, 30
    assert sinch.send(text(), NOW) == Retry(30.0, "sinch 429", slower=True)
