"""Every way in which a check can fail, by name.

Pure: no check answers with a bare False; it raises Refused with the name of what does not hold.
The names are stable: reports, logs and translations refer to them.
"""

from enum import StrEnum


class Check(StrEnum):
    """The name of a check, as reports and messages show it."""

    ARCHIVE_FORM = "archive-form"
    ARCHIVE_HASH = "archive-hash"
    ARCHIVE_CHAIN = "archive-chain"
    ARCHIVE_ORDER = "archive-order"
    ARCHIVE_LIMIT = "archive-limit"
    RECORD_FORM = "record-form"
    ELECTION_FORM = "election-form"
    ELECTION_KEY = "election-key"
    GROUP_KNOWN = "group-known"
    POINT_FORM = "point-form"
    POINT_SUBGROUP = "point-subgroup"
    SCALAR_FORM = "scalar-form"
    TRUSTEES_FORM = "trustees-form"
    TRUSTEE_KEY_PROOF = "trustee-key-proof"
    TRUSTEE_CERTIFICATE = "trustee-certificate"
    TRUSTEE_COEFFICIENTS = "trustee-coefficients"
    TRUSTEE_SIGNATURE = "trustee-signature"
    TRUSTEE_SHARE = "trustee-share"
    TRUSTEE_MESSAGE = "trustee-message"
    TRUSTEE_COMPLAINT = "trustee-complaint"
    CREDENTIAL_FORM = "credential-form"
    CREDENTIALS_FORM = "credentials-form"
    CREDENTIALS_DISTINCT = "credentials-distinct"
    CREDENTIALS_ORDER = "credentials-order"
    BALLOT_FORM = "ballot-form"
    BALLOT_CANONICAL = "ballot-canonical"
    BALLOT_ELECTION = "ballot-election"
    BALLOT_CREDENTIAL = "ballot-credential"
    BALLOT_SIGNATURE = "ballot-signature"
    BALLOT_CHOICE_PROOF = "ballot-choice-proof"
    BALLOT_OVERALL_PROOF = "ballot-overall-proof"
    BALLOT_BLANK_PROOF = "ballot-blank-proof"
    BALLOT_RANKED_PROOF = "ballot-ranked-proof"
    BALLOT_LIST_PROOF = "ballot-list-proof"
    BALLOT_NONZERO_PROOF = "ballot-nonzero-proof"
    BALLOT_REPEATED = "ballot-repeated"
    BALLOT_CHOICES = "ballot-choices"
    TALLY_FORM = "tally-form"
    TALLY_CONTENT = "tally-content"
    TALLY_COUNT = "tally-count"
    SHUFFLE_FORM = "shuffle-form"
    SHUFFLE_PROOF = "shuffle-proof"
    SHUFFLE_OWNER = "shuffle-owner"
    DECRYPTION_FORM = "decryption-form"
    DECRYPTION_OWNER = "decryption-owner"
    DECRYPTION_PROOF = "decryption-proof"
    DECRYPTION_STRONG_PROOF = "decryption-strong-proof"
    DECRYPTION_ENOUGH = "decryption-enough"
    RESULT_FORM = "result-form"
    RESULT_CONTENT = "result-content"
    RESULT_RANGE = "result-range"
    HISTORY_PREFIX = "history-prefix"
    COUNTING_INPUT = "counting-input"


class Refused(Exception):
    """A named check does not hold.

    check: the name of the check.
    detail: one English sentence for whoever debugs; it never holds a choice or a private credential.
    """

    def __init__(self, check: Check, detail: str) -> None:
        super().__init__(check, detail)
        self.check = check
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.check}: {self.detail}"
