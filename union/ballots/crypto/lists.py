"""Answers to a question that asks for one list and some of those who stand on it.

Pure. FORMAT.md, section 9. m_i0 says whether list i is chosen, m_ij whether its j-th name is. Proven are:
every m is 0 or 1; the m_i0 add up to 1; m_i0 = 1 or m_i1 + m_i2 + … = 0; not all m_ij with j > 0 are 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from union.ballots.crypto.answers import Pair, check_choices, joined, multiplied, read_proofs
from union.ballots.crypto.canonical import fields, items
from union.ballots.crypto.elgamal import Ciphertext, read_ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group, Point, Power, Scalar
from union.ballots.crypto.proofs import H, Proof, Side, check_disjunction, read_proof
from union.ballots.crypto.questions import Lists, cells, nested

_FORM = Check.BALLOT_FORM


class NonZero(NamedTuple):
    """A proof that a pair does not encrypt 0: commitment = (beta / y^r)^s for an s that nobody is told."""

    commitment: Point
    challenge: Scalar
    response: tuple[Scalar, Scalar]

    def json(self) -> dict[str, Any]:
        """As written in a ballot."""
        return {
            "commitment": str(self.commitment),
            "challenge": str(self.challenge),
            "response": [str(t) for t in self.response],
        }


@dataclass(frozen=True)
class ListsAnswer:
    """The encrypted values of one answer, list after list, each list's own first, with their proofs."""

    question: Lists
    choices: tuple[Ciphertext, ...]
    individual_proofs: tuple[tuple[Proof, ...], ...]
    overall_proof: Proof
    list_proofs: tuple[tuple[Proof, ...], ...]
    nonzero_proof: NonZero

    def json(self) -> dict[str, Any]:
        """As written in a ballot."""
        proofs = [[proof.json() for proof in proofs] for proofs in self.individual_proofs]
        return {
            "choices": nested(self.question, [choice.json() for choice in self.choices]),
            "individual_proofs": nested(self.question, proofs),
            "overall_proof": self.overall_proof.json(),
            "list_proofs": [[proof.json() for proof in proofs] for proofs in self.list_proofs],
            "nonzero_proof": self.nonzero_proof.json(),
        }


def read_lists(group: Group, question: Lists, value: object) -> ListsAnswer:
    """Parse an answer; the order of its pairs is left to `check_lists`.

    Raises Refused(BALLOT_FORM, POINT_FORM, POINT_SUBGROUP or SCALAR_FORM).
    """
    names = ("choices", "individual_proofs", "overall_proof", "list_proofs", "nonzero_proof")
    parts = fields(value, names, _FORM)
    choices = cells(question, parts["choices"], _FORM, question.slots)
    proofs = cells(question, parts["individual_proofs"], _FORM, question.slots)
    list_proofs = items(parts["list_proofs"], _FORM, len(question.lists))
    return ListsAnswer(
        question,
        tuple(read_ciphertext(group, choice, _FORM, trusted=True) for choice in choices),
        tuple(read_proofs(group, proof, 2) for proof in proofs),
        read_proof(group, parts["overall_proof"], _FORM),
        tuple(read_proofs(group, proof, 2) for proof in list_proofs),
        _read_nonzero(group, parts["nonzero_proof"]),
    )


def _read_nonzero(group: Group, value: object) -> NonZero:
    parts = fields(value, ("commitment", "challenge", "response"), _FORM)
    t1, t2 = items(parts["response"], _FORM, 2)
    commitment = group.point(parts["commitment"])
    return NonZero(commitment, group.scalar(parts["challenge"]), (group.scalar(t1), group.scalar(t2)))


def check_lists(group: Group, y: Power, answer: ListsAnswer, S0: str) -> None:
    """Check the points and every proof of an answer.

    Raises Refused(POINT_SUBGROUP) or the name of the proof.
    """
    prepared = check_choices(group, y, S0, answer.choices, answer.individual_proofs)
    S = joined(S0, answer.choices)
    pairs = nested(answer.question, list(zip(answer.choices, prepared, strict=True)))
    total, (alpha, beta) = _product(group, [row[0] for row in pairs])
    overall = [Side(alpha, beta, 1)]
    check_disjunction(
        group, y, f"prove|{S}|{total}|", overall, [answer.overall_proof], Check.BALLOT_OVERALL_PROOF
    )
    own: Pair
    for ((_, own), *others), proofs in zip(pairs, answer.list_proofs, strict=True):
        _, rest = _product(group, others)
        sides = [Side(*own, 1), Side(*rest, 0)]
        check_disjunction(group, y, f"lproof|{S}|", sides, proofs, Check.BALLOT_LIST_PROOF)
    _, rest = _product(group, [pair for row in pairs for pair in row[1:]])
    _check_nonzero(group, y, f"nonzero|{S}|", rest, answer.nonzero_proof)


def _product(group: Group, pairs: Sequence[tuple[Ciphertext, Pair]]) -> tuple[Ciphertext, Pair]:
    """The product of pairs, as a pair and prepared for powers."""
    total = multiplied(group, [pair for pair, _ in pairs])
    if not pairs:
        return total, (group.shared(total.alpha, 1), group.shared(total.beta, 1))
    alpha = group.shared_product([alpha for _, (alpha, _) in pairs], total.alpha, 1)
    return total, (alpha, group.shared_product([beta for _, (_, beta) in pairs], total.beta, 1))


def _check_nonzero(group: Group, y: Power, prefix: str, pair: Pair, proof: NonZero) -> None:
    """The pair does not encrypt 0: A1 = alpha^t1 g^t2 and A2 = beta^t1 y^t2 commitment^challenge."""
    (alpha, beta), (t1, t2) = pair, proof.response
    A1 = group.mul(alpha.pow(t1), group.gpow(t2))
    A2 = group.mul(group.mul(beta.pow(t1), y.pow(t2)), group.pow(proof.commitment, proof.challenge))
    holds = H(group, prefix, [proof.commitment, A1, A2]) == proof.challenge
    if not holds or proof.commitment == group.one:
        raise Refused(Check.BALLOT_NONZERO_PROOF, "the proof that somebody is chosen does not hold")
