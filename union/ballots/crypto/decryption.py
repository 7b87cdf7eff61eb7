"""Partial decryptions and the result.

Pure. Spec 4.18 and 4.19. Besides the proof of the archive's format, which hashes neither alpha nor the
factor, a trustee hands in a strong proof for each ciphertext, so that whoever sends a wrong factor is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isqrt
from typing import Any

from union.ballots.crypto.canonical import (
    compact,
    fields,
    items,
    read_compact,
    read_json,
    weight_json,
    weight_value,
)
from union.ballots.crypto.election import Election
from union.ballots.crypto.elgamal import Ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar
from union.ballots.crypto.proofs import Proof, check_decryption, prove_decryption, read_proof
from union.ballots.crypto.questions import Question, Ranked, cells, nested, nested_rows
from union.ballots.crypto.tally import Pairs
from union.ballots.crypto.trustees import Trustees

_FORM = Check.DECRYPTION_FORM
Result = list[list[Any]]


@dataclass(frozen=True)
class PartialDecryption:
    """One trustee's decryption factors with their proofs, by question and ciphertext."""

    factors: tuple[tuple[Point, ...], ...]
    proofs: tuple[tuple[Proof, ...], ...]

    questions: tuple[Question, ...]

    def record(self) -> bytes:
        """The record to publish."""
        factors = [[str(factor) for factor in row] for row in self.factors]
        proofs = [[proof.json() for proof in row] for row in self.proofs]
        return compact(
            {
                "decryption_factors": nested_rows(self.questions, factors),
                "decryption_proofs": nested_rows(self.questions, proofs),
            }
        )


def _prefix(election: Election, X: Point) -> str:
    return f"decrypt|{election.fingerprint}|{X}|"


def _strong_prefix(election: Election, X: Point, pair: Ciphertext, factor: Point) -> str:
    return f"strongdecrypt|{election.fingerprint}|{X}|{pair.alpha}|{factor}|"


def decrypt_partially(
    election: Election, pairs: Pairs, private_key: Scalar, draw: Draw
) -> tuple[PartialDecryption, bytes]:
    """A trustee's part: the record to publish and the record of strong proofs to hand in with it.

    pairs: the tally's ciphertexts, those of ranked questions as the last shuffle left them.
    The strong proofs are a list like decryption_proofs; each challenge is H over
    `strongdecrypt|fingerprint|X|alpha|factor|` and A, B.
    """
    group = election.group
    x = private_key
    X = group.gpow(x)
    factors = tuple(tuple(group.pow(pair.alpha, x) for pair in row) for row in pairs)
    proofs = tuple(
        tuple(prove_decryption(group, x, pair.alpha, _prefix(election, X), draw) for pair in row)
        for row in pairs
    )
    strong = [
        [
            prove_decryption(group, x, pair.alpha, _strong_prefix(election, X, pair, factor), draw).json()
            for pair, factor in zip(row, factor_row, strict=True)
        ]
        for row, factor_row in zip(pairs, factors, strict=True)
    ]
    return PartialDecryption(factors, proofs, election.questions), compact(
        nested_rows(election.questions, strong)
    )


def read_partial(election: Election, pairs: Pairs, record: bytes) -> PartialDecryption:
    """Parse a partial decryption of these ciphertexts.

    Raises Refused(DECRYPTION_FORM, POINT_FORM, POINT_SUBGROUP or SCALAR_FORM).
    """
    parts = fields(read_json(record, _FORM), ("decryption_factors", "decryption_proofs"), _FORM)
    factors = tuple(
        tuple(map(election.group.point, row)) for row in _rows(election, parts["decryption_factors"], pairs)
    )
    proofs = _read_proofs(election, parts["decryption_proofs"], pairs)
    partial = PartialDecryption(factors, proofs, election.questions)
    if partial.record() != record:
        raise Refused(_FORM, "the record is not written in its one form")
    return partial


def _rows(election: Election, value: object, pairs: Pairs) -> Iterator[list[Any]]:
    rows = items(value, _FORM, len(pairs))
    for question, row, pair_row in zip(election.questions, rows, pairs, strict=True):
        yield cells(question, row, _FORM, len(pair_row))


