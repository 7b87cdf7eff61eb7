"""Verifiable shuffles of ranked answers.

Pure; symbols equal the spec's. Spec 4.17 and 6 (tables 1 to 13), after CHVote 1.3.2. Each trustee re-encrypts
and permutes the ciphertexts of every ranked question, and proves that nothing was added, dropped or changed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from union.ballots.crypto.canonical import compact, fields, items, read_compact, read_json
from union.ballots.crypto.election import Election
from union.ballots.crypto.elgamal import Ciphertext, read_ciphertext
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar
from union.ballots.crypto.tally import Pairs, pairs_json

_FORM = Check.SHUFFLE_FORM


class Commitment(NamedTuple):
    """The prover's t (table 4, step 14)."""

    t1: Point
    t2: Point
    t3: Point
    t41: Point
    t42: Point
    t_hat: tuple[Point, ...]

    def flat(self) -> tuple[Point, ...]:
        """In the order in which they are hashed."""
        return (*self[:5], *self.t_hat)


class Response(NamedTuple):
    """The prover's s (table 4, step 24)."""

    s1: Scalar
    s2: Scalar
    s3: Scalar
    s4: Scalar
    s_hat: tuple[Scalar, ...]
    s_prime: tuple[Scalar, ...]


class ShuffleProof(NamedTuple):
    """A proof pi = (t, s, c, c_hat)."""

    t: Commitment
    s: Response
    c: tuple[Point, ...]
    c_hat: tuple[Point, ...]

    def json(self) -> list[Any]:
        """As written in a shuffle."""
        t, s = self.t, self.s
        return [
            [str(t.t1), str(t.t2), str(t.t3), [str(t.t41), str(t.t42)], [str(x) for x in t.t_hat]],
            [*(str(x) for x in s[:4]), [str(x) for x in s.s_hat], [str(x) for x in s.s_prime]],
            [str(x) for x in self.c],
            [str(x) for x in self.c_hat],
        ]


@dataclass(frozen=True)
class Shuffle:
    """One trustee's shuffle: ciphertexts and a proof for each ranked question."""

    ciphertexts: Pairs
    proofs: tuple[ShuffleProof, ...]

    def record(self) -> bytes:
        """The record to publish (spec 4.17)."""
        return compact(
            {"ciphertexts": pairs_json(self.ciphertexts), "proofs": [proof.json() for proof in self.proofs]}
        )


def _listed(points: Iterable[object]) -> str:
    return "".join(f"{point}," for point in points)


def _item_challenges(group: Group, n: int, fingerprint: str, str_c: str) -> list[Scalar]:
    """Table 11: u_i from the statement."""
    h = hashlib.sha256(f"shuffle-challenges|{fingerprint}|{str_c}".encode()).hexdigest()
    us = []
    for i in range(n):
        t = hashlib.sha256(str(i).encode()).hexdigest()
        us.append(Scalar(int(hashlib.sha256((h + t).encode()).hexdigest(), 16) % group.q))
    return us


def _main_challenge(
    group: Group, fingerprint: str, t: Commitment, str_c: str, c_hat: Sequence[Point], pk: Point
) -> Scalar:
    """Table 13 over t and y = (e, e', c, c_hat, pk)."""
    text = f"shuffle-challenge|{fingerprint}|{_listed(t.flat())}{str_c}{_listed(c_hat)}{pk}"
    return Scalar(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % group.q)


def _permutation(n: int, draw: Draw) -> list[int]:
    """Table 2, places counted from 0."""
    places = list(range(n))
    psi = []
    for i in range(n):
        k = i + draw(n - i)
        psi.append(places[k])
        places[k] = places[i]
    return psi


def make_shuffle(election: Election, pairs: Pairs, draw: Draw) -> Shuffle:
    """Shuffle the ranked questions' ciphertexts, once for each trustee in turn.

    pairs: the tally, or what the shuffle before left (`merge_shuffled`).
    """
    made = [_shuffle_one(election, pairs[i], draw) for i in election.ranked]
    return Shuffle(tuple(e for e, _ in made), tuple(proof for _, proof in made))


def _shuffle_one(
    election: Election, e: Sequence[Ciphertext], draw: Draw
) -> tuple[tuple[Ciphertext, ...], ShuffleProof]:
    group, y = election.group, election.y
    psi = _permutation(len(e), draw)
    r_prime = [group.draw_scalar(draw) for _ in e]
    again = [
        Ciphertext(group.mul(pair.alpha, group.gpow(r)), group.mul(pair.beta, y.pow(r)))
        for pair, r in zip(e, r_prime, strict=True)
    ]
    e_prime = tuple(again[j] for j in psi)
    return e_prime, _prove(election, e, e_prime, r_prime, psi, draw)


