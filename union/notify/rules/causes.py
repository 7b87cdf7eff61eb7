"""What an error code means and what to do about it.

Pure table. Codes are Twilio's published error numbers (twilio.com/docs/api/errors), Sinch's delivery report
and HTTP codes (developers.sinch.com/docs/sms), statuses of push services (RFC 8030) and SMTP enhanced status
codes (RFC 3463), the latter three with a word before them; only what is provably unsent is ever tried again.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from union.core.i18n import msg


class Remedy(StrEnum):
    """What follows from a refusal.

    RETRY: not processed, try again. SLOW_DOWN: the same, with fewer at a time. WAIT: the carrier's queue is
    full or our account is refused, which is not the message's fault: try again much later. BAD_ADDRESS: this
    address never works. OPTED_OUT: write the opt-out down.
    ONCE_MORE: one later attempt. BLOCKED: the carrier filters us, stop when it happens often. EXPIRED: too
    late, which is as wanted. GIVE_UP: will not work, and somebody must look.
    """

    RETRY = "retry"
    SLOW_DOWN = "slow_down"
    WAIT = "wait"
    BAD_ADDRESS = "bad_address"
    OPTED_OUT = "opted_out"
    ONCE_MORE = "once_more"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Cause:
    """A remedy, the reason as a person reads it (a message id), and whether the operator must be told."""

    remedy: Remedy
    reason: str
    alarm: bool = False


_NUMBER = msg("The number is not a mobile number that exists.")
_RATE = msg("Too many at once; we slowed down.")
_SETUP = msg("Twilio refuses our sender or account settings.")

TWILIO: dict[str, Cause] = {
    "20003": Cause(Remedy.WAIT, msg("Twilio does not accept our account and token."), alarm=True),
    "20429": Cause(Remedy.SLOW_DOWN, _RATE),
    "21211": Cause(Remedy.BAD_ADDRESS, _NUMBER),
    "21408": Cause(Remedy.GIVE_UP, msg("Our account may not text this country."), alarm=True),
    "21602": Cause(Remedy.GIVE_UP, msg("The text was empty."), alarm=True),
    "21606": Cause(Remedy.WAIT, _SETUP, alarm=True),
    "21610": Cause(Remedy.OPTED_OUT, msg("The person has opted out of texts.")),
    "21611": Cause(Remedy.WAIT, msg("The carrier's queue is full."), alarm=True),
    "21612": Cause(Remedy.GIVE_UP, msg("Our sender cannot reach this number."), alarm=True),
    "21614": Cause(Remedy.BAD_ADDRESS, _NUMBER),
    "21617": Cause(Remedy.GIVE_UP, msg("The text was too long."), alarm=True),
    "21703": Cause(Remedy.WAIT, _SETUP, alarm=True),
    "30001": Cause(Remedy.WAIT, msg("The carrier's queue is full."), alarm=True),
    "30002": Cause(Remedy.WAIT, msg("Twilio has suspended our account."), alarm=True),
    "30003": Cause(Remedy.ONCE_MORE, msg("The phone was off or out of reach.")),
    "30004": Cause(Remedy.BLOCKED, msg("The carrier blocked the text.")),
    "30005": Cause(Remedy.BAD_ADDRESS, _NUMBER),
    "30006": Cause(Remedy.BAD_ADDRESS, msg("The number is a landline, or its carrier takes no texts.")),
    "30007": Cause(Remedy.BLOCKED, msg("The carrier filtered the text as unwanted.")),
    "30008": Cause(Remedy.GIVE_UP, msg("The carrier did not say why it failed.")),
    "30036": Cause(Remedy.EXPIRED, msg("It could not be delivered in time.")),
    "63017": Cause(Remedy.SLOW_DOWN, _RATE),
    "63018": Cause(Remedy.SLOW_DOWN, _RATE),
}

SINCH: dict[str, Cause] = {
    "402": Cause(Remedy.BAD_ADDRESS, msg("No carrier could be found for the number.")),
    "403": Cause(Remedy.GIVE_UP, msg("The provider failed inside."), alarm=True),
    "404": Cause(Remedy.ONCE_MORE, msg("The phone was off or out of reach.")),
    "406": Cause(Remedy.EXPIRED, msg("It could not be delivered in time.")),
    "408": Cause(Remedy.BLOCKED, msg("The carrier blocked the text.")),
    "410": Cause(Remedy.WAIT, msg("The provider refuses our sender or account settings."), alarm=True),
    "411": Cause(Remedy.GIVE_UP, msg("The text was too long."), alarm=True),
    "412": Cause(Remedy.GIVE_UP, msg("Our account may not text this country."), alarm=True),
    "429": Cause(Remedy.SLOW_DOWN, _RATE),
    "account": Cause(Remedy.WAIT, msg("The provider does not accept our account and token."), alarm=True),
    "syntax_constraint_violation": Cause(Remedy.GIVE_UP, msg("The text was empty or too long."), alarm=True),
    "Expired": Cause(Remedy.EXPIRED, msg("It could not be delivered in time.")),
    "Rejected": Cause(Remedy.BLOCKED, msg("The carrier blocked the text.")),
}

PUSH: dict[str, Cause] = {
    "gone": Cause(Remedy.BAD_ADDRESS, msg("The member's browser no longer takes notifications.")),
    "429": Cause(Remedy.SLOW_DOWN, _RATE),
    "413": Cause(Remedy.GIVE_UP, msg("The text was too long."), alarm=True),
    "account": Cause(Remedy.GIVE_UP, msg("The push service does not accept our key."), alarm=True),
    "host": Cause(Remedy.GIVE_UP, msg("The browser's push service is not one we know."), alarm=True),
}

OURS: dict[str, str] = {
    "cancelled": msg("Cancelled before it was sent."),
    "opted_out": msg("The person has opted out."),
    "quiet_hours": msg("No permitted hour was left before it stopped being useful."),
    "trial": msg("The union is in trial mode: only officers get texts."),
    "bad_address": msg("Messages to this address came back before."),
    "late": msg("It would have come too late, so we did not send it."),
    "lease": msg("The sender stopped while sending; we look it up."),
    "no_answer": msg("The provider took it and gave no answer; we look it up."),
    "not_found": msg("The provider knows nothing of it."),
    "sealed": msg("Its address cannot be opened with the present data key."),
    "connect": msg("The provider could not be reached; we try again."),
}

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TOO_MANY = 429  # HTTP: documented as never processed
_TRANSIENT = 4  # RFC 5321: the first digit of a reply
_UNKNOWN_CAUSE = Cause(Remedy.GIVE_UP, msg("The provider refused it."))
_PERMANENT_MAIL = Cause(Remedy.GIVE_UP, msg("The mail server refused it."))
_BAD_MAILBOX = Cause(Remedy.BAD_ADDRESS, msg("The mailbox does not exist."))
_LATER_MAIL = Cause(Remedy.RETRY, msg("The mail server asked to try again later."))


def of_twilio(code: str | None, status: int | None = None) -> Cause:
    """Return the cause of a Twilio error number; without a known one the HTTP `status` decides."""
    if code and code in TWILIO:
        return TWILIO[code]
    if status == _TOO_MANY:
        return TWILIO["20429"]
    if status in {401, 403}:
        return TWILIO["20003"]
    return _UNKNOWN_CAUSE


def of_smtp(code: int, text: str = "") -> Cause:
    """Return the cause of an SMTP reply `code` with its enhanced status in `text`."""
    if code // 100 == _TRANSIENT:
        return _LATER_MAIL
    if text.lstrip().startswith("5.1.") or code in {550, 551, 553}:
        return _BAD_MAILBOX
    return _PERMANENT_MAIL


def smtp_code(reply: int, said: str = "") -> str:
    """Return what is kept of a mail server's reply: its number and enhanced status (RFC 3463), not its words.

    Servers repeat the address in their words, and a code stands in the database in clear.
    """
    status = _ENHANCED.search(said)
    return f"smtp {reply} {status[0]}" if status else f"smtp {reply}"


def of(code: str | None) -> Cause:
    """Return the cause of an error code of any provider."""
    family, _, rest = (code or "").partition(" ")
    if family == "smtp":
        number, _, text = rest.partition(" ")
        return of_smtp(int(number), text) if number.isdigit() else _PERMANENT_MAIL
    if family in {"sinch", "push"}:
        return (SINCH if family == "sinch" else PUSH).get(rest, _UNKNOWN_CAUSE)
    return of_twilio(code)


def reason(code: str | None) -> str:
    """Return why a message is in its state, as a message id; empty for no code."""
    if not code:
        return ""
    if code in OURS:
        return OURS[code]
    return of(code).reason
