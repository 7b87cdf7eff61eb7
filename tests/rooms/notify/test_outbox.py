"""Writing, cancelling, pausing, expiring, forgetting: on both databases, delivered to the desk."""

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, states, write
from union.core import db
from union.core.clock import utcnow
from union.core.errors import Invalid
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.channels.base import Accepted, Single
from union.notify.channels.desk import Desk
from union.notify.delivery import Pace, claim
from union.notify.delivery.speed import Speed, speed
from union.notify.models import Outbox, SendAttempt, Wording
from union.notify.rules.kinds import Channel, Lane, Mailing, State
from union.notify.service import consent
from union.notify.service.statements import query_rows


def send(hand, routes=DESKS):
    return jobs.deliver_due(routes, WHO, clock=hand)


def test_a_message_is_written_once_and_lies_on_the_desk(database, hand):
    [first] = write()
    [again] = write()
    assert isinstance(first, int)
    assert again is None
    assert send(hand).accepted == 1
    [row] = rows()
    assert (row.state, row.provider, row.segments, row.attempts) == ("delivered", "desk", 1, 1)
    assert json.loads(row.sealed) == {"to": "+31610000000", "fields": {"when": "now"}}
    assert send(hand).total == 0


def test_the_address_is_not_readable_in_the_database(database):
    write(channel=Channel.EMAIL, to="anna.jansen@example.org")
    with db.reading() as session:
        raw = session.execute(text("SELECT sealed, address_hash FROM outbox")).one()
    assert b"anna" not in bytes(raw.sealed)
    assert b"example" not in bytes(raw.sealed)
    assert len(bytes(raw.address_hash)) == 32


def test_nothing_is_written_when_the_fact_is_not(database):
    def announce():
        with db.transaction() as session:
            notify.enqueue(
                session, now=NOW, ref="a", kind="k", member_id="m", channel=Channel.SMS, to="+31612345678",
                language="en", zone="UTC", template="notify/test", fields={"when": "x"}, lane=Lane.ALERT,
                expires_at=NOW + timedelta(hours=1),
            )  # fmt: skip
            raise RuntimeError

    with pytest.raises(RuntimeError):
        announce()
    assert rows() == []


def test_a_text_with_an_unfilled_place_is_refused_by_name(database):
    with pytest.raises(Invalid, match=r"\(\(when\)\)"):
        write(fields={"whom": "x"})


@pytest.mark.parametrize("template", ["notify/absent", "nowhere/test", "../notify/test", "notify/../test"])
def test_an_unknown_text_is_refused(database, template):
    with pytest.raises(Invalid, match="no text called"):
        write(template=template)


@pytest.mark.parametrize("to", ["0612345678", "+31 6", "", "anna@example.org"])
def test_an_address_of_another_channel_is_refused(database, to):
    with pytest.raises(Invalid, match="cannot be reached"):
        write(to=to)


def test_a_fan_out_may_be_repeated(database):
    people = [
        notify.Recipient(f"m{k}", Channel.SMS, f"+3161{k:07d}", "nl", "Europe/Amsterdam", {"when": "nu"})
        for k in range(650)
    ]
    facts = {
        "now": NOW, "ref": "action:x", "kind": "call", "template": "notify/test", "lane": Lane.ALERT,
        "expires_at": NOW + timedelta(hours=1),
    }  # fmt: skip
    with db.transaction() as session:
        assert notify.enqueue_many(session, recipients=people[:600], **facts) == notify.Fanout(600, 0, 0)
    with db.transaction() as session:
        assert notify.enqueue_many(session, recipients=people, **facts) == notify.Fanout(50, 600, 0)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 650
        assert session.scalar(select(func.count()).select_from(Wording)) == 1
        assert queries.progress(session, "action:x").created == 650
    with db.transaction() as session:
        again = [*people[640:], *people[:240]]
        assert notify.enqueue_many(session, recipients=again, **{**facts, "kind": "start"}).written == 250
        assert (
            notify.enqueue_many(session, recipients=people * 2, **{**facts, "kind": "start"}).written == 400
        )
        more = [replace(one, member_id=f"n{n}") for n, one in enumerate(people)]
        assert notify.enqueue_many(session, recipients=[*more, more[0]], **facts).written == 650
        assert notify.enqueue_many(session, recipients=more, **facts) == notify.Fanout(0, 650, 0)
        assert session.scalar(select(func.count()).select_from(Outbox)) == 650 * 3
    first, last = rows()[0], rows()[1299]
    assert (first.member_id, first.created_at, first.secret, first.error_code) == ("m0", NOW, False, None)
    assert json.loads(last.sealed) == {"to": "+31610000639", "fields": {"when": "nu"}}


