"""What breaks strikes: a provider that hangs, lies or drops, senders that die. Nothing double, nothing lost."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests.conftest import NOW
from tests.rooms.notify.conftest import WHO, rows, sms_route, states, write
from union.core import db
from union.core.clock import utcnow
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.channels.base import Accepted, Single
from union.notify.rules.kinds import Channel, Lane, Mailing, State
from union.notify.testing.faults import Fault

ROOT = Path(__file__).parent.parent.parent.parent
RUN = int(os.environ.get("UNION_FAULT_RUN", "500"))


def send(route, hand, **facts):
    return jobs.deliver_due((route,), WHO, clock=hand, **facts)


def later(hand, route, **by):
    """Turn the clock and do what the scheduler does in doubt."""
    hand.turn(**by)
    with db.transaction() as session:
        delivery.reap(session, now=hand())
    delivery.resolve((route,), now=hand())


def once(twilio):
    """The most often that any of our rows was taken by the provider."""
    return max(twilio.sent().values(), default=0)


def test_all_is_well(database, hand, twilio, route):
    write(120)
    assert send(route, hand).accepted == 120
    assert set(states()) == {"accepted"}
    assert len(twilio.records) == 120
    assert {row.provider_id for row in rows()} == set(twilio.records)
    assert {record.validity for record in twilio.records.values()} == {6 * 3600 - 30}


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_503, Fault.ACCEPT_THEN_DROP])
def test_taken_without_an_answer_is_looked_up_and_not_sent_twice(database, hand, twilio, route, fault):
    write(20, now=utcnow())
    hand.now = utcnow()
    twilio.faults.per_mille = {fault: 1000}
    send(route, hand)
    assert states() == ["unknown"] * 20
    assert send(route, hand).total == 0, "in doubt means not again"
    twilio.faults.per_mille = {}
    later(hand, route, seconds=91)
    assert set(states()) <= {"accepted", "delivered"}
    assert {row.provider_id for row in rows()} == set(twilio.records)
    assert once(twilio) == 1


def test_a_hanging_provider(database, hand, twilio, route, monkeypatch):
    monkeypatch.setattr("union.notify.channels.twilio_sms.TIMEOUT", (1.0, 0.3))
    write(4, now=utcnow())
    hand.now = utcnow()
    twilio.faults.per_mille = {Fault.HANG: 1000}
    send(route, hand)
    assert states() == ["unknown"] * 4
    later(hand, route, seconds=91)
    assert set(states()) <= {"accepted", "delivered"}
    assert once(twilio) == 1


def test_an_alert_that_surely_is_not_there_is_tried_once_more_and_only_once(database, hand, twilio, route):
    hand.now = utcnow()
    write(5, now=hand.now, lane=Lane.ALERT)
    write(5, now=hand.now, lane=Lane.BALLOT, ref="ballot:x", first=50)
    twilio.faults.per_mille = {Fault.REFUSE_503: 1000}
    send(route, hand)
    later(hand, route, seconds=91)
    assert states() == ["unknown"] * 10, "too soon to be sure"
    later(hand, route, seconds=300)
    assert states() == ["created"] * 5 + ["unknown"] * 5
    send(route, hand)
    later(hand, route, seconds=91)
    later(hand, route, seconds=300)
    assert states() == ["unknown"] * 10
    assert {row.error_code for row in rows()} == {"not_found"}
    twilio.faults.per_mille = {}
    later(hand, route, seconds=600)
    assert send(route, hand).total == 0
    assert {row.attempts for row in rows(ref="action:x")} == {2}


def test_an_obfuscating_account_is_never_sent_twice(database, hand, twilio):
    route = sms_route(twilio, discard=True)
    hand.now = utcnow()
    write(5, now=hand.now)
    twilio.faults.per_mille = {Fault.ACCEPT_THEN_503: 1000}
    send(route, hand)
    time.sleep(0.3)  # the carrier delivers, so number and text are gone from the account
    twilio.faults.per_mille = {}
    for _ in range(4):
        later(hand, route, seconds=301)
        send(route, hand)
    assert states() == ["unknown"] * 5
    assert once(twilio) == 1
    route.close()


def test_a_storm_of_429_ends_with_everything_sent_and_nothing_in_doubt(database, hand, twilio, route):
    write(60)
    twilio.faults.per_mille = {Fault.TOO_MANY: 700}
    for _ in range(40):
        send(route, hand)
        hand.turn(minutes=5)
        if "created" not in states():
            break
        hand.now = min(hand.now, NOW + timedelta(hours=5))
    assert set(states()) == {"accepted"}
    assert once(twilio) == 1


def test_a_provider_that_is_down_for_an_hour_costs_nothing(database, hand, twilio):
    away = sms_route(twilio)
    away._api_url = "http://127.0.0.1:9"
    write(8)
    for _ in range(12):
        send(away, hand)
        hand.turn(minutes=5)
    assert states() == ["created"] * 8
    assert {row.error_code for row in rows()} == {"connect"}
    away.close()
    back = sms_route(twilio)
    hand.turn(minutes=10)
    assert send(back, hand).accepted == 8
    assert once(twilio) == 1
    back.close()


def test_a_provider_that_is_down_too_long_is_not_made_up_for(database, hand, twilio):
    away = sms_route(twilio)
    away._api_url = "http://127.0.0.1:9"
    write(3)
    send(away, hand)
    hand.turn(hours=7)
    assert send(away, hand).total == 0
    with db.transaction() as session:
        assert delivery.expire(session, now=hand()) == 3
    assert states() == ["expired"] * 3
    away.close()


def test_refusals_by_cause(database, hand, twilio, route):
    for number in ("+15005550001", "+15005550004", "+15005550009"):
        write(ref=f"r:{number}", to=number)
    send(route, hand)
    assert [(row.state, row.error_code) for row in rows()] == [
        ("failed", "21211"), ("suppressed", "21610"), ("failed", "21614"),
    ]  # fmt: skip
    with db.reading() as session:
        assert notify.refusals(
            session, addresses=["+15005550004"], channel=Channel.SMS, lane=Lane.BALLOT
        ) == {"+15005550004"}
        found = queries.progress(session)
    assert found.causes["The person has opted out of texts."] == 1
    assert found.causes["The number is not a mobile number that exists."] == 2


def test_stop_between_claim_and_the_next_message(database, hand, twilio, route):
    write(ref="a")
    write(ref="b", not_before=NOW + timedelta(minutes=5))
    send(route, hand)
    with db.transaction() as session:
        notify.receive(session, now=hand(), sender="+31610000000", body="STOP PLEASE", provider_id="SM1")
    hand.turn(minutes=6)
    send(route, hand)
    assert [row.state for row in rows(ref="b")] == ["suppressed"]
    # The confirmation goes out, because the carrier does not know "STOP PLEASE".
    assert [row.state for row in rows() if row.ref.startswith("reply:")] == ["accepted"]
    assert len(twilio.records) == 2


def test_a_dead_sender_s_rows_become_unknown_not_created(database, hand, twilio, route):
    from union.notify.delivery.claim import claim

    write(10)
    with db.transaction() as session:
        assert (
            len(claim(session, provider="twilio", channel=Channel.SMS, now=NOW, size=100, who="dead")) == 10
        )
    assert send(route, hand).total == 0
    hand.turn(minutes=2)
    with db.transaction() as session:
        assert delivery.reap(session, now=hand()) == 0
    hand.turn(minutes=2)
    with db.transaction() as session:
        assert delivery.reap(session, now=hand()) == 10
    assert states() == ["unknown"] * 10
    assert send(route, hand).total == 0
    assert not twilio.records


def test_a_dead_sender_s_rows_at_the_desk_simply_wait_again(database, hand):
    from tests.rooms.notify.conftest import DESKS
    from union.notify.delivery.claim import claim

    write(3)
    with db.transaction() as session:
        claim(session, provider="desk", channel=Channel.SMS, now=NOW, size=100, who="dead")
    hand.turn(minutes=4)
    with db.transaction() as session:
        delivery.reap(session, now=hand())
    assert jobs.deliver_due(DESKS, WHO, clock=hand).accepted == 3


def test_two_senders_never_share_a_row(database, hand, twilio):
    """Threads with their own routes drain one outbox; the conditional update decides who has a row."""
    write(400)
    routes = [sms_route(twilio, callers=2) for _ in range(3)]
    threads = [threading.Thread(target=send, args=(route, hand)) for route in routes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(states()) == {"accepted": 400}
    assert len(twilio.records) == 400
    assert once(twilio) == 1
    for route in routes:
        route.close()


def test_a_secret_text_is_gone_as_soon_as_it_is_handed_over(database, hand, twilio, route):
    write(secret=True)
    write(ref="plain")
    send(route, hand)
    assert [row.sealed is None for row in rows()] == [True, False]
    hand.turn(hours=25)
    with db.transaction() as session:
        delivery.wipe(session, now=hand())
    assert [row.sealed is None for row in rows()] == [True, False], "no receipt yet: kept a little longer"
    hand.turn(hours=48)
    with db.transaction() as session:
        delivery.wipe(session, now=hand())
    assert [row.sealed is None for row in rows()] == [True, True]


class Quick(Single):
    """A carrier that takes everything at once."""

    name, channel, callers = "quick", Channel.SMS, 1

    def send(self, message, now):
        return Accepted(f"q{message.key}")


def test_carriers_that_block_stop_the_fan_out(database, hand):
    route = Quick()
    for ref, n in (("blocked", 40), ("rare", 500)):
        write(n, ref=ref)
    send(route, hand)
    with db.transaction() as session:
        for ref in ("blocked", "rare"):
            for row in rows(ref=ref)[:22]:
                notify.record_status(
                    session, now=hand(), outbox_id=row.id, attempt=1, provider_id="SM", state=State.FAILED,
                    code="30007",
                )  # fmt: skip
    with db.transaction() as session:
        assert notify.pause_blocked(session, now=hand()) == ("blocked",)
    write(ref="blocked", first=90)
    assert send(route, hand).total == 0


@pytest.fixture
def webhook(app, twilio):
    """Our own web application over real HTTP, believing the local provider's signatures."""
    from dataclasses import replace

    served = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{served.port}"
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"],
        public_url=address,
        twilio_auth_token=twilio.token,
        twilio_account_sid=twilio.account,
    )
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield address
    served.shutdown()
    thread.join(5)
    served.server_close()


