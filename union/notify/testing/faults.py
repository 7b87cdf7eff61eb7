"""How the Twilio-speaking server misbehaves: what happens to a request, and to a receipt.

Pure values and draws; the server acts on them.
"""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What may happen to one request to create a message.

    The first three take the message and leave the caller in doubt; the last three do not take it.
    """

    HANG = "hang"
    ACCEPT_THEN_503 = "accept-then-503"
    ACCEPT_THEN_DROP = "accept-then-drop"
    TOO_MANY = "429"
    REFUSE_503 = "refuse-503"
    DROP = "drop"


@dataclass
class Faults:
    """Settings that may be changed while the server runs.

    latency: seconds before each answer. per_mille: fault → how often of a thousand requests. hang: seconds a
    hanging request stays open. rest: a 429's Retry-After in seconds, 0 for none. receipts: whether status
    callbacks are sent; receipt_delay: seconds before each; receipts_lost and receipts_twice: per mille;
    receipts_shuffled: the last status is sent first.
    """

    latency: float = 0.0
    per_mille: dict[Fault, int] = field(default_factory=dict)
    hang: float = 3600.0
    rest: int = 0
    receipts: bool = True
    receipt_delay: float = 0.0
    receipts_lost: int = 0
    receipts_twice: int = 0
    receipts_shuffled: bool = False

    @property
    def told(self) -> dict[str, str]:
        """The headers of a 429."""
        return {"Retry-After": str(self.rest)} if self.rest else {}

    def draw(self) -> Fault | None:
        """Return the fault of the next request, or None."""
        ticket = secrets.randbelow(1000)
        for fault, share in self.per_mille.items():
            if ticket < share:
                return fault
            ticket -= share
        return None


def chance(per_mille: int) -> bool:
    """Return True `per_mille` times of a thousand."""
    return per_mille > 0 and secrets.randbelow(1000) < per_mille
