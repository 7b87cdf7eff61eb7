"""Writing, cancelling, pausing, expiring, forgetting: on both databases, delivered to the desk."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, states, write
from union.core import db
from union.core.errors import Invalid
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.channels.base import Single
from union.notify.models import Outbox, Wording
from union.notify.rules.kinds import Channel, Lane, Mailing


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
        for k in range(250)
    ]
    facts = {
        "now": NOW, "ref": "action:x", "kind": "call", "template": "notify/test", "lane": Lane.ALERT,
        "expires_at": NOW + timedelta(hours=1),
    }  # fmt: skip
    with db.transaction() as session:
        assert notify.enqueue_many(session, recipients=people[:200], **facts) == notify.Fanout(200, 0, 0)
    with db.transaction() as session:
        assert notify.enqueue_many(session, recipients=people, **facts) == notify.Fanout(50, 200, 0)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 250
        assert session.scalar(select(func.count()).select_from(Wording)) == 1
        assert queries.progress(session, "action:x").created == 250


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


def test_the_claim_is_answered_by_its_index_alone(database, hand):
    write(50)
    with db.reading() as session:
        kind = session.get_bind().dialect.name
        plan = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
        if kind == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        lines = session.execute(text(
            plan + "SELECT id FROM outbox WHERE channel = 'sms' AND lane = 'alert' AND state = 'created'"
            " AND not_before <= 9999999999999999 AND expires_at > 1 ORDER BY not_before, id LIMIT 100"
        )).all()  # fmt: skip
    told = " ".join(str(line) for line in lines)
    assert "ix_outbox_due" in told
    assert "TEMP B-TREE" not in told
    assert "Sort" not in told


def test_heartbeat_counts(database):
    for k in range(3):
        with db.transaction() as session:
            notify.beat(session, now=NOW + timedelta(seconds=k), process="scheduler")
    with db.reading() as session:
        found = queries.heartbeat(session, "scheduler")
        assert (found.ticks, found.at) == (3, NOW + timedelta(seconds=2))
        assert queries.heartbeat(session, "nobody") is None