def _read_proofs(election: Election, value: object, pairs: Pairs) -> tuple[tuple[Proof, ...], ...]:
    return tuple(
        tuple(read_proof(election.group, proof, _FORM) for proof in row)
        for row in _rows(election, value, pairs)
    )


def check_partial(election: Election, pairs: Pairs, X: Point, partial: PartialDecryption) -> None:
    """Check the archive's proofs of one trustee, whose public key is X. Raises Refused(DECRYPTION_PROOF)."""
    key = election.group.shared(X)
    for row, factors, proofs in zip(pairs, partial.factors, partial.proofs, strict=True):
        for pair, factor, proof in zip(row, factors, proofs, strict=True):
            check_decryption(
                election.group, key, pair.alpha, factor, _prefix(election, X), proof, Check.DECRYPTION_PROOF
            )


def check_agreement(trustees: Trustees, partials: Mapping[int, PartialDecryption]) -> None:
    """Check that parts beyond a threshold agree with the others, by {owner: partial decryption}.

    Raises Refused(DECRYPTION_PROOF).
    """
    rows = {owner: [F for row in partial.factors for F in row] for owner, partial in partials.items()}
    for factors in zip(*rows.values(), strict=True):
        trustees.check_agreement(dict(zip(rows, factors, strict=True)))


def check_strong(
    election: Election, pairs: Pairs, X: Point, partial: PartialDecryption, strong: bytes
) -> None:
    """Check the strong proofs handed in beside a partial decryption.

    Raises Refused(DECRYPTION_FORM, SCALAR_FORM or DECRYPTION_STRONG_PROOF); the latter says which factor
    is wrong.
    """
    key = election.group.shared(X)
    rows = zip(pairs, partial.factors, _read_proofs(election, read_json(strong, _FORM), pairs), strict=True)
    for i, (row, factors, proofs) in enumerate(rows):
        for j, (pair, factor, proof) in enumerate(zip(row, factors, proofs, strict=True)):
            prefix = _strong_prefix(election, X, pair, factor)
            try:
                check_decryption(
                    election.group, key, pair.alpha, factor, prefix, proof, Check.DECRYPTION_STRONG_PROOF
                )
            except Refused as refused:
                raise Refused(refused.check, f"factor {j + 1} of question {i + 1} is not proven") from None


def sift_partials(
    election: Election,
    trustees: Trustees,
    pairs: Pairs,
    records: Mapping[int, tuple[bytes, bytes]],
) -> tuple[dict[int, PartialDecryption], dict[int, Refused]]:
    """The parts that are valid, and why the others are not, both by owner.

    records: by owner, the partial decryption and its strong proofs as they came in. The tally can be opened
    when `compute_result` finds enough valid ones; whoever sent another part is named.
    """
    valid: dict[int, PartialDecryption] = {}
    refused: dict[int, Refused] = {}
    for owner, (record, strong) in records.items():
        try:
            if not 1 <= owner <= len(trustees.verification_keys):
                refused[owner] = Refused(Check.DECRYPTION_OWNER, f"there is no trustee {owner}")
                continue
            X = trustees.verification_keys[owner - 1]
            partial = read_partial(election, pairs, record)
            check_partial(election, pairs, X, partial)
            check_strong(election, pairs, X, partial, strong)
            valid[owner] = partial
        except Refused as reason:
            refused[owner] = reason
    return valid, refused


def synthetic_factors(
    trustees: Trustees, pairs: Pairs, partials: Mapping[int, PartialDecryption]
) -> list[list[Point]]:
    """The factors F of all ciphertexts, from {owner: partial decryption}.

    Raises Refused(DECRYPTION_ENOUGH).
    """
    return [
        [
            trustees.combine({owner: partial.factors[i][j] for owner, partial in partials.items()})
            for j in range(len(row))
        ]
        for i, row in enumerate(pairs)
    ]


def _decrypted(group: Group, row: Sequence[Ciphertext], factors: Sequence[Point]) -> list[Point]:
    return [group.div(pair.beta, factor) for pair, factor in zip(row, factors, strict=True)]


