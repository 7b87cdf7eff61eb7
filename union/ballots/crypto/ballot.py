"""Ballots: made, read back byte for byte, and checked.

Pure. Spec 4.14 and 4.15, FORMAT.md section 3. Invariant: a ballot equals its own re-serialization.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from union.ballots.crypto.answers import Answer, RankedAnswer, check_answer, make_answer, read_answer
from union.ballots.crypto.canonical import compact, fields, items, read_json, sha256_base64, sha256_hex, text
from union.ballots.crypto.credentials import secret_of
from union.ballots.crypto.election import Election
from union.ballots.crypto.elgamal import Ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group
from union.ballots.crypto.lists import ListsAnswer, check_lists, read_lists
from union.ballots.crypto.proofs import Proof, check_knowledge, prove_knowledge, read_proof
from union.ballots.crypto.questions import Lists, Question

BIGGEST_BALLOT = 4 * 2**20
_FORM = Check.BALLOT_FORM


@dataclass(frozen=True)
class Ballot:
    """A parsed ballot.

    credential: the public credential as written. signed_hash: what the signature covers.
    tracker: what the voter keeps (43 characters). record_hash: the same digest in hexadecimal.
    """

    credential: str
    answers: tuple[Answer | ListsAnswer, ...]
    signed_hash: str
    signature: Proof
    record: bytes
    tracker: str
    record_hash: str

    @property
    def ciphertexts(self) -> tuple[tuple[Ciphertext, ...], ...]:
        """Encrypted values per question; a ranked question has one."""
        return tuple((a.choices,) if isinstance(a, RankedAnswer) else a.choices for a in self.answers)

    @property
    def ciphertext_digests(self) -> tuple[str, ...]:
        """One SHA-256 per encrypted value: none may stand twice on a board."""
        return tuple(sha256_hex(str(pair).encode()) for pairs in self.ciphertexts for pair in pairs)


def make_ballot(election: Election, credential: str, choices: Sequence[list[int]], draw: Draw) -> bytes:
    """Encrypt and sign the choices, one list per question, with a private credential.

    Blank-allowing questions take the blank bit first. Randomness is drawn in the order of the known answers.
    Raises Refused(CREDENTIAL_FORM or BALLOT_CHOICES).
    """
    group = election.group
    if len(choices) != len(election.questions):
        raise Refused(Check.BALLOT_CHOICES, f"{len(election.questions)} answers are needed")
    s = secret_of(group, election.uuid, credential)
    public = group.gpow(s)
    S0 = f"{election.fingerprint}|{public}"
    y = election.y
    answers = [
        make_answer(group, y, election.public_key, question, choice, S0, draw)
        for question, choice in zip(election.questions, choices, strict=True)
    ]
    record: dict[str, Any] = {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": str(public),
        "answers": [answer.json() for answer in answers],
    }
    signed_hash = sha256_base64(compact(record))
    proof = prove_knowledge(group, s, f"sig|{signed_hash}|", draw)
    record["signature"] = {"hash": signed_hash, "proof": proof.json()}
    return compact(record)


def read_ballot(election: Election, record: bytes) -> Ballot:
    """Parse a ballot of this election without checking points or proofs.

    For a ballot checked before (the tally of a board), or before `check_ballot`.
    Raises Refused with BALLOT_FORM, BALLOT_CANONICAL, BALLOT_ELECTION, POINT_FORM or SCALAR_FORM.
    """
    if len(record) > BIGGEST_BALLOT:
        raise Refused(_FORM, "a ballot is not that big")
    names = ("election_uuid", "election_hash", "credential", "answers", "signature")
    parts = fields(read_json(record, _FORM), names, _FORM)
    if parts["election_uuid"] != election.uuid or parts["election_hash"] != election.fingerprint:
        raise Refused(Check.BALLOT_ELECTION, "the ballot was made for another election")
    signature = fields(parts["signature"], ("hash", "proof"), _FORM)
    values = items(parts["answers"], _FORM, len(election.questions))
    answers = tuple(
        _read_answer(election.group, question, value)
        for question, value in zip(election.questions, values, strict=True)
    )
    credential = text(parts["credential"], _FORM)
    proof = read_proof(election.group, signature["proof"], _FORM)
    unsigned = compact(
        {
            "election_uuid": election.uuid,
            "election_hash": election.fingerprint,
            "credential": credential,
            "answers": [answer.json() for answer in answers],
        }
    )
    signed_hash = text(signature["hash"], _FORM)
    ending = compact({"hash": signed_hash, "proof": proof.json()})
    if record != unsigned[:-1] + b',"signature":' + ending + b"}":
        raise Refused(Check.BALLOT_CANONICAL, "the ballot is not written in its one canonical form")
    if signed_hash != sha256_base64(unsigned):
        raise Refused(Check.BALLOT_SIGNATURE, "the signature covers other bytes than the ballot's")
    return Ballot(credential, answers, signed_hash, proof, record, sha256_base64(record), sha256_hex(record))


def _read_answer(group: Group, question: Question, value: object) -> Answer | ListsAnswer:
    if isinstance(question, Lists):
        return read_lists(group, question, value)
    return read_answer(group, question, value)


def accept_ballot(election: Election, record: bytes, listed: Container[str]) -> Ballot:
    """Parse a ballot that came in and check all that can be checked of it alone.

    listed: the public credentials of this election, as written.
    That neither the ballot nor one of its ciphertexts stands on the board already is the caller's check.
    Raises Refused with BALLOT_CREDENTIAL or whatever `read_ballot` and `check_ballot` raise.
    """
    ballot = read_ballot(election, record)
    if ballot.credential not in listed:
        raise Refused(Check.BALLOT_CREDENTIAL, "its credential is not listed")
    check_ballot(election, ballot)
    return ballot


def check_ballot(election: Election, ballot: Ballot) -> None:
    """Check the signature and every proof.

    That the credential is listed, hence of the right order, is the caller's check.
    Raises Refused with POINT_FORM, POINT_SUBGROUP, BALLOT_CREDENTIAL or the name of the failing proof.
    """
    group = election.group
    point = group.point_unchecked(ballot.credential)
    if point == group.one:
        raise Refused(Check.BALLOT_CREDENTIAL, "the identity is nobody's credential")
    public = group.shared(point, uses=1)
    prefix = f"sig|{ballot.signed_hash}|"
    check_knowledge(group, public, prefix, ballot.signature, Check.BALLOT_SIGNATURE)
    S0 = f"{election.fingerprint}|{ballot.credential}"
    y = election.y
    for question, answer in zip(election.questions, ballot.answers, strict=True):
        if isinstance(answer, ListsAnswer):
            check_lists(group, y, answer, S0)
        else:
            check_answer(group, y, election.public_key, question, answer, S0)
