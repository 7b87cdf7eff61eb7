"""A ballot, key or decryption that was refused: the name of the check and a sentence for whoever sent it.

A refusal is a value, not an exception: counting it must be committed.
"""

from dataclasses import dataclass, field

from union.ballots.crypto.failures import Check, Refused
from union.core.i18n import msg


@dataclass(frozen=True)
class Refusal:
    """code: the name of the check, stable. text: a message id with its facts. status: as in HTTP."""

    code: str
    text: str
    status: int = 422
    facts: dict[str, str | int] = field(default_factory=dict)


class Code:
    """Names of refusals that are no checks of the protocol."""

    CLOSED = "closed"
    DECIDING = "deciding"
    NOT_OPEN = "not_open"
    NOT_ON_ROLL = "not_on_roll"


CLOSED = Refusal(Code.CLOSED, msg("This ballot is closed: your vote came too late and was not counted."), 409)
DECIDING = Refusal(
    Code.DECIDING,
    msg(
        "The planned close has come, so your vote was not taken. Whether voting goes on is being decided by"
        " the rule: look at the ballot's page in a minute."
    ),
    409,
)
NOT_OPEN = Refusal(Code.NOT_OPEN, msg("This ballot is not open for voting."), 409)
NOT_ON_ROLL = Refusal(
    Code.NOT_ON_ROLL, msg("You are not on the roll of this ballot, so you cannot vote in it."), 403
)

_FOREIGN = msg("This vote was sealed for another ballot. Open this ballot's own link and vote again.")
_CREDENTIAL = msg(
    "This voting code is not one of this ballot's, or was replaced by a newer one. Use the newest message we"
    " sent you; a code that was struck never works again."
)
_COPIED = msg(
    "Part of this vote stands on the board already, in another vote. A copied vote is never counted."
)
_SIGNATURE = msg("The signature does not fit the voting code. Nothing was counted; vote again.")
_PROOF = msg("The vote does not prove that it is an allowed choice. Nothing was counted; vote again.")
_FORM = msg("This is not a vote as our booth seals it. Nothing was counted; reload the booth and vote again.")
_DECRYPTION = msg(
    "A proof does not hold: a share was not made with your key. Nothing was kept; choose the right key file."
)
_KEY = msg("The proof of this key does not hold, or the key is not of the right form. Make a new key.")

_TEXTS: dict[Check, str] = {
    Check.BALLOT_ELECTION: _FOREIGN,
    Check.BALLOT_CREDENTIAL: _CREDENTIAL,
    Check.BALLOT_REPEATED: _COPIED,
    Check.BALLOT_SIGNATURE: _SIGNATURE,
    Check.BALLOT_CHOICE_PROOF: _PROOF,
    Check.BALLOT_OVERALL_PROOF: _PROOF,
    Check.BALLOT_BLANK_PROOF: _PROOF,
    Check.BALLOT_RANKED_PROOF: _PROOF,
    Check.DECRYPTION_PROOF: _DECRYPTION,
    Check.DECRYPTION_STRONG_PROOF: _DECRYPTION,
    Check.DECRYPTION_FORM: _DECRYPTION,
    Check.TRUSTEE_KEY_PROOF: _KEY,
    Check.TRUSTEES_FORM: _KEY,
}
_COMPLAINT = msg(
    "The complaint does not hold: the share fits. Check that you opened this page with the key code of"
    " this ceremony; if it goes on, ask the organizer to begin the ceremony again."
)
_STEP = msg(
    "Your message of this step was refused: %(detail)s (%(check)s). Nothing was kept. Load the page anew and"
    " use the key code of this ceremony."
)


def refusal(refused: Refused) -> Refusal:
    """Return the refusal for a check that does not hold."""
    return Refusal(str(refused.check), _TEXTS.get(refused.check, _FORM))


def shuffle_refusal(refused: Refused, trustee: str) -> Refusal:
    """Return the refusal of a shuffle, naming the trustee who sent it."""
    text = msg(
        "The shuffle of %(trustee)s was refused: %(detail)s (%(check)s)."
        " Nothing was kept; shuffle again on the trustee's page."
    )
    facts: dict[str, str | int] = {"trustee": trustee, "detail": refused.detail, "check": str(refused.check)}
    return Refusal(str(refused.check), text, 422, facts)


def ceremony_refusal(refused: Refused) -> Refusal:
    """Return the refusal of a trustee's message in the key ceremony."""
    if refused.check is Check.TRUSTEE_COMPLAINT:
        return Refusal(str(refused.check), _COMPLAINT)
    facts: dict[str, str | int] = {"detail": refused.detail, "check": str(refused.check)}
    return Refusal(str(refused.check), _STEP, 422, facts)


def decryption_refusal(refused: Refused, trustee: str) -> Refusal:
    """Return the refusal of a share, naming the trustee who sent it."""
    text = msg(
        "The share of %(trustee)s was refused: %(detail)s (%(check)s)."
        " Nothing was kept; choose the right key file."
    )
    facts: dict[str, str | int] = {"trustee": trustee, "detail": refused.detail, "check": str(refused.check)}
    return Refusal(str(refused.check), text, 422, facts)
