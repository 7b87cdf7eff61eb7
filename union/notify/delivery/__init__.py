"""Claim, hand over, mark: the one path on which messages leave, whatever the channel or database.

A row is claimed with a lease and an intent to send, in one transaction; the session is closed; the message
is handed over; what came of it is marked. Whoever dies in between leaves a row that is looked up, not sent
again.
"""

from union.notify.delivery.claim import latest, waiting
from union.notify.delivery.clean import expire, wipe
from union.notify.delivery.credit import Pace
from union.notify.delivery.doubt import reap, resolve
from union.notify.delivery.send import Sender, Sent, deliver

__all__ = ["Pace", "Sender", "Sent", "deliver", "expire", "latest", "reap", "resolve", "waiting", "wipe"]
