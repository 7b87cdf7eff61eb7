"""Tallied archives with one ballot, or the order of events, changed and every digest made right: refused by name.

One entry a tampering: the election, what is done, the name of the check that must fail.
"""

import pytest

from tests.rules.crypto.tampering import (
    BALLOT,
    ELECTION,
    ONE,
    OTHER,
    RESULT,
    TALLY,
    Q,
    again,
    check_case,
    drop,
    edit,
    plus_q,
    put,
    replace,
    swap,
    tape,
    times,
)

B, T, D, R = "Ballot", "EncryptedTally", "PartialDecryption", "Result"

CASES = {
    # Ballots, without a voter's help
    "ballot doubled": ("plain", again(BALLOT), "ballot-repeated"),
    "old ballot replayed over the revote": (
        "plain",
        lambda t: t.insert(t.at(B, 3) + 1, B, t.record(B, 0)),
        "ballot-repeated",
    ),
    "ballot under another credential": (
        "plain",
        lambda t: t.edit(B, "credential", to=t.json(B, 1)["credential"], n=3),
        "ballot-signature",
    ),
    "answers of another ballot": (
        "plain",
        lambda t: t.edit(B, "answers", to=t.json(B, 1)["answers"]),
        "ballot-repeated",
    ),
    "signature of another ballot": (
        "plain",
        lambda t: t.edit(B, "signature", to=t.json(B, 1)["signature"]),
        "ballot-signature",
    ),
    "signature proof all zero": (
        "plain",
        edit(BALLOT, "signature proof", {"challenge": "0", "response": "0"}),
        "ballot-signature",
    ),
    "signed hash of another form": (
        "plain",
        edit(BALLOT, "signature hash", lambda h: h + "="),
        "ballot-signature",
    ),
    "ciphertext made anew": ("plain", edit(BALLOT, "answers 0 choices 0 alpha", times), "ballot-signature"),
    "questions exchanged": ("plain", swap(BALLOT, "answers"), "ballot-form"),
    "choices exchanged": ("plain", swap(BALLOT, "answers 0 choices"), "ballot-signature"),
    "answer dropped": ("plain", edit(BALLOT, "answers", lambda a: a[:1]), "ballot-form"),
    "answer added": ("plain", edit(BALLOT, "answers", lambda a: [*a, a[0]]), "ballot-repeated"),
    "blank proof dropped": (
        "plain",
        edit(BALLOT, "answers 1", lambda a: {k: v for k, v in a.items() if k != "blank_proof"}),
        "ballot-form",
    ),
    "no individual proofs": ("plain", edit(BALLOT, "answers 0 individual_proofs", []), "ballot-form"),
    "empty individual proof": ("plain", edit(BALLOT, "answers 0 individual_proofs 0", []), "ballot-form"),
    "overall proof cut": ("plain", edit(BALLOT, "answers 0 overall_proof", []), "ballot-form"),
    "ballot of another uuid": ("plain", edit(BALLOT, "election_uuid", "1" * 14), "ballot-election"),
    "ballot of another fingerprint": (
        "plain",
        edit(BALLOT, "election_hash", lambda h: h[::-1]),
        "ballot-election",
    ),
    "ballot of another election": ("plain", put(BALLOT, tape("ranked").record(B)), "ballot-credential"),
    "credential not on the roll": ("plain", edit(BALLOT, "credential", OTHER), "ballot-credential"),
    "identity as credential": ("plain", edit(BALLOT, "credential", ONE), "ballot-credential"),
    "response past q": ("plain", edit(BALLOT, "signature proof response", plus_q), "scalar-form"),
    "challenge past q": ("plain", edit(BALLOT, "answers 0 overall_proof 0 challenge", plus_q), "scalar-form"),
    "response q": ("plain", edit(BALLOT, "answers 0 overall_proof 0 response", Q), "scalar-form"),
    "response negative": ("plain", edit(BALLOT, "answers 0 overall_proof 0 response", "-1"), "scalar-form"),
    "response with a zero before": (
        "plain",
        edit(BALLOT, "answers 0 overall_proof 0 response", lambda r: "0" + r),
        "scalar-form",
    ),
    "response a number": ("plain", edit(BALLOT, "answers 0 overall_proof 0 response", 7), "scalar-form"),
    "point in capitals": (
        "plain",
        edit(BALLOT, "answers 0 choices 0 beta", lambda p: p.upper()),
        "point-form",
    ),
    "point past p": ("plain", edit(BALLOT, "answers 0 choices 0 beta", "7" + "f" * 61 + "ee"), "point-form"),
    "identity in another form": (
        "plain",
        edit(BALLOT, "answers 0 choices 0 beta", "80" + ONE[2:]),
        "point-form",
    ),
    "extra member": ("plain", lambda t: t.put(B, {**t.json(B), "note": ""}), "ballot-form"),
    "members in another order": (
        "plain",
        lambda t: t.put(B, dict(reversed(t.json(B).items()))),
        "ballot-canonical",
    ),
    "member twice": ("plain", replace(b'"signature":', b'"signature":0,"signature":'), "ballot-form"),
    "space between": ("plain", replace(b'"answers":', b'"answers": '), "ballot-canonical"),
    "space behind": ("plain", lambda t: t.put(B, t.record(B) + b"\n"), ("ballot-form", "ballot-canonical")),
    "byte order mark": ("plain", lambda t: t.put(B, b"\xef\xbb\xbf" + t.record(B)), "ballot-canonical"),
    "letter escaped": ("plain", replace(b'"choices"', b'"choic\\u0065s"'), "ballot-canonical"),
    "half a surrogate": ("plain", replace(b'"answers":[', b'"answers":["\\ud800",'), "ballot-form"),
    "bytes that are no text": ("plain", replace(b'"answers":[', b'"answers":["\xff",'), "ballot-form"),
    "not a number": ("plain", replace(b'"answers":[', b'"answers":[NaN,'), "ballot-form"),
    "exponent": ("plain", replace(b'"answers":[', b'"answers":[1e5,'), "ballot-form"),
    "deep": ("plain", replace(b'"answers":[', b'"answers":[' + b"[" * 100000), "ballot-form"),
    "field element with a zero before": (
        "field",
        edit(BALLOT, "answers 0 choices 0 alpha", lambda a: "0" + a),
        "point-form",
    ),
    "field element past p": (
        "field",
        lambda t: t.edit(
            B, "answers", 0, "choices", 0, "beta", to=lambda b: str(int(b) + int(t.world.group.p))
        ),
        "point-form",
    ),
    "ranked proof of another": (
        "ranked",
        lambda t: t.edit(B, "answers", 1, "proof", to=t.json(B, 1)["answers"][1]["proof"]),
        "ballot-signature",
    ),
    # The order of events
    "setup dropped": ("plain", drop(ELECTION), "archive-order"),
    "setup twice": ("plain", again(ELECTION), "archive-order"),
    "end of ballots dropped": ("plain", drop(("EndBallots", 0)), "archive-order"),
    "end of ballots twice": ("plain", again(("EndBallots", 0)), "archive-order"),
    "tally dropped": ("plain", drop(TALLY), "archive-order"),
    "two tallies": ("plain", again(TALLY), "archive-order"),
    "ballot after the close": ("plain", lambda t: t.move(B, t.at("EndBallots")), "archive-order"),
    "ballot after the result": ("plain", lambda t: t.move(B, len(t.events) - 1), "archive-order"),
    "two results": ("plain", again(RESULT), "archive-order"),
    "result before the parts": ("plain", lambda t: t.move(R, t.at(D)), "archive-order"),
    "part before the tally": ("plain", lambda t: t.move(D, t.at(T)), "archive-order"),
    "unknown event": ("plain", lambda t: t.insert(1, "Blessing"), "archive-form"),
    "end of ballots with a record": (
        "plain",
        lambda t: t.events.__setitem__(t.at("EndBallots"), ("EndBallots", [b"{}"])) or t,
        "archive-order",
    ),
    "ballot without a record": ("plain", lambda t: t.insert(1, B), "archive-order"),
    "ballot with two records": (
        "plain",
        lambda t: t.events[t.at(B)][1].insert(0, b"{}") or t,
        "archive-order",
    ),
    "result with a record more": (
        "plain",
        lambda t: t.events[t.at(R)][1].insert(0, b"{}") or t,
        "archive-order",
    ),
    "counted ballot dropped": ("plain", drop(BALLOT, n=1), "tally-count"),
    "revote dropped": ("plain", drop(BALLOT, n=2), "tally-content"),
    "vote and revote exchanged": ("plain", lambda t: t.move(B, t.at(B, 2), n=0), "tally-content"),
}


@pytest.mark.parametrize("name", CASES)
def test_tampered_ballots_are_refused_by_name(name, tmp_path):
    check_case(*CASES[name], tmp_path)
