"""Tallied archives with a tally, shuffle, part or result changed and every digest made right: refused by name."""

import pytest

from tests.rules.crypto.tampering import (
    CURVE,
    ONE,
    OWNER,
    PART,
    RESULT,
    SHUFFLE,
    SHUFFLER,
    SIZED,
    TALLY,
    again,
    check_case,
    drop,
    edit,
    more,
    plus_q,
    put,
    swap,
    tape,
    times,
    twisted,
)

T, D, R, M = "EncryptedTally", "PartialDecryption", "Result", "Shuffle"

CASES = {
    # The tally
    "one ballot more": ("plain", edit(SIZED, "num_tallied", lambda n: n + 1), "tally-count"),
    "more weight": ("plain", edit(SIZED, "total_weight", lambda n: n + 1), "tally-count"),
    "less weight, weighted": (
        "weighted",
        edit(SIZED, "total_weight", lambda n: str(int(n) - 1)),
        "tally-count",
    ),
    "count as text": ("plain", edit(SIZED, "num_tallied", str), "tally-form"),
    "count with a fraction": ("plain", edit(SIZED, "num_tallied", float), ("tally-form", "archive-form")),
    "count true": ("plain", edit(SIZED, "num_tallied", True), "tally-form"),
    "sized with a member more": (
        "plain",
        lambda t: t.put(T, {**t.json(T, index=1), "more": 1}, index=1),
        "archive-form",
    ),
    "sized tally in another order": (
        "plain",
        lambda t: t.put(T, dict(reversed(t.json(T, index=1).items())), index=1),
        "archive-order",
    ),
    "pair in another order": (
        "plain",
        edit(TALLY, "0 0", lambda pair: dict(reversed(pair.items()))),
        "tally-form",
    ),
    "part in another order": (
        "plain",
        lambda t: t.put(D, dict(reversed(t.json(D).items()))),
        "decryption-form",
    ),
    "part's proof in another order": (
        "plain",
        edit(PART, "decryption_proofs 0 0", lambda proof: dict(reversed(proof.items()))),
        "decryption-form",
    ),
    "shuffle in another order": (
        "ranked",
        lambda t: t.put(M, dict(reversed(t.json(M).items()))),
        "shuffle-form",
    ),
    "shuffled pair in another order": (
        "ranked",
        edit(SHUFFLE, "ciphertexts 0 0", lambda pair: dict(reversed(pair.items()))),
        "shuffle-form",
    ),
    "Yes and No exchanged": ("plain", swap(TALLY, "0"), "tally-content"),
    "tally times g": ("plain", edit(TALLY, "0 0 beta", times), "tally-content"),
    "question dropped": ("plain", lambda t: t.put(T, t.json(T)[:1]), "tally-form"),
    "question added": ("plain", lambda t: t.put(T, [*t.json(T), []]), "tally-form"),
    "answer missing in the tally": ("plain", edit(TALLY, "0", lambda row: row[:2]), "tally-form"),
    "tally outside the subgroup": ("plain", edit(TALLY, "0 0 alpha", twisted), "point-subgroup"),
    "tally with spaces": ("plain", lambda t: t.put(T, t.record(T).replace(b",", b", ")), "tally-form"),
    "ranked tally in another order": ("ranked", swap(TALLY, "1"), "tally-content"),
    "ranking dropped from the tally": ("ranked", edit(TALLY, "1", lambda row: row[1:]), "tally-content"),
    # Shuffles
    "first shuffle dropped": ("ranked", drop(SHUFFLE), "shuffle-proof"),
    "last shuffle dropped": ("ranked", drop(SHUFFLE, n=1), "decryption-proof"),
    "all shuffles dropped": ("ranked", lambda t: t.drop(M).drop(M), "archive-order"),
    "all of the mixing dropped": ("ranked", lambda t: t.drop(M).drop(M).drop("EndShuffles"), "shuffle-form"),
    "end of shuffles dropped": ("ranked", drop(("EndShuffles", 0)), "archive-order"),
    "shuffles exchanged": ("ranked", lambda t: t.move(M, t.at(M, 1)), "shuffle-proof"),
    "shuffle by nobody": ("ranked", edit(SHUFFLER, "owner", 0), "shuffle-owner"),
    "shuffle by a stranger": ("ranked", edit(SHUFFLER, "owner", 3), "shuffle-owner"),
    "two shuffles of one trustee": ("ranked", edit(SHUFFLER, "owner", 2), "shuffle-owner"),
    "shuffle by a fraction": ("ranked", edit(SHUFFLER, "owner", 1.0), "archive-form"),
    "ranking replaced": ("ranked", edit(SHUFFLE, "ciphertexts 0 0 beta", times), "shuffle-proof"),
    "ranking doubled": (
        "ranked",
        edit(SHUFFLE, "ciphertexts 0", lambda r: [r[0], r[0], *r[2:]]),
        "shuffle-proof",
    ),
    "ranking lost": ("ranked", edit(SHUFFLE, "ciphertexts 0", lambda r: r[1:]), "shuffle-form"),
    "rankings permuted": ("ranked", swap(SHUFFLE, "ciphertexts 0"), "shuffle-proof"),
    "proof of the other shuffle": (
        "ranked",
        lambda t: t.edit(M, "proofs", to=t.json(M, 1)["proofs"]),
        "shuffle-proof",
    ),
    "shuffle response changed": ("ranked", edit(SHUFFLE, "proofs 0 1 3", more), "shuffle-proof"),
    "shuffle response past q": ("ranked", edit(SHUFFLE, "proofs 0 1 3", plus_q), "scalar-form"),
    "shuffle commitment twisted": ("ranked", edit(SHUFFLE, "proofs 0 0 0", twisted), "point-subgroup"),
    "permutation commitment twisted": ("ranked", edit(SHUFFLE, "proofs 0 2 0", twisted), "point-subgroup"),
    "chain twisted": ("ranked", edit(SHUFFLE, "proofs 0 3 0", twisted), "point-subgroup"),
    "shuffled ciphertext twisted": (
        "ranked",
        edit(SHUFFLE, "ciphertexts 0 0 alpha", twisted),
        "point-subgroup",
    ),
    "shuffle without a proof": ("ranked", edit(SHUFFLE, "proofs", []), "shuffle-form"),
    "shuffle with spaces": ("ranked", lambda t: t.put(M, t.record(M).replace(b",", b", ")), "shuffle-form"),
    "shuffle where nothing is ranked": (
        "plain",
        lambda t: t.insert(t.at(D), M, b'{"ciphertexts":[],"proofs":[]}', b'{"owner":1,"payload":""}').insert(
            t.at(D), "EndShuffles"
        ),
        "shuffle-form",
    ),
    # Partial decryptions
    "part dropped": ("plain", drop(PART), "decryption-enough"),
    "part twice": ("plain", again(PART), ("ballot-repeated", "decryption-owner")),
    "part twice by one owner": ("plain", edit(OWNER, "owner", 2), ("decryption-owner", "decryption-proof")),
    "parts exchanged": (
        "plain",
        lambda t: t.edit(D, "owner", to=2, index=1).edit(D, "owner", to=1, n=1, index=1),
        "decryption-proof",
    ),
    "part of nobody": ("plain", edit(OWNER, "owner", 0), "decryption-owner"),
    "part of a stranger": ("plain", edit(OWNER, "owner", 3), "decryption-owner"),
    "owner as text": ("plain", edit(OWNER, "owner", "1"), "archive-form"),
    "factor changed": ("plain", edit(PART, "decryption_factors 0 0", times), "decryption-proof"),
    "factors permuted": ("plain", swap(PART, "decryption_factors 0"), "decryption-proof"),
    "factors and proofs permuted": (
        "plain",
        lambda t: t.swap(D, "decryption_factors", 0).swap(D, "decryption_proofs", 0),
        "decryption-proof",
    ),
    "factor the identity": ("plain", edit(PART, "decryption_factors 0 0", ONE), "decryption-proof"),
    "factor twisted": ("plain", edit(PART, "decryption_factors 0 0", twisted), "point-subgroup"),
    "factor missing": ("plain", edit(PART, "decryption_factors 0", lambda r: r[1:]), "decryption-form"),
    "proof missing": ("plain", edit(PART, "decryption_proofs 0", lambda r: r[1:]), "decryption-form"),
    "proof all zero": (
        "plain",
        edit(PART, "decryption_proofs 0 0", {"challenge": "0", "response": "0"}),
        "decryption-proof",
    ),
    "part with a member more": ("plain", lambda t: t.put(D, {**t.json(D), "more": 1}), "decryption-form"),
    "part with spaces": ("plain", lambda t: t.put(D, t.record(D) + b" "), "decryption-form"),
    "part of another election": ("plain", put(PART, tape("weighted").record(D)), "decryption-form"),
    "too few parts of a block": ("block", lambda t: t.drop(D).drop(D), "decryption-enough"),
    "the server's part dropped": ("block", drop(PART, n=3), "decryption-enough"),
    # The result
    "votes moved": ("plain", edit(RESULT, "result 0", [1, 2, 0]), "result-content"),
    "answers exchanged": ("plain", swap(RESULT, "result 0"), "result-content"),
    "more votes than voters": ("plain", edit(RESULT, "result 0 0", 9), "result-range"),
    "negative votes": ("plain", edit(RESULT, "result 0 2", -1), "result-form"),
    "half votes": ("plain", edit(RESULT, "result 0 2", 0.5), "result-form"),
    "false for none": ("plain", edit(RESULT, "result 0 2", False), "result-form"),
    "count as text in the result": ("plain", edit(RESULT, "result 0 0", str), "result-form"),
    "minus nought": ("plain", lambda t: t.put(R, t.record(R).replace(b",0]", b",-0]", 1)), "result-form"),
    "a nought before": ("plain", lambda t: t.put(R, t.record(R).replace(b"[[", b"[[0", 1)), "result-form"),
    "count past q": ("plain", edit(RESULT, "result 0 0", lambda n: str(n + CURVE.q)), "result-form"),
    "huge count": (
        "plain",
        lambda t: t.put(R, t.record(R).replace(b"[[", b"[[" + b"9" * 5000, 1)),
        "result-form",
    ),
    "question without a result": ("plain", edit(RESULT, "result", lambda r: r[:1]), "result-form"),
    "result with a member more": ("plain", lambda t: t.put(R, {**t.json(R), "winner": "Yes"}), "result-form"),
    "result with a space": ("plain", lambda t: t.put(R, t.record(R) + b" "), "result-form"),
    "result twice in one": (
        "plain",
        lambda t: t.put(R, b'{"result":[[9,9,9]],' + t.record(R)[1:]),
        "result-form",
    ),
    "ranking changed": ("ranked", edit(RESULT, "result 1 0", [9, 9, 9, 9]), "result-content"),
    "ranking lost from the result": ("ranked", edit(RESULT, "result 1", lambda r: r[1:]), "result-content"),
    "ranking cut short": ("ranked", edit(RESULT, "result 1 0", lambda r: r[1:]), "result-form"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_tampered_tally_is_refused_by_name(name, tmp_path):
    check_case(*CASES[name], tmp_path)