def test_lanes_go_in_order(database, hand):
    for lane in (Lane.NEWS, Lane.BALLOT, Lane.ALERT, Lane.LOGIN):
        write(ref=f"r:{lane}", lane=lane)
    seen = []

    class Watched(Single):
        name, channel, callers = "desk", Channel.SMS, 1

        def send(self, message, now):
            seen.append(message.lane)
            return DESKS[0].send(message, now)

    assert jobs.deliver_due((Watched(),), WHO, clock=hand).accepted == 4
    assert seen == [Lane.LOGIN, Lane.ALERT, Lane.BALLOT, Lane.NEWS]


@pytest.fixture
def statements(database):
    """What is said to the database from here on, beginnings and ends apart."""
    said = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith("BEGIN"):
            said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def claimed(session, size=100, channel=Channel.SMS):
    return claim.claim(session, provider="x", channel=channel, now=NOW, size=size, who="me")


def test_a_batch_costs_one_way_to_the_server_to_claim_and_one_to_mark(database, statements):
    """However many lanes there are, and with the intents of all; the embedded database needs no such thing."""
    for lane in Lane:
        write(20, ref=f"r:{lane}", lane=lane)
    del statements[:]
    with db.transaction() as session:
        taken = claimed(session)
    assert [one.lane for one in taken] == [lane for lane in Lane for _ in range(20)]
    embedded = database.engine.dialect.name == "sqlite"
    assert len(statements) == (3 if embedded else 1)
    assert {row.state for row in rows()} == {"sending"}
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(SendAttempt.outcome.is_(None))) == 80
    del statements[:]
    with db.transaction() as session:
        claim.mark(session, [claim.Mark(one, State.ACCEPTED, NOW, "accepted", f"p{one.id}") for one in taken])
    assert len(statements) == (4 if embedded else 1)
    with db.reading() as session:
        tried = session.execute(select(SendAttempt.outbox_id, SendAttempt.outcome, SendAttempt.provider_id))
        assert {tuple(one) for one in tried} == {(row.id, "accepted", f"p{row.id}") for row in rows()}
    assert {(row.state, row.provider_id == f"p{row.id}") for row in rows()} == {("accepted", True)}


ODD = ('a"b', "back\\slash", "{1,NULL}", "NULL", "", "Zoë 🪧", "line\nbreak", "%s ? :x", "'")


HOSTILE = {"nul\0": "nul", "half \ud800": "half ", "x" * 500: "x" * 120, "\0": ""}


def test_what_no_column_holds_stops_no_batch(database):
    """Of what a provider says, in an id or beside it."""
    write(len(HOSTILE) + 1)
    with db.transaction() as session:
        taken = claimed(session)
        ids = [Accepted(odd).provider_id for odd in HOSTILE]
        said = [*HOSTILE, "30003"]
        marks = [
            claim.Mark(one, State.FAILED, NOW, what, kept, error_code=what)
            for one, what, kept in zip(taken, said, [*ids, "whole"], strict=True)
        ]
        claim.mark(session, marks)
    assert [row.provider_id for row in rows()] == [*HOSTILE.values(), "whole"]
    assert [row.error_code for row in rows()] == ["nul", "half ", "x" * 100, "", "30003"]