def _prove(
    election: Election,
    e: Sequence[Ciphertext],
    e_prime: Sequence[Ciphertext],
    r_prime: Sequence[Scalar],
    psi: Sequence[int],
    draw: Draw,
) -> ShuffleProof:
    """Table 4: GenShuffleProof."""
    group, q, n = election.group, election.group.q, len(e)
    h, hs = group.generator(-1), [group.generator(i) for i in range(n)]
    r = [Scalar(0)] * n
    c: list[Point] = [group.one] * n
    for i, j in enumerate(psi):
        r[j] = group.draw_scalar(draw)
        c[j] = group.mul(group.gpow(r[j]), hs[i])
    str_c = _listed(e) + _listed(e_prime) + _listed(c)
    u = _item_challenges(group, n, election.fingerprint, str_c)
    u_prime = [u[j] for j in psi]
    r_hat = [group.draw_scalar(draw) for _ in range(n)]
    c_hat: list[Point] = []
    for i in range(n):
        before = c_hat[-1] if c_hat else h
        c_hat.append(group.mul(group.gpow(r_hat[i]), group.pow(before, u_prime[i])))
    w = [group.draw_scalar(draw) for _ in range(4)]
    w_hat, w_prime = [], []
    for _ in range(n):
        w_hat.append(group.draw_scalar(draw))
        w_prime.append(group.draw_scalar(draw))
    minus = Scalar(-w[3] % q)
    t = Commitment(
        group.gpow(w[0]),
        group.gpow(w[1]),
        group.mul(group.gpow(w[2]), group.product_of_powers(hs, w_prime)),
        group.mul(election.y.pow(minus), group.product_of_powers([x.beta for x in e_prime], w_prime)),
        group.mul(group.gpow(minus), group.product_of_powers([x.alpha for x in e_prime], w_prime)),
        tuple(
            group.mul(group.gpow(a), group.pow(before, b))
            for a, b, before in zip(w_hat, w_prime, [h, *c_hat][:n], strict=True)
        ),
    )
    challenge = _main_challenge(group, election.fingerprint, t, str_c, c_hat, election.public_key)
    v = [1] * n
    for i in range(n - 2, -1, -1):
        v[i] = u_prime[i + 1] * v[i + 1] % q
    secrets = (
        sum(r),
        sum(a * b for a, b in zip(r_hat, v, strict=True)),
        sum(a * b for a, b in zip(r, u, strict=True)),
        sum(a * b for a, b in zip(r_prime, u, strict=True)),
    )
    s1, s2, s3, s4 = (Scalar((a + challenge * b) % q) for a, b in zip(w, secrets, strict=True))
    s = Response(
        s1,
        s2,
        s3,
        s4,
        tuple(Scalar((a + challenge * b) % q) for a, b in zip(w_hat, r_hat, strict=True)),
        tuple(Scalar((a + challenge * b) % q) for a, b in zip(w_prime, u_prime, strict=True)),
    )
    return ShuffleProof(t, s, tuple(c), tuple(c_hat))


def read_shuffle(election: Election, record: bytes) -> Shuffle:
    """Parse a shuffle and check the order of every point in it.

    Raises Refused(SHUFFLE_FORM, POINT_FORM, POINT_SUBGROUP or SCALAR_FORM).
    """
    group = election.group
    parts = fields(read_json(record, _FORM), ("ciphertexts", "proofs"), _FORM)
    count = len(election.ranked)
    rows = tuple(
        tuple(read_ciphertext(group, pair, _FORM) for pair in items(row, _FORM))
        for row in items(parts["ciphertexts"], _FORM, count)
    )
    proofs = tuple(
        _read_shuffle_proof(group, value, len(row))
        for value, row in zip(items(parts["proofs"], _FORM, count), rows, strict=True)
    )
    shuffle = Shuffle(rows, proofs)
    if shuffle.record() != record:
        raise Refused(_FORM, "the shuffle is not written in its one form")
    return shuffle


