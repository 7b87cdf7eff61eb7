"""What other rooms ask of delivery: all of it writes in the caller's transaction, nothing of it sends."""

from union.notify.service.consent import (
    address_hash,
    opt_in,
    opt_out,
    refusals,
    unsubscribe,
    unsubscribe_token,
)
from union.notify.service.inbound import Inbound, receive, settle, waiting
from union.notify.service.outbox import (
    Fanout,
    Recipient,
    cancel,
    enqueue,
    enqueue_many,
    forget_member,
    pause,
    resume,
)
from union.notify.service.receipts import record_status
from union.notify.service.watch import beat, certain_offset, database_clock, pause_blocked

__all__ = [
    "Fanout",
    "Inbound",
    "Recipient",
    "address_hash",
    "beat",
    "cancel",
    "certain_offset",
    "database_clock",
    "enqueue",
    "enqueue_many",
    "forget_member",
    "opt_in",
    "opt_out",
    "pause",
    "pause_blocked",
    "receive",
    "record_status",
    "refusals",
    "resume",
    "settle",
    "unsubscribe",
    "unsubscribe_token",
    "waiting",
]