def test_what_a_provider_calls_a_message_is_written_down_as_it_is(database):
    write(len(ODD))
    with db.transaction() as session:
        taken = claimed(session)
        marks = [claim.Mark(one, State.ACCEPTED, NOW, "ok", odd) for one, odd in zip(taken, ODD, strict=True)]
        claim.mark(session, marks)
    assert [row.provider_id for row in rows()] == list(ODD)
    assert {row.lease_until for row in rows()} == {None}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_lane_that_is_not_come_to_is_left_to_others(database):
    """Where there are several writers at once."""
    write(2, ref="alert", lane=Lane.ALERT)
    write(2, ref="news", lane=Lane.NEWS)
    with db.transaction() as session, db.transaction() as other:
        assert {one.lane for one in claimed(session, 2)} == {Lane.ALERT}
        assert {one.lane for one in claimed(other, 100)} == {Lane.NEWS}


def test_a_batch_of_people_who_said_no_meanwhile_does_not_end_the_run(database, hand):
    """More than are claimed at once: the rest goes out in the same run, and no try is noted for the others."""
    write(130)
    with db.transaction() as session:
        for k in range(110):
            consent.opt_out(
                session,
                now=NOW,
                channel=Channel.SMS,
                to=f"+3161{k:07d}",
                lists=(Mailing.CAMPAIGNS,),
                reason="stop",
            )
    assert send(hand).accepted == 20
    assert Counter(states()) == {"suppressed": 110, "delivered": 20}
    assert {(row.error_code, row.sealed) for row in rows(state="suppressed")} == {("opted_out", None)}
    with db.reading() as session:
        assert session.scalar(select(func.count(SendAttempt.outbox_id))) == 20


def test_what_is_late_is_never_sent(database, hand):
    write(expires_at=NOW + timedelta(minutes=10), not_before=NOW + timedelta(minutes=5))
    assert send(hand).total == 0
    hand.turn(minutes=11)
    assert send(hand).total == 0
    with db.transaction() as session:
        assert delivery.expire(session, now=hand()) == 1
    [row] = rows()
    assert (row.state, row.error_code, row.sealed) == ("expired", "late", None)


def test_what_expires_between_claim_and_sending_is_not_sent(database, hand):
    write(expires_at=NOW + timedelta(minutes=10))
    asked = []

    class Slow:
        """A clock that jumps an hour after the claim."""

        def __call__(self):
            asked.append(1)
            return NOW if len(asked) <= 2 else NOW + timedelta(hours=1)

    jobs.deliver_due(DESKS[:1], WHO, clock=Slow())
    assert states() == ["expired"]


def test_cancel_stops_what_has_not_left(database, hand):
    write(3, kind="briefing")
    write(2, kind="end", not_before=NOW + timedelta(hours=2))
    send(hand)
    with db.transaction() as session:
        assert notify.cancel(session, now=hand(), ref="action:x") == 2
    assert states() == ["delivered"] * 3 + ["suppressed"] * 2
    hand.turn(hours=3)
    assert send(hand).total == 0
    assert {row.error_code for row in rows(state="suppressed")} == {"cancelled"}


def test_cancel_can_be_for_one_kind_and_one_member(database):
    write(2, kind="briefing")
    write(2, kind="end")
    with db.transaction() as session:
        assert notify.cancel(session, now=NOW, ref="action:x", kinds={"end"}, member_id="m1") == 1
    assert [row.state for row in rows(kind="end")] == ["created", "suppressed"]


def test_pause_holds_and_resume_lets_go(database, hand):
    write(3)
    with db.transaction() as session:
        notify.pause(session, now=NOW, ref="action:x")
        notify.pause(session, now=NOW, ref="action:x")
    assert send(hand).total == 0
    with db.transaction() as session:
        assert notify.resume(session, ref="action:x")
    assert send(hand).accepted == 3


def test_a_pause_takes_effect_within_one_batch(database, hand):
    write(300)
    sent = []

    class Pausing(Single):
        name, channel, callers = "desk", Channel.SMS, 1

        def send(self, message, now):
            sent.append(message.id)
            if len(sent) == 1:
                with db.transaction() as session:
                    notify.pause(session, now=now, ref="action:x")
            return DESKS[0].send(message, now)

    jobs.deliver_due((Pausing(),), WHO, clock=hand)
    assert 1 <= len(sent) <= 100