def _call_everybody():
    now = utcnow()
    people = [
        notify.Recipient(f"m{k}", Channel.SMS, f"+3161{k:07d}", "en", "UTC", {"when": "now"})
        for k in range(RUN)
    ]
    with db.transaction() as session:
        notify.enqueue_many(
            session, now=now, ref="action:x", kind="call", template="notify/test", lane=Lane.ALERT,
            expires_at=now + timedelta(hours=6), recipients=people,
        )  # fmt: skip


def _waiting():
    with db.reading() as session:
        return queries.progress(session, "action:x").created


@pytest.mark.slow
def test_senders_killed_at_random_with_a_lying_provider(database, twilio, webhook):
    """The fault run: every row sent at most once, none lost, each in a state that says why."""
    twilio.faults.per_mille = {
        Fault.ACCEPT_THEN_503: 40, Fault.ACCEPT_THEN_DROP: 40, Fault.HANG: 5, Fault.TOO_MANY: 100,
        Fault.REFUSE_503: 30, Fault.DROP: 30,
    }  # fmt: skip
    twilio.faults.receipts = True
    twilio.faults.receipts_lost, twilio.faults.receipts_twice = 300, 200
    twilio.faults.latency = 0.1 if RUN < 2000 else 0.02  # slow enough for a sender to die in the middle
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.rooms.notify.sender", url, twilio.url, f"{webhook}/twilio/status"]
    dice = random.Random(RUN)
    senders = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    kills, most = 0, max(4, RUN // 400)
    try:
        for process in senders:
            assert process.stdout.readline() == "ready\n"
        deadline = time.monotonic() + max(90, RUN / 20)
        _call_everybody()
        while _waiting() and kills < most and time.monotonic() < deadline:
            time.sleep(dice.uniform(0.1, 0.5))
            victim = senders.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            victim.stdout.close()
            kills += 1
            senders.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        asked = -1
        while (_waiting() or asked != twilio.requests.total()) and time.monotonic() < deadline:
            asked = twilio.requests.total()
            time.sleep(2.5)  # longer than a sender waits for an answer
    finally:
        for process in senders:
            process.kill()
            process.wait()
            process.stdout.close()
    assert kills >= 2
    time.sleep(0.5)
    route = sms_route(twilio)
    twilio.faults.per_mille = {}
    twilio.faults.receipts_lost = 0
    for minutes in (4, 8, 14, 20, 26):
        then = utcnow() + timedelta(minutes=minutes)
        with db.transaction() as session:
            delivery.reap(session, now=then)
        for _ in range(-(-RUN // 100)):
            delivery.resolve((route,), now=then)
        jobs.deliver_due((route,), WHO, clock=lambda then=then: then)
    route.close()
    told = Counter(states())
    print(f"\n{RUN} messages, {kills} senders killed, requests {dict(twilio.requests)}, states {dict(told)}")
    assert sum(told.values()) == RUN
    assert once(twilio) == 1, "a message was taken twice"
    assert set(told) <= {"accepted", "delivered", "unknown"}
    at_provider = set(twilio.sent())
    for row in rows():
        if row.state in {"accepted", "delivered"}:
            assert str(row.id) in at_provider
        else:
            assert row.error_code in {"not_found", "no_answer", "lease"}
    # What the provider has and we could not tell would be a silent gap in the report.
    assert not [row.id for row in rows(state="unknown") if str(row.id) in at_provider]


def test_opting_out_of_both_lists_by_reply(database):
    with db.transaction() as session:
        notify.receive(session, now=NOW, sender="+31610000000", body="afmelden", provider_id="SM1")
    write()
    write(ref="b", lane=Lane.BALLOT)
    assert [row.state for row in rows() if row.ref in {"action:x", "b"}] == ["suppressed"] * 2
    assert {Mailing.CAMPAIGNS, Mailing.BALLOTS} == set(Mailing)
