"""What breaks strikes: a provider that hangs, lies or drops, senders that die. Nothing double, nothing lost."""

import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import NOW
from tests.rooms.notify import fault_run
from tests.rooms.notify.conftest import AWAKE, WHO, rows, sms_route, states, write
from union.core import db
from union.core.clock import utcnow
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.channels.base import Accepted, Single
from union.notify.rules.kinds import Channel, Lane, Mailing, State
from union.notify.testing.faults import Fault

ROOT = Path(__file__).parent.parent.parent.parent


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
    write(5, now=hand.now, lane=Lane.BALLOT, ref="ballot:x", first=50, zone=AWAKE)
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
    # once the carrier has delivered, number and text are gone from the account
    until = time.monotonic() + 60
    while any(record.status != "delivered" for record in twilio.records.values()):
        assert time.monotonic() < until, "the carrier does not deliver"
        time.sleep(0.01)
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


@pytest.mark.slow
def test_senders_killed_at_random_with_a_lying_provider(database, twilio, webhook):
    """The fault run: every row sent at most once, none lost, each in a state that says why."""
    fault_run.lie(twilio)
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.rooms.notify.sender", url, twilio.url, f"{webhook}/twilio/status"]

    def start():
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def kill(process, dice):
        del dice
        process.kill()
        process.wait()
        process.stdout.close()

    senders = [start() for _ in range(4)]
    for process in senders:
        assert process.stdout.readline() == "ready\n"
    kills = fault_run.killing(senders, start, kill, twilio)
    fault_run.judge(twilio, kills, over=f"threads on {database.engine.dialect.name}")


def test_opting_out_of_both_lists_by_reply(database):
    with db.transaction() as session:
        notify.receive(session, now=NOW, sender="+31610000000", body="afmelden", provider_id="SM1")
    write()
    write(ref="b", lane=Lane.BALLOT)
    assert [row.state for row in rows() if row.ref in {"action:x", "b"}] == ["suppressed"] * 2
    assert {Mailing.CAMPAIGNS, Mailing.BALLOTS} == set(Mailing)