def test_news_waits_for_the_morning_and_alerts_do_not(database):
    late = NOW.replace(hour=22)  # 23:00 in Amsterdam
    write(now=late, ref="news", lane=Lane.NEWS, expires_at=late + timedelta(days=2))
    write(now=late, ref="alert", lane=Lane.ALERT, expires_at=late + timedelta(days=2))
    write(now=late, ref="mail", lane=Lane.NEWS, channel=Channel.EMAIL, expires_at=late + timedelta(days=2))
    news, alert, mail = rows()
    assert news.not_before == late.replace(hour=7) + timedelta(days=1)
    assert alert.not_before == mail.not_before == late


def test_news_with_no_permitted_hour_left_says_so(database):
    late = NOW.replace(hour=22)
    write(now=late, lane=Lane.NEWS, expires_at=late + timedelta(hours=3))
    [row] = rows()
    assert (row.state, row.error_code, row.sealed) == ("suppressed", "quiet_hours", None)


def test_opted_out_before_and_between(database, hand):
    with db.transaction() as session:
        notify.opt_out(
            session, now=NOW, channel=Channel.SMS, to="+31610000000", lists=tuple(Mailing), reason="reply"
        )  # fmt: skip
        assert notify.refusals(
            session, addresses=["+31610000000", "+31610000001"], channel=Channel.SMS, lane=Lane.NEWS
        ) == {"+31610000000"}
    write(2)
    write(1, ref="signin", lane=Lane.LOGIN)
    assert [row.state for row in rows(ref="action:x")] == ["suppressed", "created"]
    with db.transaction() as session:
        notify.opt_out(
            session, now=NOW, channel=Channel.SMS, to="+31610000001", lists=[Mailing.CAMPAIGNS], reason="reply"
        )  # fmt: skip
    assert send(hand).accepted == 1
    assert [row.state for row in rows(ref="action:x")] == ["suppressed", "suppressed"]
    assert [row.state for row in rows(ref="signin")] == ["delivered"]


def test_leaving_the_campaigns_keeps_ballot_notices(database):
    with db.transaction() as session:
        notify.opt_out(
            session, now=NOW, channel=Channel.EMAIL, to="M0@example.org", lists=[Mailing.CAMPAIGNS], reason="x"
        )  # fmt: skip
    write(ref="c", channel=Channel.EMAIL, lane=Lane.NEWS)
    write(ref="b", channel=Channel.EMAIL, lane=Lane.BALLOT)
    assert states() == ["suppressed", "created"]


def test_forgetting_a_member_leaves_nothing_to_read(database, hand):
    write(2)
    send(hand)
    write(2, kind="end")
    with db.transaction() as session:
        notify.forget_member(session, now=hand(), member_id="m0")
    erased = [row for row in rows() if row.member_id.startswith("erased:")]
    assert len(erased) == 2
    assert all(row.sealed is None and row.address_hash is None for row in erased)
    assert sorted(row.state for row in erased) == ["delivered", "suppressed"]
    assert [row.state for row in rows(member_id="m1")] == ["delivered", "created"]


def test_wiping(database, hand):
    write(ref="plain")
    write(ref="code", secret=True)
    send(hand)
    hand.turn(hours=7)  # both have expired
    with db.transaction() as session:
        assert delivery.wipe(session, now=hand()) == 1
    assert [row.sealed is None for row in rows()] == [False, True]
    hand.turn(hours=24)
    with db.transaction() as session:
        delivery.wipe(session, now=hand())
    assert [row.sealed is None for row in rows()] == [True, True]


