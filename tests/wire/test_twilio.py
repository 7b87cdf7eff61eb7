"""The Twilio channel over real HTTP: what is asked, what is understood, and what stays in doubt."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.wire import fake_twilio
from union.notify.channels.base import Accepted, Ambiguous, Blind, Found, Message, Missing, Refused, Retry
from union.notify.channels.twilio_sms import TwilioSms, valid_signature
from union.notify.rules.kinds import Lane, State
from union.notify.testing.faults import Fault, Faults

NOW = datetime.now(UTC)


@pytest.fixture
def server():
    with fake_twilio.running(fake_twilio.TwilioServer(faults=Faults(receipts=False))) as running:
        yield running


def make(server, *, discard=True, url=None, token=fake_twilio.TOKEN, callers=4):
    return TwilioSms(
        account_sid=fake_twilio.ACCOUNT, auth_token=token, messaging_service_sid=fake_twilio.SERVICE,
        api_url=url or server.url, status_url="http://localhost:9/twilio/status", callers=callers, discard=discard,
    )  # fmt: skip


@pytest.fixture
def twilio(server):
    made = make(server)
    yield made
    made.close()


def text(to="+31612345678", *, row=7, body="Tomorrow 18:00", validity=600):
    return Message(
        id=row, attempt=1, to=to, subject="", body=body, lane=Lane.ALERT, language="en",
        expires_at=NOW + timedelta(hours=1), validity=validity, ref="action:x",
    )  # fmt: skip


def test_a_text_arrives_with_our_id_its_validity_and_its_privacy(server, twilio):
    answer = twilio.send(text(body="Ça va? €5 – «oui» 😀"), NOW)
    assert isinstance(answer, Accepted)
    record = server.records[answer.provider_id]
    assert (record.to, record.body, record.key) == ("+31612345678", "Ça va? €5 – «oui» 😀", "7-1")
    assert (record.validity, record.service) == (600, fake_twilio.SERVICE)
    assert record.discard
    assert record.obfuscate


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", "21211"),
        ("+15005550002", "21612"),
        ("+15005550003", "21408"),
        ("+15005550009", "21614"),
    ],
)
def test_magic_numbers_are_refused_for_good(server, twilio, to, code):
    assert twilio.send(text(to), NOW) == Refused(code)
    assert not server.records


def test_an_opted_out_number_says_so(twilio):
    assert twilio.send(text("+15005550004"), NOW) == Refused("21610", opted_out=True)


def test_a_text_over_the_limit_is_refused(twilio):
    assert twilio.send(text(body="x" * 1601), NOW) == Refused("21617")


def test_too_many_requests_were_not_processed(server, twilio):
    server.faults.per_mille = {Fault.TOO_MANY: 1000}
    assert twilio.send(text(), NOW) == Retry(1.0, "20429", slower=True)
    assert not server.records


@pytest.mark.parametrize(("asked", "waits"), [(7, 7.0), (86_400, 900.0)])
def test_who_is_told_how_long_to_wait_waits(server, twilio, asked, waits):
    server.faults.per_mille, server.faults.rest = {Fault.TOO_MANY: 1000}, asked
    assert twilio.send(text(), NOW) == Retry(waits, "20429", slower=True)
    server.faults.per_mille = {}
    assert isinstance(twilio.send(text(), NOW), Accepted)
    server.faults.per_mille, server.faults.rest = {Fault.TOO_MANY: 1000}, 0
    assert twilio.send(text(), NOW) == Retry(1.0, "20429", slower=True), "what was said before is over"


@pytest.mark.parametrize(
    "fault", [Fault.ACCEPT_THEN_503, Fault.REFUSE_503, Fault.ACCEPT_THEN_DROP, Fault.DROP]
)
def test_no_definite_answer_is_ambiguous(server, twilio, fault):
    server.faults.per_mille = {fault: 1000}
    assert isinstance(twilio.send(text(), NOW), Ambiguous)
    assert len(server.records) == (1 if fault in {Fault.ACCEPT_THEN_503, Fault.ACCEPT_THEN_DROP} else 0)
    assert server.requests[fault.value] == 1, "the client tried again by itself"


def test_a_hanging_provider_is_ambiguous_after_the_time_out(server, twilio, monkeypatch):
    monkeypatch.setattr("union.notify.channels.twilio_sms.TIMEOUT", (1.0, 0.5))
    server.faults.per_mille = {Fault.HANG: 1000}
    started = time.monotonic()
    assert isinstance(twilio.send(text(), NOW), Ambiguous)
    assert time.monotonic() - started < 5
    assert len(server.records) == 1


def test_nobody_there_is_provably_unsent(server):
    twilio = make(server, url="http://127.0.0.1:9")
    assert twilio.send(text(), NOW) == Retry(5.0, "connect")
    twilio.close()


def test_a_wrong_token_is_our_fault_not_the_message_s(server):
    twilio = make(server, token="wrong")
    answer = twilio.send(text(), NOW)
    assert isinstance(answer, Retry)
    assert (answer.code, answer.after >= 60) == ("20003", True)
    twilio.close()


def test_an_answer_that_is_no_json_is_ambiguous(server, twilio, monkeypatch):
    from union.notify.testing.http import Answer

    monkeypatch.setattr(
        Answer, "wire", lambda _self: b"HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n<html>"
    )
    assert isinstance(twilio.send(text(), NOW), Ambiguous)
    assert len(server.records) == 1


def test_looking_up_finds_what_was_taken(server):
    twilio = make(server, discard=False)
    server.faults.per_mille = {Fault.ACCEPT_THEN_503: 1000}
    twilio.send(text(), NOW)
    server.faults.per_mille = {}
    [record] = server.records.values()
    deadline = time.monotonic() + 5
    while record.status != "delivered":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert twilio.look_up(text(), datetime.now(UTC), frozenset()) == Found(record.sid, State.DELIVERED)
    assert twilio.look_up(text(), datetime.now(UTC), frozenset({record.sid})) == Missing()
    assert twilio.look_up(text(body="something else"), datetime.now(UTC), frozenset()) == Missing()
    assert twilio.look_up(text(), datetime.now(UTC) + timedelta(hours=1), frozenset()) == Missing()
    twilio.close()


def test_looking_up_an_obfuscated_number_proves_nothing(server, twilio):
    server.faults.per_mille = {Fault.ACCEPT_THEN_503: 1000}
    twilio.send(text(), NOW)
    deadline = time.monotonic() + 5
    while any(record.status != "delivered" for record in server.records.values()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert twilio.look_up(text(), datetime.now(UTC), frozenset()) == Blind("obfuscated")


def test_looking_up_when_the_provider_is_away_proves_nothing(server):
    twilio = make(server, url="http://127.0.0.1:9", discard=False)
    assert isinstance(twilio.look_up(text(), NOW, frozenset()), Blind)
    twilio.close()


def test_many_threads_share_the_channel(server, twilio):
    answers = []

    def work(first):
        answers.extend(twilio.send(text(row=first + k), NOW) for k in range(25))

    threads = [threading.Thread(target=work, args=(100 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.provider_id for answer in answers}) == 100
    assert max(server.sent().values()) == 1


def test_signatures(server):
    form = {"MessageSid": "SM1", "MessageStatus": "sent", "Body": "a b&c é"}
    url = "https://union.example/twilio/status/7-1"
    signed = fake_twilio.sign("token", url, form)
    assert valid_signature("token", url, form, signed)
    assert not valid_signature("other", url, form, signed)
    assert not valid_signature("token", url.replace("https", "http"), form, signed)
    assert not valid_signature("token", url.replace("7-1", "8-1"), form, signed)
    assert not valid_signature("token", url, {**form, "MessageStatus": "delivered"}, signed)
    assert not valid_signature("token", url, form, "")
    assert not valid_signature("", url, form, fake_twilio.sign("", url, form))


def test_the_server_opts_out_and_in_by_reply(server, twilio):
    assert server.reply("http://127.0.0.1:9/", sender="+31612345678", body="Stop") == 0
    assert twilio.send(text(), NOW) == Refused("21610", opted_out=True)
    server.reply("http://127.0.0.1:9/", sender="+31612345678", body="START")
    assert isinstance(twilio.send(text(), NOW), Accepted)
