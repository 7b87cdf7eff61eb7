"""Each attack first works against a check weakened on purpose, then the real check refuses it by name."""

import itertools
import json
import secrets

import pytest

from tests.rules.crypto.elections import RANKING, STRIKE, World, events_of, forged, whole
from union.ballots.crypto import (
    Check,
    Homomorphic,
    Listed,
    Refused,
    Scalar,
    accept_ballot,
    answers,
    ballot,
    ballot_step,
    check_partial,
    check_strong,
    compute_result,
    credentials_record,
    decrypt_partially,
    group_named,
    make_ballot,
    make_credential,
    proofs,
    public_of,
    read_ballot,
    reader,
    secret_of,
    verifier,
    verify,
    verify_difference,
)
from union.ballots.crypto.canonical import compact, sha256_base64
from union.ballots.crypto.decryption import PartialDecryption
from union.ballots.crypto.distinct import Distinct
from union.ballots.crypto.elgamal import Ciphertext
from union.ballots.crypto.finite_field import FieldPoint, FiniteField
from union.ballots.crypto.proofs import (
    H,
    Proof,
    Side,
    Witness,
    check_disjunction,
    prove_disjunction,
    prove_knowledge,
)

draw = secrets.randbelow
GROUPS = ["BELENIOS-2048", "Ed25519"]
FIELD = group_named("BELENIOS-2048")
CURVE = group_named("Ed25519")


def refused(check, function, *arguments):
    with pytest.raises(Refused) as caught:
        function(*arguments)
    assert caught.value.check is check, caught.value
    assert str(caught.value).startswith(check.value)


def verdict(tmp_path, content):
    path = tmp_path / "forged.bel"
    path.write_bytes(content)
    return verify(path)


def fails(tmp_path, content, check, name):
    report = verdict(tmp_path, content)
    assert not report.holds
    assert [(finding.name, finding.failed) for finding in report.failures] == [(name, check.value)], (
        report.lines()
    )


def passes(tmp_path, content):
    report = verdict(tmp_path, content)
    assert report.holds, report.lines()


def signed(election, credential, record):
    """The record signed anew with a private credential."""
    group = election.group
    s = secret_of(group, election.uuid, credential)
    record = {**record, "credential": str(group.gpow(s))}
    record.pop("signature", None)
    digest = sha256_base64(compact(record))
    proof = prove_knowledge(group, s, f"sig|{digest}|", draw)
    return compact({**record, "signature": {"hash": digest, "proof": proof.json()}})


def without_credential(group, prefix, points):
    """A challenge that forgets who votes: the credential after the fingerprint is dropped."""
    parts = prefix.split("|")
    if parts[0] in ("prove", "bproof0", "bproof1", "raweg"):
        del parts[2]
    return H(group, "|".join(parts), points)


@pytest.mark.parametrize("name", GROUPS)
def test_a_ballot_copied_under_another_credential(name, monkeypatch):
    world = World(group_named(name))

    def copied():
        victim = make_ballot(world.election, world.credentials[0], [[1, 0, 0], [0, 1, 0, 0]], draw)
        return signed(world.election, world.credentials[1], json.loads(victim))

    with monkeypatch.context() as weak:
        weak.setattr(proofs, "H", without_credential)
        accept_ballot(world.election, copied(), world.roll)
    refused(Check.BALLOT_CHOICE_PROOF, accept_ballot, world.election, copied(), world.roll)


def test_a_ranked_ballot_copied_under_another_credential(monkeypatch):
    world = World(CURVE, questions=(RANKING,))

    def copied():
        victim = make_ballot(world.election, world.credentials[0], [[1, 2, 3, 4]], draw)
        return signed(world.election, world.credentials[1], json.loads(victim))

    with monkeypatch.context() as weak:
        weak.setattr(proofs, "H", without_credential)
        accept_ballot(world.election, copied(), world.roll)
    refused(Check.BALLOT_RANKED_PROOF, accept_ballot, world.election, copied(), world.roll)


