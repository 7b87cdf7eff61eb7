"""The vocabulary of delivery: channels, lanes, states, lists and the words people reply with.

Pure names; which moves between states are allowed is decided here and nowhere else.
"""

from enum import StrEnum


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"

    # An enumeration hashes by a function of Python's; fan-outs look up a channel several times a message.
    __hash__ = str.__hash__


class Lane(StrEnum):
    """Which queue a message waits in; earlier lanes are claimed first, afresh before every batch."""

    LOGIN = "login"
    ALERT = "alert"
    BALLOT = "ballot"
    NEWS = "news"


class Mailing(StrEnum):
    """What a person can opt out of. Leaving the campaigns' list keeps the ballot notices."""

    CAMPAIGNS = "campaigns"
    BALLOTS = "ballots"


class State(StrEnum):
    """Where a message is.

    UNKNOWN: handed over without a definite answer; looked up, never blindly sent again.
    SUPPRESSED: we chose not to send it (opted out, cancelled, quiet hours); the cause says which.
    """

    CREATED = "created"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


class Keyword(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    OUT = "out"
    DONE = "done"
    PLEDGE = "pledge"
    OTHER = "other"


LANES = tuple(Lane)

MAILING_OF: dict[Lane, Mailing | None] = {
    Lane.LOGIN: None,
    Lane.ALERT: Mailing.CAMPAIGNS,
    Lane.BALLOT: Mailing.BALLOTS,
    Lane.NEWS: Mailing.CAMPAIGNS,
}

QUIET_LANES = frozenset({Lane.BALLOT, Lane.NEWS})
BUZZING = frozenset({Channel.SMS, Channel.PUSH})
"""Channels that wake somebody up: quiet hours hold for them."""

FINAL = frozenset({State.DELIVERED, State.FAILED, State.EXPIRED, State.SUPPRESSED})

_RANK = {State.CREATED: 0, State.SENDING: 1, State.UNKNOWN: 2, State.ACCEPTED: 3}


def may_become(now: State, then: State) -> bool:
    """Tell whether news that a message is `then` may change one that is `now`.

    Final states never change and nothing moves backwards, so that repeated and out-of-order
    receipts do no harm.
    """
    if now in FINAL:
        return False
    return then in FINAL or _RANK[then] > _RANK[now]
