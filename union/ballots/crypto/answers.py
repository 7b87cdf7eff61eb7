"""Encrypted answers: made in the booth, checked by everyone.

Pure. Spec 4.11, 4.12 and 4.13. Every proof names the election and the credential
(S_0 = fingerprint|credential), so an answer cannot be copied to another ballot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from union.ballots.crypto.canonical import fields, items
from union.ballots.crypto.elgamal import Ciphertext, encrypt, multiply, neutral, read_ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Power, Scalar
from union.ballots.crypto.proofs import (
    Proof,
    Side,
    Witness,
    check_disjunction,
    check_knowledge,
    prove_disjunction,
    prove_knowledge,
    read_proof,
)
from union.ballots.crypto.questions import Homomorphic, Lists, Question, Ranked

_FORM = Check.BALLOT_FORM
Pair = tuple[Power, Power]
"""A ciphertext's alpha and beta, prepared for powers."""


@dataclass(frozen=True)
class HomomorphicAnswer:
    """The encrypted values of one answer with their proofs (spec 4.11.1)."""

    choices: tuple[Ciphertext, ...]
    individual_proofs: tuple[tuple[Proof, ...], ...]
    overall_proof: tuple[Proof, ...]
    blank_proof: tuple[Proof, ...] | None

    def json(self) -> dict[str, Any]:
        """As written in a ballot."""
        record: dict[str, Any] = {
            "choices": [choice.json() for choice in self.choices],
            "individual_proofs": [[proof.json() for proof in proofs] for proofs in self.individual_proofs],
            "overall_proof": [proof.json() for proof in self.overall_proof],
        }
        if self.blank_proof is not None:
            record["blank_proof"] = [proof.json() for proof in self.blank_proof]
        return record


@dataclass(frozen=True)
class RankedAnswer:
    """One encrypted ranking with the proof that the voter knows its randomness (spec 4.11.2)."""

    choices: Ciphertext
    proof: Proof

    def json(self) -> dict[str, Any]:
        """As written in a ballot."""
        return {"choices": self.choices.json(), "proof": self.proof.json()}


Answer = HomomorphicAnswer | RankedAnswer


def make_answer(
    group: Group, y: Power, public_key: Point, question: Question, choice: list[int], S0: str, draw: Draw
) -> Answer:
    """Encrypt a choice and prove that it is allowed. Raises Refused(BALLOT_CHOICES)."""
    if isinstance(question, Lists):
        raise Refused(Check.BALLOT_CHOICES, "answers to lists are checked here, not made")
    question.check_choice(choice)
    if isinstance(question, Ranked):
        return _make_ranked(group, y, public_key, choice, S0, draw)
    return _make_homomorphic(group, y, question, choice, S0, draw)


def _ranked_prefix(S0: str, public_key: Point, pair: Ciphertext) -> str:
    return f"raweg|{S0}|{public_key},{pair}|"


def _make_ranked(
    group: Group, y: Power, public_key: Point, choice: list[int], S0: str, draw: Draw
) -> RankedAnswer:
    r = group.draw_scalar(draw)
    pair = Ciphertext(group.gpow(r), group.mul(y.pow(r), group.encode(choice)))
    return RankedAnswer(pair, prove_knowledge(group, r, _ranked_prefix(S0, public_key, pair), draw))


def joined(S0: str, choices: Sequence[Ciphertext]) -> str:
    """S: what the proofs about a whole answer hash (spec 4.11.1)."""
    return f"{S0}|" + ",".join(map(str, choices))


def _make_homomorphic(
    group: Group, y: Power, question: Homomorphic, choice: list[int], S0: str, draw: Draw
) -> HomomorphicAnswer:
    rs = [group.draw_scalar(draw) for _ in choice]
    choices = tuple(encrypt(group, y, r, m) for r, m in zip(rs, choice, strict=True))
    individual = tuple(
        tuple(
            prove_disjunction(
                group, y, f"prove|{S0}|{pair}|", [(Witness(r, m), 0), (Witness(r, m), 1)], m, draw
            )
        )
        for r, m, pair in zip(rs, choice, choices, strict=True)
    )
    S = joined(S0, choices)
    first = int(question.blank)
    summed = Witness(Scalar(sum(rs[first:]) % group.q), sum(choice[first:]))
    values = range(question.min, question.max + 1)
    if not question.blank:
        pair = multiplied(group, choices)
        overall = prove_disjunction(
            group,
            y,
            f"prove|{S}|{pair}|",
            [(summed, value) for value in values],
            summed.m - question.min,
            draw,
        )
        return HomomorphicAnswer(choices, individual, tuple(overall), None)
    blank = Witness(rs[0], choice[0])
    blank_proof = prove_disjunction(
        group, y, f"bproof0|{S}|", [(blank, 0), (summed, 0)], int(blank.m), draw, true_first=True
    )
    overall = prove_disjunction(
        group,
        y,
        f"bproof1|{S}|",
        [(blank, 1), *((summed, value) for value in values)],
        0 if blank.m else 1 + summed.m - question.min,
        draw,
    )
    return HomomorphicAnswer(choices, individual, tuple(overall), tuple(blank_proof))