def compute_result(
    election: Election,
    trustees: Trustees,
    pairs: Pairs,
    partials: Mapping[int, PartialDecryption],
    total_weight: int,
) -> Result:
    """Decrypt: counts of homomorphic questions, rankings of ranked ones (spec 4.19).

    Rankings stand in the order of the shuffled ciphertexts, as release 2.0 demands.

    Raises Refused(DECRYPTION_ENOUGH), or RESULT_CONTENT when the factors do not open the tally.
    """
    group = election.group
    result: Result = []
    synthetic = synthetic_factors(trustees, pairs, partials)
    for question, row, factors in zip(election.questions, pairs, synthetic, strict=True):
        points = _decrypted(group, row, factors)
        if isinstance(question, Ranked):
            result.append([group.decode(point, len(question.answers)) for point in points])
        else:
            result.append(discrete_logarithms(group, points, total_weight))
    return result


def discrete_logarithms(group: Group, points: Sequence[Point], most: int) -> list[int]:
    """log_g of each point, each between 0 and `most`: baby steps, giant steps.

    Raises Refused(RESULT_CONTENT) when a point is not such a power.
    """
    width = isqrt(most * len(points)) + 1
    baby = {point: i for i, point in enumerate(islice(group.progression(group.one, group.g), width))}
    giant = group.inv(group.gpow(Scalar(width)))
    found = []
    for point in points:
        steps = islice(group.progression(point, giant), most // width + 1)
        logs = (j * width + baby[current] for j, current in enumerate(steps) if current in baby)
        value = next(logs, None)
        if value is None or value > most:
            raise Refused(
                Check.RESULT_CONTENT, "the factors do not open the tally: a trustee sent a wrong one"
            )
        found.append(value)
    return found


def result_record(election: Election, result: Result) -> bytes:
    """The result record (spec 4.19)."""
    return compact(
        {
            "result": [
                row
                if isinstance(question, Ranked)
                else nested(question, [weight_json(count) for count in row])
                for question, row in zip(election.questions, result, strict=True)
            ]
        }
    )


def read_result(election: Election, record: bytes) -> Result:
    """Parse a result record. Raises Refused(RESULT_FORM)."""
    check = Check.RESULT_FORM
    rows = items(
        fields(read_compact(record, check), ("result",), check)["result"], check, len(election.questions)
    )
    result: Result = []
    for question, row in zip(election.questions, rows, strict=True):
        if isinstance(question, Ranked):
            length = len(question.answers)
            result.append(
                [[weight_value(v, check) for v in items(one, check, length)] for one in items(row, check)]
            )
        else:
            counts = cells(question, row, check, question.slots)
            result.append([weight_value(count, check) for count in counts])
    return result


def check_result(
    election: Election,
    trustees: Trustees,
    pairs: Pairs,
    partials: Mapping[int, PartialDecryption],
    result: Result,
    total_weight: int,
) -> None:
    """Check that the factors open the tally to this result: g^count F = beta for every count.

    Raises Refused(DECRYPTION_ENOUGH, RESULT_CONTENT or RESULT_RANGE).
    """
    group = election.group
    synthetic = synthetic_factors(trustees, pairs, partials)
    for i, (question, row, factors) in enumerate(zip(election.questions, pairs, synthetic, strict=True)):
        if not isinstance(question, Ranked):
            for count, pair, F in zip(result[i], row, factors, strict=True):
                if count > total_weight:
                    raise Refused(Check.RESULT_RANGE, f"question {i + 1} counts more than all votes")
                if group.mul(group.gpow(Scalar(count % group.q)), F) != pair.beta:
                    raise Refused(
                        Check.RESULT_CONTENT, f"a count of question {i + 1} is not what was decrypted"
                    )
        else:
            opened = [group.decode(point, len(question.answers)) for point in _decrypted(group, row, factors)]
            if result[i] not in (opened, sorted(opened)):
                raise Refused(
                    Check.RESULT_CONTENT, f"the rankings of question {i + 1} are not what was decrypted"
                )