def test_an_old_ballot_replayed_over_a_revote(tmp_path, monkeypatch):
    world = World(CURVE, questions=(STRIKE,))
    first = world.cast(0, [[1, 0, 0]])
    world.cast(0, [[0, 1, 0]])
    world.append(ballot_step(world.head, first))
    with monkeypatch.context() as weak:
        weak.setattr(Distinct, "repeated", lambda _: None)
        passes(tmp_path, world.archive())
    fails(tmp_path, world.archive(), Check.BALLOT_REPEATED, "archive")


def test_a_ballot_with_a_repeated_ciphertext(tmp_path, monkeypatch):
    world = World(CURVE, questions=(STRIKE,))
    first = world.cast(0, [[1, 0, 0]])
    world.append(ballot_step(world.head, signed(world.election, world.credentials[0], json.loads(first))))
    with monkeypatch.context() as weak:
        weak.setattr(Distinct, "repeated", lambda _: None)
        passes(tmp_path, world.archive())
    fails(tmp_path, world.archive(), Check.BALLOT_REPEATED, "archive")


def test_one_ballot_shown_to_two_voters(monkeypatch):
    """Clash: with the credential outside the proofs and the tracker, two voters could be shown one ballot."""
    world = World(CURVE, questions=(STRIKE,))

    def two_ballots():
        made = []
        for credential in world.credentials[:2]:
            counter = itertools.count(1)
            record = make_ballot(world.election, credential, [[1, 0, 0]], lambda _, c=counter: next(c))
            made.append(read_ballot(world.election, record))
        return made

    with monkeypatch.context() as weak:
        weak.setattr(proofs, "H", without_credential)
        one, other = two_ballots()
        weak_trackers = {sha256_base64(compact([a.json() for a in b.answers])) for b in (one, other)}
        assert len(weak_trackers) == 1
    one, other = two_ballots()
    assert one.tracker != other.tracker
    assert one.ciphertext_digests == other.ciphertext_digests