def multiplied(group: Group, choices: Sequence[Ciphertext]) -> Ciphertext:
    """The product of pairs, which encrypts the sum of what they encrypt."""
    total = neutral(group)
    for index, choice in enumerate(choices):
        total = multiply(group, total, choice) if index else choice
    return total


def read_answer(group: Group, question: Homomorphic | Ranked, value: object) -> Answer:
    """Parse an answer; the points' order is left to `check_answer`.

    Raises Refused(BALLOT_FORM, POINT_FORM or SCALAR_FORM).
    """
    if isinstance(question, Ranked):
        parts = fields(value, ("choices", "proof"), _FORM)
        pair = read_ciphertext(group, parts["choices"], _FORM, trusted=True)
        return RankedAnswer(pair, read_proof(group, parts["proof"], _FORM))
    names = ("choices", "individual_proofs", "overall_proof", *(("blank_proof",) if question.blank else ()))
    parts = fields(value, names, _FORM)
    slots = question.slots
    overall = question.max - question.min + 1 + question.blank
    return HomomorphicAnswer(
        tuple(read_ciphertext(group, c, _FORM, trusted=True) for c in items(parts["choices"], _FORM, slots)),
        tuple(read_proofs(group, p, 2) for p in items(parts["individual_proofs"], _FORM, slots)),
        read_proofs(group, parts["overall_proof"], overall),
        read_proofs(group, parts["blank_proof"], 2) if question.blank else None,
    )


def read_proofs(group: Group, value: object, length: int) -> tuple[Proof, ...]:
    """Parse so many proofs. Raises Refused(BALLOT_FORM or SCALAR_FORM)."""
    return tuple(read_proof(group, proof, _FORM) for proof in items(value, _FORM, length))


def check_answer(
    group: Group, y: Power, public_key: Point, question: Question, answer: Answer, S0: str
) -> None:
    """Check the points and every proof of an answer.

    Raises Refused with POINT_SUBGROUP or the name of the proof.
    """
    if isinstance(question, Ranked) and isinstance(answer, RankedAnswer):
        alpha = group.shared(answer.choices.alpha, uses=1)
        alpha.check()
        group.check_point(answer.choices.beta)
        prefix = _ranked_prefix(S0, public_key, answer.choices)
        check_knowledge(group, alpha, prefix, answer.proof, Check.BALLOT_RANKED_PROOF)
    elif isinstance(question, Homomorphic) and isinstance(answer, HomomorphicAnswer):
        _check_homomorphic(group, y, question, answer, S0)
    else:
        raise Refused(_FORM, "an answer does not fit its question")


def check_choices(
    group: Group, y: Power, S0: str, choices: Sequence[Ciphertext], proofs: Sequence[Sequence[Proof]]
) -> list[Pair]:
    """Check that each pair encrypts 0 or 1; the pairs prepared for powers.

    Raises Refused(POINT_SUBGROUP or BALLOT_CHOICE_PROOF).
    """
    prepared = [(group.shared(pair.alpha), group.shared(pair.beta)) for pair in choices]
    for pair, (alpha, beta), one in zip(choices, prepared, proofs, strict=True):
        sides = [Side(alpha, beta, 0), Side(alpha, beta, 1)]
        # The check of the order comes after the powers: libsodium makes it on the way.
        check_disjunction(group, y, f"prove|{S0}|{pair}|", sides, one, Check.BALLOT_CHOICE_PROOF)
        alpha.check()
        beta.check()
    return prepared


def _check_homomorphic(
    group: Group, y: Power, question: Homomorphic, answer: HomomorphicAnswer, S0: str
) -> None:
    prepared = check_choices(group, y, S0, answer.choices, answer.individual_proofs)
    S = joined(S0, answer.choices)
    first = int(question.blank)
    values = range(question.min, question.max + 1)
    total = multiplied(group, answer.choices[first:])
    uses = len(values) + first
    alpha = group.shared_product([alpha for alpha, _ in prepared[first:]], total.alpha, uses)
    beta = group.shared_product([beta for _, beta in prepared[first:]], total.beta, uses)
    sides = [Side(alpha, beta, value) for value in values]
    if answer.blank_proof is None:
        prefix = f"prove|{S}|{total}|"
    else:
        blank = prepared[0]
        check_disjunction(
            group,
            y,
            f"bproof0|{S}|",
            [Side(*blank, 0), Side(alpha, beta, 0)],
            answer.blank_proof,
            Check.BALLOT_BLANK_PROOF,
        )
        prefix = f"bproof1|{S}|"
        sides.insert(0, Side(*blank, 1))
    check_disjunction(group, y, prefix, sides, answer.overall_proof, Check.BALLOT_OVERALL_PROOF)
