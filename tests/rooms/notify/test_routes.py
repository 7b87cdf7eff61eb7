"""Two providers: texts move away from one that fails or is slow, and what one may have never goes to the other."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import AWAKE, WHO, rows, sms_route, states, write
from union.core import db
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.errors import Invalid, NotAllowed, NotFound
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.channels.base import Ambiguous, Missing, Retry, Single
from union.notify.channels.sinch_sms import SinchSms
from union.notify.channels.weighted import Weighted
from union.notify.delivery.claim import claim
from union.notify.models import Outbox, SendAttempt
from union.notify.rules.balance import Reason
from union.notify.rules.kinds import Channel, Lane, State
from union.notify.service import routes
from union.notify.testing import sinch_server
from union.notify.testing.faults import Fault, Faults

BOTH = ["sinch", "twilio"]
OFFICER = Actor("o", "Olga", frozenset({Role.MEMBER, Role.OFFICER}), active=True)
MEMBER = Actor("m", "Mo", frozenset({Role.MEMBER}), active=True)


@pytest.fixture
def sinch():
    with sinch_server.running(sinch_server.SinchServer(faults=Faults(receipts=False))) as server:
        yield server


def weighted(twilio, sinch, shares):
    return Weighted(
        [
            sms_route(twilio),
            SinchSms(
                plan=sinch.plan, token=sinch.token, sender="31970000000", api_url=sinch.url,
                callback_url="http://localhost/sinch/status", callers=4,
            ),
        ],
        lambda _names: shares,
    )  # fmt: skip


@pytest.fixture
def shares():
    return {"twilio": 50, "sinch": 50}


@pytest.fixture
def ways(twilio, sinch, shares):
    made = weighted(twilio, sinch, shares)
    yield made
    made.close()


@pytest.fixture
def hand(hand):
    hand.now = utcnow()  # the provider's clock is the real one
    return hand


def send(ways, hand, **facts):
    return jobs.deliver_due((ways,), WHO, clock=hand, **facts)


def doubles(*servers):
    return max((count for server in servers for count in server.sent().values()), default=0)


def both(twilio, sinch):
    """Rows that both providers took."""
    return set(twilio.sent()) & set(sinch.sent())


def test_each_gets_about_its_share(database, hand, twilio, sinch, ways, shares):
    shares.update(twilio=20, sinch=80)
    for n in range(60):
        write(2, now=hand(), first=2 * n)
        send(ways, hand)
    got = Counter(row.provider for row in rows())
    assert got.total() == 120
    assert len(twilio.records) == got["twilio"]
    assert len(sinch.batches) == got["sinch"]
    assert got["sinch"] > got["twilio"]
    assert not both(twilio, sinch)


def test_a_share_of_nothing_gets_nothing(database, hand, twilio, sinch, ways, shares):
    shares.update(twilio=0, sinch=100)
    write(30, now=hand())
    assert send(ways, hand).accepted == 30
    assert (len(twilio.records), len(sinch.batches)) == (0, 30)


def test_what_one_surely_did_not_take_the_other_may(database, hand, twilio, sinch, ways, shares):
    twilio.faults.per_mille = {Fault.TOO_MANY: 1000}
    shares.update(twilio=100, sinch=0)
    write(10, now=hand())
    send(ways, hand, limit=10)
    assert set(states()) == {"created"}
    shares.update(twilio=0, sinch=100)
    hand.turn(minutes=5)
    assert send(ways, hand).accepted == 10
    assert (len(twilio.records), len(sinch.batches)) == (0, 10)


def test_one_that_asks_for_rest_gets_it_while_the_other_works(database, hand, twilio, sinch, ways, shares):
    twilio.faults.per_mille, twilio.faults.rest = {Fault.TOO_MANY: 1000}, 600
    shares.update(twilio=100, sinch=0)
    write(4, now=hand())
    send(ways, hand, limit=4)
    asked = twilio.requests.total()
    assert asked
    shares.update(twilio=99, sinch=1)
    for _ in range(5):
        hand.turn(seconds=30)
        send(ways, hand)
    assert twilio.requests.total() == asked, "it was asked again before the time it named"
    assert set(states()) == {"accepted"}
    assert len(sinch.batches) == 4


@pytest.mark.parametrize(
    "fault", [Fault.ACCEPT_THEN_503, Fault.ACCEPT_THEN_DROP, Fault.DROP, Fault.REFUSE_503]
)
def test_what_one_may_have_the_other_never_gets(database, hand, twilio, sinch, ways, shares, fault):
    """Ambiguous, then looked up as missing, then tried again: all with the same provider."""
    sinch.faults.per_mille = {fault: 1000}
    shares.update(twilio=0, sinch=100)
    write(8, now=hand())
    send(ways, hand)
    assert set(states()) == {"unknown"}
    sinch.faults.per_mille = {}
    shares.update(twilio=100, sinch=0)
    for _ in range(6):
        hand.turn(minutes=3)
        delivery.resolve((ways,), now=hand())
        send(ways, hand)
    assert not twilio.records, "a message in doubt went to the other provider"
    shares.update(twilio=0, sinch=100)
    send(ways, hand)
    assert doubles(sinch) == 1
    assert set(states()) <= {"accepted", "delivered"}


def test_a_sender_that_died_leaves_its_texts_to_their_provider(database, hand, twilio, sinch, ways, shares):
    write(5, now=hand())
    with db.transaction() as session:
        taken = claim(session, provider="sinch", channel=Channel.SMS, now=hand(), size=5, who="dead")
    assert len(taken) == 5
    hand.turn(minutes=4)
    with db.transaction() as session:
        assert delivery.reap(session, now=hand()) == 5
    shares.update(twilio=100, sinch=0)
    for _ in range(5):
        hand.turn(minutes=3)
        delivery.resolve((ways,), now=hand())
        send(ways, hand)
    assert not twilio.records
    shares.update(twilio=0, sinch=100)
    send(ways, hand)
    assert doubles(sinch) == 1


def test_many_faults_at_both_and_nothing_double(database, hand, twilio, sinch, ways):
    for server in (twilio, sinch):
        server.faults.per_mille = {
            Fault.ACCEPT_THEN_503: 120, Fault.ACCEPT_THEN_DROP: 120, Fault.TOO_MANY: 120, Fault.DROP: 60,
        }  # fmt: skip
    write(200, now=hand())
    for _ in range(12):
        send(ways, hand)
        hand.turn(minutes=3)
        delivery.resolve((ways,), now=hand())
    assert doubles(twilio, sinch) == 1
    assert not both(twilio, sinch)
    assert set(states()) <= {"accepted", "delivered", "unknown"}


def attempts(provider, n, *, outcome, at, state="unknown", first=0, took=timedelta(0)):
    """Write n texts as they are after one try by `provider`."""
    ids = write(n, first=first, ref=f"r:{provider}:{first}")
    with db.transaction() as session:
        for one in ids:
            session.add(
                SendAttempt(
                    outbox_id=one, n=1, started_at=at, finished_at=at, provider=provider, outcome=outcome
                )
            )
            row = session.get_one(Outbox, one)
            row.attempts, row.provider, row.state, row.changed_at = 1, provider, state, at + took


def balance(now):
    with db.transaction() as session:
        return notify.balance(session, now=now, providers=BOTH)


def now_shares():
    with db.reading() as session:
        return dict(notify.weights(session, BOTH))


def test_a_failing_provider_loses_ten_a_minute_until_nothing(database):
    assert balance(NOW) is None
    assert now_shares() == {"sinch": 50, "twilio": 50}
    attempts("sinch", 11, outcome="ReadTimeout", at=NOW + timedelta(seconds=61))
    at = NOW + timedelta(seconds=62)
    assert balance(at) is Reason.ERRORS
    assert now_shares() == {"sinch": 40, "twilio": 60}
    assert balance(at + timedelta(seconds=30)) is None
    for n in range(2, 8):
        attempts("sinch", 11, outcome="http 503", at=at + timedelta(seconds=61 * n - 1), first=20 * n)
        balance(at + timedelta(seconds=61 * n))
    assert now_shares() == {"sinch": 0, "twilio": 100}


def test_refusals_and_being_too_fast_are_not_the_provider_s_fault(database):
    balance(NOW)
    at = NOW + timedelta(minutes=2)
    attempts("sinch", 20, outcome="refused", at=at, state="failed")
    attempts("sinch", 20, outcome="accepted", at=at, state="accepted", first=30)
    attempts("sinch", 20, outcome="retry", at=at, state="created", first=60)
    with db.transaction() as session:
        session.query(Outbox).filter(Outbox.state == "created").update({"error_code": "sinch 429"})
    assert balance(at) is None


def test_a_slow_provider_loses_ten_and_both_slow_none(database):
    balance(NOW)
    at = NOW + timedelta(minutes=14)
    for first, provider, slow in ((0, "sinch", 5), (100, "twilio", 0)):
        attempts(
            provider, 20, outcome="accepted", at=at - timedelta(minutes=8), state="delivered", first=first
        )
        if slow:
            attempts(
                provider,
                slow,
                outcome="accepted",
                at=at - timedelta(minutes=8),
                state="accepted",
                first=first + 50,
            )
    assert balance(at) is Reason.SLOW
    assert now_shares() == {"sinch": 40, "twilio": 60}
    attempts("twilio", 5, outcome="accepted", at=at - timedelta(minutes=8), state="accepted", first=300)
    assert balance(at + timedelta(minutes=5, seconds=30)) is None


def test_back_to_the_middle_when_all_is_well(database):
    balance(NOW)
    with db.transaction() as session:
        routes.set_share(session, actor=OFFICER, now=NOW, provider="sinch", weight=25, providers=BOTH)
        routes.release_shares(session, actor=OFFICER, now=NOW, providers=BOTH)
    assert balance(NOW + timedelta(minutes=4)) is None
    assert balance(NOW + timedelta(minutes=5)) is Reason.MIDDLE
    assert now_shares() == {"sinch": 35, "twilio": 65}


def test_a_hand_on_it_holds_and_is_written_down(database):
    with db.transaction() as session:
        routes.set_share(session, actor=OFFICER, now=NOW, provider="twilio", weight=90, providers=BOTH)
    assert now_shares() == {"sinch": 10, "twilio": 90}
    attempts("twilio", 40, outcome="ReadTimeout", at=NOW + timedelta(minutes=2))
    assert balance(NOW + timedelta(minutes=2)) is None
    with db.reading() as session:
        page = queries.routes_page(session, providers=BOTH, now=NOW + timedelta(minutes=2))
    assert page.held
    assert [(move.provider, move.share, move.reason, move.actor_id) for move in page.moves[-2:]] == [
        ("sinch", 10, Reason.HAND, "o"),
        ("twilio", 90, Reason.HAND, "o"),
    ]
    assert page.points("twilio", NOW + timedelta(hours=1))[-1] == (NOW + timedelta(hours=1), 90.0)


@pytest.mark.parametrize(
    ("actor", "provider", "weight", "refusal"),
    [
        (MEMBER, "twilio", 50, NotAllowed),
        (OFFICER, "pigeon", 50, NotFound),
        (OFFICER, "twilio", 101, Invalid),
        (OFFICER, "twilio", -1, Invalid),
    ],
)
def test_a_wrong_hand_changes_nothing(database, actor, provider, weight, refusal):
    with db.transaction() as session, pytest.raises(refusal):
        routes.set_share(session, actor=actor, now=NOW, provider=provider, weight=weight, providers=BOTH)
    assert now_shares() == {"sinch": 50, "twilio": 50}


class Away(Single):
    """A provider that is down: nobody answers the call."""

    name, channel, callers = "twilio", Channel.SMS, 1

    def send(self, message, now):
        return Retry(5.0, "connect")

    def look_up(self, message, since, taken):
        return Missing()

    def close(self):
        pass


def test_a_provider_that_is_away_for_an_hour_loses_nothing(database, hand, route):
    write(20, now=hand(), expires_at=hand() + timedelta(hours=3))
    away = Away()
    for _ in range(12):
        send(away, hand, limit=40)
        hand.turn(minutes=5)
    assert set(states()) == {"created"}
    hand.turn(minutes=10)
    assert send(route, hand).accepted == 20
    assert {row.attempts for row in rows()} <= set(range(2, 20))


class Doubtful(Away):
    name = "twilio"

    def send(self, message, now):
        return Ambiguous("dropped")


def test_an_hour_of_doubt_is_never_sent_again_by_news(database, hand):
    write(3, now=hand(), lane=Lane.BALLOT, zone=AWAKE, expires_at=hand() + timedelta(hours=3))
    for _ in range(12):
        send(Doubtful(), hand)
        hand.turn(minutes=5)
        delivery.resolve((Doubtful(),), now=hand())
    assert [(row.state, row.attempts) for row in rows()] == [(State.UNKNOWN.value, 1)] * 3


def test_the_command_draws_and_holds(database, settings, monkeypatch):
    from dataclasses import replace

    from click.testing import CliRunner

    from union.cli import main

    two = replace(
        settings,
        twilio_account_sid="AC1",
        twilio_auth_token="t",
        sinch_service_plan_id="p",
        sinch_api_token="t",
    )
    monkeypatch.setattr("union.cli.Settings.from_environment", classmethod(lambda _cls: two))
    monkeypatch.setattr("union.core.opening.db.install", lambda _database: None)
    monkeypatch.setattr("union.core.opening.sealing.install", lambda _vault: None)

    def run(*arguments):
        return CliRunner().invoke(main, ["notify", "routes", *arguments])

    assert "moves by itself" in run().output
    assert run("--set", "twilio=x").exit_code == 1
    held = run("--set", "twilio=80").output
    assert "held by hand" in held
    assert f"{'twilio':10}  80  {'#' * 20}" in held
    assert "moves by itself" in run("--release").output
    monkeypatch.setattr("union.cli.Settings.from_environment", classmethod(lambda _cls: settings))
    assert "the message desk alone" in run().output
