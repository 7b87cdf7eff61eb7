"""Tables of the ballots: of the vote itself, of its trustees, and of shows of hands."""

from union.ballots.models.polls import (
    Poll,
    PollAnswer,
)
from union.ballots.models.trustees import (
    BallotShuffle,
    BallotTrustee,
    CeremonyComplaint,
    CeremonyMessage,
    PartialDecryption,
)
from union.ballots.models.voting import (
    Ballot,
    BallotPulse,
    BallotWeight,
    BoardObserver,
    BoardRecord,
    CastBallot,
    CastCiphertext,
    CredentialTag,
    Objection,
    PublicCredential,
    RefusalLog,
    RollEntry,
    WaitingReceipt,
)

__all__ = [
    "Ballot",
    "BallotPulse",
    "BallotShuffle",
    "BallotTrustee",
    "BallotWeight",
    "BoardObserver",
    "BoardRecord",
    "CastBallot",
    "CastCiphertext",
    "CeremonyComplaint",
    "CeremonyMessage",
    "CredentialTag",
    "Objection",
    "PartialDecryption",
    "Poll",
    "PollAnswer",
    "PublicCredential",
    "RefusalLog",
    "RollEntry",
    "WaitingReceipt",
]