def test_a_row_sealed_with_a_lost_key_does_not_stop_the_others(database, hand):
    write(3)
    with db.transaction() as session:
        session.execute(text("UPDATE outbox SET sealed = :junk WHERE member_id = 'm1'"), {"junk": b"x" * 40})
    send(hand)
    with db.reading() as session:
        found = session.execute(text("SELECT state, error_code FROM outbox ORDER BY id")).all()
        assert [tuple(row) for row in found] == [
            ("delivered", None),
            ("failed", "sealed"),
            ("delivered", None),
        ]
        listed = queries.messages(session)
        assert listed.total == 3
        assert not queries.message(session, listed.rows[1].id).readable


def explained(session, statement, values):
    """The database's own account of how it would run a statement with `?` places."""
    kind = session.get_bind().dialect.name
    if kind == "postgresql":
        # with a handful of rows reading all of them is cheaper; nothing else is forced
        session.execute(text("SET LOCAL enable_seqscan = off"))
    lines = query_rows(
        session, ("EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN ") + statement, values
    )
    return " ".join(str(line) for line in lines)


def sorts(told):
    return "TEMP B-TREE" in told or "Sort" in told


def test_the_claim_is_answered_by_its_index_alone(database, hand):
    """The very statement of the claim: rows of one instant come out of the index in order, without a sort."""
    write(50)
    with db.transaction() as session:
        kind = session.get_bind().dialect.name
        which = ("sms", 9 * 10**15, 1, "desk", "desk", 100) * len(Lane)
        values = (*which, 100, 1, "who", "desk", 1, *((1, "desk") if kind == "postgresql" else ()))
        told = explained(session, claim._CLAIMS[kind], values)
        assert told.count("ix_outbox_due") == len(Lane)
        assert not sorts(told)
        # The gate bites: another order than the index's needs one.
        other = claim._DUE.format(lane="?").replace("not_before, id", "expires_at")
        assert sorts(explained(session, other, ("sms", "alert", 9 * 10**15, 1, "desk", "desk", 100)))


def test_a_bucket_lets_no_more_through_than_the_contract_says(database, hand):
    write(300)
    pace = Pace(per_second=10)
    sent = [jobs.deliver_due(DESKS[:1], WHO, clock=hand, pace=pace).total]
    for _ in range(8):
        hand.turn(milliseconds=500)
        sent.append(jobs.deliver_due(DESKS[:1], WHO, clock=hand, pace=pace).total)
    assert sent == [20] + [5] * 8, "a burst of two seconds, then the rate"
    hand.turn(hours=1)
    assert jobs.deliver_due(DESKS[:1], WHO, clock=hand, pace=pace).total == 20, "no more is saved up"


def test_long_texts_overdraw_the_bucket_and_pay_it_back(database, hand):
    write(60)
    with db.transaction() as session:
        session.execute(text("UPDATE outbox SET segments = 3"))
    pace, sent = Pace(per_second=6), []
    for _ in range(20):
        sent.append(jobs.deliver_due(DESKS[:1], WHO, clock=hand, pace=pace).total)
        hand.turn(seconds=1)
    assert sum(sent[:7]) * 3 <= 12 + 6 * 6 + 36, "what leaves is the rate, the burst and one batch"
    assert sum(sent) * 3 <= 12 + 19 * 6 + 36
    assert sum(sent) >= 36


def test_two_senders_share_one_bucket(database, hand):
    write(300)
    pace, gate, counted = Pace(per_second=10), threading.Barrier(3), []

    def send_some():
        gate.wait()
        counted.append(jobs.deliver_due((Desk(Channel.SMS),), WHO, clock=hand, pace=pace).total)

    threads = [threading.Thread(target=send_some) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counted) == 20


def test_how_fast_and_when_done(database, hand):
    write(30)
    write(10, kind="later", not_before=NOW + timedelta(minutes=20))
    with db.reading() as session:
        assert speed(session, "action:x", NOW) == Speed(0, 40, NOW + timedelta(minutes=20))
    send(hand)
    with db.reading() as session:
        assert speed(session, "action:x", hand.turn(seconds=30)) == Speed(30, 10, NOW + timedelta(minutes=20))
        later = speed(session, "action:x", hand.turn(minutes=30))
        assert later == Speed(0, 10, None), "due, and nothing moves"
        assert speed(session, "nothing", hand()) == Speed(0, 0, None)