def _read_shuffle_proof(group: Group, value: object, n: int) -> ShuffleProof:
    t, s, c, c_hat = items(value, _FORM, 4)
    t1, t2, t3, t4, t_hat = items(t, _FORM, 5)
    t41, t42 = items(t4, _FORM, 2)
    *s14, s_hat, s_prime = items(s, _FORM, 6)
    s1, s2, s3, s4 = (group.scalar(x) for x in s14)

    def points(values: object) -> tuple[Point, ...]:
        return tuple(group.point(x) for x in items(values, _FORM, n))

    def scalars(values: object) -> tuple[Scalar, ...]:
        return tuple(group.scalar(x) for x in items(values, _FORM, n))

    return ShuffleProof(
        Commitment(
            group.point(t1),
            group.point(t2),
            group.point(t3),
            group.point(t41),
            group.point(t42),
            points(t_hat),
        ),
        Response(s1, s2, s3, s4, scalars(s_hat), scalars(s_prime)),
        points(c),
        points(c_hat),
    )


def check_shuffle(election: Election, pairs: Pairs, shuffle: Shuffle) -> None:
    """Check a shuffle against the ciphertexts it started from.

    Raises Refused(SHUFFLE_FORM or SHUFFLE_PROOF).
    """
    for i, e_prime, proof in zip(election.ranked, shuffle.ciphertexts, shuffle.proofs, strict=True):
        if len(e_prime) != len(pairs[i]):
            raise Refused(_FORM, f"question {i + 1} has {len(pairs[i])} rankings, the shuffle {len(e_prime)}")
        if not _holds(election, pairs[i], e_prime, proof):
            raise Refused(Check.SHUFFLE_PROOF, f"the proof of question {i + 1} does not hold")


def _holds(
    election: Election, e: Sequence[Ciphertext], e_prime: Sequence[Ciphertext], proof: ShuffleProof
) -> bool:
    """Table 5: CheckShuffleProof."""
    group, q, n = election.group, election.group.q, len(e)
    t, s, c, c_hat = proof
    h, hs = group.generator(-1), [group.generator(i) for i in range(n)]
    str_c = _listed(e) + _listed(e_prime) + _listed(c)
    u = _item_challenges(group, n, election.fingerprint, str_c)
    challenge = _main_challenge(group, election.fingerprint, t, str_c, c_hat, election.public_key)
    minus_c = Scalar(-challenge % q)
    u_product = 1
    for x in u:
        u_product = u_product * x % q
    chain = [h, *c_hat]
    c_bar = group.div(group.product(c), group.product(hs))
    c_last = group.div(chain[-1], group.pow(h, Scalar(u_product)))
    c_tilde = group.product_of_powers(c, u)
    alpha = group.product_of_powers([x.alpha for x in e], u)
    beta = group.product_of_powers([x.beta for x in e], u)
    minus_s4 = Scalar(-s.s4 % q)

    def joined(*points: Point) -> Point:
        return group.product(points)

    return (
        t.t1 == joined(group.pow(c_bar, minus_c), group.gpow(s.s1))
        and t.t2 == joined(group.pow(c_last, minus_c), group.gpow(s.s2))
        and t.t3
        == joined(group.pow(c_tilde, minus_c), group.gpow(s.s3), group.product_of_powers(hs, s.s_prime))
        and t.t41
        == joined(
            group.pow(beta, minus_c),
            election.y.pow(minus_s4),
            group.product_of_powers([x.beta for x in e_prime], s.s_prime),
        )
        and t.t42
        == joined(
            group.pow(alpha, minus_c),
            group.gpow(minus_s4),
            group.product_of_powers([x.alpha for x in e_prime], s.s_prime),
        )
        and all(
            t_hat == joined(group.pow(now, minus_c), group.gpow(s_hat), group.pow(before, s_prime))
            for t_hat, s_hat, s_prime, (before, now) in zip(
                t.t_hat, s.s_hat, s.s_prime, pairwise(chain), strict=True
            )
        )
    )


def read_shuffled(election: Election, record: bytes) -> Pairs:
    """The ciphertexts of a shuffle that was checked before, a row for each ranked question."""
    parts = fields(read_compact(record, _FORM), ("ciphertexts", "proofs"), _FORM)
    return tuple(
        tuple(read_ciphertext(election.group, pair, _FORM, trusted=True) for pair in items(row, _FORM))
        for row in items(parts["ciphertexts"], _FORM, len(election.ranked))
    )


def merge_rows(election: Election, pairs: Pairs, shuffled: Pairs) -> Pairs:
    """The tally with these rows in the places of the ranked questions."""
    rows = list(pairs)
    for i, row in zip(election.ranked, shuffled, strict=True):
        rows[i] = row
    return tuple(rows)


def merge_shuffled(election: Election, pairs: Pairs, shuffle: Shuffle) -> Pairs:
    """The tally with the ranked questions' ciphertexts as the shuffle left them (spec 4.17)."""
    return merge_rows(election, pairs, shuffle.ciphertexts)
