"""Belenios elections: made, cast, tallied, published and verified, with nothing of the union around them.

Pure: imports no Flask, no database, no clock, no environment; randomness is an argument (`Draw`, give it
`secrets.randbelow`). Every failed check raises `Refused` with the name of the check (`Check`). The protocol
is that of Belenios, specification 2.0 with the formats of release 3.3 (FORMAT.md here); archives are checked
by `belenios-tool election verify` as well as by `verify` here.

The life of an election:

* `group_named("BELENIOS-2048" | "Ed25519" | "RFC-3526-2048")`
* trustees: `make_key` in each trustee's hands, `read_public_key` on arrival, `Trustees.singles`; threshold
  blocks are in `ceremony` and `Pedersen`
* credentials: `make_credential`, `public_of`, `credentials_record`
* `Election.make(..., questions=[Homomorphic(...) | Ranked(...)])`
* booth: `make_ballot`; server: `accept_ballot`
* close: `tally_board`, `decrypt_partially` in each trustee's hands, `read_partial` with `check_partial` and
  `check_strong` on arrival, `compute_result`; ranked questions are shuffled before (`make_shuffle`,
  `check_shuffle`, `merge_shuffled`)
* archive: `setup_step`, `ballot_step`, `end_ballots_step`, `tally_step`, `shuffle_step`, `end_shuffles_step`,
  `partial_decryption_step`, `result_step` give the records to append and the new `Head`; `header` and `entry`
  turn them into bytes of the .bel file
* anyone: `verify`, `verify_difference`
"""

from union.ballots.crypto.archive import (
    Head,
    Record,
    Step,
    ballot_step,
    end_ballots_step,
    end_shuffles_step,
    entry,
    header,
    partial_decryption_step,
    result_step,
    setup_step,
    shuffle_step,
    tally_step,
)
from union.ballots.crypto.ballot import Ballot, accept_ballot, check_ballot, make_ballot, read_ballot
from union.ballots.crypto.canonical import sha256_base64, sha256_hex
from union.ballots.crypto.credentials import (
    Listed,
    credentials_record,
    make_credential,
    make_uuid,
    public_of,
    read_credentials,
    secret_of,
)
from union.ballots.crypto.decryption import (
    PartialDecryption,
    check_partial,
    check_result,
    check_strong,
    compute_result,
    decrypt_partially,
    read_partial,
    read_result,
    result_record,
    sift_partials,
)
from union.ballots.crypto.difference import Difference, verify_difference
from union.ballots.crypto.election import Election
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar, group_named
from union.ballots.crypto.mixnet import Shuffle, check_shuffle, make_shuffle, merge_shuffled, read_shuffle
from union.ballots.crypto.questions import Counting, Homomorphic, Question, Ranked
from union.ballots.crypto.report import Finding, Report
from union.ballots.crypto.tally import EncryptedTally, Tally, read_tally, tally_board
from union.ballots.crypto.trustees import (
    KeyPair,
    PublicKey,
    Single,
    Trustees,
    key_of,
    make_key,
    read_public_key,
    read_trustees,
)
from union.ballots.crypto.verifier import verify

__all__ = [
    "Ballot",
    "Check",
    "Counting",
    "Difference",
    "Draw",
    "Election",
    "EncryptedTally",
    "Finding",
    "Group",
    "Head",
    "Homomorphic",
    "KeyPair",
    "Listed",
    "PartialDecryption",
    "Point",
    "PublicKey",
    "Question",
    "Ranked",
    "Record",
    "Refused",
    "Report",
    "Scalar",
    "Shuffle",
    "Single",
    "Step",
    "Tally",
    "Trustees",
    "accept_ballot",
    "ballot_step",
    "check_ballot",
    "check_partial",
    "check_result",
    "check_shuffle",
    "check_strong",
    "compute_result",
    "credentials_record",
    "decrypt_partially",
    "end_ballots_step",
    "end_shuffles_step",
    "entry",
    "group_named",
    "header",
    "key_of",
    "make_ballot",
    "make_credential",
    "make_key",
    "make_shuffle",
    "make_uuid",
    "merge_shuffled",
    "partial_decryption_step",
    "public_of",
    "read_ballot",
    "read_credentials",
    "read_partial",
    "read_public_key",
    "read_result",
    "read_shuffle",
    "read_tally",
    "read_trustees",
    "result_record",
    "result_step",
    "secret_of",
    "setup_step",
    "sha256_base64",
    "sha256_hex",
    "shuffle_step",
    "sift_partials",
    "tally_board",
    "tally_step",
    "verify",
    "verify_difference",
]