def test_asked_to_stop_a_sender_finishes_what_is_in_hand(database, hand, monkeypatch):
    write(250)
    stop = threading.Event()
    monkeypatch.setattr(jobs, "stopping", stop)

    class Stopping(Desk):
        def send(self, message, now):
            stop.set()
            return super().send(message, now)

    assert jobs.deliver_due((Stopping(Channel.SMS),), WHO, clock=hand).accepted == 100
    assert sorted(set(states())) == ["created", "delivered"]


def test_a_clock_is_off_by_what_is_certain():
    def at(ms):
        return NOW + timedelta(milliseconds=ms)

    assert notify.certain_offset(at(0), None, at(9)) == timedelta(0)
    assert notify.certain_offset(at(0), at(5), at(9)) == timedelta(0), "a slow answer proves nothing"
    assert notify.certain_offset(at(0), at(-200), at(9)) == timedelta(milliseconds=200), "we are ahead"
    assert notify.certain_offset(at(0), at(209), at(9)) == timedelta(milliseconds=-200)


def test_the_database_tells_its_clock(database):
    with db.reading() as session:
        told = notify.database_clock(session)
        if session.get_bind().dialect.name == "sqlite":
            assert told is None
        else:
            assert told.tzinfo is not None
            assert abs(told - utcnow()) < timedelta(minutes=1)


def test_a_restart_takes_the_place_of_its_predecessor_but_not_of_its_neighbour(database, monkeypatch):
    def beat(pid, seconds, host="a"):
        monkeypatch.setattr("os.getpid", lambda: pid)
        monkeypatch.setattr("socket.gethostname", lambda: host)
        with db.transaction() as session:
            notify.beat(session, now=NOW + timedelta(seconds=seconds), process="scheduler")

    beat(1, 0)
    beat(2, 0, host="b")
    beat(3, 20)
    with db.reading() as session:
        assert [beat.pid for beat in queries.heartbeats(session)] == [3, 2]
    beat(4, 5000)
    with db.reading() as session:
        assert [beat.pid for beat in queries.heartbeats(session)] == [4]


def test_a_tick_from_the_future_is_no_sign_of_life_and_goes_when_somebody_starts(database, monkeypatch):
    """Else a clock that was a year ahead and was set right would keep actions from being armed for a year."""
    later = NOW + timedelta(days=365)
    with db.transaction() as session:
        notify.beat(session, now=later, process="scheduler")
        found = queries.heartbeat(session, "scheduler")
        assert (found.awake(NOW), found.ahead(NOW)) == (False, True)
        assert (found.awake(later), found.ahead(later - timedelta(seconds=3))) == (True, False)
        monkeypatch.setattr("union.notify.service.watch.os.getpid", lambda: 7)
        notify.beat(session, now=NOW, process="scheduler")
        assert [beat.pid for beat in queries.heartbeats(session)] == [7]


def test_each_process_has_its_own_heartbeat_and_the_worst_clock_counts(database, monkeypatch):
    for pid, offset in ((1, 0), (2, -300), (3, 20)):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        with db.transaction() as session:
            late = timedelta(milliseconds=offset)
            notify.beat(session, now=NOW + timedelta(seconds=pid), process="scheduler", offset=late)
    with db.reading() as session:
        assert [beat.pid for beat in queries.heartbeats(session)] == [3, 2, 1]
        found = queries.heartbeat(session, "scheduler")
        assert (found.pid, found.offset) == (3, timedelta(milliseconds=-300))


def test_heartbeat_counts(database):
    for k in range(3):
        with db.transaction() as session:
            notify.beat(session, now=NOW + timedelta(seconds=k), process="scheduler")
    with db.reading() as session:
        found = queries.heartbeat(session, "scheduler")
        assert (found.ticks, found.at) == (3, NOW + timedelta(seconds=2))
        assert queries.heartbeat(session, "nobody") is None
