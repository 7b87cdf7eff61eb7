"""The fault run, whatever sends: a provider that lies, senders killed at random, and what must be true at the end.

UNION_FAULT_RUN says how many messages: a few hundred in the suite, 20,000 for the record.
"""

import os
import random
import time
from collections import Counter
from datetime import timedelta

from tests.rooms.notify.conftest import WHO, rows, sms_route, states
from union.core import db
from union.core.clock import utcnow
from union.notify import delivery, jobs, queries
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.testing.faults import Fault

RUN = int(os.environ.get("UNION_FAULT_RUN", "500"))


def lie(twilio):
    """Make the provider hang, drop, refuse, accept in silence, and lose, repeat and shuffle receipts."""
    twilio.faults.per_mille = {
        Fault.ACCEPT_THEN_503: 40, Fault.ACCEPT_THEN_DROP: 40, Fault.HANG: 5, Fault.TOO_MANY: 100,
        Fault.REFUSE_503: 30, Fault.DROP: 30,
    }  # fmt: skip
    twilio.faults.receipts = True
    twilio.faults.receipts_lost, twilio.faults.receipts_twice = 300, 200
    twilio.faults.latency = 0.1 if RUN < 2000 else 0.02  # slow enough for a sender to die in the middle


def call_everybody():
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


def waiting():
    with db.reading() as session:
        return queries.progress(session, "action:x").created


def killing(senders, start, kill, twilio):
    """Call everybody and kill senders while anything waits; return how many died. Ends with all of them dead.

    start() gives a new sender; kill(sender, dice) pulls its plug.
    """
    dice = random.Random(RUN)
    kills, most = 0, max(4, RUN // 400)
    try:
        deadline = time.monotonic() + max(120, RUN / 15)
        call_everybody()
        while waiting() and kills < most and time.monotonic() < deadline:
            time.sleep(dice.uniform(0.1, 0.5))
            kill(senders.pop(0), dice)
            kills += 1
            senders.append(start())
        asked = -1
        while (waiting() or asked != twilio.requests.total()) and time.monotonic() < deadline:
            asked = twilio.requests.total()
            time.sleep(2.5)  # longer than a sender waits for an answer
    finally:
        for process in senders:
            kill(process, dice)
    assert kills >= 2
    time.sleep(0.5)
    return kills


def judge(twilio, kills, *, over):
    """Let time pass with an honest provider, then hold every row against what the provider took."""
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
    print(
        f"\n{RUN} messages by {over}, {kills} senders killed, requests {dict(twilio.requests)}, "
        f"states {dict(told)}"
    )
    assert sum(told.values()) == RUN
    assert max(twilio.sent().values()) == 1, "a message was taken twice"
    assert set(told) <= {"accepted", "delivered", "unknown"}
    at_provider = set(twilio.sent())
    for row in rows():
        if row.state in {"accepted", "delivered"}:
            assert str(row.id) in at_provider
        else:
            assert row.error_code in {"not_found", "no_answer", "lease"}
    # What the provider has and we could not tell would be a silent gap in the report.
    assert not [row.id for row in rows(state="unknown") if str(row.id) in at_provider]
