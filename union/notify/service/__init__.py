"""What other rooms ask of delivery: all of it writes in the caller's transaction, nothing of it sends."""

from union.notify.service.bounces import fails, take_bounce, told, untold, works_again
from union.notify.service.consent import (
    address_hash,
    opt_in,
    opt_out,
    refusals,
    unsubscribe,
    unsubscribe_token,
)
from union.notify.service.devices import forget_endpoint
from union.notify.service.inbound import Inbound, hand_to_people, receive, settle, waiting
from union.notify.service.outbox import (
    Fanout,
    cancel,
    enqueue,
    enqueue_many,
    foresee,
    forget_member,
    pause,
    resume,
    unlink,
)
from union.notify.service.receipts import record_status
from union.notify.service.routes import balance, weights
from union.notify.service.rows import Recipient
from union.notify.service.shown import notified_among
from union.notify.service.trial import begin_trial, distrust, on_trial, trust
from union.notify.service.watch import beat, certain_offset, database_clock, pause_blocked

__all__ = [
    "Fanout",
    "Inbound",
    "Recipient",
    "address_hash",
    "balance",
    "beat",
    "begin_trial",
    "cancel",
    "certain_offset",
    "database_clock",
    "distrust",
    "enqueue",
    "enqueue_many",
    "fails",
    "foresee",
    "forget_endpoint",
    "forget_member",
    "hand_to_people",
    "notified_among",
    "on_trial",
    "opt_in",
    "opt_out",
    "pause",
    "pause_blocked",
    "receive",
    "record_status",
    "refusals",
    "resume",
    "settle",
    "take_bounce",
    "told",
    "trust",
    "unlink",
    "unsubscribe",
    "unsubscribe_token",
    "untold",
    "waiting",
    "weights",
    "works_again",
]
