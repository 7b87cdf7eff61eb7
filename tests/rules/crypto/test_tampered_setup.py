"""Tallied archives with the roll, the questions or the trustees changed and every digest made right."""

import pytest

from tests.rules.crypto.tampering import (
    CURVE,
    ELECTION,
    ONE,
    OTHER,
    ROLL,
    SMALL,
    TRUSTEES,
    check_case,
    edit,
    inner,
    more,
    put,
    swap,
    times,
)
from tests.rules.crypto.test_attacks import draw
from union.ballots.crypto import Scalar
from union.ballots.crypto.trustees import key_of

B, S = "Ballot", "Setup"

CASES = {
    # Who votes, and what is asked
    "credential of a voter removed": (
        "plain",
        lambda t: t.put(S, [line for line in t.json(S, index=2) if line != t.json(B)["credential"]], index=2),
        "ballot-credential",
    ),
    "credential twice": (
        "plain",
        lambda t: t.put(S, [*t.json(S, index=2), t.json(S, index=2)[0]], index=2),
        "credentials-distinct",
    ),
    "roll in another order": (
        "plain",
        lambda t: t.put(S, t.json(S, index=2)[::-1], index=2),
        "credentials-order",
    ),
    "identity on the roll": (
        "plain",
        lambda t: t.put(S, [*t.json(S, index=2), ONE], index=2),
        "credentials-form",
    ),
    "small point on the roll": (
        "plain",
        lambda t: t.put(S, [*t.json(S, index=2), SMALL], index=2),
        ("point-subgroup", "credentials-order"),
    ),
    "name on the roll": ("plain", edit(ROLL, "0", lambda line: line + ",1,ann"), "credentials-form"),
    "weight changed": (
        "weighted",
        lambda t: t.put(S, [line.replace(",5", ",6") for line in t.json(S, index=2)], index=2),
        "tally-count",
    ),
    "weights exchanged": (
        "weighted",
        lambda t: t.put(
            S,
            [line[:65] + {"5": "3", "3": "5"}.get(line[65:], line[65:]) for line in t.json(S, index=2)],
            index=2,
        ),
        ("tally-content", "tally-count"),
    ),
    "weight negative": ("weighted", edit(ROLL, "0", lambda line: line[:65] + "-1"), "credentials-form"),
    "weight with a nought before": (
        "weighted",
        edit(ROLL, "0", lambda line: line[:65] + "0" + line[65:]),
        "credentials-form",
    ),
    "weight in a ranked election": ("ranked", edit(ROLL, "0", lambda line: line + ",2"), "credentials-form"),
    "election renamed": ("plain", edit(ELECTION, "name", "Another"), "ballot-election"),
    "answer reworded": ("plain", swap(ELECTION, "questions 0 answers"), "ballot-election"),
    "most answers raised": ("plain", edit(ELECTION, "questions 0 max", 3), "ballot-election"),
    "fewest answers lowered": ("plain", edit(ELECTION, "questions 0 min", 0), "ballot-election"),
    "fewer answers than the fewest": ("plain", edit(ELECTION, "questions 0 min", 2), "election-form"),
    "blank taken away": ("plain", edit(ELECTION, "questions 1 blank", False), "ballot-election"),
    "blank a word": ("plain", edit(ELECTION, "questions 1 blank", "yes"), "election-form"),
    "uuid changed": ("plain", edit(ELECTION, "uuid", "2" * 14), "ballot-election"),
    "member of the election doubled": (
        "plain",
        lambda t: t.put(S, b'{"version":1,' + t.record(S)[1:]),
        "election-form",
    ),
    "version 2": ("plain", edit(ELECTION, "version", 2), "election-form"),
    "version true": ("plain", edit(ELECTION, "version", True), "election-form"),
    "unknown group": ("plain", edit(ELECTION, "group", "P-256"), "group-known"),
    "group exchanged": ("plain", edit(ELECTION, "group", "BELENIOS-2048"), "point-form"),
    "another election key": ("plain", edit(ELECTION, "public_key", OTHER), "election-key"),
    "identity as election key": ("plain", edit(ELECTION, "public_key", ONE), "election-key"),
    # Trustees
    "trustee dropped": ("plain", lambda t: t.put(S, t.json(S, index=1)[:1], index=1), "election-key"),
    "trustee twice": ("plain", lambda t: t.put(S, [t.json(S, index=1)[0]] * 2, index=1), "trustees-form"),
    "trustees exchanged": (
        "plain",
        lambda t: t.put(S, t.json(S, index=1)[::-1], index=1),
        "decryption-proof",
    ),
    "trustee's key replaced": ("plain", edit(TRUSTEES, "0 1 public_key", OTHER), "trustee-key-proof"),
    "identity as a trustee's key": (
        "plain",
        lambda t: t.put(
            S, [*t.json(S, index=1), ["Single", key_of(CURVE, Scalar(0), draw).public.json()]], index=1
        ),
        "trustee-key-proof",
    ),
    "trustee's proof changed": ("plain", edit(TRUSTEES, "0 1 pok response", more), "trustee-key-proof"),
    "trustee with a member more": (
        "plain",
        edit(TRUSTEES, "0 1", lambda k: {**k, "more": 1}),
        "trustees-form",
    ),
    "trustee of another kind": ("plain", edit(TRUSTEES, "0 0", "Double"), "trustees-form"),
    "no trustees": ("plain", put(TRUSTEES, []), "trustees-form"),
    "threshold lowered": ("block", edit(TRUSTEES, "0 1 threshold", 1), "trustee-certificate"),
    "threshold nought": ("block", edit(TRUSTEES, "0 1 threshold", 0), "trustees-form"),
    "certificates exchanged": ("block", swap(TRUSTEES, "0 1 certs"), "trustee-certificate"),
    "certificate of a second twice": (
        "block",
        edit(TRUSTEES, "0 1 certs", lambda c: [c[0], c[0], c[2]]),
        "trustee-certificate",
    ),
    "certificate's signature changed": (
        "block",
        edit(TRUSTEES, "0 1 certs 0 signature response", more),
        "trustee-certificate",
    ),
    "certificate for another threshold": (
        "block",
        inner(TRUSTEES, "0 1 certs 0 message context threshold", 3),
        "trustee-certificate",
    ),
    "certificate for another group": (
        "block",
        inner(TRUSTEES, "0 1 certs 0 message context group", "RFC-3526-2048"),
        "trustee-certificate",
    ),
    "another encryption key": (
        "block",
        inner(TRUSTEES, "0 1 certs 0 message encryption", OTHER),
        "trustee-certificate",
    ),
    "coefficients exchanged": ("block", swap(TRUSTEES, "0 1 coefexps"), "trustee-coefficients"),
    "coefficient changed": (
        "block",
        inner(TRUSTEES, "0 1 coefexps 0 message coefexps 0", times),
        "trustee-coefficients",
    ),
    "ceremony's signatures dropped": (
        "block",
        edit(TRUSTEES, "0 1", lambda b: {k: v for k, v in b.items() if k != "signatures"}),
        "trustees-form",
    ),
    "ceremony's signatures exchanged": ("block", swap(TRUSTEES, "0 1 signatures"), "trustee-signature"),
    "one key unsigned": (
        "block",
        edit(TRUSTEES, "0 1 verification_keys 0", lambda k: {"pok": k["pok"], "public_key": k["public_key"]}),
        "trustee-signature",
    ),
    "key's signature changed": (
        "block",
        edit(TRUSTEES, "0 1 verification_keys 0 signature response", more),
        "trustee-signature",
    ),
    "keys exchanged": ("block", swap(TRUSTEES, "0 1 verification_keys"), "trustee-share"),
    "key's proof changed": (
        "block",
        edit(TRUSTEES, "0 1 verification_keys 0 pok challenge", more),
        "trustee-key-proof",
    ),
    "block with a member more": ("block", edit(TRUSTEES, "0 1", lambda b: {**b, "more": 1}), "trustees-form"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_tampered_setup_is_refused_by_name(name, tmp_path):
    check_case(*CASES[name], tmp_path)