def square_root(group, n):
    """A root of n modulo the prime q (q = 5 mod 8 on the curve), or None."""
    q = group.q
    root = pow(n, (q + 3) // 8, q)
    for candidate in (root, root * pow(2, (q - 1) // 4, q) % q):
        if candidate * candidate % q == n % q:
            return candidate
    return None


def forged_choice(group, y, S0, challenge):
    """A 'proof' that a pair holds 0 or 1 when it holds m, solved for m after the challenge is known.

    With B0 = y^a0 g^t0 and B1 = y^a1 g^t1 fixed first, m c0 = t0 and (m - 1) c1 = t1 is a quadratic in m.
    """
    q = group.q
    rho = Scalar(draw(q))
    while True:
        a0, a1, t0, t1 = (Scalar(draw(q)) for _ in range(4))
        points = [
            group.gpow(a0),
            group.mul(y.pow(a0), group.gpow(t0)),
            group.gpow(a1),
            group.mul(y.pow(a1), group.gpow(t1)),
        ]
        h = challenge(points)
        b = h + t0 + t1
        root = square_root(group, (b * b - 4 * h * t0) % q)
        if root is None:
            continue
        m = (b + root) * pow(2 * h, -1, q) % q
        c0 = t0 * pow(m, -1, q) % q
        c1 = (h - c0) % q
        pair = Ciphertext(group.gpow(rho), group.mul(y.pow(rho), group.gpow(Scalar(m))))
        made = [
            Proof(Scalar(c0), Scalar((a0 - rho * c0) % q)),
            Proof(Scalar(c1), Scalar((a1 - rho * c1) % q)),
        ]
        return pair, made, m


def test_a_challenge_that_does_not_hash_the_statement(monkeypatch):
    group = CURVE
    y = group.fixed(group.gpow(Scalar(draw(group.q))))

    def weak_H(group, prefix, points):
        return H(group, "prove|", points)

    def check(pair, made):
        alpha, beta = group.shared(pair.alpha), group.shared(pair.beta)
        sides = [Side(alpha, beta, 0), Side(alpha, beta, 1)]
        check_disjunction(group, y, f"prove|S0|{pair}|", sides, made, Check.BALLOT_CHOICE_PROOF)

    pair, made, m = forged_choice(group, y, "S0", lambda points: H(group, "prove|", points))
    assert m not in (0, 1)
    with monkeypatch.context() as weak:
        weak.setattr(proofs, "H", weak_H)
        check(pair, made)
    refused(Check.BALLOT_CHOICE_PROOF, check, pair, made)


def even_proofs(group, y, prefix, witness, true):
    """Proofs whose challenges are all even, so that a factor of order 2 in the statement vanishes."""
    while True:
        made = prove_disjunction(group, y, prefix, [(witness, 0), (witness, 1)], true, draw)
        if all(proof.challenge % 2 == 0 for proof in made):
            return made


def test_an_element_of_mixed_order(monkeypatch):
    """-alpha passes every proof when its challenges are even, and spoils the tally's decryption."""
    world = World(FIELD, questions=(Homomorphic("Q", ("A",), 0, 1),))
    election, group, y = world.election, FIELD, world.election.y
    r = Scalar(draw(group.q))
    beta = group.mul(y.pow(r), group.g)
    pair = Ciphertext(FieldPoint(group.p - group.gpow(r).raw), beta)
    S0 = f"{election.fingerprint}|{public_of(group, election.uuid, world.credentials[0])}"
    record = {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": "",
        "answers": [
            {
                "choices": [pair.json()],
                "individual_proofs": [
                    [p.json() for p in even_proofs(group, y, f"prove|{S0}|{pair}|", Witness(r, 1), 1)]
                ],
                "overall_proof": [
                    p.json() for p in even_proofs(group, y, f"prove|{S0}|{pair}|{pair}|", Witness(r, 1), 1)
                ],
            }
        ],
    }
    bad = signed(election, world.credentials[0], record)
    with monkeypatch.context() as weak:
        weak.setattr(FiniteField, "inside", lambda *_: True)
        accept_ballot(election, bad, world.roll)
    refused(Check.POINT_SUBGROUP, accept_ballot, election, bad, world.roll)


def test_a_curve_point_of_small_order_in_a_ballot(monkeypatch):
    world = World(CURVE, questions=(STRIKE,))
    good = make_ballot(world.election, world.credentials[0], [[1, 0, 0]], draw)
    small = "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"
    for place in ("alpha", "beta"):
        record = json.loads(good)
        record["answers"][0]["choices"][0][place] = small
        bad = signed(world.election, world.credentials[0], record)
        with monkeypatch.context() as weak:
            weak.setattr(ballot, "check_answer", lambda *_: None)
            accept_ballot(world.election, bad, world.roll)
        refused(Check.POINT_SUBGROUP, accept_ballot, world.election, bad, world.roll)


@pytest.mark.parametrize("name", GROUPS)
def test_a_ballot_stuffed_by_the_server(name, tmp_path, monkeypatch):
    world = World(group_named(name), questions=(STRIKE,))
    stranger = make_credential(draw)
    stuffed = make_ballot(world.election, stranger, [[1, 0, 0]], draw)
    refused(Check.BALLOT_CREDENTIAL, accept_ballot, world.election, stuffed, world.roll)
    world.append(ballot_step(world.head, stuffed))
    fails(tmp_path, world.archive(), Check.BALLOT_CREDENTIAL, "ballots")
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "weight_of", lambda *_: 1)
        passes(tmp_path, world.archive())


def test_a_ballot_signed_with_another_key(tmp_path, monkeypatch):
    world = World(CURVE, questions=(STRIKE,))
    record = json.loads(make_ballot(world.election, world.credentials[0], [[1, 0, 0]], draw))
    other = json.loads(make_ballot(world.election, world.credentials[1], [[1, 0, 0]], draw))
    record["signature"]["proof"] = other["signature"]["proof"]
    with monkeypatch.context() as weak:
        weak.setattr(ballot, "check_knowledge", lambda *_: None)
        accept_ballot(world.election, compact(record), world.roll)
    refused(Check.BALLOT_SIGNATURE, accept_ballot, world.election, compact(record), world.roll)


def test_a_ballot_of_another_election():
    here, there = World(CURVE, questions=(STRIKE,)), World(CURVE, questions=(STRIKE,))
    foreign = make_ballot(there.election, there.credentials[0], [[1, 0, 0]], draw)
    refused(Check.BALLOT_ELECTION, accept_ballot, here.election, foreign, there.roll)


def test_two_choices_where_one_is_allowed(monkeypatch):
    """Whoever skips the overall proof votes twice."""
    world = World(CURVE, questions=(STRIKE,))
    loose = Homomorphic(STRIKE.question, STRIKE.answers, 2, 2)
    election = world.election
    S0 = f"{election.fingerprint}|{public_of(CURVE, election.uuid, world.credentials[0])}"
    made = answers.make_answer(CURVE, election.y, election.public_key, loose, [1, 1, 0], S0, draw)
    record = {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": "",
        "answers": [made.json()],
    }
    double = signed(election, world.credentials[0], record)

    def lax(group, y, prefix, sides, made, check):
        if check is not Check.BALLOT_OVERALL_PROOF:
            check_disjunction(group, y, prefix, sides, made, check)

    with monkeypatch.context() as weak:
        weak.setattr(answers, "check_disjunction", lax)
        accept_ballot(election, double, world.roll)
    refused(Check.BALLOT_OVERALL_PROOF, accept_ballot, election, double, world.roll)


@pytest.fixture(scope="module")
def tallied():
    return whole(CURVE, questions=(STRIKE,))


def changed(world, kind, change, nth=0):
    events = events_of(world.records)
    places = [i for i, (one, _) in enumerate(events) if one == kind]
    payloads = list(events[places[nth]][1])
    payloads[0] = change(payloads[0])
    events[places[nth]] = (kind, payloads)
    return forged(events)


def test_a_dropped_ballot_shows_only_against_a_saved_copy(tmp_path):
    world = World(CURVE, questions=(STRIKE,))
    world.cast(0, [[1, 0, 0]])
    world.cast(1, [[0, 1, 0]])
    saved = tmp_path / "saved.bel"
    saved.write_bytes(world.archive())
    events = events_of(world.records)
    later = tmp_path / "later.bel"
    later.write_bytes(forged([events[0], events[2]]))
    assert verify(later).holds
    outcome = verify_difference(saved, later)
    assert (outcome.holds, outcome.failed) == (False, Check.HISTORY_PREFIX.value)
    world.cast(2, [[0, 0, 1]])
    later.write_bytes(world.archive())
    outcome = verify_difference(saved, later)
    assert outcome.holds
    assert outcome.added == {"Ballot": 1}


def test_a_credential_added_by_the_server_shows_against_a_saved_copy(tmp_path):
    world = World(CURVE, questions=(STRIKE,))
    saved = tmp_path / "saved.bel"
    saved.write_bytes(world.archive())
    listed = [Listed(CURVE.point(public), weight) for public, weight in world.roll.items()]
    more = Listed(public_of(CURVE, world.election.uuid, make_credential(draw)), 1)
    (kind, payloads), *rest = events_of(world.records)
    payloads = [*payloads[:2], credentials_record(CURVE, [*listed, more]), payloads[3]]
    later = tmp_path / "later.bel"
    later.write_bytes(forged([(kind, payloads), *rest]))
    assert verify(later).holds
    assert verify_difference(saved, later).failed == Check.HISTORY_PREFIX.value


def test_an_altered_result(tmp_path, tallied, monkeypatch):
    content = changed(tallied, "Result", lambda r: r.replace(b"[2,1,0]", b"[1,2,0]"))
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_result", lambda *_: None)
        passes(tmp_path, content)
    fails(tmp_path, content, Check.RESULT_CONTENT, "result")


def test_an_altered_tally(tmp_path, monkeypatch):
    """The server swaps Yes and No in the tally before the trustees decrypt it."""
    world = World(CURVE, questions=(STRIKE,))
    world.cast(0, [[1, 0, 0]])
    swap = lambda pairs: ((pairs[0][1], pairs[0][0], pairs[0][2]),)  # noqa: E731
    world.close()
    events = events_of(world.records)
    world.pairs = swap(world.pairs)
    tally = compact([[pair.json() for pair in world.pairs[0]]])
    events[-1] = ("EncryptedTally", [tally, events[-1][1][1]])
    world.decrypt()
    world.publish()
    content = forged(events + events_of(world.records)[len(events) :])
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_tally", lambda *_: None)
        assert verdict(tmp_path, content).result == [[0, 1, 0]]
    fails(tmp_path, content, Check.TALLY_CONTENT, "tally")


def test_an_altered_count(tmp_path, tallied, monkeypatch):
    events = events_of(tallied.records)
    for i, (kind, payloads) in enumerate(events):
        if kind == "EncryptedTally":
            more = payloads[1].replace(b'"num_tallied":3', b'"num_tallied":4')
            assert more != payloads[1]
            events[i] = (kind, [payloads[0], more])
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_tally", lambda *_: None)
        passes(tmp_path, forged(events))
    fails(tmp_path, forged(events), Check.TALLY_COUNT, "tally")


def test_an_altered_partial_decryption(tmp_path, tallied, monkeypatch):
    def swap(record):
        part = json.loads(record)
        rows = part["decryption_factors"][0]
        rows[0], rows[1] = rows[1], rows[0]
        return compact(part)

    content = changed(tallied, "PartialDecryption", swap)
    fails(tmp_path, content, Check.DECRYPTION_PROOF, "decryptions")
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_partial", lambda *_: None)
        fails(tmp_path, content, Check.RESULT_CONTENT, "result")
        weak.setattr(verifier, "check_result", lambda *_: None)
        passes(tmp_path, content)


def test_an_altered_shuffle(tmp_path, monkeypatch):
    """A trustee replaces a ranking by its own in the shuffle."""
    world = World(CURVE, questions=(RANKING,), trustees=1)
    for voter in range(3):
        world.cast(voter, [[1, 2, 3, 4]])
    world.close()
    before, events = world.pairs, events_of(world.records)
    world.shuffle()
    r = Scalar(draw(CURVE.q))
    own = Ciphertext(CURVE.gpow(r), CURVE.mul(world.election.y.pow(r), CURVE.encode([4, 3, 2, 1])))
    record = json.loads(events_of(world.records)[len(events)][1][0])
    record["ciphertexts"][0][0] = own.json()
    world.pairs = ((own, *world.pairs[0][1:]),)
    world.decrypt()
    world.publish()
    after = events_of(world.records)[len(events) :]
    after[0] = ("Shuffle", [compact(record), after[0][1][1]])
    assert before != world.pairs
    content = forged(events + after)
    with monkeypatch.context() as weak:
        weak.setattr(verifier, "check_shuffle", lambda *_: None)
        report = verdict(tmp_path, content)
        assert [4, 3, 2, 1] in report.result[0]
    fails(tmp_path, content, Check.SHUFFLE_PROOF, "shuffles")


@pytest.mark.parametrize("name", GROUPS)
def test_a_trustee_who_sends_a_wrong_factor_is_named(name):
    """The archive's proof hashes neither alpha nor the factor: it passes with a factor chosen afterwards."""
    world = World(group_named(name), questions=(STRIKE,), trustees=2)
    world.cast(0, [[1, 0, 0]])
    world.close()
    group, election, q = world.group, world.election, world.group.q
    x, X = world.keys[0].private_key, world.keys[0].public.public_key
    good, strong = decrypt_partially(election, world.pairs, x, draw)
    check_strong(election, world.pairs, X, good, strong)
    alpha = world.pairs[0][0].alpha
    w, t = Scalar(draw(q)), Scalar(draw(q))
    A, B = group.gpow(w), group.mul(group.pow(alpha, w), group.gpow(t))
    c = H(group, f"decrypt|{election.fingerprint}|{X}|", [A, B])
    response = Scalar((w - x * c) % q)
    wrong = group.pow(group.div(B, group.pow(alpha, response)), Scalar(pow(c, -1, q)))
    assert wrong != good.factors[0][0]
    bad = PartialDecryption(
        ((wrong, *good.factors[0][1:]),), ((Proof(c, response), *good.proofs[0][1:]),), good.questions
    )
    check_partial(election, world.pairs, X, bad)
    honest, _ = decrypt_partially(election, world.pairs, world.keys[1].private_key, draw)
    refused(Check.RESULT_CONTENT, compute_result, election, world.block, world.pairs, {1: bad, 2: honest}, 1)
    refused(Check.DECRYPTION_STRONG_PROOF, check_strong, election, world.pairs, X, bad, strong)


def test_a_vote_after_the_close(tmp_path, monkeypatch):
    world = World(CURVE, questions=(STRIKE,))
    world.cast(0, [[1, 0, 0]])
    late = make_ballot(world.election, world.credentials[1], [[0, 1, 0]], draw)
    world.close()
    events = events_of(world.records)
    content = forged([*events[:3], ("Ballot", [late])])
    with monkeypatch.context() as weak:
        weak.setitem(reader._AFTER, "EndBallots", {"Ballot"})
        passes(tmp_path, content)
    fails(tmp_path, content, Check.ARCHIVE_ORDER, "archive")


def test_an_event_after_the_result(tmp_path, tallied, monkeypatch):
    events = events_of(tallied.records)
    late = make_ballot(tallied.election, tallied.credentials[3], [[0, 1, 0]], draw)
    content = forged([*events, ("Ballot", [late])])
    with monkeypatch.context() as weak:
        weak.setitem(reader._AFTER, "Result", {"Ballot"})
        weak.setattr(verifier, "check_tally", lambda *_: None)
        passes(tmp_path, content)
    fails(tmp_path, content, Check.ARCHIVE_ORDER, "archive")


def test_a_credential_listed_twice(tmp_path):
    world = World(CURVE, questions=(STRIKE,))
    (kind, payloads), *rest = events_of(world.records)
    lines = json.loads(payloads[2])
    content = forged([(kind, [*payloads[:2], compact([*lines, lines[0]]), payloads[3]]), *rest])
    fails(tmp_path, content, Check.CREDENTIALS_DISTINCT, "setup")


def test_an_election_key_that_is_not_the_trustees(tmp_path):
    world = World(CURVE, questions=(STRIKE,))
    (kind, payloads), *rest = events_of(world.records)
    election = {**json.loads(payloads[0]), "public_key": str(CURVE.gpow(Scalar(5)))}
    content = forged([(kind, [compact(election), *payloads[1:]]), *rest])
    fails(tmp_path, content, Check.ELECTION_KEY, "setup")


def test_a_trustee_key_without_its_secret(tmp_path, monkeypatch):
    """Rogue key: y2 = g^x / y1 would give one trustee the whole election key."""
    world = World(CURVE, questions=(STRIKE,))
    (kind, payloads), *rest = events_of(world.records)
    keys = json.loads(payloads[1])
    rogue = CURVE.div(CURVE.gpow(Scalar(7)), CURVE.point(keys[0][1]["public_key"]))
    keys[1][1]["public_key"] = str(rogue)
    election = {**json.loads(payloads[0]), "public_key": str(CURVE.gpow(Scalar(7)))}
    content = forged([(kind, [compact(election), compact(keys), *payloads[2:]]), *rest])
    from union.ballots.crypto import trustees

    with monkeypatch.context() as weak:
        weak.setattr(trustees, "check_knowledge", lambda *_: None)
        passes(tmp_path, content)
    fails(tmp_path, content, Check.TRUSTEE_KEY_PROOF, "setup")


def test_a_missing_part(tallied, tmp_path):
    events = events_of(tallied.records)
    place = next(i for i, (kind, _) in enumerate(events) if kind == "PartialDecryption")
    fails(tmp_path, forged(events[:place] + events[place + 1 :]), Check.DECRYPTION_ENOUGH, "result")


def test_a_part_handed_in_under_another_trustees_number(tallied, tmp_path):
    events = events_of(tallied.records)
    places = [i for i, (kind, _) in enumerate(events) if kind == "PartialDecryption"]
    one, other = (events[i][1] for i in places)
    events[places[0]] = ("PartialDecryption", [one[0], other[1]])
    events[places[1]] = ("PartialDecryption", [other[0], one[1]])
    fails(tmp_path, forged(events), Check.DECRYPTION_PROOF, "decryptions")
